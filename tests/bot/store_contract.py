"""What every store must hold to. A store's own test module subclasses these with its factory."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.errors import StoreError
from bot.store.base import (
    Delivery,
    LedgerCount,
    LedgerRow,
    PostedMessage,
    QueuedEffect,
    ScheduledMessage,
    Store,
    Transaction,
)
from handlers.ports import Progress
from tests.bot.rig import chained
from tests.workflows import journeys, samples
from tests.workflows.driver import Conversation
from workflows import events as e
from workflows.effects import Effect, Lane
from workflows.errors import Refused
from workflows.evolve import fold
from workflows.timers import Timer

Factory = Callable[[], Store]
NOW = samples.START
FREE: frozenset[tuple[str, str]] = frozenset()


def append(store: Store, talk: Conversation, run_id: str = "R1", since: int = 0) -> None:
    """Write a run's history, or what came after its first *since* events."""
    links = chained(run_id, talk.history)[since:]
    run = talk.run.model_copy(update={"id": run_id})
    store.write(lambda transaction: transaction.append(run, links))


def renamed(talk: Conversation, run_id: str) -> Conversation:
    """Tell the same story of another run."""
    first = talk.history[0]
    assert isinstance(first.event, e.RunStarted)
    event = first.event.model_copy(update={"run_id": run_id})
    talk.history[0] = first.model_copy(update={"event": event})
    talk._run = fold(talk.history)
    return talk


def effect(kind: str, key: str = "", lane: Lane = "thread", **data: str | int) -> Effect:
    return Effect(kind=kind, key=key or kind, lane=lane, data=data)


def audit_line(number: int) -> Effect:
    return effect("audit_line", f"audit:{number}", "audit", seq=number)


def queue(store: Store, *asked: Effect, run_id: str = "R1", seq: int = 1, due: float = 0.0) -> None:
    store.write(lambda transaction: transaction.add_effects(run_id, seq, asked, due))


def lease(
    store: Store, now: float = 10.0, busy: frozenset[tuple[str, str]] = FREE
) -> list[QueuedEffect]:
    return store.write(lambda transaction: transaction.lease("me", now + 300, now, busy))


def settle(store: Store, *leased: QueuedEffect, state: str = "done") -> None:
    def end(transaction: Transaction) -> None:
        for one in leased:
            transaction.settle(one.id, state)

    store.write(end)


def postpone(store: Store, one: QueuedEffect, due: float, failed: bool = False) -> None:
    store.write(lambda transaction: transaction.postpone(one.id, due, {}, failed=failed))


def keys(leased: list[QueuedEffect]) -> list[str]:
    return [one.key for one in leased]


def together(store: Store, *functions: Callable[[Transaction], Any]) -> list[Any]:
    """Run functions in one commit; return what each returned or raised."""
    holding, go = threading.Event(), threading.Event()

    def hold(_: Transaction) -> None:
        holding.set()
        go.wait(5)

    def attempt(function: Callable[[Transaction], Any]) -> Any:
        try:
            return store.write(function)
        except Exception as error:
            return error

    with ThreadPoolExecutor(len(functions) + 1) as pool:
        pool.submit(attempt, hold)
        assert holding.wait(5)
        answers = []
        for function in functions:
            answers.append(pool.submit(attempt, function))
            time.sleep(0.01)
        go.set()
        return [answer.result(5) for answer in answers]


