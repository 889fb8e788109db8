"""Files in the run's thread: the mapping to be filled in, what a job did not do, the report.

Slack has no idempotency key for files. Each has a name of its own; when the last attempt's end is
unknown, it is looked for in the thread before it is uploaded again (facts/slack.md).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from bot.effects.context import Context
from bot.owners import OwnerList
from bot.store.base import LedgerCount, LedgerRow, QueuedEffect
from bot.vendors.slack import Attachment
from bot.worker import Again, Done
from handlers import inventory_file, mapping_file, tables
from handlers.views import words
from workflows.run import Run
from workflows.states import State
from workflows.text import N_, Text

MOST_ROWS = 50_000
REASON_MOST = 500
_LISTED = frozenset(
    {State.CHOOSING_DATA_COPY, State.AWAITING_REMOVAL_APPROVAL, State.REMOVING_PACKAGE}
)
_NOT_DONE = ("failed", "left_alone", "gone", "overwritten")
_TYPE_IDS = {"contacts": "0-1", "companies": "0-2", "deals": "0-3", "tickets": "0-5"}
"""How HubSpot's record pages name these types; activities have no page of their own."""
_CUSTOM = re.compile(r"2-[0-9]{1,20}")
_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}(?::[0-9]{1,5})?")
_NUMBER = re.compile(r"[0-9]{1,20}")
_HEADER = (
    "object",
    "record_id",
    "link",
    "old_owner",
    "new_owner",
    "outcome",
    "reason",
    "correlation_id",
)
_OUTCOMES = {
    "failed": N_("HubSpot refused the change"),
    "left_alone": N_("left alone: its owner was not the planned one any more"),
    "gone": N_("deleted, archived or merged in HubSpot meanwhile"),
}


@dataclass(frozen=True)
class _Result:
    """The rows of a job that are told, how many there are, and what stands above them."""

    rows: Iterable[LedgerRow]
    total: int
    undo: bool


