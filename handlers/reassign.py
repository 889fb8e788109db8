"""Step 2, the job: pause, resume, stop, retry, change the mapping, undo, failures (P2b)."""

from __future__ import annotations

from slack_bolt import App

from handlers import payload
from handlers.actions import Act, Modal
from handlers.delivery import Delivery
from handlers.modals import reassign as modals
from handlers.payload import VALUE, Inputs, Metadata, malformed
from handlers.ports import Services
from handlers.wiring import answering, listening, on_click, on_submit
from workflows import commands as c
from workflows.errors import Refused
from workflows.text import N_
from workflows.values import Role

QUERY_MOST = 200


def register(app: App, services: Services) -> None:
    """Say which listener serves what."""
    on_click(app, services, Act.PAUSE, answering(c.PauseReassignment))
    on_click(app, services, Act.RESUME, answering(c.ResumeReassignment))
    on_click(app, services, Act.STOP, answering(c.StopReassignment))
    on_click(app, services, Act.RETRY_REASSIGNMENT, answering(c.RetryReassignment))
    on_click(app, services, Act.CHANGE_MAPPING, answering(c.ChangeMapping))
    on_click(app, services, Act.OPEN_UNDO, open_undo)
    on_submit(app, services, Modal.UNDO, undo)
    app.options(modals.PICK_UNDO_OWNER)(listening(services, suggest_owners))
    on_click(app, services, Act.OPEN_FAILURES, open_failures)


def open_failures(delivery: Delivery) -> None:
    """Show the records that failed, to administrators and approvers."""
    delivery.require(Role.ADMINISTRATOR, Role.APPROVER)
    run = delivery.run()
    delivery.ack()
    delivery.open(modals.failures(run, Metadata(delivery.ref), delivery.tr))


def open_undo(delivery: Delivery) -> None:
    """Ask what is given back."""
    run = delivery.question(c.UndoReassignment)
    delivery.ack()
    delivery.open(modals.undo(run, Metadata(delivery.ref), delivery.tr))


def suggest_owners(delivery: Delivery) -> None:
    """Offer the run's Salesforce-only owners to an administrator; to others, none."""
    run = delivery.services.engine.run(delivery.ref.run_id)
    if run is None or Role.ADMINISTRATOR not in delivery.roles:
        delivery.ack(options=[])
        return
    typed = payload.find(delivery.body, "value")
    query = typed.strip()[:QUERY_MOST] if isinstance(typed, str) else ""
    delivery.ack(options=modals.owner_options(run, query, delivery.tr))


def undo(delivery: Delivery) -> None:
    """Give back what was chosen."""
    delivery.submit(
        lambda: _undo(delivery),
        at={
            "undo_nothing_chosen": modals.SCOPE,
            "undo_unclear": modals.SCOPE,
            "unknown_owner": modals.OWNER,
            "unknown_object_type": modals.KIND,
        },
        again=lambda notice: modals.undo(
            delivery.run(), Metadata(delivery.ref), delivery.tr, notice
        ),
    )


def _undo(delivery: Delivery) -> None:
    scope = Inputs(delivery.body).option(modals.SCOPE)
    owner_id = _picked(delivery, modals.OWNER, modals.PICK_UNDO_OWNER)
    kind = _picked(delivery, modals.KIND, VALUE)
    if kind == modals.EVERY_KIND:
        kind = ""
    if scope not in {modals.ALL, modals.PART}:
        raise malformed(f"view.state.values.{modals.SCOPE}")
    if scope == modals.PART and not (owner_id or kind):
        raise Refused(
            "undo_nothing_chosen",
            N_("Nothing is chosen below."),
            N_("Choose an owner or an object type, or everything."),
        )
    if scope == modals.ALL and (owner_id or kind):
        raise Refused(
            "undo_unclear",
            N_("Everything is to be given back, but something is chosen below."),
            N_("Choose “only what is chosen below”, or empty those fields."),
        )
    delivery.answer(c.UndoReassignment(owner_id=owner_id, object_type=kind))


def _picked(delivery: Delivery, block: str, action_id: str) -> str:
    """Return the value picked from an optional select, '' without one."""
    element = payload.find(delivery.body, "view", "state", "values", block, action_id)
    option = payload.find(element, "selected_option")
    if isinstance(element, dict) and option is None:
        return ""
    return payload.text_at(option, "value")
