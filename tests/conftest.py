"""What all tests share: counted attacks, and one headless Chromium for each process.

Playwright allows one browser at a time in a process.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from shutil import which

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

pytest_plugins = ["tests.attacks"]

CHROMIUM = (
    os.environ.get("SUNSET_CHROMIUM")
    or which("chromium")
    or which("chromium-browser")
    or which("google-chrome")
)
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)


LONGEST = ("tests/e2e/test_walk", "tests/browser/", "tests/secrets/", "tests/death/")
"""What takes most of a minute and mostly waits: it is begun first, so that nobody waits for it."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: not item.nodeid.startswith(LONGEST))


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.fail("no Chromium is installed; tools/ensure-browser installs one")
    # A busy machine is slow, not wrong.
    expect.set_options(timeout=30_000)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield running
        running.close()
