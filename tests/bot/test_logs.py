"""Logs: everything goes to standard error, and no secret is in it, however it got there."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog
from slack_bolt import App
from slack_bolt.authorization import AuthorizeResult
from slack_sdk import WebClient

from bot.logs import configure_logs
from bot.masking import MASK

SECRET = "xoxb-17-very-secret"
Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lines]:
    """Configure logging, and return what was written so far, line by line."""
    out = io.StringIO()
    root = logging.getLogger()
    before = root.handlers, root.level
    monkeypatch.setattr(sys, "stderr", out)
    configure_logs("INFO", [SECRET, "", "short"])

    def written() -> list[dict[str, Any]]:
        assert SECRET not in out.getvalue()
        return [json.loads(line) for line in out.getvalue().splitlines()]

    yield written
    root.handlers, root.level = before
    for name in ("bot", "handlers"):
        logging.getLogger(name).setLevel(logging.NOTSET)
    structlog.reset_defaults()


def logger() -> Any:
    return structlog.get_logger("bot.tests")


def test_a_line_says_when_and_how_bad(lines: Lines) -> None:
    logger().warning("vendor_failed", vendor="slack", attempt=2)
    (line,) = lines()
    assert line["event"] == "vendor_failed"
    assert (line["level"], line["vendor"], line["attempt"]) == ("warning", "slack", 2)
    assert line["timestamp"].endswith("Z")


def test_bolt_does_not_frighten_with_a_token_that_is_used(
    lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", SECRET)
    app = App(
        client=WebClient(SECRET),
        authorize=lambda: AuthorizeResult(enterprise_id=None, team_id=None, bot_token=SECRET),
    )
    assert not lines()
    app.logger.warning("Unhandled request")
    assert [line["event"] for line in lines()] == ["Unhandled request"]


def test_a_secret_in_a_text_is_masked(lines: Lines) -> None:
    logger().info(f"token {SECRET} sent", url=f"https://x/?token={SECRET}")
    (line,) = lines()
    assert line["event"] == f"token {MASK} sent"
    assert line["url"] == f"https://x/?token={MASK}"


@pytest.mark.parametrize(
    "value",
    [
        {"headers": {"Authorization": f"Bearer {SECRET}"}},
        ["a", SECRET],
        ("a", (SECRET,)),
        {SECRET: 1},
        SECRET.encode(),
        ValueError(f"bad token {SECRET}"),
    ],
    ids=["dict", "list", "tuple", "key", "bytes", "exception"],
)
def test_a_secret_inside_a_value_is_masked(lines: Lines, value: object) -> None:
    logger().info("request", detail=value)
    (line,) = lines()
    assert MASK in json.dumps(line)


def test_a_secret_in_a_traceback_is_masked(lines: Lines) -> None:
    try:
        int(SECRET)
    except ValueError:
        logger().exception("incident", incident="1")
    (line,) = lines()
    assert "Traceback" in line["exception"]
    assert MASK in line["exception"]


def test_what_libraries_log_is_masked_too(lines: Lines) -> None:
    library = logging.getLogger("urllib3.connectionpool")
    library.warning("retrying with %s", SECRET)
    try:
        int(SECRET)
    except ValueError:
        library.exception("broken")
    first, second = lines()
    assert first["event"] == f"retrying with {MASK}"
    assert MASK in second["exception"]


def test_libraries_never_log_their_details(lines: Lines) -> None:
    for name in ("simple_salesforce", "slack_sdk", "slack_bolt", "urllib3"):
        logging.getLogger(name).debug("token %s", SECRET)
        logging.getLogger(name).info("token %s", SECRET)
    logger().debug("not at this level")
    assert lines() == []


def test_a_short_word_is_no_secret(lines: Lines) -> None:
    logger().info("in short")
    (line,) = lines()
    assert line["event"] == "in short"
