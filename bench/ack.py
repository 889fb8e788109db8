"""`python -m bench ack`: click sent → acknowledgement received, for Sunset and for a bare Bolt app.

Both apps run at once, each against a sandbox of its own, and are measured in turn, block by block.
Each click is another approver's *Approve* on the plan: in Sunset a recorded event with its commit.
The bare app's channel shows the same message, so that both are sent the same.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from slack_sdk import WebClient

from bench.clicks import Clicked, make, request
from bench.numbers import Goal, Json, report, summary, table
from bench.processes import BARE, SUNSET, Failed, app, sandbox, settings_of, wait_connected
from sandbox.client import Message, Page, Person, Place

COMMAND = "/uninstall-salesforce"
APPROVE = "approve"
CONFIRMATIONS = ("P0a", "P0b", "P0c")
VALUE = "value"
RATIO_LIMIT = 1.2
BURST_SECONDS = 3.0
PATIENCE = 60.0


@dataclass(frozen=True)
class Load:
    """How much is clicked. A block is what one app gets before it is the other's turn."""

    blocks: int = 8
    one: int = 50
    """Clicks in a block of one person."""
    people: int = 50
    each: int = 5
    """Clicks of each of these people in a block."""
    bursts: int = 3
    burst: int = 500
    warm_up: int = 100

    @property
    def clicks(self) -> int:
        """How many clicks each app gets."""
        return (
            self.warm_up
            + self.blocks * (self.one + self.people * self.each)
            + self.bursts * self.burst
        )


@dataclass
class Subject:
    """One app, its sandbox, and the clicks that are still to be made there."""

    name: str
    url: str
    channel: str
    ts: str
    approvers: Iterator[str]
    samples: dict[str, list[float]] = field(default_factory=dict)
    burst_seconds: list[float] = field(default_factory=list)

    def click(self, people: int, count: int) -> Clicked:
        """Let *people* make *count* clicks, each in the name of another approver."""
        container = {"type": "message", "channel": self.channel, "ts": self.ts}
        clicks = [
            request(self.url, {"user": user, "container": container, "action_id": APPROVE})
            for user in islice(self.approvers, count)
        ]
        if len(clicks) < count:
            raise Failed("There are not enough approvers for so many clicks.")
        return make(self.url, people, clicks)

    def measure(self, series: str, people: int, count: int) -> Clicked:
        """Do the same, and keep the times under *series*."""
        clicked = self.click(people, count)
        self.samples.setdefault(series, []).extend(clicked.milliseconds)
        return clicked


def approvers(count: int) -> list[str]:
    """Return the Slack ids of so many approvers."""
    return [f"U0P{number:07}" for number in range(count)]


def scenario(count: int) -> str:
    """Write a scenario of a small company with *count* approvers, all of whom must approve."""
    people = [("U0ADA00001", "Ada Marek", "administrator")]
    people += [(user, f"Approver {user[3:]}", "approver") for user in approvers(count)]
    head = [
        'name = "crowd"',
        'title = "A company with very many approvers"',
        "[workspace]",
        # One more than click: the run stays where it is.
        f"required_approvals = {count}",
    ]
    blocks = [
        f'[[people]]\nid = "{user}"\nname = "{name}"\nemail = "{user.lower()}@example.com"\n'
        f'role = "{role}"\nhubspot_user = {str(role == "administrator").lower()}\n'
        f'super_admin = {str(role == "administrator").lower()}'
        for user, name, role in people
    ]
    owners = (
        '[[hubspot_owners]]\nname = "Ada Marek"\nemail = "u0ada00001@example.com"\n'
        "records = { contacts = 3 }\n"
        '[[salesforce_owners]]\nname = "Eve Lindgren"\nemail = "eve.lindgren@example.com"\n'
        "records = { contacts = 4, deals = 2 }"
    )
    return "\n".join([*head, *blocks, owners, ""])


