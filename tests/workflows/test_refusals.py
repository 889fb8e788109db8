"""Who is refused: each time with a code, what is wrong and what to do. Nothing changes then."""

from __future__ import annotations

import pytest

from tests.workflows import journeys, samples
from tests.workflows.driver import START_QUESTIONS, Conversation, kinds
from tests.workflows.people import ADMINISTRATOR, ANNA, APPROVER, BELA, CARL, DORA, EMIL, ZOE
from workflows import commands as c
from workflows.errors import Refused, SunsetError
from workflows.rules.approval import shown
from workflows.text import N_
from workflows.values import BOT, Actor, Policy, Reason, Role


class TestStarting:
    @pytest.mark.parametrize("step", sorted(START_QUESTIONS))
    def test_needs_every_sentence_confirmed(self, step: str) -> None:
        talk = Conversation()
        with talk.refused("not_confirmed"):
            talk.anna.starts(confirmed=START_QUESTIONS - {step})

    def test_needs_an_administrator(self) -> None:
        talk = Conversation()
        with talk.refused("administrators_only"):
            talk.carl.starts()
        with talk.refused("administrators_only"):
            talk.zoe.starts()

    def test_needs_a_quorum_that_can_be_reached_without_the_requester(self) -> None:
        talk = Conversation()
        with talk.refused("quorum_unreachable"):
            talk.anna.starts(eligible=(ANNA, CARL))

    def test_counts_an_approver_who_is_named_twice_once(self) -> None:
        talk = Conversation()
        with talk.refused("quorum_unreachable"):
            talk.anna.starts(eligible=(CARL, CARL))

    @pytest.mark.parametrize("chosen", [ANNA, ZOE])
    def test_asks_only_those_who_may_approve(self, chosen: str) -> None:
        talk = Conversation()
        with talk.refused("not_an_approver"):
            talk.anna.starts(approvers=(CARL, chosen))

    def test_happens_once(self) -> None:
        talk = journeys.to_planning()
        with talk.refused("not_now"):
            talk.bela.starts()

    def test_a_quorum_is_at_least_one(self) -> None:
        with pytest.raises(ValueError, match="quorum"):
            Policy(quorum=0)

    def test_comes_before_everything_else(self) -> None:
        talk = Conversation()
        with talk.refused("no_run"):
            talk.anna.cancels()
        with talk.refused("no_run"):
            talk.bot.does(c.RecordPlan(plan=samples.plan(talk.now)))


class TestWhoMayDoWhat:
    def test_a_stranger_may_do_nothing(self) -> None:
        talk = journeys.to_approval()
        with talk.refused("approvers_only"):
            talk.zoe.approves()
        with talk.refused("approvers_only"):
            talk.zoe.declines()
        with talk.refused("administrators_only"):
            talk.zoe.cancels()
        with talk.refused("administrators_only"):
            talk.zoe.freezes()

    def test_an_administrator_alone_does_not_approve(self) -> None:
        talk = journeys.to_approval()
        with talk.refused("approvers_only"):
            talk.bela.approves()

    def test_an_approver_alone_does_not_act(self) -> None:
        talk = journeys.to_disconnecting()
        with talk.refused("administrators_only"):
            talk.carl.reports_the_disconnect()

    def test_the_command_line_never_approves(self) -> None:
        talk = journeys.to_approval()
        operator = talk.console(ADMINISTRATOR, APPROVER)
        with talk.refused("console_cannot_approve"):
            operator.approves()
        with talk.refused("console_cannot_approve"):
            operator.declines()
        for tries in (operator.unfreezes, operator.cancels, operator.consents):
            with talk.refused("console_only_freezes"):
                tries()
        assert kinds(operator.freezes()) == ["Frozen"]

    def test_nobody_speaks_for_the_bot(self) -> None:
        talk = journeys.to_planning()
        with talk.refused("bot_only"):
            talk.anna.does(c.RecordPlan(plan=samples.plan(talk.now)))
        with talk.refused("bot_only"):
            talk.console(*Role).does(c.FireTimers(due=()))

    @pytest.mark.parametrize("roles", [frozenset[Role](), frozenset(Role)], ids=["none", "all"])
    def test_the_bot_never_approves(self, roles: frozenset[Role]) -> None:
        talk = journeys.to_approval()
        sent = c.Command(
            actor=BOT,
            roles=roles,
            version=talk.run.prompt_version,
            action=c.Approve(shown=shown(talk.run)),
        )
        with pytest.raises(Refused):
            talk.execute(sent)
        assert talk.run.votes == {}


