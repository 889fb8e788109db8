"""Step 2, the job: pause, resume, retry, change the mapping, undo, failures (P2b)."""

from __future__ import annotations

from slack_bolt import App

from handlers.actions import Act
from handlers.delivery import Delivery
from handlers.modals import reassign as modals
from handlers.payload import Metadata
from handlers.ports import Services
from handlers.wiring import answering, on_click
from workflows import commands as c
from workflows.values import Role


def register(app: App, services: Services) -> None:
    """Say which listener serves what."""
    on_click(app, services, Act.PAUSE, answering(c.PauseReassignment))
    on_click(app, services, Act.RESUME, answering(c.ResumeReassignment))
    on_click(app, services, Act.RETRY_REASSIGNMENT, answering(c.RetryReassignment))
    on_click(app, services, Act.CHANGE_MAPPING, answering(c.ChangeMapping))
    on_click(app, services, Act.UNDO, answering(c.UndoReassignment))
    on_click(app, services, Act.OPEN_FAILURES, open_failures)


def open_failures(delivery: Delivery) -> None:
    """Show the records that failed, to administrators and approvers."""
    delivery.require(Role.ADMINISTRATOR, Role.APPROVER)
    run = delivery.run()
    delivery.ack()
    delivery.open(modals.failures(run, Metadata(delivery.ref), delivery.tr))
