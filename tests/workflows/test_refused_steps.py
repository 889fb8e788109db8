"""Answers that are refused: stale, repeated, or wrong for the step. Nothing changes then."""

from __future__ import annotations

import pytest

from tests.workflows import journeys, samples
from tests.workflows.driver import Conversation, kinds
from tests.workflows.people import ANNA, BELA, CARL, DORA, EMIL, ZOE
from workflows import commands as c
from workflows.rules.approval import shown
from workflows.states import FINAL
from workflows.values import CORE_OBJECTS, Policy, Role


class TestStaleAnswers:
    ANSWERS = (
        ("awaiting_approval", c.Approve(shown="0" * 12), CARL),
        ("awaiting_approval", c.RetakePlan(), ANNA),
        ("mapping_owners", c.MapRemaining(target=samples.HUGO), ANNA),
        ("choosing_data_copy", c.ChooseDataCopy(keep=True), ANNA),
        ("awaiting_removal_approval", c.GiveConsent(), ANNA),
        ("removing_package", c.ReportUninstalled(), ANNA),
        ("data_copy_window", c.ConfirmDownloaded(where="vault"), ANNA),
    )

    @pytest.mark.parametrize(
        ("moment", "answer", "who"), ANSWERS, ids=[type(one[1]).__name__ for one in ANSWERS]
    )
    def test_an_answer_to_another_question_is_refused(
        self, moment: str, answer: c.Action, who: str
    ) -> None:
        talk = journeys.MOMENTS[moment]()
        now = talk.run.prompt_version
        for version in (None, 0, now - 1, now + 1):
            with talk.refused("stale_prompt"):
                talk.person(who).does(answer, version)
        if isinstance(answer, c.Approve):
            answer = c.Approve(shown=shown(talk.run))
        assert talk.person(who).does(answer, now)

    def test_the_same_answer_twice_is_refused(self) -> None:
        talk = journeys.to_disconnecting()
        asked = talk.run.prompt_version
        talk.anna.reports_the_disconnect()
        again = c.ReportDisconnected(
            reason="twice", phrase="Uninstall Salesforce", saved_mappings=frozenset(CORE_OBJECTS)
        )
        with talk.refused("stale_prompt"):
            talk.anna.does(again, asked)
        with talk.refused("already_reported"):
            talk.anna.does(again)

    def test_what_answers_nothing_needs_no_version(self) -> None:
        talk = journeys.to_mapping()
        assert kinds(talk.bela.does(c.Freeze(), None)) == ["Frozen"]
        assert kinds(talk.carl.does(c.Unfreeze(), None)) == ["Unfrozen"]
        assert kinds(talk.bela.does(c.Cancel(), None)) == ["Cancelled"]


class TestDisconnecting:
    @pytest.mark.parametrize(
        "phrase", ["", "uninstall salesforce", "Odinstaluj Salesforce", "Uninstall  Salesforce"]
    )
    def test_the_phrase_must_be_typed_exactly(self, phrase: str) -> None:
        talk = journeys.to_disconnecting()
        with talk.refused("phrase_wrong"):
            talk.anna.reports_the_disconnect(phrase=phrase)

    def test_the_reason_must_be_given(self) -> None:
        talk = journeys.to_disconnecting()
        with talk.refused("reason_missing"):
            talk.anna.reports_the_disconnect(reason=" ")

    @pytest.mark.parametrize("unsaved", CORE_OBJECTS)
    def test_every_mapping_must_be_ticked(self, unsaved: str) -> None:
        talk = journeys.to_disconnecting()
        with talk.refused("mappings_not_saved"):
            talk.anna.reports_the_disconnect(
                saved=tuple(kind for kind in CORE_OBJECTS if kind != unsaved)
            )

    def test_nothing_is_verified_that_nobody_reported(self) -> None:
        talk = journeys.to_disconnecting()
        for claim in (talk.bot.finds_the_sync_quiet, talk.bot.finds_the_sync_running):
            with talk.refused("nothing_to_verify"):
                claim()


