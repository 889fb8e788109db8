"""The file is deleted, moved or replaced while the bot runs; or it is not what it should be."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from bot.errors import StoreError
from bot.store import opening
from bot.store.lock import DatabaseLock, lock_of
from bot.store.place import log_of
from bot.store.sqlite import SqliteStore
from tests.attacks import Cases
from tests.bot.rig import Rig
from tests.bot.test_sqlite_store import as_nobody
from tests.storage.disk import Log, wait_for
from tests.storage.ways import HELD, OPENED
from tests.workflows import journeys
from workflows import commands as c
from workflows import events as e


def frozen(rig: Rig) -> int:
    return len(rig.happened(e.Frozen))


def locked_and_opened(path: Path) -> None:
    """Do as the program does at its start."""
    lock = DatabaseLock(path)
    try:
        SqliteStore(path, locked=True).close()
    finally:
        lock.release()


def refusal(path: Path) -> StoreError:
    with pytest.raises(StoreError) as refused:
        SqliteStore(path).close()
    return refused.value


# --- while the bot runs --------------------------------------------------------------------------


@pytest.mark.attack("2", HELD)
def test_moved_away_and_back(rig: Rig, logged: Log) -> None:
    rig.adopt(journeys.to_approval())
    away = rig.path.with_name("away.db")
    rig.path.rename(away)
    for _ in range(3):
        with pytest.raises(StoreError) as refused:
            rig.does("UA", c.Freeze())
        assert refused.value.code == "store_gone"
    rig.store._readers.renew()
    with pytest.raises(StoreError) as unread:
        assert rig.run
    assert unread.value.code == "store_gone"
    assert not rig.path.exists(), "no empty one is made in its place"
    away.rename(rig.path)
    rig.does("UA", c.Freeze())
    rig.settle()
    assert frozen(rig) == 1
    assert len([one for one in logged.of("store_failed") if one["doing"] == "writing"]) == 1
    assert rig.store.problems("R1") == []


@pytest.mark.attack("2", HELD)
def test_replaced_by_another_database(rig: Rig, tmp_path: Path) -> None:
    """Nothing goes into either of them; the first one back in its place is gone on with."""
    rig.adopt(journeys.to_approval())
    other = tmp_path / "other.db"
    SqliteStore(other).close()
    away = rig.path.with_name("away.db")
    rig.path.rename(away)
    other.rename(rig.path)
    before = rig.path.read_bytes()
    with pytest.raises(StoreError) as refused:
        rig.does("UA", c.Freeze())
    assert refused.value.code == "store_replaced"
    assert "sunset db restore" in str(refused.value.remedy)
    assert rig.path.read_bytes() == before
    away.replace(rig.path)
    rig.does("UA", c.Freeze())
    assert frozen(rig) == 1


@pytest.mark.attack("2", HELD)
def test_the_log_is_deleted(rig: Rig, logged: Log) -> None:
    """What was committed into it is not lost, and the bot goes on with a new one."""
    rig.adopt(journeys.to_approval())
    log_of(rig.path).unlink()
    rig.path.with_name(rig.path.name + "-shm").unlink()
    rig.does("UA", c.Freeze())
    rig.settle()
    assert len(logged.of("store_log_was_deleted")) == 1
    with closing(sqlite3.connect(rig.path)) as other:
        (there,) = other.execute("SELECT count(*) FROM events").fetchone()
    assert there == rig.run.version, "what another program sees is all there is"
    rig.restart()
    assert frozen(rig) == 1
    assert rig.store.problems("R1") == []


@pytest.mark.attack("2", HELD)
def test_the_log_is_replaced(rig: Rig) -> None:
    rig.adopt(journeys.to_approval())
    log = log_of(rig.path)
    away = log.with_name("away-wal")
    log.rename(away)
    log.write_bytes(b"")
    with pytest.raises(StoreError) as refused:
        rig.does("UA", c.Freeze())
    assert refused.value.code == "store_replaced"
    away.replace(log)
    rig.does("UA", c.Freeze())
    assert frozen(rig) == 1


# --- what may be opened --------------------------------------------------------------------------


@pytest.mark.attack("7", OPENED)
@pytest.mark.parametrize("kind", ["directory", "pipe", "socket", "device"])
def test_what_is_no_file(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "sunset.db"
    if kind == "directory":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "socket":
        os.mknod(path, stat.S_IFSOCK | 0o600)
    else:
        path = Path("/dev/full")
    error = refusal(path)
    assert error.code == "store_unusable"
    assert "not a file" in str(error.problem)


@pytest.mark.attack("7", OPENED)
def test_a_link_is_followed_to_the_file(tmp_path: Path) -> None:
    """The files beside it are those of the file, whatever it is called."""
    path, link = tmp_path / "data" / "sunset.db", tmp_path / "link.db"
    path.parent.mkdir()
    link.symlink_to(path)
    with closing(SqliteStore(link)) as store:
        store.write(lambda _: None)
        beside = {one.name for one in path.parent.iterdir()}
    assert beside == {"sunset.db", "sunset.db-wal", "sunset.db-shm"}
    assert not path.is_symlink()
    assert [one.name for one in tmp_path.iterdir() if one.name.startswith("link")] == ["link.db"]


@pytest.mark.attack("7", OPENED)
def test_the_database_of_another_program(tmp_path: Path) -> None:
    path = tmp_path / "sunset.db"
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE moz_bookmarks (id INTEGER)")
    before = path.read_bytes()
    assert refusal(path).code == "store_foreign"
    assert path.read_bytes() == before


@pytest.mark.attack("7", OPENED)
@pytest.mark.parametrize("mode", [0o644, 0o660, 0o666, 0o777])
def test_rights_are_made_narrow(rig: Rig, logged: Log, mode: int) -> None:
    rig.stop()
    rig.path.chmod(mode)
    rig.start()
    beside = [one for one in rig.path.parent.iterdir() if one.name.startswith(rig.path.name)]
    assert {stat.S_IMODE(one.stat().st_mode) for one in beside} == {0o600}
    (line,) = logged.of("store_rights_tightened")
    assert line["was"] == oct(mode)


@pytest.mark.attack("7", OPENED)
def test_rights_that_cannot_be_narrowed_are_refused(tmp_path: Path) -> None:
    """Another user's file, open to all: the bot keeps no names and e-mails in it."""
    path = tmp_path / "sunset.db"
    SqliteStore(path).close()
    tmp_path.chmod(0o777)
    path.chmod(0o666)
    with as_nobody():
        if os.access(path, os.W_OK, effective_ids=True) and path.stat().st_uid != os.geteuid():
            error = refusal(path)
            assert error.code == "store_open_to_others"
            assert "chmod 600" in str(error.remedy)


