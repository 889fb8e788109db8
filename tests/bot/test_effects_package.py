"""The package: what counts as gone, and since when."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.effects.package import STALLED_AFTER
from tests.bot.rig import Rig
from tests.workflows import journeys, samples
from tests.workflows.driver import Conversation
from workflows import commands as c
from workflows import events as e
from workflows.effects import Effect
from workflows.prompts import Ask, prompt
from workflows.states import State
from workflows.values import Inventory

POLL = timedelta(minutes=1)


@pytest.fixture
def reported(rig: Rig) -> Rig:
    """Somebody says that Uninstall was pressed; the package is still there."""
    rig.adopt(journeys.to_uninstall_reported())
    rig.settle()
    return rig


def gone(rig: Rig) -> Callable[[], bool]:
    return lambda: bool(rig.happened(e.PackageRemoved))


def removal(rig: Rig) -> e.PackageRemoved:
    (event,) = rig.happened(e.PackageRemoved)
    assert isinstance(event, e.PackageRemoved)
    return event


# --- gone ----------------------------------------------------------------------------------------


def test_the_time_counts_from_the_last_reading_that_saw_it(reported: Rig) -> None:
    seen: list[datetime] = [reported.clock.now()]
    for _ in range(3):
        reported.advance(POLL)
        seen.append(reported.clock.now())
    reported.salesforce.installed = None
    reported.until(gone(reported))
    event = removal(reported)
    assert event.last_seen_at in seen
    assert event.last_seen_at >= seen[-1] - POLL
    assert event.deadline == event.last_seen_at + timedelta(hours=48)
    assert reported.run.state is State.DATA_COPY_WINDOW
    proof = reported.run.evidence["removal"]
    assert (proof.kind, proof.reading) == ("verified", event.reading)


def test_a_slow_answer_does_not_move_the_deadline(
    reported: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time is taken before the reading: what it saw may be older than its answer."""
    installed_package = reported.salesforce.installed_package
    asked: list[datetime] = []

    def slow() -> object:
        asked.append(reported.clock.now())
        found = installed_package()
        reported.clock.time += timedelta(seconds=40)
        return found

    monkeypatch.setattr(reported.salesforce, "installed_package", slow)
    reported.advance(POLL)
    last = asked[-1]
    reported.salesforce.installed = None
    reported.until(gone(reported))
    assert removal(reported).last_seen_at == last


def test_one_absent_reading_is_not_enough(reported: Rig) -> None:
    package = reported.salesforce.installed
    reported.salesforce.installed = None
    reported.advance(POLL)
    assert not gone(reported)()
    reported.salesforce.installed = package
    reported.advance(POLL)
    later = reported.clock.now()
    reported.advance(POLL)
    reported.salesforce.installed = None
    reported.until(gone(reported))
    assert removal(reported).last_seen_at >= later


@pytest.mark.parametrize("applied", [False, True], ids=["before", "after"])
def test_killed_between_the_readings(reported: Rig, applied: bool) -> None:
    seen = reported.clock.now()
    reported.salesforce.installed = None
    reported.salesforce.kill("installed_package", after=1, applied=applied)
    reported.until(lambda: reported.death.happened)
    reported.move(timedelta(hours=3))
    reported.restart()
    reported.until(gone(reported))
    assert removal(reported).last_seen_at <= seen


def test_never_seen_by_this_watch_counts_from_the_inventory(rig: Rig) -> None:
    talk = journeys.to_uninstall_reported()
    taken = talk.run.evidence["inventory"].at
    rig.salesforce.installed = None
    rig.adopt(talk)
    rig.until(gone(rig))
    assert removal(rig).last_seen_at >= taken
    assert removal(rig).last_seen_at <= rig.clock.now()


def test_a_vendor_that_is_away_does_not_count_as_absent(reported: Rig) -> None:
    reported.salesforce.fail("installed_package", times=5)
    for _ in range(6):
        reported.advance(timedelta(minutes=2))
    assert not gone(reported)()
    assert [one.code for one in reported.happened(e.Blocked)] == ["salesforce_unavailable"]
    assert reported.happened(e.Recovered), "it says that it goes on"
    assert reported.run.blocked is None
    last = reported.clock.now()
    reported.advance(POLL)
    reported.salesforce.installed = None
    reported.until(gone(reported))
    assert removal(reported).last_seen_at >= last
    assert reported.run.blocked is None


