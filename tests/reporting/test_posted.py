"""The report in the thread at the end of a run: once, whatever goes wrong."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.bot.rig import Rig
from tests.workflows import journeys
from tests.workflows.driver import Conversation
from tests.workflows.samples import SAM
from workflows import commands as c

ENDS: dict[str, Callable[[], Conversation]] = {
    "completed": journeys.to_completed,
    "declined": journeys.to_declined,
    "cancelled": journeys.to_cancelled,
    "expired": journeys.to_expired,
}


def names(rig: Rig) -> list[str]:
    return [one.name.rpartition(".")[2] for one in rig.slack.files if "report" in one.name]


@pytest.mark.parametrize("end", sorted(ENDS))
def test_a_run_that_is_over_gets_its_report(rig: Rig, end: str) -> None:
    rig.slack.marks["UA"] = {"name": "Anna Berg"}
    rig.adopt(ENDS[end]())
    rig.settle()
    assert names(rig) == ["html", "md", "json"]
    (told,) = [one for one in rig.slack.files if one.name.endswith(".json")]
    assert told.thread_ts == rig.slack.one(":card").ts
    data = json.loads(told.content)
    assert data["run"]["state"] == end
    assert data["people"]["UA"] == "Anna Berg"
    assert data["chain"]["check"] == "intact"
    assert data["chain"]["hash"] == rig.store.history(rig.run_id)[-1].hash


def test_a_run_that_goes_on_gets_none(rig: Rig) -> None:
    rig.adopt(journeys.to_cleanup())
    rig.settle()
    assert names(rig) == []


@pytest.mark.parametrize("applied", [False, True])
def test_a_lost_answer_shows_it_once(rig: Rig, applied: bool) -> None:
    rig.slack.fail("upload", applied=applied, about="sunset-report")
    rig.adopt(journeys.to_completed())
    rig.until(lambda: names(rig) and not rig.effects("pending", "leased"))
    assert names(rig) == ["html", "md", "json"]


@pytest.mark.parametrize("applied", [False, True])
def test_a_killed_process_shows_it_once(rig: Rig, applied: bool) -> None:
    rig.slack.kill("upload", applied=applied, about="sunset-report")
    rig.adopt(journeys.to_completed())
    rig.settle()
    assert rig.death.happened
    rig.restart()
    rig.until(lambda: not rig.effects("pending", "leased"))
    assert names(rig) == ["html", "md", "json"]


def test_slack_does_not_tell_who_people_are(rig: Rig) -> None:
    rig.slack.fail("profile", missing="users:read", times=99)
    rig.adopt(journeys.to_completed())
    rig.settle()
    (told,) = [one for one in rig.slack.files if one.name.endswith(".json")]
    assert json.loads(told.content)["people"] == {}


def test_the_ledger_is_in_it(rig: Rig) -> None:
    """A true reassignment, by the bot, whose figures the report has."""
    ids = rig.hubspot.fill("contacts", SAM, 12) + rig.hubspot.fill("deals", SAM, 3)
    rig.adopt(journeys.to_reassigning())
    rig.until(lambda: rig.run.state.value != "reassigning")
    rig.does("UA", c.Cancel(reason="enough"))
    rig.settle()
    (told,) = [
        one for one in rig.slack.files if one.name.endswith(".json") and "report" in one.name
    ]
    records = json.loads(told.content)["records"]
    assert records["jobs"][0]["changed"] == len(ids)
    assert sum(sum(one["counts"].values()) for one in records["received"]) == len(ids)