class TestApproving:
    def test_the_requester_never_approves(self) -> None:
        talk = journeys.to_approval()
        with talk.refused("own_request"):
            talk.anna.approves()
        with talk.refused("own_request"):
            talk.anna.declines()

    def test_the_requester_does_not_approve_after_handing_over_either(self) -> None:
        talk = journeys.to_approval()
        talk.anna.hands_over_to(EMIL)
        with talk.refused("own_request"):
            talk.anna.approves()

    def test_whoever_is_responsible_does_not_approve(self) -> None:
        talk = journeys.to_approval()
        talk.anna.hands_over_to(EMIL)
        with talk.refused("own_request"):
            talk.emil.approves()

    def test_whoever_was_responsible_does_not_approve(self) -> None:
        talk = journeys.to_approval()
        talk.anna.hands_over_to(EMIL)
        talk.emil.hands_over_to(BELA)
        with talk.refused("own_request"):
            talk.emil.approves()
        with talk.refused("own_request"):
            talk.emil.declines()

    def test_a_person_counts_once(self) -> None:
        talk = journeys.to_approval()
        talk.carl.approves()
        with talk.refused("already_approved"):
            talk.carl.approves()
        assert talk.state.value == "awaiting_approval"

    def test_declining_needs_a_reason(self) -> None:
        talk = journeys.to_approval()
        with talk.refused("reason_missing"):
            talk.carl.declines("  ")

    @pytest.mark.parametrize("gate", ["plan", "removal"])
    def test_what_was_approved_too_long_ago_does_not_count(self, gate: str) -> None:
        """Approvals lapse after 24 hours, also when no timer could say so in time."""
        start = journeys.to_approval if gate == "plan" else journeys.to_removal_approval
        talk = start()
        if gate == "removal":
            talk.anna.consents()
        talk.carl.approves()
        talk.wait(hours=25)
        with pytest.raises(Refused):
            talk.dora.approves()
        assert gate not in talk.run.passed

    def test_a_late_consent_does_not_complete_approvals_that_are_too_old(self) -> None:
        talk = journeys.to_removal_approval()
        talk.carl.approves()
        talk.dora.approves()
        talk.wait(hours=25)
        with pytest.raises(Refused):
            talk.anna.consents()
        assert "removal" not in talk.run.passed

    def test_the_advice_is_given_only_to_those_who_need_it(self) -> None:
        talk = journeys.to_approval()
        with talk.refused("nothing_to_acknowledge"):
            talk.anna.insists()

    def test_nobody_approves_before_the_advice_was_answered(self) -> None:
        talk = journeys.to_planning(reason=Reason.SYNC_PROBLEM)
        talk.bot.plans()
        with talk.refused("advice_pending"):
            talk.carl.approves()


def test_a_refusal_carries_everything_a_person_needs() -> None:
    error = Refused("stop", N_("No {thing}.", thing="way"), N_("Turn round."), reference="E1")
    assert isinstance(error, SunsetError)
    assert str(error) == "stop: No way. Turn round."
    assert (error.code, str(error.problem), str(error.remedy), error.reference) == (
        "stop",
        "No way.",
        "Turn round.",
        "E1",
    )


def test_the_same_id_on_the_command_line_is_not_that_person() -> None:
    talk = journeys.to_approval()
    talk.dora.approves()
    sent = c.Command(
        actor=Actor(kind="console", id=DORA),
        roles=frozenset(Role),
        version=talk.run.prompt_version,
        action=c.Approve(shown=shown(talk.run)),
    )
    with pytest.raises(Refused):
        talk.execute(sent)
