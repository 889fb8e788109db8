"""Canonical JSON and digests: what was shown, in one line of hexadecimal."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from workflows.base import Value

MOST = 2**53 - 1
"""The largest integer that every reader of JSON reads exactly (RFC 8259, section 6)."""


def canonical(data: Any) -> str:
    """Serialise *data* so that equal data are equal texts: sorted keys, no spaces, no floats.

    Raises:
        TypeError: for a float, which has no single text.
        OverflowError: for an integer that not every reader reads exactly.
    """
    _refuse_inexact(data)
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest(value: Value, *, leave_out: frozenset[str] = frozenset()) -> str:
    """SHA-256 of the canonical JSON of *value*, less the top-level fields *leave_out*."""
    data = value.model_dump(mode="json", exclude=set(leave_out))
    return hashlib.sha256(canonical(data).encode()).hexdigest()


def _refuse_inexact(data: Any) -> None:
    if isinstance(data, float):
        raise TypeError(f"a float has no canonical text: {data!r}")
    if isinstance(data, int) and abs(data) > MOST:
        raise OverflowError("an integer that not every reader reads exactly")
    if isinstance(data, dict):
        for item in data.values():
            _refuse_inexact(item)
    elif isinstance(data, list | tuple):
        for item in data:
            _refuse_inexact(item)
