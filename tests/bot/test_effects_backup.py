"""The backup within a run: made once, gone on with, stopped, and held against what came later."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from bot.backup.values import BackupResult
from bot.backup.verify import verify
from bot.effects import backup as effect
from tests.bot.package_data import NAMESPACE
from tests.bot.rig import Rig
from tests.workflows import journeys, samples
from workflows import commands as c
from workflows import events as e
from workflows.errors import Refused
from workflows.prompts import Ask, prompt
from workflows.rules.approval import shown
from workflows.states import State
from workflows.values import CustomObject, Inventory

MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _looks_all_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(effect, "LOOK_EVERY", 0.0)


@pytest.fixture
def choosing(rig: Rig) -> Rig:
    """The package is listed; nothing is chosen yet."""
    rig.adopt(journeys.to_data_copy_choice())
    rig.settle()
    return rig


def verified(rig: Rig) -> e.BackupVerified:
    (event,) = rig.happened(e.BackupVerified)
    assert isinstance(event, e.BackupVerified)
    return event


def done(rig: Rig) -> bool:
    return bool(rig.happened(e.BackupVerified))


def directories(rig: Rig) -> list[Path]:
    return sorted(rig.settings.sunset_backups.iterdir())


def stopping_at_read(rig: Rig, doing: c.Action) -> None:
    """Let Anna do something while the first page is on its way."""
    data = rig.package_data

    def act() -> None:
        data.on_read = lambda: None
        rig.does("UA", doing)

    data.on_read = act


def test_it_is_made_verified_and_recorded(choosing: Rig) -> None:
    choosing.does("UA", c.StartBackup())
    choosing.until(lambda: done(choosing))
    made = verified(choosing).backup
    (directory,) = directories(choosing)
    assert made.directory == str(directory)
    assert (made.files, made.rows, made.gap_count, made.hidden) == (1, 3, 0, 0)
    assert verify(directory, made.manifest_sha256) == []
    assert directory.stat().st_mode & 0o077 == 0
    assert choosing.run.current_backup == made
    assert choosing.run.evidence["backup"].kind == "verified"
    assert choosing.package_data.forgotten == list(choosing.package_data.jobs)


def test_its_progress_is_kept(choosing: Rig) -> None:
    choosing.does("UA", c.StartBackup())
    choosing.until(lambda: done(choosing))
    told = choosing.store.progress("R1")
    assert told is not None
    assert (told.phase, told.job, told.parts) == ("backing_up", 1, 1)


@pytest.mark.parametrize("why", ["killed", "stopped", "restarted"])
def test_it_goes_on_in_the_same_directory(choosing: Rig, why: str) -> None:
    data = choosing.package_data
    data.running = True
    choosing.does("UA", c.StartBackup())
    while not data.jobs:
        choosing.worker.wake()
    if why == "killed":
        choosing.death.happened = True
    choosing.move(timedelta(hours=2))
    data.running = False
    choosing.restart()
    choosing.until(lambda: done(choosing))
    assert len(directories(choosing)) == 1
    assert len(data.jobs) == 1, "the same query job is gone on with"
    assert verify(directories(choosing)[0], verified(choosing).backup.manifest_sha256) == []


def test_killed_after_it_was_finished_and_before_that_was_recorded(
    choosing: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = effect.summary

    def killed_then(result: BackupResult, inventory: Inventory | None) -> object:
        monkeypatch.setattr(effect, "summary", made)
        choosing.death.happened = True
        return made(result, inventory)

    monkeypatch.setattr(effect, "summary", killed_then)
    choosing.does("UA", c.StartBackup())
    choosing.settle()
    assert choosing.death.happened
    choosing.restart()
    choosing.until(lambda: done(choosing))
    assert len(choosing.package_data.jobs) == 1, "it was only verified again"
    assert len(directories(choosing)) == 1


def test_stopped_by_a_person(choosing: Rig) -> None:
    stopping_at_read(choosing, c.StopBackup())
    choosing.does("UA", c.StartBackup())
    choosing.settle()
    choosing.advance(MINUTE)
    assert choosing.happened(e.BackupStopped)
    assert not done(choosing)
    assert prompt(choosing.run).ask is Ask.CHOOSE_DATA_COPY
    assert choosing.effects("failed") == []
    # Another one begins anew, beside it.
    choosing.advance(MINUTE)
    choosing.does("UA", c.StartBackup())
    choosing.until(lambda: done(choosing))
    assert verified(choosing).number == 2
    assert len(directories(choosing)) == 2
    assert verified(choosing).backup.directory == str(directories(choosing)[1])


def test_frozen_it_waits(choosing: Rig) -> None:
    stopping_at_read(choosing, c.Freeze())
    choosing.does("UA", c.StartBackup())
    choosing.settle()
    choosing.advance(timedelta(hours=1))
    assert not done(choosing)
    choosing.does("UC", c.Unfreeze())
    choosing.until(lambda: done(choosing))
    assert len(directories(choosing)) == 1


def test_cancelled_it_ends(choosing: Rig) -> None:
    stopping_at_read(choosing, c.Cancel())
    choosing.does("UA", c.StartBackup())
    choosing.settle()
    choosing.advance(MINUTE)
    assert choosing.run.state is State.CANCELLED
    assert not done(choosing)
    assert [key for key, *_ in choosing.effects("pending") if key.startswith("back_up")] == []


def test_a_vendor_that_is_away_is_waited_for(choosing: Rig) -> None:
    choosing.package_data.failures.extend(["salesforce_unavailable"] * 2)
    choosing.does("UA", c.StartBackup())
    choosing.until(lambda: done(choosing))
    assert len(directories(choosing)) == 1


def test_what_cannot_be_mended_by_waiting_blocks_and_can_be_stopped(choosing: Rig) -> None:
    choosing.package_data.version = ""
    choosing.does("UA", c.StartBackup())
    choosing.settle()
    assert [one.code for one in choosing.happened(e.Blocked)] == ["backup_package_missing"]
    choosing.does("UA", c.StopBackup())
    choosing.settle()
    assert choosing.run.blocked is None
    assert prompt(choosing.run).ask is Ask.CHOOSE_DATA_COPY


def test_tried_again_it_goes_on(choosing: Rig) -> None:
    choosing.package_data.version = ""
    choosing.does("UA", c.StartBackup())
    choosing.settle()
    choosing.package_data.version = "3.0"
    choosing.does("UA", c.Retry())
    choosing.until(lambda: done(choosing))
    assert verified(choosing).number == 1


def test_a_disk_that_refuses_says_so(choosing: Rig) -> None:
    choosing.settings.sunset_backups.write_text("a file is in the way")
    choosing.does("UA", c.StartBackup())
    choosing.settle()
    assert choosing.run.blocked is not None
    assert choosing.run.blocked.code == "backup_not_writable"
    assert str(choosing.settings.sunset_backups) in str(choosing.run.blocked.problem)


def test_what_is_hidden_is_told_first_and_needs_a_waiver(choosing: Rig) -> None:
    choosing.package_data.hidden_fields = tuple(f"{NAMESPACE}__Secret{n}" for n in range(30))
    choosing.does("UA", c.StartBackup())
    choosing.until(lambda: done(choosing))
    made = verified(choosing).backup
    assert (made.hidden, made.gap_count, len(made.gaps)) == (30, 30, effect.GAPS_TOLD)
    assert not choosing.run.secured
    manifest = json.loads((Path(made.directory) / "manifest.json").read_text())
    assert len(manifest["gaps"]) == 30


@pytest.mark.parametrize("seen", [(500, True), (None, False)], ids=["estimate", "unknown"])
def test_records_that_sharing_hides_are_not_called_backed_up(
    rig: Rig, seen: tuple[int | None, bool]
) -> None:
    """The fresh count is made by the same user, and sees no more than the backup did."""
    records, estimated = seen
    item = CustomObject(name="Hub__Intel__c", records=records, estimated=estimated)
    rig.salesforce.installed = samples.inventory().model_copy(update={"objects": (item,)})
    rig.adopt(journeys.to_inventory_pending())
    rig.settle()
    rig.does("UA", c.StartBackup())
    rig.until(lambda: done(rig))
    assert verified(rig).backup.hidden == 1
    assert "Hub__Intel__c" in str(verified(rig).backup.gaps[0])
    rig.does("UA", c.ChooseDataCopy(keep=False))
    assert not rig.run.secured
    with pytest.raises(Refused, match="backup"):
        rig.does("UA", c.ConfirmNoCopy())


# --- right before the package goes ---------------------------------------------------------------


def without_copy(rig: Rig) -> Rig:
    """A backup is made, no copy is wanted, and the approvers have agreed."""
    rig.adopt(journeys.to_data_copy_choice())
    rig.settle()
    rig.advance(MINUTE)
    rig.does("UA", c.StartBackup())
    rig.until(lambda: done(rig))
    rig.does("UA", c.ChooseDataCopy(keep=False))
    rig.does("UA", c.ConfirmNoCopy())
    rig.does("UA", c.GiveConsent())
    rig.does("UC", c.Approve(shown=shown(rig.run)))
    return rig


def test_nothing_written_since_it_goes_on(rig: Rig) -> None:
    without_copy(rig).does("UD", c.Approve(shown=shown(rig.run)))
    rig.settle()
    assert rig.run.reconfirmed
    assert not rig.happened(e.BackupOutdated)


def test_records_written_since_ask_for_another_backup(rig: Rig) -> None:
    without_copy(rig)
    rig.advance(timedelta(hours=1))
    rig.package_data.written = [rig.clock.now()] * 2
    rig.does("UD", c.Approve(shown=shown(rig.run)))
    rig.settle()
    (outdated,) = rig.happened(e.BackupOutdated)
    assert outdated.changed == 2
    assert prompt(rig.run).ask is Ask.CONFIRM_NO_COPY
    assert not rig.run.secured
    rig.advance(MINUTE)
    rig.does("UA", c.StartBackup())
    rig.until(lambda: len(rig.happened(e.BackupVerified)) == 2)
    assert rig.run.secured


def test_what_cannot_be_counted_then_holds_up_the_removal(rig: Rig) -> None:
    without_copy(rig)
    rig.package_data.failures.extend(["salesforce_unavailable"] * 3)
    rig.does("UD", c.Approve(shown=shown(rig.run)))
    rig.settle()
    assert not rig.run.reconfirmed
    rig.until(lambda: rig.run.reconfirmed)


def test_with_a_copy_kept_nobody_asks(rig: Rig) -> None:
    rig.package_data.written = [rig.clock.now() + timedelta(days=1)]
    rig.adopt(journeys.to_reconfirmation())
    rig.settle()
    assert rig.run.reconfirmed
