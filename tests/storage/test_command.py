"""`sunset db restore` and what `sunset runs show` says is waited for, as a person calls them."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bot.store.lock import DatabaseLock
from bot.store.sqlite import SqliteStore
from tests.bot.test_cli import Sunset, database, sunset

__all__ = ["database", "sunset"]


def test_a_copy_is_put_back(sunset: Sunset, database: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    assert sunset("db", "backup", str(copy)).status == 0
    held = DatabaseLock(database)
    refused = sunset("db", "restore", str(copy))
    held.release()
    assert refused.status == 1
    assert "Another Sunset uses the database" in refused.flat
    said = sunset("db", "restore", str(copy))
    assert said.status == 0
    assert "restored; runs: 1" in said.flat
    assert "is frozen. Start the bot, look at `sunset audit verify`" in said.flat
    assert "What was there before lies in" in said.flat
    again = sunset("db", "restore", str(copy), "--json")
    (run_id,) = again.data["frozen"]
    assert Path(again.data["former"]).exists()
    with closing(SqliteStore(database)) as store:
        run = store.run(run_id)
        assert run is not None
        assert run.frozen
        assert "@" in run.frozen_by
        assert store.problems(run_id) == []
    assert "no database" in sunset("db", "restore", str(tmp_path / "nowhere.db")).flat


@pytest.mark.parametrize("size", [0, 1, 99])
def test_an_empty_file_does_not_become_a_database(
    sunset: Sunset, database: Path, size: int
) -> None:
    """Else the bot would begin anew with it, and nobody would notice that all is lost."""
    os.truncate(database, size)
    said = sunset("runs", "list")
    assert said.status == 1
    assert "no database" in said.flat
    assert database.stat().st_size == size


def test_what_waits_is_shown(sunset: Sunset, database: Path) -> None:
    with closing(sqlite3.connect(database)) as db:
        (run_id,) = db.execute("SELECT id FROM runs").fetchone()
        db.execute(
            "INSERT INTO effects (run_id, seq, kind, key, lane, data, due, attempts, error) "
            "VALUES (?, 1, 'card', 'card:x', 'thread', '{}', 1700000000, 7, 'slack_unavailable')",
            [run_id],
        )
        db.commit()
    said = sunset("runs", "show", run_id)
    assert "Waiting: card met slack_unavailable, attempts: 7" in said.flat
    (waiting,) = sunset("runs", "show", run_id, "--json").data["waiting"]
    assert waiting == {
        "kind": "card",
        "error": "slack_unavailable",
        "attempts": 7,
        "next": "2023-11-14T22:13:20+00:00",
    }
