"""The package is not what was approved: asked again, and nothing is removed meanwhile."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.stories.site import HOUR, MINUTE
from tests.stories.stage import ANNA, CARL, DORA, FAVORITES, Opening, Stage
from workflows import commands as c
from workflows import events as e
from workflows.prompts import Ask
from workflows.rules.approval import shown
from workflows.states import State

Change = Callable[[Stage], object]


def component(stage: Stage) -> None:
    stage.setup.install(components=1)


def upgrade(stage: Stage) -> None:
    stage.setup.install(version="3.1.0.4")


def record(stage: Stage) -> None:
    stage.setup.write(FAVORITES, 13)


def edit(stage: Stage) -> None:
    stage.setup.write(FAVORITES, 7, HubSpot_Inc__Label__c="changed by a user")


CHANGES: dict[str, tuple[Change, str]] = {
    "a component": (component, "HubSpot_Inc__Insight_0001__c"),
    "an upgrade": (upgrade, "3.1.0.4"),
    "a record": (record, "HubSpot_Inc__HubSpot_Favorites__c: 13"),
}


def nothing_left(stage: Stage) -> None:
    """Check that the package stands, and that nobody deploys anything."""
    stage.lives(HOUR)
    assert stage.setup.installed()
    assert stage.setup.deployments() == []
    assert stage.setup.deployments(check_only=True) == []


def test_changed_while_approvals_were_pending_with_a_copy(stage: Stage) -> None:
    change, line = CHANGES["a component"]
    stage.to_choice()
    stage.chooses(keep=True)
    asked = stage.run.prompt_version
    first = stage.run.removal_digest
    stage.lives(HOUR)
    change(stage)
    stage.agrees()
    (changed,) = stage.happened(e.InventoryChanged)
    assert any(line in one for one in changed.added)
    assert stage.asks(Ask.APPROVE_REMOVAL)
    assert changed.digest == stage.run.removal_digest != first
    assert stage.run.votes == {}
    assert not stage.run.consent
    assert "removal" not in stage.run.passed
    assert not {"consent", "removal_approval"} & set(stage.run.evidence)
    told = stage.told(of=e.InventoryChanged)
    assert line in told
    assert "Do not uninstall anything now" in told
    assert line.rpartition(" ")[2] in stage.slack.files[-1].content.decode()
    assert stage.refuses(CARL, c.Approve(shown=shown(stage.run)), asked) == "stale_prompt"
    assert stage.refuses(ANNA, c.ReportUninstalled()) == "not_now"
    stage.agrees()
    assert stage.asks(Ask.REMOVE_PACKAGE)
    stage.presses_uninstall()
    stage.until(lambda: stage.run.state is State.DATA_COPY_WINDOW)


@pytest.mark.parametrize("what", ["an upgrade", "a record"])
def test_changed_after_the_comparison_without_a_copy(stage: Stage, what: str) -> None:
    """The bot was told to remove what was approved; it finds something else and does not."""
    change, line = CHANGES[what]
    stage.to_removal(keep=False)
    first = stage.kept()
    assert first is not None
    offered = stage.run.prompt_version
    stage.lives(3 * MINUTE)
    change(stage)
    stage.does(ANNA, c.RemoveByBot())
    stage.settle()
    (changed,) = stage.happened(e.InventoryChanged)
    assert any(line in one for one in changed.added)
    assert stage.asks(Ask.CONFIRM_NO_COPY)
    assert stage.kept() is None, "it is not of what would be deleted now"
    assert not stage.run.secured
    assert "of an earlier state of the package" in stage.question
    assert stage.refuses(ANNA, c.RemoveByBot(), offered) == "stale_prompt"
    assert stage.refuses(ANNA, c.ConfirmNoCopy()) == "backup_required"
    nothing_left(stage)
    stage.backs_up()
    stage.does(ANNA, c.ConfirmNoCopy())
    stage.agrees()
    stage.does(ANNA, c.RemoveByBot())
    stage.until(lambda: stage.run.state is State.COMPLETED)
    assert len(stage.setup.deployments()) == 1
    second = stage.kept()
    assert second is not None
    assert second.directory != first.directory


@pytest.mark.parametrize("when", ["pending", "offered", "rehearsed"])
def test_a_record_edited_after_the_backup(opens: Opening, when: str) -> None:
    """Nothing but the backup keeps the data; what was written since would be lost."""
    stage = opens(package={"uninstall_seconds": 120})
    stage.to_choice()
    stage.lives(MINUTE)
    stage.chooses(keep=False)
    asked = stage.run.prompt_version
    stage.lives(HOUR)
    if when == "pending":
        edit(stage)
    stage.agrees()
    if when == "offered":
        asked = stage.run.prompt_version
        stage.lives(3 * MINUTE)
        edit(stage)
        stage.does(ANNA, c.RemoveByBot())
        stage.settle()
    if when == "rehearsed":
        asked = stage.run.prompt_version
        stage.does(ANNA, c.RemoveByBot())
        stage.until(lambda: bool(stage.setup.deployments(check_only=True)))
        edit(stage)
        stage.lives(5 * MINUTE)
    (outdated,) = stage.happened(e.BackupOutdated)
    assert outdated.changed == 1
    assert not stage.happened(e.InventoryChanged)
    assert stage.asks(Ask.CONFIRM_NO_COPY)
    assert not stage.run.secured
    assert (stage.run.votes, stage.run.consent) == ({}, False)
    assert not {"backup", "consent", "removal_approval"} & set(stage.run.evidence)
    assert "1 record was written in Salesforce after the backup" in stage.told(of=e.BackupOutdated)
    assert stage.refuses(DORA, c.Approve(shown=shown(stage.run)), asked) in {
        "stale_prompt",
        "not_now",
    }
    assert stage.setup.deployments() == []
    stage.lives(HOUR)
    assert stage.setup.installed()
    stage.backs_up()
    made = stage.happened(e.BackupVerified)[-1].backup
    assert (
        "changed by a user"
        in (stage.settings.sunset_backups / made.directory / f"{FAVORITES}.csv").read_text()
    )


def test_changed_while_the_choice_is_open(stage: Stage) -> None:
    """Whoever looks again sees it; a backup of what was there before does not count for it."""
    change, line = CHANGES["an upgrade"]
    stage.to_choice()
    stage.backs_up()
    seen = stage.run.prompt_version
    assert stage.kept() is not None
    change(stage)
    stage.does(ANNA, c.CheckNow())
    stage.settle()
    assert len({one.digest for one in stage.happened(e.InventoryRecorded)}) == 2
    assert stage.kept() is None
    assert "of an earlier state of the package" in stage.question
    assert line.rpartition(" ")[2] in stage.slack.files[-1].content.decode()
    assert stage.refuses(ANNA, c.ChooseDataCopy(keep=False), seen) == "stale_prompt"


def test_edited_before_the_backup_changes_nothing(stage: Stage) -> None:
    stage.to_choice()
    stage.lives(MINUTE)
    edit(stage)
    stage.lives(MINUTE)
    stage.chooses(keep=False)
    stage.agrees()
    assert not stage.happened(e.BackupOutdated)
    assert stage.asks(Ask.REMOVE_PACKAGE)


def test_with_a_copy_an_edit_changes_nothing(stage: Stage) -> None:
    stage.to_choice()
    stage.backs_up()
    stage.lives(MINUTE)
    edit(stage)
    stage.chooses(keep=True)
    stage.agrees()
    assert not stage.happened(e.BackupOutdated)
    assert stage.asks(Ask.REMOVE_PACKAGE)


def test_check_now_compares_before_somebody_presses_uninstall(stage: Stage) -> None:
    """The step says: if Setup shows more than was approved, stop and press *Check now*."""
    stage.to_removal(keep=True)
    assert "If it shows more than was approved, stop and press “Check now” below." in stage.question
    stage.lives(3 * MINUTE)
    component(stage)
    stage.does(ANNA, c.CheckNow())
    stage.settle()
    (changed,) = stage.happened(e.InventoryChanged)
    assert any("Insight_0001__c" in one for one in changed.added)
    assert stage.asks(Ask.APPROVE_REMOVAL)
