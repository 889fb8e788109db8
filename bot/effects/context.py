"""What every effect's handler is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import structlog

from bot.backup.source import Source
from bot.engine import Engine
from bot.errors import VendorError
from bot.owners import OwnerList
from bot.people import People
from bot.ports import Clock, HubSpotPort, SalesforcePort
from bot.settings import Settings
from bot.store.base import PostedMessage, Store
from bot.vendors.slack import Slack
from handlers.i18n import Translator
from workflows.errors import SunsetError
from workflows.run import Run
from workflows.text import N_, Text
from workflows.values import Reading

T = TypeVar("T")
CARD = "card"
"""The slot of the control card."""
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Context:
    """The running program, as far as effects need it."""

    settings: Settings
    store: Store
    engine: Engine
    clock: Clock
    slack: Slack
    hubspot: HubSpotPort
    salesforce: SalesforcePort
    package_data: Source
    translator: Translator
    people: People
    owners: OwnerList
    stopping: Callable[[], bool]

    def run(self, run_id: str) -> Run:
        """Return a run that an effect belongs to."""
        run = self.store.run(run_id)
        if run is None:
            raise LookupError(f"effect of an unknown run {run_id}")
        return run

    def thread(self, run_id: str) -> PostedMessage:
        """Return the control card, the root of a run's thread.

        Raises:
            SunsetError: `thread_missing`; it was never posted.
        """
        root = self.store.message(run_id, CARD)
        if root is None:
            raise SunsetError(
                "thread_missing",
                N_("The run's thread was not posted."),
                N_("Check that the bot is in SUNSET_CHANNEL, then try again."),
            )
        return root

    def look(self, search: Callable[[], T], *, otherwise: T) -> T:
        """Look up what an earlier attempt did; *otherwise* where that is not granted.

        Without the scope a lost reply may at worst show a message twice.
        """
        try:
            return search()
        except VendorError as error:
            if not error.missing:
                raise
            log.warning("lookup_not_granted", missing=error.missing)
            return otherwise

    def reading(self, source: str, says: Text, since: datetime | None = None) -> Reading:
        """Note what a vendor's API just answered; *since* is when this was asked for."""
        return Reading(at=self.now(since), source=source, says=says)

    def now(self, since: datetime | None) -> datetime:
        """Return the time, which is not before *since*, though the clock may have been set back.

        The rules drop what was read before it was asked for, and nobody would ask again.
        """
        now = self.clock.now()
        return now if since is None else max(now, since)
