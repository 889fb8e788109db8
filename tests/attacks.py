"""How each promise of docs/reliability.md is attacked: tests say it, a run counts it.

A test that attacks a promise carries ``@pytest.mark.attack(promise, how)``; one that tries many
cases says how many with the fixture ``cases`` (one otherwise). `make reliability` runs those tests
and writes the table from what they counted.

`pytest -m attack`, the command of every row, is thorough: what can be tried without end is tried
as often as the table says. `make test` tries less of that.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args

import pytest

REPORT = "SUNSET_RELIABILITY_REPORT"
"""Environment variable: the file that a run writes what it counted into, one JSON line a test."""
Promise = Literal["1", "2", "3", "4", "5", "6", "7", "secrets", "access"]
"""The numbered promises (docs/reliability.md lists them), and two that stand beside them."""
KNOWN: tuple[str, ...] = get_args(Promise)


class Cases:
    """Counts what one test tried."""

    def __init__(self) -> None:
        self.tried = 0

    def add(self, number: int = 1) -> None:
        """Count *number* cases more."""
        self.tried += number


@pytest.fixture
def cases(request: pytest.FixtureRequest) -> Iterator[Cases]:
    """Count cases; what was counted goes into the report of the run."""
    counter = Cases()
    yield counter
    request.node.user_properties.append(("cases", counter.tried))


@pytest.fixture
def thorough(pytestconfig: pytest.Config) -> bool:
    """Whether this run is there for the attacks alone."""
    return bool(pytestconfig.getoption("markexpr") == "attack")


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", "attack(promise, how): attacks a promise in this way")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Take the marker along to the process that reports; refuse a promise that nobody made."""
    for item in items:
        for mark in item.iter_markers("attack"):
            promise, how = str(mark.args[0]), str(mark.args[1])
            if promise not in KNOWN:
                raise pytest.UsageError(f"{item.nodeid}: there is no promise {promise!r}")
            item.user_properties.append(("attack", [promise, how]))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Write down what a test counted, at its end; with several workers only their lead does."""
    target = os.environ.get(REPORT)
    if not target or os.environ.get("PYTEST_XDIST_WORKER"):
        return
    # The counter speaks in the teardown; a failure may come before.
    if report.when != "teardown" and report.passed:
        return
    told: list[tuple[str, Any]] = list(report.user_properties)
    tried = next((value for name, value in told if name == "cases"), 1)
    with Path(target).open("a", encoding="utf-8") as file:
        for name, value in told:
            if name == "attack":
                line = {
                    "promise": value[0],
                    "how": value[1],
                    "test": report.nodeid,
                    "cases": tried,
                    "passed": report.passed,
                }
                file.write(json.dumps(line) + "\n")
