"""`python -m bench ack`: click sent → acknowledgement received, for Sunset and for a bare Bolt app.

Both apps run at once, each against a sandbox of its own, and are measured in turn, block by block.
Each click is another approver's *Approve* on the plan: in Sunset a recorded event with its commit.
The bare app's channel shows the same message, so that both are sent the same.
"""

from __future__ import annotations

import gc
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from bench.clicks import Clicked, make, request
from bench.numbers import Goal, Json, report, summary, table
from bench.processes import BARE, SUNSET, Failed, app, sandbox, settings_of, wait_connected
from bench.rehearsal import APPROVE, PATIENCE, Rehearsal, approvers, mirror, write_scenario
from sandbox.client import Page

NAMES = ("sunset", "bare")
RATIO_LIMIT = 1.2
BURST_SECONDS = 3.0


@dataclass(frozen=True)
class Load:
    """How much is clicked. Each round is a run of its own: an approver counts once in a run."""

    rounds: int = 5
    one: int = 80
    """Clicks of one person in a round."""
    people: int = 50
    each: int = 6
    """Clicks of each of these people in a round."""
    burst: int = 500
    """Clicks that are made at once, once in a round."""
    warm_up: int = 100

    @property
    def clicks(self) -> int:
        """How many clicks each app gets in a round."""
        return self.warm_up + self.one + self.people * self.each + self.burst


@dataclass
class Subject:
    """One app and its sandbox."""

    name: str
    url: str
    channel: str
    crowd: list[str]
    ts: str = ""
    fresh: Iterator[str] = field(default_factory=lambda: iter(()))
    samples: dict[str, list[float]] = field(default_factory=dict)
    burst_seconds: list[float] = field(default_factory=list)

    def show(self, ts: str) -> None:
        """Let the clicks be made on the message *ts*, on which nobody has clicked yet."""
        self.ts = ts
        self.fresh = iter(self.crowd)

    def click(self, people: int, count: int) -> Clicked:
        """Let *people* make *count* clicks, each in the name of another approver."""
        container = {"type": "message", "channel": self.channel, "ts": self.ts}
        clicks = [
            request(self.url, {"user": user, "container": container, "action_id": APPROVE})
            for user in islice(self.fresh, count)
        ]
        if len(clicks) < count:
            raise Failed("There are not enough approvers for so many clicks.")
        return make(self.url, people, clicks)

    def measure(self, series: str, people: int, count: int) -> Clicked:
        """Do the same, and keep the times under *series*."""
        gc.collect()
        clicked = self.click(people, count)
        self.samples.setdefault(series, []).extend(clicked.milliseconds)
        return clicked


def recorded(database: Path) -> int:
    """Count the approvals that Sunset's database holds."""
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        query = "SELECT count(*) FROM events WHERE type = 'approved'"
        (count,) = connection.execute(query).fetchone()
    finally:
        connection.close()
    return int(count)


def measure(load: Load) -> tuple[Json, list[Goal]]:
    """Run the whole benchmark; return its results and goals."""
    # One person more than ever click, so that the quorum is never reached.
    crowd = load.clicks + 1
    with tempfile.TemporaryDirectory(prefix="sunset-bench-") as name, ExitStack() as stack:
        directory = Path(name)
        company = write_scenario(directory / "crowd.toml", crowd)
        database = directory / "sunset.db"
        told = {one: stack.enter_context(sandbox(company)) for one in NAMES}
        pages = {one: Page(told[one]["SANDBOX_PAGE"]) for one in NAMES}
        for page in pages.values():
            stack.callback(page.close)
        for one, arguments in zip(NAMES, (SUNSET, BARE), strict=True):
            settings = settings_of(told[one], database)
            running = stack.enter_context(app(arguments, settings, directory, one))
            wait_connected(running, pages[one])
            running.wait_for(running.ready, "being ready", PATIENCE)
        channel = told["sunset"]["SUNSET_CHANNEL"]
        people = approvers(crowd)
        subjects = [Subject(one, pages[one].url, channel, people) for one in NAMES]
        rehearsal = Rehearsal(pages["sunset"], channel)
        for _ in range(load.rounds):
            _round(load, rehearsal, told["bare"], subjects)
        results = _results(load, subjects)
        results["recorded"] = recorded(database)
    if results["recorded"] != load.rounds * load.clicks:
        raise Failed(
            f"{load.rounds * load.clicks} clicks were acknowledged, {results['recorded']} recorded."
        )
    return results, _goals(results)


def _round(
    load: Load, rehearsal: Rehearsal, bare: Mapping[str, str], subjects: list[Subject]
) -> None:
    question = rehearsal.start()
    for subject in subjects:
        subject.show(question.ts if subject.name == "sunset" else mirror(bare, question))
    for subject in subjects:
        subject.click(load.people, load.warm_up)
    for series, people, count in (
        ("one", 1, load.one),
        ("many", load.people, load.people * load.each),
    ):
        for subject in subjects:
            subject.measure(series, people, count)
    for subject in subjects:
        clicked = subject.measure("burst", load.burst, load.burst)
        subject.burst_seconds.append(clicked.seconds)
    # Whoever goes first finds the machine as the other left it: next time it is the other one.
    subjects.reverse()
    rehearsal.cancel()


def _results(load: Load, subjects: list[Subject]) -> Json:
    people = {"one": 1, "many": load.people, "burst": load.burst}
    results: Json = {}
    for series, count in people.items():
        found: Json = {"people": count}
        for subject in subjects:
            found[subject.name] = summary(subject.samples[series])
        found["ratio"] = {
            share: round(found["sunset"][share] / found["bare"][share], 3)
            for share in ("p50", "p99")
        }
        results[series] = found
    for subject in subjects:
        results["burst"][subject.name]["all_seconds"] = round(max(subject.burst_seconds), 3)
    return results


def _goals(results: Json) -> list[Goal]:
    goals = [
        Goal(
            f"p99 of Sunset against the bare app, {results[series]['people']} clicking",
            results[series]["ratio"]["p99"],
            RATIO_LIMIT,
            "times",
        )
        for series in ("one", "many")
    ]
    burst = results["burst"]
    everything = burst["sunset"]["all_seconds"]
    goals.append(
        Goal(f"all of a burst of {burst['people']} acknowledged", everything, BURST_SECONDS, "s")
    )
    return goals


def text(results: Json) -> str:
    """Lay the results out for people."""
    rows = []
    for series in ("one", "many", "burst"):
        found = results[series]
        for name in NAMES:
            one = found[name]
            label = f"{found['people']} clicking, {name}"
            seconds = one.get("all_seconds", "")
            rows.append((label, one["samples"], one["p50"], one["p99"], one["most"], seconds))
        rows.append(("  ratio", "", found["ratio"]["p50"], found["ratio"]["p99"], "", ""))
    headings = ("ack", "clicks", "p50 ms", "p99 ms", "most ms", "all s")
    return table(headings, rows)


def run(load: Load | None = None) -> tuple[Json, list[Goal]]:
    """Measure; return the answer for programs, and the goals."""
    results, goals = measure(load or Load())
    return report("ack", results, goals), goals
