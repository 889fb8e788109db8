"""The schema's version says which migrations a database has had."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlite_utils import Database

from bot.store.opening import SCHEMA_VERSION
from bot.store.schema import migrations
from bot.store.sqlite import SqliteStore


def test_every_migration_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "new.db"
    SqliteStore(path).close()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
        assert len(migrations.applied(Database(connection))) == SCHEMA_VERSION


def test_a_database_of_an_older_version_gets_what_it_lacks(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    SqliteStore(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TABLE snapshots")
        connection.execute("DELETE FROM _sqlite_migrations WHERE name = 'm003_snapshots'")
        connection.execute("PRAGMA user_version = 0")
        connection.commit()
    SqliteStore(path).close()
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute("SELECT count(*) FROM snapshots").fetchone()
    assert found == (0,)
