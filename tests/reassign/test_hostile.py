"""Data that nobody would have thought of, and people who change it while the job works."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from bot.reassign import forward
from handlers import render
from handlers.i18n import translator
from sandbox.hubspot.records import Dirty, Table
from sandbox.hubspot.schema import SCHEMAS
from sandbox.hubspot.service import HubSpot
from sandbox.scenario import Scenario
from tests.reassign.invariants import accounted_for, job_holds, key_of, ours, undo_holds
from tests.reassign.stage import Stage, scenario, staged
from tests.reassign.witness import Key
from workflows import commands as c
from workflows.states import State
from workflows.values import Assignment

RECORDS = {"contacts": 450, "companies": 150, "deals": 100}
NAMES = (
    "",
    "Sam Twin",
    "Sam Twin",
    "<!channel>",
    "<@U0ADA00001> & *co*",
    "\u202eמשה \u05d0\u05d1\u2066 right",
    "x" * 200,
    "'; DROP TABLE ledger; --",
)


def with_names(loaded: Scenario) -> Scenario:
    """The same with owners of strange names besides, and targets of the same names."""
    data = loaded.model_dump()
    data["salesforce_owners"] = [
        {"name": name, "email": f"sf{n}@example.com" if n else "", "records": {"contacts": 10}}
        for n, name in enumerate(NAMES)
    ]
    data["hubspot_owners"] = [
        {"name": name, "email": f"hub{n}@example.com"} for n, name in enumerate(NAMES)
    ]
    return Scenario.model_validate(data)


def test_names_that_are_none_or_too_much(tmp_path: Path) -> None:
    with staged(tmp_path, with_names(scenario(1, RECORDS))) as stage:
        assert len(stage.run.owners) >= len(NAMES) + 18
        job = stage.begin()
        stage.finish()
        job_holds(stage, job)
        assert stage.leads_on()
        told = render.prompt_message(stage.run, translator("en"), None)
        assert "<!channel>" not in json.dumps(told.blocks)


def before_the(stage: Stage, what: str, nth: int, do: Any) -> list[Key]:
    """Let *do* be done to some records of the call; return them, once it was."""
    struck: list[Key] = []

    def meanwhile() -> None:
        call = stage.witness.calls[-1]
        struck.extend((call.object_type, key) for key in call.ids[:10])
        for key in struck:
            do(key)

    stage.witness.soon(what, "before", nth, meanwhile)
    return struck


@pytest.mark.parametrize("what", ["read", "update", "history"])
def test_archived_in_the_middle(tmp_path: Path, what: str) -> None:
    with staged(tmp_path, scenario(2, RECORDS)) as stage:
        gone = before_the(stage, what, 3, stage.archive)
        job = stage.begin()
        stage.finish()
        job_holds(stage, job)
        states = {row.state for row in stage.rows(job) if key_of(row) in gone}
        assert len(gone) == 10
        assert states == {"changed" if what == "history" else "gone"}
        assert stage.leads_on()


@pytest.mark.parametrize("what", ["read", "update"])
def test_merged_in_the_middle(tmp_path: Path, what: str) -> None:
    """The old id reads and writes as the survivor, who belongs to somebody else."""
    with staged(tmp_path, scenario(3, {"contacts": 400})) as stage:
        survivors = other_peoples(stage, 10)
        given = {key: stage.owner(key) for key in survivors}
        left = list(survivors)

        def merge(key: Key) -> None:
            stage.account.tables[key[0]].merge(int(key[1]), int(left.pop()[1]))

        gone = before_the(stage, what, 1, merge)
        job = stage.begin()
        stage.finish()
        assert len(gone) == 10
        assert {row.state for row in stage.rows(job) if key_of(row) in gone} == {"gone"}
        if what == "read":
            assert {key: stage.owner(key) for key in survivors} == given
            job_holds(stage, job)
            return
        # What is merged between the reading and the write is written through: told, and undone.
        rows = {key_of(row): row for row in stage.rows(job) if key_of(row) in given}
        assert {key: (row.state, row.found) for key, row in rows.items()} == {
            key: ("overwritten", owner) for key, owner in given.items()
        }
        stage.does(c.UndoReassignment())
        stage.until(lambda: stage.run.state is State.MAPPING_OWNERS, "the undo")
        assert {key: stage.owner(key) for key in survivors} == given


def other_peoples(stage: Stage, number: int) -> list[Key]:
    """Give some contacts to somebody of HubSpot's, and return them."""
    table = stage.account.tables["contacts"]
    keys = [("contacts", str(table.nth(-n))) for n in range(1, number + 1)]
    for key in keys:
        stage.by_hand(key, stage.targets[-1].id)
    # Search must know it too, or these are found as if they were still the old owner's.
    time.sleep(2 * stage.world.scenario.account.index_lag)
    return keys