def test_check_now_looks_now(reported: Rig) -> None:
    before = reported.salesforce.count("installed_package")
    reported.does("UA", c.CheckNow())
    reported.settle()
    assert reported.salesforce.count("installed_package") == before + 1
    assert len(reported.effects("pending")) == 1


def test_a_package_that_stays_after_uninstall_was_pressed(reported: Rig) -> None:
    reported.salesforce.installed = samples.inventory(blockers=(samples.BLOCKER,))
    reported.advance(STALLED_AFTER)
    (stalled,) = reported.happened(e.RemovalStalled)
    assert stalled.blockers == (samples.BLOCKER,)
    assert reported.run.state is State.REMOVING_PACKAGE
    reported.advance(STALLED_AFTER)
    assert len(reported.happened(e.RemovalStalled)) == 1
    reported.does("UA", c.ReportUninstalled())
    reported.salesforce.installed = None
    reported.until(gone(reported))


# --- while nobody presses anything --------------------------------------------------------------


def looks(rig: Rig, hours: int) -> int:
    """Count the looks at the package in so many hours."""
    before = rig.salesforce.count("installed_package")
    end = rig.clock.now() + timedelta(hours=hours)
    rig.until(lambda: rig.clock.now() >= end, most=500)
    return rig.salesforce.count("installed_package") - before


@pytest.mark.parametrize(
    "journey", [journeys.to_data_copy_choice, journeys.to_removal_approval], ids=["choice", "gate"]
)
def test_removed_by_somebody_else_meanwhile(rig: Rig, journey: Callable[[], Conversation]) -> None:
    """The 48 hours run, whether the bot was asked or not: it looks by itself."""
    rig.adopt(journey(), work=False)
    rig.ask(Effect(kind="watch_package", key="watch_package", lane="job"))
    rig.advance(timedelta(minutes=20))
    last = rig.clock.now()
    rig.salesforce.installed = None
    rig.until(gone(rig))
    assert last - timedelta(minutes=16) <= removal(rig).last_seen_at <= last
    assert rig.run.state is State.DATA_COPY_WINDOW
    assert rig.run.missing_at is not None
    assert rig.clock.now() - last < timedelta(minutes=17)


def test_the_watch_begins_with_the_inventory(rig: Rig) -> None:
    rig.adopt(journeys.to_inventory_pending())
    rig.settle()
    assert "watch_package" in [key for key, *_ in rig.effects("pending")]
    rig.does("UA", c.ChooseDataCopy(keep=True))
    rig.advance(timedelta(hours=2))
    rig.salesforce.installed = None
    rig.until(gone(rig))


def test_the_looks_are_rare_while_nobody_is_to_press_anything(rig: Rig) -> None:
    rig.adopt(journeys.to_inventory_pending())
    rig.settle()
    assert 22 <= looks(rig, hours=6) <= 26


def test_the_looks_get_rarer_while_nobody_presses(rig: Rig) -> None:
    rig.adopt(journeys.to_removing())
    rig.settle()
    first, second = looks(rig, hours=1), looks(rig, hours=1)
    assert 55 <= first <= 65
    assert 10 <= second <= 14


def test_a_long_interval_is_never_shortened(tmp_path: Path) -> None:
    rig = Rig(tmp_path, sunset_poll_interval=timedelta(hours=1))
    try:
        rig.adopt(journeys.to_removing())
        rig.settle()
        assert looks(rig, hours=5) <= 6
    finally:
        rig.stop()


def test_reconsidered_after_it_seemed_to_have_failed(reported: Rig) -> None:
    """What was pressed may still come: somebody who goes back to the choice is told."""
    reported.advance(STALLED_AFTER)
    assert reported.happened(e.RemovalStalled)
    reported.does("UA", c.ReconsiderDataCopy())
    reported.advance(timedelta(hours=1))
    assert prompt(reported.run).ask is Ask.CHOOSE_DATA_COPY
    reported.salesforce.installed = None
    reported.until(gone(reported))
    assert reported.run.state is State.DATA_COPY_WINDOW


def test_a_removal_noticed_late_leaves_the_run_open_until_the_copy_is_surely_gone(
    reported: Rig,
) -> None:
    seen = reported.clock.now()
    reported.salesforce.installed = None
    reported.move(timedelta(hours=60))  # the bot was down all the time
    reported.tick()
    reported.until(gone(reported))
    assert removal(reported).deadline == seen + timedelta(hours=48)
    assert not reported.happened(e.WindowEnded), "the copy may still be there"
    reported.advance(timedelta(hours=47))
    assert not reported.happened(e.WindowEnded)
    reported.advance(timedelta(hours=2))
    assert reported.happened(e.WindowEnded)
    assert not reported.happened(e.RemindersMissed), "nothing was missed: nobody knew of it"


