"""Canonical JSON and digests: what was shown, in one line of hexadecimal."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from workflows.base import Value


def canonical(data: Any) -> str:
    """Serialise *data* so that equal data are equal texts: sorted keys, no spaces, no floats.

    Raises:
        TypeError: for a float, which has no single text.
    """
    _refuse_floats(data)
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest(value: Value, *, leave_out: frozenset[str] = frozenset()) -> str:
    """SHA-256 of the canonical JSON of *value*, less the top-level fields *leave_out*."""
    data = value.model_dump(mode="json", exclude=set(leave_out))
    return hashlib.sha256(canonical(data).encode()).hexdigest()


def _refuse_floats(data: Any) -> None:
    if isinstance(data, float):
        raise TypeError(f"a float has no canonical text: {data!r}")
    if isinstance(data, dict):
        for item in data.values():
            _refuse_floats(item)
    elif isinstance(data, list | tuple):
        for item in data:
            _refuse_floats(item)
