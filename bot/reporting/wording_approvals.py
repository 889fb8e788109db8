"""The approvals in words: what each round asked, and what everybody answered."""

from __future__ import annotations

from collections.abc import Iterator

from bot.reporting.document import Cell, Code, Mark, Pairs, Paragraph, Part, Section, Table, Tone
from bot.reporting.model import Approval, PlanShown, RemovalShown, Report, Vote
from bot.reporting.plain import identified, listed, plain, when
from handlers.i18n import Translator
from handlers.views import words
from workflows.text import N_, Text

_OUTCOMES: dict[str, tuple[Text, Tone]] = {
    "passed": (N_("approved"), "good"),
    "declined": (N_("declined"), "bad"),
    "lapsed": (N_("lapsed: too few answered in time"), "bad"),
    "reopened": (N_("asked anew, because what was asked about had changed"), "quiet"),
    "ended": (N_("ended with the run"), "quiet"),
    "open": (N_("still open"), "open"),
}
_DID: dict[str, Text] = {
    "approved": N_("approved"),
    "withdrew": N_("withdrew the approval"),
    "no_longer_may": N_("lost the right to approve; the approval no longer counted"),
    "declined": N_("declined"),
    "consented": N_("gave consent to the removal"),
    "acknowledged": N_("confirmed the advice about a problem with the sync"),
}


def section(report: Report, tr: Translator) -> Section:
    """Tell every round of asking."""
    heading = tr("Approvals, with what was approved")
    parts = [part for one in report.approvals for part in _round(one, report, tr)]
    if not parts:
        parts = [Paragraph(tr("Nobody was asked to approve anything."))]
    return Section(heading, tuple(parts))


def _round(asked: Approval, report: Report, tr: Translator) -> Iterator[Part]:
    title = tr("Approval of the plan") if asked.gate == "plan" else tr("Approval of the removal")
    said, tone = _OUTCOMES[asked.outcome]
    ended = f"{tr.text(said)}, {when(asked.decided_at, tr)}" if asked.decided_at else tr.text(said)
    pairs: list[tuple[str, Cell]] = [
        (title, Mark(ended, tone)),
        (tr("Asked"), when(asked.asked_at, tr)),
        (tr("Approvals needed"), asked.quorum),
    ]
    if asked.groups:
        pairs.append((tr("Groups that had to be among them"), listed(list(asked.groups), tr)))
    if asked.plan is not None:
        pairs += _plan(asked.plan, report, tr)
    if asked.removal is not None:
        pairs += _removal(asked.removal, report, tr)
    pairs.append((tr("SHA-256 of what was asked"), Code(asked.digest)))
    yield Pairs(tuple(pairs))
    if asked.votes:
        headings = (tr("Who"), tr("What"), tr("When"), tr("Event"), tr("What they had before them"))
        rows = tuple(_vote(one, report, tr) for one in asked.votes)
        yield Table(tr("Answers"), headings, rows)


def _vote(vote: Vote, report: Report, tr: Translator) -> tuple[Cell, ...]:
    did = tr.text(_DID[vote.did])
    if vote.reason:
        did = f"{did}: {vote.reason}"
    if vote.groups:
        did = f"{did} ({listed(list(vote.groups), tr)})"
    return (
        identified(vote.person, report.people),
        did,
        when(vote.at, tr, seconds=True),
        Code(f"#{vote.seq}"),
        Code(vote.digest[: words.SHORT]) if vote.digest else "–",
    )


def _plan(plan: PlanShown, report: Report, tr: Translator) -> Iterator[tuple[str, Cell]]:
    yield tr("Plan read"), when(plan.taken_at, tr)
    yield (
        tr("Records to reassign"),
        tr(
            "{counts}, of {owners}",
            counts=plain(words.counts(plan.counts, tr, report.run.labels), {}),
            owners=tr.plural(
                "{count} Salesforce-only owner", "{count} Salesforce-only owners", plan.owners
            ),
        ),
    )
    package = f"{plan.package} {plan.version}" if plan.package else tr("not installed")
    yield tr("Package"), package


def _removal(shown: RemovalShown, report: Report, tr: Translator) -> Iterator[tuple[str, Cell]]:
    place = tr("{org} (a sandbox)", org=shown.org_id) if shown.org_is_sandbox else shown.org_id
    yield tr("Package"), f"{shown.package} {shown.version}"
    yield tr("Salesforce org"), place
    parts = [f"{tr.number(count)} {name}" for name, count in shown.components.items()]
    yield tr("Components"), listed(parts, tr)
    objects = []
    for one in shown.objects:
        if one.records is None:
            known = tr("records cannot be counted")
        else:
            known = tr.plural("{count} record", "{count} records", one.records)
            known = tr("about {records}", records=known) if one.estimated else known
        objects.append(f"{one.name}: {known}")
    if objects:
        yield tr("Custom objects"), listed(objects, tr)
    chosen = tr("a copy is kept") if shown.keep_copy else tr("no copy is kept")
    yield tr("Data copy"), chosen
    if shown.backup_sha256:
        yield tr("Backup by Sunset, its manifest's SHA-256"), Code(shown.backup_sha256)
    if shown.waived_by:
        yield tr("Backup waived by"), identified(shown.waived_by, report.people)
