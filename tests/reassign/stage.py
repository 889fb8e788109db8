"""An account with records to reassign, and the bot at work on it, in this process or another."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from bench.histories import ADA, FAY
from bench.quiet import Parts, QuietBot
from bot.errors import VendorError
from bot.ports import Clock, Removal, SalesforcePerson
from bot.reassign import batch, watch
from bot.settings import Settings, load_settings
from bot.store.base import LedgerRow
from bot.vendors.hubspot import HubSpot
from bot.vendors.hubspot_limits import Budget
from bot.vendors.patience import Patience
from sandbox.hubspot import api
from sandbox.hubspot.service import HubSpot as Account
from sandbox.scenario import Fault, Scenario
from sandbox.world import World
from tests.bot.faults import Death, FakeClock
from tests.bot.package_data import FakePackageData
from tests.bot.rig import GIVEN, QuickStore
from tests.reassign.witness import Key, Witness
from tests.sandbox.vendor_servers import serving
from workflows import commands as c
from workflows import events as e
from workflows.run import Run
from workflows.states import State
from workflows.values import CORE_OBJECTS, Assignment, Inventory, Owner, Package

SPEED = 20.0
"""The bot's time runs so many times as fast; its HubSpot has limits that fit."""
PATIENCE_SECONDS = 30.0
RUN_ID = "faults"
TARGETS = 12
LOOK_SECONDS = 0.005


def scenario(seed: int, records: Mapping[str, int], **account: Any) -> Scenario:
    """20 Salesforce-only owners with *records* in all, and 30 people of HubSpot."""
    generate = {"hubspot_owners": 30, "salesforce_owners": 18, "queues": 2}
    limits = {"per_ten_seconds": 100_000, "searches_per_second": 10_000, "index_lag": 0.03}
    return Scenario.model_validate(
        {
            "name": "faults",
            "title": "Fault runs",
            "seed": seed,
            "account": {**limits, **account},
            "people": [
                {
                    "id": "U0ADA00001",
                    "name": "Ada Marek",
                    "email": "ada.marek@example.com",
                    "role": "administrator",
                    "hubspot_user": True,
                    "super_admin": True,
                }
            ],
            "generate": {**generate, "records_in_all": dict(records)},
        }
    )


def hurry(put: Callable[[Any, str, Any], None] = setattr) -> None:
    """Let the job's own pauses pass as fast as the bot's time."""
    put(batch, "FIRST_PAUSE", batch.FIRST_PAUSE / SPEED)
    put(batch, "LONGEST_PAUSE", batch.LONGEST_PAUSE / SPEED)
    put(watch, "EVERY_SECONDS", watch.EVERY_SECONDS / SPEED)
    breathe = batch.Changer._breathe

    def hurried(changer: batch.Changer, attempt: int, error: VendorError) -> None:
        if error.retry_after is not None:
            error.retry_after /= SPEED
        breathe(changer, attempt, error)

    put(batch.Changer, "_breathe", hurried)


class _Hurried(Budget):
    """A budget whose seconds are short."""

    def __init__(self) -> None:
        def wait(turn: Any, seconds: float | None) -> object:
            return turn.wait(None if seconds is None else seconds / SPEED)

        super().__init__(clock=lambda: time.monotonic() * SPEED, wait=wait)


class NoSalesforce:
    """A Salesforce that knows nobody."""

    def installed_package(self) -> Package | None:
        return None

    def inventory(self) -> Inventory | None:
        return None

    def people(self, emails: Iterable[str]) -> dict[str, SalesforcePerson]:
        return {}

    def start_removal(self, *, rehearsal: bool = False) -> str:
        raise NotImplementedError

    def find_removals(self, since: datetime, *, rehearsal: bool = False) -> tuple[Removal, ...]:
        return ()

    def removal(self, deployment_id: str) -> Removal:
        raise NotImplementedError


class SandboxClock:
    """The sandbox's time."""

    def __init__(self, world: World) -> None:
        self._world = world

    def now(self) -> datetime:
        return self._world.clock.now()


