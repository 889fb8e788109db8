"""Everything that is stored of one run, as it stands there, for whoever checks it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from bot.audit.verify import Stored, StoredEvent, StoredRun
from bot.store import snapshots

_EVENTS = "SELECT seq, at, type, actor, body, prev, hash FROM events WHERE run_id = ? ORDER BY seq"
_ENTRY = (
    "SELECT account, started_at, state, active, version, "
    "frozen_at_seq IS NOT NULL AS frozen FROM runs WHERE id = ?"
)
_SPEAK = {
    "deliveries": "SELECT max(last) FROM deliveries WHERE run_id = ?",
    "effects": "SELECT max(seq) FROM effects WHERE run_id = ?",
}

_MENTIONED = """
SELECT id, started_at AS at FROM runs
UNION SELECT run_id, iif(seq = 1, at, '') FROM events
UNION SELECT run_id, '' FROM deliveries
UNION SELECT run_id, '' FROM effects
UNION SELECT run_id, '' FROM timers
UNION SELECT run_id, '' FROM messages
UNION SELECT run_id, '' FROM snapshots
ORDER BY 2 DESC, 1
"""


def stored(connection: sqlite3.Connection, run_id: str) -> Stored:
    """Return everything about a run that its history must agree with, as of one moment."""
    with _one_moment(connection):
        events = [StoredEvent(**dict(row)) for row in connection.execute(_EVENTS, (run_id,))]
        entry = connection.execute(_ENTRY, (run_id,)).fetchone()
        speaks_of = {
            table: connection.execute(query, (run_id,)).fetchone()[0] or 0
            for table, query in _SPEAK.items()
        }
        kept = snapshots.load(connection, run_id)
    run = StoredRun(**{**dict(entry), "frozen": bool(entry["frozen"])}) if entry else None
    return Stored(run_id, events, run, speaks_of, kept[0] if kept else None)


@contextmanager
def _one_moment(connection: sqlite3.Connection) -> Iterator[None]:
    """Let the bot write meanwhile without being seen; read what is not even UTF-8."""
    before = connection.text_factory
    connection.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.execute("COMMIT")
        connection.text_factory = before


def mentioned(connection: sqlite3.Connection) -> list[str]:
    """Return the ids of all runs that any table tells of, newest first.

    A run whose entry and events are gone may have left its name elsewhere.
    """
    before = connection.text_factory
    connection.text_factory = lambda data: data.decode("utf-8", "backslashreplace")
    try:
        rows = connection.execute(_MENTIONED).fetchall()
    finally:
        connection.text_factory = before
    return list(dict.fromkeys(row["id"] for row in rows))
