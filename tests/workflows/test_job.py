"""Step 2, the job: stop, the daily limit, results and counts that come late, undo in part (P2b)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.workflows import journeys, samples
from tests.workflows.driver import Conversation, kinds
from tests.workflows.samples import HUGO, QUEUE, SAM, SUE
from workflows import commands as c
from workflows import events as e
from workflows.prompts import Ask
from workflows.states import State
from workflows.values import OwnedRecords, Owner, Tally

TOLD = ("disconnected", "records_reassigned")


def waits(talk: Conversation) -> bool:
    return talk.run.waits_until is not None


class TestStop:
    @pytest.mark.parametrize("begin", [journeys.to_reassigning, journeys.to_paused])
    def test_ends_the_job_with_what_it_did(self, begin: Callable[[], Conversation]) -> None:
        talk = begin()
        seen = len(talk.effects)
        assert talk.anna.stops() == [e.ReassignmentStopped()]
        assert talk.asks(Ask.WAIT_STOP)
        assert talk.work_since(seen) == ["reassign"]
        talk.bot.finishes_the_job(failures=2, changed=3)
        assert talk.asks(Ask.WAIT_COUNT)
        assert (talk.run.records_changed, talk.run.failure_count) == (3, 2)
        talk.bot.counts()
        assert talk.asks(Ask.REASSIGNMENT_LEFT)
        assert {"RetryReassignment", "ChangeMapping", "UndoReassignment"} <= {*talk.asked.choices}

    def test_of_a_job_that_was_all_but_done_leads_on(self) -> None:
        talk = journeys.to_stopping()
        talk.bot.finishes_the_job(changed=3)
        talk.bot.counts(samples.emptied())
        assert talk.asks(Ask.DELETE_OWNERS)

    def test_is_waited_for_and_nothing_else_is_possible(self) -> None:
        talk = journeys.to_stopping()
        assert talk.of("bot")
        for late in (talk.anna.pauses, talk.anna.resumes, talk.anna.stops, talk.anna.undoes):
            with talk.refused("job_state"):
                late()
        with talk.refused("job_state"):
            talk.anna.changes_the_mapping()

    @pytest.mark.parametrize(
        "begin", [journeys.to_leftovers, journeys.to_ending_undo, journeys.to_counting]
    )
    def test_needs_a_job_that_runs(self, begin: Callable[[], Conversation]) -> None:
        talk = begin()
        with talk.refused("job_state"):
            talk.anna.stops()

    def test_of_an_undo_counts_what_it_has_done(self) -> None:
        talk = journeys.to_undoing()
        talk.bot.is_blocked("hubspot_refused_altogether")
        seen = len(talk.effects)
        talk.anna.stops()
        assert talk.run.blocked is None
        assert talk.asks(Ask.WAIT_STOP)
        assert talk.work_since(seen) == ["undo"]
        with talk.refused("job_state"):
            talk.anna.stops()
        talk.bot.finishes_the_undo(left_alone=1, still_changed=2)
        talk.bot.counts()
        assert talk.at(State.MAPPING_OWNERS)
        assert talk.run.records_changed == 2

    def test_of_a_blocked_job_takes_the_block_away(self) -> None:
        talk = journeys.to_reassigning()
        talk.bot.is_blocked("target_inactive")
        talk.anna.stops()
        assert talk.run.blocked is None
        assert talk.of("bot")

    def test_that_is_blocked_itself_is_tried_again(self) -> None:
        talk = journeys.to_stopping()
        talk.bot.is_blocked()
        seen = len(talk.effects)
        talk.anna.retries()
        assert talk.work_since(seen) == ["reassign"]

    def test_that_is_cancelled_says_that_records_were_changed(self) -> None:
        """How many is not known yet."""
        talk = journeys.to_stopping()
        assert talk.anna.cancels() == [e.Cancelled(irreversible=TOLD)]


class TestResults:
    def test_of_an_older_job_are_refused(self) -> None:
        talk = journeys.to_leftovers()
        talk.anna.tries_the_rest_again()
        with talk.refused("job_not_running"):
            talk.bot.finishes_the_job(job=1, changed=3)
        assert talk.bot.finishes_the_job(job=2)

    def test_of_a_job_that_was_left_are_refused_by_the_next(self) -> None:
        talk = journeys.to_leftovers()
        talk.anna.changes_the_mapping()
        assert talk.bot.finishes_the_job(changed=3) == []
        talk.anna.confirms_the_mapping()
        with talk.refused("job_not_running"):
            talk.bot.finishes_the_job(job=1, changed=3)

    def test_of_an_older_undo_are_refused(self) -> None:
        talk = journeys.to_undoing()
        talk.bot.finishes_the_undo()
        with talk.refused("job_not_running"):
            talk.bot.finishes_the_undo()
        talk.bot.counts()
        talk.anna.undoes()
        with talk.refused("job_not_running"):
            talk.bot.finishes_the_undo(job=2)
        with talk.refused("job_not_running"):
            talk.bot.finishes_the_job(job=3)

    def test_come_once(self) -> None:
        talk = journeys.to_reassigning()
        talk.bot.finishes_the_job(changed=3)
        with talk.refused("job_not_running"):
            talk.bot.finishes_the_job(changed=3)
        assert talk.run.records_changed == 3

    def test_of_a_paused_job_are_taken_in(self) -> None:
        """Its last batch was still out."""
        talk = journeys.to_paused()
        assert kinds(talk.bot.finishes_the_job(changed=3)) == ["ReassignmentFinished"]

    def test_count_what_was_overwritten_as_changed(self) -> None:
        """Those records carry what the bot wrote as well."""
        talk = journeys.to_reassigning()
        tally = Tally(owner_id=SAM.id, object_type="deals", changed=3, overwritten=2)
        talk.bot.does(c.RecordReassigned(job=1, tallies=(tally,)))
        assert talk.run.records_changed == 5

    @pytest.mark.parametrize("what", ["failed", "left_alone", "overwritten"])
    def test_that_leave_something_undone_come_with_a_file(self, what: str) -> None:
        talk = journeys.to_reassigning()
        tally = Tally(owner_id=SAM.id, object_type="deals", changed=3)
        seen = len(talk.effects)
        one = tally.model_copy(update={what: 1})
        talk.bot.does(c.RecordReassigned(job=1, tallies=(tally, one)))
        files = [effect for effect in talk.effects[seen:] if effect.kind == "result_file"]
        assert [(effect.key, effect.data) for effect in files] == [("result_file:1", {"job": 1})]

    def test_without_anything_undone_come_without_one(self) -> None:
        talk = journeys.to_reassigning()
        tally = Tally(owner_id=SAM.id, object_type="deals", changed=3)
        talk.bot.does(c.RecordReassigned(job=1, tallies=(tally,)))
        assert "result_file" not in {effect.kind for effect in talk.effects}


class TestTheDailyLimit:
    def test_is_waited_for_without_a_new_question(self) -> None:
        talk = journeys.to_reassigning()
        asked, seen = talk.asked.version, len(talk.effects)
        midnight = talk.now + timedelta(hours=9)
        [event] = talk.bot.waits_for_the_limit(midnight)
        assert isinstance(event, e.ReassignmentWaits)
        assert talk.run.waits_until == midnight
        assert talk.asked.version == asked
        assert {effect.kind for effect in talk.effects[seen:]} == {
            *("audit_line", "notice", "prompt", "card")
        }
        assert {"PauseReassignment", "StopReassignment"} <= {*talk.asked.choices}

    def test_is_told_once(self) -> None:
        talk = journeys.to_reassigning()
        midnight = talk.now + timedelta(hours=9)
        talk.bot.waits_for_the_limit(midnight)
        assert talk.bot.waits_for_the_limit(midnight) == []
        later = midnight + timedelta(days=1)
        assert kinds(talk.bot.waits_for_the_limit(later)) == ["ReassignmentWaits"]
        assert talk.run.waits_until == later

    def test_ends_when_the_job_goes_on(self) -> None:
        talk = journeys.to_waiting_for_the_limit()
        assert kinds(talk.bot.goes_on()) == ["ReassignmentGoesOn"]
        assert not waits(talk)
        assert talk.bot.goes_on() == []
        assert talk.bot.finishes_the_job()

    def test_of_another_job_is_ignored(self) -> None:
        talk = journeys.to_leftovers()
        talk.anna.tries_the_rest_again()
        assert talk.bot.waits_for_the_limit(job=1) == []
        talk.bot.waits_for_the_limit()
        assert talk.bot.goes_on(job=1) == []
        assert waits(talk)

    @pytest.mark.parametrize("moment", ["paused", "stopping", "counting", "leftovers"])
    def test_is_nothing_to_a_job_that_does_not_run(self, moment: str) -> None:
        talk = journeys.MOMENTS[moment]()
        assert talk.bot.waits_for_the_limit() == []
        assert not waits(talk)

    @pytest.mark.parametrize(
        "end",
        [
            lambda talk: talk.anna.pauses(),
            lambda talk: talk.anna.stops(),
            lambda talk: talk.bot.finishes_the_job(),
            lambda talk: talk.anna.cancels(),
        ],
        ids=["paused", "stopped", "finished", "cancelled"],
    )
    def test_is_not_waited_for_any_more_by_a_job_that_is_held_or_over(
        self, end: Callable[[Conversation], object]
    ) -> None:
        talk = journeys.to_waiting_for_the_limit()
        end(talk)
        assert not waits(talk)

    def test_may_be_met_again_after_a_pause(self) -> None:
        talk = journeys.to_waiting_for_the_limit()
        until = talk.run.waits_until
        talk.anna.pauses()
        talk.anna.resumes()
        assert not waits(talk)
        assert kinds(talk.bot.waits_for_the_limit(until)) == ["ReassignmentWaits"]

    def test_is_waited_for_through_a_freeze(self) -> None:
        talk = journeys.to_waiting_for_the_limit()
        talk.bela.freezes()
        for answer in (talk.anna.pauses, talk.anna.stops):
            with talk.refused("frozen"):
                answer()
        talk.carl.unfreezes()
        assert waits(talk)
        assert kinds(talk.bot.goes_on()) == ["ReassignmentGoesOn"]

    def test_holds_an_undo_too(self) -> None:
        talk = journeys.to_undoing()
        assert kinds(talk.bot.waits_for_the_limit()) == ["ReassignmentWaits"]
        talk.bot.finishes_the_undo()
        assert not waits(talk)

    def test_is_nothing_an_undo_waits_for_because_a_job_did(self) -> None:
        talk = journeys.to_waiting_for_the_limit()
        talk.anna.stops()
        talk.bot.finishes_the_job()
        talk.bot.counts()
        talk.anna.undoes()
        assert not waits(talk)


class TestCounts:
    @pytest.mark.parametrize("counted", [samples.OWNERS, samples.emptied()], ids=["some", "none"])
    @pytest.mark.parametrize("moment", ["reassigning", "paused", "stopping", "undoing"])
    def test_are_not_taken_in_while_records_are_written(
        self, moment: str, counted: tuple[OwnedRecords, ...]
    ) -> None:
        talk = journeys.MOMENTS[moment]()
        before = talk.run
        assert talk.bot.counts(counted) == []
        assert talk.run == before

    @pytest.mark.parametrize("moment", ["counting", "recounting"])
    def test_that_were_made_while_records_were_written_say_nothing_afterwards(
        self, moment: str
    ) -> None:
        """Otherwise nothing would seem to be left while an undo had just given records back."""
        talk = journeys.MOMENTS[moment]()
        before = talk.run
        talk.wait(seconds=5)
        assert talk.bot.counts(samples.emptied(), ago=timedelta(seconds=6)) == []
        assert talk.run == before
        assert talk.bot.counts(samples.emptied(), ago=timedelta(seconds=5))
        assert talk.at(State.CLEANING_UP_OWNERS)

    def test_that_find_records_of_excluded_owners_alone_find_nothing_left(self) -> None:
        talk = journeys.to_mapping_with_choices()
        talk.anna.maps_the_rest_to(HUGO)
        talk.anna.confirms_the_mapping()
        talk.bot.finishes_the_job(changed=3)
        talk.bot.counts(samples.WITH_OTHERS[2:])
        assert talk.asks(Ask.DELETE_OWNERS)
        assert talk.anna.reports_the_owners_deleted()

    def test_of_leftovers_of_an_owner_who_is_then_excluded_lead_on(self) -> None:
        talk = journeys.to_leftovers()
        talk.anna.changes_the_mapping()
        seen = len(talk.effects)
        talk.anna.excludes(SAM)
        assert talk.work_since(seen) == ["count_owners"]
        talk.bot.counts(samples.OWNERS[:1])
        assert talk.asks(Ask.DELETE_OWNERS)


class TestUndoInPart:
    @pytest.mark.parametrize(
        ("owner", "object_type"), [(None, ""), (SAM, ""), (None, "deals"), (SUE, "tickets")]
    )
    def test_says_what_is_given_back(self, owner: Owner | None, object_type: str) -> None:
        talk = journeys.to_leftovers()
        talk.bot.counts(samples.OWNERS)
        seen = len(talk.effects)
        owner_id = owner.id if owner else ""
        assert talk.anna.undoes(owner, object_type) == [
            e.UndoStarted(
                job=2,
                owner_id=owner_id,
                owner_name=owner.label if owner else "",
                object_type=object_type,
            )
        ]
        assert (talk.run.undo_owner, talk.run.undo_object) == (owner_id, object_type)
        assert talk.work_since(seen) == ["undo"]

    def test_of_all_is_not_limited_by_the_one_before(self) -> None:
        talk = journeys.to_undoing()
        talk.bot.finishes_the_undo(still_changed=3)
        talk.bot.counts()
        talk.anna.undoes()
        assert (talk.run.undo_owner, talk.run.undo_object) == ("", "")

    def test_needs_an_owner_and_a_type_of_this_run(self) -> None:
        talk = journeys.to_leftovers()
        with talk.refused("unknown_owner"):
            talk.anna.undoes(HUGO)
        with talk.refused("unknown_object_type"):
            talk.anna.undoes(None, "wishes")
        assert talk.at(State.REASSIGNING)
        assert talk.run.job == 1

    def test_leaves_the_rest_changed(self) -> None:
        """What it did not touch still counts as changed when the run is cancelled."""
        talk = journeys.to_undoing()
        talk.bot.finishes_the_undo(left_alone=0, still_changed=7)
        assert talk.run.records_changed == 7
        assert talk.anna.cancels() == [e.Cancelled(irreversible=TOLD)]

    def test_of_everything_leaves_nothing(self) -> None:
        talk = journeys.to_undoing()
        talk.bot.finishes_the_undo(left_alone=2, still_changed=0)
        assert talk.run.records_changed == 0
        assert talk.anna.cancels() == [e.Cancelled(irreversible=("disconnected",))]

    @pytest.mark.parametrize(
        ("counted", "asked"),
        [(samples.OWNERS, Ask.MAP_OWNERS), (samples.emptied(), Ask.DELETE_OWNERS)],
        ids=["some", "none"],
    )
    def test_is_followed_by_a_fresh_count(
        self, counted: tuple[OwnedRecords, ...], asked: Ask
    ) -> None:
        talk = journeys.to_undoing()
        seen = len(talk.effects)
        talk.bot.finishes_the_undo(left_alone=1)
        assert talk.work_since(seen) == ["count_owners"]
        assert "result_file" in {effect.kind for effect in talk.effects[seen:]}
        talk.bot.counts(counted)
        assert talk.asks(asked)

    def test_of_an_excluded_owner_gives_the_records_back_for_good(self) -> None:
        talk = journeys.to_reassigning()
        talk.bot.finishes_the_job(changed=9)
        talk.bot.counts((*samples.OWNERS[:1], *samples.emptied(samples.OWNERS[1:2])))
        talk.anna.changes_the_mapping()
        talk.anna.excludes(SUE)
        talk.anna.undoes(SUE)
        talk.bot.finishes_the_undo()
        talk.bot.counts(samples.OWNERS[1:2])
        assert talk.asks(Ask.DELETE_OWNERS)
        assert talk.run.records_left == 0
        assert "ChangeMapping" in talk.asked.choices


class TestAPausedJob:
    """What it wrote is checked and counted before anything else is done with its records."""

    def test_is_not_left_but_stopped(self) -> None:
        talk = journeys.to_paused()
        assert set(talk.asked.choices) == {"ResumeReassignment", "StopReassignment"}
        for attempt in (talk.anna.changes_the_mapping, talk.anna.undoes):
            with talk.refused("job_state"):
                attempt()
        talk.anna.stops()
        talk.bot.finishes_the_job(changed=3)
        talk.bot.counts()
        assert talk.run.records_changed == 3
        assert talk.anna.changes_the_mapping()
        assert talk.anna.cancels() == [e.Cancelled(irreversible=TOLD)]

    def test_that_wrote_nothing_leaves_nothing(self) -> None:
        talk = journeys.to_leftovers()
        talk.anna.changes_the_mapping()
        assert talk.anna.cancels() == [e.Cancelled(irreversible=("disconnected",))]


def test_a_newcomer_among_what_is_left_can_be_left_out() -> None:
    talk = journeys.to_reassigning()
    talk.bot.finishes_the_job(changed=3)
    talk.bot.counts((samples.owned(samples.HELEN), samples.owned(QUEUE)))
    assert "RetryReassignment" not in talk.asked.choices
    talk.anna.changes_the_mapping()
    talk.anna.excludes(samples.HELEN)
    assert talk.anna.confirms_the_mapping()
    assert talk.run.confirmed.keys() == {QUEUE.id}
