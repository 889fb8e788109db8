"""The bot's Salesforce user lacks a right: named, with where it is granted; then it goes on."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

import pytest

from tests.stories.site import HOUR, MINUTE
from tests.stories.stage import ANNA, CARL, FAVORITES, Opening, Stage
from workflows import commands as c
from workflows import events as e
from workflows.prompts import Ask
from workflows.rules.approval import shown
from workflows.states import State

NEEDED = {
    "may_use_api": "API Enabled",
    "may_uninstall": "Download AppExchange Packages",
    "may_view_setup": "View Setup and Configuration",
}
"""Without these nothing can be said about the package at all."""
DEPLOYS = "POST .*deployRequest$"
METADATA = "Modify Metadata Through Metadata API Functions"
WHERE = "Setup > Users > Permission Sets"


def blocked_for(stage: Stage, right: str) -> None:
    """Check that the run waits, and tells which right is wanting and where it is granted."""
    assert stage.run.blocked is not None
    assert stage.run.blocked.code == "salesforce_forbidden"
    assert right in str(stage.run.blocked.remedy)
    for told in (stage.told(of=e.Blocked), stage.question):
        assert f'"{right}"' in told
        assert WHERE in told
    assert "Try again" in stage.question


def test_rights_that_are_wanting_from_the_start(opens: Opening) -> None:
    """Each is told by its name; what is granted leads to the next."""
    stage = opens(org=dict.fromkeys(NEEDED, False))
    stage.starts()
    for number, (switch, right) in enumerate(NEEDED.items(), start=1):
        blocked_for(stage, right)
        assert stage.run.state is State.PLANNING
        stage.lives(HOUR)
        assert len(stage.happened(e.Blocked)) == number, "said once"
        stage.setup.change(**{switch: True})
        stage.retries()
    assert stage.run.blocked is None
    assert stage.run.plan is not None
    assert stage.run.plan.inventory is not None, "it never read as gone"
    stage.disconnects()
    assert stage.asks(Ask.CHOOSE_DATA_COPY)


@pytest.mark.parametrize("switch", ["may_view_setup", "may_uninstall"])
def test_a_right_that_is_withdrawn_while_approvals_are_pending(stage: Stage, switch: str) -> None:
    stage.to_choice()
    stage.chooses(keep=True)
    stage.does(ANNA, c.GiveConsent())
    stage.does(CARL, c.Approve(shown=shown(stage.run)))
    stage.setup.change(**{switch: False})
    stage.lives(2 * HOUR)
    told = stage.run.votes
    if switch == "may_view_setup":
        assert stage.run.blocked is None, "whether the package is there can be seen without it"
    else:
        blocked_for(stage, NEEDED[switch])
    assert stage.run.state is State.AWAITING_REMOVAL_APPROVAL
    assert stage.run.consent
    assert list(told) == [CARL], "nothing is lost"
    stage.does("UD", c.Approve(shown=shown(stage.run)))
    stage.settle()
    blocked_for(stage, NEEDED[switch])
    assert stage.asks(Ask.WAIT_RECONFIRMATION)
    stage.setup.change(**{switch: True})
    stage.retries()
    assert stage.asks(Ask.REMOVE_PACKAGE)
    stage.presses_uninstall()
    stage.until(lambda: stage.run.state is State.DATA_COPY_WINDOW)
    assert stage.proof("removal").kind == "verified"
    assert not stage.setup.installed()


def test_a_package_that_may_not_be_seen_any_more_is_not_gone(stage: Stage) -> None:
    stage.to_removal(keep=True)
    stage.setup.change(may_uninstall=False)
    stage.does(ANNA, c.ReportUninstalled())
    stage.lives(30 * MINUTE)
    blocked_for(stage, NEEDED["may_uninstall"])
    assert not stage.happened(e.PackageRemoved)
    assert stage.proof("removal").kind == "attested"
    assert stage.setup.installed()
    stage.setup.change(may_uninstall=True)
    seen = stage.clock.now()
    stage.retries()
    assert stage.setup.uninstall(keep_copy=True)["ok"]
    stage.until(lambda: stage.run.state is State.DATA_COPY_WINDOW)
    (gone,) = stage.happened(e.PackageRemoved)
    assert gone.last_seen_at >= seen
    assert gone.deadline <= datetime.fromisoformat(stage.setup.state["copy"]["until"])


def test_the_watch_goes_on_when_a_question_was_answered_instead_of_trying_again(
    stage: Stage,
) -> None:
    """A watch that failed for want of a right must not stay dead behind an answered question."""
    stage.to_choice()
    stage.setup.change(may_uninstall=False)
    stage.lives(20 * MINUTE)
    blocked_for(stage, NEEDED["may_uninstall"])
    stage.setup.change(may_uninstall=True)
    stage.chooses(keep=True)
    assert stage.run.blocked is None
    stage.lives(20 * MINUTE)
    assert stage.setup.uninstall(keep_copy=True)["ok"]
    kept_until = datetime.fromisoformat(stage.setup.state["copy"]["until"])
    stage.lives(20 * MINUTE)
    (gone,) = stage.happened(e.PackageRemoved)
    assert gone.deadline <= kept_until
    assert kept_until - gone.deadline <= timedelta(minutes=20)


def test_without_the_metadata_right_the_search_says_so_and_the_bot_removes_nothing(
    opens: Opening,
) -> None:
    stage = opens(org={"may_use_metadata": False})
    stage.to_choice()
    assert stage.run.inventory is not None
    assert METADATA in " ".join(str(one) for one in stage.run.inventory.incomplete)
    stage.chooses(keep=False)
    stage.agrees()
    stage.does(ANNA, c.RemoveByBot())
    stage.settle()
    blocked_for(stage, METADATA)
    stage.lives(HOUR)
    assert stage.setup.deployments(check_only=True) == []
    assert stage.setup.deployments() == []
    assert stage.setup.installed()
    stage.setup.change(may_use_metadata=True)
    if stage.asks(Ask.REMOVE_PACKAGE):
        stage.does(ANNA, c.RemoveByBot())
    else:
        stage.retries()
    stage.until(lambda: stage.run.state is State.COMPLETED)
    assert len(stage.setup.deployments()) == 1
    assert stage.proof("removal").kind == "verified"


def test_the_right_is_withdrawn_between_rehearsal_and_deployment(stage: Stage) -> None:
    stage.to_removal(keep=False)
    stage.wire.at(DEPLOYS, partial(stage.setup.change, may_use_metadata=False), skip=1)
    stage.does(ANNA, c.RemoveByBot())
    stage.until(lambda: stage.run.blocked is not None)
    blocked_for(stage, METADATA)
    assert len(stage.setup.deployments(check_only=True)) == 1
    assert stage.setup.deployments() == []
    assert stage.setup.installed()
    stage.setup.change(may_use_metadata=True)
    stage.retries()
    stage.until(lambda: stage.run.state is State.COMPLETED)
    assert len(stage.setup.deployments(check_only=True)) == 1, "a rehearsal that passed counts"
    assert len(stage.setup.deployments()) == 1


def test_the_right_to_uninstall_is_withdrawn_while_it_deploys(opens: Opening) -> None:
    """Salesforce ends the deployment for it, and shows the bot no package any more."""
    stage = opens(package={"uninstall_seconds": 8})
    stage.to_removal(keep=False)
    withdraws = partial(stage.setup.change, may_uninstall=False)
    stage.wire.at(DEPLOYS, withdraws, skip=1, answered=True)
    stage.does(ANNA, c.RemoveByBot())
    stage.until(lambda: stage.run.blocked is not None)
    blocked_for(stage, NEEDED["may_uninstall"])
    stage.lives(20 * MINUTE)
    assert [row["Status"] for row in stage.setup.deployments()] == ["Failed"]
    assert stage.setup.installed()
    assert not stage.happened(e.PackageRemoved)
    stage.setup.change(may_uninstall=True)
    stage.retries()
    stage.until(lambda: bool(stage.happened(e.RemovalFailed)))
    stage.does(ANNA, c.RemoveByBot())
    stage.until(lambda: stage.run.state is State.COMPLETED)
    assert [row["Status"] for row in stage.setup.deployments()] == ["Failed", "Succeeded"]


def test_an_object_that_may_not_be_read_is_no_complete_backup(opens: Opening) -> None:
    stage = opens(org={"unreadable": ("HubSpot_Favorites__c",)})
    stage.to_choice()
    assert stage.run.inventory is not None
    (held,) = stage.run.inventory.objects
    assert (held.records, held.estimated) == (12, True)
    assert "cannot read" in stage.question
    stage.does(ANNA, c.ChooseDataCopy(keep=False))
    stage.backs_up()
    made = stage.run.current_backup
    assert made is not None
    assert (made.rows, made.hidden) == (0, 1)
    assert not stage.run.secured
    assert "*not complete*" in stage.question
    assert stage.refuses(ANNA, c.ConfirmNoCopy()) == "backup_required"
    stage.setup.change(unreadable=())
    stage.lives(MINUTE)
    stage.backs_up()
    stage.does(ANNA, c.ConfirmNoCopy())
    assert stage.run.current_backup is not None
    assert (stage.run.current_backup.rows, stage.run.current_backup.hidden) == (12, 0)
    assert stage.asks(Ask.APPROVE_REMOVAL)


def test_records_that_sharing_hides_keep_a_backup_from_counting_as_complete(
    opens: Opening,
) -> None:
    stage = opens(org={"may_view_all": False, "visible": {"HubSpot_Favorites__c": 5}})
    stage.to_choice()
    assert stage.run.inventory is not None
    (held,) = stage.run.inventory.objects
    assert (held.name, held.records, held.estimated) == (FAVORITES, 12, True)
    assert "sees 5 records" in stage.question
    stage.does(ANNA, c.ChooseDataCopy(keep=False))
    stage.backs_up()
    made = stage.run.current_backup
    assert made is not None
    assert made.rows == 5
    assert not stage.run.secured, "seven records would be lost, and nobody waived them"
