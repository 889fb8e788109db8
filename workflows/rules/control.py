"""What can be done at any time: cancel, hand over, freeze, block and retry."""

from __future__ import annotations

from datetime import datetime

from workflows import commands as c
from workflows import events as e
from workflows.errors import Refused
from workflows.rules.approval import may_decide, unrepresented
from workflows.rules.owners import WRITING
from workflows.run import Run
from workflows.states import State
from workflows.text import N_
from workflows.values import Role


def what_stays(run: Run) -> tuple[str, ...]:
    """Return codes of everything that stays as it is when the run ends now."""
    codes = list(run.irreversible)
    if run.removal_begun and run.removed_at is None:
        # Though nobody has seen the result yet: better told once too often.
        codes.append("removal_begun")
    if run.records_changed or run.job_state in WRITING:
        # What a job has done so far is known only at its end.
        codes.append("records_reassigned")
    return tuple(dict.fromkeys(codes))


def cancel(run: Run, action: c.Cancel, command: c.Command, now: datetime) -> list[e.Event]:
    """End the run; the event lists what stays as it is."""
    return [e.Cancelled(reason=action.reason.strip(), irreversible=what_stays(run))]


def hand_over(run: Run, action: c.HandOver, command: c.Command, now: datetime) -> list[e.Event]:
    """Make another administrator responsible."""
    if Role.ADMINISTRATOR not in action.to_roles:
        raise Refused(
            "not_an_administrator",
            N_("<@{person}> is not an administrator of Sunset.", person=action.to),
            N_("Choose somebody from SUNSET_ADMINS, or ask the operator to add this person."),
        )
    if action.to == run.responsible:
        raise Refused(
            "already_responsible",
            N_("<@{person}> is responsible already.", person=action.to),
            N_("Nothing needs to be done."),
        )
    if run.waiver is not None and run.waiver.by == action.to and not _removed(run):
        raise Refused(
            "waived_backup",
            N_("<@{person}> waived the backup, so this cannot be their own run.", person=action.to),
            N_("Hand over to another administrator."),
        )
    if action.to in run.passed.get("removal", ()) and not _removed(run):
        raise Refused(
            "approved_removal",
            N_(
                "<@{person}> approved the removal, so this cannot be their own run.",
                person=action.to,
            ),
            N_("Hand over to another administrator."),
        )
    left = {person for person in run.eligible_approvers if may_decide(run, person)} - {action.to}
    # A gate that was passed opens again when the package changes or the choice is reconsidered.
    if not _removed(run) and len(left) < run.policy.highest_quorum:
        raise Refused(
            "quorum_unreachable",
            N_(
                "Then only {people} people could approve, but {quorum} approvals are required.",
                people=len(left),
                quorum=run.policy.highest_quorum,
            ),
            N_("Hand over to an administrator who is not needed as an approver."),
        )
    _refuse_without_groups(run, action, left)
    return [e.HandedOver(to=action.to, was=run.responsible)]


def _refuse_without_groups(run: Run, action: c.HandOver, left: set[str]) -> None:
    """Refuse to take away the last person who can stand for a group at a gate to come."""
    if action.group_members is None or _removed(run):
        return
    members = {
        person: tuple(name for name, people in action.group_members.items() if person in people)
        for person in left
    }
    missing = unrepresented(run.policy.groups, members)
    if missing:
        raise Refused(
            "groups_unreachable",
            N_("Then nobody could stand for {groups} at the approvals.", groups=", ".join(missing)),
            N_("Hand over to an administrator who is not needed as an approver."),
        )


def _removed(run: Run) -> bool:
    """Say whether nothing is left to approve or to waive."""
    return run.state is State.DATA_COPY_WINDOW


def freeze(run: Run, action: c.Freeze, command: c.Command, now: datetime) -> list[e.Event]:
    """Let nothing leave the bot."""
    return [e.Frozen(reason=action.reason.strip())]


def unfreeze(run: Run, action: c.Action, command: c.Command, now: datetime) -> list[e.Event]:
    """Lift the freeze; never by whoever froze."""
    if not run.frozen:
        raise Refused("not_frozen", N_("The run is not frozen."), N_("Nothing needs to be done."))
    if command.actor.id == run.frozen_by:
        raise Refused(
            "own_freeze",
            N_("You froze this run yourself; a second person has to lift that."),
            N_("Ask another administrator, or an approver."),
        )
    return [e.Unfrozen()]


def blocked(run: Run, action: c.RecordBlocked, command: c.Command, now: datetime) -> list[e.Event]:
    """Note what has to be mended before the step can go on."""
    if run.blocked is not None and run.blocked.code == action.code:
        return []
    return [
        e.Blocked(
            code=action.code,
            problem=action.problem,
            remedy=action.remedy,
            reference=action.reference,
            job=action.job,
        )
    ]


def retry(run: Run, action: c.Action, command: c.Command, now: datetime) -> list[e.Event]:
    """Try again what was blocked."""
    if run.blocked is None:
        raise Refused("not_blocked", N_("Nothing is blocked."), N_("Nothing needs to be done."))
    return [e.Retried()]


def recovered(
    run: Run, action: c.RecordRecovered, command: c.Command, now: datetime
) -> list[e.Event]:
    """Note that what was blocked goes on by itself."""
    if run.blocked is None or run.blocked.job not in {"", action.job}:
        return []
    return [e.Recovered()]


def check_now(run: Run, action: c.Action, command: c.Command, now: datetime) -> list[e.Event]:
    """Look at the vendor now."""
    return [e.CheckRequested()]


def missing(
    run: Run, action: c.RecordCapabilityMissing, command: c.Command, now: datetime
) -> list[e.Event]:
    """Say once that something is not granted which the procedure can do without."""
    if action.capability in run.missing:
        return []
    return [e.CapabilityMissing(capability=action.capability, problem=action.problem)]
