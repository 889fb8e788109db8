"""Starting, the plan, and both approval gates."""

from __future__ import annotations

from datetime import datetime, timedelta

from workflows import commands as c
from workflows import events as e
from workflows.digest import digest
from workflows.errors import Refused
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
    if len(others) < action.policy.quorum:
        raise Refused(
            "quorum_unreachable",
            N_(
                "{quorum} approvals are required, but only {people} others may approve.",
                quorum=action.policy.quorum,
                people=len(others),
            ),
            N_("Ask the operator to change SUNSET_APPROVERS or SUNSET_REQUIRED_APPROVALS."),
        )
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
    return [e.PlanRecorded(plan=action.plan, digest=digest(action.plan))]


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
    """Return the digest that approvals are bound to now."""
    return run.plan_digest if gate_of(run) == "plan" else run.removal_digest


def approve(run: Run, action: c.Action, command: c.Command, now: datetime) -> list[e.Event]:
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
    gate, bound_to = gate_of(run), digest_in_force(run)
    approved = e.Approved(gate=gate, digest=bound_to)
    return [approved, *_pass_gate(run, {*run.votes, person}, run.consent)]


def consent(run: Run, action: c.Action, command: c.Command, now: datetime) -> list[e.Event]:
    """Note the ticked sentence of consent (P3e); with the quorum, pass the removal gate."""
    if run.consent:
        raise Refused(
            "already_consented",
            N_("The consent was given already."),
            N_("The run waits for its approvals."),
        )
    _refuse_lapsed(run, now)
    given = e.ConsentGiven(digest=run.removal_digest)
    return [given, *_pass_gate(run, set(run.votes), consented=True)]


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


def _pass_gate(run: Run, voters: set[str], consented: bool) -> list[e.Event]:
    gate = gate_of(run)
    if len(voters) < run.policy.quorum or (gate == "removal" and not consented):
        return []
    return [
        e.GatePassed(gate=gate, digest=digest_in_force(run), approvers=tuple(sorted(voters))),
    ]
