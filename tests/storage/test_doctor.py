"""`sunset doctor` tells what is wrong with the database, in the words of the bot's own refusal."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bot.checkup import machine
from bot.checkup.finding import Level
from bot.store.lock import DatabaseLock
from bot.store.sqlite import SqliteStore
from tests.bot.rig import settings

TROUBLE = {
    "lost": (Level.WRONG, "gone or empty"),
    "no database": (Level.WRONG, "not a database"),
    "foreign": (Level.WRONG, "another program"),
    "newer": (Level.WRONG, "newer Sunset"),
    "cut short": (Level.WRONG, "damaged"),
    "open": (Level.WARNING, "Others on this machine"),
    "well": (Level.OK, "sunset.db"),
    "new": (Level.OK, "sunset.db"),
}


@pytest.mark.parametrize("kind", TROUBLE)
def test_it_is_told_and_nothing_is_changed(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "sunset.db"
    if kind != "new":
        SqliteStore(path).close()
    _spoil(path, kind)
    before = path.read_bytes() if path.exists() else None
    (finding,) = [
        one for one in machine.visit(settings(path), {}) if one.check == "machine.database"
    ]
    level, said = TROUBLE[kind]
    assert finding.level is level
    assert said in str(finding.result)
    assert (finding.remedy is None) is (level is Level.OK)
    assert (path.read_bytes() if path.exists() else None) == before


def _spoil(path: Path, kind: str) -> None:
    if kind == "lost":
        lock = DatabaseLock(path)
        lock.opened()
        lock.release()
        path.unlink()
    elif kind == "no database":
        path.write_bytes(b"Minutes of the meeting. " * 500)
    elif kind == "cut short":
        os.truncate(path, path.stat().st_size // 2)
    elif kind == "open":
        path.chmod(0o644)
    elif kind == "newer":
        with closing(sqlite3.connect(path)) as db:
            db.execute("PRAGMA user_version = 99")
    elif kind == "foreign":
        path.unlink()
        with closing(sqlite3.connect(path)) as db:
            db.execute("CREATE TABLE moz_bookmarks (id INTEGER)")
        path.chmod(0o600)
