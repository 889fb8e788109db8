"""Messages of their own in the thread, besides the prompt: something worth telling has happened."""

from __future__ import annotations

from slack_sdk.models.blocks import ActionsBlock

from handlers.actions import Act
from handlers.i18n import Translator
from handlers.views import words
from handlers.views.backup import lost_lines
from handlers.views.buttons import make
from handlers.views.describe import describe
from handlers.views.messages import window
from handlers.views.messages.owners import results
from handlers.views.parts import (
    Message,
    actions,
    actor,
    clip,
    context,
    listing,
    mention,
    message,
    outside,
)
from handlers.views.parts import sections as packed
from handlers.views.problems import problem_lines
from workflows import events as e
from workflows.run import Run
from workflows.text import N_

_EMOJI: dict[type[e.Event], str] = {
    e.HandedOver: "🤝",
    e.Frozen: "🧊",
    e.Unfrozen: "▶️",
    e.Blocked: "⛔",
    e.CapabilityMissing: "ℹ️",
    e.DisconnectRefuted: "⚠️",
    e.DisconnectUnverifiable: "⚠️",
    e.OwnersRemain: "⚠️",
    e.NothingToReassign: "⏭️",
    e.PackageAbsent: "⏭️",
    e.ReassignmentWaits: "⏳",
    e.ReassignmentFinished: "🏁",
    e.ReassignmentUndone: "↩️",
    e.InventoryChanged: "⚠️",
    e.BackupWaived: "⚠️",
    e.BackupOutdated: "⚠️",
    e.RemovalStalled: "⚠️",
    e.RemovalFailed: "⚠️",
    e.WindowEnded: "⌛",
    e.ApprovalsLapsed: "⌛",
    e.ApprovalsLapseSoon: "⏳",
    e.ApprovalWithdrawn: "↩️",
    e.ApprovalVoided: "⚠️",
}
_ADVICE = {
    e.Frozen: N_(
        "Nothing leaves Sunset until a second person, an administrator or an approver, unfreezes "
        "the run; answers are refused meanwhile."
    ),
    e.CapabilityMissing: N_("The procedure goes on without it; this is said only once."),
    e.DisconnectRefuted: N_(
        "Salesforce is still connected, or was connected again. Disconnect it in HubSpot, and "
        "report it again; no record is touched before."
    ),
    e.DisconnectUnverifiable: N_(
        "The run goes on with the person's word alone, and says so. Look in HubSpot yourself that "
        "Salesforce is not listed as connected any more."
    ),
    e.OwnersRemain: N_(
        "Press *Delete Salesforce owners* on HubSpot's owner cleanup page, then report it again."
    ),
    e.ReassignmentWaits: N_(
        "Nobody has to do anything: Sunset goes on by itself when HubSpot's limit is reset. "
        "Nothing is lost; what was done stays done and is not done again."
    ),
    e.ReassignmentFinished: N_("What is left is being counted anew."),
    e.ReassignmentUndone: N_("The owners are counted anew; then you can choose again."),
    e.InventoryChanged: N_(
        "Do not uninstall anything now. Approvals and consent given so far no longer count."
    ),
    e.BackupWaived: N_("It counts for the package as it is listed now; approvals are bound to it."),
    e.BackupOutdated: N_(
        "The data has to be backed up anew, or an approver has to waive that. Approvals and "
        "consent given so far no longer count."
    ),
    e.RemovalStalled: N_(
        "There may be others: Salesforce often names only a few at a time. If a person pressed "
        "*Uninstall*, Salesforce mails the reasons to that person; look there too. Remove what "
        "refers to the package, press *Uninstall* again, and report it again."
    ),
    e.RemovalFailed: N_(
        "There may be others: Salesforce often names only a few at a time. Put right what is "
        "named, then try again."
    ),
    e.WindowEnded: N_("What was not downloaded cannot be reached any more."),
}


