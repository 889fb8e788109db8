"""The undo: everything is given back whose value is still ours."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.bot.jobs import confirm, during, small, written_once
from tests.bot.rig import Rig
from tests.workflows.samples import HUGO, SAM, SUE
from workflows import commands as c
from workflows import events as e
from workflows.states import State

pytestmark = pytest.mark.usefixtures("in_order")


@pytest.fixture(name="small")
def _small(rig: Rig) -> Rig:
    return small(rig)


@pytest.fixture
def done(small: Rig) -> Rig:
    confirm(small)
    small.until(lambda: small.run.state is State.CLEANING_UP_OWNERS)
    small.hubspot.writes.clear()
    return small


def undo(rig: Rig) -> None:
    rig.does("UA", c.UndoReassignment())
    rig.until(lambda: rig.run.state is State.MAPPING_OWNERS)


def last_undo(rig: Rig) -> tuple[int, int]:
    end = rig.happened(e.ReassignmentUndone)[-1]
    return end.restored, end.left_alone


def test_everything_is_given_back(done: Rig) -> None:
    undo(done)
    assert set(done.hubspot.records["contacts"].values()) == {SAM.id}
    assert set(done.hubspot.records["deals"].values()) == {SAM.id}
    assert set(done.hubspot.records["companies"].values()) == {SUE.id}
    assert last_undo(done) == (157, 0)
    written_once(done)


def test_only_what_is_still_ours_is_given_back(done: Rig) -> None:
    done.hubspot.records["contacts"].update({"5": HUGO.id, "6": None})
    del done.hubspot.records["contacts"]["7"]
    undo(done)
    assert done.hubspot.records["contacts"]["5"] == HUGO.id
    assert done.hubspot.records["contacts"]["6"] is None
    assert "7" not in done.hubspot.records["contacts"]
    assert last_undo(done) == (154, 3)


@pytest.mark.parametrize("applied", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("nth", [0, 1, 3])
def test_an_undo_that_was_killed_goes_on(done: Rig, nth: int, applied: bool) -> None:
    done.hubspot.kill("swap_now", after=nth, applied=applied)
    done.does("UA", c.UndoReassignment())
    done.settle()
    assert done.death.happened
    done.restart()
    done.until(lambda: done.run.state is State.MAPPING_OWNERS)
    written_once(done)
    assert last_undo(done) == (157, 0)


def test_a_second_undo_counts_its_own(done: Rig) -> None:
    undo(done)
    confirm(done)
    done.until(lambda: done.run.state is State.CLEANING_UP_OWNERS)
    done.hubspot.records["deals"]["1"] = HUGO.id
    undo(done)
    assert last_undo(done) == (156, 1)


def half_done(rig: Rig) -> None:
    """The second batch arrived, but the process died before it knew; the job is paused."""
    during(rig, 2, c.PauseReassignment())
    rig.hubspot.kill("swap_now", after=1, applied=True)
    confirm(rig)
    rig.settle()
    assert rig.death.happened
    rig.restart()
    assert rig.run.job_state == "paused"
    assert len(rig.hubspot.writes) == 150
    rig.hubspot.before_write = lambda: None


def lost_reply(rig: Rig) -> None:
    """The second batch arrived, but HubSpot's answer was lost, and the job was paused then."""
    during(rig, 2, c.PauseReassignment())
    rig.hubspot.fail("swap_now", after=1, applied=True, unknown=True)
    confirm(rig)
    rig.settle()
    rig.advance(timedelta(minutes=5))
    assert rig.run.job_state == "paused"
    assert len(rig.hubspot.writes) == 150
    rig.hubspot.before_write = lambda: None


@pytest.mark.parametrize("interrupted", [half_done, lost_reply])
def test_what_arrived_unknown_to_us_is_given_back_too(
    small: Rig, interrupted: Callable[[Rig], None]
) -> None:
    interrupted(small)
    small.does("UA", c.StopReassignment())
    small.until(lambda: small.run.job_state == "finished")
    assert len(small.hubspot.writes) == 150
    small.hubspot.writes.clear()
    undo(small)
    assert set(small.hubspot.records["contacts"].values()) == {SAM.id}
    assert last_undo(small)[0] == 150


def test_an_undo_waits_while_it_is_frozen(done: Rig) -> None:
    during(done, 2, c.Freeze())
    done.does("UA", c.UndoReassignment())
    done.settle()
    before = len(done.hubspot.writes)
    assert 0 < before < 157
    done.advance(timedelta(hours=1))
    assert len(done.hubspot.writes) == before
    done.does("UC", c.Unfreeze())
    done.until(lambda: done.run.state is State.MAPPING_OWNERS)
    assert last_undo(done) == (157, 0)
    written_once(done)


def test_what_was_overwritten_and_is_refused_stays_to_be_given_back(small: Rig) -> None:
    def meanwhile() -> None:
        small.hubspot.between = lambda: None
        small.hubspot.give("contacts", "5", HUGO.id)

    small.hubspot.between = meanwhile
    confirm(small)
    small.until(lambda: small.run.state is State.CLEANING_UP_OWNERS)
    (row,) = small.store.ledger("R1", 1, "overwritten")
    assert (row.record_id, row.found) == ("5", HUGO.id)
    small.hubspot.refuses = {"5": "no"}
    undo(small)
    assert last_undo(small) == (156, 1)
    assert small.run.records_changed == 1
    (row,) = small.store.ledger("R1", 1, "overwritten")
    assert (row.found, row.error) == (HUGO.id, "no")
    small.hubspot.refuses = {}
    undo(small)
    assert last_undo(small) == (1, 0)
    assert small.hubspot.records["contacts"]["5"] == HUGO.id, "whose it was right before our write"
    assert small.run.records_changed == 0


def test_what_falls_into_the_undos_window_is_told(done: Rig) -> None:
    def meanwhile() -> None:
        done.hubspot.between = lambda: None
        done.hubspot.give("contacts", "1", HUGO.id)

    done.hubspot.between = meanwhile
    undo(done)
    assert last_undo(done) == (156, 1)
    (row,) = done.store.ledger("R1", 1, "undone_over")
    assert (row.record_id, row.found) == ("1", HUGO.id)


def test_a_stopped_undo_says_what_it_has_done(done: Rig) -> None:
    during(done, 1, c.StopReassignment())
    done.does("UA", c.UndoReassignment())
    done.until(lambda: done.run.state is State.MAPPING_OWNERS)
    assert last_undo(done) == (100, 0)
    assert done.run.records_changed == 57
    assert len(done.hubspot.writes) == 100


def test_a_blocked_undo_can_be_stopped(done: Rig) -> None:
    done.hubspot.fail("swap_now", times=50, missing="crm.objects.contacts.write")
    done.does("UA", c.UndoReassignment())
    done.settle()
    assert done.run.blocked is not None
    done.does("UA", c.StopReassignment())
    done.until(lambda: done.run.state is State.CLEANING_UP_OWNERS)
    assert done.run.records_changed == 157
