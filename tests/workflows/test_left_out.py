"""Step 2, what is left out: excluded owners, and object types that are not chosen (P2a–b)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.workflows import journeys, samples
from tests.workflows.driver import confirmed, kinds
from tests.workflows.samples import HELEN, HUGO, QUEUE, SAM, SUE
from workflows import commands as c
from workflows import events as e
from workflows.prompts import Ask
from workflows.rules.mapping import mapping_digest
from workflows.states import State
from workflows.values import CORE_OBJECTS


class TestExclusion:
    def test_an_excluded_owner_needs_no_target_and_is_not_counted(self) -> None:
        talk = journeys.to_mapping_with_others()
        left = talk.run.records_left
        talk.anna.excludes(QUEUE)
        assert talk.run.records_left == left - 3
        talk.anna.maps(SAM, HELEN)
        talk.anna.maps(SUE, HUGO)
        assert not talk.run.unmapped
        assert confirmed(talk.anna.confirms_the_mapping()).mapping.keys() == {SAM.id, SUE.id}

    def test_nor_is_one_confirmed_who_had_a_target_before(self) -> None:
        talk = journeys.to_mapping_with_others()
        talk.anna.maps_the_rest_to(HUGO)
        talk.anna.excludes(QUEUE)
        assert QUEUE.id not in confirmed(talk.anna.confirms_the_mapping()).mapping

    def test_an_excluded_owner_can_get_records(self) -> None:
        """It is no Salesforce-only owner after all."""
        talk = journeys.to_mapping_with_others()
        with talk.refused("target_is_salesforce_only"):
            talk.anna.maps(SAM, QUEUE)
        talk.anna.excludes(QUEUE)
        talk.anna.maps_the_rest_to(QUEUE)
        assert set(confirmed(talk.anna.confirms_the_mapping()).mapping.values()) == {QUEUE.id}

    def test_one_who_is_included_again_gets_none(self) -> None:
        talk = journeys.to_mapping_with_others()
        talk.anna.excludes(QUEUE)
        talk.anna.maps_the_rest_to(QUEUE)
        talk.anna.includes(QUEUE)
        assert {owned.owner.id for owned in talk.run.unmapped} == {SAM.id, SUE.id, QUEUE.id}
        with talk.refused("mapping_incomplete"):
            talk.anna.confirms_the_mapping()
        assert "ConfirmMapping" not in talk.asked.choices

    def test_nobody_chooses_for_an_excluded_owner(self) -> None:
        talk = journeys.to_mapping_with_others()
        talk.anna.excludes(SAM)
        with talk.refused("owner_excluded"):
            talk.anna.maps(SAM, HELEN)
        with talk.refused("no_suggestions"):
            talk.anna.takes_the_suggestions("same_name")
        talk.anna.maps_the_rest_to(HUGO)
        assert SAM.id not in talk.run.mapping

    def test_only_listed_owners_are_excluded_and_included(self) -> None:
        talk = journeys.to_mapping_with_others()
        for choice in (talk.anna.excludes, talk.anna.includes):
            with talk.refused("unknown_owner"):
                choice(HELEN)

    def test_twice_is_as_good_as_once(self) -> None:
        talk = journeys.to_mapping_with_others()
        assert talk.anna.includes(SAM) == []
        assert kinds(talk.anna.excludes(SAM)) == ["OwnerExcluded"]
        assert talk.bela.excludes(SAM) == []
        assert kinds(talk.bela.includes(SAM)) == ["OwnerIncluded"]
        assert talk.run.excluded == frozenset()

    @pytest.mark.parametrize("change", ["excludes", "includes"])
    def test_what_was_shown_before_is_not_confirmed(self, change: str) -> None:
        talk = journeys.to_mapping_with_others()
        talk.anna.excludes(SUE)
        talk.anna.maps_the_rest_to(HUGO)
        shown = talk.run.mapping_version
        getattr(talk.bela, change)(QUEUE if change == "excludes" else SUE)
        with talk.refused("mapping_changed"):
            talk.anna.confirms_the_mapping(shown)

    def test_strands_nobody_whose_owners_are_gone(self) -> None:
        """The list that the bot reads still names the excluded one."""
        talk = journeys.to_cleanup_with_excluded()
        talk.anna.reports_the_owners_deleted()
        assert kinds(talk.bot.finds_owners_remaining(QUEUE)) == ["OwnersDeletionVerified"]
        assert talk.at(State.CHOOSING_DATA_COPY)
        assert talk.proof("cleanup") == "verified"

    def test_is_not_held_against_anybody_beside_those_who_remain(self) -> None:
        talk = journeys.to_cleanup_with_excluded()
        talk.anna.reports_the_owners_deleted()
        talk.bot.finds_owners_remaining(SAM, QUEUE)
        assert talk.run.remaining_owners == (SAM,)
        assert talk.asks(Ask.DELETE_OWNERS)

    def test_does_not_make_an_old_list_a_proof(self) -> None:
        talk = journeys.to_cleanup_with_excluded()
        talk.wait(minutes=5)
        talk.anna.reports_the_owners_deleted()
        reading = talk.bot.reads("still listed", timedelta(minutes=1))
        assert talk.bot.does(c.RecordOwnersRemain(owners=(QUEUE,), reading=reading)) == []
        assert talk.asks(Ask.WAIT_OWNERS_GONE)

    def test_stays_when_the_owner_leaves_the_list_and_comes_back(self) -> None:
        talk = journeys.to_mapping_with_others()
        talk.anna.excludes(QUEUE)
        talk.bot.counts(samples.WITH_OTHERS[:2])
        assert "IncludeOwner" not in talk.asked.choices
        with talk.refused("unknown_owner"):
            talk.anna.includes(QUEUE)
        talk.bot.counts(samples.WITH_OTHERS)
        assert QUEUE.id not in {owned.owner.id for owned in talk.run.to_map}
        assert "IncludeOwner" in talk.asked.choices
        talk.anna.includes(QUEUE)
        assert QUEUE.id in {owned.owner.id for owned in talk.run.to_map}

    def test_of_the_last_owner_with_records_leads_on_through_a_fresh_count(self) -> None:
        talk = journeys.to_mapping_with_others()
        talk.anna.excludes(SAM)
        talk.anna.excludes(SUE)
        seen = len(talk.effects)
        talk.anna.excludes(QUEUE)
        assert talk.work_since(seen) == ["count_owners"]
        with talk.refused("nothing_to_map"):
            talk.anna.confirms_the_mapping()
        for choice in ("ConfirmMapping", "MapOwner", "ImportMapping", "ExcludeOwner"):
            assert choice not in talk.asked.choices
        talk.bot.counts(samples.WITH_OTHERS)
        assert talk.asks(Ask.DELETE_OWNERS)
        assert talk.run.records_left == 0
        assert talk.proof("reassign") == "verified"

    def test_that_leads_on_can_still_be_taken_back(self) -> None:
        """There is no job to undo then, and nobody may be stranded by a wrong click."""
        talk = journeys.to_all_excluded()
        talk.bot.counts()
        talk.anna.changes_the_mapping()
        assert talk.asks(Ask.MAP_OWNERS)
        assert talk.proof("reassign") is None
        talk.anna.includes(SAM)
        talk.anna.maps(SAM, HELEN)
        assert confirmed(talk.anna.confirms_the_mapping()).mapping == {SAM.id: HELEN.id}

    def test_that_is_taken_back_before_the_count_comes_in_leads_nowhere(self) -> None:
        talk = journeys.to_all_excluded()
        talk.anna.includes(SUE)
        talk.bot.counts()
        assert talk.at(State.MAPPING_OWNERS)


class TestObjectTypes:
    def test_move_between_what_is_offered_and_what_is_reassigned(self) -> None:
        talk = journeys.to_mapping_with_others()
        offered, left = talk.run.owners, talk.run.records_left
        talk.anna.chooses("tickets", "2-77")
        assert talk.run.objects == (*CORE_OBJECTS, "2-77", "tickets")
        assert talk.run.records_left == left + 4 + 5 + 1
        sam = talk.run.owner(SAM.id)
        assert sam is not None
        assert sam.counts["tickets"] == 4
        assert sam.other_counts == {}
        talk.anna.chooses()
        assert talk.run.owners == offered
        assert talk.run.records_left == left

    def test_survive_a_fresh_count_whichever_way_it_splits_them(self) -> None:
        talk = journeys.to_mapping_with_others()
        talk.anna.chooses("tickets")
        left, owners = talk.run.records_left, talk.run.owners
        for counted in (samples.WITH_OTHERS, owners):
            talk.bot.counts(counted)
            assert talk.run.owners == owners
            assert talk.run.records_left == left

    def test_may_make_an_owner_one_who_needs_a_target(self) -> None:
        talk = journeys.to_disconnected()
        queue = samples.owned(QUEUE, 0, 0, others={"calls": 6})
        talk.bot.counts((samples.OWNERS[0], queue))
        talk.anna.maps(SAM, HELEN)
        assert not talk.run.unmapped
        talk.anna.chooses("calls")
        assert [owned.owner for owned in talk.run.unmapped] == [QUEUE]

    @pytest.mark.parametrize("unknown", ["meetings", "2-78", ""])
    def test_that_nobody_has_records_of_are_refused(self, unknown: str) -> None:
        talk = journeys.to_mapping_with_others()
        with talk.refused("unknown_object_type"):
            talk.anna.chooses("tickets", unknown)
        assert talk.run.objects == CORE_OBJECTS

    def test_of_the_procedure_itself_are_always_reassigned(self) -> None:
        talk = journeys.to_mapping_with_others()
        assert talk.anna.chooses("deals") == []
        assert talk.run.objects == CORE_OBJECTS

    def test_are_part_of_what_is_confirmed(self) -> None:
        talk = journeys.to_mapping_with_others()
        talk.anna.maps_the_rest_to(HUGO)
        plain, shown = talk.run.mapping_version, talk.run.prompt_version
        talk.bela.chooses("tickets")
        assert talk.run.prompt_version == shown
        with talk.refused("mapping_changed"):
            talk.anna.confirms_the_mapping(plain)
        event = confirmed(talk.anna.confirms_the_mapping())
        assert event.objects == (*CORE_OBJECTS, "tickets")
        assert event.digest != mapping_digest(event.mapping, CORE_OBJECTS)

    def test_that_vanish_from_the_counts_stay_chosen_and_can_be_given_up(self) -> None:
        talk = journeys.to_mapping_with_others()
        talk.anna.chooses("tickets")
        talk.bot.counts(samples.OWNERS)
        assert talk.run.objects == (*CORE_OBJECTS, "tickets")
        assert talk.anna.chooses("tickets") == []
        talk.anna.maps_the_rest_to(HUGO)
        assert "tickets" in confirmed(talk.anna.confirms_the_mapping()).objects
        talk.bot.finishes_the_job()
        talk.bot.counts(samples.OWNERS)
        talk.anna.changes_the_mapping()
        assert talk.anna.chooses() == [e.ObjectsChosen(objects=CORE_OBJECTS)]
        with talk.refused("unknown_object_type"):
            talk.anna.chooses("tickets")

    def test_that_were_given_up_leave_nothing_to_map_and_lead_on(self) -> None:
        talk = journeys.to_mapping_with_others()
        talk.anna.chooses("tickets")
        only = (samples.owned(SAM, 0, 0, others={"tickets": 4}),)
        talk.bot.counts(only)
        assert talk.run.records_left == 4
        seen = len(talk.effects)
        talk.anna.chooses()
        assert talk.work_since(seen) == ["count_owners"]
        talk.bot.counts(only)
        assert talk.asks(Ask.DELETE_OWNERS)
        talk.anna.changes_the_mapping()
        talk.anna.chooses("tickets")
        assert [owned.owner for owned in talk.run.unmapped] == [SAM]

    def test_cannot_be_chosen_after_all_where_nothing_is_left_out(self) -> None:
        talk = journeys.to_cleanup()
        assert "ChangeMapping" not in talk.asked.choices
        with talk.refused("nothing_left_out"):
            talk.anna.changes_the_mapping()
        talk.anna.reports_the_owners_deleted()
        with talk.refused("already_reported"):
            talk.anna.changes_the_mapping()
