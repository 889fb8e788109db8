"""A run from its stored events."""

from __future__ import annotations

import sqlite3

from bot.errors import StoreError
from bot.store import snapshots
from bot.store.chain import GENESIS
from workflows.events import HISTORY
from workflows.evolve import evolve
from workflows.run import Run
from workflows.text import N_


def read_run(
    connection: sqlite3.Connection, run_id: str, known: tuple[Run, str] | None = None
) -> tuple[Run, str] | None:
    """Fold a run from its stored events, onto what is *known* of it if they follow that.

    None if there are none.
    """
    try:
        return _read_run(connection, run_id, known)
    except ValueError as error:
        raise damaged(run_id) from error


def damaged(run_id: str) -> StoreError:
    """Say that a history cannot be read, and how to find what was changed."""
    return StoreError(
        "history_damaged",
        N_("The history of {run} was changed and cannot be read.", run=run_id),
        N_("`sunset audit verify` says which events; restore the database from a backup."),
    )


def _read_run(
    connection: sqlite3.Connection, run_id: str, known: tuple[Run, str] | None
) -> tuple[Run, str] | None:
    start = known or snapshots.load(connection, run_id)
    run, last_hash = start or (None, GENESIS)
    rows = connection.execute(
        "SELECT iif(json_valid(body), json_remove(body, '$.run'), body) AS body, prev, hash "
        "FROM events WHERE run_id = ? AND seq > ? ORDER BY seq",
        (run_id, run.version if run else 0),
    ).fetchall()
    if known and (not rows or rows[0]["prev"] != last_hash):
        return _read_run(connection, run_id, None)
    if not rows:
        return start
    for recorded in HISTORY.validate_json("[" + ",".join(row["body"] for row in rows) + "]"):
        run = evolve(run, recorded)
    return (run, rows[-1]["hash"]) if run else None
