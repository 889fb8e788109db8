"""The benchmark of the bulk reassignment: its arithmetic, and its measuring of the ledger."""

from __future__ import annotations

from typing import Any

import pytest

from bench import __main__ as command_line
from bench.ledger import measure_ledger
from bench.reassign import Bound, goals_of, split, text
from workflows.forecast import forecast


@pytest.mark.parametrize("records", [1, 7, 100, 99_999, 100_000])
def test_every_record_is_shared_out(records: int) -> None:
    assert sum(split(records).values()) == records


def test_the_bound_of_a_hundred_thousand() -> None:
    bound = Bound.of({"contacts": 60_000, "companies": 25_000, "deals": 15_000})
    assert (bound.searches, bound.changing, bound.checking) == (500, 2_000, 2_000)
    # 500 searches, five at once and five a second: 99 s. Of 2,000 calls the last is the 100th of
    # the 11th window: 100 s after the 100th of the first, which needs the 25th page, after 4 s. Of
    # 4,000 it is the 10th of the 22nd, which needs the second page, at once.
    assert (bound.search_seconds, bound.changed, bound.checked) == (99.0, 104.0, 210.0)


@pytest.mark.parametrize(
    ("records", "seconds"), [(1, 0.0), (9_500, 9.0), (9_501, 10.0), (19_000, 19.0), (19_100, 20.0)]
)
def test_the_first_window_is_free(records: int, seconds: float) -> None:
    assert Bound.of({"contacts": records}).changed == seconds


def test_the_forecast_counts_the_same_calls() -> None:
    counts = {"contacts": 60_000, "companies": 25_000, "deals": 15_000}
    bound, told = Bound.of(counts), forecast(counts, 20)
    assert told.read_calls + told.update_calls == bound.changing
    assert told.check_calls == bound.checking
    assert bound.searches <= told.search_calls <= bound.searches + 10


def results(**changes: Any) -> dict[str, Any]:
    measured: dict[str, Any] = {
        "records": 1_000,
        "owners": 2,
        "counts": {"contacts": 1_000},
        "bound": {
            "searches": 5,
            "changing_calls": 20,
            "checking_calls": 20,
            "search_seconds": 0.0,
            "changed_seconds": 10.0,
            "checked_seconds": 20.0,
        },
        "changed_seconds": 10.1,
        "checked_seconds": 20.2,
        "counted_seconds": 21.0,
        "changed_ratio": 1.01,
        "checked_ratio": 1.01,
        "records_per_second": 99.0,
        "records_per_second_checked": 49.5,
        "script_sample": 760,
        "script_records_per_second": 19.0,
        "times_the_script": 40.0,
        "times_the_script_checked": 20.0,
        "calls": {"search": 5},
        "refused_429": 0,
    }
    return measured | changes


@pytest.mark.parametrize(
    "wrong",
    [
        {"changed_ratio": 1.06},
        {"checked_ratio": 1.06},
        {"refused_429": 1},
        {"times_the_script": 29.0},
        {"ledger": {"more_resident_mib": 61.0}},
    ],
)
def test_each_goal_can_be_missed(wrong: dict[str, Any]) -> None:
    assert all(goal.met for goal in goals_of(results()))
    assert [goal.met for goal in goals_of(results(**wrong))].count(False) == 1


def test_what_people_read() -> None:
    told = text(results())
    assert "1,000 records of 2 owners: 1,000 contacts" in told
    assert "429s: 0" in told


def test_a_ledger_is_measured() -> None:
    found = measure_ledger(3_000)
    assert found["rows"] == 3_000
    assert found["bytes_per_row"] > 20
    assert found["resume_seconds"] > 0
    assert found["resident_mib"] > 10


@pytest.mark.parametrize(
    "arguments",
    [("reassign", "--records", "0"), ("reassign", "--owners", "x"), ("ack", "--records", "5")],
)
def test_wrong_usage(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    monkeypatch.setattr("sys.argv", ["bench", *arguments])
    with pytest.raises(SystemExit) as ended:
        command_line.main()
    assert ended.value.code == 2