def notice(run: Run, recorded: e.Recorded, tr: Translator) -> Message:
    """Tell of one event."""
    event = recorded.event
    if isinstance(event, e.RemindersMissed):
        return window.missed_reminders(run, event.missed, tr)
    if isinstance(event, e.HelpRequested):
        return window.asked_who_else(run, actor(recorded.actor, tr), tr)
    line = f"{_EMOJI.get(type(event), 'ℹ️')} {describe(event, tr)}"
    lines = [line, *_details(run, event, tr)]
    advice = _ADVICE.get(type(event))
    if advice is not None:
        lines.append(tr.text(advice))
    calls = _called(run, event)
    if calls:
        lines.append(" ".join(mention(person) for person in calls))
    return message(
        tr("{text} (run {run})", text=line, run=outside(run.id, 64)),
        *packed(lines),
        _buttons(run, event, tr),
        context(signature(recorded, tr)),
    )


def signature(recorded: e.Recorded, tr: Translator) -> str:
    """Write who did something, when, and under which number it stands in the record."""
    return tr(
        "{who} · {when} · event {number}",
        who=actor(recorded.actor, tr),
        when=tr.moment(recorded.at),
        number=recorded.seq,
    )


def _details(run: Run, event: e.Event, tr: Translator) -> list[str]:
    match event:
        case e.Blocked():
            lines = [tr("*What to do:* {remedy}", remedy=_remedy(event, tr))]
            if event.reference:
                reference = outside(event.reference, 120)
                lines.append(tr("Reference: {reference}", reference=reference))
            return lines
        case e.DisconnectRefuted():
            says = words.reading(event.reading, tr, 500)
            return [tr("*Reading:* {says}", says=says)]
        case e.OwnersRemain():
            return listing([outside(owner.label, 80) for owner in event.owners], tr, most=10)
        case e.ReassignmentFinished():
            return results(event.tallies, tr, words.labels(run))
        case e.ReassignmentUndone() if event.left_alone:
            return [tr("The file in the thread lists what was left alone, and whose it is now.")]
        case e.InventoryChanged():
            added = [f"+ {outside(line, 150)}" for line in event.added]
            removed = [f"− {outside(line, 150)}" for line in event.removed]
            return [*listing(added, tr, most=6), *listing(removed, tr, most=6)]
        case e.BackupWaived():
            return lost_lines(run, tr)
        case e.RemovalRehearsed():
            return [_after_rehearsal(event, tr)]
        case e.RemovalStalled():
            return problem_lines(event.blockers, tr, run.inventory)
        case e.RemovalFailed():
            lines = problem_lines(event.problems, tr, run.inventory)
            if event.reference:
                reference = outside(event.reference, 120)
                lines.append(tr("Reference: {reference}", reference=reference))
            return lines
        case _:
            return []


def _after_rehearsal(event: e.RemovalRehearsed, tr: Translator) -> str:
    if event.outcome == "passed":
        return tr(
            "A rehearsal is no proof: Salesforce may still refuse. Sunset goes on with the removal."
        )
    return tr("It is removed without a rehearsal. If Salesforce refuses, nothing is deleted.")


def _remedy(event: e.Blocked, tr: Translator) -> str:
    return clip(tr.text(event.remedy), 1_200)


def _called(run: Run, event: e.Event) -> list[str]:
    """Return who has something to do now that nobody else tells them."""
    needs = (
        e.Blocked
        | e.DisconnectRefuted
        | e.OwnersRemain
        | e.InventoryChanged
        | e.BackupOutdated
        | e.RemovalStalled
        | e.RemovalFailed
    )
    return [run.responsible] if isinstance(event, needs) else []


def _buttons(run: Run, event: e.Event, tr: Translator) -> ActionsBlock | None:
    if isinstance(event, e.Blocked):
        return actions(make(Act.RETRY, run, tr))
    if isinstance(event, e.Frozen):
        return actions(make(Act.UNFREEZE, run, tr))
    return None
