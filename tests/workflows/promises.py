"""The promises of the design that live in the rules, as checks of a run and of its history."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any

from tests.workflows.driver import Conversation
from tests.workflows.examples import command, example
from tests.workflows.laid import laid, wanted
from tests.workflows.people import own_word
from tests.workflows.reassigning import JobWatch, check_owners_of, check_work_of
from tests.workflows.removing import PackageWatch, check_package_of, removal_digest_of
from workflows import commands as c
from workflows import events as e
from workflows.base import Value
from workflows.decide import ALLOWED, decide
from workflows.digest import canonical
from workflows.evolve import evolve, fold
from workflows.rules.approval import quorum_of, unrepresented
from workflows.rules.package import inventory_digest
from workflows.rules.window import LATE
from workflows.run import Run
from workflows.states import State
from workflows.timers import reminders, timers

AFTER_THE_PLAN_GATE = frozenset(State) - {
    State.PLANNING,
    State.AWAITING_APPROVAL,
    State.DECLINED,
    State.CANCELLED,
    State.EXPIRED,
}
BEFORE_THE_REMOVAL_GATE = frozenset(
    {
        State.PLANNING,
        State.AWAITING_APPROVAL,
        State.DISCONNECTING,
        State.MAPPING_OWNERS,
        State.REASSIGNING,
        State.CLEANING_UP_OWNERS,
        State.CHOOSING_DATA_COPY,
        State.AWAITING_REMOVAL_APPROVAL,
    }
)


class Watch:
    """Follows a history event by event, and checks each against the run before and after it."""

    def __init__(self) -> None:
        self.run: Run | None = None
        self.seen = 0
        self.told: set[int] = set()
        self.voted_for: dict[str, str] = {}
        self.job = JobWatch()
        self.package = PackageWatch()

    def catch_up(self, talk: Conversation, action: c.Action | None = None) -> None:
        """Check all events that are new in *talk*; *action* made them happen."""
        new, self.seen = talk.history[self.seen :], len(talk.history)
        for recorded in new:
            before, self.run = self.run, evolve(self.run, recorded)
            self._check(before, recorded, self.run, action)
        assert self.run == talk.run
        self.package.noticed(talk.state, action)

    def _check(
        self, before: Run | None, recorded: e.Recorded, run: Run, action: c.Action | None
    ) -> None:
        event = recorded.event
        if before is None:
            assert isinstance(event, e.RunStarted)
            return
        assert not before.state.final
        self.package.check(before, recorded, run, action)
        match event:
            case e.DisconnectVerified() | e.OwnersDeletionVerified():
                check_reading(before, event)
            case e.InventoryReconfirmed() | e.InventoryChanged():
                check_comparison(before, event, recorded.at < before.since)
            case e.Approved():
                check_vote(before, event, recorded)
                self.voted_for[recorded.actor.id] = decides(before)
            case e.GatePassed():
                check_gate(before, event, recorded)
                stand = {self.voted_for[person] for person in event.approvers}
                assert stand == {decides(before)}, "a vote was for something else"
            case e.DisconnectReported():
                assert "plan" in before.passed
            case e.UninstallReported() | e.BotRemovalStarted():
                check_removal(before, event)
            case e.Cancelled():
                check_cancelled(before, event, self.job)
                assert run.irreversible == event.irreversible
            case e.ReminderDue():
                self._tell(event.before)
                assert timedelta() <= recorded.at - event.due <= LATE
                assert before.deadline is not None
                assert recorded.at < before.deadline
            case e.RemindersMissed():
                for missed in event.missed:
                    self._tell(missed)
                assert all(due <= recorded.at for due in event.dues)
            case e.WindowEnded():
                assert self.told >= set(reminders(before))
                assert before.deadline is not None
                assert recorded.at >= before.deadline
            case e.ApprovalsLapsed():
                assert recorded.at >= approvals_end(before)
            case _:
                self.job.check(before, event, run, action)

    def _tell(self, reminder: int) -> None:
        assert reminder not in self.told, "a reminder comes once"
        self.told.add(reminder)


def approvals_end(run: Run) -> datetime:
    """Return when the approvals of the open gate lapse."""
    return run.since + timedelta(seconds=run.policy.approval_ttl)


def decides(run: Run) -> str:
    """Return what decides whether a vote stands: the plan, or what goes and how it is kept."""
    if run.state is State.AWAITING_APPROVAL:
        return _sha256(_json(run.plan))
    return removal_digest_of(run)


def digest_of_what_is_shown(run: Run) -> str:
    """Compute the digest in force from what the approvers' message states, itself."""
    plan, policy = run.state is State.AWAITING_APPROVAL, run.policy
    before = run.plan_before if plan else run.removal_before
    stated: dict[str, Any] = {
        "request": {
            "requester": run.requester,
            "reason": run.reason.value,
            "note": run.note,
            "approvers": list(run.approvers),
            "quorum": policy.quorum if plan else policy.removal_quorum or policy.quorum,
            "groups": list(policy.groups),
            "missing": sorted(run.missing),
        },
        "before": "" if before is None else _sha256(_json(before)),
    }
    if plan:
        stated |= {"plan": _json(run.plan)}
    else:
        stated |= {
            "bound": removal_digest_of(run),
            "inventory": _json(run.inventory),
            "keep": run.keep_copy,
            "backup": _json(run.backup),
            "backup_of": run.backup_of,
            "waiver": _json(run.waiver),
            "waiver_of": run.waiver_of,
        }
    return _sha256(stated)


