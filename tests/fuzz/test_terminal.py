"""Names with escape sequences, on the terminal of whoever runs `sunset`, and in its log."""

from __future__ import annotations

import io
import json
import logging
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from bot import cli, follow, report
from bot.logs import configure_logs
from bot.store.base import Link
from bot.terminal import Terminal
from handlers.ports import Progress
from tests.attacks import Cases
from tests.fuzz.poison import EVIL, poisoned
from tests.handlers.runs import tell
from tests.handlers.views.looks import EN, PL
from workflows.prompts import Ask

HOW = "hostile and overlong text wherever it is shown: messages, modals, terminal, log"
STEERING = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
HASH = "ab" * 32


def printed(show: Callable[[Terminal], object]) -> str:
    """Return what is printed where there are no colours: every escape would be from outside."""
    file = io.StringIO()
    show(Terminal(file=file, width=200))
    return file.getvalue()


@pytest.mark.attack("7", HOW)
@pytest.mark.parametrize("ask", list(Ask))
def test_runs_show_nothing_that_steers(ask: Ask, cases: Cases) -> None:
    story = tell(ask)
    run = poisoned(story.run, people=True, text=EVIL)
    history = [Link(poisoned(one, people=True, text=EVIL), HASH, HASH) for one in story.history]

    def show(out: Terminal) -> None:
        out.print(report.steps_table(run, EN))
        for table in report.step_two(run, PL):
            out.print(table)
        out.print(report.history_table(history, EN))
        if run.plan is not None:
            for table in report.plan_tables(run.plan, EN):
                out.print(table)

    text = printed(show)
    assert STEERING.search(text) is None
    # What is said of a name stays in its cell: nothing begins a line of its own.
    assert "\n`run-1`" not in text
    data = report.run_detail(run, history)
    told = printed(lambda out: out.print_json(data=data))
    assert told.isascii()
    assert STEERING.search(told) is None
    assert json.loads(told) == data
    cases.add(2)


@pytest.mark.attack("7", HOW)
@pytest.mark.parametrize("ask", [Ask.WAIT_REASSIGNMENT, Ask.WAIT_BACKUP, Ask.WAIT_REMOVAL])
def test_following_shows_nothing_that_steers(ask: Ask, cases: Cases) -> None:
    run = poisoned(tell(ask).run, text=EVIL)
    look = follow.Look(run, Progress(1, 9, 1, label=EVIL, step=EVIL, job=run.job), 900.0)
    plain = printed(lambda out: follow.Lines(out, EN, lambda: 0.0).show(look))
    assert STEERING.search(plain) is None
    assert plain.count("\n") == 1
    lines = io.StringIO()
    follow.JsonLines(lines).show(look)
    assert STEERING.search(lines.getvalue()) is None
    drawn = io.StringIO()
    with follow.Picture(Terminal(file=drawn, force_terminal=True, width=200), EN) as picture:
        picture.show(look)
    for evil in ("\x1b[31m\x07", "\x9b2J", "\u202e", "\x07"):
        assert evil not in drawn.getvalue()
    cases.add(3)


@pytest.mark.attack("7", HOW)
def test_findings_and_refusals_show_nothing_that_steers(
    cases: Cases, monkeypatch: pytest.MonkeyPatch
) -> None:
    finding = {"check": "slack.x", "what": EVIL, "level": "wrong", "result": EVIL, "remedy": EVIL}

    def show(out: Terminal) -> None:
        monkeypatch.setattr(cli, "out", out)
        cli._print_findings([finding], EN)

    assert STEERING.search(printed(show)) is None
    assert STEERING.search(printed(lambda out: out.print(EVIL, markup=False))) is None
    cases.add(2)


def test_every_command_prints_on_such_a_terminal() -> None:
    root = Path(cli.__file__).parent
    plain = [path.name for path in root.glob("*.py") if "Console(" in path.read_text("utf-8")]
    assert plain == []
    for console in (cli.out, cli.err):
        assert isinstance(console, Terminal)


@pytest.fixture
def logging_restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


@pytest.mark.attack("7", HOW)
@pytest.mark.parametrize("terminal", [True, False], ids=["terminal", "json"])
def test_a_log_line_stays_one(
    terminal: bool, cases: Cases, monkeypatch: pytest.MonkeyPatch, logging_restored: None
) -> None:
    file: Any = io.StringIO()
    monkeypatch.setattr(file, "isatty", lambda: terminal, raising=False)
    monkeypatch.setattr(sys, "stderr", file)
    configure_logs("INFO", [])
    log = structlog.get_logger("bot.fuzz")
    forged = f"{EVIL}\n2026-01-01T00:00:00Z [error] approved by=U0ADMIN\r\x85x"
    log.warning("refused", user=forged, code=[forged], ref={"x": forged})
    logging.getLogger("slack_sdk").error("on_error invoked (error: %s)", forged)
    lines = file.getvalue().split("\n")
    assert len(lines) == 3
    own = re.compile(r"\x1b\[[0-9;]*m") if terminal else re.compile(r"(?!)")
    for line in lines:
        assert STEERING.search(own.sub("", line)) is None
        assert "\x07" not in line
    cases.add(2)