class FilesInThread:
    """Puts files into a run's thread."""

    def __init__(self, context: Context) -> None:
        self._x = context

    def mapping(self, effects: list[QueuedEffect]) -> Done | Again:
        """Put the list of owners into the thread, unless the run has moved on."""
        effect = effects[0]
        run = self._x.run(effect.run_id)
        if run.state is not State.MAPPING_OWNERS:
            return Done()
        tr = self._x.translator
        number = effect.key.rpartition(":")[2]
        text = tr(
            "The Salesforce-only owners as a list. Fill in the column `{column}` in a spreadsheet, "
            "save it as CSV, and upload it with *As a file…*.",
            column=mapping_file.NEW,
        )
        name = f"sunset-mapping-{run.id}-{number}.csv"
        return self._put(effect, run, name, lambda: mapping_file.made(run, tr), text)

    def inventory(self, effects: list[QueuedEffect]) -> Done | Again:
        """Put the whole list of what would be deleted, and what blocks it, into the thread."""
        effect = effects[0]
        run = self._x.run(effect.run_id)
        if run.inventory is None or run.state not in _LISTED:
            return Done()
        tr = self._x.translator
        number = effect.key.rpartition(":")[2]
        name = f"sunset-package-{run.id}-{number}.csv"
        text = inventory_file.above(run.inventory, tr)
        return self._put(effect, run, name, lambda: inventory_file.made(run, tr), text)

    def result(self, effects: list[QueuedEffect]) -> Done | Again:
        """Put what a job did not simply do into the thread, record by record."""
        effect = effects[0]
        run = self._x.run(effect.run_id)
        job = int(effect.data["job"])
        found = self._found(run.id, job)
        if not found.total:
            return Done()
        name = f"sunset-{'undo' if found.undo else 'result'}-{run.id}-{job}.csv"
        text = self._above(found)
        return self._put(effect, run, name, lambda: self._table(run, found), text)

    def report(self, effects: list[QueuedEffect]) -> Done | Again:
        """Put the report of a run that is over into the thread, in every form."""
        # Its layouts take long to load, and only the end of a run needs them.
        from bot.reporting.build import build, people_of  # noqa: PLC0415 - as said
        from bot.reporting.collect import collect  # noqa: PLC0415 - as said
        from bot.reporting.names import names_of  # noqa: PLC0415 - as said
        from bot.reporting.render import ENDINGS, FORMATS, rendered  # noqa: PLC0415 - as said

        effect = effects[0]
        run = self._x.run(effect.run_id)
        material = collect(self._x.store, run.id)
        if material is None:
            raise LookupError(f"no history of {run.id}")
        tr = self._x.translator

        def made() -> list[Attachment]:
            made = build(material, names_of(self._x.slack, people_of(material)), tr)
            return [
                Attachment(f"sunset-report-{run.id}.{ENDINGS[kind]}", rendered(made, kind))
                for kind in FORMATS
            ]

        text = tr(
            "The report of this run. Open the `.html` file in any browser: it needs nothing else, "
            "and prints well. The others say the same as Markdown and for programs."
        )
        name = f"sunset-report-{run.id}.{ENDINGS[FORMATS[0]]}"
        return self._put_all(effect, run, name, made, text)

    def _put(
        self, effect: QueuedEffect, run: Run, name: str, make: Callable[[], bytes], text: str
    ) -> Done | Again:
        return self._put_all(effect, run, name, lambda: [Attachment(name, make())], text)

    def _put_all(
        self,
        effect: QueuedEffect,
        run: Run,
        name: str,
        make: Callable[[], list[Attachment]],
        text: str,
    ) -> Done | Again:
        """Put files into the thread, unless the first, *name*, is there."""
        root = self._x.thread(run.id)
        oldest = run.started_at.timestamp() - 60
        slack = self._x.slack
        there = effect.attempts and self._x.look(
            lambda: slack.uploaded(root.channel, root.ts, name, oldest), otherwise=False
        )
        if not there:
            first, *more = make()
            slack.upload(root.channel, root.ts, first.name, first.content, text, more=more)
        return Done()

    # --- what a job did not do -------------------------------------------------------------------

    def _found(self, run_id: str, job: int) -> _Result:
        """Return the rows of a job, or of an undo, that are not simply changed or given back."""
        store = self._x.store
        tally = store.ledger_tally(run_id)
        undo = any(count.undo == job for count in tally)
        told = [count for count in tally if _is_told(count, job, undo)]
        states = sorted({count.state for count in told})
        total = sum(count.rows for count in told)
        if not total:
            return _Result((), 0, undo)
        if not undo:
            return _Result(store.ledger(run_id, job, *states), total, undo)
        every = store.ledger(run_id, None, *states)
        return _Result((row for row in every if row.undo == job), total, undo)

    def _above(self, found: _Result) -> str:
        tr = self._x.translator
        if found.undo:
            text = tr.plural(
                "{count} record was not given back; the file says why.",
                "{count} records were not given back; the file says why of each.",
                found.total,
            )
        else:
            text = tr.plural(
                "{count} record needs a look; the file says why.",
                "{count} records need a look; the file says why of each.",
                found.total,
            )
        if found.total > MOST_ROWS:
            text += " " + tr("It holds the first {most} of them.", most=tr.number(MOST_ROWS))
        return text

    def _table(self, run: Run, found: _Result) -> bytes:
        tr = self._x.translator
        rows = islice(found.rows, MOST_ROWS)
        return tables.encoded(self._lines(run, rows, found.undo), tables.delimiter_for(tr.language))

    def _lines(self, run: Run, rows: Iterable[LedgerRow], undo: bool) -> Iterator[Sequence[str]]:
        tr, labels = self._x.translator, words.labels(run)
        names = _Names(run, self._x.owners)
        yield _HEADER
        for row in rows:
            yield (
                words.object_name(row.object_type, tr, labels),
                row.record_id,
                _link(run, row.object_type, row.record_id),
                names[row.old_owner],
                names[row.new_owner],
                self._outcome(row, names[row.found], undo),
                row.error[:REASON_MOST],
                row.reference,
            )

    def _outcome(self, row: LedgerRow, name: str, undo: bool) -> str:
        tr = self._x.translator
        known: Text | None = None if undo else _OUTCOMES.get(row.state)
        if known is not None:
            return tr.text(known, escape=False)
        if not undo:
            return tr("changed, although somebody had given it to {owner} right before", owner=name)
        if row.state == "undone_over":
            return tr(
                "given back, although somebody had given it to {owner} right before", owner=name
            )
        if row.state != "kept":
            return tr("not given back: HubSpot refused the change")
        if row.found:
            return tr("not given back: it belongs to {owner}", owner=name)
        return tr("not given back: it has no owner, or is deleted, archived or merged")


class _Names:
    """Owners' names with their ids beside; the id alone where nobody knows the owner."""

    def __init__(self, run: Run, owners: OwnerList) -> None:
        planned = run.plan.owners if run.plan else ()
        self._candidates = {owned.owner.id: owned.owner for owned in (*planned, *run.owners)}
        self._owners = owners

    def __getitem__(self, owner_id: str) -> str:
        owner = self._candidates.get(owner_id) or self._owners.get(owner_id)
        named = owner is not None and (owner.name or owner.email)
        return f"{named} ({owner_id})" if named else owner_id


def _link(run: Run, object_type: str, record_id: str) -> str:
    """Return the address of a record's page, '' where it cannot be known."""
    custom = object_type if _CUSTOM.fullmatch(object_type) else ""
    type_id = _TYPE_IDS.get(object_type, custom)
    portal, host = run.account.portal_id, run.account.ui_domain
    numbers = _NUMBER.fullmatch(portal) and _NUMBER.fullmatch(record_id)
    if not (type_id and numbers and _HOST.fullmatch(host)):
        return ""
    return f"https://{host}/contacts/{portal}/record/{type_id}/{record_id}"


def _is_told(count: LedgerCount, job: int, undo: bool) -> bool:
    if undo:
        return count.undo == job and count.state != "undone"
    return count.job == job and count.state in _NOT_DONE
