"""The 48 hours by the real bot process, which is killed without warning on the way."""

from __future__ import annotations

import json
import re
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from slack_sdk import WebClient

from bot.store.base import PostedMessage, Transaction
from bot.store.sqlite import SqliteStore
from sandbox.client import Message, Page, Place
from sandbox.slack.workspace import MAIN_CHANNEL
from tests.bot.rig import chained
from tests.e2e.conftest import Programs, Started, python
from tests.e2e.remote_bot import READY
from tests.workflows import journeys, samples
from workflows.effects import effects, recipients
from workflows.events import Recorded
from workflows.evolve import fold
from workflows.run import Run
from workflows.timers import timers, window_end
from workflows.values import Policy

pytestmark = pytest.mark.timeout(200)
RUN = "R1"
WHO = {"UA": "U0ADA00001", "UC": "U0BEN00001", "UD": "U0CYD00001", "UE": "U0FAY00001"}
"""The people of the scripted runs, by their names in the sandbox."""
PEOPLE = tuple(WHO.values())
HOUR = 3_600
SOON = 30.0


def history(policy: Policy, monkeypatch: pytest.MonkeyPatch) -> list[Recorded]:
    """Return a run of the sandbox's people, whose package was found gone just now."""
    length = journeys.to_window(policy).now - samples.START
    monkeypatch.setattr(samples, "START", datetime.now(UTC) - length)
    told = journeys.to_window(policy).history
    return [Recorded.model_validate_json(_renamed(one.model_dump_json())) for one in told]


def _renamed(text: str) -> str:
    for name, known in WHO.items():
        text = text.replace(f'"{name}"', f'"{known}"')
    return text.replace(f'"{samples.ACCOUNT.portal_id}"', '"4711008"')


@dataclass
class Window:
    """A sandbox in which a run's 48 hours have begun, and the bot that comes and goes."""

    programs: Programs
    page: Page
    settings: dict[str, str]
    database: Path
    run: Run
    card: str
    bot: Started | None = None

    def start(self) -> None:
        """Start the bot; return when it listens."""
        command = python("tests.e2e.remote_bot")
        self.bot = self.programs.start(
            command, lambda _, line: line.strip() == READY, **self.settings
        )

    def kill(self) -> None:
        """End the bot as the kernel does when memory is short: it learns nothing of it."""
        assert self.bot is not None
        self.bot.process.send_signal(signal.SIGKILL)
        assert self.bot.process.wait(SOON) == -signal.SIGKILL

    def until(self, before: float) -> None:
        """Move the sandbox's clock to so many seconds before the deadline."""
        assert self.run.deadline is not None
        self.page.advance(self.run.deadline.timestamp() - before - self.page.now(), stops=False)

    def places(self, before: int) -> list[str]:
        """Return where a reminder must come."""
        return [MAIN_CHANNEL if to == "channel" else to for to in recipients(self.run, before)]

    def come(self, place: str) -> list[tuple[str, bool]]:
        """Return the reminders in a place, in their order: which one, and whether from Slack."""
        found = [(_which(one), one.scheduled) for one in self._sees(place)]
        return [(which, by_slack) for which, by_slack in found if which]

    def _sees(self, place: str) -> list[Message]:
        if place == MAIN_CHANNEL:
            return self.page.person(PEOPLE[0]).sees(Place(place, self.card))
        return self.page.person(place).sees(Place(place))

    def said(self, word: str) -> list[str]:
        """Return the keys of the messages in which this stands, anywhere."""
        everywhere = [one for place in (MAIN_CHANNEL, *PEOPLE) for one in self._sees(place)]
        return [key for one in everywhere if word in (key := str(one.payload.get("key", "")))]

    def see(self, before: int) -> None:
        """Wait until a reminder has come everywhere."""
        which = _length(before)

        def here(place: str) -> bool:
            return which in [name for name, _ in self.come(place)]

        for place in self.places(before):
            self.page.wait_for(partial(here, place), f"{which} in {place}", timeout=SOON)

    def lying(self) -> int:
        """Return how many reminders lie in Slack."""
        return len(self.page.scheduled())

    def calm(self) -> None:
        """Wait until nothing is left to be done."""
        until = time.monotonic() + SOON
        while self._open():
            assert time.monotonic() < until, self._open()
            time.sleep(0.1)

    def _open(self) -> list[str]:
        with closing(sqlite3.connect(self.database)) as db:
            waiting = "SELECT key FROM effects WHERE state IN ('pending', 'leased')"
            return [str(row[0]) for row in db.execute(waiting)]


