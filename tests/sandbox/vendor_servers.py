"""Starts the vendors' servers on free ports, in a thread, for the tests of this folder."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
import uvicorn
from starlette.applications import Starlette
from starlette.types import ASGIApp

from sandbox.scenario import Fault, Scenario, load
from sandbox.world import World


class Server:
    """One uvicorn server in a thread of its own, until :meth:`stop`."""

    def __init__(self, app: ASGIApp, **options: Any) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.socket.getsockname()[1]
        config = uvicorn.Config(
            app, log_level="critical", lifespan="off", timeout_graceful_shutdown=1, **options
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        deadline = time.monotonic() + 10
        while not self._server.started and time.monotonic() < deadline:
            time.sleep(0.005)

    def _run(self) -> None:
        asyncio.run(self._server.serve([self.socket]))

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(10)
        self.socket.close()


@contextmanager
def serving(app: ASGIApp, **options: Any) -> Iterator[Server]:
    server = Server(app, **options)
    try:
        yield server
    finally:
        server.stop()


def scenario(name: str = "tidy", **changes: Any) -> Scenario:
    """A scenario that ships, with top-level parts changed; dicts are merged into the part."""
    data = load(name).model_dump()
    for key, value in changes.items():
        data[key] = {**data[key], **value} if isinstance(value, dict) else value
    return Scenario.model_validate(data)


class Person:
    """The JSON API of the control routes, as a program uses it."""

    def __init__(self, base: str) -> None:
        self.base = base

    def get(self, path: str, **params: Any) -> dict[str, Any]:
        found: dict[str, Any] = requests.get(f"{self.base}{path}", params=params, timeout=10).json()
        return found

    def post(self, path: str, **body: Any) -> dict[str, Any]:
        found: dict[str, Any] = requests.post(f"{self.base}{path}", json=body, timeout=10).json()
        return found


def fault(world: World, service: str, match: str, kind: str, **more: Any) -> None:
    world.add_fault(Fault.model_validate({"service": service, "match": match, "kind": kind, **more}))


def control_app(routes: list[Any]) -> Starlette:
    return Starlette(routes=routes)


def wait_until(true: Any, seconds: float = 5.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def pem(path: Path) -> str:
    return path.read_text(encoding="ascii")
