"""The forecast against a job that is played through, page by page and batch by batch."""

from __future__ import annotations

from collections import Counter
from math import ceil

import pytest
from more_itertools import chunked

from tests.workflows import samples
from workflows.forecast import forecast, totals

Records = dict[str, dict[int, int]]
"""Object type -> old owner -> number of records."""


def shared_out(records: dict[str, int], owners: int) -> Records:
    """Share the records of each type out among the owners: many to some, few or none to others."""
    return {
        kind: Counter(number * number % owners for number in range(count))
        for kind, count in records.items()
    }


def searches_of(by_owner: dict[int, int], owners: int) -> int:
    """Page through the records of a hundred owners at a time; a page that is not full ends it."""
    searches = 0
    for group in chunked(range(owners), 100):
        left = sum(by_owner.get(owner, 0) for owner in group)
        searches += 1
        while left >= 200:
            left -= 200
            searches += 1
    return searches


def played(shared: Records, owners: int) -> dict[str, int]:
    """Count the requests of a whole job: find, read and write, check, and count anew."""
    calls: Counter[str] = Counter()
    for by_owner in shared.values():
        records = sum(by_owner.values())
        if records:
            calls["search"] += searches_of(by_owner, owners)
        for batch in chunked(range(records), 100):
            assert batch
            calls["read"] += 1
            calls["update"] += 1
        calls["check"] += sum(1 for _ in chunked(range(records), 50))
        calls["search"] += sum(1 for _ in chunked(range(owners), 100))
    return calls


def seconds_of(searches: int, batches: int, checks: int, rate: float, search_rate: float) -> float:
    """Let the clock run request by request: two budgets side by side, then the checks."""
    search_clock = write_clock = 0.0
    for _ in range(searches):
        search_clock += 1 / search_rate
    for _ in range(2 * batches):
        write_clock += 1 / rate
    clock = max(search_clock, write_clock)
    for _ in range(checks):
        clock += 1 / rate
    return clock


CASES = [
    ({"contacts": 0, "companies": 0, "deals": 0}, 3),
    ({"contacts": 1, "companies": 0, "deals": 0}, 1),
    ({"contacts": 200, "companies": 100, "deals": 50}, 2),
    ({"contacts": 201, "companies": 101, "deals": 51}, 2),
    ({"contacts": 30_000, "companies": 7_777, "deals": 12_345}, 20),
    ({"contacts": 40_000, "companies": 20_001, "deals": 999, "tickets": 5}, 350),
]


@pytest.mark.parametrize(("records", "owners"), CASES)
def test_says_what_a_job_costs(records: dict[str, int], owners: int) -> None:
    """Searches may be a few less: each hundred of owners may end with a page that is not full."""
    said = forecast(records, owners)
    calls = played(shared_out(records, owners), owners)
    assert said.read_calls == said.update_calls == calls["update"]
    assert said.check_calls == calls["check"]
    groups = ceil(owners / 100)
    assert 0 <= said.search_calls - calls["search"] <= groups * len(records)
    assert said.calls == sum(calls.values()) + said.search_calls - calls["search"]


@pytest.mark.parametrize(("records", "owners"), CASES)
@pytest.mark.parametrize(("rate", "search_rate"), [(19.0, 5.0), (10.0, 5.0), (25.0, 1.0)])
def test_says_how_long_it_takes(
    records: dict[str, int], owners: int, rate: float, search_rate: float
) -> None:
    said = forecast(records, owners, per_second=rate, searches_per_second=search_rate)
    counted = (said.search_calls, said.update_calls, said.check_calls)
    took = seconds_of(*counted, rate, search_rate)
    assert said.seconds - 1 < took + 1e-6
    assert took <= said.seconds + 1e-6


def test_of_nothing_is_nothing() -> None:
    said = forecast({}, 0)
    assert (said.calls, said.seconds) == (0, 0)


def test_more_of_anything_never_costs_less() -> None:
    less, more = forecast({"contacts": 999}, 9), forecast({"contacts": 1_001}, 9)
    crowd = forecast({"contacts": 1_001}, 101)
    assert less.calls < more.calls < crowd.calls
    assert less.seconds <= more.seconds <= crowd.seconds


def test_is_made_of_what_is_chosen() -> None:
    assert totals(samples.WITH_OTHERS) == {"contacts": 12, "companies": 0, "deals": 3}
    chosen = tuple(one.split(("contacts", "tickets")) for one in samples.WITH_OTHERS)
    assert totals(chosen) == {"contacts": 12, "tickets": 5}
    assert totals(()) == {}
