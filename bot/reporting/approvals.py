"""The approvals: each round of asking with what was shown, who answered what, how it ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from bot.reporting.model import Approval, Gate, ObjectShown, PlanShown, RemovalShown, Vote
from bot.reporting.phases import states
from handlers.views.words import summed
from workflows import events as e
from workflows.rules.approval import digest_in_force
from workflows.run import Run
from workflows.states import State

_VOTES = (
    e.Approved
    | e.ApprovalWithdrawn
    | e.ApprovalVoided
    | e.Declined
    | e.ConsentGiven
    | e.AdviceAcknowledged
)


@dataclass
class _Round:
    """A round that is being read."""

    gate: Gate
    digest: str
    """What decides whether approvals stand."""
    shown: str
    """What was asked about, with everything that approvers see of it."""
    asked_at: datetime
    asked: Run
    votes: list[Vote] = field(default_factory=list)
    outcome: Literal["passed", "declined", "lapsed", "reopened", "ended", "open"] = "open"
    decided_at: datetime | None = None
    approvers: tuple[str, ...] = ()


def approvals(history: Sequence[e.Recorded]) -> tuple[Approval, ...]:
    """Return every round of asking, oldest first.

    A round begins where the run begins to wait for approval of something, and where that is another
    thing than before.
    """
    rounds: list[_Round] = []
    for recorded, _before, after in states(history):
        last = rounds[-1] if rounds and rounds[-1].outcome == "open" else None
        if last is not None:
            _answered(last, recorded)
            _ended(last, recorded, after)
        fresh = _opened(recorded, after, last)
        if fresh is not None:
            rounds.append(fresh)
    return tuple(map(_approval, rounds))


def _opened(recorded: e.Recorded, after: Run, last: _Round | None) -> _Round | None:
    """Return a new round if this event opens one."""
    gate: Gate | None = _gate(after)
    if gate is None or (last is not None and last.outcome == "open"):
        return None
    return _Round(gate, _digest(after, gate), digest_in_force(after), recorded.at, after)


def _gate(run: Run) -> Gate | None:
    if run.state is State.AWAITING_APPROVAL:
        return "plan"
    return "removal" if run.state is State.AWAITING_REMOVAL_APPROVAL else None


def _digest(run: Run, gate: Gate) -> str:
    return run.plan_digest if gate == "plan" else run.removal_digest


def _answered(known: _Round, recorded: e.Recorded) -> None:
    """Note what somebody did about it."""
    event, by = recorded.event, recorded.actor.id
    if not isinstance(event, _VOTES):
        return
    given = {"seq": recorded.seq, "at": recorded.at}
    match event:
        case e.Approved():
            vote = Vote(
                person=by, did="approved", digest=event.digest, groups=event.groups, **given
            )
        case e.ApprovalWithdrawn():
            vote = Vote(person=by, did="withdrew", **given)
        case e.ApprovalVoided():
            vote = Vote(person=event.person, did="no_longer_may", groups=event.left, **given)
        case e.Declined():
            vote = Vote(person=by, did="declined", reason=event.reason, **given)
        case e.ConsentGiven():
            vote = Vote(person=by, did="consented", digest=event.digest, **given)
        case e.AdviceAcknowledged():
            vote = Vote(person=by, did="acknowledged", **given)
    known.votes.append(vote)


def _ended(known: _Round, recorded: e.Recorded, after: Run) -> None:
    """Note how the round ended, if it did."""
    event = recorded.event
    if isinstance(event, e.GatePassed):
        known.outcome, known.approvers, known.shown = "passed", event.approvers, event.digest
    elif isinstance(event, e.Declined):
        known.outcome = "declined"
    elif isinstance(event, e.ApprovalsLapsed):
        known.outcome = "lapsed"
    elif after.state.final:
        known.outcome = "lapsed" if isinstance(event, e.RunExpired) else "ended"
    elif _gate(after) != known.gate or _digest(after, known.gate) != known.digest:
        known.outcome = "reopened"
    if known.outcome != "open":
        known.decided_at = recorded.at


def _approval(known: _Round) -> Approval:
    policy = known.asked.policy
    removal = known.gate == "removal"
    return Approval(
        gate=known.gate,
        digest=known.shown,
        asked_at=known.asked_at,
        quorum=(policy.removal_quorum or policy.quorum) if removal else policy.quorum,
        groups=policy.groups,
        plan=None if removal else _plan(known.asked),
        removal=_removal(known.asked) if removal else None,
        votes=tuple(known.votes),
        outcome=known.outcome,
        decided_at=known.decided_at,
        approvers=known.approvers,
    )


def _plan(run: Run) -> PlanShown | None:
    plan = run.plan
    if plan is None:
        return None
    package = plan.inventory.package if plan.inventory else None
    return PlanShown(
        taken_at=plan.taken_at,
        owners=sum(1 for owned in plan.owners if owned.total),
        counts=summed(plan.owners),
        package=package.name if package else "",
        version=package.version if package else "",
        forecast=plan.forecast,
    )


def _removal(run: Run) -> RemovalShown | None:
    asked = run.asked_removal
    if asked is None:
        return None
    inventory = asked.inventory
    return RemovalShown(
        package=inventory.package.name,
        version=inventory.package.version,
        org_id=inventory.org_id,
        org_is_sandbox=inventory.org_is_sandbox,
        components=dict(Counter(part.type for part in inventory.components).most_common()),
        objects=tuple(
            ObjectShown(name=item.name, records=item.records, estimated=item.estimated)
            for item in inventory.objects
        ),
        keep_copy=asked.keep,
        backup_sha256=asked.backup.manifest_sha256 if asked.backup else "",
        waived_by=asked.waiver.by if asked.waiver else "",
    )
