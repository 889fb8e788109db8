"""Step 2 in words: a table of owners before and after, of who received, of jobs and failures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from bot.reporting.document import Cell, Code, Mark, Paragraph, Part, Section, Table
from bot.reporting.model import Counts, Job, OwnerRow, Records, Report
from bot.reporting.plain import cleaned, plain, when, who
from handlers.i18n import Translator
from handlers.views import words
from workflows.text import N_, Text
from workflows.values import Owner

_ENDED: dict[str, Text] = {
    "": N_("not tried again"),
    "changed": N_("reassigned by a later job"),
    "failed": N_("refused again"),
    "left_alone": N_("left alone by a later job: its owner had changed"),
    "gone": N_("deleted, archived or merged in HubSpot meanwhile"),
    "overwritten": N_("reassigned by a later job"),
    "undone": N_("given back"),
    "undone_over": N_("given back"),
    "kept": N_("kept by whoever has it"),
    "written": N_("not settled"),
}


def section(report: Report, tr: Translator) -> Section:
    """Tell what became of the records."""
    found = report.records
    heading = tr("Records by owner, before and after")
    if not found.rows:
        none = tr("No Salesforce-only owners were found.")
        return Section(heading, (Paragraph(none),))
    return Section(heading, tuple(_parts(found, report, tr)))


def _parts(found: Records, report: Report, tr: Translator) -> Iterator[Part]:
    if found.counted_before:
        yield Paragraph(tr("Counted before: {when}.", when=when(found.counted_before, tr)))
    if found.counted_after:
        yield Paragraph(tr("Counted after: {when}.", when=when(found.counted_after, tr)))
    else:
        yield Paragraph(tr("Nothing was counted after a reassignment."))
    yield _owners(found, report, tr)
    others = Counter[str]()
    for row in found.rows:
        others.update(row.others)
    if others.total():
        left = plain(words.counts(dict(others), tr, report.run.labels), {})
        yield Paragraph(
            tr("Of types that were not chosen, and therefore left alone: {counts}.", counts=left)
        )
    if found.received:
        yield _received(found, report, tr)
    if found.jobs:
        yield _jobs(found, report, tr)
    if found.failed:
        yield from _failed(found, report, tr)


def _kinds(found: Records) -> list[str]:
    shown = {kind for row in found.rows for kind in (*row.before, *(row.after or {}))}
    return [kind for kind in found.types if kind in shown]


def _owners(found: Records, report: Report, tr: Translator) -> Table:
    kinds = _kinds(found)
    named = [_kind(kind, report, tr) for kind in kinds]
    headings = (tr("Salesforce-only owner"), *named, tr("Given to"), tr("The owner now"))
    rows = [_row(row, kinds, tr) for row in found.rows]
    before, after = Counter[str](), Counter[str]()
    for row in found.rows:
        before.update(row.before)
        after.update(row.after or {})
    counted = found.counted_after is not None
    sums = (_change(dict(before), dict(after) if counted else None, kind, tr) for kind in kinds)
    rows.append((tr("Together"), *sums, "", ""))
    return Table(tr("Records, before → after"), headings, tuple(rows), last_sums=True)


def _row(row: OwnerRow, kinds: list[str], tr: Translator) -> tuple[Cell, ...]:
    if row.excluded:
        state: Cell = Mark(tr("left out: an administrator said it is no such owner"), "quiet")
    elif row.gone:
        state = Mark(tr("deleted in HubSpot"), "good")
    else:
        state = Mark(tr("still there ({why})", why=words.why_listed(row.why, tr)), "open")
    targets = "; ".join(owner_name(one) for one in row.goes_to) or "–"
    changes = (_change(row.before, row.after, kind, tr) for kind in kinds)
    return (owner_name(row.owner), *changes, targets, state)


def _change(before: Counts, after: Counts | None, kind: str, tr: Translator) -> Cell:
    was = tr.number(before.get(kind, 0))
    if after is None:
        return was
    return f"{was} → {tr.number(after.get(kind, 0))}"


def _kind(kind: str, report: Report, tr: Translator) -> str:
    return plain(words.object_name(kind, tr, report.run.labels), {})


def owner_name(owner: Owner) -> str:
    """Name an owner: the name, or the e-mail, or the id alone."""
    return cleaned(owner.name or owner.email or owner.id)


def _received(found: Records, report: Report, tr: Translator) -> Table:
    kinds = [kind for kind in found.types if any(kind in one.counts for one in found.received)]
    named = (_kind(kind, report, tr) for kind in kinds)
    rows: list[tuple[Cell, ...]] = [
        (owner_name(one.owner), *(one.counts.get(kind, 0) for kind in kinds))
        for one in found.received
    ]
    return Table(tr("Who received them"), (tr("HubSpot owner"), *named), tuple(rows))


def _jobs(found: Records, report: Report, tr: Translator) -> Table:
    headings = (
        tr("Job"),
        tr("Begun by"),
        tr("Began"),
        tr("Ended"),
        tr("Reassigned"),
        tr("Given back"),
        tr("Refused"),
        tr("Left alone"),
        tr("Gone"),
        tr("Not settled"),
    )
    rows = tuple(_job(one, report, tr) for one in found.jobs)
    return Table(tr("What each job did, in records"), headings, rows)


def _job(job: Job, report: Report, tr: Translator) -> tuple[Cell, ...]:
    name = tr("Undo {number}", number=job.number) if job.undo else str(job.number)
    return (
        name,
        who(job.by, report.people, tr) if job.by else "–",
        when(job.began, tr) if job.began else "–",
        when(job.ended, tr) if job.ended else "–",
        job.changed + job.overwritten,
        job.given_back,
        job.failed,
        job.left_alone + job.kept,
        job.gone,
        job.unsettled,
    )


def _failed(found: Records, report: Report, tr: Translator) -> Iterator[Part]:
    headings = (
        tr("Record"),
        tr("Type"),
        tr("Job"),
        tr("Why HubSpot refused"),
        tr("Correlation id"),
        tr("How it ended"),
    )
    rows = tuple(
        (
            Code(one.record_id),
            _kind(one.object_type, report, tr),
            one.job,
            cleaned(one.reason, 300),
            Code(one.reference) if one.reference else "–",
            tr.text(_ENDED.get(one.ended, _ENDED[""])),
        )
        for one in found.failed
    )
    yield Table(tr("Records that HubSpot refused to change"), headings, rows)
    more = found.failed_count - len(found.failed)
    if more > 0:
        yield Paragraph(
            tr.plural(
                "{count} more is in the result file in the thread.",
                "{count} more are in the result file in the thread.",
                more,
            )
        )
