"""Timers: on time, late, several at once, and with a clock that jumps."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from tests.bot.desk import Desk
from tests.workflows import journeys
from tests.workflows.driver import Conversation
from workflows import commands as c
from workflows.rules.approval import shown
from workflows.states import State


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path / "sunset.db")
    yield made
    made.store.close()


def kinds(desk: Desk, since: int) -> list[str]:
    return [one.recorded.event.type for one in desk.store.history("R1")[since:]]


@pytest.fixture
def window(desk: Desk) -> Conversation:
    talk = journeys.to_window()
    desk.adopt(talk)
    return talk


def left(talk: Conversation, hours: float) -> timedelta:
    """Return how long it is until so many hours before the deadline."""
    assert talk.run.deadline is not None
    return talk.run.deadline - timedelta(hours=hours) - talk.now


def test_a_timer_fires_when_it_is_due_and_once(desk: Desk, window: Conversation) -> None:
    since = window.run.version
    desk.clock.time += left(window, 24) - timedelta(seconds=1)
    assert desk.engine.fire_due_timers() == 0
    desk.clock.time += timedelta(seconds=1)
    assert desk.engine.fire_due_timers() == 1
    assert desk.engine.fire_due_timers() == 0
    assert kinds(desk, since) == ["reminder_due"]
    assert desk.run.reminders_done == {24 * 3600}


def test_several_at_once_become_one_notice(desk: Desk, window: Conversation) -> None:
    since = window.run.version
    desk.clock.time += left(window, 3)
    assert desk.engine.fire_due_timers() == 3
    assert kinds(desk, since) == ["reminders_missed"]
    assert desk.engine.fire_due_timers() == 0


def test_the_latest_of_several_is_still_on_time(desk: Desk, window: Conversation) -> None:
    since = window.run.version
    desk.clock.time += left(window, 4) + timedelta(minutes=5)
    desk.engine.fire_due_timers()
    assert kinds(desk, since) == ["reminders_missed", "reminder_due"]


def test_a_clock_that_goes_back_fires_nothing_again(desk: Desk, window: Conversation) -> None:
    since = window.run.version
    desk.clock.time += left(window, 24)
    desk.engine.fire_due_timers()
    desk.clock.time -= timedelta(hours=10)
    assert desk.engine.fire_due_timers() == 0
    desk.clock.time += timedelta(hours=10)
    assert desk.engine.fire_due_timers() == 0
    assert kinds(desk, since) == ["reminder_due"]


def test_after_a_long_sleep_the_window_has_ended(desk: Desk, window: Conversation) -> None:
    since = window.run.version
    desk.clock.time += timedelta(days=9)
    desk.engine.fire_due_timers()
    assert kinds(desk, since) == ["reminders_missed", "window_ended", "run_completed"]
    assert desk.engine.active_run() is None
    assert desk.rows("SELECT count(*) FROM timers WHERE state = 'set'") == [(0,)]


def test_timers_fire_once_for_many_threads(desk: Desk, window: Conversation) -> None:
    desk.clock.time += left(window, 12)
    with ThreadPoolExecutor(8) as pool:
        fired = [pool.submit(desk.engine.fire_due_timers) for _ in range(8)]
    assert sum(one.result() for one in fired) == 2
    assert desk.run.reminders_done == {24 * 3600, 12 * 3600}


def test_what_is_answered_in_time_does_not_lapse(desk: Desk) -> None:
    talk = journeys.to_approval()
    desk.adopt(talk)
    version = talk.run.prompt_version
    for who in ("UC", "UD"):
        approval = c.Approve(shown=shown(talk.run))
        desk.engine.execute("R1", desk.command(who, approval, version), f"click:{who}")
    desk.clock.time += timedelta(days=3)
    assert desk.engine.fire_due_timers() == 0
    assert desk.run.state is State.DISCONNECTING


def test_approvals_lapse(desk: Desk) -> None:
    talk = journeys.to_approval()
    desk.adopt(talk)
    desk.clock.time += timedelta(hours=18)
    assert desk.engine.fire_due_timers() == 1
    assert desk.run.lapse_noticed
    desk.clock.time += timedelta(hours=6)
    assert desk.engine.fire_due_timers() == 1
    assert desk.run.state is State.EXPIRED


def test_a_notice_that_is_late_as_the_approvals_themselves_is_not_given(desk: Desk) -> None:
    desk.adopt(journeys.to_approval())
    desk.clock.time += timedelta(hours=24)
    assert desk.engine.fire_due_timers() == 2
    assert desk.run.state is State.EXPIRED
    assert not desk.run.lapse_noticed


def test_timers_fire_after_a_restart(desk: Desk, window: Conversation) -> None:
    desk.clock.time += left(window, 24)
    desk.store.close()
    again = Desk(desk.path)
    again.clock.time = desk.clock.time
    assert again.engine.fire_due_timers() == 1
    assert again.run.reminders_done == {24 * 3600}
    again.store.close()
