"""An engine on a database, without a worker."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from bot.engine import Engine
from tests.bot.faults import FakeClock
from tests.bot.rig import QuickStore, chained
from tests.workflows import samples
from tests.workflows.driver import START_QUESTIONS, Conversation
from tests.workflows.people import APPROVERS, ROLES
from workflows import commands as c
from workflows.run import Run
from workflows.timers import timers
from workflows.values import Actor, Policy, Reason


class Desk:
    """An engine on a database, without a worker."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.clock = FakeClock(samples.START)
        self.store = QuickStore(path)
        self.engine = Engine(self.store, self.clock, samples.ACCOUNT.portal_id, wall=lambda: 100.0)

    def adopt(self, talk: Conversation) -> None:
        self.clock.time = talk.now
        links = chained("R1", talk.history)
        self.store.write(lambda transaction: transaction.append(talk.run, links))
        wanted = timers(talk.run)
        self.store.write(lambda transaction: transaction.set_timers("R1", wanted))

    def starts(self, run_id: str = "R1", key: str = "start", who: str = "UA") -> Run:
        action = c.StartRun(
            run_id=run_id,
            account=samples.ACCOUNT,
            reason=Reason.LEAVING_SALESFORCE,
            confirmed=START_QUESTIONS,
            eligible_approvers=APPROVERS,
            policy=Policy(quorum=2),
        )
        return self.engine.execute(run_id, self.command(who, action, None), key).run

    def command(self, who: str, action: c.Action, version: int | None) -> c.Command:
        actor = Actor(kind="person", id=who)
        return c.Command(actor=actor, roles=ROLES[who], version=version, action=action)

    @property
    def run(self) -> Run:
        run = self.engine.run("R1")
        assert run is not None
        return run

    def rows(self, query: str) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(self.path)) as db:
            return db.execute(query).fetchall()

    def tables(self) -> dict[str, list[tuple[object, ...]]]:
        names = ("events", "runs", "deliveries", "effects", "timers")
        return {name: self.rows(f"SELECT * FROM {name} ORDER BY 1, 2") for name in names}  # noqa: S608
