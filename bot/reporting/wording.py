"""A report in words: the values become a document in their language."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from bot.reporting import wording_approvals, wording_records
from bot.reporting.document import (
    Cell,
    Code,
    Document,
    Items,
    Mark,
    Pairs,
    Paragraph,
    Part,
    Picture,
    Section,
    Table,
    Tone,
)
from bot.reporting.model import Facts, Phase, Report, StepProof
from bot.reporting.phases import BLOCKED, FROZEN
from bot.reporting.plain import identified, labelled, lasting, listed, when, who
from bot.reporting.timeline import timeline
from handlers.i18n import Translator, translator
from handlers.views import words
from workflows.states import State
from workflows.values import Reason

TONES: dict[str, Tone] = {
    "verified": "good",
    "attested": "said",
    "skipped": "quiet",
    "missed": "bad",
    "waiting": "open",
    "open": "quiet",
}


def document(report: Report) -> Document:
    """Tell a report in its own language."""
    tr = translator(report.language)
    run = report.run
    outcome = _outcome(report, tr)
    return Document(
        language=report.language,
        title=tr("Uninstalling the HubSpot–Salesforce integration: report"),
        outcome=outcome,
        lead=tr(
            "Run {run} in HubSpot account {portal}. Times are in UTC.",
            run=run.id,
            portal=run.portal_id,
        ),
        sections=tuple(
            section
            for section in (
                _summary(report, tr),
                _steps(report, tr),
                _timeline(report, tr),
                wording_approvals.section(report, tr),
                wording_records.section(report, tr),
                _troubles(report, tr),
                _data_copy(report, tr),
                _record(report, tr),
                _history(report, tr),
            )
            if section.parts
        ),
        foot=tr(
            "Made by Sunset from its record of the run as it stood at event {seq}. The record is "
            "the truth; this report tells it.",
            seq=report.chain.seq,
        ),
    )


def _outcome(report: Report, tr: Translator) -> Mark:
    run = report.run
    if not run.final:
        stopped = tr("frozen") if run.frozen else words.state(State(run.state), tr)
        return Mark(tr("Still under way: {state}", state=stopped), "open")
    if run.state != State.COMPLETED.value:
        return Mark(tr("Ended early: {state}", state=words.state(State(run.state), tr)), "bad")
    missed = any(step.mark == "missed" for step in report.steps)
    if missed:
        return Mark(tr("Completed, but something was missed"), "bad")
    return Mark(tr("Completed"), "good")


def _summary(report: Report, tr: Translator) -> Section:
    run = report.run
    verified = sum(step.mark == "verified" for step in report.steps)
    attested = sum(step.mark == "attested" for step in report.steps)
    pairs: list[tuple[str, Cell]] = [
        (tr("Why"), _reason(run, tr)),
        (tr("Requested by"), identified(run.requester, report.people)),
        (tr("Responsible"), _responsible(report, tr)),
        (tr("Started"), when(run.started_at, tr)),
        (tr("Ended"), _ended(run, tr)),
        (
            tr("Steps"),
            tr(
                "{verified} verified by a reading, {attested} attested by people",
                verified=verified,
                attested=attested,
            ),
        ),
        (tr("Data copy"), report.data_copy.outcome),
    ]
    if run.end_reason:
        pairs.append((tr("Reason for ending it"), run.end_reason))
    stays = [words.irreversible(code, tr) for code in run.cannot_undo]
    parts: list[Part] = [Pairs(tuple(pairs))]
    if stays:
        parts += [Paragraph(tr("What cannot be undone:")), Items(tuple(stays))]
    else:
        parts.append(Paragraph(tr("Nothing irreversible was done.")))
    return Section(tr("In short"), tuple(parts))


def _reason(run: Facts, tr: Translator) -> str:
    said = words.reason(Reason(run.reason), tr)
    return f"{said} – {run.note}" if run.note else said


def _responsible(report: Report, tr: Translator) -> str:
    run = report.run
    now = identified(run.responsible, report.people)
    earlier = [labelled(one, report.people) for one in run.were_responsible]
    if not earlier:
        return now
    return tr("{who}; before: {earlier}", who=now, earlier=listed(earlier, tr))


def _ended(run: Facts, tr: Translator) -> str:
    if run.ended_at is None:
        return tr("not yet; told until {when}", when=when(run.last_at, tr))
    took = lasting(run.ended_at - run.started_at, tr)
    return tr("{when}, after {time}", when=when(run.ended_at, tr), time=took)


def _steps(report: Report, tr: Translator) -> Section:
    rows = tuple(
        (
            words.step(step.name, tr),
            Code(" ".join(step.ids)),
            Mark(words.mark(step.mark, tr), TONES[step.mark]),
            when(step.at, tr) if step.at else "–",
            _known(step, report, tr),
        )
        for step in report.steps
    )
    return Section(
        tr("The steps, and how each is known to be done"),
        (
            Paragraph(
                tr(
                    "Verified: a stored reading of a service's API supports it. Attested: a person "
                    "said so. The two are never mixed up."
                )
            ),
            Table(
                tr("The steps of the procedure"),
                (tr("Step"), tr("Ids"), tr("How it stands"), tr("When"), tr("Evidence")),
                rows,
            ),
        ),
    )


def _known(step: StepProof, report: Report, tr: Translator) -> str:
    if step.mark == "verified" and step.read_at is not None:
        return tr(
            "{source}, read {when}: {says}",
            source=step.source,
            when=when(step.read_at, tr, seconds=True),
            says=step.says,
        )
    if step.people:
        return listed([identified(one, report.people) for one in step.people], tr)
    return who(step.by, report.people, tr) if step.by else "–"


def _timeline(report: Report, tr: Translator) -> Section:
    rows = tuple(
        (
            phase_name(phase, tr),
            when(phase.spans[0].began, tr),
            lasting(_length(phase, report), tr),
            len(phase.spans),
        )
        for phase in report.phases
    )
    shown = timeline(report, [phase_name(phase, tr) for phase in report.phases], tr)
    picture = (Picture(*shown),) if shown else ()
    table = Table(
        tr("How long each part took"),
        (tr("Part"), tr("Began first"), tr("Lasted in all"), tr("Times")),
        rows,
    )
    return Section(tr("Timeline"), (*picture, table))


def phase_name(phase: Phase, tr: Translator) -> str:
    """Name a part of the run."""
    if phase.name == BLOCKED:
        return tr("blocked")
    if phase.name == FROZEN:
        return tr("frozen")
    return words.state(State(phase.name), tr)


def _length(phase: Phase, report: Report) -> timedelta:
    end = report.run.ended_at or report.run.last_at
    return sum(
        (max(timedelta(0), (span.ended or end) - span.began) for span in phase.spans), timedelta(0)
    )


def _troubles(report: Report, tr: Translator) -> Section:
    heading = tr("What went wrong, and how it ended")
    if not report.troubles:
        return Section(heading, (Paragraph(tr("Nothing went wrong that was recorded.")),))
    rows: list[tuple[Cell, ...]] = []
    for one in report.troubles:
        ended = "–"
        if one.ended_at is not None and one.ended_by is not None:
            ended = tr(
                "{when}, {who}: {what}",
                when=when(one.ended_at, tr),
                who=who(one.ended_by, report.people, tr),
                what=one.ended_text,
            )
        rows.append((when(one.at, tr), Code(f"#{one.seq}"), one.text, ended))
    headings = (tr("When"), tr("Event"), tr("What"), tr("How it ended"))
    note = Paragraph(
        tr("A dash: nothing is recorded that ended it. It may need nobody, or still be so.")
    )
    return Section(heading, (Table(heading, headings, tuple(rows)), note))


def _data_copy(report: Report, tr: Translator) -> Section:
    return Section(tr("The package's data"), (Pairs(tuple(_copy_pairs(report, tr))),))


def _copy_pairs(report: Report, tr: Translator) -> Iterator[tuple[str, Cell]]:
    copy, names = report.data_copy, report.people
    yield tr("Data copy"), copy.outcome
    if copy.keep is not None:
        kept = tr("Salesforce keeps a copy for {time}", time=_window(copy.window_seconds, tr))
        yield tr("What was chosen"), kept if copy.keep else tr("No copy is kept")
    if copy.last_seen_at and copy.missing_at:
        yield (
            tr("When the package went"),
            tr(
                "between {seen}, when it was last seen, and {missing}, when it was gone",
                seen=when(copy.last_seen_at, tr, seconds=True),
                missing=when(copy.missing_at, tr, seconds=True),
            ),
        )
    if copy.deadline is not None:
        yield tr("The copy is there at least until"), when(copy.deadline, tr)
    if copy.reminded:
        leads = [words.lead(before, tr) for before in copy.reminded]
        yield tr("Reminders sent"), tr("{leads} before", leads=listed(leads, tr))
    if copy.missed:
        leads = [words.lead(before, tr) for before in copy.missed]
        yield tr("Reminders that nobody could send"), listed(leads, tr)
    if copy.downloaded and copy.downloaded_at:
        told = f"{identified(copy.downloaded_by, names)}, {when(copy.downloaded_at, tr)}"
        yield tr("Downloaded, as attested by"), told
    if copy.backup is not None:
        made = copy.backup
        state = (
            tr("of the package as it was approved")
            if made.counts
            else tr("outdated: the package's data changed afterwards")
        )
        yield (
            tr("Backup by Sunset"),
            tr(
                "{directory}: {files} files, {rows} records, {bytes} bytes, begun {when}; {state}",
                directory=made.directory,
                files=tr.number(made.files),
                rows=tr.number(made.rows),
                bytes=tr.number(made.bytes),
                when=when(made.began, tr),
                state=state,
            ),
        )
        yield tr("SHA-256 of its manifest"), Code(made.manifest_sha256)
        if made.gap_count:
            yield tr("What could not be in the backup"), made.gap_count
    if copy.waived_by and copy.waived_at:
        told = f"{identified(copy.waived_by, names)}, {when(copy.waived_at, tr)}"
        yield tr("Backup waived by"), f"{told}: {copy.waived_reason}"


def _window(seconds: int, tr: Translator) -> str:
    return words.lead(seconds, tr)


def _record(report: Report, tr: Translator) -> Section:
    chain = report.chain
    verdict = {
        "intact": Mark(tr("intact: recomputed when this report was made"), "good"),
        "changed": Mark(tr("CHANGED: it is not what was recorded"), "bad"),
        "unchecked": Mark(tr("not checked: the key it was made with is not set"), "open"),
    }[chain.check]
    keyed = (
        tr("HMAC-SHA-256; the key's fingerprint is {key}", key=chain.key)
        if chain.key
        else tr("SHA-256, without a key")
    )
    pairs: tuple[tuple[str, Cell], ...] = (
        (tr("Events"), chain.seq),
        (tr("Hash of the last event"), Code(chain.hash)),
        (tr("Chained by"), keyed),
        (tr("The chain is"), verdict),
    )
    parts: list[Part] = [Pairs(pairs)]
    if chain.problems:
        parts.append(Items(chain.problems))
    parts += [
        Paragraph(
            tr(
                "Each event's hash covers the one before, so that this last hash stands for the "
                "whole history. To verify it yourself: compare the hash above with the one in the "
                "audit channel's line #{seq} of this run, then run this command where Sunset runs; "
                "it computes every hash anew and compares the record with the audit channel:",
                seq=chain.seq,
            )
        ),
        Pairs(((tr("Command"), Code(chain.command)),)),
    ]
    return Section(tr("The record, and how to verify it"), tuple(parts))


def _history(report: Report, tr: Translator) -> Section:
    rows = tuple(
        (
            Code(f"#{one.first}" if one.first == one.last else f"#{one.first}–{one.last}"),
            when(one.at, tr, seconds=True),
            who(one.by, report.people, tr),
            one.text
            if one.first == one.last
            else tr("{count} alike: {text}", count=one.last - one.first + 1, text=one.text),
            Code(one.hash[: words.SHORT]),
        )
        for one in report.history
    )
    heading = tr("Everything that happened")
    headings = (tr("Event"), tr("When"), tr("Who"), tr("What"), tr("Hash"))
    table = Table(heading, headings, rows)
    if not report.history_left_out:
        return Section(heading, (table,))
    note = tr.plural(
        "{count} line in the middle is left out; `sunset audit export` has all events.",
        "{count} lines in the middle are left out; `sunset audit export` has all events.",
        report.history_left_out,
    )
    return Section(heading, (Paragraph(note), table))
