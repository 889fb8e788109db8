"""Step 3, the choice: the inventory and the data copy (P3c–d)."""

from __future__ import annotations

from slack_bolt import App

from handlers.actions import Act, Modal
from handlers.delivery import Delivery
from handlers.modals import data_copy as modals
from handlers.modals.inventory import inventory
from handlers.payload import Inputs, Metadata, malformed
from handlers.ports import Services
from handlers.wiring import answering, on_click, on_submit
from workflows import commands as c
from workflows.values import Role


def register(app: App, services: Services) -> None:
    """Say which listener serves what."""
    on_click(app, services, Act.OPEN_INVENTORY, open_inventory)
    on_click(app, services, Act.OPEN_DATA_COPY, open_data_copy)
    on_submit(app, services, Modal.DATA_COPY, choose)
    on_click(app, services, Act.CONFIRM_NO_COPY, answering(c.ConfirmNoCopy))
    on_click(app, services, Act.RECONSIDER, answering(c.ReconsiderDataCopy))


def open_inventory(delivery: Delivery) -> None:
    """Show what would be deleted, to administrators and approvers."""
    delivery.require(Role.ADMINISTRATOR, Role.APPROVER)
    run = delivery.run()
    delivery.ack()
    delivery.open(inventory(run, Metadata(delivery.ref), delivery.tr))


def open_data_copy(delivery: Delivery) -> None:
    """Ask for the choice."""
    delivery.question(c.ChooseDataCopy)
    delivery.ack()
    delivery.open(modals.data_copy(Metadata(delivery.ref), delivery.tr))


def choose(delivery: Delivery) -> None:
    """Take the choice."""

    def take() -> None:
        inputs = Inputs(delivery.body)
        keep = _either(inputs.option(modals.COPY), modals.KEEP, modals.DISCARD)
        backup = _either(inputs.option(modals.BACKUP), modals.YES, modals.NO)
        delivery.answer(c.ChooseDataCopy(keep=keep, own_backup=backup))

    delivery.submit(
        take,
        at={},
        again=lambda notice: modals.data_copy(Metadata(delivery.ref), delivery.tr, notice),
    )


def _either(value: str, yes: str, no: str) -> bool:
    if value not in {yes, no}:
        raise malformed("selected_option.value")
    return value == yes
