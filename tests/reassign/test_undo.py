"""The undo: of a part, of all, after others' changes, under faults, twice."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from bot.reassign import forward
from tests.reassign.faults import FAULTS, UPDATE, strike
from tests.reassign.invariants import job_holds, key_of, ours, undo_holds
from tests.reassign.stage import Stage, scenario, staged
from workflows import commands as c
from workflows import events as e
from workflows.states import State

RECORDS = {"contacts": 600, "companies": 240, "deals": 160}


def undone(stage: Stage, **scope: str) -> dict[str, int]:
    """Undo, in a scope or all; return how many rows ended in each state."""
    job = stage.begin(c.UndoReassignment(**scope))
    stage.finish()
    return undo_holds(stage, job)


def test_of_a_part_run_by_owner_by_type_by_both_and_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forward, "THREADS", 2)
    with staged(tmp_path, scenario(1, RECORDS)) as stage:
        before = stage.owned(stage.run.mapping)
        job = stage.begin()
        stopped = stage.witness.soon("update", "after", 5, lambda: stage.does(c.StopReassignment()))
        stage.finish()
        assert stopped.is_set()
        job_holds(stage, job, whole=False)
        rows = stage.rows(job)
        assert 300 < len(rows) < len(before)
        by_owner = Counter(row.old_owner for row in rows)
        (one, _), (two, _) = by_owner.most_common(2)
        both = [row for row in rows if row.old_owner == one and row.object_type == "contacts"]
        left = {key_of(row) for row in rows}
        for scope, inside in (
            ({"owner_id": one, "object_type": "contacts"}, {key_of(row) for row in both}),
            ({"owner_id": two}, {key_of(row) for row in rows if row.old_owner == two}),
            ({"object_type": "companies"}, {k for k in left if k[0] == "companies"}),
            ({}, {key_of(row) for row in rows}),
        ):
            wanted = inside & left
            left = left - inside
            assert undone(stage, **scope) == ({"undone": len(wanted)} if wanted else {})
            assert ours(stage, stage.run.job).keys() == wanted
        assert stage.owned(stage.run.mapping) == before
        assert undone(stage) == {}


def test_after_people_changed_some_of_the_records(tmp_path: Path) -> None:
    with staged(tmp_path, scenario(2, RECORDS)) as stage:
        job = stage.begin()
        stage.finish()
        rows = stage.rows(job)
        somebody = stage.targets[-1].id
        for row in rows[:40:4]:
            stage.by_hand(key_of(row), somebody)
        for row in rows[1:40:4]:
            stage.by_hand(key_of(row), None)
        for row in rows[2:40:4]:
            stage.archive(key_of(row))
        for row in rows[3:40:4]:
            stage.by_hand(key_of(row), row.old_owner)
        assert undone(stage) == {"undone": len(rows) - 30, "kept": 30}
        for number, row in enumerate(rows):
            kind = number % 4 if number < 40 else 3
            assert stage.owner(key_of(row)) == (somebody, None, None, row.old_owner)[kind]
        found = {key_of(row): row.found for row in stage.rows(job, "kept")}
        assert [found[key_of(row)] for row in rows[:40:4]] == [somebody] * 10
        assert [found[key_of(row)] for row in rows[1:40:4]] == [""] * 10


def test_what_was_written_over_goes_to_whom_it_had_been_given_to(tmp_path: Path) -> None:
    with staged(tmp_path, scenario(3, RECORDS)) as stage:
        stage.fault(UPDATE, "interfere", count=4, times=5)
        job = stage.begin()
        stage.finish()
        job_holds(stage, job)
        over = stage.rows(job, "overwritten")
        assert len(over) == 20
        stage.world.clear_faults()
        assert undone(stage) == {"undone": 1_000}
        for row in over:
            assert stage.owner(key_of(row)) == row.found != row.old_owner


def test_under_faults_and_again_until_all_is_given_back(tmp_path: Path) -> None:
    with staged(tmp_path, scenario(4, RECORDS)) as stage:
        before = stage.owned(stage.run.mapping)
        job = stage.begin()
        stage.finish()
        kinds = set(FAULTS) - {"interfere", "archive"}
        strike(stage, *sorted(kinds), weight=0.5)
        told = undone(stage)
        assert sum(told.values()) == 1_000
        assert 0 < told["changed"] < 100, "some were refused by name"
        (end,) = stage.happened(e.ReassignmentUndone)
        assert end.still_changed == told["changed"]
        assert all(row.error and row.reference for row in stage.rows(job, "changed"))
        stage.world.clear_faults()
        assert undone(stage) == {"undone": told["changed"]}
        assert stage.owned(stage.run.mapping) == before
        assert stage.run.state is State.MAPPING_OWNERS


def test_others_take_records_while_it_works(tmp_path: Path) -> None:
    with staged(tmp_path, scenario(5, RECORDS)) as stage:
        job = stage.begin()
        stage.finish()
        strike(stage, "archive")
        stage.fault("/batch/read$", "interfere", count=3, share=0.5, times=100)
        told = undone(stage)
        assert sum(told.values()) == 1_000
        assert told["kept"] > 20
        for row in stage.rows(job, "kept"):
            assert stage.gone(key_of(row)) or stage.owner(key_of(row)) == row.found
