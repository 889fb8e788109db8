"""`python -m bench reassign`: the bulk reassignment, in real time and under HubSpot's real limits.

The job is the bot's own (engine, database, worker, adapter), from the confirmed mapping to the
fresh count; only Slack is left out. The peer is the obvious script on a sample: search a page,
update one by one. docs/reassignment.md explains the way of working that the bound is that of.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path

from bench.ledger import measure_ledger
from bench.numbers import Goal, Json, report, table
from bench.processes import Failed, sandbox
from bench.reassigning import Job
from bench.script import steady_rate
from sandbox.client import Page

OBJECTS = ("contacts", "companies", "deals")
SHARES = (0.6, 0.25, 0.15)
PER_WINDOW, WINDOW_SECONDS = 190, 10.0
SEARCHES_PER_SECOND = 5
SEARCH_PAGE, BATCH, HISTORY_BATCH = 200, 100, 50
RATIO_LIMIT = 1.05
TIMES_THE_SCRIPT = 30.0
SAMPLE = 760
"""Records of the script: four windows, of which the first is left out."""
LEDGER_LIMIT_MIB = 60.0
LOOK_SECONDS = 0.5


def split(records: int) -> dict[str, int]:
    """Share *records* out among the three object types."""
    counts = {kind: int(records * share) for kind, share in zip(OBJECTS, SHARES, strict=True)}
    counts["contacts"] += records - sum(counts.values())
    return counts


@dataclass(frozen=True)
class Bound:
    """The least seconds that the limits allow for this way of working.

    A rolling window lets the (m + 190)th call leave ten seconds after the m-th, at the earliest.
    The first 190 leave as soon as there is something for them to do: the i-th page of a search
    is there after ⌈i/5⌉ - 1 s, and holds what two batches need.
    """

    searches: int
    changing: int
    checking: int

    @classmethod
    def of(cls, counts: Mapping[str, int]) -> Bound:
        """Count the calls that *counts* records by object type need."""
        return cls(
            searches=sum(ceil(count / SEARCH_PAGE) for count in counts.values()),
            changing=2 * sum(ceil(count / BATCH) for count in counts.values()),
            checking=sum(ceil(count / HISTORY_BATCH) for count in counts.values()),
        )

    @staticmethod
    def _searched(pages: int) -> float:
        return float(max(0, ceil(pages / SEARCHES_PER_SECOND) - 1))

    def _calls(self, number: int, per_batch: int) -> float:
        """Return when the last of *number* calls can leave, of which a batch takes *per_batch*."""
        windows, before = divmod(max(0, number - 1), PER_WINDOW)
        batches = ceil((before + 1) / per_batch)
        return windows * WINDOW_SECONDS + self._searched(ceil(batches * BATCH / SEARCH_PAGE))

    @property
    def search_seconds(self) -> float:
        """The least that the searches take."""
        return self._searched(self.searches)

    @property
    def changed(self) -> float:
        """The least until every record has its new owner: a reading and a write for a batch."""
        return max(self.search_seconds, self._calls(self.changing, 2))

    @property
    def checked(self) -> float:
        """The least until every history is read too: two more calls for a batch."""
        return max(self.search_seconds, self._calls(self.changing + self.checking, 4))


@dataclass
class Watch:
    """Follows the sandbox's log: calls by kind, and how many were refused with 429."""

    page: Page
    kinds: Counter[str] = field(default_factory=Counter)
    refused: int = 0
    _since: int = 0
    _ended: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Look until :meth:`stop`; the log is long enough for what comes between two looks."""
        while not self._ended.wait(LOOK_SECONDS):
            self.look()

    def look(self) -> None:
        """Count what is new."""
        for entry in self.page.get("/sandbox/log", service="hubspot", since=self._since, limit=500)[
            "log"
        ]:
            self._since = entry["number"]
            self.kinds[_kind(entry["request"])] += 1
            self.refused += entry["status"] == 429

    def stop(self) -> None:
        """End."""
        self._ended.set()


def _kind(request: str) -> str:
    for ending, kind in (
        ("/search", "search"),
        ("/batch/read", "batch read"),
        ("/batch/update", "batch update"),
    ):
        if request.endswith(ending):
            return kind
    return "other"


def write_scenario(path: Path, counts: Mapping[str, int], owners: int) -> Path:
    """Write a Professional account with so many Salesforce-only owners and records."""
    records = ", ".join(f"{kind} = {count}" for kind, count in counts.items() if count)
    path.write_text(
        "\n".join(
            [
                'name = "bulk"',
                'title = "A company with very many records"',
                "[account]",
                'plan = "professional"',
                "[[people]]",
                'id = "U0ADA00001"',
                'name = "Ada Marek"',
                'email = "ada.marek@example.com"',
                'role = "administrator"',
                "hubspot_user = true",
                "super_admin = true",
                "[[people]]",
                'id = "U0BEN00001"',
                'name = "Ben Achterberg"',
                'email = "ben.achterberg@example.com"',
                'role = "approver"',
                "hubspot_user = true",
                "[generate]",
                "hubspot_owners = 20",
                f"salesforce_owners = {owners}",
                f"records_in_all = {{ {records} }}",
                "",
            ]
        ),
        encoding="utf-8",
    )
    return path


def measure(records: int, owners: int, sample: int) -> Json:
    """Run the job and the script, each at a sandbox of its own; return what was measured."""
    counts = split(records)
    bound = Bound.of(counts)
    with tempfile.TemporaryDirectory(prefix="sunset-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        told = stack.enter_context(sandbox(write_scenario(folder / "bulk.toml", counts, owners)))
        page = Page(told["SANDBOX_PAGE"])
        job = stack.enter_context(Job(told, folder))
        job.prepare()
        watch = Watch(page)
        watch.look()
        watch.kinds.clear()
        watch.refused = 0
        watcher = threading.Thread(target=watch.run, daemon=True)
        watcher.start()
        times = job.run()
        time.sleep(2 * LOOK_SECONDS)
        watch.stop()
        watcher.join()
        watch.look()
        left = job.left(page)
    if left or times.not_changed:
        raise Failed(f"{left} records were left, {times.not_changed} not changed.")
    with tempfile.TemporaryDirectory(prefix="sunset-bench-") as name:
        scenario = write_scenario(Path(name) / "script.toml", {"contacts": sample}, 1)
        with sandbox(scenario) as told:
            script = steady_rate(told, sample, PER_WINDOW)
    return {
        "records": records,
        "owners": owners,
        "counts": counts,
        "bound": {
            "searches": bound.searches,
            "changing_calls": bound.changing,
            "checking_calls": bound.checking,
            "search_seconds": bound.search_seconds,
            "changed_seconds": bound.changed,
            "checked_seconds": bound.checked,
        },
        "changed_seconds": round(times.changed, 2),
        "checked_seconds": round(times.checked, 2),
        "counted_seconds": round(times.counted, 2),
        "changed_ratio": _ratio(times.changed, bound.changed),
        "checked_ratio": _ratio(times.checked, bound.checked),
        "records_per_second": round(records / times.changed, 1),
        "records_per_second_checked": round(records / times.checked, 1),
        "script_sample": sample,
        "script_records_per_second": round(script, 1),
        "times_the_script": round(records / times.changed / script, 1),
        "times_the_script_checked": round(records / times.checked / script, 1),
        "calls": dict(sorted(watch.kinds.items())),
        "refused_429": watch.refused,
    }


def _ratio(seconds: float, least: float) -> float | None:
    return round(seconds / least, 3) if least else None


def goals_of(results: Json) -> list[Goal]:
    """Return what is to hold."""
    found = [
        Goal("429s in a fault-free run", float(results["refused_429"]), 0.0, ""),
        Goal(
            "the script's time for the job's records, by the job's (at least 30)",
            round(TIMES_THE_SCRIPT / results["times_the_script"], 3),
            1.0,
            "of 30 times",
        ),
    ]
    for name, what in (("changed", "every record changed"), ("checked", "and every one checked")):
        if results[f"{name}_ratio"] is not None:
            goal = Goal(f"{what}: time by the bound", results[f"{name}_ratio"], RATIO_LIMIT, "")
            found.insert(0, goal)
    if "ledger" in results:
        more = results["ledger"]["more_resident_mib"]
        found.append(Goal("memory for a million ledger rows", more, LEDGER_LIMIT_MIB, "MiB"))
    return found


def text(results: Json) -> str:
    """Lay the results out for people."""
    bound = results["bound"]
    lines = [
        f"{results['records']:,} records of {results['owners']} owners: "
        + ", ".join(f"{count:,} {kind}" for kind, count in results["counts"].items()),
        f"bound: {bound['searches']:,} searches at 5 a second: {bound['search_seconds']:g} s; "
        f"{bound['changing_calls']:,} reading and writing calls at 190 in 10 s: at least "
        f"{bound['changed_seconds']:g} s; with {bound['checking_calls']:,} readings of "
        f"histories {bound['checked_seconds']:g} s",
        "",
        table(
            ("", "s", "bound, s", "ratio", "records/s", "x script"),
            [
                (
                    "every record changed",
                    results["changed_seconds"],
                    bound["changed_seconds"],
                    results["changed_ratio"],
                    results["records_per_second"],
                    results["times_the_script"],
                ),
                (
                    "and its history checked",
                    results["checked_seconds"],
                    bound["checked_seconds"],
                    results["checked_ratio"],
                    results["records_per_second_checked"],
                    results["times_the_script_checked"],
                ),
                ("and all counted anew", results["counted_seconds"], "", "", "", ""),
                (
                    f"the script ({results['script_sample']} records)",
                    "",
                    "",
                    "",
                    results["script_records_per_second"],
                    1,
                ),
            ],
        ),
        "",
        "calls: " + ", ".join(f"{count:,} {kind}" for kind, count in results["calls"].items()),
        f"429s: {results['refused_429']}",
    ]
    if "ledger" in results:
        ledger = results["ledger"]
        lines += [
            "",
            f"ledger of {ledger['rows']:,} rows: {ledger['bytes_per_row']:g} bytes a record; "
            f"resumed after {ledger['resume_seconds']:g} s; "
            f"{ledger['more_resident_mib']:g} MiB more resident than with {ledger['few']:,} rows",
        ]
    return "\n".join(lines)


def run(
    records: int = 100_000, owners: int = 20, sample: int = SAMPLE, rows: int = 1_000_000
) -> tuple[Json, list[Goal]]:
    """Measure; return the answer for programs, and the goals. ``rows`` 0: no ledger is measured."""
    results = measure(records, owners, sample)
    if rows:
        results["ledger"] = measure_ledger(rows)
    goals = goals_of(results)
    return report("reassign", results, goals), goals
