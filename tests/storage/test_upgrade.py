"""A database of every former schema, with a run in the middle, is gone on with."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlite_utils import Database

from bot.errors import StoreError
from bot.store import opening
from bot.store.base import LedgerRow
from bot.store.lock import DatabaseLock
from bot.store.opening import SCHEMA_VERSION
from bot.store.schema import migrations
from bot.store.sqlite import SqliteStore
from tests.attacks import Cases
from tests.bot.fakes import Shown
from tests.bot.jobs import finished, owned, written_once
from tests.bot.rig import CHANNEL, Rig
from tests.bot.windows import ALL, LEADS, leads
from tests.storage import ways
from tests.storage.disk import Log
from tests.storage.escort import finish
from tests.storage.former import NAMES, ROOT, as_of
from tests.workflows import journeys
from tests.workflows.driver import Conversation
from tests.workflows.samples import HELEN, SAM
from workflows import commands as c
from workflows.states import State

FORMER = range(1, len(NAMES))
pytestmark = pytest.mark.attack("2", ways.FORMER)
IN_THE_MIDDLE: dict[str, journeys.Journey] = {
    "planning": journeys.to_planning,
    "awaiting_approval": journeys.to_approval,
    "disconnecting": journeys.to_disconnected,
    "mapping": journeys.to_mapping,
    "cleanup": journeys.to_cleanup,
    "inventory": journeys.to_inventory_pending,
    "removal_approval": journeys.to_removal_approval,
    "removing": journeys.to_removing,
    "reported": journeys.to_uninstall_reported,
    "window": journeys.to_window,
}


class Upgraded(Rig):
    """A bot of this version that is started on a database of a former one."""

    def __init__(self, directory: Path, talk: Conversation, records: dict[str, str]) -> None:
        self._records = records
        super().__init__(directory, talk.now)

    def start(self) -> None:
        self.hubspot.records["contacts"] = dict(self._records)
        if self._records:
            self.hubspot.salesforce_owners = [owned(SAM)]
        self.slack.shown.append(Shown(CHANNEL, ROOT, "card", []))
        super().start()


def reassigning() -> tuple[Conversation, list[LedgerRow], dict[str, str]]:
    """A job that died in the middle: one record is done, of one the answer is lost, one was not
    sent, two were not reached."""
    talk = journeys.to_disconnected()
    talk.bot.counts((owned(SAM, contacts=5),))
    talk.anna.maps(SAM, HELEN)
    talk.anna.confirms_the_mapping()
    states = {"1": "changed", "2": "written", "3": "written"}
    rows = [
        LedgerRow(talk.run.job, "contacts", record, SAM.id, HELEN.id, state)
        for record, state in states.items()
    ]
    return talk, rows, {"1": HELEN.id, "2": HELEN.id, "3": SAM.id, "4": SAM.id, "5": SAM.id}


def test_every_migration_stands_here() -> None:
    """Who adds one adds the former schema to these tests."""
    assert tuple(one.name for one in migrations._migrations) == NAMES
    assert len(NAMES) == SCHEMA_VERSION


@pytest.mark.parametrize("moment", IN_THE_MIDDLE)
def test_the_run_goes_on_to_its_end(tmp_path: Path, moment: str) -> None:
    """The former schemas take turns: what differs between them has tests of its own."""
    talk = IN_THE_MIDDLE[moment]()
    version = FORMER[list(IN_THE_MIDDLE).index(moment) % len(FORMER)]
    as_of(version, tmp_path / "sunset.db", talk, leased=moment in {"planning", "disconnecting"})
    rig = Upgraded(tmp_path, talk, {})
    try:
        assert rig.run == talk.run
        if talk.run.state is State.REMOVING_PACKAGE and talk.run.uninstall_reported_at:
            rig.salesforce.installed = None
        finish(rig)
        assert rig.run.state is State.COMPLETED
        assert rig.store.problems("R1") == []
        assert rig.effects("failed") == []
        keys = [one.key for one in rig.slack.shown if one.key]
        assert len(keys) == len(set(keys))
    finally:
        rig.stop()


@pytest.mark.parametrize("version", FORMER)
def test_a_job_in_the_middle(tmp_path: Path, version: int) -> None:
    talk, rows, records = reassigning()
    as_of(version, tmp_path / "sunset.db", talk, rows, leased=True)
    rig = Upgraded(tmp_path, talk, records)
    try:
        rig.until(lambda: finished(rig))
        assert set(rig.hubspot.records["contacts"].values()) == {HELEN.id}
        written_once(rig)
        assert {record for _, record, _ in rig.hubspot.writes} == {"3", "4", "5"}
        assert {one.record_id for one in rig.store.ledger("R1", None, "changed")} == set(records)
        finish(rig)
        assert rig.run.state is State.COMPLETED
    finally:
        rig.stop()


@pytest.mark.parametrize("version", FORMER)
def test_reminders_of_a_window_in_the_middle(tmp_path: Path, version: int) -> None:
    talk = journeys.to_window()
    as_of(version, tmp_path / "sunset.db", talk)
    rig = Upgraded(tmp_path, talk, {})
    try:
        rig.settle()
        assert rig.run.deadline == talk.run.deadline
        for _ in range(49):
            rig.advance(timedelta(hours=1))
        assert leads(rig, CHANNEL) == list(LEADS)
        for place in ALL:
            assert len(leads(rig, place)) == len(set(leads(rig, place)))
        assert rig.run.state is State.COMPLETED
    finally:
        rig.stop()


def test_an_old_click_is_known(tmp_path: Path) -> None:
    talk = journeys.to_removing()
    as_of(1, tmp_path / "sunset.db", talk)
    rig = Upgraded(tmp_path, talk, {})
    try:
        assert rig.does("UA", c.Cancel(), key="click:old:2").repeated
        assert rig.run.state is State.REMOVING_PACKAGE
    finally:
        rig.stop()


def test_a_version_that_had_not_counted_its_migrations(tmp_path: Path, logged: Log) -> None:
    path = tmp_path / "sunset.db"
    talk = journeys.to_removing()
    as_of(3, path, talk)
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 0")
    with closing(SqliteStore(path)) as store:
        assert store.run("R1") == talk.run
    (line,) = logged.of("store_upgraded")
    assert (line["was"], line["now"]) == (0, SCHEMA_VERSION)


# --- killed in the middle ------------------------------------------------------------------------

KILLED = """
import os, signal, sqlite3, sys
from pathlib import Path
from bot.store.sqlite import SqliteStore

