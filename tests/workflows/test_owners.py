"""Step 2: mapping, the job, what is left, undo, and the owners' deletion (P2)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.workflows import journeys, samples
from tests.workflows.driver import Conversation, kinds
from workflows import commands as c
from workflows import events as e
from workflows.errors import Refused
from workflows.prompts import Ask
from workflows.states import State
from workflows.values import Assignment, OwnedRecords, Owner


def paused() -> Conversation:
    talk = journeys.to_reassigning()
    talk.anna.pauses()
    return talk


def mapping_again() -> Conversation:
    talk = journeys.to_leftovers()
    talk.anna.changes_the_mapping()
    return talk


class TestMapping:
    def test_suggestions_are_taken_only_where_nobody_chose(self) -> None:
        talk = journeys.to_mapping()
        talk.anna.maps(samples.SAM, samples.HUGO)
        with talk.refused("no_suggestions"):
            talk.anna.takes_the_suggestions()
        assert talk.run.mapping == {samples.SAM.id: Assignment(targets=(samples.HUGO,))}

    def test_a_choice_can_be_changed_and_the_same_one_changes_nothing(self) -> None:
        talk = journeys.to_mapping()
        talk.anna.maps(samples.SAM, samples.HUGO)
        assert talk.anna.maps(samples.SAM, samples.HUGO) == []
        assert kinds(talk.anna.maps(samples.SAM, samples.HELEN)) == ["OwnerMapped"]
        assert talk.run.mapping[samples.SAM.id] == Assignment(targets=(samples.HELEN,))

    def test_an_owner_without_records_needs_no_target(self) -> None:
        talk = journeys.to_disconnected()
        talk.bot.counts((samples.owned(samples.SAM), *samples.emptied(samples.OWNERS[1:])))
        talk.anna.maps(samples.SAM, samples.HELEN)
        [confirmed] = talk.anna.confirms_the_mapping()
        assert isinstance(confirmed, e.MappingConfirmed)
        assert confirmed.mapping == {samples.SAM.id: samples.HELEN.id}

    def test_a_fresh_count_keeps_the_choices_and_asks_for_the_new_owners(self) -> None:
        talk = journeys.to_mapping()
        talk.anna.maps(samples.SAM, samples.HUGO)
        talk.anna.asks_to_check()
        talk.bot.counts(samples.OWNERS[:2])
        assert [owned.owner for owned in talk.run.unmapped] == [samples.SUE]

    def test_a_fresh_count_may_find_nothing_left(self) -> None:
        talk = journeys.to_mapping()
        talk.anna.asks_to_check()
        talk.bot.counts(samples.emptied())
        assert talk.at(State.CLEANING_UP_OWNERS)
        assert talk.proof("reassign") == "verified"

    def test_a_choice_for_who_is_no_salesforce_only_owner_any_more_is_dropped(self) -> None:
        """They were given a HubSpot user meanwhile, and keep their records."""
        talk = journeys.to_mapping()
        talk.anna.maps_the_rest_to(samples.HUGO)
        talk.anna.asks_to_check()
        talk.bot.counts(samples.OWNERS[1:])
        assert set(talk.run.mapping) == {samples.SUE.id, samples.QUEUE.id}
        [confirmed] = talk.anna.confirms_the_mapping()
        assert isinstance(confirmed, e.MappingConfirmed)
        assert samples.SAM.id not in confirmed.mapping

    def test_a_target_who_became_salesforce_only_is_noticed(self) -> None:
        """Their HubSpot user was removed meanwhile; records must not go to them any more."""
        talk = journeys.to_mapping()
        talk.anna.maps_the_rest_to(samples.HUGO)
        talk.anna.asks_to_check()
        talk.bot.counts((*samples.OWNERS, *samples.emptied((samples.owned(samples.HUGO),))))
        with pytest.raises(Refused):
            talk.anna.confirms_the_mapping()
        assert talk.at(State.MAPPING_OWNERS)

    def test_and_can_be_replaced(self) -> None:
        talk = journeys.to_mapping()
        talk.anna.maps_the_rest_to(samples.HUGO)
        talk.anna.asks_to_check()
        talk.bot.counts((*samples.OWNERS[:1], samples.owned(samples.HUGO)))
        assert "ConfirmMapping" not in talk.asked.choices
        talk.anna.maps_the_rest_to(samples.HELEN)
        talk.anna.confirms_the_mapping()
        assert talk.at(State.REASSIGNING)

    def test_a_choice_for_somebody_without_records_stands_in_nobodys_way(self) -> None:
        """Sue's records went elsewhere; that her target is gone as well must not matter."""
        talk = journeys.to_mapping()
        talk.anna.maps(samples.SUE, samples.HUGO)
        talk.anna.maps_the_rest_to(samples.HELEN)
        talk.anna.asks_to_check()
        hugo = samples.emptied((samples.owned(samples.HUGO),))
        talk.bot.counts((*samples.OWNERS[:1], *hugo))
        talk.anna.confirms_the_mapping()
        assert talk.at(State.REASSIGNING)

    def test_what_was_shown_is_what_is_confirmed(self) -> None:
        """Somebody else picks another owner while the button of the earlier mapping is pressed."""
        talk = journeys.to_mapping()
        talk.anna.maps_the_rest_to(samples.HUGO)
        shown, asked = talk.run.mapping_version, talk.run.prompt_version
        talk.bela.maps(samples.SAM, samples.HELEN)
        assert talk.run.prompt_version == asked
        with talk.refused("mapping_changed"):
            talk.anna.confirms_the_mapping(shown)
        [confirmed] = talk.anna.confirms_the_mapping()
        assert isinstance(confirmed, e.MappingConfirmed)
        assert confirmed.mapping[samples.SAM.id] == samples.HELEN.id

    @pytest.mark.parametrize("off", [-1, 1])
    def test_no_other_version_of_the_mapping_is_confirmed(self, off: int) -> None:
        talk = journeys.to_mapping()
        talk.anna.maps_the_rest_to(samples.HUGO)
        with talk.refused("mapping_changed"):
            talk.anna.confirms_the_mapping(talk.run.mapping_version + off)
        with talk.refused("mapping_changed"):
            talk.anna.confirms_the_mapping(0)

    def test_a_pick_that_changes_nothing_leaves_what_was_shown_in_force(self) -> None:
        talk = journeys.to_mapping()
        talk.anna.maps_the_rest_to(samples.HUGO)
        shown = talk.run.mapping_version
        assert talk.bela.maps(samples.SAM, samples.HUGO) == []
        assert talk.bela.freezes()
        assert talk.carl.unfreezes()
        assert kinds(talk.anna.confirms_the_mapping(shown)) == ["MappingConfirmed"]

    def test_the_digest_is_that_of_the_mapping(self) -> None:
        one, other = journeys.to_mapping(), journeys.to_mapping()
        for talk, target in ((one, samples.HUGO), (other, samples.HELEN)):
            talk.anna.maps_the_rest_to(target)
            talk.anna.confirms_the_mapping()
        confirmed = [talk.events[-1] for talk in (one, other)]
        digests = {event.digest for event in confirmed if isinstance(event, e.MappingConfirmed)}
        assert len(digests) == 2


