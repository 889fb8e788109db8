"""A worker on a database, whose one handler answers what a test says."""

from __future__ import annotations

import sqlite3
import time
from collections import deque
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from bot.engine import Engine
from bot.store.base import QueuedEffect
from bot.worker import Again, Done, Worker
from tests.bot.faults import FakeClock
from tests.bot.rig import QuickStore, chained
from tests.workflows import journeys, samples
from tests.workflows.people import ROLES
from workflows import commands as c
from workflows import events as e
from workflows.effects import Effect, Lane
from workflows.values import Actor

Answer = Done | Again | BaseException
SOON = 5.0


def wait_for(reached: Callable[[], object]) -> None:
    end = time.monotonic() + SOON
    while not reached():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.002)


class Workshop:
    """A worker whose one handler answers what the test says; ``did`` holds what it was given.

    Only what the test itself asked for counts; messages that the rules ask for are done silently.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.did: list[list[QueuedEffect]] = []
        self.asked: set[str] = set()
        self.answers: deque[Answer | Callable[[], Answer]] = deque()
        self.ahead = 0.0
        self.open()

    def open(self) -> None:
        self.store = QuickStore(self.path)
        self.engine = Engine(
            self.store, FakeClock(samples.START), samples.ACCOUNT.portal_id, wall=self.wall
        )
        kinds = ("take_plan", "count_owners", "card", "prompt", "notice", "audit_line")
        self.worker = Worker(
            self.store, self.engine, dict.fromkeys(kinds, self.handle), wall=self.wall
        )
        self.engine.on_commit(self.worker.wake)

    def reopen(self) -> None:
        """Start a new process on the same file."""
        self.close()
        self.open()
        self.worker.start()

    def close(self) -> None:
        self.worker.stop()
        self.store.close()

    def wall(self) -> float:
        return time.time() + self.ahead

    def handle(self, effects: list[QueuedEffect]) -> Done | Again:
        if effects[0].key not in self.asked:
            return Done()
        self.did.append(effects)
        answer = self.answers.popleft() if self.answers else Done()
        if callable(answer):
            answer = answer()
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def queue(self, kind: str, key: str = "", lane: Lane = "job", due: float = 0.0) -> None:
        asked = [Effect(kind=kind, key=key or kind, lane=lane)]
        self.asked.add(asked[0].key)
        self.store.write(lambda transaction: transaction.add_effects("R1", 1, asked, due))
        self.worker.wake()

    def effect(self, key: str) -> dict[str, Any]:
        """Return the latest effect with this key, as it is stored."""
        with closing(sqlite3.connect(self.path)) as db:
            db.row_factory = sqlite3.Row
            row = db.execute(
                "SELECT * FROM effects WHERE key = ? ORDER BY id DESC LIMIT 1", [key]
            ).fetchone()
        return dict(row)

    def ends(self, key: str, state: str = "done") -> None:
        wait_for(lambda: self.effect(key)["state"] == state)

    def attempts(self, number: int) -> None:
        """Wait until the handler was called so often, and its end was recorded."""
        wait_for(lambda: len(self.did) >= number)
        wait_for(lambda: self.effect(self.did[-1][0].key)["state"] != "leased")

    def hurry(self, key: str) -> None:
        """Let the time come for an effect that waits."""
        self.ahead += max(0.0, self.effect(key)["due"] - self.wall()) + 0.001
        self.worker.wake()

    def events(self) -> list[e.Event]:
        return [item.recorded.event for item in self.store.history("R1")]

    def blocks(self) -> list[e.Blocked]:
        return [event for event in self.events() if isinstance(event, e.Blocked)]

    def retries(self) -> None:
        actor = Actor(kind="person", id="UA")
        command = c.Command(actor=actor, roles=ROLES["UA"], action=c.Retry())
        self.engine.execute("R1", command, "click:retry")


def opened(path: Path) -> Workshop:
    """Start a workshop with a run that is planning."""
    made = Workshop(path)
    talk = journeys.to_planning()
    links = chained("R1", talk.history)
    made.store.write(lambda transaction: transaction.append(talk.run, links))
    made.worker.start()
    return made
