"""What can be done at any time: check, retry, unfreeze, hand over, cancel; and dead buttons."""

from __future__ import annotations

import re

from slack_bolt import App
from slack_sdk.models.views import View

from handlers.actions import Act, Modal
from handlers.delivery import Delivery
from handlers.modals import control as modals
from handlers.payload import Inputs, Metadata
from handlers.ports import Services
from handlers.wiring import answering, listening, on_click, on_submit
from workflows import commands as c
from workflows.errors import Refused
from workflows.run import Run
from workflows.text import N_

_LOOKING = N_("Sunset looks now; what it finds appears in the thread.")
_ANY = re.compile(r".*", re.DOTALL)


def register(app: App, services: Services) -> None:
    """Say which listener serves what."""
    on_click(app, services, Act.CHECK_NOW, answering(c.CheckNow, _LOOKING))
    on_click(app, services, Act.RETRY, answering(c.Retry, _LOOKING))
    on_click(app, services, Act.UNFREEZE, answering(c.Unfreeze))
    on_click(app, services, Act.OPEN_HAND_OVER, open_hand_over)
    on_submit(app, services, Modal.HAND_OVER, hand_over)
    on_click(app, services, Act.OPEN_CANCEL, open_cancel)
    on_submit(app, services, Modal.CANCEL, cancel)
    on_click(app, services, Act.LINK, followed)


def register_unknown(app: App, services: Services) -> None:
    """Answer what nothing else listens to; Bolt asks listeners in the order of registration."""
    app.action(_ANY)(listening(services, unknown))
    app.view(_ANY)(listening(services, unknown))
    app.options(_ANY)(listening(services, unknown))
    app.command(_ANY)(listening(services, unknown))
    app.shortcut(_ANY)(listening(services, unknown))
    # What needs no answer is acknowledged all the same: else Slack sends it again and again.
    app.view_closed(_ANY)(listening(services, followed))
    app.event(_ANY)(listening(services, followed))


def followed(delivery: Delivery) -> None:
    """Acknowledge what needs no answer: a link that the browser has followed, a closed modal."""
    delivery.ack()


def unknown(_delivery: Delivery) -> None:
    """Refuse an element that this version of the bot does not know."""
    raise Refused(
        "unknown_element",
        N_("This button or window belongs to another version of Sunset."),
        N_("Use the latest message in the thread, or `/uninstall-salesforce status`."),
    )


def open_hand_over(delivery: Delivery) -> None:
    """Ask who is responsible from now on."""
    delivery.require_administrator()
    run = delivery.active_run()
    delivery.ack()
    delivery.open(hand_over_view(delivery, run, Metadata(delivery.ref)))


def hand_over_view(delivery: Delivery, run: Run, metadata: Metadata, notice: str = "") -> View:
    """Make the hand-over modal."""
    administrators = delivery.services.people.administrators()
    return modals.hand_over(run, administrators, metadata, delivery.tr, notice)


def hand_over_to(delivery: Delivery, person: str) -> c.HandOver:
    """Make the action that hands over to *person*, with the roles that they have now."""
    people = delivery.services.people
    return c.HandOver(
        to=person, to_roles=people.roles(person), group_members=people.group_members()
    )


def hand_over(delivery: Delivery) -> None:
    """Make another administrator responsible."""

    def take() -> None:
        delivery.answer(hand_over_to(delivery, Inputs(delivery.body).user(modals.TO)))

    delivery.submit(
        take,
        at={},
        again=lambda notice: hand_over_view(
            delivery, delivery.run(), Metadata(delivery.ref), notice
        ),
    )


def open_cancel(delivery: Delivery) -> None:
    """Say what is irreversible already, and ask whether the run shall end."""
    delivery.require_administrator()
    run = delivery.active_run()
    delivery.ack()
    delivery.open(modals.cancel(run, Metadata(delivery.ref), delivery.tr))


def cancel(delivery: Delivery) -> None:
    """End the run."""

    def take() -> None:
        reason = Inputs(delivery.body).text(modals.REASON, modals.REASON_MOST)
        delivery.answer(c.Cancel(reason=reason))

    delivery.submit(
        take,
        at={"too_long": modals.REASON},
        again=lambda notice: modals.cancel(
            delivery.run(), Metadata(delivery.ref), delivery.tr, notice
        ),
    )
