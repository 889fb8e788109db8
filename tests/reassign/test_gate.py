"""The gate shuts between the halves of a batch that HubSpot refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.ports import Swap
from bot.reassign import forward
from sandbox.hubspot.records import Dirty
from tests.reassign.invariants import job_holds
from tests.reassign.stage import hurried_hubspot, scenario, staged
from workflows import commands as c
from workflows.states import State


@pytest.mark.parametrize("opened", [0, 1, 2, 3, 4])
def test_what_is_not_let_go_is_not_sent(tmp_path: Path, opened: int) -> None:
    """A batch of four, whose last record refuses it: whole, halves, and its single records."""
    with staged(tmp_path, scenario(1, {"contacts": 40}), work=False) as stage:
        hubspot = hurried_hubspot(stage.url, stage.world.scenario.account.token)
        table = stage.account.tables["contacts"]
        keys = [str(table.nth(n)) for n in range(4)]
        table.dirty[table.nth(3)] = Dirty(whole_batch=True)
        old = {key: stage.owner(("contacts", key)) for key in keys}
        new = stage.targets[0].id
        asked: list[int] = []

        def go() -> bool:
            asked.append(1)
            return len(asked) <= opened

        since = stage.witness.mark()
        swaps = [Swap(key, old[key] or "", new) for key in keys]
        told = hubspot.swap_owners("contacts", swaps, go)
        assert stage.witness.count("update", since=since) == opened
        assert stage.witness.count("read", since=since) == opened
        changed = (0, 0, 2, 2, 3)[opened]
        assert told.changed == tuple(keys[:changed])
        assert told.unclear == tuple(keys[changed:])
        assert told.error is None
        for number, key in enumerate(keys):
            wanted = new if number < changed else old[key]
            assert stage.owner(("contacts", key)) == wanted


@pytest.mark.parametrize("nth", [1, 2, 3, 5])
def test_paused_between_the_halves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nth: int
) -> None:
    monkeypatch.setattr(forward, "THREADS", 1)
    with staged(tmp_path, scenario(2, {"contacts": 150})) as stage:
        table = stage.account.tables["contacts"]
        table.dirty[table.nth(0)] = Dirty(whole_batch=True)
        paused = stage.witness.soon(
            "update", "before", nth, lambda: stage.does(c.PauseReassignment())
        )
        job = stage.begin()
        stage.until(lambda: paused.is_set() and stage.rests("leased"), "rest")
        assert stage.witness.made("update") == nth
        stage.does(c.ResumeReassignment())
        stage.finish()
        job_holds(stage, job, interrupted=True)
        assert len(stage.rows(job)) == 150
        assert len(stage.rows(job, "failed")) == 1
        assert stage.run.state is State.REASSIGNING
