"""Reading HubSpot's values where a model class would cost too much; all raise ValueError."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

OWNER = "hubspot_owner_id"


def rows(data: object) -> list[dict[str, Any]]:
    """Return the objects in an answer's ``results``."""
    results = data.get("results") if isinstance(data, dict) else None
    if not isinstance(results, list) or not all(isinstance(item, dict) for item in results):
        raise ValueError("an answer needs a list of results")
    return results


def text(value: object) -> str:
    """Return an id or another short value: text, or a number as text."""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise ValueError("this is neither text nor a number")


def owner_in(item: dict[str, Any], unsaid: str | None = None) -> str | None:
    """Return the owner of a record: None for nobody, *unsaid* where the answer does not tell."""
    properties = item.get("properties")
    if not isinstance(properties, dict):
        raise ValueError("a record needs properties")
    value = properties.get(OWNER, unsaid)
    return None if value in (None, "") else text(value)


def moment(value: object) -> datetime:
    """Read a date-time: ISO 8601, or milliseconds since the epoch."""
    written = text(value)
    if written.isascii() and written.isdigit():
        try:
            return datetime.fromtimestamp(int(written) / 1000, UTC)
        except (OverflowError, OSError) as error:
            raise ValueError("this is too far away for a time") from error
    read = datetime.fromisoformat(written)
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def scope_for(object_type: str, access: str) -> str:
    """Return the scope that reads or writes records: custom types share theirs."""
    custom = object_type.startswith("2-")
    return f"crm.objects.{'custom' if custom else object_type}.{access}"
