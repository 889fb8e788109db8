"""Starting, the plan, and both approval gates."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from workflows import commands as c
from workflows import events as e
from workflows.errors import Refused
from workflows.rules.shown import plan_digest, removal_digest
from workflows.run import Run
from workflows.states import State
from workflows.text import N_
from workflows.values import Reason

CONFIRMATIONS = ("P0a", "P0b", "P0c")


def start(action: c.StartRun, command: c.Command) -> list[e.Event]:
    """Start a run, if everything was confirmed and a quorum can be reached at all."""
    missing = [step for step in CONFIRMATIONS if step not in action.confirmed]
    if missing:
        raise Refused(
            "not_confirmed",
            N_("Not everything was confirmed ({steps}).", steps=", ".join(missing)),
            N_("Read and tick each of the sentences, then start again."),
        )
    others = set(action.eligible_approvers) - {command.actor.id}
    _refuse_unreachable(action, others)
    strangers = [person for person in action.approvers if person not in others]
    if strangers:
        raise Refused(
            "not_an_approver",
            N_("<@{person}> may not approve this request.", person=strangers[0]),
            N_("Choose from the approvers only; you cannot approve your own request."),
        )
    return [
        e.RunStarted(
            run_id=action.run_id,
            account=action.account,
            reason=action.reason,
            note=action.note,
            approvers=action.approvers,
            eligible_approvers=tuple(sorted(others)),
            policy=action.policy,
        )
    ]


def record_plan(run: Run, action: c.RecordPlan, command: c.Command, now: datetime) -> list[e.Event]:
    """Take the plan in; approvals will be bound to its digest."""
    return [e.PlanRecorded(plan=action.plan, digest=plan_digest(run, action.plan))]


def _refuse_unreachable(action: c.StartRun, others: set[str]) -> None:
    """Refuse a run of which it is known that its gates can never be passed."""
    needed = action.policy.highest_quorum
    if len(others) < needed:
        raise Refused(
            "quorum_unreachable",
            N_(
                "{quorum} approvals are required, but only {people} others may approve.",
                quorum=needed,
                people=len(others),
            ),
            N_("Ask the operator to change SUNSET_APPROVERS or SUNSET_REQUIRED_APPROVALS."),
        )
    members = {
        person: tuple(name for name, people in action.group_members.items() if person in people)
        for person in others
    }
    missing = unrepresented(action.policy.groups, members)
    if missing:
        raise Refused(
            "groups_unreachable",
            N_("Nobody else who may approve can stand for {groups}.", groups=", ".join(missing)),
            N_("Ask the operator to change SUNSET_APPROVAL_GROUPS."),
        )


def unrepresented(groups: Sequence[str], members: Mapping[str, Collection[str]]) -> tuple[str, ...]:
    """Return the groups that nobody stands for; each person stands for one group at most.

    *members* are people with the groups that they are in. People are matched to groups so that as
    many groups as possible are represented (augmenting paths).
    """
    stands_for: dict[str, str] = {}

    def place(group: str, tried: set[str]) -> bool:
        for person in sorted(members):
            if group not in members[person] or person in tried:
                continue
            tried.add(person)
            if person not in stands_for or place(stands_for[person], tried):
                stands_for[person] = group
                return True
        return False

    return tuple(group for group in groups if not place(group, set()))


def missing_groups(run: Run) -> tuple[str, ...]:
    """Return the groups that the approvals given so far leave out."""
    return unrepresented(run.policy.groups, _votes(run))


def _votes(run: Run) -> dict[str, tuple[str, ...]]:
    return {one: run.vote_groups.get(one, ()) for one in run.votes}


def quorum_of(run: Run) -> int:
    """Return how many approvals the gate that is open needs."""
    if gate_of(run) == "removal" and run.policy.removal_quorum is not None:
        return run.policy.removal_quorum
    return run.policy.quorum


def retake_plan(run: Run, action: c.Action, command: c.Command, now: datetime) -> list[e.Event]:
    """Make the plan anew."""
    return [e.PlanRequested()]


def acknowledge(run: Run, action: c.Action, command: c.Command, now: datetime) -> list[e.Event]:
    """Note that the requester insists in spite of P0c."""
    if not needs_acknowledgement(run):
        raise Refused(
            "nothing_to_acknowledge",
            N_("There is nothing to confirm here any more."),
            N_("The run waits for its approvals."),
        )
    return [e.AdviceAcknowledged()]


def needs_acknowledgement(run: Run) -> bool:
    """Say whether P0c has to be confirmed once more before anyone may approve."""
    return run.reason is Reason.SYNC_PROBLEM and not run.advice_acknowledged


def gate_of(run: Run) -> e.Gate:
    """Return the gate that is open in the run's state."""
    return "plan" if run.state is State.AWAITING_APPROVAL else "removal"