class TestOwners:
    def test_only_salesforce_only_owners_are_mapped(self) -> None:
        talk = journeys.to_mapping()
        with talk.refused("unknown_owner"):
            talk.anna.maps(samples.HELEN, samples.HUGO)

    def test_records_never_go_to_another_salesforce_only_owner(self) -> None:
        talk = journeys.to_mapping()
        with talk.refused("target_is_salesforce_only"):
            talk.anna.maps(samples.SAM, samples.SUE)
        with talk.refused("target_is_salesforce_only"):
            talk.anna.maps_the_rest_to(samples.QUEUE)

    def test_the_mapping_must_be_complete(self) -> None:
        talk = journeys.to_mapping()
        talk.anna.maps(samples.SAM, samples.HELEN)
        with talk.refused("mapping_incomplete"):
            talk.anna.confirms_the_mapping()

    def test_there_must_be_something_left_to_map(self) -> None:
        talk = journeys.to_mapping()
        talk.anna.takes_the_suggestions()
        with talk.refused("no_suggestions"):
            talk.anna.takes_the_suggestions()
        talk.anna.maps_the_rest_to(samples.HUGO)
        with talk.refused("nothing_unmapped"):
            talk.anna.maps_the_rest_to(samples.HUGO)

    def test_the_job_must_be_in_the_right_state(self) -> None:
        talk = journeys.to_reassigning()
        for early in (talk.anna.resumes, talk.anna.tries_the_rest_again, talk.anna.undoes):
            with talk.refused("job_state"):
                early()
        with talk.refused("job_not_running"):
            talk.bot.finishes_the_job(job=7)
        with talk.refused("job_not_running"):
            talk.bot.finishes_the_undo()
        talk.anna.pauses()
        with talk.refused("job_state"):
            talk.anna.pauses()

    def test_there_must_be_something_to_undo(self) -> None:
        talk = journeys.to_mapping()
        with talk.refused("nothing_to_undo"):
            talk.anna.undoes()

    def test_nothing_is_given_back_to_deleted_owners(self) -> None:
        talk = journeys.to_cleanup()
        talk.anna.reports_the_owners_deleted()
        with talk.refused("owners_deleted"):
            talk.anna.undoes()

    def test_the_deletion_is_reported_once(self) -> None:
        talk = journeys.to_cleanup()
        talk.anna.reports_the_owners_deleted()
        with talk.refused("already_reported"):
            talk.anna.reports_the_owners_deleted()


class TestThePackage:
    def test_the_choice_waits_for_the_inventory(self) -> None:
        talk = journeys.to_inventory_pending()
        with talk.refused("inventory_pending"):
            talk.anna.keeps_a_copy()
        with talk.refused("inventory_pending"):
            talk.anna.confirms_no_copy()
        with talk.refused("inventory_pending"):
            talk.anna.reconsiders()

    def test_the_second_confirmation_needs_a_first(self) -> None:
        talk = journeys.to_data_copy_choice()
        with talk.refused("nothing_to_confirm"):
            talk.anna.confirms_no_copy()

    def test_the_consent_is_given_once(self) -> None:
        talk = journeys.to_removal_approval()
        talk.anna.consents()
        with talk.refused("already_consented"):
            talk.anna.consents()

    def test_nothing_is_pressed_before_the_package_was_read_again(self) -> None:
        talk = journeys.to_reconfirmation()
        with talk.refused("not_reconfirmed"):
            talk.anna.reports_the_uninstall()

    def test_the_bot_removes_nothing_while_a_copy_is_wanted(self) -> None:
        talk = journeys.to_removing()
        with talk.refused("copy_wanted"):
            talk.anna.lets_the_bot_remove_it()

    def test_the_removal_is_started_once(self) -> None:
        talk = journeys.to_removing_without_copy()
        talk.anna.lets_the_bot_remove_it()
        for again in (talk.anna.lets_the_bot_remove_it, talk.anna.reports_the_uninstall):
            with talk.refused("removal_started"):
                again()
        with talk.refused("removal_started"):
            talk.anna.reconsiders()

    def test_it_must_be_said_where_the_copy_is(self) -> None:
        talk = journeys.to_window()
        with talk.refused("location_missing"):
            talk.anna.downloaded(" ")


