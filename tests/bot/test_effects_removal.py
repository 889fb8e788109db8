"""The bot removes the package: rehearsed, deployed once, followed to its end."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.effects.removal import FRESH, Course
from bot.effects.removal import Removal as RemovalWork
from bot.effects.telling import SAVE_EVERY, SHOW_EVERY, Telling
from bot.ports import Removal
from bot.store.base import QueuedEffect
from bot.worker import Again
from handlers.ports import Progress
from tests.bot.removals import (
    SHORT,
    ends,
    no_rehearsal,
    passes,
    ready,
    rehearsed,
    starts,
)
from tests.bot.rig import Rig
from tests.workflows import journeys, samples
from workflows import commands as c
from workflows import events as e
from workflows.effects import Effect
from workflows.states import State


@pytest.fixture
def removing(rig: Rig) -> Rig:
    rig.adopt(ready())
    rig.settle()
    return rig


# --- how it goes ---------------------------------------------------------------------------------


def test_it_is_rehearsed_then_deployed(removing: Rig) -> None:
    starts(removing)
    ends(removing)
    salesforce = removing.salesforce
    assert [one.id for _, one in salesforce.rehearsals] == ["0AfR1"]
    assert [one.id for _, one in salesforce.deployments] == ["0Af1"]
    event = rehearsed(removing)
    assert (event.outcome, event.reference, event.attempt) == ("passed", "0AfR1", 1)
    (gone,) = removing.happened(e.PackageRemoved)
    assert gone.deadline is None
    assert removing.run.evidence["removal"].kind == "verified"


def test_nothing_is_deployed_while_the_rehearsal_runs(removing: Rig) -> None:
    removing.salesforce.lasting = True
    starts(removing)
    passes(removing, timedelta(minutes=5), timedelta(seconds=30))
    assert len(removing.salesforce.rehearsals) == 1
    assert removing.salesforce.deployments == []
    assert not removing.happened(e.RemovalRehearsed)
    removing.salesforce.finish()
    removing.until(lambda: removing.salesforce.deployments)
    removing.salesforce.finish()
    ends(removing)


def test_a_failed_rehearsal_deploys_nothing_and_can_be_tried_again(removing: Rig) -> None:
    removing.salesforce.rehearsal_problems = (samples.BLOCKER,)
    starts(removing)
    removing.until(lambda: removing.happened(e.RemovalFailed))
    (failed,) = removing.happened(e.RemovalFailed)
    assert (failed.problems, failed.reference) == ((samples.BLOCKER,), "0AfR1")
    assert failed.rehearsal
    assert not removing.run.bot_removing
    passes(removing, timedelta(minutes=2))
    assert removing.salesforce.deployments == []
    removing.salesforce.rehearsal_problems = ()
    starts(removing)
    ends(removing)
    assert [one.id for _, one in removing.salesforce.rehearsals] == ["0AfR1", "0AfR2"]
    assert len(removing.salesforce.deployments) == 1


def test_a_refused_removal_changes_nothing_and_can_be_tried_again(removing: Rig) -> None:
    removing.salesforce.problems = (samples.BLOCKER,)
    for attempt in (1, 2):
        starts(removing)
        removing.until(lambda: len(removing.happened(e.RemovalFailed)) == attempt)  # noqa: B023
        failed = removing.happened(e.RemovalFailed)[-1]
        assert (failed.problems, failed.reference) == ((samples.BLOCKER,), f"0Af{attempt}")
        assert not failed.rehearsal
        assert not removing.run.bot_removing
    removing.salesforce.problems = ()
    starts(removing)
    ends(removing)
    assert [one.id for _, one in removing.salesforce.deployments] == ["0Af1", "0Af2", "0Af3"]
    assert len(removing.happened(e.RemovalRehearsed)) == 3


def test_an_org_that_refuses_the_rehearsal(removing: Rig) -> None:
    removing.salesforce.raises("start_removal", no_rehearsal())
    starts(removing)
    ends(removing)
    event = rehearsed(removing)
    assert (event.outcome, event.why, event.reference) == ("not_possible", "NOPE: no", "")
    assert removing.salesforce.rehearsals == []
    assert len(removing.salesforce.deployments) == 1


def test_an_org_that_ends_the_rehearsal_so(removing: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    removing.salesforce.rehearsal_problems = (samples.BLOCKER,)
    follow = removing.salesforce.removal

    def told(deployment_id: str) -> Removal:
        found = follow(deployment_id)
        return replace(found, impossible="no check-only") if found.rehearsal else found

    monkeypatch.setattr(removing.salesforce, "removal", told)
    starts(removing)
    ends(removing)
    event = rehearsed(removing)
    assert (event.outcome, event.why) == ("not_possible", "no check-only")
    assert event.reference == "0AfR1"
    assert len(removing.salesforce.deployments) == 1


def test_a_right_that_is_missing_is_told_and_nothing_is_deployed(removing: Rig) -> None:
    removing.salesforce.fail("start_removal", code="salesforce_forbidden", missing="Modify")
    starts(removing)
    removing.settle()
    assert [block.code for block in removing.happened(e.Blocked)] == ["salesforce_forbidden"]
    assert removing.salesforce.deployments == []
    removing.does("UA", c.Retry())
    ends(removing)
    assert len(removing.salesforce.deployments) == 1


def test_a_rehearsal_that_passed_is_not_repeated_after_a_block(removing: Rig) -> None:
    salesforce = removing.salesforce
    salesforce.fail("start_removal", after=1, code="salesforce_forbidden", missing="Modify")
    starts(removing)
    removing.until(lambda: removing.run.blocked is not None)
    removing.does("UA", c.Retry())
    ends(removing)
    assert (len(salesforce.rehearsals), len(salesforce.deployments)) == (1, 1)


# --- what changes meanwhile ----------------------------------------------------------------------


def test_a_short_rehearsal_needs_no_second_comparison(removing: Rig) -> None:
    before = removing.salesforce.count("inventory")
    starts(removing)
    ends(removing)
    assert removing.salesforce.count("inventory") == before + 1


def lasting_rehearsal(rig: Rig, time: timedelta = 2 * FRESH) -> None:
    """Begin, and let the rehearsal last so long; then it passes."""
    rig.salesforce.lasting = True
    starts(rig)
    passes(rig, time)
    rig.salesforce.lasting = False


def test_after_a_long_rehearsal_the_package_is_compared_again(removing: Rig) -> None:
    before = removing.salesforce.count("inventory")
    lasting_rehearsal(removing)
    assert removing.salesforce.count("inventory") == before + 1
    removing.salesforce.finish()
    ends(removing)
    assert removing.salesforce.count("inventory") == before + 2


def test_a_package_that_changed_before_the_rehearsal(removing: Rig) -> None:
    removing.salesforce.installed = samples.inventory(objects={"HubSpot__Log__c": 13})
    starts(removing)
    removing.until(lambda: removing.happened(e.InventoryChanged))
    passes(removing, timedelta(minutes=5), timedelta(minutes=1))
    assert removing.salesforce.rehearsals == removing.salesforce.deployments == []
    assert "removal" not in removing.run.passed


def test_records_that_were_written_after_the_backup_keep_the_package(rig: Rig) -> None:
    rig.adopt(journeys.to_removing_without_copy())
    rig.settle()
    starts(rig)
    rig.package_data.written.append(rig.clock.now())
    passes(rig, timedelta(minutes=3), timedelta(seconds=30))
    assert rig.salesforce.deployments == []


def test_a_package_that_changed_during_the_rehearsal(removing: Rig) -> None:
    lasting_rehearsal(removing)
    removing.salesforce.installed = samples.inventory(objects={"HubSpot__Log__c": 13})
    removing.salesforce.finish()
    removing.until(lambda: removing.happened(e.InventoryChanged))
    passes(removing, timedelta(minutes=5), timedelta(minutes=1))
    assert removing.salesforce.deployments == []
    assert "removal" not in removing.run.passed


def test_a_change_that_something_else_noticed(removing: Rig) -> None:
    """The approvals lapse while the rehearsal runs: its end finds nobody who wants the removal."""
    lasting_rehearsal(removing, SHORT)
    found = samples.inventory("Hub", "Sync", "New")
    reading = (
        journeys.to_planning().bot.reads("read").model_copy(update={"at": removing.clock.now()})
    )
    removing.finds(c.RecordInventory(inventory=found, reading=reading))
    assert removing.happened(e.InventoryChanged)
    removing.salesforce.finish()
    passes(removing, timedelta(minutes=1))
    assert removing.salesforce.deployments == []


@pytest.mark.parametrize("time", [SHORT, 2 * FRESH])
def test_a_package_that_somebody_else_removed_meanwhile(removing: Rig, time: timedelta) -> None:
    lasting_rehearsal(removing, time)
    removing.salesforce.finish()
    removing.salesforce.installed = None
    # Where the comparison is fresh it may still be deployed: it finds nothing and fails.
    removing.salesforce.problems = (samples.BLOCKER,)
    ends(removing)
    assert removing.run.evidence["removal"].kind == "verified"
    assert not removing.happened(e.RemovalFailed)
    assert (removing.salesforce.deployments == []) == (time > FRESH)


def test_a_rehearsal_that_fails_because_the_package_is_gone(removing: Rig) -> None:
    removing.salesforce.rehearsal_problems = (samples.BLOCKER,)
    lasting_rehearsal(removing, SHORT)
    removing.salesforce.installed = None
    removing.salesforce.finish()
    ends(removing)
    assert not removing.happened(e.RemovalFailed)
    assert removing.salesforce.deployments == []


def test_a_freeze_between_rehearsal_and_deployment(removing: Rig) -> None:
    lasting_rehearsal(removing, SHORT)
    removing.does("UA", c.Freeze())
    removing.salesforce.finish()
    passes(removing, timedelta(hours=1), timedelta(minutes=10))
    assert removing.salesforce.deployments == []
    before = removing.salesforce.count("inventory")
    removing.does("UC", c.Unfreeze())
    ends(removing)
    assert removing.salesforce.count("inventory") > before, "what was compared an hour ago is old"
    assert len(removing.salesforce.deployments) == 1


@pytest.mark.parametrize("why", ["frozen", "stopping"])
def test_nothing_leaves_in_the_last_moment(removing: Rig, why: str) -> None:
    """The effect is under way already when it comes to a freeze, or to the program's end."""
    starts(removing)
    removing.settle()
    asked = Course(checked=removing.clock.now(), asked=removing.clock.now(), rehearsed=True)
    memo = asked.again(0.0).memo
    effect = QueuedEffect(
        id=1,
        run_id=removing.run_id,
        seq=1,
        kind="remove_package",
        key="remove_package:1",
        lane="job",
        data={"attempt": 1},
        memo=memo,
        lease=1,
        attempts=0,
    )
    context = removing.context
    if why == "frozen":
        removing.does("UA", c.Freeze())
    else:
        context = replace(context, stopping=lambda: True)
    result = RemovalWork(context).remove([effect])
    assert removing.salesforce.deployments == []
    assert isinstance(result, Again)
    assert "asked" not in result.memo


