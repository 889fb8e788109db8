"""Turning the pages of modals."""

from __future__ import annotations

from collections.abc import Callable

from slack_bolt import App
from slack_sdk.models.views import View

from handlers import owners, payload
from handlers.actions import Act, Modal
from handlers.delivery import Delivery
from handlers.i18n import Translator
from handlers.modals import approval, inventory, reassign
from handlers.payload import Metadata, malformed
from handlers.ports import Services
from handlers.wiring import on_click
from workflows.run import Run
from workflows.values import Role

_READ_ONLY: dict[str, Callable[[Run, Metadata, Translator], View]] = {
    Modal.PLAN: approval.plan,
    Modal.INVENTORY: inventory.inventory,
    Modal.FAILURES: reassign.failures,
}


def register(app: App, services: Services) -> None:
    """Say which listener serves what."""
    on_click(app, services, Act.PAGE_BACK, turn)
    on_click(app, services, Act.PAGE_NEXT, turn)


def turn(delivery: Delivery) -> None:
    """Show the page that the button names, of the modal that it is in."""
    metadata = Metadata.of(delivery.body).at(_page(delivery))
    modal = payload.text_at(delivery.body, "view", "callback_id")
    if modal == Modal.MAPPING:
        owners.turn_page(delivery, metadata)
        return
    draw = _READ_ONLY.get(modal)
    if draw is None:
        raise malformed("view.callback_id")
    delivery.require(Role.ADMINISTRATOR, Role.APPROVER)
    delivery.run()
    delivery.ack()
    delivery.redraw(lambda: draw(delivery.run(), metadata, delivery.tr))


def _page(delivery: Delivery) -> int:
    value = payload.text_at(delivery.body, "actions", 0, "value")
    if not (value.isascii() and value.isdigit() and len(value) <= 6):
        raise malformed("actions.0.value")
    return int(value)
