"""What should happen outside after an event."""

from __future__ import annotations

import pytest

from tests.workflows import journeys


def test_a_start_is_told_everywhere() -> None:
    talk = journeys.to_planning()
    assert [effect.kind for effect in talk.effects] == ["audit_line", "card", "prompt", "take_plan"]


def test_every_event_has_its_line_in_the_audit_log_and_refreshes_the_card() -> None:
    talk = journeys.to_completed()
    lines = [effect.key for effect in talk.effects if effect.kind == "audit_line"]
    assert lines == [f"audit:{recorded.seq}" for recorded in talk.history]
    cards = [effect for effect in talk.effects if effect.kind == "card"]
    assert len(cards) == len(talk.history)


def test_a_new_question_closes_the_one_before() -> None:
    talk = journeys.to_completed()
    asked = [effect.data["version"] for effect in talk.effects if effect.kind == "prompt"]
    closed = [effect.data["version"] for effect in talk.effects if effect.kind == "close_prompt"]
    questions = list(dict.fromkeys(asked))
    assert closed == questions[:-1]
    assert questions[-1] == talk.run.prompt_version


def test_a_vote_refreshes_the_question() -> None:
    talk = journeys.to_approval()
    seen = len(talk.effects)
    talk.carl.approves()
    kinds = [effect.kind for effect in talk.effects[seen:]]
    assert kinds == ["audit_line", "prompt", "card"]


def test_what_goes_on_by_itself_refreshes_the_question_and_asks_for_no_work() -> None:
    talk = journeys.to_mapping()
    talk.bot.is_blocked()
    seen = len(talk.effects)
    talk.bot.recovers()
    kinds = [effect.kind for effect in talk.effects[seen:]]
    assert kinds == ["audit_line", "prompt", "card"]


@pytest.mark.parametrize("moment", journeys.MOMENTS)
def test_effects_of_one_kind_share_a_lane(moment: str) -> None:
    lanes: dict[str, set[str]] = {}
    for effect in journeys.MOMENTS[moment]().effects:
        lanes.setdefault(effect.kind, set()).add(effect.lane)
    assert all(len(used) == 1 for used in lanes.values())


def test_the_bot_does_its_part_of_every_step_in_order() -> None:
    talk = journeys.to_completed()
    assert talk.work_since(0) == [
        "take_plan",
        "watch_sync",
        "count_owners",
        "reassign",
        "count_owners",
        "watch_owners_gone",
        "take_inventory",
        "watch_package",
        "take_inventory",
        "watch_package",
        "watch_package",
    ]


@pytest.mark.parametrize("moment", journeys.MOMENTS)
def test_the_bot_works_whenever_it_is_waited_for(moment: str) -> None:
    """A run that waits for the bot has asked for the work since its question was set."""
    talk = journeys.MOMENTS[moment]()
    if talk.asked.of != "bot":
        return
    version = talk.run.prompt_version
    since = next(
        index for index, effect in enumerate(talk.effects) if effect.key == f"audit:{version}"
    )
    assert talk.work_since(since)


def test_only_the_removal_gate_and_a_person_let_the_bot_remove_anything() -> None:
    moments = {
        name: way
        for name, way in journeys.MOMENTS.items()
        if name not in {"removing_by_bot", "deploying"}
    }
    for moment, journey in moments.items():
        kinds = {effect.kind for effect in journey().effects}
        assert "remove_package" not in kinds, moment