def settings(database: Path, url: str, token: str, **changes: Any) -> Settings:
    """Settings of a bot whose HubSpot is at *url*."""
    return load_settings(
        env_file=None,
        **{
            **GIVEN,
            "slack_api_url": "http://127.0.0.1:9/api/",
            "hubspot_access_token": token,
            "hubspot_api_url": url,
            "sunset_database": database,
            **changes,
        },
    )


def hurried_hubspot(url: str, token: str) -> HubSpot:
    """HubSpot's adapter in fast time."""
    patience = Patience(
        sleep=lambda seconds: time.sleep(seconds / SPEED), clock=lambda: time.monotonic() * SPEED
    )
    return HubSpot(token, url, timeout=5.0, budget=_Hurried(), patience=patience)


def fast_wall() -> float:
    """The time by which effects are due: ahead of the real one, and the same in all processes."""
    return _BEGINNING + (time.time() - _BEGINNING) * SPEED


_BEGINNING = 1_750_000_000.0


@dataclass
class Stage:
    """One account, what was seen of it, and a bot at work. ``jobs``: when each job began."""

    account: Account
    witness: Witness
    url: str
    bot: QuietBot
    targets: tuple[Owner, ...] = ()
    jobs: dict[int, int] = field(default_factory=dict)
    planned: dict[int, dict[Key, str]] = field(default_factory=dict)
    """What each job was to change: record -> planned old owner, as it was when the job began."""

    @property
    def run(self) -> Run:
        return self.bot.run

    @property
    def world(self) -> World:
        return self.account.world

    def fault(self, match: str, kind: str, **more: Any) -> None:
        data = {"service": "hubspot", "match": match, "kind": kind, **more}
        self.world.add_fault(Fault.model_validate(data))

    # --- the truth -------------------------------------------------------------------------------

    def owner(self, key: Key) -> str | None:
        """Who has the record in truth; None: nobody, or it is gone."""
        return None if self.gone(key) else self.account.tables[key[0]].owner_of(int(key[1]))

    def gone(self, key: Key) -> bool:
        """Whether the record is archived or merged."""
        return self.account.tables[key[0]].find(int(key[1])) != int(key[1])

    def owned(self, owners: Iterable[str], kinds: Iterable[str] = CORE_OBJECTS) -> dict[Key, str]:
        """All records of these owners, in truth."""
        return {
            (kind, str(key)): owner
            for kind in kinds
            for owner in owners
            for key in self.account.tables[kind].alive(owner)
        }

    def by_hand(self, key: Key, owner: str | None) -> None:
        """Somebody gives a record away at HubSpot's pages."""
        table = self.account.tables[key[0]]
        self.account.write(table, (int(key[1]),), {"hubspot_owner_id": owner}, self.account.hand)

    def archive(self, key: Key) -> None:
        """Somebody deletes a record."""
        self.account.tables[key[0]].archive(int(key[1]))

    # --- the run ---------------------------------------------------------------------------------

    def does(self, action: c.Action) -> None:
        """Let the administrator do something; another person lifts a freeze."""
        self.bot.does(FAY if isinstance(action, c.Unfreeze) else ADA, action)

    def begin(self, action: c.Action | None = None) -> int:
        """Start a job: confirm the mapping, or do *action*; return the job's number."""
        planned = self.owned(self.run.mapping)
        mark = self.witness.mark()
        self.does(action or c.ConfirmMapping(shown=self.run.mapping_version))
        self.jobs[self.run.job] = mark
        self.planned[self.run.job] = planned
        return self.run.job

    def until(
        self, reached: Callable[[], object], what: str, seconds: float = PATIENCE_SECONDS
    ) -> None:
        """Wait until something is so; the worker looks for work all the time meanwhile."""
        deadline = time.monotonic() + seconds
        while not reached():
            assert time.monotonic() < deadline, f"{what} was not reached: {self.told()}"
            rest(self.bot)

    def told(self) -> str:
        """What the run looks like, for a failing test."""
        run = self.run
        counts: dict[tuple[int, str], int] = {}
        for one in self.bot.store.ledger_tally(RUN_ID):
            counts[one.job, one.state] = counts.get((one.job, one.state), 0) + one.rows
        blocked = run.blocked and str(run.blocked.problem)
        return f"{run.state} {run.job}:{run.job_state} {blocked=} {run.waits_until=} {counts}"

    @property
    def over(self) -> bool:
        """Whether the job has ended, was checked, and its owners were counted anew."""
        return is_over(self.run)

    def leads_on(self) -> bool:
        """Whether nothing is left, so that the Salesforce owners can be deleted."""
        return self.run.state is State.CLEANING_UP_OWNERS

    def finish(self, seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until the job is over."""
        self.until(lambda: self.over, "the end", seconds)

    def rests(self, *states: str) -> bool:
        """Whether no effect is in one of these states (`leased`: under way)."""
        marks = ", ".join("?" for _ in states)
        query = f"SELECT 1 FROM effects WHERE state IN ({marks})"  # noqa: S608 - no values
        with closing(sqlite3.connect(self.bot.parts.settings.sunset_database)) as db:
            return db.execute(query, states).fetchone() is None

    def rows(self, job: int | None = None, *states: str) -> list[LedgerRow]:
        return list(self.bot.store.ledger(RUN_ID, job, *states))

    def happened(self, kind: type[e.Event]) -> list[Any]:
        events = (item.recorded.event for item in self.bot.store.history(RUN_ID))
        return [event for event in events if isinstance(event, kind)]


def is_over(run: Run) -> bool:
    """Say whether the job has ended, was checked, and its owners were counted anew."""
    return run.job_state in {"finished", ""} or run.state.final


def rest(bot: QuietBot) -> None:
    """Let the worker look for work, for in fast time it would look too seldom; wait a moment."""
    bot.worker.wake()
    time.sleep(LOOK_SECONDS)


def put_together(database: Path, url: str, token: str, clock: Clock, **changes: Any) -> QuietBot:
    """Put a bot together; nothing is started."""
    hubspot = hurried_hubspot(url, token)
    return QuietBot(
        RUN_ID,
        Parts(
            settings=settings(database, url, token, **changes),
            store=QuickStore(database),
            hubspot=hubspot,
            salesforce=NoSalesforce(),
            package_data=FakePackageData(FakeClock(clock.now()), Death()),
            clock=clock,
            account=hubspot.account(),
            wall=fast_wall,
        ),
    )


def assignments(stage: Stage) -> dict[str, Assignment]:
    """To one, to three in turn, and by object type, one after the other.

    Not everybody is a target: the sandbox's faults need somebody who interferes.
    """
    targets, found = stage.targets[:TARGETS], {}
    for number, owned in enumerate(stage.run.owners):
        some = [targets[(number + n) % len(targets)] for n in range(3)]
        found[owned.owner.id] = (
            Assignment(targets=(some[0],)),
            Assignment(targets=tuple(some)),
            Assignment(targets=(some[0], some[1]), kinds={"deals": some[2]}),
        )[number % 3]
    return found


@contextmanager
def staged(
    directory: Path,
    loaded: Scenario,
    prepare: Callable[[Account], None] = lambda _: None,
    *,
    work: bool = True,
    **changes: Any,
) -> Iterator[Stage]:
    """Stand before the confirmation of a mapping; *work*: the worker goes on working."""
    world = World(loaded)
    account = Account(world)
    prepare(account)
    witness = Witness(account)
    witness.app = api.create_app(account)
    account.sync.stop()
    with serving(witness) as server:
        url = f"http://127.0.0.1:{server.port}"
        bot = put_together(
            directory / "sunset.db", url, loaded.account.token, SandboxClock(world), **changes
        )
        stage = Stage(account, witness, url, bot)
        try:
            stage.targets = bot.start_run()
            bot.map(assignments(stage))
            bot.worker.start()
            stage.until(lambda: stage.rests("pending", "leased"), "rest")
            if not work:
                bot.worker.stop()
            yield stage
        finally:
            stage.bot.close()
