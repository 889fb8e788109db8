"""Clocks and alarms."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.clocks import RemoteClock, SystemClock
from bot.timers import Alarm
from tests.bot.vendors.scripted import scripted


def test_the_systems_clock_is_in_utc() -> None:
    now = SystemClock().now()
    assert now.tzinfo is UTC
    assert abs(now - datetime.now(UTC)) < timedelta(seconds=5)


def test_a_remote_clock_is_ahead_and_never_goes_back() -> None:
    offset: dict[str, Any] = {"offset": 3_600.0}
    with scripted(lambda _: (200, offset)) as script:
        clock = RemoteClock(script.url)
        ahead = clock.now() - datetime.now(UTC)
        assert timedelta(minutes=59) < ahead < timedelta(minutes=61)
        offset["offset"] = 7_200.0
        clock._refresh()
        later = clock.now()
        offset["offset"] = 0.0
        clock._refresh()
        assert clock.now() >= later
        offset.clear()
        clock._refresh()
        assert clock.now() >= later
        clock.close()


def test_a_remote_clock_outlives_its_server() -> None:
    with scripted(lambda _: (200, {"offset": 60.0})) as script:
        clock = RemoteClock(script.url)
    clock._refresh()
    assert clock.now() - datetime.now(UTC) > timedelta(seconds=50)
    clock.close()


def test_an_alarm_rings_again_after_a_failure() -> None:
    rung = threading.Semaphore(0)

    def fails() -> None:
        rung.release()
        raise ValueError("a bug")

    alarm = Alarm()
    alarm.every(0.02, fails, "fails")
    alarm.start()
    try:
        assert all(rung.acquire(timeout=5) for _ in range(3))
    finally:
        alarm.stop()
    while rung.acquire(blocking=False):
        pass
    time.sleep(0.06)
    assert not rung.acquire(blocking=False), "it does not ring after its end"


def test_an_alarm_that_never_started_can_be_stopped() -> None:
    Alarm().stop()
