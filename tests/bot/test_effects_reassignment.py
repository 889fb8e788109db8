"""The reassignment job: only what is planned is changed, and once, however it is interrupted."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from datetime import timedelta

import pytest

from bot.ports import OwnerChange, RecordPage
from bot.reassign.scan import Cursor, Scan
from tests.bot.faults import vendor_error
from tests.bot.jobs import (
    confirm,
    counts,
    during,
    finished,
    ledger,
    mapping,
    over,
    owned,
    small,
    written_once,
)
from tests.bot.rig import Rig
from tests.workflows.samples import HELEN, HUGO, QUEUE, SAM, SUE
from workflows import commands as c
from workflows import events as e
from workflows.states import State

pytestmark = pytest.mark.usefixtures("in_order")


@pytest.fixture(name="small")
def _small(rig: Rig) -> Rig:
    return small(rig)


# --- forward -------------------------------------------------------------------------------------


def test_every_planned_record_gets_its_new_owner(small: Rig) -> None:
    confirm(small)
    small.until(lambda: over(small))
    assert set(small.hubspot.records["contacts"].values()) == {HELEN.id}
    assert set(small.hubspot.records["deals"].values()) == {HELEN.id}
    assert set(small.hubspot.records["companies"].values()) == {HUGO.id}
    written_once(small)
    assert small.run.state is State.CLEANING_UP_OWNERS
    (end,) = small.happened(e.ReassignmentFinished)
    told = {(one.owner_id, one.object_type): one.changed for one in end.tallies}
    assert told == {
        (SAM.id, "contacts"): 150,
        (SAM.id, "deals"): 3,
        (SUE.id, "companies"): 4,
    }
    assert (end.failure_count, end.failures) == (0, ())


def test_thousands_of_records(rig: Rig) -> None:
    rig.hubspot.fill("contacts", SAM, 2_450)
    rig.hubspot.fill("companies", QUEUE, 550)
    mapping(rig, owned(SAM, contacts=2_450), owned(QUEUE, companies=550))
    confirm(rig)
    rig.until(lambda: over(rig))
    assert rig.run.state is State.CLEANING_UP_OWNERS
    written_once(rig)
    assert len(rig.hubspot.writes) == 3_000
    assert rig.hubspot.count("swap_now") == 25 + 6
    assert counts(rig, 1) == {"changed": 3_000}
    progress = rig.engine.progress("R1")
    assert progress is not None
    assert (progress.done, progress.total, progress.failed) == (3_000, 3_000, 0)


def test_records_whose_owner_changed_meanwhile_are_left_alone(small: Rig) -> None:
    taken: list[str] = []

    def meanwhile() -> None:
        # Right before the first write, somebody takes records of the second batch and deletes one.
        if not taken:
            taken.extend(["120", "130"])
            small.hubspot.records["contacts"].update({"120": HUGO.id, "130": None})
            del small.hubspot.records["contacts"]["140"]

    small.hubspot.before_write = meanwhile
    confirm(small)
    small.until(lambda: over(small))
    assert small.hubspot.records["contacts"]["120"] == HUGO.id
    assert small.hubspot.records["contacts"]["130"] is None
    assert "140" not in small.hubspot.records["contacts"]
    assert not {("contacts", one) for one in ("120", "130", "140")} & {
        (kind, record) for kind, record, _ in small.hubspot.writes
    }
    assert small.run.state is State.CLEANING_UP_OWNERS


def test_an_owner_that_changes_between_search_and_reading_is_left_alone(
    small: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    small.hubspot.records["contacts"]["7"] = HUGO.id
    records_of = small.hubspot.records_of

    def lagging(kind: str, owner_ids: Sequence[str], after: str = "") -> RecordPage:
        # The search index still shows record 7 as Sam's.
        page = records_of(kind, owner_ids, after)
        if kind != "contacts" or "8" not in page.owners:
            return page
        found = {**page.owners, "7": SAM.id}
        return RecordPage(dict(sorted(found.items(), key=lambda item: int(item[0]))), page.total)

    monkeypatch.setattr(small.hubspot, "records_of", lagging)
    confirm(small)
    small.until(lambda: over(small))
    assert small.hubspot.records["contacts"]["7"] == HUGO.id
    assert ledger(small, "left_alone") == [("contacts", "7")]
    (end,) = small.happened(e.ReassignmentFinished)
    assert sum(one.left_alone for one in end.tallies) == 1


def test_one_bad_record_does_not_hide_the_other_99(small: Rig) -> None:
    small.hubspot.refuses = {"5": "VALIDATION_ERROR: phone", "6": "VALIDATION_ERROR: mail"}
    confirm(small)
    small.until(lambda: over(small))
    (end,) = small.happened(e.ReassignmentFinished)
    assert end.failure_count == 2
    assert {(one.record_id, one.reason, one.reference) for one in end.failures} == {
        ("5", "VALIDATION_ERROR: phone", "corr-2"),
        ("6", "VALIDATION_ERROR: mail", "corr-2"),
    }
    assert (small.run.state, small.run.job_state) == (State.REASSIGNING, "finished")
    assert small.run.records_left == 2
    small.hubspot.refuses = {}
    small.does("UA", c.RetryReassignment())
    small.until(lambda: small.run.state is State.CLEANING_UP_OWNERS)
    written_once(small)


def test_hundreds_of_failures_are_counted_and_the_first_kept(rig: Rig) -> None:
    ids = rig.hubspot.fill("contacts", SAM, 250)
    rig.hubspot.refuses = dict.fromkeys(ids, "no")
    mapping(rig, owned(SAM, contacts=250))
    confirm(rig)
    rig.until(lambda: finished(rig))
    (end,) = rig.happened(e.ReassignmentFinished)
    assert (end.failure_count, len(end.failures)) == (250, 100)


def test_a_target_who_left_meanwhile_gets_nothing(small: Rig) -> None:
    small.hubspot.owners.remove(HELEN)
    confirm(small)
    small.settle()
    assert small.run.blocked is not None
    assert small.run.blocked.code == "target_inactive"
    assert small.hubspot.writes == []
    small.does("UA", c.StopReassignment())
    small.until(lambda: over(small))
    small.does("UA", c.ChangeMapping())
    assert small.run.state is State.MAPPING_OWNERS
    assert small.hubspot.writes == []


# --- interrupted ---------------------------------------------------------------------------------

CALLS = ("swap_now", "swap_owners", "records_of", "active_owners")


@pytest.mark.parametrize("applied", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("nth", [0, 1, 3])
@pytest.mark.parametrize("call", CALLS[:2])
def test_killed_at_each_batch_and_resumed(small: Rig, call: str, nth: int, applied: bool) -> None:
    small.hubspot.kill(call, after=nth, applied=applied)
    confirm(small)
    small.settle()
    assert small.death.happened
    small.restart()
    small.until(lambda: over(small))
    written_once(small)
    assert len(small.hubspot.writes) == 157
    assert counts(small, 1) == {"changed": 157}
    (end,) = small.happened(e.ReassignmentFinished)
    assert sum(one.changed for one in end.tallies) == 157


def test_killed_at_every_batch_in_turn(small: Rig) -> None:
    for _ in range(4):
        small.hubspot.kill("swap_now", applied=True)
    confirm(small)
    small.settle()
    for _ in range(4):
        assert small.death.happened
        small.restart()
    small.until(lambda: over(small))
    written_once(small)
    assert len(small.hubspot.writes) == 157


@pytest.mark.parametrize("applied", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("call", CALLS)
def test_an_answer_that_does_not_come(small: Rig, call: str, applied: bool) -> None:
    small.hubspot.fail(call, applied=applied, unknown=True, times=2)
    confirm(small)
    small.until(lambda: over(small))
    written_once(small)
    assert len(small.hubspot.writes) == 157
    assert small.run.state is State.CLEANING_UP_OWNERS


def test_what_was_under_way_and_then_taken_is_left_alone(small: Rig) -> None:
    small.hubspot.kill("swap_now")
    confirm(small)
    small.settle()
    small.hubspot.records["contacts"]["42"] = HUGO.id
    small.restart()
    small.until(lambda: over(small))
    assert small.hubspot.records["contacts"]["42"] == HUGO.id
    assert ledger(small, "left_alone") == [("contacts", "42")]


def test_paused_and_resumed(small: Rig) -> None:
    during(small, 1, c.PauseReassignment())
    confirm(small)
    small.settle()
    assert small.run.job_state == "paused"
    assert len(small.hubspot.writes) == 100
    small.advance(timedelta(hours=1))
    assert len(small.hubspot.writes) == 100
    small.does("UA", c.ResumeReassignment())
    small.until(lambda: over(small))
    written_once(small)
    assert len(small.hubspot.writes) == 157


def test_paused_and_resumed_at_once(small: Rig) -> None:
    def meanwhile() -> None:
        small.hubspot.before_write = lambda: None
        small.does("UA", c.PauseReassignment())
        small.does("UA", c.ResumeReassignment())

    small.hubspot.before_write = meanwhile
    confirm(small)
    small.until(lambda: over(small))
    written_once(small)
    assert len(small.happened(e.ReassignmentFinished)) == 1


def test_frozen_and_unfrozen(small: Rig) -> None:
    during(small, 1, c.Freeze())
    confirm(small)
    small.settle()
    before = len(small.hubspot.calls)
    assert len(small.hubspot.writes) == 100
    small.advance(timedelta(hours=1))
    assert len(small.hubspot.calls) == before
    small.does("UC", c.Unfreeze())
    small.until(lambda: over(small))
    written_once(small)
    assert len(small.hubspot.writes) == 157


def test_cancelled_in_the_middle(small: Rig) -> None:
    during(small, 1, c.Cancel())
    confirm(small)
    small.settle()
    small.advance(timedelta(hours=1))
    assert small.run.state is State.CANCELLED
    assert len(small.hubspot.writes) == 100
    assert counts(small, 1) == {"changed": 100}
    assert small.effects("leased", "failed") == []


def test_a_clean_stop_between_batches(small: Rig) -> None:
    begun = threading.Event()
    stop = threading.Thread(target=small.worker.stop)

    def meanwhile() -> None:
        if not begun.is_set():
            begun.set()
            stop.start()
            while not small.worker.stopping:
                pass

    small.hubspot.before_write = meanwhile
    confirm(small)
    assert begun.wait(10)
    while not small.worker.stopping:
        pass
    stop.join(10)
    assert small.effects("leased") == []
    assert len(small.hubspot.writes) == 100
    small.restart()
    small.until(lambda: over(small))
    written_once(small)
    assert len(small.hubspot.writes) == 157


def test_a_hold_that_only_the_search_meets_is_not_an_end(
    small: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Paused and resumed while every batch waits: the search alone has seen the pause."""
    records_of = small.hubspot.records_of
    seen: list[str] = []

    def paused(kind: str, owner_ids: Sequence[str], after: str = "") -> RecordPage:
        page = records_of(kind, owner_ids, after)
        if not seen:
            seen.append(kind)
            small.does("UA", c.PauseReassignment())
            monkeypatch.setattr(small.hubspot, "records_of", resumed)
        return page

    def resumed(kind: str, owner_ids: Sequence[str], after: str = "") -> RecordPage:
        return records_of(kind, owner_ids, after)

    monkeypatch.setattr(small.hubspot, "records_of", paused)
    confirm(small)
    small.settle()
    assert small.run.job_state == "paused"
    small.does("UA", c.ResumeReassignment())
    small.until(lambda: over(small))
    assert counts(small, 1) == {"changed": 157}