@pytest.mark.attack("7", OPENED)
@pytest.mark.parametrize("left", [0, 1, 100, 4_096, 12_288, -4_096])
def test_a_file_that_was_cut_short(rig: Rig, left: int) -> None:
    """It is refused, and what is left of it is not written over."""
    rig.adopt(journeys.to_window())
    rig.stop()
    lock = DatabaseLock(rig.path)
    lock.opened()
    lock.release()
    os.truncate(rig.path, left if left >= 0 else rig.path.stat().st_size + left)
    before = rig.path.read_bytes()
    with pytest.raises(StoreError) as refused:
        locked_and_opened(rig.path)
    codes = {"store_lost", "store_unusable", "store_damaged"}
    assert refused.value.code in codes
    assert rig.path.read_bytes() == before
    rig.path.unlink()
    rig.start()


@pytest.mark.attack("7", OPENED)
def test_flipped_bytes(rig: Rig, tmp_path: Path, cases: Cases) -> None:
    """Whatever page is hit: a clear refusal, or the record verifies, or the damage is told."""
    rig.adopt(journeys.to_window())
    rig.settle()
    whole_run, whole = rig.run, rig.store.history("R1")
    rig.stop()
    content = rig.path.read_bytes()
    path = tmp_path / "flipped.db"
    told = 0
    for place in range(0, len(content), 2_500):
        flipped = bytearray(content)
        for at in range(place, min(place + 24, len(content))):
            flipped[at] ^= 0xFF
        path.write_bytes(flipped)
        for ending in ("-wal", "-shm"):
            path.with_name(path.name + ending).unlink(missing_ok=True)
        told += _found(path, whole_run, whole)
        cases.add()
    assert told > 10
    rig.start()