left = int(sys.argv[2])

class Dying(sqlite3.Connection):
    def execute(self, sql, *more):
        global left
        if not sql.startswith(("SELECT", "select")):
            left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().execute(sql, *more)

connect = sqlite3.connect
sqlite3.connect = lambda *given, **more: connect(*given, factory=Dying, **more)
SqliteStore(Path(sys.argv[1])).close()
"""


def opened_until(path: Path, statements: int) -> int:
    """Open a database in a process that dies after so many statements; return how it ended."""
    command = [sys.executable, "-c", KILLED, str(path), str(statements)]
    return subprocess.run(command, check=False, timeout=60).returncode


def test_killed_in_the_middle_it_starts_again(tmp_path: Path, cases: Cases) -> None:
    """A fork stands for the process: a new one takes most of a second."""
    talk, rows, records = reassigning()
    died = 0
    as_of(1, tmp_path / "former.db", talk, rows)
    for statements in range(200):
        path = tmp_path / f"{statements}.db"
        shutil.copyfile(tmp_path / "former.db", path)
        if not _dies(path, statements):
            break
        died += 1
        with closing(SqliteStore(path)) as store:
            assert store.run("R1") == talk.run
            assert len(list(store.ledger("R1"))) == len(rows)
            assert store.problems("R1") == []
            with closing(sqlite3.connect(path)) as db:
                assert len(migrations.applied(Database(db))) == SCHEMA_VERSION
    else:
        raise AssertionError("it never came to its end")
    assert died > 10
    cases.add(died)
    assert records


def test_a_real_process_that_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "sunset.db"
    talk, rows, _ = reassigning()
    as_of(1, path, talk, rows)
    assert opened_until(path, 12) == -signal.SIGKILL
    with closing(SqliteStore(path)) as store:
        assert store.run("R1") == talk.run


def _dies(path: Path, statements: int) -> bool:
    """Open a database in a child that dies after so many statements; say whether it did."""
    child = os.fork()
    if child == 0:
        ended = 1
        try:
            _open_and_die(path, statements)
            ended = 0
        finally:
            os._exit(ended)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, "it failed in another way"
    return os.WIFSIGNALED(status)


def _open_and_die(path: Path, statements: int) -> None:
    left = statements

    def trace(_: str) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    version = opening.examine(path)
    with closing(opening.connect(path)) as connection:
        connection.set_trace_callback(trace)
        opening.upgrade(connection, path, version, locked=True)


# --- who may upgrade, and what is not opened -----------------------------------------------------


def test_a_newer_schema_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "sunset.db"
    SqliteStore(path).close()
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 3}")
    before = path.read_bytes()
    with pytest.raises(StoreError) as refused:
        SqliteStore(path)
    assert refused.value.code == "store_newer"
    assert str(SCHEMA_VERSION + 3) in str(refused.value.problem)
    assert path.read_bytes() == before


def test_a_command_does_not_upgrade_under_a_running_bot(tmp_path: Path) -> None:
    """`sunset runs list` of a new version, while the old one still runs."""
    path = tmp_path / "sunset.db"
    as_of(2, path, journeys.to_mapping())
    held = DatabaseLock(path)
    try:
        with pytest.raises(StoreError) as refused:
            SqliteStore(path)
        assert refused.value.code == "store_in_use"
        with closing(sqlite3.connect(path)) as db:
            assert db.execute("PRAGMA user_version").fetchone() == (2,)
    finally:
        held.release()
    SqliteStore(path).close()
