"""The server as it runs in earnest, with the real listeners behind it and an engine in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest
import structlog
from slack_bolt import App
from slack_sdk import WebClient

from bot.http_intake import Signatures
from bot.http_mode import HttpMode
from handlers.register import register
from tests.handlers.engine import FakeClock, FakeEngine, FakeOwners, services
from tests.handlers.runs import START, tell
from tests.http.door import SECRET, Wall, authorize
from workflows.prompts import Ask


@dataclass
class Server:
    """The server of a test session."""

    mode: HttpMode
    wall: Wall
    missing: list[str] = field(default_factory=list)
    look: Callable[[], None] = lambda: None

    @property
    def port(self) -> int:
        return self.mode.port


@dataclass
class House:
    """One test's bot behind the door."""

    engine: FakeEngine
    port: int
    wall: Wall
    arrived: list[dict[str, Any]]
    """Every payload that Bolt got."""

    @property
    def untouched(self) -> bool:
        return not self.arrived and not self.engine.commands


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    wall = Wall()

    def missing() -> list[str]:
        made.look()
        return made.missing

    made = Server(HttpMode("127.0.0.1", 0, Signatures(SECRET, wall), missing), wall)
    made.mode.open()
    yield made
    made.mode.close()


@pytest.fixture
def house(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    engine = FakeEngine(FakeClock(START))
    engine.adopt(tell(Ask.APPROVE_PLAN))
    arrived: list[dict[str, Any]] = []
    lock = threading.Lock()
    executing = engine.execute

    def one_at_a_time(*args: Any) -> Any:
        with lock:
            return executing(*args)

    monkeypatch.setattr(engine, "execute", one_at_a_time)
    monkeypatch.setattr(WebClient, "api_call", lambda *_, **__: {"ok": True})
    executor = ThreadPoolExecutor(8)
    app = App(
        name="sunset",
        authorize=authorize,
        token_verification_enabled=False,
        listener_executor=executor,
    )

    @app.middleware
    def note(body: dict[str, Any], next_: Callable[[], None]) -> None:
        arrived.append(body)
        next_()

    register(app, services(engine, FakeClock(START), FakeOwners()))
    server.wall.ahead = 0.0
    server.mode.take(app, "en")
    yield House(engine, server.port, server.wall, arrived)
    # A listener that is still at work must not find the real Web API.
    executor.shutdown()


@pytest.fixture(autouse=True)
def _quiet_logs() -> Iterator[None]:
    """Drop what is logged: the refusals of these tests are meant."""

    def drop(*_: object) -> str:
        raise structlog.DropEvent

    structlog.configure(processors=[drop])
    yield
    structlog.reset_defaults()
