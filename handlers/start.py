"""Starting a run: the modal with P0a–c, and what becomes of it."""

from __future__ import annotations

import hashlib

from slack_bolt import App
from slack_sdk.models.views import View

from handlers.actions import Act, Modal
from handlers.delivery import Delivery
from handlers.modals import start as modals
from handlers.payload import Inputs, malformed
from handlers.ports import Services
from handlers.wiring import on_click, on_submit
from workflows import commands as c
from workflows.errors import Refused
from workflows.text import N_
from workflows.values import Reason


def register(app: App, services: Services) -> None:
    """Say which listener serves what."""
    on_click(app, services, Act.OPEN_START, open_start)
    on_submit(app, services, Modal.START, start)


def open_start(delivery: Delivery) -> None:
    """Open the start modal, unless a run is active."""
    delivery.require_administrator()
    if delivery.services.engine.active_run() is not None:
        raise Refused(
            "run_active",
            N_("A run is active already; there can be only one."),
            N_("Use `/uninstall-salesforce status` to see where it is."),
        )
    delivery.ack()
    delivery.open(view(delivery))


def view(delivery: Delivery, notice: str = "") -> View:
    """Make the start modal as it is for this person."""
    services = delivery.services
    return modals.start(
        delivery.tr,
        policy=services.policy,
        requester=delivery.user,
        approvers=services.people.approvers(),
        notice=notice,
    )


def start(delivery: Delivery) -> None:
    """Start the run."""
    inputs = Inputs(delivery.body)
    boxes = (modals.SUBSCRIPTION, modals.PERMISSION, modals.ADVICE)
    ticked = frozenset[str]().union(*(inputs.options(box) for box in boxes))
    open_boxes = [box for box in boxes if box not in ticked]

    def take() -> None:
        services = delivery.services
        action = c.StartRun(
            run_id=run_id(delivery.key),
            account=services.account,
            reason=_reason(inputs.option(modals.REASON)),
            note=inputs.text(modals.NOTE, modals.NOTE_MOST).strip(),
            confirmed=ticked,
            approvers=inputs.users(modals.APPROVERS),
            eligible_approvers=tuple(services.people.approvers()),
            group_members=services.people.group_members(),
            policy=services.policy,
        )
        delivery.execute(action.run_id, action)

    channel = delivery.services.channel
    at = {"too_long": modals.NOTE} | ({"not_confirmed": open_boxes[0]} if open_boxes else {})
    delivery.submit(
        take,
        at=at,
        again=lambda notice: view(delivery, notice),
        done=lambda: modals.started(delivery.tr, channel),
    )


def run_id(delivery_key: str) -> str:
    """Name the run after the delivery that starts it: a second delivery names the same run."""
    return f"run-{hashlib.sha256(delivery_key.encode()).hexdigest()[:8]}"


def _reason(value: str) -> Reason:
    try:
        return Reason(value)
    except ValueError:
        raise malformed("reason") from None
