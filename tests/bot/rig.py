"""The bot put together with simulated vendors and time under control; it can be killed."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from bot.effects.context import Context
from bot.engine import Engine
from bot.errors import StoreError
from bot.owners import OwnerList
from bot.people import People
from bot.program import handlers
from bot.settings import Settings, load_settings
from bot.store.base import Link, QueuedEffect, Transaction
from bot.store.chain import GENESIS, PLAIN, body
from bot.store.sqlite import SqliteStore
from bot.worker import Worker
from handlers.i18n import translator
from handlers.ports import Outcome
from tests.bot.fakes import FakeHubSpot, FakeSalesforce, FakeSlack
from tests.bot.faults import Death, FakeClock
from tests.bot.package_data import FakePackageData
from tests.workflows import samples
from tests.workflows.driver import Conversation
from tests.workflows.people import ROLES
from workflows import commands as c
from workflows import events as e
from workflows.effects import Effect, effects
from workflows.evolve import fold
from workflows.run import Run
from workflows.text import N_
from workflows.timers import timers
from workflows.values import BOT, Actor

T = TypeVar("T")
CHANNEL, AUDIT = "C0RUN", "C0AUDIT"
PATIENCE_SECONDS = 20.0
GIVEN: dict[str, Any] = {
    "slack_bot_token": "xoxb-secret-1",
    "slack_app_token": "xapp-secret-2",
    "hubspot_access_token": "pat-secret-3",
    "salesforce_instance_url": "https://acme.my.salesforce.com",
    "salesforce_access_token": "sf-secret-4",
    "sunset_channel": CHANNEL,
    "sunset_audit_channel": AUDIT,
    "sunset_admins": "UA,UB,UE",
    "sunset_approvers": "UA,UC,UD,UE",
}


def settings(database: Path, **changes: Any) -> Settings:
    """Return settings that are complete."""
    places = {"sunset_database": database, "sunset_backups": database.with_name("backups")}
    return load_settings(env_file=None, **{**GIVEN, **places, **changes})


def chained(run_id: str, history: Iterable[e.Recorded], last: str = GENESIS) -> list[Link]:
    """Put a history into a hash chain."""
    links = []
    for recorded in history:
        digest = PLAIN.link(last, body(run_id, recorded))
        links.append(Link(recorded, last, digest))
        last = digest
    return links


class QuickStore(SqliteStore):
    """Does not wait for the disk: in a test the power does not fail."""

    def _connect(self) -> sqlite3.Connection:
        connection = super()._connect()
        connection.execute("PRAGMA synchronous = OFF")
        return connection


class MortalStore(QuickStore):
    """Records nothing any more once the process was killed."""

    def __init__(self, path: Path, death: Death) -> None:
        self._death = death
        super().__init__(path)

    def write(self, function: Callable[[Transaction], T]) -> T:
        if self._death.happened:
            raise StoreError("killed", N_("The process was killed."), N_("Start it again."))
        return super().write(function)


class _Peek(Exception):
    """Rolls a look at the queue back."""

    def __init__(self, found: list[QueuedEffect]) -> None:
        super().__init__()
        self.found = found


class Rig:
    """The bot, its vendors, and its time (``clock`` for the rules, ``wall`` for the worker)."""

    def __init__(self, directory: Path, now: datetime = samples.START, **changes: Any) -> None:
        self.path = directory / "sunset.db"
        self.settings = settings(self.path, **changes)
        self.death = Death()
        self.clock = FakeClock(now)
        self.slack = FakeSlack(self.clock, self.death)
        self.hubspot = FakeHubSpot(self.death)
        self.salesforce = FakeSalesforce(self.clock, self.death)
        self.package_data = FakePackageData(self.clock, self.death)
        self.run_id = "R1"
        self.up = False
        self._ahead = 0.0
        self._clicks = 0
        self.start()

    # --- the process -----------------------------------------------------------------------------

    def start(self) -> None:
        """Start the bot, as after an installation or a crash."""
        self.death.happened = False
        self.store = MortalStore(self.path, self.death)
        self.engine = Engine(self.store, self.clock, samples.ACCOUNT.portal_id, wall=self.wall)
        self.people = People(self.settings, self.slack)
        self.context = Context(
            settings=self.settings,
            store=self.store,
            engine=self.engine,
            clock=self.clock,
            slack=self.slack,
            hubspot=self.hubspot,
            salesforce=self.salesforce,
            package_data=self.package_data,
            translator=translator(self.settings.sunset_locale),
            people=self.people,
            owners=OwnerList(self.hubspot.active_owners),
            stopping=lambda: self.worker.stopping,
        )
        self.worker = Worker(self.store, self.engine, handlers(self.context), wall=self.wall)
        self.engine.on_commit(self.worker.wake)
        self.up = True
        self.worker.start()

    def stop(self) -> None:
        """End the bot; nothing is left running."""
        if self.up:
            self.worker.stop()
            self.people.close()
            self.store.close()
            self.up = False

    def restart(self) -> None:
        """Start the bot again, after a kill or without one, and let it work."""
        self.stop()
        self.start()
        self.tick()

    # --- time ------------------------------------------------------------------------------------

    def wall(self) -> float:
        """The time by which effects are due."""
        return time.time() + self._ahead

    def move(self, by: timedelta) -> None:
        """Let time pass for the world; the bot does not notice yet."""
        self._ahead += by.total_seconds()
        self.clock.time += by
        self.slack.post_due()

    def advance(self, by: timedelta) -> None:
        """Let time pass, then let the bot do what is due."""
        self.move(by)
        self.tick()

    def tick(self) -> None:
        """Fire what is due and let every effect happen that can happen now."""
        self.engine.fire_due_timers()
        self.settle()

    def settle(self) -> None:
        """Wait until nothing is under way and nothing can be started, or the process is dead."""
        end = time.monotonic() + PATIENCE_SECONDS
        self.worker.wake()
        while not self.death.happened and not self._quiet():
            assert time.monotonic() < end, f"still at work: {self.effects('pending', 'leased')}"
            time.sleep(0.005)

    def until(self, reached: Callable[[], object], most: int = 60) -> None:
        """Let the bot work, and time pass to each next effect, until *reached*."""
        for _ in range(most):
            self.settle()
            if reached():
                return
            due = self.store.next_due()
            assert due is not None, "nothing is planned any more"
            self.advance(timedelta(seconds=max(due - self.wall(), 0.0) + 0.001))
        raise AssertionError(f"not reached: {self.effects('pending', 'leased', 'failed')}")

    def _quiet(self) -> bool:
        with closing(self.database()) as db:
            before = db.execute("PRAGMA data_version").fetchone()
            if db.execute("SELECT 1 FROM effects WHERE state = 'leased'").fetchone():
                return False
            try:
                self.store.write(self._peek)
            except _Peek as peek:
                return not peek.found and before == db.execute("PRAGMA data_version").fetchone()
            except StoreError:
                return self.death.happened
        raise AssertionError("looking always ends in a rollback")

    def _peek(self, transaction: Transaction) -> None:
        raise _Peek(transaction.lease("nobody", 0.0, self.wall(), frozenset()))

    # --- the run ---------------------------------------------------------------------------------

    @property
    def run(self) -> Run:
        """The run as it is stored."""
        run = self.store.run(self.run_id)
        assert run is not None
        return run

    @property
    def events(self) -> list[e.Event]:
        """What happened in the run."""
        return [item.recorded.event for item in self.store.history(self.run_id)]

    def happened(self, kind: type[e.Event]) -> list[Any]:
        """Return the events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]

    def adopt(self, talk: Conversation, *, work: bool = True) -> None:
        """Take over a run with its history; do what its last event asks for."""
        self.clock.time = talk.now
        self.run_id = talk.run.id
        links = chained(self.run_id, talk.history)
        before = fold(talk.history[:-1]) if talk.history[1:] else None
        wanted = timers(talk.run)
        self.store.write(lambda transaction: transaction.append(talk.run, links))
        self.store.write(lambda transaction: transaction.set_timers(self.run_id, wanted))
        self.ask(Effect(kind="card", key="card", lane="thread"))
        self.settle()
        if work:
            self.ask(*effects(before, talk.history[-1], talk.run))

    def ask(self, *asked: Effect) -> None:
        """Queue effects as if an event had asked for them."""
        version = self.run.version
        self.store.write(
            lambda transaction: transaction.add_effects(self.run_id, version, asked, self.wall())
        )
        self.engine.committed()

    def does(self, who: str, action: c.Action, key: str = "") -> Outcome:
        """Let a person do something, answering the prompt now in force."""
        run = self.store.run(self.run_id)
        command = c.Command(
            actor=Actor(kind="person", id=who),
            roles=ROLES[who],
            version=run.prompt_version if run else None,
            action=action,
        )
        self._clicks += 1
        return self.engine.execute(self.run_id, command, key or f"click:{self._clicks}")

    def finds(self, action: c.Action) -> Outcome:
        """Let the bot report something, outside its effects."""
        self._clicks += 1
        command = c.Command(actor=BOT, action=action)
        return self.engine.execute(self.run_id, command, f"found:{self._clicks}")

    # --- the database ----------------------------------------------------------------------------

    def database(self) -> sqlite3.Connection:
        """Look into the database from outside."""
        return sqlite3.connect(self.path, timeout=10)

    def effects(self, *states: str) -> list[tuple[str, str, int]]:
        """Return key, state and attempts of the effects in these states."""
        with closing(self.database()) as db:
            rows = db.execute("SELECT key, state, attempts FROM effects ORDER BY id").fetchall()
        return [row for row in rows if not states or row[1] in states]
