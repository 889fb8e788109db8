"""The day's requests: the job stops at the reserve and goes on after the account's midnight."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from bot.reassign.gate import _zone
from tests.reassign.invariants import job_holds, undo_holds
from tests.reassign.stage import Stage, scenario, staged
from workflows import commands as c
from workflows import events as e
from workflows.states import State

RECORDS = {"contacts": 1_000, "companies": 400, "deals": 200}
PER_DAY = 1_000
RESERVE = 200


@contextmanager
def short_of_requests(directory: Path, left: int, zone: str = "Europe/Warsaw") -> Iterator[Stage]:
    """An account that has *left* requests above the reserve today."""
    loaded = scenario(9, RECORDS, per_day=PER_DAY, time_zone=zone)
    with staged(directory, loaded) as stage:
        stage.account.limits.use(PER_DAY - RESERVE - left)
        yield stage


def waits(stage: Stage) -> None:
    stage.until(lambda: stage.run.waits_until is not None, "the reserve")
    stage.until(lambda: stage.rests("leased"), "rest")


def keeps_the_reserve(stage: Stage) -> None:
    assert stage.account.limits.used_today <= PER_DAY - RESERVE


def midnight(stage: Stage) -> None:
    """Let the account's day end."""
    until = stage.account.limits.resets_at
    stage.world.clock.advance(until - stage.world.clock.now() + timedelta(seconds=1))


def test_it_pauses_at_the_reserve_and_goes_on_after_midnight(tmp_path: Path) -> None:
    with short_of_requests(tmp_path, 60, "Pacific/Auckland") as stage:
        job = stage.begin()
        waits(stage)
        keeps_the_reserve(stage)
        assert stage.account.limits.used_today >= PER_DAY - RESERVE - 45, "it is used, too"
        assert stage.run.waits_until == stage.account.limits.resets_at
        (told,) = stage.happened(e.ReassignmentWaits)
        assert told.reserve == RESERVE <= told.remaining
        assert not stage.over
        midnight(stage)
        stage.finish()
        assert len(stage.happened(e.ReassignmentGoesOn)) == 1
        job_holds(stage, job, interrupted=True)
        assert stage.leads_on()
        stage.account.limits.use(PER_DAY - RESERVE - 30)
        undo = stage.begin(c.UndoReassignment())
        waits(stage)
        keeps_the_reserve(stage)
        midnight(stage)
        stage.finish()
        assert undo_holds(stage, undo) == {"undone": 1_600}


def test_paused_and_resumed_while_it_waits(tmp_path: Path) -> None:
    with short_of_requests(tmp_path, 60) as stage:
        job = stage.begin()
        waits(stage)
        stage.does(c.PauseReassignment())
        assert stage.run.waits_until is None
        stage.does(c.ResumeReassignment())
        waits(stage)
        keeps_the_reserve(stage)
        assert len(stage.happened(e.ReassignmentWaits)) == 2
        stage.does(c.PauseReassignment())
        midnight(stage)
        stage.does(c.ResumeReassignment())
        stage.finish()
        job_holds(stage, job, interrupted=True)
        assert stage.leads_on()


def test_stopped_while_it_waits(tmp_path: Path) -> None:
    """What was changed is checked at once: for that the reserve may be spent."""
    with short_of_requests(tmp_path, 40) as stage:
        job = stage.begin()
        waits(stage)
        keeps_the_reserve(stage)
        stage.does(c.StopReassignment())
        stage.finish()
        assert stage.account.limits.used_today < PER_DAY, "it did not wait for midnight"
        job_holds(stage, job, whole=False)
        assert stage.run.state is State.REASSIGNING
        assert stage.run.records_left, "it had not come to the end"


def test_a_day_that_is_used_up_by_others(tmp_path: Path) -> None:
    """HubSpot refuses everything with 429 DAILY, whatever was reckoned."""
    with short_of_requests(tmp_path, 500) as stage:
        used = stage.witness.soon("update", "after", 4, lambda: stage.account.limits.use(PER_DAY))
        job = stage.begin()
        waits(stage)
        assert used.is_set()
        assert stage.run.waits_until == stage.account.limits.resets_at
        midnight(stage)
        stage.finish()
        job_holds(stage, job, interrupted=True)
        assert stage.leads_on()


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "Europe", "../etc/passwd", "x" * 300, "\0"])
def test_a_time_zone_that_there_is_not(name: str) -> None:
    assert _zone(name).key == "UTC"
