"""One sentence for each kind of event: for the audit channel and for questions that are closed.

The sentences do not name the actor; whoever shows them puts actor and time beside them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from handlers.i18n import Translator
from handlers.views import package_events, reassignment_events, words
from handlers.views.parts import clip, mention, outside, people
from workflows import events as e
from workflows.text import N_, Text

LONG = 2_500
"""Characters of a text from outside: room for a whole reason, and still within a section."""

_Describe = Callable[[Any, Translator], str]

_FIXED: dict[type[e.Event], Text] = {
    e.AdviceAcknowledged: N_(
        "Confirmed once more that uninstalling is wanted, although it does not repair a sync."
    ),
    e.PlanRequested: N_("A new plan is being made; approvals given so far no longer count."),
    e.NothingToReassign: N_(
        "No contact, company or deal belongs to a Salesforce-only owner; step 2 is not needed."
    ),
    e.MappingFileRequested: N_("The mapping was asked for as a file."),
    e.ReassignmentPaused: N_("The reassignment was paused."),
    e.ReassignmentResumed: N_("The reassignment goes on."),
    e.ReassignmentStopped: N_("The job was stopped; what it did is being checked and counted."),
    e.ReassignmentGoesOn: N_("HubSpot takes requests again; the reassignment goes on."),
    e.MappingReopened: N_("Back to choosing HubSpot owners for what is left."),
    e.OwnersDeletionReported: N_("Reported: the Salesforce owners were deleted in HubSpot."),
    e.PackageAbsent: N_("The package is not installed in Salesforce; step 3 is not needed."),
    e.DataCopyReopened: N_(
        "The choice about the data copy is open again; approvals given so far no longer count."
    ),
    e.BackupStopped: N_("The backup was stopped; what it took is not complete and does not count."),
    e.ComparisonLapsed: N_(
        "The comparison with what was approved is too old; it has to be made anew."
    ),
    e.UninstallReported: N_("Reported: *Uninstall* was pressed in Salesforce."),
    e.HelpRequested: N_("Asked who else can download the data copy."),
    e.WindowEnded: N_(
        "The time for downloading the data copy is over, and no download was confirmed."
    ),
    e.RunCompleted: N_("The run is completed."),
    e.RunExpired: N_("Nobody approved in time; the run is over and nothing was touched."),
    e.Unfrozen: N_("The run was unfrozen; it goes on."),
    e.Retried: N_("What was blocked is tried again."),
    e.Recovered: N_("What could not go on for a while goes on by itself."),
    e.CheckRequested: N_("A check was asked for now."),
}
_SAID: dict[type[e.Event], _Describe] = {**reassignment_events.SAID, **package_events.SAID}


def describe(event: e.Event, tr: Translator) -> str:
    """Say in one sentence what happened, as mrkdwn with everything from outside escaped."""
    fixed = _FIXED.get(type(event))
    return tr.text(fixed) if fixed is not None else _SAID[type(event)](event, tr)


def covered() -> frozenset[type[e.Event]]:
    """Return the kinds of event that can be described."""
    return frozenset(_FIXED) | frozenset(_SAID)


def _on(kind: type[e.Event]) -> Callable[[_Describe], _Describe]:
    def register(function: _Describe) -> _Describe:
        _SAID[kind] = function
        return function

    return register


# --- plan and approval ---------------------------------------------------------------------------


@_on(e.RunStarted)
def _started(event: e.RunStarted, tr: Translator) -> str:
    why = words.reason(event.reason, tr)
    if event.note:
        why = f"{why} ({outside(event.note, LONG)})"
    return tr(
        "The uninstall was requested for HubSpot account {portal}: {why}",
        portal=outside(event.account.portal_id),
        why=why,
    )


@_on(e.PlanRecorded)
def _plan(event: e.PlanRecorded, tr: Translator) -> str:
    owners = sum(1 for owned in event.plan.owners if owned.total)
    return tr(
        "The plan was made: {owners} with {records}; plan {digest}.",
        owners=tr.plural("{count} Salesforce-only owner", "{count} Salesforce-only owners", owners),
        records=tr.plural("{count} record", "{count} records", event.plan.total),
        digest=words.short(event.digest),
    )


@_on(e.Approved)
def _approved(event: e.Approved, tr: Translator) -> str:
    digest = words.short(event.digest)
    if event.gate == "plan":
        said = tr("Approved the plan {digest}.", digest=digest)
    else:
        said = tr("Approved the removal {digest}.", digest=digest)
    if not event.groups:
        return said
    groups = ", ".join(outside(name, 40) for name in event.groups)
    return said + " " + tr("In the groups: {groups}.", groups=groups)


@_on(e.ApprovalWithdrawn)
def _withdrawn(event: e.ApprovalWithdrawn, tr: Translator) -> str:
    if event.gate == "plan":
        return tr("The approval of the plan was withdrawn by the one who gave it.")
    return tr("The approval of the removal was withdrawn by the one who gave it.")


@_on(e.ApprovalVoided)
def _voided(event: e.ApprovalVoided, tr: Translator) -> str:
    if event.left:
        return tr(
            "The approval by {who} no longer counts: they are not in {groups} any more. They may "
            "approve again.",
            who=mention(event.person),
            groups=", ".join(outside(name, 40) for name in event.left),
        )
    return tr(
        "The approval by {who} no longer counts: they may not approve any more.",
        who=mention(event.person),
    )


@_on(e.ApprovalsLapseSoon)
def _lapse_soon(event: e.ApprovalsLapseSoon, tr: Translator) -> str:
    told = tr("Approvals lapse {when}.", when=tr.moment(event.lapse_at))
    if not event.wanted:
        return told
    asked = people(event.wanted, tr)
    return told + " " + tr("Not answered yet: {people}.", people=asked)


@_on(e.GatePassed)
def _passed(event: e.GatePassed, tr: Translator) -> str:
    by, digest = people(event.approvers, tr), words.short(event.digest)
    if event.gate == "plan":
        return tr("The plan was approved by {people} ({digest}).", people=by, digest=digest)
    return tr("The removal was approved by {people} ({digest}).", people=by, digest=digest)


@_on(e.Declined)
def _declined(event: e.Declined, tr: Translator) -> str:
    reason = outside(event.reason, LONG)
    if event.gate == "plan":
        return tr("The plan was declined; the run is over. Reason: {reason}", reason=reason)
    return tr("The removal was declined; the run is over. Reason: {reason}", reason=reason)


@_on(e.ApprovalsLapsed)
def _lapsed(event: e.ApprovalsLapsed, tr: Translator) -> str:
    if event.gate == "plan":
        return tr("The plan was not approved in time; approvals given so far no longer count.")
    return tr("The removal was not approved in time; approvals given so far no longer count.")


# --- step 1 --------------------------------------------------------------------------------------


@_on(e.DisconnectReported)
def _reported(event: e.DisconnectReported, tr: Translator) -> str:
    saved = ", ".join(words.object_type(kind, tr) for kind in event.saved_mappings)
    return tr(
        "Reported: Salesforce is disconnected in HubSpot (field mappings saved: {saved}). "
        "Reason given there: {reason}",
        saved=saved or "–",
        reason=outside(event.reason, LONG),
    )


@_on(e.DisconnectVerified)
def _verified(event: e.DisconnectVerified, tr: Translator) -> str:
    says = words.reading(event.reading, tr, LONG)
    return tr("The disconnect is verified: the sync is quiet. Reading: {says}", says=says)


@_on(e.DisconnectRefuted)
def _refuted(event: e.DisconnectRefuted, tr: Translator) -> str:
    when = tr.moment(event.last_sync)
    return tr("The sync still runs: something was synchronised {when}.", when=when)


@_on(e.DisconnectUnverifiable)
def _unverifiable(event: e.DisconnectUnverifiable, tr: Translator) -> str:
    why = clip(tr.text(event.why), LONG)
    return tr("The disconnect cannot be verified and stays attested. {why}", why=why)


# --- step 2 --------------------------------------------------------------------------------------


@_on(e.OwnersRemain)
def _remain(event: e.OwnersRemain, tr: Translator) -> str:
    return tr.plural(
        "{count} Salesforce owner is still listed in HubSpot.",
        "{count} Salesforce owners are still listed in HubSpot.",
        len(event.owners),
    )


@_on(e.OwnersDeletionVerified)
def _deleted(event: e.OwnersDeletionVerified, tr: Translator) -> str:
    says = words.reading(event.reading, tr, LONG)
    return tr("Verified: the Salesforce owners are gone. Reading: {says}", says=says)


# --- the 48 hours --------------------------------------------------------------------------------


@_on(e.ReminderDue)
def _reminder(event: e.ReminderDue, tr: Translator) -> str:
    return tr("A reminder fell due, {lead} before the end.", lead=words.lead(event.before, tr))


@_on(e.RemindersMissed)
def _missed(event: e.RemindersMissed, tr: Translator) -> str:
    return tr.plural(
        "{count} reminder fell due while Sunset was not running.",
        "{count} reminders fell due while Sunset was not running.",
        len(event.missed),
    )


@_on(e.DownloadConfirmed)
def _downloaded(event: e.DownloadConfirmed, tr: Translator) -> str:
    where = outside(event.where, LONG)
    return tr("Confirmed: the data copy was downloaded. It lies here: {where}", where=where)


# --- at any time ---------------------------------------------------------------------------------


@_on(e.Cancelled)
def _cancelled(event: e.Cancelled, tr: Translator) -> str:
    reason = outside(event.reason, LONG) or "–"
    if not event.irreversible:
        return tr(
            "The run was cancelled; nothing irreversible was done. Reason: {reason}", reason=reason
        )
    done = " ".join(words.irreversible(code, tr) for code in event.irreversible)
    return tr(
        "The run was cancelled. Reason: {reason} This stays so: {done}", reason=reason, done=done
    )


@_on(e.HandedOver)
def _handed_over(event: e.HandedOver, tr: Translator) -> str:
    return tr(
        "{to} is responsible now; it was {was} before.",
        to=mention(event.to),
        was=mention(event.was),
    )


@_on(e.Frozen)
def _frozen(event: e.Frozen, tr: Translator) -> str:
    if not event.reason:
        return tr("The run was frozen.")
    return tr("The run was frozen. Reason: {reason}", reason=outside(event.reason, LONG))


@_on(e.Blocked)
def _blocked(event: e.Blocked, tr: Translator) -> str:
    problem = clip(tr.text(event.problem), LONG)
    return tr("Blocked ({code}): {problem}", code=outside(event.code, 60), problem=problem)


@_on(e.CapabilityMissing)
def _missing(event: e.CapabilityMissing, tr: Translator) -> str:
    problem = clip(tr.text(event.problem), LONG)
    return tr(
        "Sunset does without “{capability}”: {problem}",
        capability=outside(event.capability, 60),
        problem=problem,
    )
