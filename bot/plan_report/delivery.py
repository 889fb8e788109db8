"""Where a plan report is shown: one direct message that is updated, its thread, and the files."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from bot.errors import VendorError
from bot.plan_report.journal import Asked
from bot.vendors.slack import Attachment, Posted, Slack
from handlers import inventory_file
from handlers.i18n import Translator
from handlers.render import Message
from handlers.views.plan import data, messages
from handlers.views.plan.chart import alternative, chart
from handlers.views.plan.findings import Findings
from workflows.errors import SunsetError

log = structlog.get_logger(__name__)
UPDATE_SECONDS = 3.0
"""Between two updates of the progress: Slack takes fifty a minute (facts/slack.md)."""


class Direct:
    """The direct message of one report. What an earlier attempt posted is looked up first."""

    def __init__(self, slack: Slack, report: Asked, monotonic: Callable[[], float]) -> None:
        self._slack = slack
        self._report = report
        self._monotonic = monotonic
        self._key = f"plan-report:{report.id}"
        self._place: Posted | None = None
        self._tried = report.again
        self._updated = float("-inf")

    def begin(self, message: Message) -> None:
        """Post the message that is updated from now on, or take over the one that is there."""
        if self._place is None:
            self.show(message)
            self._updated = self._monotonic()

    def progress(self, message: Message) -> None:
        """Show progress, where the last time is not just now; what is lost is not missed."""
        now = self._monotonic()
        if self._place is None or now - self._updated < UPDATE_SECONDS:
            return
        self._updated = now
        try:
            self._slack.update(self._place.channel, self._place.ts, message)
        except VendorError as error:
            log.info("progress_not_shown", report=self._report.id, code=error.code)

    def show(self, message: Message) -> None:
        """Show *message* in place of what was shown; post it where there is nothing."""
        if self._place is None:
            there, self._place = self._once(self._key, message)
            if not there:
                return
        if not self._slack.update(self._place.channel, self._place.ts, message):
            # Somebody deleted it.
            self._place = self._slack.post(self._place.channel, message, self._key)

    def tell(self, found: Findings, tr: Translator) -> None:
        """Show the essentials, and the details in the thread."""
        self.show(messages.essentials(found, tr))
        details = messages.details(found, tr)
        self._once(f"{self._key}:details", details, thread_ts=self._shown_at.ts)

    def without_files(self, error: SunsetError, tr: Translator) -> None:
        """Say in the thread why there are no files."""
        told = messages.without_files(error, tr)
        self._once(f"{self._key}:no-files", told, thread_ts=self._shown_at.ts)

    def files(self, found: Findings, tr: Translator) -> None:
        """Put the picture and the data below."""
        # Pillow takes long to import, and most commands never draw.
        from bot.plan_report.drawing import drawn  # noqa: PLC0415 - as said

        place = self._shown_at
        name = f"sunset-plan-{self._report.id}"
        shown = chart(found.plan, tr)
        files = [
            Attachment(f"{name}.png", drawn(shown, tr.number), alternative(shown, tr)),
            Attachment(f"{name}-owners.csv", data.owners_table(found, tr)),
            Attachment(f"{name}.json", data.everything(found, tr)),
        ]
        if found.plan.inventory is not None:
            package = inventory_file.listed(found.plan.inventory, tr)
            files.insert(2, Attachment(f"{name}-package.csv", package))
        if self._tried and self._look_for_files(place.channel, files[0].name):
            return
        self._tried = True
        first, *more = files
        self._slack.upload(
            place.channel,
            None,
            first.name,
            first.content,
            messages.above_files(found, tr),
            alt=first.alt,
            more=more,
        )

    @property
    def _shown_at(self) -> Posted:
        if self._place is None:
            raise AssertionError("what was shown has a place")
        return self._place

    def _once(
        self, key: str, message: Message, thread_ts: str | None = None
    ) -> tuple[bool, Posted]:
        """Post a message, unless it is there; say whether it was, and where it is."""
        channel = self._slack.direct(self._report.user)
        if self._tried and (there := self._there(channel, key, thread_ts)) is not None:
            return True, there
        self._tried = True
        return False, self._slack.post(channel, message, key, thread_ts=thread_ts)

    def _there(self, channel: str, key: str, thread_ts: str | None) -> Posted | None:
        try:
            return self._slack.find(channel, key, thread_ts=thread_ts, oldest=self._oldest)
        except VendorError as error:
            if not error.missing:
                raise
            # Without the scope a lost reply may at worst show a message twice.
            log.warning("lookup_not_granted", missing=error.missing)
            return None

    def _look_for_files(self, channel: str, name: str) -> bool:
        try:
            return self._slack.uploaded(channel, None, name, self._oldest)
        except VendorError as error:
            if not error.missing:
                raise
            log.warning("lookup_not_granted", missing=error.missing)
            return False

    @property
    def _oldest(self) -> float:
        return self._report.at.timestamp() - 60
