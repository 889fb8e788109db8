"""The bot removes the package: rehearsed, deployed once, and whatever can come between."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sandbox.salesforce.package import Obstacle
from sandbox.scenario import Blocker
from tests.stories.stage import ANNA, Opening, Stage
from workflows import commands as c
from workflows import events as e
from workflows.prompts import Ask
from workflows.states import State

LAYOUT = {
    "type": "Layout",
    "name": "Contact Layout",
    "refers_to": "HubSpotContactIntelligence",
}
PAGE = {"type": "FlexiPage", "name": "Account Page", "refers_to": "HubSpotAccountIntelligence"}
DEPLOYS = "POST .*deployRequest$"
FOLLOWS = "GET .*deployRequest/"
SHORT = timedelta(seconds=5)


def removes(stage: Stage) -> None:
    stage.does(ANNA, c.RemoveByBot())
    stage.until(lambda: not stage.run.bot_removing, most=200)


def statuses(stage: Stage, *, check_only: bool = False) -> list[str]:
    return [row["Status"] for row in stage.setup.deployments(check_only=check_only)]


def gone(stage: Stage) -> None:
    """Check that all went well, and what is kept of it."""
    assert stage.run.state is State.COMPLETED
    assert not stage.setup.installed()
    assert stage.setup.state["copy"] == {"kept": False, "until": None}
    assert statuses(stage).count("Succeeded") == 1
    assert stage.proof("removal").kind == "verified"
    assert stage.proof("download").kind == "skipped"
    assert stage.run.irreversible == ("disconnected", "package_removed")
    assert "No copy was saved, as was approved." in stage.card


def test_a_rehearsal_that_fails_deploys_nothing(opens: Opening) -> None:
    stage = opens(package={"blockers": [LAYOUT, PAGE]})
    stage.to_removal(keep=False)
    removes(stage)
    (failed,) = stage.happened(e.RemovalFailed)
    assert failed.rehearsal
    named = {(one.type, one.name) for one in failed.problems}
    assert named == {("Layout", "Contact Layout"), ("FlexiPage", "Account Page")}
    told = stage.told(of=e.RemovalFailed)
    assert "nothing was deployed and nothing was deleted" in told
    assert "Contact Layout" in told
    assert "Account Page" in told
    assert stage.asks(Ask.REMOVE_PACKAGE)
    assert stage.setup.installed()
    assert (statuses(stage, check_only=True), statuses(stage)) == (["Failed"], [])
    for key in ("B1", "B2"):
        stage.setup.post("resolve-blocker", id=key)
    removes(stage)
    gone(stage)
    assert statuses(stage, check_only=True) == ["Failed", "Succeeded"]


def test_a_deployment_that_fails_changes_nothing(stage: Stage) -> None:
    """Something begins to refer to the package right after the rehearsal passed."""
    stage.to_removal(keep=False)
    package = stage.setup.org.package
    obstacle = Obstacle("B9", Blocker.model_validate(LAYOUT))
    stage.wire.at(DEPLOYS, lambda: package.obstacles.append(obstacle), skip=1)
    removes(stage)
    (failed,) = stage.happened(e.RemovalFailed)
    assert not failed.rehearsal
    assert [one.name for one in failed.problems] == ["Contact Layout"]
    assert "nothing was changed" in stage.told(of=e.RemovalFailed)
    assert "Contact Layout" in stage.question
    assert (statuses(stage, check_only=True), statuses(stage)) == (["Succeeded"], ["Failed"])
    assert stage.setup.installed()
    assert "package_removed" not in stage.run.irreversible
    stage.setup.post("resolve-blocker", id="B9")
    removes(stage)
    gone(stage)
    assert statuses(stage) == ["Failed", "Succeeded"]


@pytest.mark.parametrize(
    ("which", "lag"),
    [(0, 0), (1, 0), (1, 45)],
    ids=["the rehearsal's", "the deployment's", "and it is listed late"],
)
def test_a_reply_that_is_lost_is_looked_up(opens: Opening, which: int, lag: int) -> None:
    stage = opens(package={"uninstall_seconds": 8}, org={"deploy_list_lag": lag})
    stage.to_removal(keep=False)
    stage.wire.lose(DEPLOYS, skip=which)
    removes(stage)
    stage.move(timedelta(seconds=lag))
    gone(stage)
    assert (statuses(stage, check_only=True), statuses(stage)) == (["Succeeded"], ["Succeeded"])
    assert stage.wire.count(DEPLOYS) == 2
    (rehearsed,) = stage.happened(e.RemovalRehearsed)
    assert rehearsed.outcome == "passed"


def test_cancelled_in_setup_by_somebody(opens: Opening) -> None:
    stage = opens(package={"uninstall_seconds": 20})
    stage.to_removal(keep=False)
    stage.does(ANNA, c.RemoveByBot())
    stage.until(lambda: bool(stage.setup.deployments()), most=120)
    (row,) = stage.setup.deployments()
    assert stage.setup.post("cancel-deployment", user="UADA", id=row["Id"])["ok"]
    stage.until(lambda: not stage.run.bot_removing)
    (failed,) = stage.happened(e.RemovalFailed)
    assert failed.reference == row["Id"]
    assert "Canceled by Ada" in stage.told(of=e.RemovalFailed)
    assert "Find out why before you try again" in stage.told(of=e.RemovalFailed)
    assert stage.setup.installed()
    assert stage.asks(Ask.REMOVE_PACKAGE)
    removes(stage)
    gone(stage)
    assert statuses(stage) == ["Canceled", "Succeeded"]


@pytest.mark.parametrize("check_only", ["refused", "fails"])
def test_an_org_that_does_not_rehearse(opens: Opening, check_only: str) -> None:
    stage = opens(org={"check_only": check_only})
    stage.to_removal(keep=False)
    removes(stage)
    gone(stage)
    (rehearsed,) = stage.happened(e.RemovalRehearsed)
    assert rehearsed.outcome == "not_possible"
    assert "checkOnly" in rehearsed.why
    assert "It is removed without a rehearsal" in stage.told(of=e.RemovalRehearsed)
    assert statuses(stage, check_only=True) == ([] if check_only == "refused" else ["Failed"])


@pytest.mark.parametrize(
    ("match", "skip", "answered"),
    [
        ("FROM ApexClass", 0, False),
        (DEPLOYS, 0, True),
        (DEPLOYS, 1, False),
        (DEPLOYS, 1, True),
        (FOLLOWS, 7, True),
    ],
    ids=["comparing", "rehearsal asked", "rehearsed", "deployment asked", "following"],
)
def test_killed_and_started_again(opens: Opening, match: str, skip: int, answered: bool) -> None:
    stage = opens(package={"uninstall_seconds": 8})
    stage.to_removal(keep=False)
    stage.wire.kill(match, skip=skip, answered=answered)
    stage.does(ANNA, c.RemoveByBot())
    stage.until_killed()
    stage.move(SHORT)
    stage.restart()
    stage.until(lambda: not stage.run.bot_removing, most=200)
    gone(stage)
    assert (statuses(stage, check_only=True), statuses(stage)) == (["Succeeded"], ["Succeeded"])