def digest_in_force(run: Run) -> str:
    """Return the digest that approvals are bound to now: of everything that their message shows."""
    if gate_of(run) == "removal":
        return removal_digest(run)
    return "" if run.plan is None else plan_digest(run, run.plan)


def plan_bound(run: Run) -> str:
    """Return the digest of the plan's message: the one in force, later the one approved."""
    if run.state is State.AWAITING_APPROVAL:
        return digest_in_force(run)
    return run.approved.get("plan", run.plan_digest)


def shown(run: Run) -> str:
    """Return the beginning of that digest, as messages and buttons carry it."""
    return digest_in_force(run)[: c.SHOWN_CHARACTERS]


def approve(run: Run, action: c.Approve, command: c.Command, now: datetime) -> list[e.Event]:
    """Count one person's approval; with the quorum, pass the gate."""
    person = command.actor.id
    if needs_acknowledgement(run) and run.state is State.AWAITING_APPROVAL:
        raise Refused(
            "advice_pending",
            N_("The stated reason is a sync problem; the requester has to confirm once more."),
            N_("Wait until <@{person}> has answered, or talk to them.", person=run.requester),
        )
    refuse_own_word(run, person)
    _refuse_lapsed(run, now)
    if person in run.votes:
        raise Refused(
            "already_approved",
            N_("You have approved this already; a person counts once."),
            N_("Nothing more is needed from you here."),
        )
    bound_to = digest_in_force(run)
    if not bound_to.startswith(action.shown):
        raise Refused(
            "digest_changed",
            N_("What you were shown is not what would be approved now."),
            N_("Read the latest message in the thread, and approve there."),
        )
    groups = tuple(sorted(command.groups.intersection(run.policy.groups)))
    approved = e.Approved(gate=gate_of(run), digest=bound_to, groups=groups)
    return _counted(run, command, [approved], {**_votes(run), person: groups}, run.consent)


def withdraw(
    run: Run, action: c.WithdrawApproval, command: c.Command, now: datetime
) -> list[e.Event]:
    """Take one person's approval back."""
    if command.actor.id not in run.votes:
        raise Refused(
            "not_approved",
            N_("You have not approved this, so there is nothing to withdraw."),
            N_("Nothing needs to be done."),
        )
    return [e.ApprovalWithdrawn(gate=gate_of(run))]


def consent(run: Run, action: c.Action, command: c.Command, now: datetime) -> list[e.Event]:
    """Note the ticked sentence of consent (P3e); with the quorum, pass the removal gate."""
    if run.consent:
        raise Refused(
            "already_consented",
            N_("The consent was given already."),
            N_("The run waits for its approvals."),
        )
    _refuse_lapsed(run, now)
    given = e.ConsentGiven(digest=digest_in_force(run))
    return _counted(run, command, [given], _votes(run), consented=True)


