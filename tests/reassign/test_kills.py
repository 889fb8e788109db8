"""The program is killed at any moment, again and again, and goes on with the same database."""

from __future__ import annotations

from pathlib import Path
from random import Random

from tests.reassign.invariants import job_holds, key_of, undo_holds
from tests.reassign.process import killed_at, worked_to_the_end
from tests.reassign.stage import scenario, staged
from workflows import commands as c

RECORDS = {"contacts": 900, "companies": 500, "deals": 300}
MOMENTS = (("search", 4), ("update", 3), ("read", 3), ("update", 3), ("history", 9))
"""At which kind of call the program is killed, and at most how many of them it may make."""


def test_killed_again_and_again(tmp_path: Path) -> None:
    chance = Random(5)  # noqa: S311 - a fixed choice
    with staged(tmp_path, scenario(5, RECORDS), work=False) as stage:
        stage.fault("/batch/(read|update)$", "interfere", share=0.35, count=2, times=1_000)
        job = stage.begin()
        for what, most in MOMENTS:
            killed_at(stage, what, chance.choice(("before", "after")), chance.randint(1, most))
        worked_to_the_end(stage)
        job_holds(stage, job, interrupted=True)
        assert stage.leads_on()
        changed = stage.rows(job, "changed", "overwritten")
        assert {row.state for row in changed} == {"changed", "overwritten"}
        stage.world.clear_faults()
        undo = stage.begin(c.UndoReassignment())
        for when in ("before", "after"):
            killed_at(stage, chance.choice(("read", "update")), when, chance.randint(1, 4))
        worked_to_the_end(stage)
        assert sum(undo_holds(stage, undo).values()) == len(changed)
        for row in stage.rows(job, "undone", "kept"):
            given = row.found or row.old_owner
            assert stage.owner(key_of(row)) == given
        assert len(stage.rows(job, "undone")) > 1_500


def test_killed_while_it_is_stopped(tmp_path: Path) -> None:
    """What was under way is looked up, and nothing is written any more."""
    with staged(tmp_path, scenario(6, RECORDS), work=False) as stage:
        job = stage.begin()
        killed_at(stage, "update", "before", 4)
        stage.does(c.StopReassignment())
        since = stage.witness.mark()
        killed_at(stage, "history", "before", 1)
        killed_at(stage, "history", "after", 2)
        worked_to_the_end(stage)
        assert stage.witness.count("update", since=since) == 0
        job_holds(stage, job, whole=False)
        assert 300 <= len(stage.rows(job, "changed")) < 1_300