def _json(value: Value | None) -> Any:
    return None if value is None else value.model_dump(mode="json")


def _sha256(data: Any) -> str:
    return hashlib.sha256(canonical(data).encode()).hexdigest()


def check_vote(before: Run, event: e.Approved, recorded: e.Recorded) -> None:
    """A vote is a person's, is not on their own word, counts once, and is on what is shown."""
    assert recorded.actor.kind == "person"
    assert recorded.actor.id not in own_word(before)
    assert recorded.actor.id not in before.votes
    assert event.digest == digest_of_what_is_shown(before)
    assert recorded.at < approvals_end(before)


def check_gate(before: Run, event: e.GatePassed, recorded: e.Recorded) -> None:
    """A gate is passed by the quorum, all of them on what is shown now, and in time."""
    assert len(set(event.approvers)) == len(event.approvers) >= quorum_of(before)
    groups = {person: before.vote_groups[person] for person in event.approvers}
    assert unrepresented(before.policy.groups, groups) == ()
    assert not set(event.approvers) & own_word(before)
    assert set(event.approvers) == set(before.votes)
    assert event.digest == digest_of_what_is_shown(before)
    assert recorded.at < approvals_end(before)
    assert event.gate == "plan" or before.consent


def check_reading(before: Run, event: e.DisconnectVerified | e.OwnersDeletionVerified) -> None:
    """What a person reported is not proved by a reading from before the report."""
    if isinstance(event, e.DisconnectVerified):
        assert before.disconnect_reported_at is not None
        assert event.reading.at >= before.disconnect_reported_at
    elif before.cleanup_reported_at is not None:
        assert event.reading.at >= before.cleanup_reported_at


def check_comparison(
    before: Run, event: e.InventoryReconfirmed | e.InventoryChanged, set_back: bool
) -> None:
    """A package is the approved one if its digest says so, in a reading since the approvals."""
    assert before.inventory is not None
    approved = inventory_digest(before.inventory)
    if isinstance(event, e.InventoryChanged):
        assert inventory_digest(event.inventory) != approved
    else:
        assert event.digest == approved
        assert set_back or event.reading.at >= before.since


def check_cancelled(before: Run, event: e.Cancelled, job: JobWatch) -> None:
    """Whoever cancels is told all that stays as it is, and nothing else."""
    deployed = before.bot_removing and before.rehearsal != ""
    # Once the package is known to be gone, that is told, and not that it may be.
    pressed = before.removed_at is None and (before.uninstall_reported_at is not None or deployed)
    said = {
        *before.irreversible,
        *(["removal_begun"] if pressed else []),
        *(["records_reassigned"] if job.changed or job.doing else []),
    }
    assert set(event.irreversible) == said
    assert len(event.irreversible) == len(said)


def check_removal(before: Run, event: e.UninstallReported | e.BotRemovalStarted) -> None:
    """The package goes after its gate, while it is what was approved; by the bot without a copy."""
    assert before.reconfirmed
    assert "removal" in before.passed
    assert before.removal_digest == removal_digest_of(before)
    assert isinstance(event, e.UninstallReported) or before.keep_copy is False