def _which(message: Message) -> str:
    """Return which reminder a message is, as its length is written in the settings."""
    if message.scheduled:
        found = re.search(rf"`{RUN}/(PT\w+)`", message.text)
        return found[1] if found else ""
    own = re.match(rf"{RUN}:reminder:(\d+):", str(message.payload.get("key", "")))
    return _length(int(own[1])) if own else ""


def _length(seconds: int) -> str:
    return f"PT{seconds // HOUR}H" if seconds % HOUR == 0 else f"PT{seconds // 60}M"


Begin = Callable[[Policy], Window]


@pytest.fixture
def begin(programs: Programs, monkeypatch: pytest.MonkeyPatch) -> Iterator[Begin]:
    """Bring a run to the beginning of its 48 hours, start the bot, let it lay what it must."""
    pages: list[Page] = []

    def begun(policy: Policy) -> Window:
        told = programs.sandbox("tidy").told
        pages.append(Page(told["SANDBOX_PAGE"]))
        settings = {name: value for name, value in told.items() if name != "SANDBOX_READY"}
        database = programs.directory / "sunset.db"
        events = history(policy, monkeypatch)
        web = WebClient(told["SLACK_BOT_TOKEN"], base_url=told["SLACK_API_URL"])
        card = str(web.chat_postMessage(channel=MAIN_CHANNEL, text="the card")["ts"])
        _store(database, events, card)
        settings["SUNSET_DATABASE"] = str(database)
        window = Window(programs, pages[-1], settings, database, fold(events), card)
        window.start()
        window.calm()
        return window

    yield begun
    for page in pages:
        page.close()


def _store(database: Path, events: list[Recorded], card: str) -> None:
    """Write a run with its history, as the bot would have; its last event's effects are asked."""
    run = fold(events)
    asked = effects(fold(events[:-1]), events[-1], run)

    def adopt(transaction: Transaction) -> None:
        transaction.append(run, chained(RUN, events))
        transaction.save_message(RUN, PostedMessage("card", MAIN_CHANNEL, card))
        transaction.set_timers(RUN, timers(run))
        transaction.add_effects(RUN, run.version, asked, time.time())

    with closing(SqliteStore(database)) as store:
        store.write(adopt)


def ended(window: Window) -> str:
    """Let the window end; return how the download stands in the record."""
    run = window.run
    assert run.deadline is not None
    over = (window_end(run, run.deadline) - run.deadline).total_seconds()
    window.until(-over - 2)
    with closing(SqliteStore(window.database)) as store:
        window.page.wait_for(
            lambda: (now := store.run(RUN)) is not None and now.state.final, "the end", timeout=SOON
        )
        last = store.run(RUN)
    assert last is not None
    window.calm()
    return last.evidence["download"].kind


def test_killed_across_two_reminders_those_come_from_slack(
    programs: Programs, begin: Begin
) -> None:
    window = begin(Policy())
    assert window.lying() == 2 * 2 + 3 * 5
    window.until(24 * HOUR - 1)
    window.see(24 * HOUR)
    window.calm()

    window.kill()
    window.until(4 * HOUR - 200)
    window.start()
    window.page.wait_for(
        lambda: window.lying() == 2 * len(window.places(900)), "two reminders each", timeout=SOON
    )
    window.calm()

    for before in (HOUR, 900):
        window.until(before - 1)
        window.see(before)
        window.calm()
    assert ended(window) == "missed"

    late = [("PT4H", True), ("PT1H", False), ("PT15M", False)]
    for place in (MAIN_CHANNEL, PEOPLE[0]):
        assert window.come(place) == [("PT24H", False), ("PT12H", True), *late]
    for place in PEOPLE[1:]:
        assert window.come(place) == late
    assert window.said(":missed:") == []
    assert window.lying() == 0
    assert window.bot is not None
    window.bot.stop()
    told = {name: value for name, value in window.settings.items() if "SANDBOX_" not in name}
    verified = programs.run(python("bot.cli", "audit", "verify", "--no-slack", "--json"), **told)
    assert verified.status == 0, verified.said
    assert [run["problems"] for run in json.loads(verified.said)] == [[]]


def test_a_window_of_ten_minutes_killed_in_its_middle(begin: Begin) -> None:
    window = begin(Policy(window=600, reminders=(300, 120, 60)))
    assert window.lying() == 2 * len(window.places(300))
    window.until(299)
    window.see(300)
    window.calm()
    window.kill()
    window.until(20)
    window.start()
    window.see(60)
    assert ended(window) == "missed"
    for place in (MAIN_CHANNEL, *PEOPLE):
        assert window.come(place) == [("PT5M", False), ("PT2M", True), ("PT1M", False)]
    assert window.said(":missed:") == []
    assert window.lying() == 0
