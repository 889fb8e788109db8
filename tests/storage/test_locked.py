"""Another program holds the database: whoever clicks is told in Slack's time, nothing is lost."""

from __future__ import annotations

import html
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import NoReturn

import pytest

from bot.audit.checkpoint import Checkpoints
from bot.errors import StoreError
from bot.store import opening
from bot.store.trouble import Health, damaged_row, storage_error
from bot.timers import Alarm
from handlers.acknowledgement import ACK_SECONDS
from handlers.actions import Act
from tests.attacks import Cases
from tests.bot.rig import Rig
from tests.handlers.desk import Desk
from tests.handlers.runs import ADMIN, APPROVERS, tell
from tests.storage.disk import Log, wait_for
from tests.storage.ways import HELD, OPENED
from tests.workflows import journeys
from workflows import commands as c
from workflows import events as e
from workflows.effects import Effect
from workflows.prompts import Ask

pytestmark = pytest.mark.attack("2", HELD)


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Let another program hold the database."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait for the other program as long as a bot does."""
    monkeypatch.setattr(opening, "BUSY_MILLISECONDS", 20)


def test_a_click_is_answered_in_time(rig: Rig) -> None:
    """Two waits, the one under way and its own, are over before Slack gives up."""
    assert 2 * opening.BUSY_MILLISECONDS / 1_000 < ACK_SECONDS
    rig.adopt(journeys.to_approval())
    with held(rig.path):
        began = time.monotonic()
        with pytest.raises(StoreError) as refused:
            rig.does("UA", c.Freeze())
        assert time.monotonic() - began < ACK_SECONDS
    assert refused.value.code == "store_locked"
    rig.does("UA", c.Freeze())
    assert len(rig.happened(e.Frozen)) == 1


def test_everything_goes_on_when_it_is_over(soon: None, tmp_path: Path, logged: Log) -> None:
    rig = Rig(tmp_path)
    alarm = Alarm()
    try:
        rig.adopt(journeys.to_window())
        rig.settle()
        assert rig.run.deadline is not None
        rig.move(rig.run.deadline - rig.clock.now() - timedelta(hours=24))
        with held(rig.path):
            alarm.every(0.01, rig.engine.fire_due_timers, "timers")
            alarm.start()
            wait_for(lambda: len(logged.of("alarm_failed")) > 3)
            wait_for(lambda: logged.of("dispatch_failed"))
        wait_for(lambda: rig.happened(e.ReminderDue))
        alarm.stop()
        rig.settle()
        assert len(rig.happened(e.ReminderDue)) == 1
        (failed,) = logged.of("store_failed")
        assert (failed["code"], failed["doing"]) == ("store_locked", "writing")
        assert len(logged.of("dispatch_failed")) == 1
        assert len(logged.of("store_recovered")) == 1
    finally:
        alarm.stop()
        rig.stop()


def test_a_start_says_so(soon: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "MIGRATION_BUSY_MILLISECONDS", 20)
    path = tmp_path / "sunset.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode = WAL")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreError) as refused:
            Rig(tmp_path)
    assert refused.value.code == "store_locked"
    Rig(tmp_path).stop()


def test_a_database_that_may_only_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, logged: Log
) -> None:
    """A file system that was mounted anew as read-only says the same to SQLite."""
    only = False
    connect = opening.connect

    def reading(path: Path) -> sqlite3.Connection:
        connection = connect(path)
        connection.execute(f"PRAGMA query_only = {int(only)}")
        return connection

    monkeypatch.setattr(opening, "connect", reading)
    rig = Rig(tmp_path)
    try:
        rig.adopt(journeys.to_approval())
        only = True
        rig.store._writer._drop()
        with pytest.raises(StoreError) as refused:
            rig.does("UA", c.Freeze())
        assert refused.value.code == "store_read_only"
        assert rig.happened(e.Frozen) == []
        only = False
        rig.does("UA", c.Freeze())
        assert len(rig.happened(e.Frozen)) == 1
        assert len(logged.of("store_recovered")) == 1
    finally:
        rig.stop()


# --- who clicks sees it --------------------------------------------------------------------------


def trouble() -> dict[str, StoreError]:
    """Every kind of trouble that a click can meet, as the store tells it."""
    found = [damaged_row("effect 3")]
    for code in (
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR_WRITE,
        sqlite3.SQLITE_IOERR,
    ):
        error = sqlite3.OperationalError("as SQLite says")
        error.sqlite_errorcode = code
        found.append(storage_error(error))
    return {f"{one.code}-{number}": one for number, one in enumerate(found)}


