"""The hash chain over a run's events: any later change to one is found."""

from __future__ import annotations

import hashlib
import json

from workflows.digest import canonical
from workflows.events import Recorded

GENESIS = "0" * 64


def body(run_id: str, recorded: Recorded) -> str:
    """Return the text of an event that is stored and hashed: canonical JSON."""
    return canonical({"run": run_id, **recorded.model_dump(mode="json")})


def link(prev: str, text: str) -> str:
    """Return the hash of an event's *text* that follows the event with hash *prev*."""
    return hashlib.sha256(f"{prev}\n{text}".encode()).hexdigest()


def parse(text: str) -> Recorded:
    """Read an event's text back; what is no event is a :class:`ValueError`."""
    data = json.loads(text)
    if not isinstance(data, dict) or "run" not in data:
        raise ValueError("not the text of an event")
    return Recorded.model_validate({key: value for key, value in data.items() if key != "run"})