class TestTheJob:
    def test_paused_and_resumed(self) -> None:
        talk = journeys.to_reassigning()
        talk.anna.pauses()
        assert talk.asks(Ask.REASSIGNMENT_PAUSED)
        seen = len(talk.effects)
        talk.anna.resumes()
        assert talk.asks(Ask.WAIT_REASSIGNMENT)
        assert talk.work_since(seen) == ["reassign"]

    def test_what_is_left_is_tried_again_as_another_job(self) -> None:
        talk = journeys.to_leftovers()
        assert talk.asks(Ask.REASSIGNMENT_LEFT)
        assert talk.run.failure_count == 2
        assert talk.anna.tries_the_rest_again() == [e.ReassignmentRetried(job=2)]
        assert talk.run.failure_count == 0
        assert talk.effects[-1].key == "reassign:2"

    def test_what_is_left_is_mapped_anew(self) -> None:
        talk = journeys.to_leftovers()
        talk.anna.changes_the_mapping()
        assert talk.asks(Ask.MAP_OWNERS)
        talk.anna.maps(samples.SAM, samples.HUGO)
        talk.anna.confirms_the_mapping()
        assert talk.run.job == 2

    def test_a_new_owner_among_what_is_left_needs_a_target_first(self) -> None:
        talk = journeys.to_reassigning()
        talk.bot.finishes_the_job()
        newcomer = Owner(id="904", name="Stan Salesforce")
        talk.bot.counts((samples.owned(newcomer),))
        with talk.refused("mapping_incomplete"):
            talk.anna.tries_the_rest_again()
        assert "RetryReassignment" not in talk.asked.choices

    def test_what_nobody_confirmed_is_not_tried_again(self) -> None:
        """Sue had no records when the mapping was confirmed; her target was only picked."""
        talk = journeys.to_disconnected()
        talk.bot.counts((samples.owned(samples.SAM), *samples.emptied(samples.OWNERS[1:])))
        talk.anna.maps(samples.SAM, samples.HELEN)
        talk.anna.maps(samples.SUE, samples.HUGO)
        talk.anna.confirms_the_mapping()
        talk.bot.finishes_the_job()
        talk.bot.counts((samples.owned(samples.SUE),))
        assert "RetryReassignment" not in talk.asked.choices
        with talk.refused("mapping_unconfirmed"):
            talk.anna.tries_the_rest_again()
        talk.anna.changes_the_mapping()
        [confirmed] = talk.anna.confirms_the_mapping()
        assert isinstance(confirmed, e.MappingConfirmed)
        assert confirmed.mapping == {samples.SUE.id: samples.HUGO.id}

    def test_what_is_left_does_not_go_to_a_target_who_became_salesforce_only(self) -> None:
        talk = journeys.to_reassigning()
        talk.bot.finishes_the_job()
        hugo = samples.emptied((samples.owned(samples.HUGO),))
        talk.bot.counts((samples.owned(samples.SUE), *hugo))
        with pytest.raises(Refused):
            talk.anna.tries_the_rest_again()
        assert "RetryReassignment" not in talk.asked.choices

    @pytest.mark.parametrize("counted", [samples.OWNERS, samples.emptied()], ids=["some", "none"])
    @pytest.mark.parametrize("doing", ["running", "paused", "undoing"])
    def test_a_count_that_comes_late_does_not_end_the_job(
        self, doing: str, counted: tuple[OwnedRecords, ...]
    ) -> None:
        """It was asked for before the job began, and says nothing about the job's end."""
        talk = journeys.to_leftovers() if doing == "undoing" else journeys.to_reassigning()
        if doing == "undoing":
            talk.anna.undoes()
        elif doing == "paused":
            talk.anna.pauses()
        talk.bot.counts(counted)
        assert talk.at(State.REASSIGNING)
        assert talk.run.job_state == doing
        finish = talk.bot.finishes_the_undo if doing == "undoing" else talk.bot.finishes_the_job
        assert finish()


