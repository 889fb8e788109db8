"""`sunset db backup FILE`: a copy while the bot writes, whole or not there at all."""

from __future__ import annotations

import errno
import os
import sqlite3
import stat
import threading
from pathlib import Path
from typing import NoReturn

import pytest

from bot.errors import StoreError
from bot.store import copying
from bot.store.copying import copy_database
from bot.store.sqlite import SqliteStore
from tests.bot.rig import Rig
from tests.workflows import journeys
from workflows import commands as c
from workflows import events as e


@pytest.fixture
def database(rig: Rig) -> Path:
    """The database of a bot that is in the middle of a run."""
    rig.adopt(journeys.to_mapping())
    rig.settle()
    return rig.settings.sunset_database


def same_history(database: Path, target: Path, run_id: str) -> bool:
    stores = [SqliteStore(database), SqliteStore(target)]
    try:
        one, other = (store.history(run_id) for store in stores)
        return one == other and stores[0].run(run_id) == stores[1].run(run_id)
    finally:
        for store in stores:
            store.close()


def left(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_it_is_whole_and_one_file_for_its_owner_alone(
    rig: Rig, database: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "copies"
    folder.mkdir()
    copied = copy_database(database, folder / "sunset.db")
    assert left(folder) == ["sunset.db"]
    assert stat.S_IMODE(copied.path.stat().st_mode) == 0o600
    assert copied.size == copied.path.stat().st_size > 0
    assert (copied.runs, copied.events) == (1, rig.run.version)
    assert same_history(database, copied.path, rig.run_id)


def test_a_bot_goes_on_from_it(rig: Rig, database: Path, tmp_path: Path) -> None:
    """Restoring is putting the file where the database was."""
    copied = copy_database(database, tmp_path / "copy.db")
    before = rig.run
    rig.does("UA", c.Freeze())
    rig.stop()
    for suffix in ("", "-wal", "-shm"):
        Path(f"{database}{suffix}").unlink(missing_ok=True)
    copied.path.rename(database)
    rig.start()
    assert rig.run == before
    rig.does("UA", c.Freeze())
    assert len(rig.happened(e.Frozen)) == 1


def test_while_somebody_writes_it_holds_whole_transactions(tmp_path: Path) -> None:
    database = tmp_path / "sunset.db"
    SqliteStore(database).close()
    stop, written = threading.Event(), threading.Event()

    def write() -> None:
        with sqlite3.connect(database, isolation_level=None, timeout=30) as db:
            db.execute("CREATE TABLE pairs (half INTEGER, filler TEXT)")
            number = 0
            while not stop.is_set():
                db.execute("BEGIN IMMEDIATE")
                db.execute("INSERT INTO pairs VALUES (1, ?)", ("x" * 9_000,))
                db.execute("INSERT INTO pairs VALUES (2, ?)", ("x" * 9_000,))
                db.execute("COMMIT")
                number += 1
                if number == 100:
                    written.set()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert written.wait(60)
        copies = [copy_database(database, tmp_path / f"copy{n}.db").path for n in range(5)]
    finally:
        stop.set()
        writer.join()
    counts = []
    for path in copies:
        with sqlite3.connect(path) as db:
            ones, twos = (
                db.execute("SELECT count(*) FROM pairs WHERE half = ?", (half,)).fetchone()[0]
                for half in (1, 2)
            )
            assert ones == twos >= 100
            counts.append(ones)
    assert counts == sorted(counts)


def test_nothing_is_overwritten(database: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    target.write_text("mine")
    with pytest.raises(StoreError) as refused:
        copy_database(database, target)
    assert refused.value.code == "copy_exists"
    assert target.read_text() == "mine"


def test_a_file_that_appears_meanwhile_is_kept(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "copy.db"
    fill = copying._fill

    def slowly(*paths: Path) -> copying.Copied:
        filled = fill(*paths)
        target.write_text("mine")
        return filled

    monkeypatch.setattr(copying, "_fill", slowly)
    with pytest.raises(StoreError) as refused:
        copy_database(database, target)
    assert refused.value.code == "copy_unwritable"
    assert target.read_text() == "mine"
    assert not list(tmp_path.glob("*.partial"))


def test_a_full_disk_leaves_nothing_behind(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> NoReturn:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    folder = tmp_path / "copies"
    folder.mkdir()
    monkeypatch.setattr(copying, "keep", full)
    with pytest.raises(StoreError) as refused:
        copy_database(database, folder / "copy.db")
    assert "No space left" in str(refused.value)
    assert left(folder) == []


def test_a_directory_that_is_not_there(database: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreError) as refused:
        copy_database(database, tmp_path / "nowhere" / "copy.db")
    assert refused.value.code == "copy_unwritable"


@pytest.mark.parametrize(
    "content", [None, b"no database at all, but long enough to be read as one"]
)
def test_what_is_no_database_is_not_copied(tmp_path: Path, content: bytes | None) -> None:
    database = tmp_path / "sunset.db"
    if content is not None:
        database.write_bytes(content * 50)
    with pytest.raises(StoreError):
        copy_database(database, tmp_path / "copy.db")
    assert left(tmp_path) == ([] if content is None else ["sunset.db"])


def test_a_damaged_database_is_said_to_be(rig: Rig, database: Path, tmp_path: Path) -> None:
    rig.stop()
    with sqlite3.connect(database) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        db.execute("PRAGMA writable_schema = ON")
        db.execute("UPDATE sqlite_schema SET rootpage = 99999 WHERE name = 'timers'")
    with pytest.raises(StoreError):
        copy_database(database, tmp_path / "copy.db")
    assert not (tmp_path / "copy.db").exists()
    rig.death.happened = True
