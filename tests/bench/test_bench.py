"""Tiny runs of the benchmarks: they measure, and say what they measured. Speed is not asserted."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from bench import __main__ as command_line
from bench import ack, bare, history, polling, start
from bench.numbers import Goal, Json, percentile, summary, table
from bot import program


def well_formed(answer: Json, name: str, goals: Sequence[Goal]) -> Json:
    """Check what every answer has; return its results, as a program would read them."""
    read: Json = json.loads(json.dumps(answer))
    assert read["benchmark"] == name
    assert read["machine"]["cores"] >= 1
    assert read["machine"]["packages"]["slack-bolt"]
    assert [goal["met"] for goal in read["goals"]] == [goal.met for goal in goals]
    assert all(goal["measured"] > 0 and goal["limit"] > 0 for goal in read["goals"])
    results: Json = read["results"]
    return results


def test_ack() -> None:
    load = ack.Load(rounds=1, one=3, people=4, each=2, burst=6, warm_up=2)
    answer, goals = ack.run(load)
    results = well_formed(answer, "ack", goals)
    assert results["recorded"] == load.clicks == 19
    for series, people, clicks in (("one", 1, 3), ("many", 4, 8), ("burst", 6, 6)):
        found = results[series]
        assert found["people"] == people
        for name in ack.NAMES:
            assert found[name]["samples"] == clicks
            assert 0 < found[name]["p50"] <= found[name]["p99"] <= found[name]["most"]
        assert set(found["ratio"]) == {"p50", "p99"}
    assert len(goals) == 3
    assert "4 clicking, bare" in ack.text(results)


def test_start() -> None:
    answer, goals = start.run(times=1)
    results = well_formed(answer, "start", goals)
    assert set(results) == {"sunset", "bare", "bare_alone"}
    for one in results.values():
        assert one["samples"] == 1
        assert 0 < one["connected_ms"] <= one["ready_ms"]
        assert one["resident_mib"] > 10
    # The same modules, so about the same memory: they were really imported.
    assert results["bare"]["resident_mib"] > 1.5 * results["bare_alone"]["resident_mib"]
    assert "sunset" in start.text(results)


def test_polling() -> None:
    answer, goals = polling.run(span=timedelta(hours=2))
    results = well_formed(answer, "polling", goals)
    # Every quarter of an hour; each minute of the first hour; anew once it seems to have failed.
    assert 8 <= results["approvals"] <= 12
    assert 60 < results["removal"] < 120
    assert results["stalled"] > results["removal"]
    assert 60 <= results["deploying"] < 200
    assert "press Uninstall" in polling.text(results)


def test_history() -> None:
    answer, goals = history.run(sizes=(10, 300), loads=2)
    results = well_formed(answer, "history", goals)
    for size in (10, 300):
        one = results[str(size)]
        assert one["events"] == size
        assert sum(one["kinds"].values()) == size
        assert one["samples"] == one["whole_samples"] == 2
        assert 0 < one["least_ms"] <= one["p50_ms"] <= one["most_ms"]
    assert results["300"]["since_snapshot"] < 300
    assert "300" in history.text(results)


def test_both_apps_have_the_same_threads() -> None:
    assert (bare.LISTENERS, bare.SOCKET_THREADS) == (program.LISTENERS, program.SOCKET_THREADS)


def small(answer: Json, goals: list[Goal]) -> command_line.Benchmark:
    return (lambda: (answer, goals)), (lambda results: table(("what",), [(results["x"],)]))


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    goals = [Goal("a", 1.0, 2.0, "s"), Goal("b", 3.0, 2.0, "s")]
    answers = {name: {"benchmark": name, "results": {"x": name}} for name in ("one", "two")}
    benchmarks = {name: small(answer, goals) for name, answer in answers.items()}
    monkeypatch.setattr(command_line, "BENCHMARKS", benchmarks)
    return answers


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["bench", *arguments])
    return command_line.main()


def test_json_is_for_programs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], measured: dict[str, Any]
) -> None:
    assert run(monkeypatch, "one", "--json") == 0
    assert json.loads(capsys.readouterr().out) == measured["one"]
    assert run(monkeypatch, "all", "--json") == 0
    assert json.loads(capsys.readouterr().out) == list(measured.values())


def test_a_missed_goal_is_told_and_is_no_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], measured: dict[str, Any]
) -> None:
    assert run(monkeypatch, "two") == 0
    told = capsys.readouterr().out
    assert "met  a: 1 s (at most 2)" in told
    assert "MISSED  b: 3 s (at most 2)" in told


def test_wrong_usage(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run(monkeypatch, "nonsense")
    assert ended.value.code == 2
    assert "nonsense" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("share", "expected"), [(0.5, 50), (0.99, 99), (0.01, 1), (1.0, 100), (0.001, 1)]
)
def test_percentiles_are_samples(share: float, expected: int) -> None:
    assert percentile([float(n) for n in range(100, 0, -1)], share) == expected


def test_a_summary_of_one_sample() -> None:
    assert summary([2.0]) == {"samples": 1, "p50": 2.0, "p99": 2.0, "most": 2.0}
