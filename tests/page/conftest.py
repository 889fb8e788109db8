"""A headless Chromium, and pages opened as a person on a computer or on a phone."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.sandbox.slack_harness import ADA, Harness, harness

REPOSITORY = Path(__file__).parents[2]
Opener = Callable[..., Page]


@pytest.fixture
def opened(chromium: Browser) -> Iterator[Opener]:
    """Open an address in a browser of its own; errors of the page's scripts fail the test."""
    errors: list[str] = []
    contexts = []

    def open_page(url: str, phone: bool = False) -> Page:
        width, height = (390, 844) if phone else (1280, 800)
        context = chromium.new_context(
            viewport={"width": width, "height": height}, locale="en-US", timezone_id="Europe/Warsaw"
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(url)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert errors == []


@pytest.fixture
def slack() -> Iterator[Harness]:
    with harness() as running:
        yield running


@pytest.fixture
def chat(slack: Harness, opened: Opener) -> Opener:
    """Open the chat page as a person."""

    def open_chat(user: str = ADA, place: str = "", phone: bool = False) -> Page:
        page = opened(f"{slack.url}/?as={user}{place}", phone)
        page.get_by_test_id(f"person-{user}").wait_for()
        return page

    return open_chat


@pytest.fixture
def sandbox_page() -> Iterator[str]:
    """The page's address in a whole sandbox that has one blocker in Salesforce."""
    command = [sys.executable, "-m", "sandbox", "--until-stdin-closes", "--scenario", "blockers"]
    with subprocess.Popen(
        command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        settings: dict[str, str] = {}
        for line in process.stdout:
            name, _, value = line.strip().partition("=")
            settings[name] = value
            if name == "SANDBOX_READY":
                break
        yield settings["SANDBOX_PAGE"].rstrip("/")
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(20) == 0
