"""The bot's own reassignment job against a sandbox: everything but Slack."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bench.histories import ADA
from bench.processes import settings_of
from bench.quiet import LOOK_SECONDS, Parts, QuietBot
from bot.clocks import SystemClock
from bot.settings import Settings, load_settings
from bot.store.sqlite import SqliteStore
from bot.vendors.connect import connect_hubspot, connect_salesforce
from bot.vendors.salesforce_bulk import bulk_of
from sandbox.client import Page
from workflows import commands as c
from workflows.run import Run
from workflows.states import State
from workflows.values import Assignment

RUN_ID = "bench"
PREFIXES = ("SLACK_", "HUBSPOT_", "SALESFORCE_", "SUNSET_")
WINDOW_SECONDS = 10.0
PATIENCE_SECONDS = 3_600.0


@dataclass(frozen=True)
class Times:
    """Seconds from the confirmation until every record was changed, checked, and counted anew."""

    changed: float
    checked: float
    counted: float
    not_changed: int


def settings_for(told: Mapping[str, str], database: Path) -> Settings:
    """Return the settings of a bot for the sandbox that printed *told*."""
    every = settings_of(told, database).items()
    given: dict[str, Any] = {
        name.lower(): value for name, value in every if name.startswith(PREFIXES)
    }
    return load_settings(env_file=None, **given)


class Job:
    """A run whose mapping is chosen; :meth:`run` confirms it and waits for the end."""

    def __init__(self, told: Mapping[str, str], folder: Path) -> None:
        self._page = Page(told["SANDBOX_PAGE"])
        settings = settings_for(told, folder / "sunset.db")
        hubspot = connect_hubspot(settings)
        salesforce = connect_salesforce(settings)
        self._bot = QuietBot(
            RUN_ID,
            Parts(
                settings=settings,
                store=SqliteStore(settings.sunset_database),
                hubspot=hubspot,
                salesforce=salesforce,
                package_data=bulk_of(salesforce),
                clock=SystemClock(),
                account=hubspot.account(),
            ),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bot.close()

    def prepare(self) -> None:
        """Bring the run to its confirmation; its calls must not weigh on the job's windows."""
        self._page.hubspot.disconnect("U0ADA00001", "leaving", "Uninstall Salesforce")
        targets = self._bot.start_run()
        self._bot.map(
            {
                owned.owner.id: Assignment(targets=(targets[number % len(targets)],))
                for number, owned in enumerate(self._bot.run.owners)
            }
        )
        worker = self._bot.worker
        worker.start()
        # The count that follows the disconnect; its calls are out of the windows then.
        self._wait(lambda run: run.state is State.MAPPING_OWNERS and worker.idle())
        while not worker.idle() or self._bot.store.next_due() is not None:
            time.sleep(LOOK_SECONDS)
        time.sleep(WINDOW_SECONDS)

    def run(self) -> Times:
        """Confirm the mapping, and wait until all is changed, checked and counted anew."""
        started = time.perf_counter()
        self._bot.does(ADA, c.ConfirmMapping(shown=self._bot.run.mapping_version))
        self._wait(self._all_changed)
        changed = time.perf_counter() - started
        self._wait(lambda run: run.job_state in {"counting", "finished"})
        checked = time.perf_counter() - started
        self._wait(lambda run: run.state is State.CLEANING_UP_OWNERS)
        counted = time.perf_counter() - started
        tally = self._bot.store.ledger_tally(RUN_ID)
        missed = sum(one.rows for one in tally if one.state != "changed")
        return Times(changed, checked, counted, missed)

    def left(self, page: Page) -> int:
        """Count the records that still belong to Salesforce-only owners, in truth."""
        counts = page.hubspot.state()["counts"]
        return sum(sum(counts.get(owned.owner.id, {}).values()) for owned in self._bot.run.owners)

    def _all_changed(self, run: Run) -> bool:
        """Say whether every record is changed and the histories are being read."""
        told = self._bot.engine.progress(RUN_ID)
        return bool(told and told.phase == "checking") or run.job_state != "running"

    def _wait(self, reached: Callable[[Run], bool]) -> None:
        self._bot.wait(reached, PATIENCE_SECONDS)
