"""A run's record becomes its report: equal records and names make equal reports."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from bot.reporting.approvals import approvals
from bot.reporting.chronicle import chronicle
from bot.reporting.collect import Material
from bot.reporting.model import BackupShown, Chain, DataCopy, Facts, Report, StepProof
from bot.reporting.phases import moments, phases
from bot.reporting.plain import cleaned, plain
from bot.reporting.records import records
from bot.reporting.troubles import troubles
from handlers.i18n import Translator
from handlers.views import words
from handlers.views.messages.window import outcome
from workflows import events as e
from workflows.checklist import checklist
from workflows.evolve import fold
from workflows.run import Run
from workflows.values import Backup, Evidence

NO_STEPS = {"backup": ("P3d",), "consent": ("P3e",)}
"""Evidence that is no step of its own: it follows the step with the same id."""


def people_of(material: Material) -> list[str]:
    """Return the Slack user ids of everybody who has a part in the record, sorted."""
    history = [link.recorded for link in material.history]
    run = fold(history)
    found = {one.actor.id for one in history if one.actor.kind == "person"}
    found |= {run.requester, run.responsible, *run.were_responsible}
    found |= {*run.approvers, *run.eligible_approvers}
    return sorted(found)


def build(material: Material, names: Mapping[str, str], tr: Translator) -> Report:
    """Make the report of what was collected, in the language of *tr*.

    *names* are people's names by Slack user id, as far as Slack told them.
    """
    history = [link.recorded for link in material.history]
    run = fold(history)
    told = {who: cleaned(names[who]) for who in people_of(material) if names.get(who)}
    wrong = troubles(history, told, tr)
    entries, left_out = chronicle(material.history, told, tr)
    return Report(
        language=tr.language,
        people=told,
        run=_facts(run, history),
        steps=tuple(_steps(run, tr)),
        phases=phases(history),
        moments=moments(history, wrong),
        approvals=approvals(history),
        records=records(material, history, run),
        troubles=wrong,
        data_copy=_data_copy(run, history, told, tr),
        chain=_chain(material, run),
        history=entries,
        history_left_out=left_out,
    )


def _facts(run: Run, history: Sequence[e.Recorded]) -> Facts:
    return Facts(
        id=run.id,
        portal_id=run.account.portal_id,
        ui_domain=run.account.ui_domain,
        state=run.state.value,
        final=run.state.final,
        reason=run.reason.value,
        note=run.note,
        requester=run.requester,
        responsible=run.responsible,
        were_responsible=tuple(sorted(run.were_responsible)),
        started_at=run.started_at,
        ended_at=run.ended_at,
        end_reason=run.end_reason,
        last_at=history[-1].at,
        cannot_undo=run.irreversible,
        frozen=run.frozen,
        labels=dict(run.plan.labels) if run.plan else {},
        missing=tuple(sorted(run.missing)),
    )


def _steps(run: Run, tr: Translator) -> Iterator[StepProof]:
    beside = {"data_copy": "backup", "removal_approval": "consent"}
    for step in checklist(run):
        bare = StepProof(name=step.name, ids=step.ids, mark=step.mark.value)
        yield _proved(bare, step.evidence, run, tr)
        also = beside.get(step.name, "")
        proof = run.evidence.get(also)
        if proof is not None:
            bare = StepProof(name=also, ids=NO_STEPS[also], mark=proof.kind)
            yield _proved(bare, proof, run, tr)


def _proved(bare: StepProof, proof: Evidence | None, run: Run, tr: Translator) -> StepProof:
    """Return a step with how it is known to be done."""
    if proof is None:
        return bare
    gate = {"plan_approval": "plan", "removal_approval": "removal"}.get(bare.name, "")
    people = (proof.by.id,) if proof.by.kind == "person" else ()
    known = {"at": proof.at, "by": proof.by, "people": run.passed.get(gate, people)}
    if proof.reading is not None:
        says = plain(words.reading(proof.reading, tr, 600), {})
        known |= {"source": proof.reading.source, "says": says, "read_at": proof.reading.at}
    return bare.model_copy(update=known)


def _data_copy(
    run: Run, history: Sequence[e.Recorded], names: Mapping[str, str], tr: Translator
) -> DataCopy:
    confirmed = next((one for one in history if isinstance(one.event, e.DownloadConfirmed)), None)
    reminded = [one.event.before for one in history if isinstance(one.event, e.ReminderDue)]
    missed = [
        before
        for one in history
        if isinstance(one.event, e.RemindersMissed)
        for before in one.event.missed
    ]
    waiver = run.waiver
    return DataCopy(
        outcome=plain(outcome(run, tr), names),
        keep=run.keep_copy,
        window_seconds=run.policy.window,
        last_seen_at=run.removed_at or run.last_seen_at,
        missing_at=run.missing_at,
        deadline=run.deadline,
        reminded=tuple(dict.fromkeys(reminded)),
        missed=tuple(dict.fromkeys(missed)),
        downloaded=run.downloaded,
        downloaded_by=confirmed.actor.id if confirmed else "",
        downloaded_at=confirmed.at if confirmed else None,
        where=run.copy_location,
        backup=_backup(run.backup, run) if run.backup else None,
        waived_by=waiver.by if waiver else "",
        waived_at=waiver.at if waiver else None,
        waived_reason=waiver.reason if waiver else "",
    )


def _backup(made: Backup, run: Run) -> BackupShown:
    return BackupShown(
        directory=made.directory,
        manifest_sha256=made.manifest_sha256,
        files=made.files,
        rows=made.rows,
        bytes=made.bytes,
        began=made.began,
        counts=run.current_backup is not None,
        gap_count=made.gap_count,
        hidden=made.hidden,
    )


def _chain(material: Material, run: Run) -> Chain:
    last = material.history[-1]
    return Chain(
        seq=last.recorded.seq,
        hash=last.hash,
        key=last.hash.partition(".")[2],
        check=material.check,
        problems=material.problems,
        command=f"sunset audit verify --run {run.id}",
    )
