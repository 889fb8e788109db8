"""Salesforce record ids: 15 characters that know case, and 3 that check them."""

from __future__ import annotations

_CHECK = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def record_id(prefix: str, number: int) -> str:
    """Return the 18-character id of the record *number* with the key *prefix* (3 characters)."""
    body = f"{prefix}5g{number:010d}"
    check = ""
    for start in (0, 5, 10):
        bits = sum(1 << place for place in range(5) if body[start + place].isupper())
        check += _CHECK[bits]
    return body + check
