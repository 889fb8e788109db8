"""What is asked, of whom, since when, with which choices; and the checklist of all steps."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.workflows import journeys, samples
from tests.workflows.driver import Conversation
from tests.workflows.examples import command, example
from tests.workflows.people import ANNA, BELA, CARL, DORA, EMIL
from workflows import commands as c
from workflows.checklist import STEPS, Mark, checklist
from workflows.decide import ALLOWED, decide
from workflows.prompts import Ask
from workflows.states import State

PROCEDURE = (
    *("P0a", "P0b", "P0c"),
    *("P1a", "P1b", "P1c", "P1d", "P1e"),
    *("P2a", "P2b", "P2c", "P2d", "P2e"),
    *("P3a", "P3b", "P3c", "P3d", "P3e", "P3f"),
    "P4",
)


@pytest.mark.parametrize("moment", journeys.MOMENTS)
def test_every_choice_that_is_offered_is_taken(moment: str) -> None:
    talk = journeys.MOMENTS[moment]()
    for name in talk.asked.choices:
        action = getattr(c, name)
        assert (talk.state, action) in ALLOWED
        sent = command(example(action, talk.run, talk.now), talk.run)
        decide(talk.run, sent, talk.now)


@pytest.mark.parametrize("moment", journeys.MOMENTS)
def test_somebody_is_waited_for_at_every_moment(moment: str) -> None:
    talk = journeys.MOMENTS[moment]()
    asked = talk.asked
    assert (asked.of == "nobody") == talk.state.final
    assert (asked.ask is Ask.OVER) == talk.state.final
    assert asked.since <= talk.now
    assert asked.version == talk.run.prompt_version
    if asked.of in {"administrator", "approver"}:
        assert asked.people
        assert asked.choices


def test_approvers_are_asked_until_they_have_voted() -> None:
    talk = journeys.to_approval()
    assert talk.of("approver")
    assert talk.waits_for(CARL, DORA, EMIL)
    talk.dora.approves()
    assert talk.waits_for(CARL, EMIL)


def test_the_approvers_that_were_chosen_are_asked() -> None:
    talk = Conversation()
    talk.anna.starts(approvers=(DORA, CARL))
    talk.bot.plans()
    assert talk.waits_for(DORA, CARL)
    talk.emil.approves()
    assert talk.run.votes.keys() == {EMIL}


def test_the_responsible_one_is_asked_to_act() -> None:
    talk = journeys.to_disconnecting()
    assert talk.of("administrator")
    assert talk.waits_for(ANNA)
    talk.anna.hands_over_to(BELA)
    assert talk.waits_for(BELA)


def test_a_block_is_waited_for_since_it_arose() -> None:
    talk = journeys.to_planning()
    assert talk.of("bot")
    talk.wait(minutes=4)
    talk.bot.is_blocked()
    assert talk.of("administrator")
    assert talk.asked.since == talk.now
    talk.wait(minutes=4)
    talk.anna.retries()
    assert talk.of("bot")
    assert talk.asked.since == samples.START


def test_the_time_by_which_an_answer_is_needed_is_said() -> None:
    talk = journeys.to_approval()
    assert talk.asked.due == talk.now + timedelta(hours=24)
    assert journeys.to_mapping().asked.due is None


class TestTheChecklist:
    def test_carries_every_step_of_the_procedure_once(self) -> None:
        ids = [one for _, group, _ in STEPS for one in group]
        assert sorted(ids) == sorted(PROCEDURE)

    @pytest.mark.parametrize("moment", journeys.MOMENTS)
    def test_marks_a_step_as_its_evidence_does(self, moment: str) -> None:
        run = journeys.MOMENTS[moment]().run
        for step in checklist(run):
            proof = run.evidence.get(step.name)
            assert step.evidence == proof
            if proof is None:
                assert step.mark in {Mark.OPEN, Mark.WAITING}
            else:
                assert step.mark.value == proof.kind
                assert (step.mark is Mark.VERIFIED) == (proof.reading is not None)

    @pytest.mark.parametrize("state", [state for state in State if not state.final])
    def test_shows_at_most_the_present_step_as_waiting(self, state: State) -> None:
        present = {
            State.PLANNING: State.AWAITING_APPROVAL,
            State.MAPPING_OWNERS: State.REASSIGNING,
        }.get(state, state)
        steps = checklist(journeys.JOURNEYS[state]().run)
        waiting = {step.name for step in steps if step.mark is Mark.WAITING}
        assert waiting <= {name for name, _, at in STEPS if at is present}

    def test_shows_nothing_as_waiting_when_all_is_over(self) -> None:
        steps = checklist(journeys.to_completed().run)
        assert {step.mark for step in steps} == {Mark.VERIFIED, Mark.ATTESTED}

    def test_of_a_run_without_owners_or_package_says_what_was_skipped(self) -> None:
        talk = journeys.to_package_unseen()
        talk.bot.finds_no_package()
        marks = {step.name: step.mark for step in checklist(talk.run)}
        assert marks == {
            "plan_approval": Mark.ATTESTED,
            "disconnect": Mark.VERIFIED,
            "reassign": Mark.SKIPPED,
            "cleanup": Mark.SKIPPED,
            "inventory": Mark.SKIPPED,
            "data_copy": Mark.SKIPPED,
            "removal_approval": Mark.SKIPPED,
            "removal": Mark.VERIFIED,
            "download": Mark.SKIPPED,
        }
