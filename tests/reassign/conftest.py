"""Fault runs in fast time, and quiet: their failures are meant."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import Any

import pytest
import structlog

from tests.reassign.stage import hurry


@pytest.fixture(autouse=True)
def _fast_time(monkeypatch: pytest.MonkeyPatch) -> None:
    hurry(monkeypatch.setattr)


@pytest.fixture(autouse=True)
def incidents() -> Iterator[list[dict[str, object]]]:
    """What was logged as an incident: there must be none, whatever HubSpot does."""
    found: list[dict[str, object]] = []

    def drop(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> str:
        if "incident" in event:
            found.append(dict(event))
        raise structlog.DropEvent

    structlog.configure(processors=[structlog.processors.format_exc_info, drop])
    yield found
    structlog.reset_defaults()
    assert not found
