"""Putting a copy of the database back, and holding the bot until people have looked.

A copy is older than the world: what happened since is in Slack, HubSpot and Salesforce, but not in
it. So every run that is under way is frozen before the bot may start; what the copy says was still
to be sent is looked for in Slack first. What it replaces is kept beside it.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bot.engine import Engine
from bot.errors import StoreError
from bot.ports import Clock
from bot.store.chain import Chain
from bot.store.copying import Copied, copy_database, keep
from bot.store.lock import DatabaseLock
from bot.store.place import log_of
from bot.store.sqlite import SqliteStore
from workflows.commands import Command, Freeze
from workflows.text import N_
from workflows.values import Actor, Role

BESIDE = ("", "-wal", "-shm")
"""Endings of the files of one SQLite database: one without its own others is another database."""


@dataclass(frozen=True)
class Restored:
    """What was put in place, where the former database lies (None: there was none), and the runs
    that were frozen."""

    copied: Copied
    former: Path | None
    frozen: tuple[str, ...]


def restore(copy: Path, database: Path, chain: Chain, clock: Clock, who: str) -> Restored:
    """Put *copy* in the place of *database*; *who* asks for it, as user and host.

    Killed in between, it is begun anew: the former database is set aside at the end, and the copy
    is never written.

    Raises:
        StoreError: a bot is running, or the copy is damaged, of a newer version or no copy of the
            bot's database. Nothing has changed then.
    """
    database = database.resolve()
    lock = DatabaseLock(database, lost=True)
    try:
        fresh = database.with_name(f"{database.name}.restoring")
        _remove(fresh)
        try:
            copied = copy_database(copy, fresh)
            # Opening it looks whether it is ours, and brings it to this version's schema.
            SqliteStore(fresh, chain, locked=True).close()
            _distrust(fresh)
            with closing(SqliteStore(fresh, chain, locked=True)) as store:
                frozen = _freeze(store, clock, copy, who)
            if log_of(fresh).exists():
                raise _unfinished(fresh)
            former = _swap(fresh, database, clock.now())
        except (OSError, sqlite3.Error) as error:
            told = {"path": str(database.parent), "reason": str(error)}
            raise StoreError(
                "copy_unwritable",
                N_("{path} cannot be written: {reason}.", **told),
                N_("Choose a directory with room in it that you may write to."),
            ) from error
        finally:
            _remove(fresh)
        lock.opened()
    finally:
        lock.release()
    return Restored(Copied(database, copied.runs, copied.events, copied.size), former, frozen)


def _distrust(fresh: Path) -> None:
    """Let everything that was still to be done be looked for in Slack before it is done."""
    with closing(sqlite3.connect(fresh, isolation_level=None)) as db:
        db.execute(
            "UPDATE effects SET attempts = max(attempts, 1) WHERE state IN ('pending', 'leased')"
        )


def _freeze(store: SqliteStore, clock: Clock, copy: Path, who: str) -> tuple[str, ...]:
    frozen = []
    engine = Engine(store, clock, "")
    for run_id in store.run_ids():
        run = store.run(run_id)
        if run is None or run.state.final or run.frozen:
            continue
        action = Freeze(reason=f"The database was restored from the copy {copy.name}.")
        command = Command(
            actor=Actor(kind="console", id=who),
            roles=frozenset({Role.ADMINISTRATOR}),
            action=action,
        )
        engine.execute(run_id, command, f"restore:{clock.now().isoformat()}:{run_id}")
        frozen.append(run_id)
    return tuple(frozen)


def _swap(fresh: Path, database: Path, now: datetime) -> Path | None:
    """Set the database aside with the files that belong to it, and put *fresh* in its place."""
    former = database.with_name(f"{database.name}.before-{now:%Y%m%dT%H%M%SZ}")
    there = database.exists()
    for ending in BESIDE:
        old = database.with_name(database.name + ending)
        if old.exists():
            old.rename(former.with_name(former.name + ending))
    fresh.rename(database)
    keep(database.parent)
    return former if there else None


def _unfinished(fresh: Path) -> StoreError:
    return StoreError(
        "store_locked",
        N_("Another program has {path} open.", path=str(fresh)),
        N_("Close it and try again."),
    )


def _remove(fresh: Path) -> None:
    for ending in BESIDE:
        fresh.with_name(fresh.name + ending).unlink(missing_ok=True)
