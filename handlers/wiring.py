"""Between Bolt and the listeners: registration, what they refuse, and what nobody foresaw.

Every listener takes a :class:`Delivery`. What the program foresaw (:class:`SunsetError`) is shown
to the person as a problem and a remedy, in their language; what it did not gets an incident id.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

import structlog
from slack_bolt import App, BoltResponse
from slack_bolt.context.ack import Ack
from slack_sdk import WebClient

from handlers.acknowledgement import WaitedAck
from handlers.actions import Act, Modal
from handlers.delivery import Delivery, Says
from handlers.payload import Body
from handlers.ports import Services
from workflows import commands as c
from workflows.errors import SunsetError
from workflows.text import N_, Text

log = structlog.get_logger(__name__)

_NEW_ACK: Callable[[], Ack] = Ack
Listener = Callable[[Delivery], None]


def deliver(delivery: Delivery, listener: Listener) -> None:
    """Let *listener* take a delivery; show what it refuses."""
    try:
        listener(delivery)
    except SunsetError as error:
        delivery.refuse(error)


def listening(services: Services, listener: Listener) -> Callable[..., None]:
    """Make a Bolt listener of *listener*."""

    def take(ack: Says, body: dict[str, Any], respond: Says, client: WebClient) -> None:
        # Bolt gives what is not acknowledged in time to the next listener that fits as well.
        if isinstance(ack, WaitedAck):
            if ack.taken:
                return
            ack.taken = True
        deliver(Delivery(services, body, ack, respond, client), listener)

    return take


def on_click(app: App, services: Services, act: Act, listener: Listener) -> None:
    """Let *listener* take the clicks and picks of one kind of element."""
    app.action(act.value)(listening(services, listener))


def on_options(app: App, services: Services, act: Act, listener: Listener) -> None:
    """Let *listener* offer the options of one kind of picker."""
    app.options(act.value)(listening(services, listener))


def on_submit(app: App, services: Services, modal: Modal, listener: Listener) -> None:
    """Let *listener* take the submissions of one kind of modal."""
    app.view(modal.value)(listening(services, listener))


def answering(action: Callable[[], c.Action], done: Text | None = None) -> Listener:
    """Make the listener of a button that is an answer by itself; *done* is said after it."""

    def answer(delivery: Delivery) -> None:
        delivery.answer(action())
        delivery.ack()
        if done is not None:
            delivery.tell(delivery.tr.text(done))

    return answer


def register_errors(app: App, services: Services) -> None:
    """Let unknown errors be shown with an incident id, and logged."""

    @app.error
    def unknown(
        error: Exception,
        body: dict[str, Any],
        respond: Says,
        client: WebClient,
        response: BoltResponse | None,
    ) -> BoltResponse | None:
        """Bolt's one error handler; an answer counts only where none was given yet."""
        answer = failed(services, error, body, respond, client)
        unanswered = response is not None and response.status != 200
        return answer if unanswered else None


def failed(
    services: Services, error: Exception, body: Body, respond: Says, client: WebClient
) -> BoltResponse | None:
    """Log an error that nobody foresaw, tell the person, and return the acknowledgement."""
    incident = secrets.token_hex(4)
    log.error("unexpected_error", incident=incident, exc_info=error)
    ack = _NEW_ACK()
    delivery = Delivery(services, body, ack, respond, client)
    unexpected = SunsetError(
        "unexpected",
        N_("Something unexpected went wrong in Sunset."),
        N_("Look at the thread whether your answer was taken; if not, try again."),
        reference=incident,
    )
    if delivery.kind != "event":
        delivery.refuse(unexpected)
    return ack.response
