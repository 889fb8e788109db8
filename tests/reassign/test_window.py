"""Somebody changes a record just when the bot does: nothing of theirs is claimed as ours."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.reassign import forward
from bot.store.base import LedgerRow
from tests.reassign.invariants import job_holds, key_of, ours, undo_holds
from tests.reassign.stage import Stage, scenario, staged
from tests.reassign.witness import Key
from workflows import commands as c

RECORDS = {"contacts": 300, "deals": 100}
UPDATE = "/batch/update$"


def rows_by_key(stage: Stage, job: int) -> dict[Key, LedgerRow]:
    return {key_of(row): row for row in stage.rows(job)}


def first_of(stage: Stage, what: str, number: int) -> list[Key]:
    """The first records of the latest call of a kind."""
    call = [call for call in stage.witness.calls if call.what == what][-1]
    return [(call.object_type, key) for key in call.ids[:number]]


def test_whoever_gives_a_record_to_our_target_did_it_not_we(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing was applied; when we look again, the record has its new owner by other hands."""
    monkeypatch.setattr(forward, "THREADS", 1)
    with staged(tmp_path, scenario(2, RECORDS)) as stage:
        stage.fault(UPDATE, "timeout")
        given: list[Key] = []

        def meanwhile() -> None:
            given.extend(first_of(stage, "update", 2))
            rows = rows_by_key(stage, 1)
            for key in given:
                stage.by_hand(key, rows[key].new_owner)

        stage.witness.soon("update", "before", 1, meanwhile)
        job = stage.begin()
        stage.finish()
        assert len(given) == 2
        job_holds(stage, job)
        rows = rows_by_key(stage, job)
        for key in given:
            assert (rows[key].state, rows[key].found) == ("left_alone", rows[key].new_owner)
        undo = stage.begin(c.UndoReassignment())
        stage.finish()
        assert undo_holds(stage, undo) == {"undone": 398}
        assert given[0] not in ours(stage, undo)
        assert [stage.owner(key) for key in given] == [rows[key].new_owner for key in given]


def test_an_earlier_job_does_not_hide_what_fell_into_the_window(tmp_path: Path) -> None:
    """Reassigned, undone, and reassigned again, to the same people."""
    with staged(tmp_path, scenario(4, RECORDS)) as stage:
        stage.begin()
        stage.finish()
        stage.begin(c.UndoReassignment())
        stage.finish()
        stage.fault(UPDATE, "interfere", count=5)
        job = stage.begin()
        stage.finish()
        job_holds(stage, job)
        assert len(stage.rows(job, "overwritten")) == 5
