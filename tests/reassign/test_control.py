"""People hold, stop, freeze and cancel the job at random moments."""

from __future__ import annotations

import time
from pathlib import Path
from random import Random

import pytest

from bot.reassign import forward, scan
from tests.reassign.invariants import (
    job_holds,
    nobody_else_was_touched,
    undo_holds,
    written_only_as_planned,
)
from tests.reassign.stage import Stage, scenario, staged
from workflows import commands as c
from workflows.states import State

RECORDS = {"contacts": 1_200, "companies": 500, "deals": 300}
QUIET_SECONDS = 0.1
MOST = {
    "read": forward.THREADS,
    "update": forward.THREADS,
    "history": forward.THREADS,
    "search": scan.CURSORS,
}
"""What may be under way at most."""


def held_by(stage: Stage, action: c.Action, what: str, nth: int) -> int:
    """Let *action* be done at the *nth* call of a kind; wait until the bot rests."""
    marks: list[int] = []

    def do() -> None:
        stage.does(action)
        marks.append(stage.witness.mark())

    done = stage.witness.soon(what, "after", nth, do)
    stage.until(done.is_set, f"{what} {nth}")
    stage.until(lambda: stage.rests("leased"), "rest")
    return marks[0]


def rests(stage: Stage, since: int) -> None:
    """What was under way ended; nothing followed, and nothing follows."""
    for what, most in MOST.items():
        assert stage.witness.count(what, since=since) <= most, what
    before = len(stage.witness.calls)
    stage.bot.worker.wake()
    time.sleep(QUIET_SECONDS)
    assert len(stage.witness.calls) == before


def test_paused_and_resumed_at_random_moments(tmp_path: Path) -> None:
    chance = Random(2)  # noqa: S311 - a fixed choice
    with staged(tmp_path, scenario(1, RECORDS)) as stage:
        job = stage.begin()
        for what in ("search", "update", "update", "history"):
            since = held_by(stage, c.PauseReassignment(), what, chance.randint(1, 5))
            assert stage.run.job_state == "paused"
            rests(stage, since)
            stage.does(c.ResumeReassignment())
        stage.finish()
        job_holds(stage, job, interrupted=True)
        assert stage.leads_on()


def test_frozen_and_unfrozen_at_random_moments(tmp_path: Path) -> None:
    chance = Random(1)  # noqa: S311 - a fixed choice
    with staged(tmp_path, scenario(1, RECORDS)) as stage:
        before = stage.owned(stage.run.mapping)
        job = stage.begin()
        for what in ("search", "update", "read", "history"):
            since = held_by(stage, c.Freeze(), what, chance.randint(1, 5))
            rests(stage, since)
            stage.does(c.Unfreeze())
        stage.finish()
        job_holds(stage, job, interrupted=True)
        undo = stage.begin(c.UndoReassignment())
        for what in ("update", "read"):
            since = held_by(stage, c.Freeze(), what, chance.randint(1, 5))
            rests(stage, since)
            stage.does(c.Unfreeze())
        stage.finish()
        assert undo_holds(stage, undo) == {"undone": len(before)}
        assert stage.owned(stage.run.mapping) == before


@pytest.mark.parametrize("paused", [False, True])
def test_stopped_with_a_checked_result(tmp_path: Path, paused: bool) -> None:
    with staged(tmp_path, scenario(3, RECORDS)) as stage:
        job = stage.begin()
        if paused:
            held_by(stage, c.PauseReassignment(), "update", 4)
            stage.does(c.StopReassignment())
        else:
            done = stage.witness.soon(
                "update", "after", 4, lambda: stage.does(c.StopReassignment())
            )
            stage.until(done.is_set, "the stop")
        since = stage.witness.mark()
        stage.finish()
        assert stage.witness.count("update", since=since) <= 2 * forward.THREADS
        job_holds(stage, job, whole=False)
        assert all(row.checked for row in stage.rows(job, "changed"))
        assert stage.run.state is State.REASSIGNING
        assert stage.run.records_left > 100
        again = stage.begin(c.RetryReassignment())
        stage.finish()
        job_holds(stage, again)
        assert stage.leads_on()


def test_cancelled_in_the_middle(tmp_path: Path) -> None:
    with staged(tmp_path, scenario(4, RECORDS)) as stage:
        job = stage.begin()
        since = held_by(stage, c.Cancel(), "update", 5)
        rests(stage, since)
        assert stage.run.state is State.CANCELLED
        written_only_as_planned(stage, job)
        nobody_else_was_touched(stage)
