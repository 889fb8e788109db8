"""The run is cancelled while the bot is at work: it ends, and what stays is told as it is."""

from __future__ import annotations

from tests.bot.rig import AUDIT
from tests.stories.site import HOUR
from tests.stories.stage import ANNA, Opening, Stage
from workflows import commands as c
from workflows import events as e
from workflows.states import State

REMOVED = "The package is uninstalled in Salesforce"
BEGUN = "ending the run does not stop it"


def audited(stage: Stage) -> str:
    """Return the line of the audit channel that tells of the cancelling."""
    stage.settle()
    lines = [
        line for one in stage.slack.shown if one.channel == AUDIT for line in one.text.split("\n")
    ]
    (line,) = (line for line in lines if "The run was cancelled" in line)
    return line


def rests(stage: Stage) -> None:
    """Check that the bot asks nothing any more."""
    stage.lives(HOUR)
    asked = len(stage.wire.lines)
    stage.lives(HOUR)
    assert len(stage.wire.lines) == asked
    assert stage.effects("pending", "leased", "failed") == []


def test_during_the_backup(stage: Stage) -> None:
    stage.to_choice()
    stage.wire.at("GET .*/results", lambda: stage.does(ANNA, c.Cancel(reason="not now")))
    stage.does(ANNA, c.StartBackup())
    stage.settle()
    (cancelled,) = stage.happened(e.Cancelled)
    assert cancelled.irreversible == ("disconnected",)
    assert not stage.happened(e.BackupVerified)
    assert stage.setup.installed()
    for told in (stage.card, audited(stage)):
        assert REMOVED not in told
        assert BEGUN not in told
    assert "The package was not removed in this run, so its data is still there." in stage.card
    rests(stage)


def test_during_the_rehearsal(opens: Opening) -> None:
    """Nothing is deployed yet, and nothing will be."""
    stage = opens(package={"uninstall_seconds": 20})
    stage.to_removal(keep=False)
    stage.does(ANNA, c.RemoveByBot())
    stage.until(lambda: bool(stage.setup.deployments(check_only=True)))
    assert "Until the deployment has begun, cancelling the run stops the removal" in stage.question
    stage.does(ANNA, c.Cancel(reason="not now"))
    rests(stage)
    assert stage.run.state is State.CANCELLED
    assert stage.setup.deployments() == []
    assert stage.setup.installed()
    (cancelled,) = stage.happened(e.Cancelled)
    assert cancelled.irreversible == ("disconnected",)
    for told in (stage.card, audited(stage)):
        assert REMOVED not in told
        assert BEGUN not in told


def test_after_the_deployment_began(opens: Opening) -> None:
    """It cannot be stopped, and that is what is said: not that it is done already."""
    stage = opens(package={"uninstall_seconds": 20})
    stage.to_removal(keep=False)
    stage.does(ANNA, c.RemoveByBot())
    stage.until(lambda: bool(stage.setup.deployments()), most=120)
    assert "It cannot be stopped any more" in stage.question
    stage.does(ANNA, c.Cancel(reason="not now"))
    stage.settle()
    assert stage.setup.installed(), "it is still under way"
    for told in (stage.told(), audited(stage)):
        assert REMOVED not in told
        assert BEGUN in told
    rests(stage)
    assert not stage.setup.installed(), "as was said"
    assert len(stage.setup.deployments()) == 1


def test_after_uninstall_was_reported_and_was_refused(opens: Opening) -> None:
    layout = {"type": "Layout", "name": "Contact Layout", "refers_to": "HubSpotContactIntelligence"}
    stage = opens(package={"blockers": [layout]})
    stage.to_removal(keep=True)
    assert stage.presses_uninstall()["error"] == "uninstall_failed"
    stage.does(ANNA, c.Cancel(reason="not now"))
    for told in (stage.told(), audited(stage)):
        assert REMOVED not in told
        assert BEGUN in told
    rests(stage)
    assert stage.setup.installed()
