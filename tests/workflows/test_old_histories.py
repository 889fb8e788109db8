"""Runs that were begun by an earlier version: their events load, and mean what they meant."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.workflows import journeys, samples
from tests.workflows.driver import Conversation
from workflows import events as e
from workflows.evolve import evolve, fold
from workflows.prompts import Ask
from workflows.rules.mapping import mapping_digest
from workflows.run import Run
from workflows.states import State
from workflows.values import CORE_OBJECTS, Assignment

LATER: dict[str, set[str]] = {
    "owner_mapped": {"others", "kinds"},
    "mapping_confirmed": {"objects"},
    "undo_started": {"owner_id", "owner_name", "object_type"},
    "reassignment_undone": {"still_changed"},
}
"""Fields that events were given later."""
LATER_IN_PLANS = {"deactivated", "labels"}
LATER_IN_FORECASTS = {"read_calls", "check_calls", "daily_reserve", "resets_at"}
LATER_IN_TALLIES = {"overwritten"}


def as_it_was_stored(talk: Conversation) -> str:
    """Return the history as the version before wrote it: without what came later."""
    stored = json.loads(e.HISTORY.dump_json(talk.history))
    for recorded in stored:
        event = recorded["event"]
        forget(event, LATER.get(event["type"], set()))
        if event["type"] == "plan_recorded":
            forget(event["plan"], LATER_IN_PLANS)
            forget(event["plan"]["forecast"], LATER_IN_FORECASTS)
        for tally in event.get("tallies", ()):
            forget(tally, LATER_IN_TALLIES)
    forget_teams(stored)
    return json.dumps(stored)


def forget(fields: dict[str, Any], later: set[str]) -> None:
    for name in later:
        del fields[name]


def forget_teams(found: Any) -> None:
    """Owners had no teams then, wherever they stand."""
    if isinstance(found, dict):
        found.pop("teams", None)
        found = list(found.values())
    if isinstance(found, list):
        for one in found:
            forget_teams(one)


def loaded(talk: Conversation) -> Run:
    return fold(e.HISTORY.validate_json(as_it_was_stored(talk)))


def undone(left_alone: int) -> Conversation:
    talk = journeys.to_leftovers()
    talk.anna.undoes()
    talk.bot.finishes_the_undo(left_alone=left_alone)
    return talk


@pytest.mark.parametrize(
    "begin",
    [
        journeys.to_mapping,
        journeys.to_reassigning,
        journeys.to_paused,
        journeys.to_leftovers,
        journeys.to_cleanup,
        journeys.to_window,
        lambda: undone(2),
    ],
)
def test_makes_the_same_run(begin: journeys.Journey) -> None:
    talk = begin()
    assert loaded(talk) == talk.run


class TestByTheLetter:
    """Events as they lie in a database of before, word for word."""

    HELEN = '{"id": "501", "name": "Helen Hub", "email": "helen@example.com", "kind": "person"}'

    def after(self, talk: Conversation, *stored: str) -> Run:
        run = talk.run
        for text in stored:
            event = e.ANY_EVENT.validate_json(text)
            actor = talk.history[-1].actor
            recorded = e.Recorded.model_validate(
                {"seq": run.version + 1, "at": talk.now, "actor": actor, "event": event}
            )
            run = evolve(run, recorded)
        return run

    def test_a_choice_is_of_one_target(self) -> None:
        mapped = (
            '{"type": "owner_mapped", "owner_id": "901", "owner_name": "Sam Salesforce", '
            f'"target": {self.HELEN}}}'
        )
        run = self.after(journeys.to_mapping(), mapped)
        assert run.mapping == {"901": Assignment(targets=(samples.HELEN,))}
        assert run.mapping_version == run.version

    def test_what_was_confirmed_may_be_tried_again(self) -> None:
        """Plain owner ids then, assignments' codes now: the same text for one target."""
        talk = journeys.to_mapping()
        mapping = {"901": "501", "902": "502", "903": "502"}
        talk.anna.takes_the_suggestions()
        talk.anna.maps_the_rest_to(samples.HUGO)
        confirmed = json.dumps(
            {"type": "mapping_confirmed", "digest": "0" * 64, "mapping": mapping, "job": 1}
        )
        run = self.after(
            talk,
            confirmed,
            '{"type": "reassignment_finished", "job": 1, "tallies": [{"owner_id": "901", '
            '"object_type": "deals", "changed": 3, "failed": 1, "left_alone": 0}]}',
        )
        assert (run.state, run.job_state) == (State.REASSIGNING, "counting")
        assert run.confirmed == mapping
        assert not run.unconfirmed
        assert run.objects == CORE_OBJECTS
        assert run.records_changed == 3
        event = e.ANY_EVENT.validate_json(confirmed)
        assert isinstance(event, e.MappingConfirmed)
        assert event.objects == CORE_OBJECTS

    @pytest.mark.parametrize("left", [0, 2])
    def test_an_undo_left_changed_what_it_left_alone(self, left: int) -> None:
        talk = journeys.to_leftovers()
        run = self.after(
            talk,
            '{"type": "undo_started", "job": 2}',
            f'{{"type": "reassignment_undone", "job": 2, "restored": 4, "left_alone": {left}}}',
        )
        assert run.records_changed == left
        assert (run.undo_owner, run.undo_object) == ("", "")

    def test_a_count_offers_what_it_counted_besides(self) -> None:
        counted = (
            '{"type": "owners_counted", "owners": [{"owner": {"id": "901", "name": "Sam", '
            '"email": "", "kind": "person"}, "why": "no_hubspot_user", "counts": {"contacts": 3, '
            '"companies": 0, "deals": 1}, "other_counts": {"tickets": 4}, "suggestion": null}], '
            '"reading": {"at": "2026-03-02T10:30:00.000000+00:00", "source": "a", "says": "b"}}'
        )
        run = self.after(journeys.to_disconnected(), counted)
        assert run.state is State.MAPPING_OWNERS
        assert run.records_left == 4
        assert run.owners[0].other_counts == {"tickets": 4}


def test_a_run_that_was_begun_before_goes_on() -> None:
    """All that came later can be done in it."""
    before = journeys.to_leftovers()
    talk = Conversation()
    talk.now = before.now
    talk.resume(e.HISTORY.validate_json(as_it_was_stored(before)))
    talk.anna.tries_the_rest_again()
    talk.anna.stops()
    talk.bot.finishes_the_job(changed=2)
    talk.bot.counts(samples.WITH_OTHERS[:1])
    talk.anna.changes_the_mapping()
    talk.anna.chooses("tickets")
    talk.anna.maps(samples.SAM, samples.HUGO, samples.HELEN)
    digest = mapping_digest({"901": "502+501"}, (*CORE_OBJECTS, "tickets"))
    [confirmed] = talk.anna.confirms_the_mapping()
    assert isinstance(confirmed, e.MappingConfirmed)
    assert confirmed.digest == digest
    assert talk.asks(Ask.WAIT_REASSIGNMENT)
