"""The SQLite store (WAL, ``synchronous=FULL``, explicit ``BEGIN IMMEDIATE``)."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import structlog

from bot.audit import verify
from bot.store import opening, record
from bot.store.base import (
    DueTimers,
    LedgerCount,
    LedgerFlow,
    LedgerRow,
    Link,
    PostedMessage,
    ScheduledMessage,
    Transaction,
    Waiting,
)
from bot.store.chain import PLAIN, Chain, parse
from bot.store.folding import damaged, read_run
from bot.store.place import Place
from bot.store.readers import Readers
from bot.store.transaction import SqliteTransaction
from bot.store.trouble import ERRORS
from bot.store.writer import Writer
from handlers.ports import Progress
from workflows.run import Run
from workflows.timers import Timer

T = TypeVar("T")
log = structlog.get_logger(__name__)
LOOKS = 3
LEDGER_PAGE = 1_000


class SqliteStore:
    """A :class:`bot.store.base.Store` in one SQLite file, written by one process."""

    def __init__(self, path: Path, chain: Chain = PLAIN, *, locked: bool = False) -> None:
        """Open the database; ``locked``: this process keeps other bots from it already.

        Raises:
            StoreError: it cannot be used; nothing was written into it.
        """
        self.chain = chain
        # SQLite names the files beside it after the file itself, not after a link to it.
        self._path = path.resolve()
        self._place: Place | None = None
        self._readers = Readers(self._connect)
        self._runs: dict[str, tuple[Run, str]] = {}
        try:
            opening.make(self._path)
            version = opening.examine(self._path)
            with closing(self._connect()) as connection:
                opening.upgrade(connection, self._path, version, locked=locked)
        except (*ERRORS, OSError) as error:
            raise opening.refusal(self._path, error) from error
        self._place = Place(self._path)
        self._writer: Writer[SqliteTransaction] = Writer(
            self._connect, self._transaction, self._committed, self._ready
        )

    def _connect(self) -> sqlite3.Connection:
        if self._place is not None:
            self._place.check()
        return opening.connect(self._path)

    def _ready(self, connection: sqlite3.Connection) -> bool:
        """Say whether what is written now will be found again."""
        if self._place is None:
            return True
        self._place.check()
        if self._place.check_log(connection):
            return True
        self._readers.renew()
        log.warning("store_log_was_deleted", path=str(self._path))
        return False

    def _transaction(self, connection: sqlite3.Connection) -> SqliteTransaction:
        return SqliteTransaction(connection, self._runs)

    def _committed(self, transaction: SqliteTransaction) -> None:
        self._runs.update(transaction.touched)

    def write(self, function: Callable[[Transaction], T]) -> T:
        """Run *function* in a transaction and return its result once it is durable."""
        return self._writer.write(function)

    def _rows(self, query: str, *values: Any) -> list[sqlite3.Row]:
        with self._readers.lend() as connection:
            return connection.execute(query, values).fetchall()

    def run(self, run_id: str) -> Run | None:
        """Return a run; folded from its events unless this process knows its last one."""
        known = None
        for _ in range(LOOKS):
            rows = self._rows(
                "SELECT seq, hash FROM events WHERE run_id = ? ORDER BY seq DESC LIMIT 1", run_id
            )
            if not rows:
                return None
            known = self._runs.get(run_id)
            if known is not None and (known[0].version, known[1]) == tuple(rows[0]):
                return known[0]
            if known is None or known[0].version < rows[0]["seq"]:
                break
            # Something was committed since the rows were read: look again.
        with self._readers.lend() as connection:
            stored = read_run(connection, run_id, known)
        return stored[0] if stored else None

    def active_run_id(self, account: str) -> str | None:
        """Return the id of the account's active run."""
        rows = self._rows("SELECT id FROM runs WHERE account = ? AND active = 1", account)
        return rows[0]["id"] if rows else None

    def run_ids(self, account: str | None = None) -> list[str]:
        """Return the ids of all runs, newest first."""
        rows = self._rows(
            "SELECT id, started_at FROM runs WHERE ?1 IS NULL OR account = ?1 "
            # A run whose entry is gone still has its history, and is not to be overlooked.
            "UNION SELECT run_id, at FROM events WHERE ?1 IS NULL AND seq = "
            "(SELECT min(seq) FROM events o WHERE o.run_id = events.run_id) "
            "AND run_id NOT IN (SELECT id FROM runs) ORDER BY 2 DESC, 1",
            account,
        )
        return [row["id"] for row in rows]

    def history(self, run_id: str) -> list[Link]:
        """Return a run's events, oldest first, as stored."""
        rows = self._rows(
            "SELECT body, prev, hash FROM events WHERE run_id = ? ORDER BY seq", run_id
        )
        return _links(run_id, rows)

    def events(self, run_id: str, numbers: Iterable[int]) -> list[Link]:
        """Return those of a run's events that have these numbers, oldest first, as stored."""
        rows = self._rows(
            "SELECT body, prev, hash FROM events WHERE run_id = ? "
            "AND seq IN (SELECT value FROM json_each(?)) ORDER BY seq",
            run_id,
            json.dumps(list(numbers)),
        )
        return _links(run_id, rows)

    def problems(self, run_id: str) -> list[str]:
        """Recompute the chain; return a sentence for each thing that does not fit."""
        return verify.problems(self.stored(run_id), self.chain)

    def stored(self, run_id: str) -> verify.Stored:
        """Return everything about a run that its history must agree with, as it stands there."""
        with self._readers.lend() as connection:
            return record.stored(connection, run_id)

    def mentioned(self) -> list[str]:
        """Return the ids of all runs that any table tells of, newest first."""
        with self._readers.lend() as connection:
            return record.mentioned(connection)

    def require_keys(self) -> None:
        """Make sure that every active run's chain can be gone on with.

        Raises:
            bot.store.chain.KeyMissing: a key of one is not in the settings.
        """
        query = (
            "SELECT prev FROM events WHERE seq = 1 AND run_id IN (SELECT id FROM runs WHERE active)"
        )
        for row in self._rows(query):
            self.chain.require(row["prev"])

    def due_timers(self, now: datetime) -> list[DueTimers]:
        """Return the set timers that are due, by run; reminders of frozen runs are held back."""
        rows = self._rows(
            "SELECT t.run_id, t.kind, t.due FROM timers t JOIN runs r ON r.id = t.run_id "
            "WHERE t.state = 'set' AND t.due <= ? "
            "AND NOT (r.frozen_at_seq IS NOT NULL AND t.kind LIKE 'reminder:%') ORDER BY t.due",
            now.isoformat(timespec="microseconds"),
        )
        by_run: dict[str, list[Timer]] = {}
        for row in rows:
            timer = Timer(kind=row["kind"], due=datetime.fromisoformat(row["due"]))
            by_run.setdefault(row["run_id"], []).append(timer)
        return [DueTimers(run_id, tuple(timers)) for run_id, timers in by_run.items()]

    def next_due(self, after: float = -1.0) -> float | None:
        """Return when the next pending effect is due that is due after *after* (epoch seconds)."""
        rows = self._rows(
            "SELECT min(due) AS due FROM effects WHERE state = 'pending' AND due > ?", after
        )
        due: float | None = rows[0]["due"]
        return due

    def waiting(self, run_id: str) -> list[Waiting]:
        """Return what a run waits for because it failed, the oldest first."""
        rows = self._rows(
            "SELECT kind, error, attempts, due FROM effects WHERE run_id = ? "
            "AND state IN ('pending', 'leased') AND error <> '' ORDER BY id",
            run_id,
        )
        return [Waiting(**dict(row)) for row in rows]

    def message(self, run_id: str, slot: str) -> PostedMessage | None:
        """Return where a message lies."""
        rows = self._rows(
            "SELECT slot, channel, ts, digest FROM messages WHERE run_id = ? AND slot = ?",
            run_id,
            slot,
        )
        return PostedMessage(**dict(rows[0])) if rows else None

    def waiting_lines(self, run_id: str) -> set[int]:
        """Return the numbers of the events whose audit lines are still to be posted."""
        rows = self._rows(
            "SELECT seq FROM effects WHERE run_id = ? AND kind = 'audit_line' "
            "AND state IN ('pending', 'leased')",
            run_id,
        )
        return {row["seq"] for row in rows}

    def scheduled(self, run_id: str, key: str) -> ScheduledMessage | None:
        """Return a scheduled message."""
        rows = self._rows(
            "SELECT key, channel, scheduled_id, post_at FROM scheduled "
            "WHERE run_id = ? AND key = ?",
            run_id,
            key,
        )
        return ScheduledMessage(**dict(rows[0])) if rows else None

    # --- the ledger ------------------------------------------------------------------------------

    def ledger(
        self, run_id: str, job: int | None = None, *states: str, unchecked: bool = False
    ) -> Iterator[LedgerRow]:
        """Yield ledger rows of a job (or of all), oldest job first, by object type and record.

        Each page is a reading of its own: one that lasted for a whole job would keep SQLite from
        tidying up what is written meanwhile.
        """
        wanted = f" AND state IN ({', '.join('?' for _ in states)})" if states else ""
        wanted += " AND checked = 0" if unchecked else ""
        last: tuple[int, str, str] = (job or 0, "", "")
        of_job = " AND job = ?2" if job is not None else ""
        query = (
            f"{_LEDGER} WHERE run_id = ?1{of_job} "
            f"AND (job, object_type, record_id) > (?2, ?3, ?4){wanted} "
            f"ORDER BY job, object_type, record_id LIMIT {LEDGER_PAGE}"
        )
        while True:
            rows = self._rows(query, run_id, *last, *states)
            yield from map(_row, rows)
            if len(rows) < LEDGER_PAGE:
                return
            last = (rows[-1]["job"], rows[-1]["object_type"], rows[-1]["record_id"])

    def ledger_open(self, run_id: str, job: int) -> list[LedgerRow]:
        """Return some of a job's rows that were written and not settled; empty: there are none."""
        query = f"{_LEDGER} WHERE run_id = ? AND job = ? AND state = 'written' LIMIT {LEDGER_PAGE}"
        return list(map(_row, self._rows(query, run_id, job)))

    def ledger_states(
        self, run_id: str, job: int, object_type: str, record_ids: Sequence[str]
    ) -> dict[str, str]:
        """Return the state of those of these records that are in a job's ledger."""
        rows = self._rows(
            "SELECT record_id, state FROM ledger WHERE run_id = ? AND job = ? AND object_type = ? "
            "AND record_id IN (SELECT value FROM json_each(?))",
            run_id,
            job,
            object_type,
            json.dumps(list(record_ids)),
        )
        return {row["record_id"]: row["state"] for row in rows}

    def ledger_tally(self, run_id: str) -> list[LedgerCount]:
        """Add a run's ledger up."""
        rows = self._rows(
            "SELECT job, object_type, old_owner, state, undo, checked, count(*) AS rows "
            "FROM ledger WHERE run_id = ? "
            "GROUP BY job, object_type, old_owner, state, undo, checked",
            run_id,
        )
        return [LedgerCount(**{**dict(row), "checked": bool(row["checked"])}) for row in rows]

    def ledger_flows(self, run_id: str) -> list[LedgerFlow]:
        """Add a run's ledger up by who had the records and to whom they went, jobs in order."""
        alike = "job, object_type, old_owner, new_owner, state, undo"
        rows = self._rows(
            f"SELECT {alike}, count(*) AS rows FROM ledger WHERE run_id = ? "  # noqa: S608 - fixed
            f"GROUP BY {alike} ORDER BY {alike}",
            run_id,
        )
        return [LedgerFlow(**dict(row)) for row in rows]

    def progress(self, run_id: str) -> Progress | None:
        """Return how far a run's job was when it last told."""
        rows = self._rows("SELECT body FROM progress WHERE run_id = ?", run_id)
        return Progress(**json.loads(rows[0]["body"])) if rows else None

    def reclaim(self) -> int:
        """Give back what a dead process had leased; return how many."""
        return self._writer.write(lambda transaction: transaction.reclaim())

    def close(self) -> None:
        """Finish what is being written, then close."""
        self._writer.close()
        self._readers.close()


_LEDGER = (
    "SELECT job, object_type, record_id, old_owner, new_owner, state, error, reference, "
    "checked, found, undo FROM ledger"
)


def _row(row: sqlite3.Row) -> LedgerRow:
    values = dict(row)
    return LedgerRow(**{**values, "checked": bool(values["checked"])})


def _links(run_id: str, rows: Iterable[sqlite3.Row]) -> list[Link]:
    try:
        return [Link(parse(row["body"]), row["prev"], row["hash"]) for row in rows]
    except ValueError as error:
        raise damaged(run_id) from error
