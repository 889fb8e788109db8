"""Snapshots of folded runs: a cache that never decides what is true."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bench.histories import RUN_ID, write
from bot.store import snapshots
from bot.store.sqlite import SqliteStore
from tests.workflows import journeys
from workflows.evolve import fold
from workflows.run import Run

EVENTS = 2 * snapshots.EVERY + 40


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("snapshots") / "long.db"
    write(path, EVENTS)
    return path


@pytest.fixture
def database(long: Path, tmp_path: Path) -> Path:
    path = tmp_path / "copy.db"
    path.write_bytes(long.read_bytes())
    return path


@pytest.fixture
def store(database: Path) -> Iterator[SqliteStore]:
    store = SqliteStore(database)
    yield store
    store.close()


def change(database: Path, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(database)) as connection:
        connection.execute(statement, values)
        connection.commit()


def kept(database: Path) -> Run:
    with closing(sqlite3.connect(database)) as connection:
        (body,) = connection.execute("SELECT body FROM snapshots").fetchone()
    return Run.model_validate_json(body)


def folded(store: SqliteStore) -> Run:
    return fold(item.recorded for item in store.history(RUN_ID))


@pytest.mark.parametrize("moment", sorted(journeys.MOMENTS))
def test_a_run_is_the_same_after_it_was_kept(moment: str) -> None:
    run = journeys.MOMENTS[moment]().run
    assert Run.model_validate_json(run.model_dump_json()) == run


def test_a_long_run_is_its_snapshot_and_what_came_after(store: SqliteStore, database: Path) -> None:
    assert snapshots.EVERY <= kept(database).version < EVENTS
    assert store.run(RUN_ID) == folded(store)
    assert store.problems(RUN_ID) == []


def test_a_snapshot_of_other_rules_does_not_count(store: SqliteStore, database: Path) -> None:
    change(database, "UPDATE snapshots SET rules = 'older', body = '{}'")
    assert store.run(RUN_ID) == folded(store)


@pytest.mark.parametrize("body", ["", "{}", "no JSON"])
def test_a_snapshot_that_cannot_be_read_does_not_count(
    store: SqliteStore, database: Path, body: str
) -> None:
    change(database, "UPDATE snapshots SET body = ?", body)
    assert store.run(RUN_ID) == folded(store)
    assert store.problems(RUN_ID) == []


def test_a_snapshot_of_another_history_does_not_count(store: SqliteStore, database: Path) -> None:
    change(database, "UPDATE snapshots SET hash = ?, body = '{}'", "f" * 64)
    assert store.run(RUN_ID) == folded(store)


def test_a_changed_snapshot_is_told(store: SqliteStore, database: Path) -> None:
    run = kept(database)
    forged = run.model_copy(update={"responsible": "U0MALLORY1"})
    change(database, "UPDATE snapshots SET body = ?", forged.model_dump_json())
    (problem,) = store.problems(RUN_ID)
    assert str(run.version) in problem