class StoreContract:
    """The contract of :class:`bot.store.base.Store`."""

    @pytest.fixture
    def factory(self) -> Factory:
        """Return a function that opens the same database each time."""
        raise NotImplementedError

    @pytest.fixture
    def store(self, factory: Factory) -> Iterator[Store]:
        store = factory()
        yield store
        store.close()

    @pytest.fixture
    def started(self, store: Store) -> Store:
        append(store, journeys.to_planning())
        return store

    # --- deliveries and history ------------------------------------------------------------------

    def test_a_delivery_is_known_once_it_was_carried_out(self, store: Store) -> None:
        delivery = Delivery("R1", 1, 2)
        assert store.write(lambda transaction: transaction.delivery("click:1")) is None
        store.write(lambda transaction: transaction.add_delivery("click:1", delivery, NOW))
        assert store.write(lambda transaction: transaction.delivery("click:1")) == delivery

    def test_a_delivery_cannot_be_carried_out_twice(self, store: Store) -> None:
        def again(transaction: Transaction) -> None:
            transaction.add_delivery("click:2", Delivery("R1", 3, 3), NOW)
            transaction.add_delivery("click:1", Delivery("R1", 3, 3), NOW)

        first = Delivery("R1", 1, 2)
        store.write(lambda transaction: transaction.add_delivery("click:1", first, NOW))
        with pytest.raises(StoreError):
            store.write(again)
        assert store.write(lambda transaction: transaction.delivery("click:1")) == first
        assert store.write(lambda transaction: transaction.delivery("click:2")) is None

    @pytest.mark.parametrize("moment", sorted(journeys.MOMENTS))
    def test_what_is_loaded_is_what_was_appended(self, factory: Factory, moment: str) -> None:
        talk = journeys.MOMENTS[moment]()
        links = chained("R1", talk.history)
        store = factory()
        append(store, talk)
        assert store.run("R1") == talk.run
        store.close()
        again = factory()
        assert again.run("R1") == talk.run == fold(talk.history)
        assert again.history("R1") == links
        loaded = again.write(lambda transaction: transaction.load("R1"))
        assert loaded == (talk.run, links[-1].hash)
        assert again.problems("R1") == []
        again.close()

    def test_a_run_that_is_not_there(self, store: Store) -> None:
        assert store.run("R9") is None
        assert store.history("R9") == []
        assert store.write(lambda transaction: transaction.load("R9")) is None
        assert store.active_run_id("62515") is None
        assert store.run_ids() == []

    def test_event_numbers_are_unique(self, started: Store) -> None:
        with pytest.raises(StoreError):
            append(started, journeys.to_planning())
        assert len(started.history("R1")) == 1

    def test_runs_are_listed_newest_first(self, store: Store) -> None:
        append(store, journeys.to_declined())
        later = Conversation()
        later.now += timedelta(days=1)
        later.anna.starts()
        append(store, renamed(later, "R2"), "R2")
        assert store.run_ids() == ["R2", "R1"]
        assert store.run_ids(samples.ACCOUNT.portal_id) == ["R2", "R1"]
        assert store.run_ids("another") == []
        assert store.active_run_id(samples.ACCOUNT.portal_id) == "R2"

    def test_an_account_has_one_active_run(self, started: Store) -> None:
        second = renamed(journeys.to_planning(), "R2")
        with pytest.raises(Refused) as caught:
            append(started, second, "R2")
        assert caught.value.code == "run_active"
        assert started.history("R2") == []
        assert started.run_ids() == ["R1"]

        over = journeys.to_planning()
        over.anna.cancels()
        append(started, over, since=1)
        append(started, second, "R2")
        assert started.active_run_id(samples.ACCOUNT.portal_id) == "R2"

    # --- commits ---------------------------------------------------------------------------------

    def test_one_failure_disturbs_nobody_in_the_same_commit(self, store: Store) -> None:
        def add(key: str) -> Callable[[Transaction], str]:
            def write(transaction: Transaction) -> str:
                transaction.add_delivery(key, Delivery("R1", 1, 1), NOW)
                return key

            return write

        def fails(transaction: Transaction) -> None:
            transaction.add_delivery("lost", Delivery("R1", 1, 1), NOW)
            raise LookupError("a bug")

        before, failed, twice, after = together(store, add("a"), fails, add("a"), add("b"))
        assert (before, after) == ("a", "b")
        assert isinstance(failed, LookupError)
        assert isinstance(twice, StoreError)
        known = store.write(
            lambda transaction: [
                transaction.delivery(key) is not None for key in ("a", "lost", "b")
            ]
        )
        assert known == [True, False, True]

    def test_what_a_failed_function_appended_is_not_remembered(self, store: Store) -> None:
        talk = journeys.to_approval()
        links = chained("R1", talk.history)
        first = fold(talk.history[:1])

        def starts(transaction: Transaction) -> None:
            transaction.append(first, links[:1])

        def fails(transaction: Transaction) -> None:
            transaction.append(talk.run, links[1:])
            raise LookupError("a bug")

        def looks(transaction: Transaction) -> Any:
            return transaction.load("R1")

        _, failed, loaded = together(store, starts, fails, looks)
        assert isinstance(failed, LookupError)
        assert loaded == (first, links[0].hash)
        assert store.run("R1") == first
        assert store.write(looks) == (first, links[0].hash)
        append(store, talk, since=1)
        assert store.run("R1") == talk.run

    def test_a_closed_store_refuses_clearly(self, factory: Factory) -> None:
        store = factory()
        store.close()
        store.close()
        with pytest.raises(StoreError) as caught:
            store.write(lambda _: None)
        assert caught.value.code == "store_closed"

    # --- timers ----------------------------------------------------------------------------------

    def test_timers_are_set_lifted_and_fired_once(self, started: Store) -> None:
        soon, late = (Timer(kind=kind, due=NOW) for kind in ("reminder:900", "window_end"))
        moved = Timer(kind="window_end", due=NOW + timedelta(hours=1))

        def setting(*wanted: Timer) -> list[str]:
            started.write(lambda transaction: transaction.set_timers("R1", wanted))
            return [timer.kind for due in started.due_timers(NOW) for timer in due.timers]

        def fire(timer: Timer) -> bool:
            return started.write(lambda transaction: transaction.fire_timer("R1", timer))

        assert sorted(setting(soon, late)) == ["reminder:900", "window_end"]
        assert setting(soon, moved) == ["reminder:900"]
        assert not fire(late)
        assert sorted(setting(soon, late)) == ["reminder:900", "window_end"]
        assert fire(soon)
        assert not fire(soon)
        assert setting(soon, late) == ["window_end"], "what has fired is not set again"
        assert not fire(Timer(kind="window_end", due=NOW + timedelta(seconds=1)))
        assert setting() == []

    def test_timers_are_due_by_run_soonest_first(self, started: Store) -> None:
        wanted = [Timer(kind=f"k{n}", due=NOW + timedelta(minutes=n)) for n in (3, 1, 2)]
        started.write(lambda transaction: transaction.set_timers("R1", wanted))
        (due,) = started.due_timers(NOW + timedelta(minutes=2))
        assert (due.run_id, [timer.kind for timer in due.timers]) == ("R1", ["k1", "k2"])
        assert due.timers[0] == wanted[1]
        assert started.due_timers(NOW) == []

    # --- what lies in Slack ----------------------------------------------------------------------

    def test_messages_and_scheduled_messages_are_remembered(self, store: Store) -> None:
        card = PostedMessage("card", "C1", "1.000001", "d1")
        lying = ScheduledMessage("900:UA", "C1", "Q1", 1_800_000_000)
        assert store.message("R1", "card") is None
        store.write(lambda transaction: transaction.save_message("R1", card))
        store.write(lambda transaction: transaction.save_scheduled("R1", lying))
        assert store.message("R1", "card") == card
        assert store.message("R2", "card") is None
        assert store.scheduled("R1", "900:UA") == lying
        newer = PostedMessage("card", "C1", "1.000001", "d2")
        store.write(lambda transaction: transaction.save_message("R1", newer))
        assert store.message("R1", "card") == newer
        store.write(lambda transaction: transaction.drop_scheduled("R1", "900:UA"))
        assert store.scheduled("R1", "900:UA") is None

    # --- the ledger ------------------------------------------------------------------------------

    def test_ledger_rows_are_written_and_settled(self, store: Store) -> None:
        rows = [
            LedgerRow(job, kind, str(record), "901", "501", "written")
            for job, kind, record in (
                (1, "contacts", 1),
                (1, "contacts", 2),
                (1, "deals", 1),
                (2, "contacts", 2),
            )
        ]
        store.write(lambda transaction: transaction.write_ledger("R1", rows))
        failed = LedgerRow(1, "contacts", "2", "901", "501", "failed", "no", "corr-1")
        changed = LedgerRow(1, "deals", "1", "901", "501", "changed")
        store.write(lambda transaction: transaction.write_ledger("R1", [failed, changed]))
        assert list(store.ledger("R1", 1)) == [rows[0], failed, changed]
        assert list(store.ledger("R1")) == [rows[0], failed, changed, rows[3]]
        assert list(store.ledger("R1", None, "written")) == [rows[0], rows[3]]
        assert list(store.ledger("R1", 1, "failed", "changed")) == [failed, changed]
        assert list(store.ledger("R2")) == []
        assert store.ledger_open("R1", 1) == [rows[0]]
        assert store.ledger_open("R1", 2) == [rows[3]]
        assert store.ledger_open("R1", 3) == []

    def test_a_ledger_of_many_pages_is_read_in_order(self, store: Store) -> None:
        rows = [
            LedgerRow(1, kind, str(record), "901", "501", "changed", checked=record % 2 == 0)
            for kind in ("companies", "contacts")
            for record in range(10_000, 11_234)
        ]
        store.write(lambda transaction: transaction.write_ledger("R1", rows))
        assert list(store.ledger("R1", 1)) == list(store.ledger("R1")) == rows
        odd = [row for row in rows if not row.checked]
        assert list(store.ledger("R1", 1, "changed", unchecked=True)) == odd
        # What is settled while it is read neither ends nor repeats the reading.
        seen = []
        for row in store.ledger("R1", 1, "changed", unchecked=True):
            seen.append(row)
            done = replace(row, checked=True)
            store.write(lambda transaction, done=done: transaction.write_ledger("R1", [done]))  # type: ignore[misc]
            if len(seen) == 30:
                break
        assert seen == odd[:30]
        assert list(store.ledger("R1", 1, "changed", unchecked=True)) == odd[30:]

    def test_a_ledger_is_added_up(self, store: Store) -> None:
        rows = [
            LedgerRow(1, "contacts", "1", "901", "501", "changed", checked=True),
            LedgerRow(1, "contacts", "2", "901", "502", "changed", checked=True),
            LedgerRow(1, "contacts", "3", "902", "501", "undone", undo=3),
            LedgerRow(2, "deals", "1", "901", "501", "overwritten", found="777", checked=True),
        ]
        store.write(lambda transaction: transaction.write_ledger("R1", rows))
        assert set(store.ledger_tally("R1")) == {
            LedgerCount(1, "contacts", "901", "changed", 0, True, 2),
            LedgerCount(1, "contacts", "902", "undone", 3, False, 1),
            LedgerCount(2, "deals", "901", "overwritten", 0, True, 1),
        }
        assert list(store.ledger("R1", 2)) == [rows[3]]
        assert store.ledger_tally("R2") == []
        asked = ["1", "3", "4"]
        assert store.ledger_states("R1", 1, "contacts", asked) == {"1": "changed", "3": "undone"}
        assert store.ledger_states("R1", 2, "contacts", asked) == {}

    def test_progress_is_kept(self, store: Store) -> None:
        assert store.progress("R1") is None
        for progress in (
            Progress(1, 10, 0),
            Progress(7, 10, 2, 3.5, "checking", 0.9),
        ):
            store.write(lambda transaction, one=progress: transaction.save_progress("R1", one))  # type: ignore[misc]
            assert store.progress("R1") == progress
        assert store.progress("R2") is None

    # --- looking ---------------------------------------------------------------------------------

    def test_many_threads_may_look_while_others_write(self, started: Store) -> None:
        talk = journeys.to_planning()

        def write(number: int) -> None:
            started.write(
                lambda transaction: transaction.add_delivery(
                    f"click:{number}", Delivery("R1", 1, 1), NOW
                )
            )

        with ThreadPoolExecutor(16) as pool:
            writing = [pool.submit(write, number) for number in range(100)]
            reading = [pool.submit(started.run, "R1") for _ in range(100)]
            assert all(future.result(10) is None for future in writing)
            assert all(future.result(10) == talk.run for future in reading)

    def test_a_run_that_is_over_is_not_active(self, store: Store) -> None:
        append(store, journeys.to_expired())
        assert store.active_run_id(samples.ACCOUNT.portal_id) is None
        assert isinstance(store.history("R1")[-1].recorded.event, e.RunExpired)
