"""The package: what counts as gone, since when, and what the bot removes by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal

import pytest

from bot.effects.package import DEPLOY_PAUSE, STALLED_AFTER
from bot.ports import Removal
from tests.bot.rig import Rig
from tests.workflows import journeys, samples
from workflows import commands as c
from workflows import events as e
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


# --- the bot removes it --------------------------------------------------------------------------


@pytest.fixture
def removing(rig: Rig) -> Rig:
    """No copy is kept, a backup exists, and everything is approved."""
    rig.adopt(journeys.to_removing_without_copy())
    rig.settle()
    return rig


def test_the_bot_removes_it(removing: Rig) -> None:
    removing.does("UA", c.RemoveByBot())
    removing.until(lambda: removing.run.state is State.COMPLETED)
    assert len(removing.salesforce.deployments) == 1
    assert removal(removing).deadline is None
    assert removing.run.evidence["removal"].kind == "verified"


@pytest.mark.parametrize("applied", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("call", ["inventory", "find_removal", "start_removal", "removal"])
def test_it_is_deployed_once_across_a_kill(removing: Rig, call: str, applied: bool) -> None:
    removing.salesforce.kill(call, applied=applied)
    removing.does("UA", c.RemoveByBot())
    removing.until(lambda: removing.death.happened)
    removing.move(timedelta(minutes=3))
    removing.restart()
    removing.until(lambda: removing.run.state is State.COMPLETED)
    assert len(removing.salesforce.deployments) == 1


@pytest.mark.parametrize("applied", [False, True], ids=["before", "after"])
def test_a_lost_reply_is_looked_up(removing: Rig, applied: bool) -> None:
    removing.salesforce.fail("start_removal", applied=applied, unknown=True)
    removing.does("UA", c.RemoveByBot())
    removing.until(lambda: removing.run.state is State.COMPLETED)
    assert len(removing.salesforce.deployments) == 1
    assert removing.salesforce.count("start_removal") == (1 if applied else 2)


def test_a_package_that_changed_before_the_deployment_is_asked_again(removing: Rig) -> None:
    removing.salesforce.installed = samples.inventory(objects={"HubSpot__Log__c": 13})
    removing.does("UA", c.RemoveByBot())
    removing.until(lambda: removing.happened(e.InventoryChanged))
    removing.advance(timedelta(minutes=5))
    assert removing.run.state is State.AWAITING_REMOVAL_APPROVAL
    assert removing.salesforce.deployments == []
    assert "removal" not in removing.run.passed


def test_a_refused_removal_changes_nothing_and_can_be_tried_again(removing: Rig) -> None:
    removing.salesforce.problems = (samples.BLOCKER,)
    removing.does("UA", c.RemoveByBot())
    removing.until(lambda: removing.happened(e.RemovalFailed))
    (failed,) = removing.happened(e.RemovalFailed)
    assert (failed.problems, failed.reference) == ((samples.BLOCKER,), "0Af1")
    assert not removing.run.bot_removing
    removing.advance(timedelta(minutes=2))
    removing.salesforce.problems = ()
    removing.does("UA", c.RemoveByBot())
    removing.until(lambda: removing.run.state is State.COMPLETED)
    assert [one.id for _, one in removing.salesforce.deployments] == ["0Af1", "0Af2"]


def test_a_running_removal_is_followed(removing: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    states: Iterator[Literal["running", "succeeded"]]
    states = iter(["running", "running", "succeeded"])
    follow = removing.salesforce.removal

    def slowly(deployment_id: str) -> Removal:
        return replace(follow(deployment_id), state=next(states))

    monkeypatch.setattr(removing.salesforce, "removal", slowly)
    removing.does("UA", c.RemoveByBot())
    start = removing.wall()
    removing.until(lambda: next(states, None) is None)
    assert removing.wall() - start >= 2 * DEPLOY_PAUSE


def test_a_removal_that_shows_late_is_not_deployed_again(
    removing: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Salesforce says that it succeeded, and lists the package for a moment longer."""
    package = removing.salesforce.installed
    start = removing.salesforce.start_removal

    def slow() -> str:
        name = start()
        removing.salesforce.installed = package
        return name

    monkeypatch.setattr(removing.salesforce, "start_removal", slow)
    removing.does("UA", c.RemoveByBot())
    removing.until(lambda: removing.salesforce.deployments)
    removing.advance(timedelta(seconds=20))
    removing.advance(timedelta(seconds=20))
    assert len(removing.salesforce.deployments) == 1
    removing.salesforce.installed = None
    removing.until(lambda: removing.run.state is State.COMPLETED)
    assert len(removing.salesforce.deployments) == 1


def test_while_frozen_nothing_is_deployed(removing: Rig) -> None:
    removing.stop()
    removing.start()
    removing.salesforce.fail("inventory", times=1)
    removing.does("UA", c.RemoveByBot())
    removing.settle()
    removing.does("UA", c.Freeze())
    removing.advance(timedelta(hours=1))
    assert removing.salesforce.deployments == []
    removing.does("UA", c.Unfreeze())
    removing.until(lambda: removing.run.state is State.COMPLETED)


def test_a_reading_says_what_was_there(rig: Rig) -> None:
    rig.adopt(journeys.to_inventory_pending())
    rig.settle()
    proof = rig.run.evidence["inventory"]
    assert proof.reading is not None
    assert str(proof.reading.says) == "HubSpot Integration 1.148: 2 components, 1 objects"
    assert proof.reading.at == rig.clock.now()
    assert isinstance(rig.run.inventory, Inventory)
