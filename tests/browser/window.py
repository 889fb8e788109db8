"""A browser window of one person, and what no window may do: fail in a script, or call outside."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Response, ViewportSize

DESKTOP = ViewportSize(width=1280, height=800)
PHONE = ViewportSize(width=390, height=844)
WAIT_MS = 60_000
"""How long a visible answer may take; the machine is shared with other tests."""
INNER = frozenset({"data", "blob", "about"})


@dataclass
class Watch:
    """What went wrong in any window, in the words of the browser."""

    errors: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    def on_console(self, message: ConsoleMessage) -> None:
        refusal = message.text.startswith("Failed to load resource")
        if message.type in ("error", "warning") and not refusal:
            self.errors.append(f"{message.type}: {message.text}")

    def on_response(self, response: Response) -> None:
        """A refusal: told here with what was asked for, which the console leaves out."""
        if response.status >= 400:
            request = response.request
            path = urlsplit(response.url).path
            self.errors.append(f"{response.status} {request.method} {path} {request.post_data}")

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
    context.on("response", watch.on_response)
    context.set_default_timeout(WAIT_MS)
    try:
        yield context.new_page()
    finally:
        context.close()
