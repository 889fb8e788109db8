"""The whole sandbox, in a thread, for tests that need more than one of its servers."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sandbox.scenario import Scenario, load
from sandbox.servers import Ports, Sandbox
from sandbox.world import World


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Callable[..., Sandbox]]:
    """`sandbox(scenario=…)` starts one on free ports; it is stopped after the test."""
    running: list[tuple[Sandbox, threading.Thread]] = []

    def start(scenario: Scenario | str | Path | None = None) -> Sandbox:
        given = scenario if isinstance(scenario, Scenario) else load(scenario)
        found = Sandbox(World(given), "127.0.0.1", Ports(), tmp_path / str(len(running)))
        ready = threading.Event()
        thread = threading.Thread(target=lambda: asyncio.run(found.serve(ready.set)), daemon=True)
        thread.start()
        assert ready.wait(10)
        running.append((found, thread))
        return found

    yield start
    for found, thread in running:
        found.stop()
        thread.join(10)
