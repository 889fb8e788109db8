"""`python -m bench start`: process start → connected, and resident memory then.

Sunset, a bare Bolt app that imports the same modules, and that app with its own imports alone are
started in turn against the same sandbox, Sunset with the database that its last start left. It is
ready when the sandbox sees its socket and its log says so: it has asked all three services by then.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bench.numbers import Goal, Json, median, report, table
from bench.processes import (
    BARE,
    CONNECT_SECONDS,
    READY,
    SUNSET,
    AppProcess,
    Failed,
    app,
    sandbox,
    settings_of,
    wait_connected,
)
from sandbox.client import Page

READY_SECONDS = 1.0
TIMED_IMPORT = "import time:"
SETTLE_SECONDS = 0.3


@dataclass
class Starts:
    """What was measured of one app: seconds (`processor`: of computing time), and kibibytes."""

    connected: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    ready: list[float] = field(default_factory=list)
    resident: list[float] = field(default_factory=list)

    def json(self) -> Json:
        """Return the medians, and the range of the times to ready."""
        return {
            "samples": len(self.ready),
            "connected_ms": round(median(self.connected) * 1000, 1),
            "ready_ms": round(median(self.ready) * 1000, 1),
            "ready_ms_range": [round(edge(self.ready) * 1000, 1) for edge in (min, max)],
            "processor_ms": round(median(self.processor) * 1000),
            "resident_mib": round(median(self.resident) / 1024, 1),
        }


class Bench:
    """The sandbox that they are started against."""

    def __init__(self, directory: Path, told: dict[str, str]) -> None:
        self._directory = directory
        self._told = told
        self._page = Page(told["SANDBOX_PAGE"])

    def close(self) -> None:
        """Hang up."""
        self._page.close()

    def start(self, arguments: tuple[str, ...], into: Starts) -> AppProcess:
        """Start an app until it is connected and ready, note what that took, and stop it."""
        self._wait_alone()
        time.sleep(SETTLE_SECONDS)
        settings = settings_of(self._told, self._directory / "sunset.db")
        with app(arguments, settings, self._directory, "app") as running:
            connected = wait_connected(running, self._page)
            running.wait_for(running.ready, "being ready", CONNECT_SECONDS)
            into.resident.append(running.resident())
            into.processor.append(running.processor())
        into.connected.append(connected)
        into.ready.append(max(connected, running.said(READY) or 0.0))
        return running

    def _wait_alone(self) -> None:
        deadline = time.monotonic() + CONNECT_SECONDS
        while self._page.state()["bot"]["connected"]:
            if time.monotonic() > deadline:
                raise Failed("The app before is still connected.")
            time.sleep(0.05)


def imported(running: AppProcess) -> Iterator[str]:
    """Yield the names of the modules that an app imported under `-X importtime`."""
    for line in running.lines():
        if line.startswith(TIMED_IMPORT):
            yield line.rpartition("|")[2].strip()


def measure(times: int) -> tuple[Json, list[Goal]]:
    """Start each app so many times; return results and goals."""
    with tempfile.TemporaryDirectory(prefix="sunset-bench-") as name, sandbox() as told:
        directory = Path(name)
        bench = Bench(directory, told)
        # The first start also makes the database, and brings the modules into the system's cache.
        running = bench.start(("-X", "importtime", *SUNSET), Starts())
        modules = directory / "modules.txt"
        modules.write_text("\n".join(imported(running)), encoding="utf-8")
        commands = {
            "sunset": SUNSET,
            "bare": (*BARE, "--imports", str(modules)),
            "bare_alone": BARE,
        }
        found = {one: Starts() for one in commands}
        for _ in range(times):
            for one, arguments in commands.items():
                bench.start(arguments, found[one])
        bench.close()
    results: Json = {one: starts.json() for one, starts in found.items()}
    seconds = results["sunset"]["ready_ms"] / 1000
    return results, [Goal("Sunset is ready", round(seconds, 3), READY_SECONDS, "s")]


LABELS = {
    "sunset": "sunset",
    "bare": "bare, same imports",
    "bare_alone": "bare, its own imports",
}


def text(results: Json) -> str:
    """Lay the results out for people."""
    rows = [
        (
            LABELS[name],
            one["samples"],
            one["connected_ms"],
            one["ready_ms"],
            "–".join(str(edge) for edge in one["ready_ms_range"]),
            one["processor_ms"],
            one["resident_mib"],
        )
        for name, one in results.items()
    ]
    headings = ("start", "starts", "connected ms", "ready ms", "range", "cpu ms", "resident MiB")
    return table(headings, rows)


def run(times: int = 7) -> tuple[Json, list[Goal]]:
    """Measure; return the answer for programs, and the goals."""
    results, goals = measure(times)
    return report("start", results, goals), goals
