"""The bot with simulated vendors, for every test of this folder."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from bot.reassign import batch, checking, forward, scan, undo
from tests.bot.faults import Killed
from tests.bot.rig import Rig


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    yield made
    made.stop()


@pytest.fixture(autouse=True)
def _quiet_logs() -> Iterator[None]:
    """Drop what is logged: the failures of these tests are meant."""

    def drop(*_: object) -> str:
        raise structlog.DropEvent

    structlog.configure(processors=[drop])
    yield
    structlog.reset_defaults()


@pytest.fixture(autouse=True)
def _quiet_deaths(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a thread that a test has killed end silently."""
    told = threading.excepthook

    def hook(given: threading.ExceptHookArgs) -> None:
        if given.exc_type is not Killed:
            told(given)

    monkeypatch.setattr(threading, "excepthook", hook)


@pytest.fixture
def in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """One batch and one search at a time, and no waiting between attempts."""
    for module in (forward, undo, checking):
        monkeypatch.setattr(module, "THREADS", 1)
    monkeypatch.setattr(scan, "CURSORS", 1)
    monkeypatch.setattr(batch, "FIRST_PAUSE", 0.005)
