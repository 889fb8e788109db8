"""Every fault of the sandbox at random, alone and all together, with fixed seeds."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.reassign.faults import ANY, FAULTS, strike, struck
from tests.reassign.invariants import accounted_for, job_holds
from tests.reassign.stage import Stage, is_over, scenario, staged
from workflows import commands as c
from workflows.states import State

RECORDS = {"contacts": 500, "companies": 300, "deals": 200}


def mended(stage: Stage) -> None:
    """The faults are over: trying again brings everything to zero."""
    stage.world.clear_faults()
    while stage.run.state is State.REASSIGNING:
        job = stage.begin(c.RetryReassignment())
        assert job < 6, f"it never ends: {stage.told()}"
        stage.finish()
        job_holds(stage, job)
    assert stage.leads_on()
    assert not stage.owned(stage.run.mapping)


def test_without_faults_everything_is_changed(tmp_path: Path) -> None:
    with staged(tmp_path, scenario(1, RECORDS)) as stage:
        job = stage.begin()
        stage.finish()
        job_holds(stage, job)
        assert stage.leads_on()
        assert {row.state for row in stage.rows(job)} == {"changed"}
        assert len(stage.rows(job)) == 1_000


@pytest.mark.parametrize("kind", FAULTS)
def test_one_kind_of_fault(tmp_path: Path, kind: str) -> None:
    with staged(tmp_path, scenario(7, RECORDS)) as stage:
        strike(stage, kind)
        job = stage.begin()
        stage.finish()
        assert struck(stage)[kind] > 2
        job_holds(stage, job)
        mended(stage)
        accounted_for(stage, job)


@pytest.mark.parametrize("seed", [3, 11])
def test_all_kinds_of_faults_together(tmp_path: Path, seed: int) -> None:
    with staged(
        tmp_path, scenario(seed, {"contacts": 1_600, "companies": 800, "deals": 400})
    ) as stage:
        strike(stage, *FAULTS, weight=0.3)
        job = stage.begin()
        stage.finish()
        assert all(struck(stage)[kind] for kind in FAULTS), struck(stage)
        states = {row.state for row in stage.rows(job)}
        assert states == {"changed", "failed", "left_alone", "gone", "overwritten"}
        job_holds(stage, job)
        mended(stage)
        accounted_for(stage, job)


def test_a_token_that_is_refused_for_a_while(tmp_path: Path) -> None:
    with staged(tmp_path, scenario(5, RECORDS)) as stage:
        stage.fault(ANY, "unauthorized", after=12, times=3)
        job = stage.begin()
        stage.until(lambda: stage.run.blocked is not None, "the block")
        stage.until(lambda: stage.rests("leased"), "rest")
        assert stage.run.blocked is not None
        assert stage.run.blocked.code == "hubspot_unauthorized"
        assert not is_over(stage.run)
        stage.world.clear_faults()
        stage.does(c.Retry())
        stage.finish()
        job_holds(stage, job, interrupted=True)
        assert stage.leads_on()


def test_an_outage_is_told_and_outlived(tmp_path: Path) -> None:
    with staged(tmp_path, scenario(6, RECORDS)) as stage:
        job = stage.begin()
        down = stage.witness.soon(
            "update", "after", 4, lambda: stage.fault("", "502", times=10_000)
        )
        stage.until(lambda: stage.run.blocked is not None, "the block")
        assert down.is_set()
        stage.world.clear_faults()
        stage.finish()
        assert stage.run.blocked is None
        job_holds(stage, job, interrupted=True)
        assert stage.leads_on()
