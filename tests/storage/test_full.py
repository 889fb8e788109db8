"""The disk is full at every place where something is recorded, and has room again later."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from datetime import timedelta
from pathlib import Path

import pytest

from bot.audit.checkpoint import Checkpoints
from bot.errors import StoreError
from bot.store import snapshots
from bot.store.base import Transaction
from bot.store.sqlite import SqliteStore
from tests.attacks import Cases
from tests.bot.jobs import finished, mapping, owned, written_once
from tests.bot.rig import Rig, chained
from tests.bot.windows import ALL, leads
from tests.storage.disk import Disk, Log, wait_for
from tests.storage.former import as_of
from tests.storage.ways import FULL
from tests.workflows import journeys
from tests.workflows.samples import SAM
from workflows import commands as c
from workflows import events as e
from workflows.states import State

pytestmark = pytest.mark.attack("2", FULL)
HOUR = timedelta(hours=1)
PAGES = 1_000_000


class Narrow(SqliteStore):
    """Remembers its connections."""

    def __init__(self, path: Path) -> None:
        self.pages = PAGES
        self.opened: list[sqlite3.Connection] = []
        super().__init__(path)

    def _connect(self) -> sqlite3.Connection:
        connection = super()._connect()
        self.opened.append(connection)
        connection.execute(f"PRAGMA max_page_count = {self.pages}")
        return connection


def narrow(store: Narrow, pages: int) -> None:
    """Let the database have no more pages than these, or than it has."""
    store.pages = pages
    for connection in store.opened:
        with suppress(sqlite3.ProgrammingError):  # one that is closed
            connection.execute(f"PRAGMA max_page_count = {pages}")


def told_once(logged: Log, doing: str = "writing") -> None:
    """The log says that it began and that it is over, and neither again and again."""
    for event in ("store_failed", "store_recovered"):
        (line,) = [one for one in logged.of(event) if one["doing"] == doing]
        assert line["code"] in {"store_full", "store_unavailable"}


def test_a_click(rig: Rig, disk: Disk, logged: Log, cases: Cases) -> None:
    rig.adopt(journeys.to_approval())
    before = rig.run
    with disk.full():
        for _ in range(3):
            with pytest.raises(StoreError) as refused:
                rig.does("UA", c.Cancel(reason="changed our minds"), key="click:X")
            assert "nothing was recorded" in str(refused.value.problem)
            assert "room" in str(refused.value.remedy)
        assert rig.run == before, "it can still be looked at"
    rig.does("UA", c.Cancel(reason="changed our minds"), key="click:X")
    assert rig.does("UA", c.Cancel(reason="changed our minds"), key="click:X").repeated
    assert len(rig.happened(e.Cancelled)) == 1
    told_once(logged)
    cases.add(3)


def test_as_sqlite_itself_tells_it(tmp_path: Path) -> None:
    """Not one page more: the error comes in the middle of a statement, not at the commit."""
    talk = journeys.to_window()
    links = chained("R1", talk.history)
    with closing(Narrow(tmp_path / "sunset.db")) as store:

        def append(transaction: Transaction) -> None:
            narrow(store, 1)
            transaction.append(talk.run, links)

        with pytest.raises(StoreError) as refused:
            store.write(append)
        assert refused.value.code == "store_full"
        assert store.run_ids() == []
        assert store.write(lambda transaction: transaction.load("R1")) is None
        narrow(store, PAGES)
        store.write(lambda transaction: transaction.append(talk.run, links))
        assert store.run("R1") == talk.run
        assert store.problems("R1") == []


def test_an_effect_that_is_done_but_not_recorded(rig: Rig, disk: Disk, logged: Log) -> None:
    rig.adopt(journeys.to_disconnecting())
    post = rig.slack.post

    def then_full(*given: object, **more: object) -> object:
        answer = post(*given, **more)  # type: ignore[arg-type]  # as it was called
        disk.fill()
        return answer

    rig.slack.post = then_full  # type: ignore[assignment]  # for one call
    rig.does("UA", c.Freeze())
    wait_for(lambda: logged.of("result_not_recorded"))
    rig.slack.post = post  # type: ignore[method-assign]  # as it was
    disk.free()
    rig.settle()
    assert rig.effects("failed", "leased") == []
    keys = [one.key for one in rig.slack.shown if one.key]
    assert len(keys) == len(set(keys)), "nothing was posted twice"
    assert len(logged.of("result_not_recorded")) <= 2, "once for each effect under way"
    told_once(logged)


@pytest.mark.parametrize("at", ["before_write", "between"])
def test_the_ledger_of_a_job(rig: Rig, disk: Disk, logged: Log, at: str) -> None:
    """What was written to HubSpot, and could not be noted, is read back; nobody has to click."""
    mapping(rig, owned(SAM, contacts=250))
    ids = rig.hubspot.fill("contacts", SAM, 250)
    setattr(rig.hubspot, at, disk.fill)
    rig.does("UA", c.ConfirmMapping(shown=rig.run.mapping_version))
    wait_for(lambda: logged.of("store_failed"))
    setattr(rig.hubspot, at, lambda: None)
    disk.free()
    rig.until(lambda: finished(rig))
    written_once(rig)
    assert {record for _, record, _ in rig.hubspot.writes} == set(ids)
    assert not rig.happened(e.Retried)
    assert rig.store.problems("R1") == []
    told_once(logged)


def test_a_reminder_is_not_lost(rig: Rig, disk: Disk, logged: Log) -> None:
    rig.adopt(journeys.to_window())
    rig.settle()
    deadline = rig.run.deadline
    assert deadline is not None
    rig.move(deadline - rig.clock.now() - 4 * HOUR)
    with disk.full():
        for _ in range(5):
            with pytest.raises(StoreError):
                rig.engine.fire_due_timers()
    rig.tick()
    rig.until(lambda: all(4 * 3_600 in leads(rig, place) for place in ALL))
    for place in ALL:
        assert leads(rig, place).count(4 * 3_600) == 1
    assert len(logged.of("store_failed")) == 1


def test_a_checkpoint(rig: Rig, disk: Disk) -> None:
    rig.adopt(journeys.to_disconnecting())
    rig.settle()
    checkpoints = Checkpoints(rig.store, rig.slack, rig.clock, rig.context.translator)
    rig.clock.time += timedelta(days=1)
    people = rig.run.approvers or rig.run.eligible_approvers
    post = rig.slack.post

    def then_full(*given: object, **more: object) -> object:
        answer = post(*given, **more)  # type: ignore[arg-type]  # as it was called
        disk.fill()
        return answer

    rig.slack.post = then_full  # type: ignore[assignment]  # for one call
    with pytest.raises(StoreError):
        checkpoints.look()
    rig.slack.post = post  # type: ignore[method-assign]  # as it was
    disk.free()
    for _ in range(2):
        checkpoints.look()
    assert len(rig.slack.shown_with(":checkpoint:")) == len(people)


def test_a_snapshot(rig: Rig, disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "EVERY", 2)
    rig.adopt(journeys.to_mapping())
    seen = rig.run.version
    with disk.full():
        for _ in range(2):
            with pytest.raises(StoreError):
                rig.does("UA", c.Freeze())
    rig.does("UA", c.Freeze())
    rig.does("UB", c.Unfreeze())
    assert rig.run.version == seen + 2
    rig.restart()
    assert rig.store.problems("R1") == []
    assert rig.run.version == seen + 2


@pytest.mark.parametrize("version", [1, 2, 3])
def test_an_upgrade(tmp_path: Path, disk: Disk, version: int) -> None:
    path = tmp_path / "sunset.db"
    talk = journeys.to_reassigning()
    as_of(version, path, talk)
    with disk.full(), pytest.raises(StoreError) as refused:
        SqliteStore(path)
    assert refused.value.code in {"store_unusable", "store_unavailable", "store_full"}
    with closing(SqliteStore(path)) as store:
        assert store.run("R1") == talk.run
        assert store.problems("R1") == []
        assert talk.run.state is State.REASSIGNING


def test_a_start_on_a_full_disk_leaves_nothing_that_is_in_the_way(
    tmp_path: Path, disk: Disk
) -> None:
    path = tmp_path / "sunset.db"
    with disk.full(), pytest.raises(StoreError):
        SqliteStore(path)
    with closing(SqliteStore(path)) as store:
        assert store.run_ids() == []
