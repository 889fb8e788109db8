"""A browser window of one person, and what no window may do: fail in a script, or call outside."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Page, Request, ViewportSize

DESKTOP = ViewportSize(width=1280, height=800)
PHONE = ViewportSize(width=390, height=844)
WAIT_MS = 20_000
"""How long a visible answer may take; the machine is shared with other tests."""
INNER = frozenset({"data", "blob", "about"})


@dataclass
class Watch:
    """What went wrong in any window, in the words of the browser."""

    errors: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    def on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            where = urlsplit(message.location["url"]).path
            self.errors.append(f"{message.type} at {where}: {message.text}")

    def on_request(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.hostname != "127.0.0.1" and address.scheme not in INNER:
            self.outside.append(request.url)


@contextmanager
def window(browser: Browser, watch: Watch, size: ViewportSize) -> Iterator[Page]:
    """Open an empty window that *watch* looks at."""
    phone = size["width"] < 600
    context = browser.new_context(
        viewport=size,
        has_touch=phone,
        locale="en-US",
        timezone_id="Europe/Warsaw",
        reduced_motion="reduce",
    )
    context.on("console", watch.on_console)
    context.on("weberror", lambda error: watch.errors.append(str(error.error)))
    context.on("request", watch.on_request)
    context.set_default_timeout(WAIT_MS)
    try:
        yield context.new_page()
    finally:
        context.close()
