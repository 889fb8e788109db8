"""The time that a service's answer tells (RFC 9110, ``Date``)."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def http_date(header: str | None) -> datetime | None:
    """Read a ``Date`` header; None where there is none that can be read."""
    if not header:
        return None
    try:
        read = parsedate_to_datetime(header)
    except ValueError:
        return None
    return read if read.tzinfo else read.replace(tzinfo=UTC)