@pytest.mark.attack("7", OPENED)
@pytest.mark.parametrize("kind", trouble())
def test_whoever_clicks_is_told(kind: str, monkeypatch: pytest.MonkeyPatch, cases: Cases) -> None:
    error = trouble()[kind]
    desk = Desk(tell(Ask.APPROVE_PLAN))
    before = list(desk.engine.commands)

    def refuse(*_: object) -> NoReturn:
        raise error

    monkeypatch.setattr(desk.engine, "execute", refuse)
    told = [desk.click(APPROVERS[0], Act.APPROVE).said, desk.slash(ADMIN, "freeze").said]
    monkeypatch.setattr(desk.engine, "active_run", refuse)
    told.append(desk.slash(ADMIN, "status").said)
    for said in told:
        assert "nothing was recorded" in said
        assert html.escape(error.remedy.msgid, quote=False) in said
    assert desk.engine.commands == before
    cases.add(len(told))


def test_health_tells_beginning_change_and_end(logged: Log) -> None:
    health = Health("writing")
    full = storage_error(sqlite3.OperationalError("disk I/O error"))
    for error in (full, full, damaged_row("x"), full):
        health.failed(error)
    health.worked()
    health.worked()
    codes = [one["code"] for one in logged.of("store_failed")]
    assert codes == ["store_unavailable", "store_damaged", "store_unavailable"]
    assert len(logged.of("store_recovered")) == 1


def test_one_damaged_history_does_not_hold_up_other_runs(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, logged: Log
) -> None:
    """Its timers wait; those of the other runs fire."""
    rig.adopt(journeys.to_window())
    rig.settle()
    due = rig.store.due_timers
    other = "A0"

    def with_another(now: object) -> object:
        found = due(now)  # type: ignore[arg-type]  # as it was called
        return [type(one)(other, one.timers) for one in found] + found

    apply = rig.engine.apply

    def damaged(transaction: object, run_id: str, *more: object) -> object:
        if run_id == other:
            raise StoreError("history_damaged", damaged_row("x").problem, damaged_row("x").remedy)
        return apply(transaction, run_id, *more)  # type: ignore[arg-type]  # as it was called

    monkeypatch.setattr(rig.store, "due_timers", with_another)
    monkeypatch.setattr(rig.engine, "apply", damaged)
    with closing(rig.database()) as db:
        db.execute("INSERT INTO timers SELECT ?, kind, due, state FROM timers", [other])
        db.commit()
    assert rig.run.deadline is not None
    rig.move(rig.run.deadline - rig.clock.now() - timedelta(hours=24))
    for _ in range(3):
        rig.engine.fire_due_timers()
    assert len(rig.happened(e.ReminderDue)) == 1
    assert len(logged.of("timers_held")) == 1


def test_one_damaged_history_does_not_hold_up_other_checkpoints(rig: Rig, logged: Log) -> None:
    rig.adopt(journeys.to_disconnecting())
    rig.settle()
    with closing(rig.database()) as db:
        db.execute(
            "INSERT INTO events SELECT 'R0', seq, at, type, actor, 'x', prev, hash FROM events"
        )
        db.execute(
            "INSERT INTO runs SELECT 'R0', 'other', '2999', state, active, version, frozen_at_seq "
            "FROM runs"
        )
        db.commit()
    assert rig.store.run_ids() == ["R0", "R1"]
    rig.clock.time += timedelta(days=1)
    checkpoints = Checkpoints(rig.store, rig.slack, rig.clock, rig.context.translator)
    for _ in range(3):
        checkpoints.look()
    assert rig.slack.shown_with("R1:checkpoint:")
    assert len(logged.of("checkpoint_not_made")) == 1


def test_an_effect_whose_row_is_damaged_blocks_its_own_step(rig: Rig) -> None:
    """Not the whole bot; and *Try again* asks for it anew."""
    rig.adopt(journeys.to_disconnecting())
    with closing(rig.database()) as db:
        rig.worker.stop()
        rig.ask(Effect(kind="count_owners", key="count", lane="job"))
        db.execute("UPDATE effects SET memo = '{\"x' WHERE key = 'count'")
        db.commit()
    rig.restart()
    assert ("count", "failed", 1) in rig.effects("failed")
    assert rig.run.blocked is not None
    assert rig.run.blocked.code == "store_damaged"
    rig.does("UA", c.Cancel(reason="it works"))
    rig.settle()
