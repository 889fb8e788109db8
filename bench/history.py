"""`python -m bench history`: the time to load a run from the store, by the length of its history.

Each load is cold: from a store that was just opened and has never seen the run. Usually that is the
last snapshot and the events since; how long all the events take from the first on is told besides.
"""

from __future__ import annotations

import gc
import sqlite3
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from bench.histories import RUN_ID, write
from bench.numbers import Goal, Json, median, report, table
from bench.processes import Failed
from bot.store.sqlite import SqliteStore

SIZES = (10, 1_000, 10_000)
LIMIT_MS = 50.0
LOADS = 15


def measure(sizes: Sequence[int], loads: int) -> tuple[Json, list[Goal]]:
    """Load a run of each size so many times; return results and goals."""
    results: Json = {}
    with tempfile.TemporaryDirectory(prefix="sunset-bench-") as name:
        for size in sizes:
            path = Path(name) / f"{size}.db"
            write(path, size)
            samples = _loads(path, loads)
            results[str(size)] = {**_of(path), **_spread("", samples)}
            results[str(size)] |= _spread("whole_", _loads(_without_snapshot(path), loads))
    largest = str(max(sizes))
    measured = results[largest]["p50_ms"]
    return results, [Goal(f"loading a run of {largest} events", measured, LIMIT_MS, "ms")]


def _loads(path: Path, times: int) -> list[float]:
    # The first brings the file into the system's cache.
    return [_load(path) for _ in range(times + 1)][1:]


def _without_snapshot(path: Path) -> Path:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM snapshots")
    return path


def _load(path: Path) -> float:
    store = SqliteStore(path)
    try:
        gc.collect()
        started = time.perf_counter()
        run = store.run(RUN_ID)
        milliseconds = (time.perf_counter() - started) * 1000
    finally:
        store.close()
    if run is None:
        raise Failed("The run was not found.")
    return milliseconds


def _of(path: Path) -> Json:
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute(
            "SELECT type, count(*) FROM events GROUP BY type ORDER BY 2 DESC"
        ).fetchall()
        (kept,) = connection.execute("SELECT coalesce(max(version), 0) FROM snapshots").fetchone()
    kinds = dict(found)
    events = sum(kinds.values())
    return {
        "events": events,
        "since_snapshot": events - kept,
        "kinds": kinds,
        "database_kib": path.stat().st_size // 1024,
    }


def _spread(name: str, samples: list[float]) -> Json:
    return {
        f"{name}samples": len(samples),
        f"{name}p50_ms": round(median(samples), 2),
        f"{name}least_ms": round(min(samples), 2),
        f"{name}most_ms": round(max(samples), 2),
    }


def text(results: Json) -> str:
    """Lay the results out for people."""
    rows = [
        (
            one["events"],
            one["since_snapshot"],
            one["samples"],
            one["p50_ms"],
            one["most_ms"],
            one["whole_p50_ms"],
        )
        for one in results.values()
    ]
    headings = (
        "history",
        "since snapshot",
        "loads",
        "p50 ms",
        "most ms",
        "from all events, p50 ms",
    )
    return table(headings, rows)


def run(sizes: Sequence[int] = SIZES, loads: int = LOADS) -> tuple[Json, list[Goal]]:
    """Measure; return the answer for programs, and the goals."""
    results, goals = measure(sizes, loads)
    return report("history", results, goals), goals
