"""The client-side budget, by a clock of its own."""

from __future__ import annotations

import threading

import pytest

from bot.vendors.hubspot_limits import Budget


class Time:
    """A clock that moves only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept = 0.0

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept += seconds


@pytest.fixture
def time() -> Time:
    return Time()


def starts(budget: Budget, time: Time, count: int, *, search: bool = False) -> list[float]:
    moments = []
    for _ in range(count):
        budget.take(search=search)
        moments.append(time.now)
    return moments


def most_within(moments: list[float], seconds: float) -> int:
    return max(sum(start <= other < start + seconds for other in moments) for start in moments)


@pytest.mark.parametrize(("maximum", "count"), [(190, 700), (100, 350), (1, 3)])
def test_no_ten_seconds_see_more_than_the_limit(time: Time, maximum: int, count: int) -> None:
    budget = Budget(maximum, clock=time.clock, sleep=time.sleep)
    moments = starts(budget, time, count)
    assert most_within(moments, 10.0) <= maximum
    assert time.slept <= 10 * (count / (maximum * 0.9) + 1)


def test_searches_stay_below_five_a_second_and_count_for_both(time: Time) -> None:
    budget = Budget(10, clock=time.clock, sleep=time.sleep)
    moments = starts(budget, time, 30, search=True)
    assert most_within(moments, 1.0) <= 5
    assert most_within(moments, 10.0) <= 10


def test_the_headers_correct_the_limit(time: Time) -> None:
    budget = Budget(clock=time.clock, sleep=time.sleep)
    budget.observe(
        {
            "X-HubSpot-RateLimit-Max": "100",
            "X-HubSpot-RateLimit-Interval-Milliseconds": "10000",
            "X-HubSpot-RateLimit-Remaining": "99",
        }
    )
    assert most_within(starts(budget, time, 300), 10.0) <= 100


@pytest.mark.parametrize("value", ["", "many", "-1", "1.5", "²"])
def test_headers_that_are_no_numbers_change_nothing(time: Time, value: str) -> None:
    budget = Budget(5, clock=time.clock, sleep=time.sleep)
    budget.observe(
        dict.fromkeys(("X-HubSpot-RateLimit-Max", "X-HubSpot-RateLimit-Remaining"), value)
    )
    starts(budget, time, 4)
    assert time.slept == 0


def test_nothing_remaining_slows_down_at_once(time: Time) -> None:
    budget = Budget(clock=time.clock, sleep=time.sleep)
    budget.observe({"X-HubSpot-RateLimit-Remaining": "0"})
    budget.take()
    assert time.slept >= 1


@pytest.mark.parametrize(
    ("policy", "search", "retry_after", "pause"),
    [
        ("SECONDLY", True, None, 1.0),
        ("SECONDLY", False, None, 0.0),
        ("TEN_SECONDLY_ROLLING", False, None, 2.0),
        ("TEN_SECONDLY_ROLLING", False, 7.0, 7.0),
        ("", True, None, 2.0),
    ],
)
def test_a_429_closes_the_window_it_names(
    time: Time, policy: str, search: bool, retry_after: float | None, pause: float
) -> None:
    budget = Budget(clock=time.clock, sleep=time.sleep)
    budget.refused(policy, retry_after)
    budget.take(search=search)
    assert time.slept == pytest.approx(pause)


def test_threads_share_one_budget() -> None:
    budget = Budget(21, sleep=lambda _: None)
    taken: list[int] = []

    def work() -> None:
        for _ in range(4):
            budget.take()
            taken.append(1)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert len(taken) == 16
