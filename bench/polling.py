"""`python -m bench polling`: what waiting for the package's removal costs in API requests.

Nothing is measured in seconds: the bot lives through a day of each kind of waiting with its clock
moved from one look to the next, against the sandbox's Salesforce over TLS, and the requests that
leave it are counted.
"""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests

from bench.histories import ACCOUNT, ADA, APPROVERS
from bench.numbers import Goal, Json, report, table
from bench.processes import Failed, sandbox
from bench.quiet import Parts, QuietBot
from bench.reassigning import settings_for
from bot.store.sqlite import SqliteStore
from bot.vendors.connect import connect_hubspot, salesforce_login
from bot.vendors.salesforce import Salesforce
from bot.vendors.salesforce_bulk import bulk_of
from bot.vendors.salesforce_http import TimeoutAdapter
from sandbox.scenario import SCENARIOS
from workflows import commands as c
from workflows.rules.approval import shown
from workflows.text import N_
from workflows.values import BOT, CORE_OBJECTS, Plan, Policy, Reading, Reason

DAY = timedelta(days=1)
SMALLEST_DAY = 15_000
"""Requests in 24 hours of the smallest org with an API, a Developer Edition's (Salesforce,
"API Request Limits and Allocations"); an Enterprise Edition has 100,000 and 1,000 a license."""
SHARE = 0.03
"""What one waiting run may take of that."""
EACH_MINUTE = 24 * 60
REACH_SECONDS = 60.0
TIMEOUT_SECONDS = 30.0
RUN_ID = "polling"
AS_INSTALLED = {"SUNSET_POLL_INTERVAL": "PT1M"}
"""The sandbox is rehearsed with quicker looks."""


class Counting(TimeoutAdapter):
    """Counts the requests that leave."""

    sent = 0

    def send(self, *args: Any, **kwargs: Any) -> requests.Response:
        """Send one, and count it."""
        self.sent += 1
        return super().send(*args, **kwargs)


class MovedClock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.time = datetime.now(UTC)

    def now(self) -> datetime:
        """Return the time."""
        return self.time


class Waiting:
    """One run whose package stays where it is, through days that are counted."""

    def __init__(self, told: Mapping[str, str], folder: Path) -> None:
        settings = settings_for({**told, **AS_INSTALLED}, folder / "sunset.db")
        self._clock = MovedClock()
        self._ahead = 0.0
        self._wire = Counting(TIMEOUT_SECONDS, settings.salesforce_ca_file)
        salesforce = Salesforce(salesforce_login(settings), adapter=self._wire)
        parts = Parts(
            settings=settings,
            store=SqliteStore(settings.sunset_database),
            hubspot=connect_hubspot(settings),
            salesforce=salesforce,
            package_data=bulk_of(salesforce),
            clock=self._clock,
            account=ACCOUNT,
            wall=lambda: time.time() + self._ahead,
        )
        self._bot = QuietBot(RUN_ID, parts)
        self._bot.worker.start()

    def close(self) -> None:
        """End it."""
        self._bot.close()

    def to_approvals(self, *, keep: bool = True) -> None:
        """Come to the question of the removal's approval."""
        self._does(
            c.StartRun(
                run_id=RUN_ID,
                account=ACCOUNT,
                reason=Reason.LEAVING_SALESFORCE,
                confirmed=frozenset({"P0a", "P0b", "P0c"}),
                eligible_approvers=tuple(person.id for person in APPROVERS),
                policy=Policy(approval_ttl=int(10 * DAY.total_seconds())),
            )
        )
        reading = Reading(at=self._clock.now(), source="quiet", says=N_("quiet"))
        self._finds(c.RecordPlan(plan=Plan(account=ACCOUNT, taken_at=self._clock.now())))
        self._approve()
        self._does(
            c.ReportDisconnected(
                reason="leaving",
                phrase="Uninstall Salesforce",
                saved_mappings=frozenset(CORE_OBJECTS),
            )
        )
        self._finds(c.RecordSyncQuiet(reading=reading))
        self._finds(c.RecordOwners(owners=(), reading=reading))
        self._reach(lambda: self._bot.run.inventory is not None, "the inventory")
        self._does(c.ChooseDataCopy(keep=keep))
        if not keep:
            self._bot.does(APPROVERS[0], c.WaiveBackup(reason="It is a benchmark."))
            self._does(c.ConfirmNoCopy())

    def to_removal(self) -> None:
        """Come to the step that a person does in Setup."""
        self._does(c.GiveConsent())
        self._approve()
        self._reach(lambda: self._bot.run.reconfirmed, "the comparison")

    def deploys(self) -> None:
        """Let the bot remove it; the first deployment that it asks for takes longer than a day."""
        self._does(c.RemoveByBot())

    def pressed(self) -> None:
        """Say that Uninstall was pressed, although it was not."""
        self._does(c.ReportUninstalled())

    def live(self, span: timedelta) -> int:
        """Live through *span*; return the requests that it cost."""
        end, before = self._clock.now() + span, self._wire.sent
        while True:
            self._settle()
            due = self._bot.store.next_due() or 0.0
            step = timedelta(seconds=max(0.0, due - time.time() - self._ahead))
            if self._clock.now() + step >= end:
                self._move(end - self._clock.now())
                return self._wire.sent - before
            self._move(step)

    def _move(self, step: timedelta) -> None:
        self._clock.time += step
        self._ahead += step.total_seconds() + 0.001
        self._bot.worker.wake()

    def _settle(self) -> None:
        def rests() -> bool:
            return self._bot.worker.idle() and self._bot.store.next_due() is not None

        self._reach(rests, "its next look at the package")

    def _reach(self, reached: Callable[[], bool], what: str) -> None:
        deadline = time.perf_counter() + REACH_SECONDS
        while not reached():
            if time.perf_counter() > deadline:
                raise Failed(f"The run did not come to {what} in time.")
            self._bot.worker.wake()
            time.sleep(0.002)

    def _approve(self) -> None:
        for person in APPROVERS:
            self._bot.does(person, c.Approve(shown=shown(self._bot.run)))

    def _does(self, action: c.Action) -> None:
        self._bot.does(ADA, action)

    def _finds(self, action: c.Action) -> None:
        self._bot.does(BOT, action)


