"""The base of every value in the rules."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, PlainSerializer


class Value(BaseModel):
    """An immutable, typed value; unknown fields are refused."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        ser_json_timedelta="iso8601",
        # Validators are built when they are first used: the program starts faster.
        defer_build=True,
    )


def _iso(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="microseconds")


Instant = Annotated[AwareDatetime, PlainSerializer(_iso, return_type=str, when_used="json")]
"""An aware date-time; in JSON, ISO 8601 in UTC with microseconds: equal times are equal texts."""