def start_run(page: Page, channel: str, colleagues: list[str]) -> Message:
    """Start a run as the administrator; return the message that asks for approvals."""
    admin = next(person for person in page.people() if person.role == "administrator")
    admin.command(COMMAND, channel)
    modal = admin.wait_modal("start")
    ticks: dict[str, dict[str, Any]] = {tick: {VALUE: [tick]} for tick in CONFIRMATIONS}
    values = ticks | {"reason": {VALUE: "leaving_salesforce"}, "approvers": {VALUE: colleagues}}
    reply = modal.submit(values)
    if not reply.acknowledged or reply.errors:
        raise Failed(f"The run did not start: {reply}")
    return _question(page, admin, channel)


def _question(page: Page, admin: Person, channel: str) -> Message:
    def asked() -> Message | None:
        for root in page.messages(channel, admin.id):
            found = admin.find(APPROVE, Place(channel, root.ts))
            if found is not None:
                return found
        return None

    return page.wait_for(asked, "the question for approvals", timeout=PATIENCE)


def _mirror(told: Mapping[str, str], message: Message) -> str:
    """Post *message* in the bare app's name; return its ts."""
    client = WebClient(token=told["SLACK_BOT_TOKEN"], base_url=told["SLACK_API_URL"])
    answer = client.chat_postMessage(
        channel=message.channel,
        text=message.text,
        blocks=message.blocks,
        metadata=message.raw.get("metadata"),
    )
    return str(answer["ts"])


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
    with tempfile.TemporaryDirectory(prefix="sunset-bench-") as name, ExitStack() as stack:
        directory = Path(name)
        # One person more than click, so that the quorum is never reached.
        crowd = load.clicks + 1
        company = directory / "crowd.toml"
        company.write_text(scenario(crowd), encoding="utf-8")
        told = {one: stack.enter_context(sandbox(company)) for one in ("sunset", "bare")}
        pages = {one: Page(told[one]["SANDBOX_PAGE"]) for one in told}
        for page in pages.values():
            stack.callback(page.close)
        database = directory / "sunset.db"
        for one, arguments in (("sunset", SUNSET), ("bare", BARE)):
            settings = settings_of(told[one], database)
            running = stack.enter_context(app(arguments, settings, directory, one))
            wait_connected(running, pages[one])
            running.wait_for(lambda app=running: app.said("ready") is not None, "ready", PATIENCE)  # type: ignore[misc]
        channel = told["sunset"]["SUNSET_CHANNEL"]
        question = start_run(pages["sunset"], channel, approvers(crowd)[:2])
        subjects = [
            Subject("sunset", pages["sunset"].url, channel, question.ts, iter(approvers(crowd))),
            Subject(
                "bare",
                pages["bare"].url,
                channel,
                _mirror(told["bare"], question),
                iter(approvers(crowd)),
            ),
        ]
        _load(load, subjects)
        results = _results(load, subjects)
        results["recorded"] = recorded(database)
    if results["recorded"] != load.clicks:
        raise Failed(f"{load.clicks} clicks were acknowledged, but {results['recorded']} recorded.")
    return results, _goals(results)


def _load(load: Load, subjects: list[Subject]) -> None:
    for subject in subjects:
        subject.click(load.people, load.warm_up)
    for _ in range(load.blocks):
        for series, people, count in (
            ("one", 1, load.one),
            ("many", load.people, load.people * load.each),
        ):
            for subject in subjects:
                subject.measure(series, people, count)
    for _ in range(load.bursts):
        for subject in subjects:
            clicked = subject.measure("burst", load.burst, load.burst)
            subject.burst_seconds.append(clicked.seconds)


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
        for name in ("sunset", "bare"):
            one = found[name]
            label = f"{found['people']} clicking, {name}"
            rows.append((label, one["samples"], one["p50"], one["p99"], one["most"],
                         one.get("all_seconds", "")))  # fmt: skip
        rows.append(("  ratio", "", found["ratio"]["p50"], found["ratio"]["p99"], "", ""))
    headings = ("ack", "clicks", "p50 ms", "p99 ms", "most ms", "all s")
    return table(headings, rows)


def run(load: Load | None = None) -> tuple[Json, list[Goal]]:
    """Measure; return the answer for programs, and the goals."""
    results, goals = measure(load or Load())
    return report("ack", results, goals), goals