def test_a_cancel_between_rehearsal_and_deployment(removing: Rig) -> None:
    lasting_rehearsal(removing, SHORT)
    removing.does("UA", c.Cancel())
    removing.salesforce.finish()
    passes(removing, timedelta(minutes=5), timedelta(minutes=1))
    assert removing.run.state is State.CANCELLED
    assert removing.salesforce.deployments == []


def test_a_restart_between_rehearsal_and_deployment(removing: Rig) -> None:
    lasting_rehearsal(removing, SHORT)
    removing.stop()
    removing.salesforce.finish()
    removing.move(timedelta(minutes=5))
    removing.start()
    ends(removing)
    assert len(removing.salesforce.rehearsals) == 1
    assert len(removing.salesforce.deployments) == 1


def test_an_earlier_attempt_does_nothing_any_more(removing: Rig) -> None:
    removing.salesforce.rehearsal_problems = (samples.BLOCKER,)
    starts(removing)
    removing.until(lambda: removing.happened(e.RemovalFailed))
    removing.salesforce.rehearsal_problems = ()
    lasting_rehearsal(removing, SHORT)
    before = len(removing.salesforce.rehearsals)
    old = Effect(kind="remove_package", key="remove_package:1", lane="job", data={"attempt": 1})
    removing.ask(old)
    removing.settle()
    assert not [key for key, *_ in removing.effects("pending") if key == "remove_package:1"]
    assert len(removing.salesforce.rehearsals) == before