def decline(run: Run, action: c.Decline, command: c.Command, now: datetime) -> list[e.Event]:
    """End the run with the approver's reason."""
    refuse_own_word(run, command.actor.id)
    if not action.reason.strip():
        raise Refused(
            "reason_missing",
            N_("A reason is needed to decline."),
            N_("Write one sentence, so that the requester knows what to change."),
        )
    return [e.Declined(gate=gate_of(run), reason=action.reason.strip())]


def lapse(run: Run) -> list[e.Event]:
    """Let the open gate's approvals lapse; before anything was touched, the run expires."""
    if run.state is State.AWAITING_APPROVAL:
        return [e.ApprovalsLapsed(gate="plan"), e.RunExpired()]
    return [e.ApprovalsLapsed(gate="removal")]


def lapse_soon(run: Run) -> list[e.Event]:
    """Say once that the time for approvals is nearly over, to those who are still wanted."""
    at = run.since + timedelta(seconds=run.policy.approval_ttl)
    return [e.ApprovalsLapseSoon(gate=gate_of(run), lapse_at=at, wanted=still_wanted(run))]


def still_wanted(run: Run) -> tuple[str, ...]:
    """Return whose answer the open gate lacks: approvers, and who has to confirm or consent."""
    if needs_acknowledgement(run) and run.state is State.AWAITING_APPROVAL:
        return (run.responsible,)
    asked = run.approvers or run.eligible_approvers
    enough = len(run.votes) >= quorum_of(run) and not missing_groups(run)
    left = () if enough else tuple(one for one in asked if one not in run.votes)
    wanted = tuple(one for one in left if may_decide(run, one))
    consents = gate_of(run) == "removal" and not run.consent
    return (*wanted, run.responsible) if consents else wanted


def _refuse_lapsed(run: Run, now: datetime) -> None:
    """Refuse what comes after the time for approvals, even where its timer has not fired yet."""
    if now >= run.since + timedelta(seconds=run.policy.approval_ttl):
        raise Refused(
            "approvals_lapsed",
            N_("The time for approvals is over; those given so far have lapsed."),
            N_("Look at the latest message in the thread."),
        )


def may_decide(run: Run, person: str) -> bool:
    """Say whether a person is far enough from a run to approve or decline it."""
    return person not in {run.requester, run.responsible, *run.were_responsible}


def refuse_own_word(run: Run, person: str) -> None:
    """Refuse the decision of whoever asked for the run, or is or was responsible for it."""
    if not may_decide(run, person):
        raise Refused(
            "own_request",
            N_("Whoever asked for this run, or is or was responsible for it, cannot decide on it."),
            N_("Ask another approver."),
        )


def _voided(
    gate: e.Gate, command: c.Command, votes: dict[str, tuple[str, ...]]
) -> list[e.ApprovalVoided]:
    """Return which votes lapse: of people who may approve no more, or have left their group."""
    voided: list[e.ApprovalVoided] = []
    for person, groups in sorted(votes.items()):
        if command.approvers_now is not None and person not in command.approvers_now:
            voided.append(e.ApprovalVoided(gate=gate, person=person))
        elif command.members_now is not None:
            members = command.members_now
            left = tuple(name for name in groups if person not in members.get(name, ()))
            if left:
                voided.append(e.ApprovalVoided(gate=gate, person=person, left=left))
    return voided


def _counted(
    run: Run,
    command: c.Command,
    given: list[e.Event],
    votes: dict[str, tuple[str, ...]],
    consented: bool,
) -> list[e.Event]:
    """Leave out the votes of people who may approve no more; with the quorum, pass the gate."""
    gate = gate_of(run)
    voided = _voided(gate, command, votes)
    gone = {event.person for event in voided}
    counted = {one: groups for one, groups in votes.items() if one not in gone}
    events = [*given, *voided]
    complete = len(counted) >= quorum_of(run) and not unrepresented(run.policy.groups, counted)
    if not complete or (gate == "removal" and not consented):
        return events
    passed = e.GatePassed(gate=gate, digest=digest_in_force(run), approvers=tuple(sorted(counted)))
    return [*events, passed]
