"""The client-side budget, against a model of HubSpot's counting and by a clock of its own."""

from __future__ import annotations

import heapq
import random
import threading
from collections import deque
from collections.abc import Callable
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.vendors.hubspot_limits import Budget, Slots

MAX = "X-HubSpot-RateLimit-Max"
REMAINING = "X-HubSpot-RateLimit-Remaining"
INTERVAL = "X-HubSpot-RateLimit-Interval-Milliseconds"


class Server:
    """HubSpot's side: a rolling window, and what it refused."""

    def __init__(self, limit: int, interval: float) -> None:
        self.limit, self.interval = limit, interval
        self.counted: deque[float] = deque()
        self.total = 0
        self.refused = 0

    def count(self, now: float) -> int:
        """Count a call; return how many remain."""
        while self.counted and self.counted[0] <= now - self.interval:
            self.counted.popleft()
        if len(self.counted) >= self.limit:
            self.refused += 1
        else:
            self.counted.append(now)
            self.total += 1
        return self.limit - len(self.counted)


class Simulation:
    """A budget in a world where time passes only while somebody waits.

    Every call is counted by its server at a random moment between its start and its answer.
    """

    def __init__(self, seed: int, latency: float, maximum: int = 190, headers: bool = True) -> None:
        self.random = random.Random(seed)  # noqa: S311 - a simulation
        self.latency = latency
        self.headers = headers
        self.now = 0.0
        self.events: list[tuple[float, int, Callable[[], None]]] = []
        self.order = count()
        self.general = Server(maximum, 10.0)
        self.searches = Server(5, 1.0)
        self.searches_count = False
        self.budget = Budget(maximum, clock=lambda: self.now, wait=self.wait)

    def at(self, when: float, what: Callable[[], None]) -> None:
        heapq.heappush(self.events, (when, next(self.order), what))

    def wait(self, _turn: object, seconds: float | None) -> None:
        until = None if seconds is None else self.now + seconds
        if self.events and (until is None or self.events[0][0] <= until):
            self.now, _, what = heapq.heappop(self.events)
            what()
        else:
            assert until is not None, "nobody will ever wake this waiter"
            self.now = until

    def send(self, slots: Slots, *, search: bool = False, after: float = 0.0) -> float:
        """Send a call; return when it will be answered."""
        server = self.searches if search else self.general
        leaves = self.now + after
        takes = self.random.uniform(0, self.latency)
        headers: dict[str, str] = {}

        def counted() -> None:
            refused = server.refused
            remaining = server.count(self.now)
            if server.refused > refused:
                self.budget.refused("TEN_SECONDLY_ROLLING", None, search=search)
            if search and self.searches_count:
                self.general.count(self.now)
            elif self.headers and not search:
                headers.update({MAX: str(server.limit), REMAINING: str(remaining)})

        self.at(leaves + takes * self.random.random(), counted)
        self.at(leaves + takes, lambda: slots.answered(headers))
        return leaves + takes

    def run(self, seconds: float, *, search: bool = False) -> None:
        """Send as fast as the budget lets: singles, pairs at once or after each other, unused."""
        while self.now < seconds:
            kind = self.random.random() if not search else 1.0  # searches go alone
            slots = self.budget.take(search=search, calls=2 if kind < 0.5 else 1)
            if kind < 0.05:
                slots.give_back()
                continue
            answered = self.send(slots, search=search)
            if kind < 0.1:
                self.at(answered, slots.give_back)
            elif kind < 0.5:
                self.send(slots, search=search, after=self.random.uniform(0, self.latency))


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    maximum=st.sampled_from([2, 7, 100, 190, 250]),
    latency=st.sampled_from([0.0, 0.01, 0.3, 2.0, 25.0]),
    search=st.booleans(),
)
def test_hubspot_never_refuses(seed: int, maximum: int, latency: float, search: bool) -> None:
    simulation = Simulation(seed, latency, maximum)
    simulation.run(60.0, search=search)
    assert simulation.general.refused == simulation.searches.refused == 0
    assert simulation.general.total + simulation.searches.total >= 2


