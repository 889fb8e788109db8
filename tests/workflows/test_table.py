"""The one table: what is in it leads where it says, what is not in it is refused."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any

import pytest

from tests.workflows.driver import Conversation, assert_clear
from tests.workflows.examples import EXAMPLES, all_actions, command, example
from tests.workflows.journeys import JOURNEYS, MOMENTS
from workflows import commands as c
from workflows import events as e
from workflows.decide import ALLOWED, decide
from workflows.errors import Refused
from workflows.evolve import evolve
from workflows.run import Run
from workflows.states import ACTIVE, FINAL, State
from workflows.transitions import STAY, TABLE

ACTIONS = tuple(all_actions())


@cache
def moment(name: str) -> Conversation:
    """Return one conversation for each moment; only its run and time are read here."""
    return MOMENTS[name]()


def decided(run: Run, sent: c.Command, now: datetime) -> list[e.Event] | str:
    """Return what happens, or the code of a clear refusal."""
    try:
        return decide(run, sent, now)
    except Refused as refusal:
        assert_clear(refusal)
        return refusal.code


def after(run: Run, sent: c.Command, happened: list[e.Event]) -> Run:
    for event in happened:
        recorded = e.Recorded(seq=run.version + 1, at=run.since, actor=sent.actor, event=event)
        run = evolve(run, recorded)
    return run


def pairs() -> list[tuple[State, type[c.Action]]]:
    return [
        (state, action)
        for states, action, _, _ in TABLE
        for state in (states if isinstance(states, tuple) else (states,))
    ]


def test_every_action_has_an_example_here() -> None:
    assert set(EXAMPLES) == set(ACTIONS)


def test_the_table_has_one_line_for_each_pair() -> None:
    assert len(pairs()) == len(set(pairs()))


def test_every_action_but_the_start_is_allowed_somewhere() -> None:
    assert {action for _, action in pairs()} == set(ACTIONS) - {c.StartRun}


def test_no_line_leaves_a_final_state() -> None:
    assert not {state for state, _ in pairs()} & FINAL


def test_every_state_can_be_reached_and_every_active_one_can_be_left() -> None:
    reached, leads_on = {State.PLANNING}, True
    while leads_on:
        new = {
            State(target)
            for (state, _), (_, targets) in ALLOWED.items()
            if state in reached
            for target in targets
        }
        leads_on = not new <= reached
        reached |= new
    assert reached == set(State)
    for state in ACTIVE:
        assert any(
            target != state
            for (start, action), (_, targets) in ALLOWED.items()
            if start is state and action is not c.Cancel
            for target in targets
        ), f"{state} can only be cancelled"


@pytest.mark.parametrize("state", State)
def test_a_scripted_run_reaches_each_state(state: State) -> None:
    talk = JOURNEYS[state]()
    assert talk.at(state)
    assert talk.run.ended_at == (talk.history[-1].at if state.final else None)


@pytest.mark.parametrize("name", MOMENTS)
def test_each_action_at_each_moment(name: str) -> None:
    run = moment(name).run
    for action in ACTIONS:
        sent = command(example(action, run, moment(name).now), run)
        answer = decided(run, sent, moment(name).now)
        possible = ALLOWED.get((run.state, action))
        if run.state.final and action is not c.StartRun:
            assert answer == "run_over", action
        elif possible is None:
            assert answer == ([] if action.by == "bot" else "not_now"), action
        elif isinstance(answer, str):
            assert answer != "not_now", action
        else:
            assert after(run, sent, answer).state in {run.state, *possible[1]}, action


def test_a_rule_that_leads_elsewhere_fails_loudly(monkeypatch: pytest.MonkeyPatch) -> None:
    def astray(*_: object) -> list[e.Event]:
        return [e.RunExpired()]

    table: dict[Any, Any] = ALLOWED
    line = (astray, frozenset({State.PLANNING}))
    monkeypatch.setitem(table, (State.PLANNING, c.RecordPlan), line)
    talk = moment("planning")
    sent = command(example(c.RecordPlan, talk.run, talk.now), talk.run)
    with pytest.raises(AssertionError, match="RecordPlan"):
        decide(talk.run, sent, talk.now)


def test_stay_is_no_state() -> None:
    assert STAY not in set(State)
