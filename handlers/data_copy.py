"""Step 3, the choice: the inventory, the data copy, the backup and its waiver (P3c–d)."""

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
    on_click(app, services, Act.START_BACKUP, answering(c.StartBackup))
    on_click(app, services, Act.STOP_BACKUP, answering(c.StopBackup))
    on_click(app, services, Act.OPEN_WAIVER, open_waiver)
    on_submit(app, services, Modal.WAIVER, waive)
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
        chosen = Inputs(delivery.body).option(modals.COPY)
        if chosen not in {modals.KEEP, modals.DISCARD}:
            raise malformed("selected_option.value")
        delivery.answer(c.ChooseDataCopy(keep=chosen == modals.KEEP))

    delivery.submit(
        take,
        at={},
        again=lambda notice: modals.data_copy(Metadata(delivery.ref), delivery.tr, notice),
    )


def open_waiver(delivery: Delivery) -> None:
    """Show an approver what would be lost, and ask for the reason."""
    run = delivery.question(c.WaiveBackup)
    delivery.ack()
    delivery.open(modals.waiver(run, Metadata(delivery.ref), delivery.tr))


def waive(delivery: Delivery) -> None:
    """Take the approver's word that no backup is needed."""

    def take() -> None:
        reason = Inputs(delivery.body).text(modals.REASON, modals.REASON_MOST)
        delivery.answer(c.WaiveBackup(reason=reason))

    refusals = ("reason_missing", "too_long", "own_request", "nothing_to_waive")
    delivery.submit(
        take,
        at=dict.fromkeys(refusals, modals.REASON),
        again=lambda notice: modals.waiver(
            delivery.run(), Metadata(delivery.ref), delivery.tr, notice
        ),
    )
