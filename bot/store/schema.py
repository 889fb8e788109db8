"""The SQLite schema, as sqlite-utils migrations. A migration is never changed, only followed."""

from __future__ import annotations

import sqlite3

from sqlite_utils import Database, Migrations

migrations = Migrations("sunset")


def migrate(connection: sqlite3.Connection) -> None:
    """Apply what has not been applied yet."""
    migrations.apply(Database(connection))


@migrations()
def m001_initial(db: Database) -> None:
    """Create the history, and everything that is derived from it or speeds it up."""
    # sqlite-utils' executescript() would commit; single statements stay in its transaction.
    for statement in _INITIAL.split(";;"):
        if statement.strip():
            db.execute(statement)


@migrations()
def m002_lanes(db: Database) -> None:
    """Let the beginning of a lane be found however long it is."""
    db.execute("CREATE INDEX effects_by_lane ON effects (run_id, lane, id) WHERE state = 'pending'")


@migrations()
def m003_snapshots(db: Database) -> None:
    """Keep folded runs; a cache, like everything that is not an event."""
    db.execute(
        "CREATE TABLE snapshots (run_id TEXT PRIMARY KEY, version INTEGER NOT NULL, "
        "hash TEXT NOT NULL, rules TEXT NOT NULL, body TEXT NOT NULL) STRICT"
    )


@migrations()
def m004_ledger(db: Database) -> None:
    """Let a ledger of millions be worked through: only what is open is indexed."""
    for statement in _LEDGER.split(";;"):
        if statement.strip():
            db.execute(statement)


_LEDGER = """
ALTER TABLE ledger ADD COLUMN checked INTEGER NOT NULL DEFAULT 0;;
ALTER TABLE ledger ADD COLUMN found TEXT NOT NULL DEFAULT '';;
ALTER TABLE ledger ADD COLUMN undo INTEGER NOT NULL DEFAULT 0;;
DROP INDEX ledger_by_state;;
CREATE INDEX ledger_open ON ledger (run_id, job) WHERE state = 'written';;
CREATE TABLE progress (run_id TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;;
"""

_INITIAL = """
CREATE TABLE events (
    run_id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    at TEXT NOT NULL,
    type TEXT NOT NULL,
    actor TEXT NOT NULL,
    body TEXT NOT NULL,
    prev TEXT NOT NULL,
    hash TEXT NOT NULL,
    PRIMARY KEY (run_id, seq)
) STRICT;;
CREATE TRIGGER events_are_final BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'events are never changed'); END;;
CREATE TRIGGER events_stay BEFORE DELETE ON events
BEGIN SELECT RAISE(ABORT, 'events are never deleted'); END;;

CREATE TABLE runs (
    id TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    started_at TEXT NOT NULL,
    state TEXT NOT NULL,
    active INTEGER NOT NULL,
    version INTEGER NOT NULL,
    frozen_at_seq INTEGER
) STRICT;;
CREATE UNIQUE INDEX one_active_run ON runs (account) WHERE active = 1;;

CREATE TABLE deliveries (
    key TEXT PRIMARY KEY,
    run_id TEXT NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    at TEXT NOT NULL
) STRICT;;

CREATE TABLE effects (
    id INTEGER PRIMARY KEY,
    run_id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    lane TEXT NOT NULL,
    data TEXT NOT NULL,
    memo TEXT NOT NULL DEFAULT '{}',
    state TEXT NOT NULL DEFAULT 'pending',
    due REAL NOT NULL,
    leased_by TEXT NOT NULL DEFAULT '',
    leased_until REAL NOT NULL DEFAULT 0,
    leases INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0,
    error TEXT NOT NULL DEFAULT ''
) STRICT;;
CREATE UNIQUE INDEX one_pending_effect ON effects (run_id, key) WHERE state = 'pending';;
CREATE INDEX effects_to_do ON effects (state, due) WHERE state IN ('pending', 'leased');;

CREATE TABLE timers (
    run_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    due TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'set',
    PRIMARY KEY (run_id, kind, due)
) STRICT;;
CREATE INDEX timers_set ON timers (due) WHERE state = 'set';;

CREATE TABLE messages (
    run_id TEXT NOT NULL,
    slot TEXT NOT NULL,
    channel TEXT NOT NULL,
    ts TEXT NOT NULL,
    digest TEXT NOT NULL,
    PRIMARY KEY (run_id, slot)
) STRICT;;

CREATE TABLE scheduled (
    run_id TEXT NOT NULL,
    key TEXT NOT NULL,
    channel TEXT NOT NULL,
    scheduled_id TEXT NOT NULL,
    post_at INTEGER NOT NULL,
    PRIMARY KEY (run_id, key)
) STRICT;;

CREATE TABLE ledger (
    run_id TEXT NOT NULL,
    job INTEGER NOT NULL,
    object_type TEXT NOT NULL,
    record_id TEXT NOT NULL,
    old_owner TEXT NOT NULL,
    new_owner TEXT NOT NULL,
    state TEXT NOT NULL,
    error TEXT NOT NULL DEFAULT '',
    reference TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (run_id, job, object_type, record_id)
) STRICT, WITHOUT ROWID;;
CREATE INDEX ledger_by_state ON ledger (run_id, job, state);;
"""