# --- what is told --------------------------------------------------------------------------------


def test_the_progress_of_each_part_is_kept(removing: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Progress] = []
    monkeypatch.setattr(Telling, "tell", lambda _, made, now=False: told.append(made))
    removing.salesforce.lasting = True
    starts(removing)
    removing.until(lambda: told)
    assert told[-1] == Progress(0, 1, 0, phase="rehearsing", job=1)
    removing.salesforce.finish()
    removing.until(lambda: removing.salesforce.deployments)
    removing.until(lambda: told[-1].phase == "removing")
    assert told[-1].done == 0
    removing.salesforce.finish()
    removing.until(lambda: told[-1].done == 1)
    assert [one.phase for one in told] == sorted(one.phase for one in told)


def test_the_message_is_refreshed_seldom_and_the_end_is_always_kept(
    removing: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    telling = Telling(removing.context, removing.run_id, clock=lambda: now[0])
    kept: list[int] = []
    shown: list[float] = []
    monkeypatch.setattr(telling, "save", lambda made: kept.append(made.done))
    monkeypatch.setattr(telling, "show", lambda: shown.append(now[0]))
    for number in range(41):
        now[0] = number / 4
        telling.tell(Progress(number, 41, 0, phase="removing"))
    telling.tell(Progress(41, 41, 0, phase="removing"), now=True)
    assert shown == [0.0, SHOW_EVERY, 2 * SHOW_EVERY, 3 * SHOW_EVERY]
    assert kept == [*range(0, 41, int(4 * SAVE_EVERY)), 41]


def test_what_is_kept_outlives_the_process(removing: Rig) -> None:
    removing.salesforce.lasting = True
    starts(removing)
    passes(removing, 2 * SHORT)
    known = removing.store.progress(removing.run_id)
    assert known is not None
    assert (known.phase, known.job, known.total) == ("rehearsing", 1, 1)