def _found(path: Path, run: object, whole: object) -> bool:
    """Open and read a database; say whether it was refused, or something was found wrong."""
    try:
        with closing(SqliteStore(path)) as store:
            if store.problems("R1"):
                return True
            assert store.run("R1") == run
            assert store.history("R1") == whole
            store.write(lambda transaction: transaction.lease("x", 0.0, 0.0, frozenset()))
    except StoreError:
        return True
    return False


@pytest.mark.attack("7", OPENED)
def test_damage_is_found_at_the_start(rig: Rig) -> None:
    rig.adopt(journeys.to_window())
    rig.stop()
    with closing(sqlite3.connect(rig.path)) as db:
        (page,) = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'timers'").fetchone()
        (size,) = db.execute("PRAGMA page_size").fetchone()
    content = bytearray(rig.path.read_bytes())
    content[(page - 1) * size : (page - 1) * size + 64] = b"\x55" * 64
    rig.path.write_bytes(content)
    error = refusal(rig.path)
    assert error.code == "store_damaged"
    assert "sunset db restore" in str(error.remedy)
    rig.path.unlink()
    rig.start()


def test_a_large_database_is_looked_through_for_a_moment_only(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, logged: Log
) -> None:
    rig.adopt(journeys.to_window())
    monkeypatch.setattr(opening, "_STEPS", 1)
    assert opening.examine(rig.path, seconds=-1.0) == opening.SCHEMA_VERSION
    assert len(logged.of("store_checked_in_part")) == 1


# --- a second bot --------------------------------------------------------------------------------


@pytest.mark.attack("2", HELD)
@pytest.mark.parametrize("name", ["same", "symbolic link", "hard link"])
def test_a_second_bot(tmp_path: Path, name: str) -> None:
    """A container that mounts the file alone sees it under a name and a directory of its own."""
    path, other = tmp_path / "sunset.db", tmp_path / "other" / "mounted.db"
    other.parent.mkdir()
    SqliteStore(path).close()
    if name == "same":
        other = path
    elif name == "symbolic link":
        other.symlink_to(path)
    else:
        os.link(path, other)
    first = DatabaseLock(path)
    first.opened()
    with pytest.raises(StoreError) as refused:
        DatabaseLock(other)
    assert refused.value.code == "store_in_use"
    first.release()
    DatabaseLock(other).release()


HOLDS = """
import sys, time
from pathlib import Path
from bot.store.lock import DatabaseLock
lock = DatabaseLock(Path(sys.argv[1]))
lock.opened()
print("held", flush=True)
time.sleep(60)
"""


@pytest.mark.attack("2", HELD)
def test_another_process_and_what_it_leaves_when_it_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "sunset.db"
    SqliteStore(path).close()
    command = [sys.executable, "-c", HOLDS, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == b"held\n"
        with pytest.raises(StoreError) as refused:
            DatabaseLock(path)
        assert refused.value.code == "store_in_use"
        first.kill()
    assert lock_of(path).exists()
    wait_for(lambda: _free(path))


def _free(path: Path) -> bool:
    try:
        DatabaseLock(path).release()
    except StoreError:
        return False
    return True


@pytest.mark.attack("2", HELD)
def test_the_lock_does_not_take_sqlites_own_away(tmp_path: Path) -> None:
    """Another program still cannot write while this one does."""
    path = tmp_path / "sunset.db"
    lock = DatabaseLock(path)
    with closing(SqliteStore(path, locked=True)) as store:
        lock.opened()

        def meanwhile(_: object) -> str:
            code = "import sqlite3, sys; d = sqlite3.connect(sys.argv[1], timeout=0, "
            code += "isolation_level=None); d.execute('BEGIN IMMEDIATE')"
            ended = subprocess.run(
                [sys.executable, "-c", code, str(path)], capture_output=True, check=False
            )
            return ended.stderr.decode()

        assert "locked" in store.write(meanwhile)
    lock.release()
