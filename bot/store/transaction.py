"""What one SQLite transaction can do; used inside the writer's thread only."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from bot.store import snapshots
from bot.store.base import (
    Delivery,
    LedgerRow,
    Link,
    PostedMessage,
    QueuedEffect,
    ScheduledMessage,
)
from bot.store.chain import body
from bot.store.folding import read_run
from handlers.ports import Progress
from workflows.effects import Effect
from workflows.errors import Refused
from workflows.run import Run
from workflows.text import N_
from workflows.timers import Timer

AUDIT_LINES_TOGETHER = 20
"""Audit lines that wait are posted together, at most so many: Slack takes about one message a
second in a channel, and a mapping of hundreds of owners makes hundreds of lines."""
_IN_ORDER = ("audit", "thread")
# Of a lane that keeps its order only the beginning can matter, however long it is.
_WAITING = """
SELECT e.* FROM runs r JOIN effects e ON e.id IN (
    SELECT * FROM (
        SELECT id FROM effects WHERE run_id = r.id AND lane = 'audit' AND state = 'pending'
        ORDER BY id LIMIT ?1
    )
    UNION ALL SELECT * FROM (
        SELECT id FROM effects WHERE run_id = r.id AND lane = 'thread' AND state = 'pending'
        ORDER BY id LIMIT ?1
    )
    UNION ALL
    SELECT id FROM effects WHERE run_id = r.id AND lane = 'job' AND state = 'pending'
    UNION ALL
    SELECT id FROM effects WHERE run_id = r.id AND lane = 'reminders' AND state = 'pending'
)
WHERE r.frozen_at_seq IS NULL
   OR (e.seq <= r.frozen_at_seq AND e.lane IN ('audit', 'thread'))
