"""Twenty thousand broken and forged payloads, through Socket Mode, Bolt and the real listeners.

For each: it is acknowledged, nothing unforeseen happens, the answer keeps to Slack's limits and
holds no text from outside unescaped, and the record changes only as the payload's own person may.
`pytest -m attack` tries them all, `make test` a quarter; SUNSET_FUZZ multiplies the number.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from sandbox.slack.blocks import check_reply, check_view
from tests.attacks import Cases
from tests.fuzz import model, valid
from tests.fuzz.broken import BREAKS, MENTION, broken
from tests.fuzz.site import SECRET, Answers, Site
from tests.handlers import runs
from tests.handlers.payloads import Payload
from tests.handlers.runs import Story, tell
from workflows import commands as c
from workflows.prompts import Ask

TOGETHER = 40
EXAMPLES = 16 * int(os.environ.get("SUNSET_FUZZ", "1"))
HOW = "broken, forged, stale and replayed payloads through Bolt and its listeners"
UNFORESEEN = frozenset({"unexpected_error", "payload_unreadable"})


def frozen() -> Story:
    return tell(Ask.APPROVE_REMOVAL).person(c.Freeze(reason="wait"), runs.OTHER_ADMIN)


STORIES = {ask.value: partial(tell, ask) for ask in Ask} | {
    "frozen": frozen,
    "unsecured": runs.unsecured,
}
BATCH = st.lists(st.tuples(st.integers(0, 9_999), BREAKS), min_size=TOGETHER, max_size=TOGETHER)


class Place:
    """A site with what can be sent to it, and what is known of its record."""

    def __init__(self, directory: Path, story: Story) -> None:
        self.site = Site(directory, story)
        self.bodies = valid.everything(self.site)
        self.sent = 0
        run = self.site.run
        self.references = valid.forged(run.id, run.prompt_version)
        self.site.uploads.content = b"owner_id,new_owner\r\n100,hanna@example.com\r\n"

    def begin(self) -> None:
        """Set the site back."""
        self.site.again()
        self._look()

    def _look(self) -> None:
        self.commits, self.runs, self.run = (
            self.site.commits,
            self.site.store.run_ids(),
            self.site.run,
        )

    def send(self, body: Payload) -> None:
        """Deliver a payload, and hold what becomes of it to every rule."""
        site = self.site
        self.sent += 1
        with capture_logs() as logs:
            answers = site.deliver(body)
        unforeseen = [line for line in logs if line["event"] in UNFORESEEN]
        assert not unforeseen, unforeseen
        assert len(answers.acks) == 1, "not acknowledged once"
        check(answers)
        if site.commits == self.commits:
            return
        happened = [
            item.recorded
            for run_id in site.store.run_ids()
            for item in site.store.history(run_id)
            if run_id not in self.runs or item.recorded.seq > self.run.version
        ]
        # What was taken and changed nothing is remembered too, under its delivery key.
        wrong = model.allowed(body, happened, self.run.id, self.run.prompt_version)
        assert not wrong, wrong
        before = site.rows
        self.sent += 1
        check(site.deliver(body))
        assert site.rows == before, "a replay changed something"
        self._look()


def check(answers: Answers) -> None:
    """Hold answers to Slack's limits, and to what may stand in them."""
    for view in answers.views:
        faults = check_view(view, view["type"])
        assert not faults, faults
    for ack in answers.acks:
        for text in (ack or {}).get("errors", {}).values():
            assert 0 < len(text) <= 3_000
    for said in answers.said:
        faults = check_reply(said)
        assert not faults, faults
    for text in texts(answers.everything):
        assert SECRET not in text
        assert "Traceback" not in text
        assert 'File "' not in text
    for shown in mrkdwn(answers.everything):
        assert MENTION not in shown
        assert "<!channel>" not in shown
        assert "<@U0EVIL>" not in shown


def texts(value: Any) -> Iterator[str]:
    """Yield every text."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)


def mrkdwn(value: Any) -> Iterator[str]:
    """Yield every text that Slack would look for formatting in."""
    if isinstance(value, dict):
        marked = value.get("type") == "mrkdwn" or "response_type" in value
        if marked and isinstance(value.get("text"), str):
            yield value["text"]
        for item in value.values():
            yield from mrkdwn(item)
    elif isinstance(value, list):
        for item in value:
            yield from mrkdwn(item)


@pytest.mark.attack("7", HOW)
@pytest.mark.parametrize("name", STORIES)
def test_whatever_comes_is_taken_or_refused(
    name: str, tmp_path: Path, cases: Cases, thorough: bool
) -> None:
    place = Place(tmp_path, STORIES[name]())

    @settings(
        max_examples=EXAMPLES if thorough else EXAMPLES // 4,
        deadline=None,
        database=None,
        derandomize="SUNSET_FUZZ" not in os.environ,
        suppress_health_check=list(HealthCheck),
    )
    @given(BATCH)
    def attack(batch: list[tuple[int, list[Any]]]) -> None:
        place.begin()
        for number, ways in batch:
            body = place.bodies[number % len(place.bodies)]
            place.send(broken(body, ways, place.references))
        assert place.site.intact()

    attack()
    cases.add(place.sent)
    place.site.close()


@pytest.mark.attack("7", HOW)
@pytest.mark.parametrize("name", STORIES)
def test_what_is_valid_is_taken(name: str, tmp_path: Path, cases: Cases) -> None:
    """Else the rules above would hold for a bot that refuses everything."""
    place = Place(tmp_path, STORIES[name]())
    taken = 0
    place.begin()
    for body in place.bodies:
        before = place.commits
        place.send(copy.deepcopy(body))
        if place.commits != before:
            assert place.site.intact()
            place.begin()
            taken += 1
    cases.add(place.sent)
    assert taken >= (1 if name == Ask.OVER else 3)
    place.site.close()