class TestUndo:
    def test_gives_back_and_counts_anew(self) -> None:
        talk = journeys.to_leftovers()
        assert talk.anna.undoes() == [e.UndoStarted(job=2)]
        assert talk.asks(Ask.WAIT_UNDO)
        seen = len(talk.effects)
        talk.bot.finishes_the_undo()
        assert talk.work_since(seen) == ["count_owners"]
        talk.bot.counts()
        assert talk.at(State.MAPPING_OWNERS)
        assert "reassign" not in talk.run.evidence

    @pytest.mark.parametrize(
        "begin",
        [journeys.to_leftovers, mapping_again, journeys.to_cleanup],
        ids=["finished", "mapping", "cleanup"],
    )
    def test_is_possible_until_the_owners_are_deleted(
        self, begin: Callable[[], Conversation]
    ) -> None:
        talk = begin()
        assert "UndoReassignment" in talk.asked.choices
        talk.anna.undoes()
        assert talk.at(State.REASSIGNING)
        assert "reassign" not in talk.run.evidence

    def test_where_nothing_comes_back_the_cleanup_goes_on(self) -> None:
        talk = journeys.to_cleanup()
        talk.anna.undoes()
        talk.bot.finishes_the_undo()
        talk.bot.counts(samples.emptied())
        assert talk.at(State.CLEANING_UP_OWNERS)


