"""`python -m bench backup`: memory and speed of a backup, in a process of its own.

The org is the sandbox's, in a process of its own too, with one object of many wide records. The
memory is the process's resident peak from the moment that it is logged in and idle.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.backing_up import READY, forget_peak, memory
from bench.numbers import Goal, Json, report, table
from bench.processes import SETTINGS, Failed, serving

ROWS, FIELDS = 25_000, 60
MEMORY_GOAL_MIB = 50.0
TAKE_SECONDS = 1_800.0
_MODULE = (sys.executable, "-m", "bench.backing_up")


@dataclass(frozen=True)
class Served:
    """An org that is served: the settings for it, and its process."""

    settings: dict[str, str]
    pid: int


@contextmanager
def served(rows: int, fields: int) -> Iterator[Served]:
    """Serve an org with so many records of so many fields."""
    with serving([*_MODULE, "serve", str(rows), str(fields)], READY) as (told, process_id):
        settings = {name: value for name, value in told.items() if name != READY}
        yield Served(settings, process_id)


def taken(org: Served, directory: Path) -> Json:
    """Make a backup of *org* in a process of its own; return what it says of itself."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(SETTINGS)}
    ended = subprocess.run(
        [*_MODULE, "take", str(directory)],
        env=kept | org.settings,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TAKE_SECONDS,
        check=False,
    )
    if ended.returncode:
        raise Failed(f"The backup failed:\n{ended.stderr[-2_000:]}")
    told: Json = json.loads(ended.stdout.splitlines()[-1])
    return told


def run(rows: int = ROWS, fields: int = FIELDS) -> tuple[Json, list[Goal]]:
    """Measure; return the answer for programs, and the goals."""
    with tempfile.TemporaryDirectory(prefix="sunset-bench-") as name, served(rows, fields) as org:
        forget_peak(org.pid)
        org_idle, _ = memory(org.pid)
        told = taken(org, Path(name) / "backup")
        _, org_peak = memory(org.pid)
    if told["rows"] != rows or told["problems"]:
        raise Failed(f"{told['rows']} rows of {rows}, {told['problems']} problems.")
    results: Json = {
        "rows": rows,
        "fields": fields,
        "mib": round(told["bytes"] / 2**20, 1),
        "seconds": round(told["seconds"], 2),
        "rows_per_second": round(rows / told["seconds"]),
        "cpu_seconds": round(told["cpu_seconds"], 2),
        "verify_seconds": round(told["verify_seconds"], 2),
        "idle_mib": round(told["idle_kib"] / 1024, 1),
        "peak_above_idle_mib": round((told["peak_kib"] - told["idle_kib"]) / 1024, 1),
        "org_peak_above_idle_mib": round((org_peak - org_idle) / 1024, 1),
    }
    above = max(results["peak_above_idle_mib"], 0.1)
    goals = [Goal("the backup's memory above idle", above, MEMORY_GOAL_MIB, "MiB")]
    return report("backup", results, goals), goals


def text(results: Json) -> str:
    """Lay the results out for people."""
    headings = ("backup", "fields", "MiB", "s", "rows/s", "cpu s", "verify s", "idle MiB", "peak +")
    row = (
        f"{results['rows']:,} rows",
        results["fields"],
        results["mib"],
        results["seconds"],
        f"{results['rows_per_second']:,}",
        results["cpu_seconds"],
        results["verify_seconds"],
        results["idle_mib"],
        results["peak_above_idle_mib"],
    )
    more = f"The stand-in for Salesforce: {results['org_peak_above_idle_mib']} MiB above idle."
    return f"{table(headings, [row])}\n{more}"
