"""Snapshots: folded runs kept beside their histories, so that a long one need not be folded anew.

A cache and nothing more. A snapshot counts only while the event it ends with is still there under
the same hash, and only for the rules that folded it; otherwise the events are folded from the
first on. ``sunset audit verify`` folds them in any case, and says where a snapshot contradicts.
"""

from __future__ import annotations

import hashlib
import sqlite3
from functools import cache
from pathlib import Path

import workflows
from workflows.run import Run

EVERY = 256
"""Events between two snapshots of a run."""


@cache
def rules() -> str:
    """Return the digest of the rules' source; '' where it is not there to be read."""
    root = Path(workflows.__file__).parent
    digest = hashlib.sha256()
    sources = sorted(root.rglob("*.py"))
    for path in sources:
        digest.update(path.read_bytes())
    return digest.hexdigest() if sources else ""


def save(connection: sqlite3.Connection, run: Run, last_hash: str, events: int) -> None:
    """Keep *run*, whose last *events* events were just written, when its turn has come."""
    before = run.version - events
    if run.version // EVERY == before // EVERY or not rules():
        return
    connection.execute(
        "INSERT OR REPLACE INTO snapshots (run_id, version, hash, rules, body) "
        "VALUES (?, ?, ?, ?, ?)",
        (run.id, run.version, last_hash, rules(), run.model_dump_json()),
    )


def load(connection: sqlite3.Connection, run_id: str) -> tuple[Run, str] | None:
    """Return a run as it was at its last snapshot, with the hash of its last event then."""
    row = connection.execute(
        "SELECT s.hash, s.body FROM snapshots s JOIN events e "
        "ON e.run_id = s.run_id AND e.seq = s.version AND e.hash = s.hash "
        "WHERE s.run_id = ? AND s.rules = ?",
        (run_id, rules()),
    ).fetchone()
    if row is None:
        return None
    try:
        return Run.model_validate_json(row["body"]), row["hash"]
    except ValueError:
        return None