class TestDeletingTheOwners:
    def test_they_are_still_there(self) -> None:
        talk = journeys.to_cleanup()
        talk.anna.reports_the_owners_deleted()
        assert talk.proof("cleanup") == "attested"
        talk.bot.finds_owners_remaining(samples.SUE)
        assert talk.asks(Ask.DELETE_OWNERS)
        assert talk.run.cleanup_reported_at is None
        assert talk.run.remaining_owners == (samples.SUE,)
        assert "cleanup" not in talk.run.evidence
        talk.anna.reports_the_owners_deleted()
        talk.bot.finds_the_owners_gone()
        assert talk.at(State.CHOOSING_DATA_COPY)

    def test_a_deletion_that_did_not_happen_can_still_be_followed_by_an_undo(self) -> None:
        talk = journeys.to_cleanup()
        talk.anna.reports_the_owners_deleted()
        assert "owners_deleted" in talk.run.irreversible
        talk.bot.finds_owners_remaining()
        assert "owners_deleted" not in talk.run.irreversible
        assert "UndoReassignment" in talk.asked.choices
        assert kinds(talk.anna.undoes()) == ["UndoStarted"]
        assert talk.asks(Ask.WAIT_UNDO)

    def test_a_deletion_that_did_not_happen_is_nothing_irreversible(self) -> None:
        talk = journeys.to_cleanup()
        talk.anna.reports_the_owners_deleted()
        talk.bot.finds_owners_remaining()
        assert talk.anna.cancels() == [e.Cancelled(irreversible=("disconnected",))]

    def test_a_list_from_before_the_report_proves_nothing(self) -> None:
        talk = journeys.to_cleanup()
        talk.wait(minutes=5)
        talk.anna.reports_the_owners_deleted()
        assert talk.bot.finds_the_owners_gone(ago=timedelta(seconds=1)) == []
        assert talk.asks(Ask.WAIT_OWNERS_GONE)
        assert talk.proof("cleanup") == "attested"
        assert kinds(talk.bot.finds_the_owners_gone()) == ["OwnersDeletionVerified"]
        assert talk.proof("cleanup") == "verified"

    def test_nobody_has_to_say_so(self) -> None:
        talk = journeys.to_cleanup()
        assert talk.bot.finds_owners_remaining() == []
        talk.bot.finds_the_owners_gone()
        assert talk.at(State.CHOOSING_DATA_COPY)
        assert talk.proof("cleanup") == "verified"

    def test_new_records_lead_back_to_the_mapping(self) -> None:
        talk = journeys.to_cleanup()
        talk.anna.asks_to_check()
        talk.bot.counts((samples.owned(samples.SUE, contacts=1),))
        assert talk.at(State.MAPPING_OWNERS)
        assert "reassign" not in talk.run.evidence

    def test_records_that_are_found_after_the_report_take_it_back(self) -> None:
        """A count that was asked for before the deletion was reported comes after it."""
        talk = journeys.to_cleanup()
        talk.anna.asks_to_check()
        talk.wait(minutes=1)
        talk.anna.reports_the_owners_deleted()
        talk.bot.counts((samples.owned(samples.SUE, contacts=1),))
        assert talk.asks(Ask.MAP_OWNERS)
        assert talk.run.cleanup_reported_at is None
        assert "owners_deleted" not in talk.run.irreversible
        assert talk.proof("cleanup") is None
        assert "UndoReassignment" in talk.asked.choices
        talk.anna.confirms_the_mapping()
        talk.bot.finishes_the_job()
        talk.bot.counts(samples.emptied())
        assert talk.asks(Ask.DELETE_OWNERS)

    def test_a_count_from_before_the_report_does_not_take_it_back(self) -> None:
        talk = journeys.to_cleanup()
        talk.wait(minutes=5)
        talk.anna.reports_the_owners_deleted()
        reading = talk.bot.reads("counted", timedelta(minutes=1))
        assert talk.bot.does(c.RecordOwners(owners=samples.OWNERS, reading=reading)) == []
        assert talk.asks(Ask.WAIT_OWNERS_GONE)

    def test_a_count_of_nothing_changes_nothing(self) -> None:
        talk = journeys.to_cleanup()
        asked = talk.asked
        talk.bot.counts(samples.emptied())
        assert talk.asked == asked
