"""A bot, its disk, and its log, for every test of this folder."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Any

import pytest
import structlog

from bot import worker
from tests.bot.rig import Rig
from tests.storage.disk import Disk, Log


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    yield made
    made.stop()


@pytest.fixture
def disk() -> Iterator[Disk]:
    made = Disk()
    yield made
    made.free()


@pytest.fixture(autouse=True)
def logged() -> Iterator[Log]:
    """Keep what is logged: trouble is to be told once, not every second."""
    kept = Log()

    def keep(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> str:
        kept.keep(event)
        raise structlog.DropEvent

    structlog.configure(processors=[keep])
    yield kept
    structlog.reset_defaults()


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "RECORD_AGAIN_SECONDS", 0.01)