@pytest.mark.parametrize(
    ("search", "latency", "limit"), [(False, 0.1, 19.0), (True, 0.01, 5.0)], ids=["all", "searches"]
)
def test_the_limit_is_used_to_the_full(search: bool, latency: float, limit: float) -> None:
    simulation = Simulation(1, latency)
    simulation.run(300.0, search=search)
    server = simulation.searches if search else simulation.general
    assert server.refused == 0
    assert server.total >= 0.99 * limit * 300


def test_searches_and_other_calls_do_not_hold_each_other_up() -> None:
    simulation = Simulation(2, 0.0)
    for _ in range(190):
        simulation.send(simulation.budget.take())
    for _ in range(5):
        simulation.send(simulation.budget.take(search=True), search=True)
    assert simulation.now == 0.0


@pytest.mark.parametrize("own", [0, 50, 100])
def test_calls_that_ours_do_not_explain_are_believed(own: int) -> None:
    """Another process of ours has used 60 of the 190."""
    simulation = Simulation(3, 0.0)
    for _ in range(60):
        simulation.general.count(0.0)
    for _ in range(own + 1):
        simulation.send(simulation.budget.take())
        simulation.wait(None, 0.0)
        simulation.wait(None, 0.0)
    for _ in range(190 - 60 - own - 1):
        simulation.send(simulation.budget.take())
    assert simulation.now == 0.0
    simulation.budget.take()
    assert simulation.now == 10.0
    assert simulation.general.refused == 0


def test_searches_that_count_in_the_ten_seconds_are_noticed() -> None:
    """They then meet fewer refusals than if nothing were learned from the headers."""
    refused = {}
    for headers in (True, False):
        simulation = Simulation(4, 0.01, headers=headers)
        simulation.searches_count = True
        while simulation.now < 60.0:
            if simulation.random.random() < 0.2:
                simulation.send(simulation.budget.take(search=True), search=True)
            simulation.send(simulation.budget.take())
        refused[headers] = simulation.general.refused
    assert refused[True] < refused[False] / 2


def test_our_own_calls_are_never_taken_for_those_of_others() -> None:
    """Late and disordered answers tell of what we did ourselves: nothing is lost by them."""
    with_headers, without = Simulation(5, 3.0), Simulation(5, 3.0, headers=False)
    for simulation in (with_headers, without):
        simulation.run(100.0)
    assert with_headers.general.total == without.general.total


class Time:
    """A clock that moves only when somebody waits."""

    def __init__(self) -> None:
        self.now = 100.0
        self.waited = 0.0

    def clock(self) -> float:
        return self.now

    def wait(self, _turn: object, seconds: float | None) -> None:
        assert seconds is not None, "nobody will ever wake this waiter"
        self.now += seconds
        self.waited += seconds

    def budget(self, maximum: int = 190) -> Budget:
        return Budget(maximum, clock=self.clock, wait=self.wait)


@pytest.fixture
def time() -> Time:
    return Time()


def call(budget: Budget, headers: dict[str, str] | None = None, *, search: bool = False) -> None:
    with budget.take(search=search) as slots:
        slots.answered(headers or {})


def test_the_headers_correct_the_limit_both_ways(time: Time) -> None:
    budget = time.budget()
    call(budget, {MAX: "3", REMAINING: "2", INTERVAL: "5000"})
    call(budget)
    call(budget)
    assert time.waited == 0.0
    call(budget, {MAX: "5", REMAINING: "4", INTERVAL: "5000"})
    assert time.waited == 5.0
    for _ in range(4):
        call(budget)
    assert time.waited == 5.0


def test_a_late_answer_tells_of_calls_that_have_left_the_window_since(time: Time) -> None:
    budget = time.budget(10)
    for _ in range(6):
        call(budget)
    time.now += 9.0
    late = budget.take()
    time.now += 3.0  # HubSpot counted it before the six left the window, and answers only now
    late.answered({MAX: "10", REMAINING: "3"})
    for _ in range(9):
        call(budget)
    assert time.waited == 0.0


@pytest.mark.parametrize("value", ["", "many", "-1", "1.5", "²", "9" * 5000])
def test_headers_that_are_no_numbers_change_nothing(time: Time, value: str) -> None:
    budget = time.budget(5)
    call(budget, dict.fromkeys((MAX, REMAINING, INTERVAL), value))
    for _ in range(4):
        call(budget)
    assert time.waited == 0.0