@contextmanager
def _waiting(uninstall_seconds: float | None = None) -> Iterator[Waiting]:
    """Start a run against a sandbox of its own."""
    with tempfile.TemporaryDirectory(prefix="sunset-bench-") as name:
        scenario = None if uninstall_seconds is None else Path(name) / "scenario.toml"
        if scenario is not None:
            text = (SCENARIOS / "tidy.toml").read_text(encoding="utf-8")
            slow = f"uninstall_seconds = {uninstall_seconds}"
            scenario.write_text(re.sub(r"uninstall_seconds = .*", slow, text), encoding="utf-8")
        with sandbox(scenario) as told:
            waiting = Waiting(told, Path(name))
            try:
                yield waiting
            finally:
                waiting.close()


def run(span: timedelta = DAY) -> tuple[Json, list[Goal]]:
    """Count through *span* each; return the answer for programs, and the goals."""
    results: Json = {}
    with _waiting() as waiting:
        waiting.to_approvals()
        results["approvals"] = waiting.live(span)
        waiting.to_removal()
        results["removal"] = waiting.live(span)
        waiting.pressed()
        results["stalled"] = waiting.live(span)
    with _waiting(uninstall_seconds=2 * DAY.total_seconds()) as waiting:
        waiting.to_approvals(keep=False)
        waiting.to_removal()
        waiting.deploys()
        results["deploying"] = waiting.live(span)
    most = max(results.values())
    results["each_minute"] = EACH_MINUTE
    results["ratio_to_each_minute"] = round(most / EACH_MINUTE, 3)
    share = round(100 * most / SMALLEST_DAY, 2)
    goals = [Goal("a waiting run's share of the smallest org's day", share, 100 * SHARE, "%")]
    return report("polling", results, goals), goals


def text(results: Json) -> str:
    """Lay the results out for people."""
    rows = [
        ("approvals of the removal are pending", results["approvals"]),
        ("a person is to press Uninstall", results["removal"]),
        ("it was pressed, without effect", results["stalled"]),
        ("its own deployment, which Salesforce has queued", results["deploying"]),
        ("looking each minute, for comparison", results["each_minute"]),
    ]
    return table(("waiting for", "requests a day"), rows)
