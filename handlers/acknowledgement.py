"""Telling Slack at once that something was taken.

Bolt looks every 10 ms whether a listener has acknowledged (slack_bolt/listener/thread_runner.py);
with this middleware it is told, so that an acknowledgement leaves as soon as it is given.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from slack_bolt import App, BoltContext, BoltResponse
from slack_bolt.context.ack import Ack

ACK_SECONDS = 3.0
"""Slack waits no longer (facts/slack.md)."""


class WaitedAck(Ack):
    """An ``ack`` whose response the thread that made it waits for, when it first looks.

    ``taken`` says that a listener has begun with the delivery.
    """

    def __init__(self, measured: Callable[[float], None] = lambda _: None) -> None:
        self.taken = False
        self._measured = measured
        self._began = time.monotonic()
        self._given = threading.Event()
        self._waiter = threading.get_ident()
        self._waited = False
        self._response: BoltResponse | None = None

    @property
    def response(self) -> BoltResponse | None:
        """The acknowledgement, or None when there is none within Slack's time."""
        if not self._waited and threading.get_ident() == self._waiter:
            self._waited = True
            self._given.wait(ACK_SECONDS)
        return self._response

    @response.setter
    def response(self, response: BoltResponse | None) -> None:
        # Bolt sets None where a listener fails after it has acknowledged: that stays acknowledged.
        if response is not None:
            if self._response is None:
                self._measured(time.monotonic() - self._began)
            self._response = response
            self._given.set()


def register(app: App, measured: Callable[[float], None]) -> None:
    """Let every delivery to *app* be acknowledged in this way; *measured* is told the seconds."""

    @app.middleware
    def wait_for_ack(context: BoltContext, next_: Callable[[], None]) -> None:
        """Bolt's middleware; runs in the thread that sends the acknowledgement."""
        context["ack"] = WaitedAck(measured)
        next_()
