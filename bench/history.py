"""`python -m bench history`: the time to load a run from the store, by the length of its history.

Each load is cold: from a store that was just opened and has never seen the run, through every
stored event to the run that they make.
"""

from __future__ import annotations

import gc
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
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
            results[str(size)] = _of(path, [_load(path) for _ in range(loads + 1)][1:])
    largest = str(max(sizes))
    measured = results[largest]["p50_ms"]
    return results, [Goal(f"loading a run of {largest} events", measured, LIMIT_MS, "ms")]


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


def _of(path: Path, samples: list[float]) -> Json:
    store = SqliteStore(path)
    history = store.history(RUN_ID)
    store.close()
    kinds = Counter(link.recorded.event.type for link in history)
    return {
        "events": len(history),
        "kinds": dict(kinds.most_common()),
        "database_kib": path.stat().st_size // 1024,
        "samples": len(samples),
        "p50_ms": round(median(samples), 2),
        "least_ms": round(min(samples), 2),
        "most_ms": round(max(samples), 2),
    }


def text(results: Json) -> str:
    """Lay the results out for people."""
    rows = [
        (one["events"], one["samples"], one["p50_ms"], one["least_ms"], one["most_ms"])
        for one in results.values()
    ]
    return table(("events", "loads", "p50 ms", "least ms", "most ms"), rows)


def run(sizes: Sequence[int] = SIZES, loads: int = LOADS) -> tuple[Json, list[Goal]]:
    """Measure; return the answer for programs, and the goals."""
    results, goals = measure(sizes, loads)
    return report("history", results, goals), goals
