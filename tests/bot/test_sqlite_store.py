"""The SQLite store: the contract, the file, and what tampering it finds."""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from bot.errors import StoreError
from bot.store.chain import PLAIN
from bot.store.sqlite import SqliteStore
from tests.bot.effects_contract import EffectsContract
from tests.bot.store_contract import Factory, StoreContract, append, effect, lease, queue
from tests.workflows import journeys

NOBODY = 65_534


class OnSqlite:
    """Runs a contract on SQLite."""

    @pytest.fixture
    def factory(self, tmp_path: Path) -> Factory:
        return lambda: SqliteStore(tmp_path / "sunset.db")


class TestSqliteStore(OnSqlite, StoreContract):
    """SQLite holds to the contract."""


class TestSqliteEffects(OnSqlite, EffectsContract):
    """SQLite holds to the contract about effects."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database with a run that has come a long way."""
    made = tmp_path / "sunset.db"
    store = SqliteStore(made)
    append(store, journeys.to_reassigning())
    store.close()
    return made


def problems(path: Path) -> list[str]:
    store = SqliteStore(path)
    try:
        return store.problems("R1")
    finally:
        store.close()


@contextmanager
def tampering(path: Path) -> Iterator[sqlite3.Connection]:
    """Somebody who may write the file, and who has read the schema."""
    with closing(sqlite3.connect(path)) as db:
        db.execute("DROP TRIGGER events_are_final")
        db.execute("DROP TRIGGER events_stay")
        yield db
        db.commit()


# --- the file ------------------------------------------------------------------------------------