ORDER BY e.id
"""


class SqliteTransaction:
    """One transaction; ``touched`` holds the runs it changed, for the cache after the commit."""

    def __init__(self, connection: sqlite3.Connection, runs: dict[str, tuple[Run, str]]) -> None:
        self._db = connection
        self._runs = runs
        self.touched: dict[str, tuple[Run, str]] = {}

    # --- commands ------------------------------------------------------------------------------

    def delivery(self, key: str) -> Delivery | None:
        """Return the delivery with this key, if it was carried out."""
        row = self._one("SELECT run_id, first, last FROM deliveries WHERE key = ?", key)
        return Delivery(**dict(row)) if row else None

    def add_delivery(self, key: str, delivery: Delivery, at: datetime) -> None:
        """Remember that a delivery was carried out."""
        self._db.execute(
            "INSERT INTO deliveries (key, run_id, first, last, at) VALUES (?, ?, ?, ?, ?)",
            (key, delivery.run_id, delivery.first, delivery.last, at.isoformat()),
        )

    def load(self, run_id: str) -> tuple[Run, str] | None:
        """Return a run with the hash of its last event, or None."""
        row = self._one(
            "SELECT seq, hash FROM events WHERE run_id = ? ORDER BY seq DESC LIMIT 1", run_id
        )
        if row is None:
            return None
        for known in (self.touched.get(run_id), self._runs.get(run_id)):
            if known is not None and (known[0].version, known[1]) == (row["seq"], row["hash"]):
                return known
        return read_run(self._db, run_id)

    def append(self, run: Run, links: Iterable[Link]) -> None:
        """Add events to a run's history; *run* is the run after them."""
        frozen = None
        last_hash = ""
        written = list(links)
        for item in written:
            recorded = item.recorded
            self._db.execute(
                "INSERT INTO events (run_id, seq, at, type, actor, body, prev, hash) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    run.id,
                    recorded.seq,
                    recorded.at.isoformat(timespec="microseconds"),
                    recorded.event.type,
                    f"{recorded.actor.kind}:{recorded.actor.id}",
                    item.text or body(run.id, recorded),
                    item.prev,
                    item.hash,
                ),
            )
            last_hash = item.hash
            if recorded.event.type == "frozen":
                frozen = recorded.seq
        try:
            self._db.execute(
                "INSERT INTO runs (id, account, started_at, state, active, version, frozen_at_seq) "
                "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (id) DO UPDATE SET state = ?4, "
                "active = ?5, version = ?6, "
                "frozen_at_seq = iif(?8, coalesce(?7, frozen_at_seq), NULL)",
                (
                    run.id,
                    run.account.portal_id,
                    run.started_at.isoformat(timespec="microseconds"),
                    run.state.value,
                    int(not run.state.final),
                    run.version,
                    frozen,
                    run.frozen,
                ),
            )
        except sqlite3.IntegrityError as error:
            raise Refused(
                "run_active",
                N_("An uninstall of this HubSpot account is under way already."),
                N_("Use `/uninstall-salesforce status` to see where it is."),
            ) from error
        snapshots.save(self._db, run, last_hash, events=len(written))
        self.touched[run.id] = (run, last_hash)

    # --- effects -------------------------------------------------------------------------------

    def add_effects(self, run_id: str, seq: int, effects: Iterable[Effect], due: float) -> None:
        """Queue effects; see the protocol."""
        self._db.executemany(
            "INSERT INTO effects (run_id, seq, kind, key, lane, data, due) "
            "VALUES (?, ?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (run_id, key) WHERE state = 'pending' "
            "DO UPDATE SET due = min(due, excluded.due)",
            [
                (run_id, seq, item.kind, item.key, item.lane, json.dumps(item.data), due)
                for item in effects
            ],
        )

    def lease(
        self, owner: str, until: float, now: float, busy: frozenset[tuple[str, str]]
    ) -> list[QueuedEffect]:
        """Lease what may be carried out now; see the protocol."""
        rows = self._db.execute(_WAITING, (AUDIT_LINES_TOGETHER,)).fetchall()
        taken: set[tuple[str, str]] = set(busy)
        together: dict[tuple[str, str], int] = {}
        leased: list[QueuedEffect] = []
        for row in rows:
            in_order = row["lane"] in _IN_ORDER
            place = (row["run_id"], row["key"] if row["lane"] == "job" else row["lane"])
            joins = (
                row["kind"] == "audit_line" and 0 < together.get(place, 0) < AUDIT_LINES_TOGETHER
            )
            if place in taken and not (joins and place not in busy):
                continue
            if row["due"] > now:
                put_off = row["lane"] == "thread" and not row["attempts"]
                if in_order and not put_off:
                    taken.add(place)
                    together.pop(place, None)
                continue
            taken.add(place)
            if row["kind"] == "audit_line":
                together[place] = together.get(place, 0) + 1
            leased.append(self._lease(row, owner, until))
        return leased

    def _lease(self, row: sqlite3.Row, owner: str, until: float) -> QueuedEffect:
        self._db.execute(
            "UPDATE effects SET state = 'leased', leased_by = ?, leased_until = ?, "
            "leases = leases + 1, attempts = attempts + 1 WHERE id = ?",
            (owner, until, row["id"]),
        )
        try:
            data, memo, damaged = json.loads(row["data"]), json.loads(row["memo"]), False
        except ValueError:
            data, memo, damaged = {}, {}, True
        return QueuedEffect(
            id=row["id"],
            run_id=row["run_id"],
            seq=row["seq"],
            kind=row["kind"],
            key=row["key"],
            lane=row["lane"],
            data=data,
            memo=memo,
            lease=row["leases"],
            attempts=row["attempts"],
            damaged=damaged,
        )

    def settle(self, effect_id: int, state: str, error: str = "") -> None:
        """End a leased effect: `done` or `failed`."""
        self._db.execute(
            "UPDATE effects SET state = ?, error = ? WHERE id = ? AND state = 'leased'",
            (state, error, effect_id),
        )

    def postpone(
        self,
        effect_id: int,
        due: float,
        memo: dict[str, Any],
        *,
        failed: bool = False,
        error: str = "",
    ) -> None:
        """Give a leased effect back; if the same was asked for meanwhile, it is due at once."""
        self._postpone(effect_id, due, json.dumps(memo), failed=failed, error=error)

    def _postpone(
        self, effect_id: int, due: float, memo: str, *, failed: bool, error: str | None
    ) -> None:
        twin = self._one(
            "SELECT p.id, p.due FROM effects p JOIN effects e ON e.run_id = p.run_id "
            "AND e.key = p.key WHERE e.id = ? AND p.state = 'pending'",
            effect_id,
        )
        if twin is not None:
            self._db.execute("DELETE FROM effects WHERE id = ?", (twin["id"],))
            due = min(due, twin["due"])
        self._db.execute(
            "UPDATE effects SET state = 'pending', due = ?, memo = ?, "
            "attempts = iif(?, attempts, 0), error = coalesce(?, error) "
            "WHERE id = ? AND state = 'leased'",
            (due, memo, failed, error, effect_id),
        )

    def reclaim(self) -> int:
        """Give back what a dead process had leased; its attempts stay counted."""
        rows = self._db.execute("SELECT id, memo FROM effects WHERE state = 'leased'").fetchall()
        for row in rows:
            self._postpone(row["id"], 0.0, row["memo"], failed=True, error=None)
        return len(rows)

    # --- timers --------------------------------------------------------------------------------

    def set_timers(self, run_id: str, timers: Iterable[Timer]) -> None:
        """Make these the run's set timers; others that were set and not fired are lifted."""
        wanted = {(timer.kind, _text(timer.due)) for timer in timers}
        rows = self._db.execute(
            "SELECT kind, due FROM timers WHERE run_id = ? AND state = 'set'", (run_id,)
        ).fetchall()
        there = {(row["kind"], row["due"]) for row in rows}
        self._db.executemany(
            "UPDATE timers SET state = 'lifted' WHERE run_id = ? AND kind = ? AND due = ?",
            [(run_id, *item) for item in there - wanted],
        )
        # A fired timer is never set again; one that was lifted may be.
        self._db.executemany(
            "INSERT INTO timers (run_id, kind, due) VALUES (?, ?, ?) "
            "ON CONFLICT (run_id, kind, due) DO UPDATE SET state = 'set' WHERE state = 'lifted'",
            [(run_id, *item) for item in wanted - there],
        )

    def fire_timer(self, run_id: str, timer: Timer) -> bool:
        """Claim a timer; False if it is no longer set."""
        cursor = self._db.execute(
            "UPDATE timers SET state = 'fired' "
            "WHERE run_id = ? AND kind = ? AND due = ? AND state = 'set'",
            (run_id, timer.kind, _text(timer.due)),
        )
        return cursor.rowcount == 1

    # --- what lies in Slack, and the ledger ----------------------------------------------------

    def save_message(self, run_id: str, message: PostedMessage) -> None:
        """Remember where a message lies."""
        self._db.execute(
            "INSERT OR REPLACE INTO messages (run_id, slot, channel, ts, digest) "
            "VALUES (?, ?, ?, ?, ?)",
            (run_id, message.slot, message.channel, message.ts, message.digest),
        )

    def save_scheduled(self, run_id: str, message: ScheduledMessage) -> None:
        """Remember a scheduled message."""
        self._db.execute(
            "INSERT OR REPLACE INTO scheduled (run_id, key, channel, scheduled_id, post_at) "
            "VALUES (?, ?, ?, ?, ?)",
            (run_id, message.key, message.channel, message.scheduled_id, message.post_at),
        )

    def drop_scheduled(self, run_id: str, key: str) -> None:
        """Forget a scheduled message."""
        self._db.execute("DELETE FROM scheduled WHERE run_id = ? AND key = ?", (run_id, key))

    def write_ledger(self, run_id: str, rows: Iterable[LedgerRow]) -> None:
        """Insert or settle ledger rows."""
        self._db.executemany(
            "INSERT INTO ledger (run_id, job, object_type, record_id, old_owner, new_owner, state, "
            "error, reference, checked, found, undo) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (run_id, job, object_type, record_id) DO UPDATE SET "
            "state = excluded.state, error = excluded.error, reference = excluded.reference, "
            "checked = excluded.checked, found = excluded.found, undo = excluded.undo",
            [
                (
                    run_id,
                    row.job,
                    row.object_type,
                    row.record_id,
                    row.old_owner,
                    row.new_owner,
                    row.state,
                    row.error,
                    row.reference,
                    row.checked,
                    row.found,
                    row.undo,
                )
                for row in rows
            ],
        )

    def forget_ledger(self, run_id: str, rows: Iterable[LedgerRow]) -> None:
        """Remove ledger rows that were written and never sent."""
        self._db.executemany(
            "DELETE FROM ledger WHERE run_id = ? AND job = ? AND object_type = ? AND record_id = ? "
            "AND state = 'written'",
            [(run_id, row.job, row.object_type, row.record_id) for row in rows],
        )

    def save_progress(self, run_id: str, progress: Progress) -> None:
        """Remember how far a run's job is."""
        self._db.execute(
            "INSERT OR REPLACE INTO progress (run_id, body) VALUES (?, ?)",
            (run_id, json.dumps(asdict(progress))),
        )

    def _one(self, query: str, *values: Any) -> sqlite3.Row | None:
        row: sqlite3.Row | None = self._db.execute(query, values).fetchone()
        return row


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds")
