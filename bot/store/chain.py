"""The hash chain over a run's events: any later change to one is found.

Each hash is made of the hash before and the event's text (canonical JSON). Without a key it is
SHA-256, which everybody can compute. With one it is HMAC-SHA-256, followed by ``.`` and the key's
fingerprint: who may write the database but does not have the key cannot make a chain that fits.
A run keeps the way its first event was hashed.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Sequence
from typing import Any, NoReturn

from bot.errors import StoreError
from workflows.digest import MOST, canonical
from workflows.events import Recorded
from workflows.text import N_

GENESIS = "0" * 64
_FINGERPRINT_OF = b"sunset audit key"
_FINGERPRINT_CHARACTERS = 16


class KeyMissing(StoreError):
    """The key that a run's chain was begun with is not in the settings."""


class Chain:
    """How events are chained: with the first of *keys*; with none, plainly.

    The other keys are former ones, by which older runs are continued and verified.
    """

    def __init__(self, keys: Sequence[bytes] = ()) -> None:
        self._keys = {fingerprint(key): key for key in keys}
        self.genesis = f"{GENESIS}.{fingerprint(keys[0])}" if keys else GENESIS

    @property
    def keyed(self) -> bool:
        """Whether new runs are chained with a key."""
        return self.genesis != GENESIS

    def begins(self, prev: str) -> bool:
        """Say whether *prev* is what the first event of a run may follow."""
        hexadecimal, _, key = prev.partition(".")
        return hexadecimal == GENESIS and (prev == GENESIS or bool(key))

    def require(self, prev: str) -> None:
        """Make sure that an event can follow the one with hash *prev*.

        Raises:
            KeyMissing: *prev* was made with a key that is not known here.
        """
        _, keyed, name = prev.partition(".")
        if keyed and name not in self._keys:
            raise KeyMissing(
                "audit_key_missing",
                N_("The record was begun with the audit key {key}, which is not set.", key=name),
                N_("Set SUNSET_AUDIT_KEY, or SUNSET_AUDIT_FORMER_KEYS, to that key."),
            )

    def link(self, prev: str, text: str) -> str:
        """Return the hash of an event's *text* that follows the event with hash *prev*.

        Raises:
            KeyMissing: *prev* was made with a key that is not known here.
        """
        self.require(prev)
        told = f"{prev}\n{text}".encode()
        _, keyed, name = prev.partition(".")
        if not keyed:
            return hashlib.sha256(told).hexdigest()
        return f"{hmac.new(self._keys[name], told, 'sha256').hexdigest()}.{name}"


PLAIN = Chain()
"""Without a key."""


def fingerprint(key: bytes) -> str:
    """Return what tells one key from others and gives nothing of it away."""
    return hmac.new(key, _FINGERPRINT_OF, "sha256").hexdigest()[:_FINGERPRINT_CHARACTERS]


def body(run_id: str, recorded: Recorded) -> str:
    """Return the text of an event that is stored and hashed: canonical JSON."""
    return canonical({"run": run_id, **recorded.model_dump(mode="json")})


def parse(text: str) -> Recorded:
    """Read an event's text back; what is no event is a :class:`ValueError`."""
    data = json.loads(text)
    if not isinstance(data, dict) or "run" not in data:
        raise ValueError("not the text of an event")
    return Recorded.model_validate({key: value for key, value in data.items() if key != "run"})


def parse_strictly(text: str) -> tuple[str, Recorded]:
    """Read an event's text as a verifier does: return its run and the event.

    Raises:
        ValueError: it is no event, has a key twice, holds a number that is no integer or too large
            a one, or is not written as :func:`body` writes it.
    """
    data = json.loads(
        text,
        object_pairs_hook=_each_key_once,
        parse_int=_in_range,
        parse_float=_no_float,
        parse_constant=_no_float,
    )
    recorded = parse(text)
    run_id = data["run"]
    if not isinstance(run_id, str) or canonical(data) != text:
        raise ValueError("not canonical")
    return run_id, recorded


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key stands there twice")
    return made


def _in_range(digits: str) -> int:
    number = int(digits)
    if abs(number) > MOST:
        raise ValueError(f"too large: {digits[:20]}")
    return number


def _no_float(number: str) -> NoReturn:
    raise ValueError(f"no integer: {number}")