def test_nobody_else_may_read_the_file(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        store = SqliteStore(tmp_path / "sunset.db")
        append(store, journeys.to_planning())
        modes = {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
        store.close()
    finally:
        os.umask(before)
    assert modes == {0o600}


def refusal(path: Path) -> str:
    with pytest.raises(StoreError) as caught:
        SqliteStore(path)
    assert caught.value.code == "store_unusable"
    assert "SUNSET_DATABASE" in str(caught.value.remedy)
    sentence = str(caught.value.problem)
    assert str(path) in sentence
    return sentence


def test_the_directory_is_missing(tmp_path: Path) -> None:
    assert "No such file or directory" in refusal(tmp_path / "nowhere" / "sunset.db")


def test_the_path_is_a_directory(tmp_path: Path) -> None:
    assert "directory" in refusal(tmp_path)


def test_the_file_is_something_else(tmp_path: Path) -> None:
    path = tmp_path / "sunset.db"
    path.write_bytes(b"Minutes of the meeting. " * 500)
    assert "not a database" in refusal(path)
    assert path.read_bytes().startswith(b"Minutes")


@contextmanager
def as_nobody() -> Iterator[None]:
    """The rights of files do not bind root."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


def test_the_file_is_read_only(path: Path) -> None:
    path.chmod(0o400)
    with as_nobody():
        assert "denied" in refusal(path)


def test_a_database_of_an_earlier_run_is_opened_again(path: Path) -> None:
    SqliteStore(path).close()
    assert problems(path) == []


# --- writing -------------------------------------------------------------------------------------


class FaultyConnection(sqlite3.Connection):
    """A disk that is full or gone when the test says so."""

    fails = ""

    def execute(self, sql: str, *more: object) -> sqlite3.Cursor:
        if self.fails and self.fails in sql:
            raise sqlite3.OperationalError("disk I/O error")
        return super().execute(sql, *more)  # type: ignore[arg-type]


@pytest.fixture
def fails(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    connect = sqlite3.connect

    def faulty(*given: object, **more: object) -> sqlite3.Connection:
        return connect(*given, factory=FaultyConnection, **more)  # type: ignore[call-overload, no-any-return]

    monkeypatch.setattr(sqlite3, "connect", faulty)
    return lambda sql: monkeypatch.setattr(FaultyConnection, "fails", sql)


@pytest.mark.parametrize("statement", ["BEGIN", "COMMIT", "INSERT INTO runs"])
def test_a_lost_commit_leaves_nothing(
    tmp_path: Path, fails: Callable[[str], None], statement: str
) -> None:
    store = SqliteStore(tmp_path / "sunset.db")
    talk = journeys.to_planning()
    fails(statement)
    with pytest.raises(StoreError) as caught:
        append(store, talk)
    assert caught.value.code == "store_unavailable"
    assert "disk I/O error" in str(caught.value)
    fails("")
    assert store.run("R1") is None
    assert store.history("R1") == []
    append(store, talk)
    assert store.run("R1") == talk.run
    store.close()


def test_a_disk_that_fails_is_not_mistaken_for_a_changed_history(
    path: Path, fails: Callable[[str], None]
) -> None:
    store = SqliteStore(path)
    fails("FROM events")
    with pytest.raises(StoreError) as read:
        store.run("R1")
    with pytest.raises(StoreError) as written:
        store.write(lambda transaction: transaction.load("R1"))
    fails("body")
    with pytest.raises(StoreError) as folded:
        store.run("R1")
    fails("")
    assert {read.value.code, written.value.code, folded.value.code} == {"store_unavailable"}
    assert store.run("R1") == journeys.to_reassigning().run
    store.close()


def test_a_store_that_closes_in_between_does_not_leave_anyone_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = SqliteStore(tmp_path / "sunset.db")

    def closes() -> Future[None]:
        store.close()
        return Future()

    answers: list[Exception] = []

    def writes() -> None:
        try:
            store.write(lambda _: None)
        except StoreError as error:
            answers.append(error)

    monkeypatch.setattr("bot.store.writer.Future", closes)
    thread = threading.Thread(target=writes, daemon=True)
    thread.start()
    thread.join(2)
    assert not thread.is_alive(), "write() waits for ever"
    assert isinstance(answers[0], StoreError)


def test_a_locked_database_is_waited_for(path: Path) -> None:
    store = SqliteStore(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        done = threading.Event()

        def write() -> None:
            queue(store, effect("card"))
            done.set()

        thread = threading.Thread(target=write)
        thread.start()
        assert not done.wait(0.1)
        other.execute("COMMIT")
        assert done.wait(5)
        thread.join()
    assert len(lease(store)) == 1
    store.close()


# --- the history is final ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement", ["UPDATE events SET actor = 'person:UX' WHERE seq = 2", "DELETE FROM events"]
)
def test_events_are_neither_changed_nor_deleted(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as db, pytest.raises(sqlite3.IntegrityError, match="never"):
        db.execute(statement)


LAST = len(journeys.to_reassigning().history)
PLACES = {"first": 1, "middle": LAST // 2, "last": LAST}
CHANGES = {
    "run_id": "'R2'",
    "seq": "seq + 1000",
    "at": "'2020-01-01T00:00:00.000000+00:00'",
    "type": "'cancelled'",
    "actor": "'person:UX'",
    "body": "replace(body, '\"UA\"', '\"UX\"') || ' '",
    "prev": "'" + "1" * 64 + "'",
    "hash": "'" + "2" * 64 + "'",
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("column", CHANGES)
def test_a_change_of_any_column_of_any_event_is_found(path: Path, column: str, place: str) -> None:
    assert problems(path) == []
    with tampering(path) as db:
        db.execute(f"UPDATE events SET {column} = {CHANGES[column]} WHERE seq = ?", [PLACES[place]])  # noqa: S608
    assert problems(path)


def test_every_column_is_tried(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        columns = {row[1] for row in db.execute("PRAGMA table_info(events)")}
    assert columns == set(CHANGES)


@pytest.mark.parametrize("place", PLACES)
def test_a_removed_event_is_missed(path: Path, place: str) -> None:
    with tampering(path) as db:
        db.execute("DELETE FROM events WHERE seq = ?", [PLACES[place]])
    assert problems(path)


def test_a_history_that_is_gone_is_missed(path: Path) -> None:
    with tampering(path) as db:
        db.execute("DELETE FROM events")
    assert problems(path)


@pytest.mark.parametrize("columns", [["seq"], ["body"], ["body", "type", "actor", "at"]])
def test_events_that_changed_places_are_found(path: Path, columns: list[str]) -> None:
    with tampering(path) as db:
        rows = dict(db.execute("SELECT seq, body FROM events WHERE seq IN (3, 4)").fetchall())
        if columns == ["seq"]:
            for old, new in ((3, 999), (4, 3), (999, 4)):
                db.execute("UPDATE events SET seq = ? WHERE seq = ?", [new, old])
        else:
            for old, new in ((3, 4), (4, 3)):
                db.execute("UPDATE events SET body = ? WHERE seq = ?", [rows[old], new])
    assert problems(path)


def test_a_changed_event_with_a_hash_that_fits_is_found_by_the_next(path: Path) -> None:
    with tampering(path) as db:
        text, prev = db.execute("SELECT body, prev FROM events WHERE seq = 3").fetchone()
        changed = text.replace('"UC"', '"UE"')
        assert changed != text
        db.execute(
            "UPDATE events SET body = ?, hash = ?, actor = 'person:UE' WHERE seq = 3",
            [changed, PLAIN.link(prev, changed)],
        )
    assert problems(path) == ["event 4 does not follow the one before it"]


def test_an_inserted_event_is_found(path: Path) -> None:
    with tampering(path) as db:
        db.execute(
            "INSERT INTO events SELECT run_id, ?, at, type, actor, body, prev, hash "
            "FROM events WHERE seq = 2",
            [LAST + 1],
        )
    assert problems(path)


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '"R1"', '{"run": "R1", "seq": 1.5}'])
@pytest.mark.parametrize("place", PLACES)
def test_an_event_that_is_no_longer_one_is_told(path: Path, text: str, place: str) -> None:
    with tampering(path) as db:
        db.execute("UPDATE events SET body = ? WHERE seq = ?", [text, PLACES[place]])
    assert any(str(PLACES[place]) in problem for problem in problems(path))


def test_a_run_whose_entry_is_gone_is_still_listed_and_told(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("DELETE FROM runs")
        db.commit()
    store = SqliteStore(path)
    assert store.problems("R1")
    assert store.run_ids() == ["R1"], "what is not listed is not verified"
    store.close()


def test_a_damaged_history_is_a_clear_error(path: Path) -> None:
    with tampering(path) as db:
        db.execute("UPDATE events SET body = 'x' WHERE seq = 2")
    store = SqliteStore(path)
    for look in (lambda: store.run("R1"), lambda: store.history("R1")):
        with pytest.raises(StoreError):
            look()
    with pytest.raises(StoreError):
        store.write(lambda transaction: transaction.load("R1"))
    store.close()
