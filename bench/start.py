"""`python -m bench start`: process start → connected, and resident memory then.

Sunset, a bare Bolt app that imports the same modules, and that app with its own imports alone are
started in turn, each against the same sandbox and with an empty database. Sunset is ready when the
sandbox sees its socket and its log says so: it has asked all three services by then.
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
    """What was measured of one app: seconds, and kibibytes."""

    connected: list[float] = field(default_factory=list)
    ready: list[float] = field(default_factory=list)
    resident: list[float] = field(default_factory=list)

    def json(self) -> Json:
        """Return the medians, and the range of the times to ready."""
        return {
            "samples": len(self.ready),
            "connected_ms": round(median(self.connected) * 1000, 1),
            "ready_ms": round(median(self.ready) * 1000, 1),
            "ready_ms_range": [round(edge(self.ready) * 1000, 1) for edge in (min, max)],
            "resident_mib": round(median(self.resident) / 1024, 1),
        }


class Bench:
    """The sandbox that they are started against."""

    def __init__(self, directory: Path, told: dict[str, str]) -> None:
        self._directory = directory
        self._told = told
        self._page = Page(told["SANDBOX_PAGE"])
        self._count = 0

    def close(self) -> None:
        """Hang up."""
        self._page.close()

    def once(self, arguments: tuple[str, ...]) -> tuple[AppProcess, float, int]:
        """Start an app until it is connected and ready, and stop it.

        Returns its log, the seconds until the sandbox saw its socket, and its resident kibibytes.
        """
        self._wait_alone()
        self._count += 1
        database = self._directory / f"{self._count}.db"
        settings = settings_of(self._told, database)
        with app(arguments, settings, self._directory, str(self._count)) as running:
            connected = wait_connected(running, self._page)
            running.wait_for(running.ready, "being ready", CONNECT_SECONDS)
            resident = running.resident()
        return running, connected, resident

    def measure(self, arguments: tuple[str, ...], into: Starts) -> None:
        """Start an app once, and add to what is known of it."""
        time.sleep(SETTLE_SECONDS)
        running, connected, resident = self.once(arguments)
        said = running.said("ready") or 0.0
        into.connected.append(connected)
        into.ready.append(max(connected, said))
        into.resident.append(resident)

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
        # The first start fills the disk's cache, too.
        running, _, _ = bench.once(("-X", "importtime", *SUNSET))
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
                bench.measure(arguments, found[one])
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
            one["resident_mib"],
        )
        for name, one in results.items()
    ]
    headings = ("start", "starts", "connected ms", "ready ms", "range", "resident MiB")
    return table(headings, rows)


def run(times: int = 7) -> tuple[Json, list[Goal]]:
    """Measure; return the answer for programs, and the goals."""
    results, goals = measure(times)
    return report("start", results, goals), goals