def test_what_was_not_used_is_given_back(time: Time) -> None:
    budget = time.budget(2)
    for _ in range(10):
        with budget.take(calls=2):
            pass
    with budget.take(calls=2) as slots:
        slots.answered({})
    assert time.waited == 0.0
    call(budget)
    assert time.waited == 0.0
    call(budget)
    assert time.waited == 10.0


def test_a_pair_under_a_limit_of_one_still_leaves(time: Time) -> None:
    budget = time.budget(1)
    call(budget)
    with budget.take(calls=2):
        assert time.waited == 10.0


@pytest.mark.parametrize(
    ("policy", "refused", "search", "retry_after", "pause"),
    [
        ("SECONDLY", True, True, None, 1.0),
        ("SECONDLY", True, False, None, 0.0),
        ("SECONDLY", False, False, None, 1.0),
        ("TEN_SECONDLY_ROLLING", False, False, None, 2.0),
        ("TEN_SECONDLY_ROLLING", False, True, None, 2.0),
        ("TEN_SECONDLY_ROLLING", False, False, 7.0, 7.0),
        ("", True, True, None, 2.0),
    ],
)
def test_a_429_closes_the_window_it_names(
    time: Time, *, policy: str, refused: bool, search: bool, retry_after: float | None, pause: float
) -> None:
    budget = time.budget()
    budget.refused(policy, retry_after, search=refused)
    budget.take(search=search)
    assert time.waited == pytest.approx(pause)


class Waiters:
    """Threads that wait for a budget; each wait is noted, and time stands still."""

    def __init__(self, limit: int) -> None:
        self.now = 0.0
        self.waits: list[float | None] = []
        self.served: list[str] = []
        self.slots: dict[str, Slots] = {}
        self.budget = Budget(limit, clock=lambda: self.now, wait=self._wait)
        self.threads: list[threading.Thread] = []

    def _wait(self, turn: threading.Condition, seconds: float | None) -> None:
        self.waits.append(seconds)
        assert turn.wait(10), "nothing woke the waiter"

    def start(self, name: str, calls: int) -> None:
        before = len(self.waits)

        def work() -> None:
            self.slots[name] = self.budget.take(calls=calls)
            self.served.append(name)

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        self.threads.append(thread)
        while len(self.waits) == before and thread.is_alive():
            thread.join(0.001)

    def join(self) -> None:
        for thread in self.threads:
            thread.join(10)
            assert not thread.is_alive()


def test_a_pair_is_not_starved_by_singles_that_came_later() -> None:
    waiters = Waiters(2)
    first, second = waiters.budget.take(), waiters.budget.take()
    waiters.start("pair", 2)
    waiters.start("single", 1)
    with first:
        pass  # one slot is free: enough for the single, but it came later
    assert waiters.served == []
    with second:
        pass
    waiters.threads[0].join(10)
    assert waiters.served == ["pair"]
    waiters.slots["pair"].give_back()
    waiters.join()


def test_a_header_wakes_who_waits_at_once() -> None:
    waiters = Waiters(2)
    under_way = waiters.budget.take(calls=2)
    for name in ("one", "two"):
        waiters.start(name, 1)
    under_way.answered({MAX: "4"})
    waiters.join()
    assert waiters.served == ["one", "two"]


def test_a_429_makes_who_waits_wait_longer() -> None:
    waiters = Waiters(1)
    waiters.budget.take().answered({})
    waiters.start("one", 1)
    assert waiters.waits == [10.0]
    waiters.budget.refused("TEN_SECONDLY_ROLLING", 15.0, search=False)
    while len(waiters.waits) < 2:
        waiters.threads[0].join(0.001)
    assert waiters.waits[1] == 15.0
    waiters.now = 15.0
    waiters.budget.refused("TEN_SECONDLY_ROLLING", 0.0, search=False)
    waiters.join()


def test_threads_share_one_budget() -> None:
    budget = Budget(64)
    taken: list[int] = []

    def work() -> None:
        for _ in range(8):
            with budget.take() as slots:
                slots.answered({})
            taken.append(1)

    threads = [threading.Thread(target=work, daemon=True) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert len(taken) == 64