def test_a_target_is_deactivated_in_the_middle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forward, "THREADS", 2)
    with staged(tmp_path, scenario(4, {"contacts": 1_300, "deals": 300})) as stage:
        left = stage.targets[0]
        job = stage.begin()
        done = stage.witness.soon("update", "after", 2, lambda: stage.account.deactivate(left.id))
        stage.until(lambda: stage.run.blocked is not None, "the block")
        assert done.is_set()
        assert stage.run.blocked is not None
        assert stage.run.blocked.code == "target_inactive"
        stage.until(lambda: stage.rests("leased"), "rest")
        assert 0 < len(stage.rows(job, "changed")) < 1_500, "it stopped"
        stopped = stage.witness.mark()
        stage.does(c.StopReassignment())
        stage.finish()
        assert stage.witness.count("update", since=stopped) == 0
        job_holds(stage, job, whole=False)
        assert {row.new_owner for row in stage.rows(job, "failed")} <= {left.id}
        stage.does(c.ChangeMapping())
        somebody = stage.targets[5]
        for old, assignment in stage.run.mapping.items():
            if left.id in {owner.id for owner in assignment.owners}:
                stage.bot.map({old: Assignment(targets=(somebody,))})
        again = stage.begin()
        stage.finish()
        job_holds(stage, again)
        assert left.id not in {row.new_owner for row in stage.rows(again)}
        assert stage.leads_on()


def test_new_records_arrive_for_old_owners_meanwhile(tmp_path: Path) -> None:
    """They are found by the fresh count, and *try again* takes them."""
    with staged(tmp_path, scenario(5, RECORDS)) as stage:
        news = other_peoples(stage, 12)
        old = next(iter(stage.run.mapping))

        def arrive() -> None:
            for key in news:
                stage.by_hand(key, old)

        stage.witness.soon("history", "before", 1, arrive)
        stage.begin()
        stage.finish()
        assert stage.run.state is State.REASSIGNING
        assert stage.run.records_left == 12
        job = stage.begin(c.RetryReassignment())
        stage.finish()
        job_holds(stage, job)
        assert {key_of(row) for row in stage.rows(job)} == set(news)
        assert stage.leads_on()


def test_ids_beyond_what_a_float_can_tell_apart(tmp_path: Path) -> None:
    """Neighbours beyond 2^53 are two records."""
    first = 2**53 + 1

    def move(account: HubSpot) -> None:
        ids_from(account, "contacts", first)

    with staged(tmp_path, scenario(6, RECORDS), prepare=move) as stage:
        job = stage.begin()
        stage.finish()
        job_holds(stage, job)
        contacts = [row for row in stage.rows(job) if row.object_type == "contacts"]
        assert {int(row.record_id) for row in contacts} == set(range(first, first + 450))
        undo = stage.begin(c.UndoReassignment())
        stage.finish()
        assert undo_holds(stage, undo) == {"undone": 700}


def ids_from(account: HubSpot, kind: str, first: int) -> None:
    """Let the records of a kind have ids from *first* on."""
    old = account.tables[kind]
    owners = [old.owner_of(old.nth(n)) for n in range(old.size)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sandbox.hubspot.records.FIRST_RECORD_ID", first)
        account.tables[kind] = Table(SCHEMAS[kind], account.world.clock, 0.03, owners)


@pytest.mark.parametrize("whole", [False, True])
def test_dirty_records_hold_nobody_back(tmp_path: Path, whole: bool) -> None:
    """Some refuse by name, some refuse the whole batch and name nobody."""
    with staged(tmp_path, scenario(7, RECORDS)) as stage:
        table = stage.account.tables["contacts"]
        keys = [table.nth(n) for n in (0, 1, 99, 350, 449)]
        for key in keys:
            table.dirty[key] = Dirty(whole_batch=whole)
        job = stage.begin()
        stage.finish()
        job_holds(stage, job)
        failed = stage.rows(job, "failed")
        assert {row.record_id for row in failed} == {str(key) for key in keys}
        assert all(row.error and row.reference for row in failed)
        table.dirty.clear()
        again = stage.begin(c.RetryReassignment())
        stage.finish()
        assert len(stage.rows(again)) == 5
        job_holds(stage, again)
        accounted_for(stage, job)
        assert not ours(stage, job).keys() & ours(stage, again).keys()