class TestAtAnyTime:
    def test_only_administrators_take_over(self) -> None:
        talk = journeys.to_mapping()
        for person in (CARL, ZOE):
            with talk.refused("not_an_administrator"):
                talk.anna.hands_over_to(person)
        with talk.refused("already_responsible"):
            talk.anna.hands_over_to(ANNA)

    @pytest.mark.parametrize("moment", ["awaiting_approval", "mapping_owners", "reconfirmation"])
    def test_nobody_takes_over_who_is_needed_as_an_approver(self, moment: str) -> None:
        """Otherwise the next gate could never be passed."""
        talk = journeys.MOMENTS[moment](Policy(quorum=2))
        talk.anna.hands_over_to(EMIL)
        if moment == "reconfirmation":
            talk.bot.reads_the_package(samples.inventory("Hub", "Sync", "Added"))
        with talk.refused("quorum_unreachable"):
            talk.emil.hands_over_to(CARL, Role.ADMINISTRATOR)
        assert kinds(talk.emil.hands_over_to(BELA)) == ["HandedOver"]
        with talk.refused("quorum_unreachable"):
            talk.bela.hands_over_to(DORA, Role.ADMINISTRATOR)

    def test_a_gate_that_opens_again_can_still_be_passed(self) -> None:
        talk = journeys.to_removing()
        talk.anna.hands_over_to(EMIL)
        with talk.refused("approved_removal"):
            talk.emil.hands_over_to(CARL, Role.ADMINISTRATOR)
        talk.bot.reads_the_package(samples.inventory("Hub", "Sync", "Added"))
        with talk.refused("quorum_unreachable"):
            talk.emil.hands_over_to(CARL, Role.ADMINISTRATOR)
        talk.emil.consents()
        talk.carl.approves()
        assert kinds(talk.dora.approves()) == ["Approved", "GatePassed"]

    def test_the_last_approvers_are_kept_from_the_start_on(self) -> None:
        talk = Conversation()
        talk.anna.starts(eligible=(CARL, EMIL))
        with talk.refused("quorum_unreachable"):
            talk.anna.hands_over_to(EMIL)
        assert kinds(talk.anna.hands_over_to(BELA)) == ["HandedOver"]

    def test_whoever_is_no_approver_takes_nothing_away_by_taking_over(self) -> None:
        """Neither does the requester, who never was one for this run."""
        talk = Conversation()
        talk.anna.starts(eligible=(CARL, EMIL))
        talk.anna.hands_over_to(BELA)
        assert kinds(talk.bela.hands_over_to(ANNA)) == ["HandedOver"]

    def test_where_nothing_is_left_to_approve_every_administrator_may_take_over(self) -> None:
        talk = journeys.to_window()
        talk.anna.hands_over_to(EMIL)
        assert kinds(talk.emil.hands_over_to(CARL, Role.ADMINISTRATOR)) == ["HandedOver"]

    def test_nothing_is_blocked_or_frozen_that_is_not(self) -> None:
        talk = journeys.to_mapping()
        with talk.refused("not_blocked"):
            talk.anna.retries()
        with talk.refused("not_frozen"):
            talk.anna.unfreezes()

    def test_a_frozen_run_takes_no_answers(self) -> None:
        talk = journeys.to_approval()
        talk.bela.freezes()
        with talk.refused("frozen"):
            talk.carl.approves()
        with talk.refused("frozen"):
            talk.anna.asks_for_a_new_plan()
        with talk.refused("frozen"):
            talk.anna.retries()

    @pytest.mark.parametrize("state", sorted(FINAL))
    def test_a_run_that_is_over_stays_over(self, state: str) -> None:
        talk = journeys.MOMENTS[state]()
        with talk.refused("run_over"):
            talk.anna.cancels()
        with talk.refused("run_over"):
            talk.carl.does(c.Approve(shown="0" * 12))
        with talk.refused("run_over"):
            talk.bot.finds_no_package()
