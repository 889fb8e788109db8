"""The process dies in the middle of a reading, a backup or the watch, and is started again."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from bot.backup.verify import verify
from tests.stories.site import HOUR, MINUTE
from tests.stories.stage import ANNA, Stage
from workflows import commands as c
from workflows import events as e
from workflows.prompts import Ask
from workflows.states import State


def starts_again(stage: Stage) -> None:
    stage.until_killed()
    stage.move(MINUTE)
    stage.restart()


def test_while_the_package_is_read(stage: Stage) -> None:
    stage.wire.kill("FROM StaticResource", answered=True)
    stage.starts()
    starts_again(stage)
    assert stage.run.plan is not None
    assert stage.run.plan.inventory is not None
    stage.wire.kill("FROM AsyncApexJob")
    stage.approve()
    stage.reports_the_disconnect()
    starts_again(stage)
    stage.settle()
    assert stage.asks(Ask.CHOOSE_DATA_COPY)
    assert len(stage.happened(e.InventoryRecorded)) == 1


@pytest.mark.parametrize(
    ("moment", "answered"),
    [
        ("POST .*/jobs/query$", True),
        ("GET .*/results", True),
        ("DELETE .*/jobs/query/", True),
    ],
)
def test_while_the_backup_is_made(stage: Stage, moment: str, answered: bool) -> None:
    stage.to_choice()
    stage.wire.kill(moment, answered=answered)
    stage.does(ANNA, c.StartBackup())
    starts_again(stage)
    stage.until(lambda: bool(stage.happened(e.BackupVerified)))
    (made,) = stage.happened(e.BackupVerified)
    assert verify(Path(made.backup.directory), made.backup.manifest_sha256) == []
    assert made.backup.rows == 12
    assert len(list(stage.settings.sunset_backups.iterdir())) == 1
    asked = 2 if moment.startswith("POST") else 1
    assert stage.wire.count("POST .*/jobs/query$") == asked, "a job is gone on with"


def test_while_the_package_is_watched_and_goes_meanwhile(stage: Stage) -> None:
    """The last reading that saw it is of before the night that the bot was down."""
    stage.to_removal(keep=True)
    stage.lives(5 * MINUTE)
    stage.wire.kill("FROM InstalledSubscriberPackage", answered=True)
    stage.does(ANNA, c.ReportUninstalled())
    stage.until_killed()
    seen = stage.clock.now()
    stage.move(2 * HOUR)
    assert stage.setup.uninstall(keep_copy=True)["ok"]
    stage.move(6 * HOUR)
    stage.restart()
    stage.until(lambda: stage.run.state is State.DATA_COPY_WINDOW)
    (gone,) = stage.happened(e.PackageRemoved)
    assert gone.deadline <= datetime.fromisoformat(stage.setup.state["copy"]["until"])
    assert seen - gone.last_seen_at <= 5 * MINUTE
    assert "After that it may be gone" in stage.question
