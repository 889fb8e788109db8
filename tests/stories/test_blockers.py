"""Blockers of every kind, revealed a few at a time: found, told, resolved, and the package gone."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime, timedelta

import pytest

from sandbox.scenario import load
from tests.stories.site import MINUTE, WRITES
from tests.stories.stage import ANNA, Opening, Stage
from workflows import commands as c
from workflows import events as e
from workflows.prompts import Ask
from workflows.states import State
from workflows.values import Blocker

PACKAGE = load("blockers").package.model_copy(update={"uninstall_seconds": 0}).model_dump()
FOUND = {
    "Layout": {"Contact Layout", "Lead Layout"},
    "FlexiPage": {"Account Record Page"},
    "Flow": {"Notify HubSpot about a won deal"},
    "Profile": {"Standard User"},
    "PermissionSetAssignment": {"ada.admin@example.com"},
    "PermissionSetGroupComponent": {"Sales_team"},
    "ApexTrigger": {"TellHubSpot"},
    "ValidationRule": {"Insight needed"},
    "ScheduledJob": {"HubSpot nightly clean-up"},
}
HIDDEN = {"WorkflowRule": {"Tag HubSpot favourites"}, "Report": {"Favourites by month"}}


@pytest.fixture
def stage(opens: Opening) -> Stage:
    return opens(package=PACKAGE)


def by_type(blockers: Iterable[Blocker]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for one in blockers:
        found.setdefault(one.type, set()).add(one.name)
    return found


def listed(stage: Stage) -> dict[str, set[str]]:
    assert stage.run.inventory is not None
    return by_type(stage.run.inventory.blockers)


def resolves(stage: Stage, *but: str) -> None:
    """Resolve in Setup everything that can be seen, apart from some types."""
    for one in stage.setup.state["blockers"]:
        if one["visible"] and not one["resolved"] and one["type"] not in but:
            assert stage.setup.post("resolve-blocker", id=one["id"])["ok"]


def checks(stage: Stage) -> None:
    stage.does(ANNA, c.CheckNow())
    stage.settle()


def test_every_kind_is_found_before_anything_is_pressed(stage: Stage) -> None:
    stage.to_choice()
    assert listed(stage) == FOUND
    assert stage.run.inventory is not None
    pages = json.dumps(stage.inventory_pages(), ensure_ascii=False)
    for one in stage.run.inventory.blockers:
        assert one.refers_to, one
        assert one.advice is not None, one
        assert one.link.startswith("/"), one
        assert one.name in pages, one
    assert "*Blockers found:* 10" in stage.question
    assert "No search is complete" in stage.question
    (file,) = stage.slack.files
    assert all(name in file.content.decode() for names in FOUND.values() for name in names)
    assert not stage.wire.count(WRITES)


def test_check_now_finds_more_when_some_are_resolved(stage: Stage) -> None:
    stage.to_choice()
    resolves(stage, "Flow")
    checks(stage)
    assert listed(stage) == {"Flow": FOUND["Flow"]}
    resolves(stage)
    checks(stage)
    assert listed(stage) == HIDDEN
    assert len(stage.happened(e.InventoryRecorded)) == 3
    digests = {one.digest for one in stage.happened(e.InventoryRecorded)}
    assert len(digests) == 1, "a blocker takes nothing away from what is approved"
    resolves(stage)
    checks(stage)
    assert listed(stage) == {}
    assert len(stage.slack.files) == 4, "each list is a file"


def test_refused_in_setup_stalled_told_resolved_and_gone(stage: Stage) -> None:
    stage.to_removal(keep=True)
    answer = stage.presses_uninstall(keep_copy=True)
    assert answer["error"] == "uninstall_failed"
    resolves(stage)
    stage.lives(14 * MINUTE)
    assert not stage.happened(e.RemovalStalled)
    assert stage.asks(Ask.WAIT_REMOVAL)
    stage.lives(3 * MINUTE)
    (stalled,) = stage.happened(e.RemovalStalled)
    assert by_type(stalled.blockers) == HIDDEN, "found anew, not those of before"
    told = stage.told(of=e.RemovalStalled)
    assert "The package is still installed; 2 blockers are known." in told
    assert all(name in told for names in HIDDEN.values() for name in names)
    assert "Salesforce mails the reasons to that person" in told
    assert stage.asks(Ask.REMOVE_PACKAGE)
    assert "removal" not in stage.run.evidence, "what was attested was not so"
    assert stage.setup.installed()
    assert all(name in stage.question for names in HIDDEN.values() for name in names)

    resolves(stage)
    assert stage.presses_uninstall(keep_copy=True)["ok"]
    stage.until(lambda: stage.run.state is State.DATA_COPY_WINDOW)
    (gone,) = stage.happened(e.PackageRemoved)
    kept_until = datetime.fromisoformat(stage.setup.state["copy"]["until"])
    assert gone.deadline <= kept_until
    assert kept_until - gone.deadline <= timedelta(minutes=5)
    assert stage.proof("removal").kind == "verified"
    assert len(stage.happened(e.RemovalStalled)) == 1
    assert not stage.wire.count(WRITES)


def test_an_uninstall_that_takes_longer_than_is_usual(opens: Opening) -> None:
    """It is told as one that seems to have failed, and is noticed all the same."""
    stage = opens(package={"uninstall_seconds": 25 * 60})
    stage.to_removal(keep=True)
    assert stage.presses_uninstall(keep_copy=True)["ok"]
    stage.lives(17 * MINUTE)
    (stalled,) = stage.happened(e.RemovalStalled)
    assert stalled.blockers == ()
    assert "The package is still installed; no blocker was found." in stage.told(
        of=e.RemovalStalled
    )
    stage.lives(10 * MINUTE)
    (gone,) = stage.happened(e.PackageRemoved)
    kept_until = datetime.fromisoformat(stage.setup.state["copy"]["until"])
    assert kept_until - 5 * MINUTE <= gone.deadline <= kept_until
    assert stage.run.state is State.DATA_COPY_WINDOW


@pytest.mark.parametrize("pressed", [False, True], ids=["not pressed yet", "stalled"])
def test_check_now_looks_for_blockers_when_the_removal_stands(stage: Stage, pressed: bool) -> None:
    """Before the button is pressed in Setup, the list of blockers can be renewed here too."""
    stage.to_removal(keep=True)
    if pressed:
        stage.presses_uninstall()
        stage.lives(17 * MINUTE)
        assert stage.happened(e.RemovalStalled)
    assert stage.asks(Ask.REMOVE_PACKAGE)
    before = len(stage.wire.lines)
    resolves(stage)
    checks(stage)
    assert stage.wire.count("FROM WorkflowRule", before), "the blockers are looked for"
    assert listed(stage) == HIDDEN
    assert "Contact Layout" not in stage.question
    if pressed:
        assert "Tag HubSpot favourites" in stage.question
