"""Somebody else uninstalls the package in Setup, at a moment when the bot does not expect it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tests.bot.rig import CHANNEL
from tests.stories.site import HOUR, MINUTE
from tests.stories.stage import ANNA, CARL, Stage
from workflows import commands as c
from workflows import events as e
from workflows.prompts import Ask
from workflows.rules.approval import shown
from workflows.states import State

LEADS = (24 * HOUR, 12 * HOUR, 4 * HOUR, HOUR, 15 * MINUTE)


def uninstalls(stage: Stage) -> datetime:
    """Let somebody press *Uninstall*, with a copy; return until when the copy is truly kept."""
    assert stage.setup.uninstall(keep_copy=True)["ok"]
    return datetime.fromisoformat(stage.setup.state["copy"]["until"])


def noticed(stage: Stage, kept_until: datetime, late: timedelta) -> e.PackageRemoved:
    """Check that the removal was noticed, and that the deadline is never later than the truth."""
    (gone,) = stage.happened(e.PackageRemoved)
    assert isinstance(gone, e.PackageRemoved)
    assert stage.run.state is State.DATA_COPY_WINDOW
    assert stage.run.blocked is None
    assert stage.asks(Ask.DOWNLOAD_COPY)
    assert gone.deadline is not None
    assert kept_until - late <= gone.deadline <= kept_until
    assert stage.proof("removal").kind == "verified"
    assert stage.proof("removal").reading == gone.reading
    assert "The data copy can be downloaded until" in stage.question
    return gone


def reminded(stage: Stage, gone: e.PackageRemoved) -> None:
    """Live through the window: every reminder comes once, and none after it."""
    assert gone.deadline is not None
    laid = {one.post_at for one in stage.slack.lying.values() if one.channel == CHANNEL}
    assert len(laid) == len(LEADS)
    assert max(laid) < gone.deadline.timestamp(), "those in Slack come in time too"
    stage.lives(gone.deadline - stage.clock.now() - MINUTE)
    told = stage.slack.reminders(CHANNEL)
    assert len(told) == len(LEADS)
    for one, lead in zip(told, LEADS, strict=True):
        early = (gone.deadline - lead).timestamp() - float(one.ts.partition(".")[0])
        assert -60 <= early <= 1, "Slack's time of a message is rounded here"
    stage.does(ANNA, c.ConfirmDownloaded(where="the vault"))
    stage.lives(3 * HOUR)
    assert stage.run.state is State.COMPLETED
    assert stage.proof("download").kind == "attested"
    assert len(stage.slack.reminders(CHANNEL)) == len(LEADS)
    assert stage.slack.lying == {}


def test_while_approvals_are_pending(stage: Stage) -> None:
    stage.to_choice()
    stage.chooses(keep=True)
    stage.does(ANNA, c.GiveConsent())
    stage.does(CARL, c.Approve(shown=shown(stage.run)))
    version = stage.run.prompt_version
    stage.lives(3 * HOUR + 7 * MINUTE)
    kept_until = uninstalls(stage)
    stage.lives(20 * MINUTE)
    gone = noticed(stage, kept_until, 15 * MINUTE)
    assert stage.refuses("UD", c.Approve(shown=shown(stage.run)), version) == "stale_prompt"
    assert stage.refuses(ANNA, c.RemoveByBot()) == "not_now"
    assert "removal_approval" not in stage.run.evidence
    assert not stage.happened(e.GatePassed)[1:], "the removal was never approved"
    reminded(stage, gone)
    assert stage.setup.deployments() == []


def test_while_the_choice_is_open(stage: Stage) -> None:
    stage.to_choice()
    stage.does(ANNA, c.ChooseDataCopy(keep=False))
    stage.lives(2 * HOUR)
    kept_until = uninstalls(stage)
    stage.lives(20 * MINUTE)
    noticed(stage, kept_until, 15 * MINUTE)
    assert stage.run.keep_copy is None
    assert "data_copy" not in stage.run.evidence


def test_without_a_copy_being_wanted(stage: Stage) -> None:
    """No copy was chosen here; whoever pressed the button in Setup may have kept one."""
    stage.to_choice()
    stage.chooses(keep=False)
    stage.lives(2 * HOUR)
    kept_until = uninstalls(stage)
    stage.lives(20 * MINUTE)
    (gone,) = stage.happened(e.PackageRemoved)
    assert stage.proof("removal").kind == "verified"
    assert stage.setup.state["copy"]["kept"]
    assert "No copy was saved, as was approved." not in stage.card, "nobody has approved it"
    assert gone.deadline is not None
    assert gone.deadline <= kept_until


@pytest.mark.parametrize(
    "moment",
    ["FROM InstalledSubscriberPackage", "FROM StaticResource"],
    ids=["before it is compared", "while it is"],
)
def test_right_after_the_gate(stage: Stage, moment: str) -> None:
    stage.to_choice()
    stage.chooses(keep=True)
    stage.lives(HOUR)
    stage.does(ANNA, c.GiveConsent())
    until: list[datetime] = []
    stage.wire.at(moment, lambda: until.append(uninstalls(stage)))
    stage.approve()
    stage.lives(20 * MINUTE)
    gone = noticed(stage, until[0], HOUR)
    assert stage.refuses(ANNA, c.ReportUninstalled()) == "not_now"
    assert gone.reading.at > gone.last_seen_at


def test_right_after_the_gate_the_newest_reading_that_saw_it_counts(stage: Stage) -> None:
    """The watch saw it each quarter of an hour while the approvals were pending."""
    stage.to_choice()
    stage.chooses(keep=True)
    stage.lives(HOUR)
    kept_until = uninstalls(stage)
    stage.agrees()
    stage.lives(2 * MINUTE)
    noticed(stage, kept_until, 15 * MINUTE)


def test_a_list_that_is_torn_by_the_removal_is_no_list(stage: Stage) -> None:
    """What is read while the package vanishes was never what it held."""
    stage.to_choice()
    stage.chooses(keep=True)
    stage.does(ANNA, c.GiveConsent())
    stage.wire.at("FROM StaticResource", lambda: uninstalls(stage))
    stage.approve()
    stage.lives(20 * MINUTE)
    assert stage.happened(e.PackageRemoved)
    assert not stage.happened(e.InventoryChanged)


@pytest.mark.parametrize(
    "moment",
    ["POST .*/jobs/query$", "GET .*/results", "COUNT\\(\\) FROM .* WHERE CreatedDate"],
    ids=["before the query", "before the rows", "before the count"],
)
def test_during_the_backup(stage: Stage, moment: str) -> None:
    stage.to_choice()
    stage.does(ANNA, c.ChooseDataCopy(keep=False))
    until: list[datetime] = []
    stage.wire.at(moment, lambda: until.append(uninstalls(stage)))
    stage.does(ANNA, c.StartBackup())
    stage.lives(40 * MINUTE)
    noticed(stage, until[0], 16 * MINUTE)
    assert "backup" not in stage.run.evidence
    assert stage.run.current_backup is None
    assert not stage.happened(e.BackupVerified)
    asked = len(stage.wire.lines)
    stage.lives(2 * HOUR)
    assert len(stage.wire.lines) == asked, "nobody goes on asking for what is gone"