def check_promises(talk: Conversation) -> None:
    """Check what holds of a run at every moment."""
    run = talk.run
    check_gates_of(run)
    check_evidence_of(run)
    set_timers = [(timer.kind, timer.due) for timer in timers(run)]
    assert len(set(set_timers)) == len(set_timers)
    assert not {f"reminder:{done}" for done in run.reminders_done} & {
        kind for kind, _ in set_timers
    }
    assert not (run.state.final and set_timers)
    if run.state.final or run.state is State.DATA_COPY_WINDOW:
        assert laid(talk) == wanted(talk)
    check_owners_of(run)
    check_package_of(run)
    check_work_of(talk)
    check_prompt_of(talk)


def check_gates_of(run: Run) -> None:
    """Nothing is done before its gate, and nothing is left of a gate that is open again."""
    if run.state in AFTER_THE_PLAN_GATE:
        assert len(set(run.passed["plan"])) >= run.policy.quorum
    if run.state is State.REMOVING_PACKAGE:
        removal = run.policy.removal_quorum or run.policy.quorum
        assert len(set(run.passed["removal"])) >= removal
        assert run.removal_digest == removal_digest_of(run)
    if run.state in BEFORE_THE_REMOVAL_GATE:
        assert "removal" not in run.passed
        assert "removal_approval" not in run.evidence
        assert not run.bot_removing
    if run.state is State.AWAITING_REMOVAL_APPROVAL:
        assert run.removal_digest == removal_digest_of(run)
    if run.state in BEFORE_THE_REMOVAL_GATE | {State.REMOVING_PACKAGE}:
        deciders = set(run.eligible_approvers) - own_word(run)
        assert len(deciders) >= run.policy.quorum, "the next gate can never be passed"
    if not run.state.final:
        assert ("consent" in run.evidence) == run.consent


def check_evidence_of(run: Run) -> None:
    """What is said to be verified has its reading, taken before it was said."""
    if run.state in {State.MAPPING_OWNERS, State.REASSIGNING}:
        assert run.cleanup_reported_at is None
        assert "owners_deleted" not in run.irreversible
        assert "cleanup" not in run.evidence
    for proof in run.evidence.values():
        assert (proof.kind == "verified") == (proof.reading is not None)
        assert proof.reading is None or proof.reading.at <= proof.at
    if run.inventory is not None and not run.state.final:
        assert run.inventory_digest == inventory_digest(run.inventory)


def check_prompt_of(talk: Conversation) -> None:
    """Who is asked may answer, and every choice that is offered would be taken now."""
    run, asked = talk.run, talk.asked
    assert asked.version == run.prompt_version <= run.version
    assert (asked.of == "nobody") == run.state.final
    if asked.of == "approver":
        assert not set(asked.people) & own_word(run)
        assert not set(asked.people) & set(run.votes)
    if run.state is State.DATA_COPY_WINDOW:
        assert asked.due == run.deadline, "the time that is named is never too late"
    choices = [getattr(c, name) for name in asked.choices]
    assert all((run.state, kind) in ALLOWED for kind in choices)
    gates = {State.AWAITING_APPROVAL, State.AWAITING_REMOVAL_APPROVAL}
    late = run.state in gates and talk.now >= approvals_end(run)
    if run.frozen or late:
        return
    for kind in choices:
        action = example(kind, run, talk.now)
        if names_salesforce_only(run, action):
            continue
        decide(run, command(action, run), talk.now)


def names_salesforce_only(run: Run, action: c.Action) -> bool:
    """Say whether an example's target exists in Salesforce alone by now."""
    alone = {owned.owner for owned in run.candidates}
    match action:
        case c.MapOwner() | c.MapRemaining():
            return action.target in alone
        case c.ImportMapping():
            return any(alone & set(one.owners) for one in action.assignments.values())
        case _:
            return False


def check_same_again(talk: Conversation) -> None:
    """The history alone makes the same run, also when it comes from its stored text."""
    assert fold(talk.history) == talk.run
    stored = e.HISTORY.dump_json(talk.history)
    loaded = e.HISTORY.validate_json(stored)
    assert loaded == talk.history
    assert fold(loaded) == talk.run
