"""The session ends in the middle of something: renewed where that is possible, else told."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from bot.backup.verify import verify
from tests.stories.site import MINUTE
from tests.stories.stage import ANNA, Opening, Stage
from workflows import commands as c
from workflows import events as e
from workflows.prompts import Ask
from workflows.states import State

TOKEN = "POST .*/oauth2/token"
RESULTS = "GET .*/results"
FOLLOWS = "GET .*deployRequest/"


def told_of_the_setting(stage: Stage) -> None:
    """Check that the run waits, and names the setting to be renewed."""
    assert stage.run.blocked is not None
    assert stage.run.blocked.code == "salesforce_unauthorized"
    for told in (stage.told(of=e.Blocked), stage.question):
        assert "SALESFORCE_ACCESS_TOKEN" in told
        assert "Session expired or invalid" in told


def ends(stage: Stage, at: str, skip: int = 0) -> None:
    """Let the session end right before a request."""
    stage.wire.at(at, stage.setup.org.sessions.end, skip=skip)


def verified(stage: Stage) -> e.BackupVerified:
    (made,) = stage.happened(e.BackupVerified)
    assert isinstance(made, e.BackupVerified)
    assert (made.backup.files, made.backup.rows) == (1, 12)
    assert verify(Path(made.backup.directory), made.backup.manifest_sha256) == []
    return made


def test_a_login_with_a_secret_is_renewed_everywhere(opens: Opening) -> None:
    stage = opens(login="client", package={"uninstall_seconds": 20})
    ends(stage, "FROM ApexClass")
    stage.starts()
    stage.disconnects()
    assert stage.wire.count(TOKEN) == 2, "in the middle of the plan's inventory"
    ends(stage, RESULTS)
    stage.chooses(keep=False)
    verified(stage)
    assert stage.wire.count(TOKEN) == 3, "in the middle of the backup"
    stage.agrees()
    ends(stage, FOLLOWS)
    ends(stage, FOLLOWS, skip=20)
    stage.does(ANNA, c.RemoveByBot())
    stage.until(lambda: stage.run.state is State.COMPLETED, most=120)
    assert stage.wire.count(TOKEN) == 5, "while the rehearsal and the deployment are followed"
    assert not stage.happened(e.Blocked)
    assert len(stage.setup.deployments(check_only=True)) == 1
    assert len(stage.setup.deployments()) == 1
    assert stage.proof("removal").kind == "verified"


def test_a_login_that_is_not_renewed_either_is_told(opens: Opening) -> None:
    """The app has lost its user, so that no new session can be had."""
    stage = opens(login="client")
    stage.to_choice()
    stage.setup.change(client_user=False)
    ends(stage, RESULTS)
    stage.does(ANNA, c.StartBackup())
    stage.settle()
    assert stage.run.blocked is not None
    assert stage.run.blocked.code == "salesforce_unauthorized"
    assert "SALESFORCE_CONSUMER_SECRET" in stage.told(of=e.Blocked)
    stage.setup.change(client_user=True)
    stage.retries()
    verified(stage)


def test_in_the_middle_of_the_inventory(stage: Stage) -> None:
    stage.starts_planned()
    ends(stage, "FROM ApexClass")
    stage.disconnects()
    told_of_the_setting(stage)
    assert stage.asks(Ask.WAIT_INVENTORY)
    assert not stage.happened(e.InventoryRecorded)
    stage.renews_the_session()
    assert stage.run.blocked is not None, "somebody has to say so"
    stage.retries()
    assert stage.asks(Ask.CHOOSE_DATA_COPY)
    assert stage.run.blocked is None


def test_in_the_middle_of_the_backup(stage: Stage) -> None:
    stage.to_choice()
    ends(stage, RESULTS)
    stage.does(ANNA, c.StartBackup())
    stage.settle()
    told_of_the_setting(stage)
    assert stage.asks(Ask.WAIT_BACKUP)
    stage.lives(20 * MINUTE)
    stage.renews_the_session()
    stage.retries()
    verified(stage)
    assert stage.wire.count("POST .*/jobs/query$") == 1, "the same query job is gone on with"
    assert len(list(stage.settings.sunset_backups.iterdir())) == 1
    assert stage.run.blocked is None


def test_after_a_backup_that_was_blocked_the_package_is_watched_again(stage: Stage) -> None:
    stage.to_choice()
    ends(stage, RESULTS)
    stage.does(ANNA, c.StartBackup())
    stage.lives(20 * MINUTE)
    assert len(stage.happened(e.Blocked)) == 1
    stage.renews_the_session()
    stage.retries()
    verified(stage)
    stage.lives(20 * MINUTE)
    assert stage.setup.uninstall(keep_copy=True)["ok"]
    kept_until = datetime.fromisoformat(stage.setup.state["copy"]["until"])
    stage.lives(20 * MINUTE)
    (gone,) = stage.happened(e.PackageRemoved)
    assert gone.deadline <= kept_until


@pytest.mark.parametrize("over", [False, True], ids=["it runs", "it is over"])
def test_in_the_middle_of_following_the_deployment(opens: Opening, over: bool) -> None:
    stage = opens(package={"uninstall_seconds": 20})
    stage.to_removal(keep=False)
    stage.does(ANNA, c.RemoveByBot())
    stage.until(lambda: bool(stage.setup.deployments()), most=120)
    ends(stage, FOLLOWS)
    stage.until(lambda: stage.run.blocked is not None)
    told_of_the_setting(stage)
    assert stage.setup.installed()
    assert stage.asks(Ask.WAIT_REMOVAL)
    if over:
        stage.lives(5 * MINUTE)
        assert not stage.setup.installed()
    stage.renews_the_session()
    stage.retries()
    stage.until(lambda: stage.run.state is State.COMPLETED, most=120)
    assert [row["Status"] for row in stage.setup.deployments()] == ["Succeeded"]
    assert len(stage.setup.deployments(check_only=True)) == 1
    assert stage.proof("removal").kind == "verified"
    assert not stage.happened(e.RemovalFailed)