def test_another_org_proves_nothing(reported: Rig) -> None:
    """Somebody connects the bot to an org that never had the package."""
    reported.salesforce.installed = None
    reported.package_data.org_id = "00D000000000009AAA"
    reported.until(lambda: bool(reported.happened(e.Blocked)))
    assert [one.code for one in reported.happened(e.Blocked)] == ["salesforce_other_org"]
    assert not gone(reported)()
    reported.package_data.org_id = samples.inventory().org_id
    reported.does("UA", c.Retry())
    reported.until(gone(reported))


def test_a_clock_that_was_ahead_does_not_move_the_deadline_behind_the_absence(
    reported: Rig,
) -> None:
    true = reported.clock.now()
    reported.clock.time += timedelta(days=1)
    reported.does("UA", c.CheckNow())
    reported.settle()
    reported.clock.time = true
    reported.salesforce.installed = None
    reported.does("UA", c.CheckNow())
    reported.until(gone(reported))
    deadline = removal(reported).deadline
    assert deadline is not None
    assert deadline <= true + timedelta(hours=48, minutes=1)


def test_uninstalled_by_somebody_else_before_no_copy_was_approved(rig: Rig) -> None:
    """They may have saved a copy: nobody had approved to do without."""
    rig.adopt(journeys.to_removal_approval_without_copy(), work=False)
    rig.ask(Effect(kind="watch_package", key="watch_package", lane="job"))
    rig.salesforce.installed = None
    rig.until(gone(rig))
    assert rig.run.state is State.DATA_COPY_WINDOW
    assert removal(rig).deadline is not None
    assert "download" not in rig.run.evidence


# --- the inventory -------------------------------------------------------------------------------


def test_nothing_was_ever_installed(rig: Rig) -> None:
    talk = journeys.to_planning()
    plan = samples.plan(talk.now, owners=())
    talk.bot.does(c.RecordPlan(plan=plan.model_copy(update={"inventory": None})))
    talk.carl.approves()
    talk.dora.approves()
    talk.anna.reports_the_disconnect()
    talk.bot.finds_the_sync_quiet()
    talk.bot.counts(())
    rig.salesforce.installed = None
    rig.adopt(talk)
    rig.settle()
    assert rig.run.state is State.COMPLETED
    assert rig.run.evidence["removal"].kind == "verified"


def test_the_inventory_is_taken_and_reconfirmed(rig: Rig) -> None:
    rig.adopt(journeys.to_reconfirmation())
    rig.settle()
    assert rig.happened(e.InventoryReconfirmed)
    assert rig.run.reconfirmed


def test_another_package_than_was_approved_is_asked_again(rig: Rig) -> None:
    rig.salesforce.installed = samples.inventory("Hub", "Sync", "New")
    rig.adopt(journeys.to_reconfirmation())
    rig.settle()
    (changed,) = rig.happened(e.InventoryChanged)
    assert changed.added == ("ApexClass New",)
    assert rig.run.state is State.AWAITING_REMOVAL_APPROVAL


def test_a_package_that_vanished_before_anything_was_pressed(rig: Rig) -> None:
    talk = journeys.to_reconfirmation()
    taken = talk.run.evidence["inventory"].at
    rig.salesforce.installed = None
    rig.adopt(talk)
    rig.settle()
    assert not gone(rig)(), "one reading is no proof"
    rig.until(gone(rig))
    assert removal(rig).last_seen_at == taken
    assert rig.run.deadline == taken + timedelta(hours=48)


def test_blocked_and_retried(rig: Rig) -> None:
    rig.salesforce.fail("inventory", code="salesforce_forbidden", retryable=False)
    rig.adopt(journeys.to_inventory_pending())
    rig.settle()
    assert [block.code for block in rig.happened(e.Blocked)] == ["salesforce_forbidden"]
    rig.does("UA", c.Retry())
    rig.settle()
    assert rig.run.blocked is None
    assert rig.run.inventory == rig.salesforce.installed


def test_a_reading_says_what_was_there(rig: Rig) -> None:
    rig.adopt(journeys.to_inventory_pending())
    rig.settle()
    proof = rig.run.evidence["inventory"]
    assert proof.reading is not None
    assert str(proof.reading.says) == "HubSpot Integration 1.148: 2 components, 1 objects"
    assert proof.reading.at == rig.clock.now()
    assert isinstance(rig.run.inventory, Inventory)
