"""What the stories share: the server, and a bot for each story."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from bot import worker
from bot.effects import backup
from sandbox.salesforce import deploy, package
from sandbox.salesforce.tls import certificate
from tests.bot.faults import Killed
from tests.stories.site import Monotonic, Site
from tests.stories.stage import Opening, Stage


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    files = certificate(tmp_path_factory.mktemp("tls"), "127.0.0.1")
    with Site(files).served() as site:
        yield site


@pytest.fixture
def opens(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Opening]:
    """Open the stage of a story; when it is over, what holds in every story is checked."""
    opened: list[Stage] = []

    def open_stage(**given: Any) -> Stage:
        stage = Stage(tmp_path, site, **given)
        monkeypatch.setattr(deploy, "time", Monotonic(stage.clock.now))
        monkeypatch.setattr(package, "time", Monotonic(stage.clock.now))
        opened.append(stage)
        return stage

    yield open_stage
    for stage in opened:
        try:
            stage.settle()
            stage.check()
        finally:
            stage.stop()


@pytest.fixture
def stage(opens: Opening) -> Stage:
    """A stage with a small package in the org."""
    return opens()


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a backup look at once whether it is wanted, and the worker begin without a breath."""
    monkeypatch.setattr(backup, "LOOK_EVERY", 0.0)
    monkeypatch.setattr(worker, "BREATH_SECONDS", 0.001)


@pytest.fixture(autouse=True)
def _quiet_logs() -> Iterator[None]:
    """Drop what is logged: the failures of these stories are meant."""

    def drop(*_: object) -> str:
        raise structlog.DropEvent

    structlog.configure(processors=[drop])
    yield
    structlog.reset_defaults()


@pytest.fixture(autouse=True)
def _quiet_deaths(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a thread that a story has killed end silently."""
    told = threading.excepthook

    def hook(given: threading.ExceptHookArgs) -> None:
        if given.exc_type is not Killed:
            told(given)

    monkeypatch.setattr(threading, "excepthook", hook)
