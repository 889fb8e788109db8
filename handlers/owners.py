"""Step 2, the mapping: a HubSpot owner for each Salesforce-only owner (P2a–b)."""

from __future__ import annotations

from collections.abc import Callable

from slack_bolt import App

from handlers import payload
from handlers.actions import Act
from handlers.delivery import CLOSED, Delivery, sentence
from handlers.modals import owners as modals
from handlers.payload import Metadata, malformed
from handlers.ports import Services
from handlers.wiring import answering, on_click, on_options
from workflows import commands as c
from workflows.errors import Refused, SunsetError
from workflows.text import N_
from workflows.values import Owner, Role

MOST_OPTIONS = 100
QUERY_MOST = 200


def register(app: App, services: Services) -> None:
    """Say which listener serves what."""
    on_click(app, services, Act.OPEN_MAPPING, open_mapping)
    on_click(app, services, Act.PICK_TARGET, pick_target)
    on_click(app, services, Act.PICK_REMAINING, pick_remaining)
    on_click(app, services, Act.TAKE_SUGGESTIONS, take_suggestions)
    on_click(app, services, Act.CONFIRM_MAPPING, confirm_mapping)
    on_options(app, services, Act.PICK_TARGET, suggest)
    on_options(app, services, Act.PICK_REMAINING, suggest)


def open_mapping(delivery: Delivery) -> None:
    """Show the first page of the pickers."""
    run = delivery.question(c.MapOwner)
    delivery.ack()
    delivery.open(modals.mapping(run, Metadata(delivery.ref), delivery.tr))


def confirm_mapping(delivery: Delivery) -> None:
    """Start the job with the mapping that the button's message showed."""
    delivery.answer(c.ConfirmMapping(shown=delivery.ref.shown))
    delivery.ack()


def turn_page(delivery: Delivery, metadata: Metadata) -> None:
    """Show another page of the pickers."""
    delivery.question(c.MapOwner)
    delivery.ack()
    delivery.redraw(lambda: modals.mapping(delivery.run(), metadata, delivery.tr))


def pick_target(delivery: Delivery) -> None:
    """Give one Salesforce-only owner's records to the picked HubSpot owner."""
    block_id = payload.text_at(delivery.body, "actions", 0, "block_id")
    owner_id = modals.owner_of(block_id)
    if owner_id is None:
        raise malformed("actions.0.block_id")
    _keep(delivery, lambda: c.MapOwner(owner_id=owner_id, target=_picked(delivery)))


def pick_remaining(delivery: Delivery) -> None:
    """Give all that are left to the picked HubSpot owner."""
    _keep(delivery, lambda: c.MapRemaining(target=_picked(delivery)))


def take_suggestions(delivery: Delivery) -> None:
    """Take every suggestion, from the thread or from the modal."""
    if delivery.in_modal:
        _keep(delivery, c.TakeSuggestions)
    else:
        answering(c.TakeSuggestions)(delivery)


def suggest(delivery: Delivery) -> None:
    """Offer active HubSpot owners to an administrator's picker; to others, none."""
    if Role.ADMINISTRATOR not in delivery.roles:
        delivery.ack(options=[])
        return
    typed = payload.find(delivery.body, "value")
    query = typed.strip()[:QUERY_MOST] if isinstance(typed, str) else ""
    run = delivery.services.engine.run(delivery.ref.run_id)
    found = delivery.services.owners.search(query, MOST_OPTIONS)
    # A Salesforce-only owner would be refused as a target, so it is not offered.
    offered = [owner for owner in found if run is None or run.owner(owner.id) is None]
    delivery.ack(options=[modals.option(owner) for owner in offered[:MOST_OPTIONS]])


def _keep(delivery: Delivery, action: Callable[[], c.Action]) -> None:
    """Record a pick at once, and show the page anew; a refusal stands above the pickers."""
    metadata = Metadata.of(delivery.body)
    notice = ""
    try:
        delivery.answer(action())
    except SunsetError as error:
        if error.code in CLOSED:
            raise
        notice = sentence(delivery.tr, error)
        metadata = metadata.emptied()
    delivery.ack()
    delivery.redraw(lambda: modals.mapping(delivery.run(), metadata, delivery.tr, notice))


def _picked(delivery: Delivery) -> Owner:
    owner_id = payload.text_at(delivery.body, "actions", 0, "selected_option", "value")
    owner = delivery.services.owners.get(owner_id)
    if owner is None:
        raise Refused(
            "owner_not_active",
            N_("This HubSpot owner is not active any more."),
            N_("Choose another one."),
        )
    return owner
