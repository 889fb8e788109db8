"""What every store must hold to about effects: what is unique, in which order they leave, how they
end, and what leaves a frozen run."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from bot.store.base import Store
from tests.bot.store_contract import (
    Factory,
    append,
    audit_line,
    effect,
    keys,
    lease,
    postpone,
    queue,
    settle,
)
from tests.workflows import journeys
from workflows.effects import Lane
from workflows.timers import timers


class EffectsContract:
    """The contract of :class:`bot.store.base.Store` about effects."""

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

    # --- effects: what is unique -----------------------------------------------------------------

    def test_a_pending_effect_is_asked_for_once(self, started: Store) -> None:
        queue(started, effect("card"), due=50.0)
        queue(started, effect("card"), seq=2, due=5.0)
        assert keys(lease(started)) == ["card"]
        assert lease(started) == []

    def test_asking_again_delays_nothing(self, started: Store) -> None:
        queue(started, effect("card"), due=5.0)
        queue(started, effect("card"), seq=2, due=50.0)
        assert keys(lease(started)) == ["card"]

    def test_a_refresh_that_was_put_off_holds_nobody_up(self, started: Store) -> None:
        queue(started, effect("prompt"), due=50.0)
        queue(started, effect("notice"))
        assert keys(lease(started)) == ["notice"]

    def test_an_effect_under_way_can_be_asked_for_again(self, started: Store) -> None:
        queue(started, effect("card"))
        (first,) = lease(started)
        queue(started, effect("card"), seq=2)
        settle(started, first)
        (second,) = lease(started)
        assert (second.key, second.attempts, second.id != first.id) == ("card", 0, True)

    def test_a_leased_effect_says_what_it_is(self, started: Store) -> None:
        queue(started, effect("prompt", "prompt:3", version=3, by="UA"), seq=3)
        (one,) = lease(started)
        assert (one.run_id, one.seq, one.kind, one.lane) == ("R1", 3, "prompt", "thread")
        assert (one.data, one.memo) == ({"version": 3, "by": "UA"}, {})
        assert (one.attempts, one.lease) == (0, 0)

    def test_the_next_due_time(self, started: Store) -> None:
        assert started.next_due() is None
        queue(started, effect("card"), due=70.0)
        queue(started, effect("take_plan", lane="job"), due=60.0)
        assert started.next_due() == 60.0
        lease(started, now=65.0)
        assert started.next_due() == 70.0

    # --- effects: order --------------------------------------------------------------------------

    @pytest.mark.parametrize("lane", ["thread", "audit"])
    def test_a_lane_keeps_its_order(self, started: Store, lane: Lane) -> None:
        queue(started, *(effect("notice", f"notice:{n}", lane) for n in (3, 1, 2)))
        seen = []
        while leased := lease(started):
            assert len(leased) == 1
            seen += keys(leased)
            settle(started, *leased)
        assert seen == ["notice:3", "notice:1", "notice:2"]

    @pytest.mark.parametrize("lane", ["thread", "audit"])
    def test_what_waits_at_the_head_holds_its_lane(self, started: Store, lane: Lane) -> None:
        queue(started, effect("card", lane=lane), effect("notice", lane=lane))
        (head,) = lease(started)
        postpone(started, head, due=20.0, failed=True)
        assert lease(started, now=10.0) == []
        assert keys(lease(started, now=20.0)) == ["card"]

    def test_lanes_do_not_hold_each_other(self, started: Store) -> None:
        queue(
            started,
            effect("card"),
            audit_line(1),
            effect("lay_reminder", lane="reminders"),
            effect("take_plan", lane="job"),
            effect("count_owners", lane="job"),
        )
        assert len(lease(started)) == 5

    def test_jobs_are_busy_by_their_key_and_lanes_by_their_name(self, started: Store) -> None:
        queue(started, effect("card"), audit_line(1), effect("watch_package", lane="job"))
        busy = frozenset({("R1", "thread"), ("R1", "watch_package")})
        assert keys(lease(started, busy=busy)) == ["audit:1"]
        assert keys(lease(started, busy=frozenset({("R2", "thread")}))) == [
            "card",
            "watch_package",
        ]

    def test_a_late_reminder_holds_no_other(self, started: Store) -> None:
        queue(started, effect("lay_reminder", "lay:1", "reminders"), due=99.0)
        queue(started, effect("lay_reminder", "lay:2", "reminders"))
        queue(started, effect("lay_reminder", "lay:3", "reminders"))
        assert keys(lease(started)) == ["lay:2"]

    def test_audit_lines_that_wait_leave_together(self, started: Store) -> None:
        queue(started, *(audit_line(number) for number in range(1, 46)))
        sizes = []
        seen: list[str] = []
        while leased := lease(started):
            sizes.append(len(leased))
            seen += keys(leased)
            settle(started, *leased)
        assert sizes == [20, 20, 5]
        assert seen == [f"audit:{number}" for number in range(1, 46)]

    def test_audit_lines_wait_for_those_under_way(self, started: Store) -> None:
        queue(started, audit_line(1))
        assert keys(lease(started)) == ["audit:1"]
        queue(started, audit_line(2))
        assert lease(started, busy=frozenset({("R1", "audit")})) == []

    def test_an_audit_line_does_not_overtake_one_that_waits(self, started: Store) -> None:
        queue(started, audit_line(1))
        queue(started, audit_line(2), due=99.0)
        queue(started, audit_line(3))
        assert keys(lease(started)) == ["audit:1"]

    def test_a_long_queue_holds_no_other_lane(self, started: Store) -> None:
        queue(started, *(audit_line(number) for number in range(700)), due=99.0)
        queue(started, effect("reassign", "reassign:1", "job"))
        assert keys(lease(started)) == ["reassign:1"]

    # --- effects: their end ----------------------------------------------------------------------

    def test_what_has_ended_does_not_come_again(self, started: Store) -> None:
        queue(started, effect("card"), effect("take_plan", lane="job"))
        card, plan = lease(started)
        settle(started, card)
        settle(started, plan, state="failed")
        settle(started, card, state="failed")
        assert lease(started, now=1e9) == []
        assert started.next_due() is None

    def test_bad_ends_are_counted_until_a_good_one(self, started: Store) -> None:
        queue(started, effect("watch_package", lane="job"))
        attempts = []
        leases = []
        for failed in (True, True, False, True):
            (one,) = lease(started)
            attempts.append(one.attempts)
            leases.append(one.lease)
            postpone(started, one, due=0.0, failed=failed)
        assert attempts == [0, 1, 2, 0]
        assert leases == [0, 1, 2, 3]

    def test_a_memo_is_given_back(self, started: Store) -> None:
        queue(started, effect("watch_package", lane="job"))
        (one,) = lease(started)
        memo = {"last_seen": "2026-03-02T09:00:00+00:00"}
        started.write(lambda transaction: transaction.postpone(one.id, 20.0, memo))
        assert lease(started) == []
        (again,) = lease(started, now=20.0)
        assert again.memo == memo

    def test_what_was_asked_for_meanwhile_makes_it_due(self, started: Store) -> None:
        queue(started, effect("watch_package", lane="job"))
        (one,) = lease(started)
        queue(started, effect("watch_package", lane="job"), seq=2, due=5.0)
        started.write(lambda transaction: transaction.postpone(one.id, 99.0, {"a": "1"}))
        (again,) = lease(started)
        assert (again.id, again.memo) == (one.id, {"a": "1"})
        postpone(started, again, due=99.0)
        assert lease(started) == []

    def test_what_a_dead_process_held_is_given_back(self, started: Store) -> None:
        queue(started, effect("card"), effect("notice"), effect("take_plan", lane="job"))
        held = lease(started)
        queue(started, effect("take_plan", lane="job"), seq=2)
        assert keys(held) == ["card", "take_plan"]
        assert started.reclaim() == 2
        again = lease(started)
        assert keys(again) == ["card", "take_plan"]
        assert [one.attempts for one in again] == [1, 1]
        assert [one.lease for one in again] == [1, 1]
        settle(started, *again)
        assert keys(lease(started)) == ["notice"]
        assert started.reclaim() == 1

    # --- frozen ----------------------------------------------------------------------------------

    def test_of_a_frozen_run_only_what_was_asked_before_leaves(self, store: Store) -> None:
        talk = journeys.to_planning()
        append(store, talk)
        queue(store, effect("take_plan", lane="job"), effect("card"), audit_line(1), seq=1)
        queue(store, effect("lay_reminder", lane="reminders"), seq=1)
        talk.anna.freezes()
        append(store, talk, since=1)
        queue(store, audit_line(2), seq=2)
        talk.anna.hands_over_to("UB")
        append(store, talk, since=2)
        queue(store, audit_line(3), effect("notice", "notice:3"), seq=3)
        assert keys(lease(store)) == ["card", "audit:1", "audit:2"]
        assert lease(store) == []
        talk.carl.unfreezes()
        append(store, talk, since=3)
        assert sorted(keys(lease(store))) == ["audit:3", "lay_reminder", "notice:3", "take_plan"]

    def test_a_frozen_runs_reminders_are_held_back(self, store: Store) -> None:
        talk = journeys.to_window()
        append(store, talk)
        store.write(lambda transaction: transaction.set_timers("R1", timers(talk.run)))
        talk.anna.freezes()
        append(store, talk, since=len(talk.history) - 1)
        deadline = talk.run.deadline
        assert deadline is not None
        assert store.due_timers(deadline - timedelta(hours=3)) == []
        assert store.due_timers(deadline) == [], "the copy may still be there"
        (due,) = store.due_timers(max(timer.due for timer in timers(talk.run)))
        assert [timer.kind for timer in due.timers] == ["window_end"]
        talk.carl.unfreezes()
        append(store, talk, since=len(talk.history) - 1)
        (due,) = store.due_timers(deadline - timedelta(hours=3))
        assert [timer.kind for timer in due.timers] == [
            "reminder:86400",
            "reminder:43200",
            "reminder:14400",
        ]
