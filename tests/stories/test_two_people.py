"""Two administrators at once: the second one's press changes nothing that is under way."""

from __future__ import annotations

from tests.stories.stage import ANNA, BELA, CARL, DORA, Opening, Stage
from workflows import commands as c
from workflows import events as e
from workflows.prompts import Ask
from workflows.rules.approval import shown
from workflows.states import State
from workflows.values import Role


def test_both_start_a_backup(stage: Stage) -> None:
    stage.to_choice()
    seen = stage.run.prompt_version
    refusals: list[str] = []

    def second() -> None:
        refusals.append(stage.refuses(BELA, c.StartBackup(), seen))
        refusals.append(stage.refuses(BELA, c.StartBackup()))
        refusals.append(stage.refuses(BELA, c.ChooseDataCopy(keep=False)))

    stage.wire.at("GET .*/results", second)
    stage.does(ANNA, c.StartBackup())
    stage.until(lambda: bool(stage.happened(e.BackupVerified)))
    assert refusals == ["stale_prompt", "backup_running", "backup_running"]
    assert len(stage.happened(e.BackupStarted)) == 1
    assert stage.wire.count("POST .*/jobs/query$") == 1
    assert len(list(stage.settings.sunset_backups.iterdir())) == 1
    assert stage.refuses(BELA, c.StopBackup()) == "no_backup_running"


def test_the_second_stops_the_firsts_backup(stage: Stage) -> None:
    stage.to_choice()
    stage.wire.at("GET .*/results", lambda: stage.does(BELA, c.StopBackup()))
    stage.does(ANNA, c.StartBackup())
    stage.settle()
    assert len(stage.happened(e.BackupStopped)) == 1
    assert not stage.happened(e.BackupVerified)
    assert stage.run.current_backup is None
    assert stage.asks(Ask.CHOOSE_DATA_COPY)
    assert "does not count" in stage.told()
    assert stage.effects("failed") == []


def test_both_let_the_bot_remove_it(opens: Opening) -> None:
    stage = opens(package={"uninstall_seconds": 8})
    stage.to_removal(keep=False)
    seen = stage.run.prompt_version
    stage.does(ANNA, c.RemoveByBot())
    for version in (seen, None):
        refusal = stage.refuses(BELA, c.RemoveByBot(), version)
        assert refusal == ("stale_prompt" if version else "removal_started")
    assert stage.refuses(BELA, c.ReportUninstalled()) == "removal_started"
    assert stage.refuses(BELA, c.ReconsiderDataCopy()) == "removal_started"
    stage.until(lambda: stage.run.state is State.COMPLETED, most=120)
    assert len(stage.happened(e.BotRemovalStarted)) == 1
    assert len(stage.setup.deployments()) == len(stage.setup.deployments(check_only=True)) == 1


def test_one_presses_in_setup_while_the_bot_rehearses(opens: Opening) -> None:
    stage = opens(package={"uninstall_seconds": 8})
    stage.to_removal(keep=False)
    stage.does(ANNA, c.RemoveByBot())
    stage.until(lambda: bool(stage.setup.deployments(check_only=True)))
    assert stage.setup.uninstall(keep_copy=False)["ok"]
    stage.until(lambda: stage.run.state is State.COMPLETED, most=120)
    assert stage.proof("removal").kind == "verified"
    assert not stage.setup.installed()
    assert not [row for row in stage.setup.deployments() if row["Status"] == "Succeeded"]


def test_both_check_now(stage: Stage) -> None:
    stage.to_choice()
    before = len(stage.wire.lines)
    seen = stage.run.prompt_version
    stage.wire.at("FROM ApexClass", lambda: stage.does(BELA, c.CheckNow()))
    stage.does(ANNA, c.CheckNow())
    stage.settle()
    assert len(stage.happened(e.CheckRequested)) == 2
    assert stage.wire.count("FROM ApexClass ", before) <= 2
    assert stage.asks(Ask.CHOOSE_DATA_COPY)
    assert stage.run.blocked is None
    assert stage.effects("failed") == []
    assert len({one.digest for one in stage.happened(e.InventoryRecorded)}) == 1
    assert seen <= stage.run.prompt_version


def test_one_withdraws_while_the_other_approves(stage: Stage) -> None:
    stage.to_choice()
    stage.chooses(keep=True)
    stage.does(ANNA, c.GiveConsent())
    stage.does(CARL, c.Approve(shown=shown(stage.run)))
    stage.does(CARL, c.WithdrawApproval())
    stage.does(DORA, c.Approve(shown=shown(stage.run)))
    stage.settle()
    assert stage.asks(Ask.APPROVE_REMOVAL)
    assert list(stage.run.votes) == [DORA]
    assert "withdrawn" in stage.told(of=e.ApprovalWithdrawn)
    assert stage.refuses(CARL, c.WithdrawApproval()) == "not_approved"
    stage.does(CARL, c.Approve(shown=shown(stage.run)))
    stage.settle()
    assert stage.asks(Ask.REMOVE_PACKAGE)


def test_who_freezes_does_not_let_it_go_on(stage: Stage) -> None:
    stage.to_choice()
    stage.does(ANNA, c.Freeze(reason="Something is odd"))
    stage.does(BELA, c.HandOver(to=BELA, to_roles=frozenset(Role)))
    assert stage.refuses(ANNA, c.Unfreeze()) == "own_freeze"
    assert stage.refuses(BELA, c.Freeze()) == "frozen"
    stage.settle()
    assert stage.run.frozen_by == ANNA
    assert "second person" in stage.told(of=e.Frozen)
    stage.does(CARL, c.Unfreeze())
    stage.settle()
    assert not stage.run.frozen
    assert stage.run.responsible == BELA
