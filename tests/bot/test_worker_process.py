"""The worker's threads: side by side and in order, storage that fails, kills and clean ends."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bot.errors import StoreError
from bot.store.base import Transaction
from bot.worker import THREADS, Again, Done
from tests.bot.faults import Killed, vendor_error
from tests.bot.workshop import SOON, Answer, Workshop, opened, wait_for
from tests.workflows import samples
from workflows import commands as c
from workflows.text import N_


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Workshop]:
    made = opened(tmp_path / "sunset.db")
    yield made
    made.close()


# --- together and apart --------------------------------------------------------------------------


def test_effects_that_were_leased_together_end_together(shop: Workshop) -> None:
    shop.worker.stop()
    for number in range(5):
        shop.queue("audit_line", f"audit:{number}", "audit")
    shop.answers += [vendor_error("slack"), Done()]
    shop.reopen()
    shop.attempts(1)
    assert [len(one) for one in shop.did] == [5]
    assert {shop.effect(f"audit:{number}")["attempts"] for number in range(5)} == {1}
    shop.hurry("audit:0")
    shop.ends("audit:4")
    assert [len(one) for one in shop.did] == [5, 5]


def test_one_lane_goes_one_by_one_and_lanes_side_by_side(shop: Workshop) -> None:
    gate = threading.Event()
    under_way: list[str] = []

    def slow() -> Answer:
        under_way.append("x")
        gate.wait(SOON)
        return Done()

    shop.answers += [slow] * 4
    shop.queue("card", lane="thread")
    shop.queue("notice", lane="thread")
    shop.queue("take_plan")
    shop.queue("count_owners")
    wait_for(lambda: len(under_way) == 3)
    time.sleep(0.05)
    assert sorted(one[0].key for one in shop.did) == ["card", "count_owners", "take_plan"]
    gate.set()
    shop.ends("notice")


def test_a_waiting_queue_is_not_asked_for_all_the_time(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[float] = []
    lease = shop.store.write

    def counting(function: Callable[[Transaction], Any]) -> Any:
        looks.append(time.monotonic())
        return lease(function)

    shop.answers.append(vendor_error("slack", retry_after=600.0))
    shop.queue("card", lane="thread")
    shop.attempts(1)
    shop.queue("notice", lane="thread")
    time.sleep(0.1)
    monkeypatch.setattr(shop.store, "write", counting)
    time.sleep(0.5)
    assert len(looks) <= 3, "what waits behind another costs nothing"


# --- storage that fails --------------------------------------------------------------------------


def test_an_end_that_could_not_be_recorded_is_recorded_later(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = shop.store.write

    def lost() -> Answer:
        monkeypatch.setattr(shop.store, "write", failing)
        return Done()

    def failing(function: Callable[[Transaction], Any]) -> Any:
        if not threading.current_thread().name.startswith("effect"):
            return write(function)
        monkeypatch.undo()
        raise StoreError("store_unavailable", N_("Locked."), N_("Wait."))

    shop.answers.append(lost)
    shop.queue("take_plan")
    wait_for(lambda: shop.did)
    shop.ends("take_plan")
    assert len(shop.did) == 1, "what is done is not done again"


@pytest.mark.parametrize(
    "error", [StoreError("store_unavailable", N_("Locked."), N_("Wait.")), KeyError("a bug")]
)
def test_the_worker_outlives_what_goes_wrong_with_the_database(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def failing(function: Callable[[Transaction], Any]) -> Any:
        raise error

    monkeypatch.setattr(shop.store, "write", failing)
    shop.worker.wake()
    time.sleep(0.05)
    monkeypatch.undo()
    shop.queue("take_plan")
    shop.ends("take_plan")


# --- ends of the process -------------------------------------------------------------------------


def test_what_was_under_way_when_the_process_died_is_tried_again(shop: Workshop) -> None:
    shop.answers.append(Killed())
    shop.queue("take_plan")
    wait_for(lambda: shop.did)
    assert shop.effect("take_plan")["state"] == "leased"
    shop.reopen()
    shop.ends("take_plan")
    assert [effects[0].attempts for effects in shop.did] == [0, 1]


def test_a_result_that_was_not_recorded_is_recorded_once(shop: Workshop) -> None:
    plan = c.RecordPlan(plan=samples.plan(samples.START))
    shop.answers += [Killed(), Done(commands=(plan,))]
    shop.queue("take_plan")
    wait_for(lambda: shop.did)
    shop.reopen()
    shop.ends("take_plan")
    assert [event.type for event in shop.events()] == ["run_started", "plan_recorded"]  # type: ignore[attr-defined]


def test_a_clean_stop_lets_what_is_under_way_finish(shop: Workshop) -> None:
    begun, gate = threading.Event(), threading.Event()

    def slow() -> Answer:
        begun.set()
        gate.wait(SOON)
        return Done()

    shop.answers.append(slow)
    shop.queue("take_plan")
    assert begun.wait(SOON)
    stopping = threading.Thread(target=shop.worker.stop)
    stopping.start()
    wait_for(lambda: shop.worker.stopping)
    shop.queue("count_owners")
    gate.set()
    stopping.join(SOON)
    assert not stopping.is_alive()
    assert shop.effect("take_plan")["state"] == "done"
    assert shop.effect("count_owners")["state"] == "pending"
    with closing(sqlite3.connect(shop.path)) as db:
        assert db.execute("SELECT count(*) FROM effects WHERE state = 'leased'").fetchone() == (0,)


def test_idle_means_that_nothing_is_due(shop: Workshop) -> None:
    gate = threading.Event()

    def slow() -> Answer:
        gate.wait(SOON)
        return Again(600.0)

    shop.answers.append(slow)
    shop.queue("take_plan")
    wait_for(lambda: shop.did)
    assert not shop.worker.idle()
    gate.set()
    wait_for(shop.worker.idle)


def test_a_stop_does_not_wait_for_a_thread_to_become_free(shop: Workshop) -> None:
    gate = threading.Event()

    def slow() -> Answer:
        gate.wait(SOON)
        return Done()

    for number in range(THREADS + 3):
        shop.answers.append(slow)
        shop.queue("take_plan", f"take_plan:{number}")
    wait_for(lambda: len(shop.did) == THREADS)
    time.sleep(0.05)
    stopping = threading.Thread(target=shop.worker.stop, args=(0.1,))
    stopping.start()
    stopping.join(2)
    waited = stopping.is_alive()
    gate.set()
    stopping.join(SOON)
    assert not waited, "it waits for a vendor"
