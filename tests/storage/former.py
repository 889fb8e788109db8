"""Databases as former versions of the bot have left them, with a run in the middle."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from bot.store.base import LedgerRow
from bot.store.chain import GENESIS, PLAIN
from bot.store.schema import migrations
from tests.bot.rig import CHANNEL
from tests.workflows.driver import Conversation
from tests.workflows.test_old_histories import as_it_was_stored
from workflows.digest import canonical
from workflows.effects import effects
from workflows.evolve import fold
from workflows.timers import timers

ROOT = "1500000000.000001"
"""The message that the run's thread hangs on."""
NAMES = ("m001_initial", "m002_lanes", "m003_snapshots", "m004_ledger")
"""The migrations there were; a former version is one that had the first so many."""


def as_of(
    version: int,
    path: Path,
    talk: Conversation,
    ledger: Iterable[LedgerRow] = (),
    *,
    leased: bool = False,
) -> None:
    """Make the database of a bot of that *version* that died after the last event of *talk*.

    Its events lack what later versions have added. ``leased``: it had begun with what that event
    asks for.
    """
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        later = NAMES[version] if version < len(NAMES) else None
        migrations.apply(Database(db), stop_before=later)
        db.execute(f"PRAGMA user_version = {version}")
        _history(db, talk)
        _work(db, talk, "leased" if leased else "pending")
        db.executemany(
            "INSERT INTO ledger (run_id, job, object_type, record_id, old_owner, new_owner, state) "
            "VALUES ('R1', ?, ?, ?, ?, ?, ?)",
            [
                (one.job, one.object_type, one.record_id, one.old_owner, one.new_owner, one.state)
                for one in ledger
            ],
        )


def _history(db: sqlite3.Connection, talk: Conversation) -> None:
    last = GENESIS
    for stored in json.loads(as_it_was_stored(talk)):
        text = canonical({"run": "R1", **stored})
        digest = PLAIN.link(last, text)
        row: tuple[Any, ...] = (
            stored["seq"],
            talk.history[stored["seq"] - 1].at.isoformat(timespec="microseconds"),
            stored["event"]["type"],
            f"{stored['actor']['kind']}:{stored['actor']['id']}",
            text,
            last,
            digest,
        )
        db.execute("INSERT INTO events VALUES ('R1', ?, ?, ?, ?, ?, ?, ?)", row)
        last = digest
    run = talk.run
    started = run.started_at.isoformat(timespec="microseconds")
    entry = (run.account.portal_id, started, run.state.value, not run.state.final, run.version)
    db.execute(
        "INSERT INTO runs (id, account, started_at, state, active, version) "
        "VALUES ('R1', ?, ?, ?, ?, ?)",
        entry,
    )


def _work(db: sqlite3.Connection, talk: Conversation, state: str) -> None:
    """Queue what the last event asks for, set the timers, remember the thread."""
    before = fold(talk.history[:-1]) if talk.history[1:] else None
    for one in effects(before, talk.history[-1], talk.run):
        db.execute(
            "INSERT INTO effects (run_id, seq, kind, key, lane, data, state, due, attempts) "
            "VALUES ('R1', ?, ?, ?, ?, ?, ?, 0, ?)",
            (
                talk.run.version,
                one.kind,
                one.key,
                one.lane,
                json.dumps(one.data),
                state if one.lane == "job" else "pending",
                int(state == "leased"),
            ),
        )
    for timer in timers(talk.run):
        due = timer.due.isoformat(timespec="microseconds")
        db.execute("INSERT INTO timers (run_id, kind, due) VALUES ('R1', ?, ?)", (timer.kind, due))
    db.execute("INSERT INTO messages VALUES ('R1', 'card', ?, ?, '')", (CHANNEL, ROOT))
    for seq in range(1, talk.run.version):
        db.execute(
            "INSERT INTO deliveries (key, run_id, first, last, at) VALUES (?, 'R1', ?, ?, ?)",
            (f"click:old:{seq}", seq, seq, talk.now.isoformat()),
        )
