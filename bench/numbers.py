"""Samples, their summary, and goals that are met or missed."""

from __future__ import annotations

import os
import platform
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any

Json = dict[str, Any]
PACKAGES = ("slack-bolt", "slack-sdk", "websocket-client", "pydantic", "sqlite-utils")


def percentile(samples: Sequence[float], share: float) -> float:
    """Return the sample that *share* (0 to 1) of all do not exceed: the nearest-rank percentile."""
    ordered = sorted(samples)
    rank = max(1, -(-len(ordered) * round(share * 1000) // 1000))
    return ordered[rank - 1]


def median(samples: Sequence[float]) -> float:
    """Return the 50th percentile."""
    return percentile(samples, 0.5)


def summary(samples: Sequence[float]) -> Json:
    """Summarise *samples*; their unit is the caller's."""
    return {
        "samples": len(samples),
        "p50": round(median(samples), 2),
        "p99": round(percentile(samples, 0.99), 2),
        "most": round(max(samples), 2),
    }


@dataclass(frozen=True)
class Goal:
    """Something that is to stay at or below a limit."""

    what: str
    measured: float
    limit: float
    unit: str

    @property
    def met(self) -> bool:
        """Whether it does."""
        return self.measured <= self.limit

    def json(self) -> Json:
        """Return it for programs."""
        return {**asdict(self), "met": self.met}

    def line(self) -> str:
        """Return it for people."""
        word = "met" if self.met else "MISSED"
        return f"{word:>6}  {self.what}: {self.measured:g} {self.unit} (at most {self.limit:g})"


def machine() -> Json:
    """Say what this was measured on, without naming the machine."""
    return {
        "cores": len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count(),
        "architecture": platform.machine(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "packages": {name: version(name) for name in PACKAGES},
    }


def report(name: str, results: Json, goals: Sequence[Goal]) -> Json:
    """Return a benchmark's whole answer for programs."""
    return {
        "benchmark": name,
        "machine": machine(),
        "results": results,
        "goals": [goal.json() for goal in goals],
    }


def table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Lay *rows* out in columns under *headings*; all but the first are aligned to the right."""
    texts = [[str(cell) for cell in row] for row in (headings, *rows)]
    widths = [max(len(row[column]) for row in texts) for column in range(len(headings))]
    lines = []
    for row in texts:
        first, *others = zip(row, widths, strict=True)
        cells = [first[0].ljust(first[1]), *(text.rjust(width) for text, width in others)]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)