def test_a_cursor_that_was_held_is_no_end_of_the_search(small: Rig) -> None:
    told = iter([True, False])
    asked = Scan(small.hubspot, [Cursor("contacts", (SAM.id,))], lambda: next(told, True))
    small.hubspot.fill("contacts", SAM, 300)
    pages = [found for found in asked.pages() if found is not None]
    assert [len(page.owners) for _, page in pages] == [200]
    assert asked.held


def test_a_history_that_cannot_be_read_hides_no_other(
    small: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner_histories = small.hubspot.owner_histories

    def refused(kind: str, ids: Sequence[str]) -> Mapping[str, tuple[OwnerChange, ...]]:
        if kind == "contacts" and "5" in ids:
            raise vendor_error("hubspot", "hubspot_refused", retryable=False)
        return owner_histories(kind, ids)

    monkeypatch.setattr(small.hubspot, "owner_histories", refused)
    confirm(small)
    small.until(lambda: over(small))
    rows = list(small.store.ledger("R1", 1))
    assert {row.state for row in rows} == {"changed"}
    assert all(row.checked for row in rows)
    assert [row.record_id for row in rows if row.error] == ["5"]


def test_a_short_page_is_not_the_last_one(small: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    records_of = small.hubspot.records_of

    def short(kind: str, owner_ids: Sequence[str], after: str = "") -> RecordPage:
        page = records_of(kind, owner_ids, after)
        return RecordPage(dict(list(page.owners.items())[:7]), len(page.owners))

    monkeypatch.setattr(small.hubspot, "records_of", short)
    confirm(small)
    small.until(lambda: over(small))
    assert counts(small, 1) == {"changed": 157}
