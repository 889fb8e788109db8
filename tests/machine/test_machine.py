"""A short, repeatable run of the machine; `make soak` makes long ones with new random numbers."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.attacks import Cases
from tests.machine import machine
from workflows.states import FINAL, State

EXAMPLES, STEPS = 12, 14
NEVER_ASKED = FINAL - {State.COMPLETED}
"""Ends that nobody brings about here on purpose."""


@pytest.fixture(autouse=True)
def _quiet_logs() -> Iterator[None]:
    with machine.quietly():
        yield


@pytest.mark.attack("1", "a state machine over engine, store and simulated vendors")
@pytest.mark.attack("2", "a state machine over engine, store and simulated vendors")
@pytest.mark.attack("3", "a state machine over engine, store and simulated vendors")
@pytest.mark.attack("4", "a state machine over engine, store and simulated vendors")
@pytest.mark.attack("5", "a state machine over engine, store and simulated vendors")
@pytest.mark.attack("6", "a state machine over engine, store and simulated vendors")
@pytest.mark.attack("7", "a state machine over engine, store and simulated vendors")
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_promises_hold_whatever_happens(seed: int, cases: Cases, thorough: bool) -> None:
    if seed > 1 and not thorough:
        pytest.skip("of the thorough run: pytest -m attack")
    machine.STATES.clear()
    machine.DID.clear()
    random.seed(seed)
    run_state_machine_as_test(
        machine.seeded(seed),
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
    cases.add(machine.DID.total())
    assert machine.STATES[State.COMPLETED], "somebody brought it to its end"
