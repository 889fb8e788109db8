"""Step 2, the mapping: a HubSpot owner for each Salesforce-only owner (P2a–b)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import get_args

import structlog
from slack_bolt import App
from slack_sdk.errors import SlackApiError

from handlers import mapping_upload, payload
from handlers.actions import Act, Modal
from handlers.delivery import CLOSED, Delivery, sentence
from handlers.modals import mapping as modals
from handlers.modals import objects, split
from handlers.payload import Metadata, malformed
from handlers.ports import Services
from handlers.views import words
from handlers.wiring import answering, listening, on_click, on_options, on_submit
from workflows import commands as c
from workflows.errors import Refused, SunsetError
from workflows.rules.mapping import unknown_owner
from workflows.run import Run
from workflows.text import N_, Text
from workflows.values import OwnedRecords, Owner, Role, SuggestionKind

log = structlog.get_logger(__name__)
FILE_COMES = N_("The list comes into the thread as a CSV file in a moment.")
NOT_ACTIVE = N_("This HubSpot owner is not active any more.")
MOST_OPTIONS = 100
QUERY_MOST = 200
_OF_KIND = re.compile(rf"^{Act.TAKE_SUGGESTIONS.value}:[a-z_]{{1,40}}$")


def register(app: App, services: Services) -> None:
    """Say which listener serves what."""
    on_click(app, services, Act.OPEN_MAPPING, open_mapping)
    on_click(app, services, Act.PICK_TARGET, pick_target)
    on_click(app, services, Act.PICK_REMAINING, pick_remaining)
    on_click(app, services, Act.TAKE_SUGGESTIONS, take_suggestions)
    # Several of them stand in one block, each with its kind of suggestion in its id.
    app.action(_OF_KIND)(listening(services, take_suggestions))
    on_click(app, services, Act.EXCLUDE_OWNER, exclude)
    on_click(app, services, Act.INCLUDE_OWNER, include)
    on_click(app, services, Act.OPEN_SPLIT, open_split)
    on_click(app, services, Act.PICK_SPLIT, look_at_split)
    on_submit(app, services, Modal.SPLIT, keep_split)
    on_click(app, services, Act.OPEN_OBJECTS, open_objects)
    on_submit(app, services, Modal.OBJECTS, keep_objects)
    on_click(app, services, Act.CONFIRM_MAPPING, confirm_mapping)
    on_click(app, services, Act.REQUEST_MAPPING_FILE, answering(c.RequestMappingFile, FILE_COMES))
    for act in (Act.PICK_TARGET, Act.PICK_REMAINING, Act.PICK_SPLIT):
        on_options(app, services, act, suggest)
    mapping_upload.register(app, services)


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


# --- one owner, all that are left, suggestions ----------------------------------------------------


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
    """Take every suggestion, or those of one kind, from the thread or from the modal."""
    act = payload.text_at(delivery.body, "actions", 0, "action_id")
    why = act.partition(":")[2]
    if why and why not in get_args(SuggestionKind):
        raise malformed("actions.0.action_id")

    def action() -> c.Action:
        return c.TakeSuggestions.model_validate({"why": why})

    if delivery.in_modal:
        _keep(delivery, action)
    else:
        answering(action)(delivery)


def exclude(delivery: Delivery) -> None:
    """Leave an owner's records as they are."""
    delivery.question(c.ExcludeOwner)
    owner_id = _owner_id(delivery)
    _keep(delivery, lambda: c.ExcludeOwner(owner_id=owner_id))


def include(delivery: Delivery) -> None:
    """Take an exclusion back; somebody else may have done so already."""
    delivery.question(c.ExcludeOwner)
    owner_id = _owner_id(delivery)
    _keep(delivery, lambda: c.IncludeOwner(owner_id=owner_id))


def _owner_id(delivery: Delivery) -> str:
    """Return the owner that a button in the modal stands for."""
    if not delivery.in_modal:
        raise malformed("view")
    return payload.text_at(delivery.body, "actions", 0, "value")


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
    return _active(delivery, owner_id, "owner_not_active", NOT_ACTIVE)


def _active(delivery: Delivery, owner_id: str, code: str, problem: Text) -> Owner:
    owner = delivery.services.owners.get(owner_id)
    if owner is None:
        raise Refused(code, problem, N_("Choose another one."))
    return owner


# --- several owners, other object types -----------------------------------------------------------


def open_split(delivery: Delivery) -> None:
    """Ask who gets one owner's records in turn, above the pickers."""
    run = delivery.question(c.MapOwner)
    owned = _owned(run, _owner_id(delivery))
    metadata = Metadata.of(delivery.body)
    delivery.ack()
    delivery.open(split.split(run, owned, metadata, delivery.tr))


def look_at_split(delivery: Delivery) -> None:
    """Acknowledge a pick; it counts when the modal is submitted."""
    delivery.question(c.MapOwner)
    delivery.ack()


def keep_split(delivery: Delivery) -> None:
    """Record who gets an owner's records, and show it in the modal below."""
    kept = []
    metadata = Metadata.of(delivery.body)
    owner_id, targets, kinds = split.chosen(delivery.body)

    def take() -> None:
        found = [_active(delivery, one, "owner_not_active", NOT_ACTIVE) for one in targets]
        own = {
            kind: _active(delivery, one, "kind_owner_not_active", _not_active(delivery, kind))
            for kind, one in kinds.items()
        }
        action = c.MapOwner(owner_id=owner_id, target=found[0], others=tuple(found[1:]), kinds=own)
        kept.append(delivery.answer(action))

    block = split.targets_block(owner_id)
    delivery.submit(
        take,
        at={"owner_not_active": block, "owner_excluded": block},
        again=lambda notice: split.split(
            delivery.run(), _owned(delivery.run(), owner_id), metadata, delivery.tr, notice
        ),
    )
    if kept:
        _show_below(delivery, metadata)


def _not_active(delivery: Delivery, kind: str) -> Text:
    # The sentence is this person's alone, so that the name may be in their language.
    name = words.object_name(kind, delivery.tr, words.labels(delivery.run()))
    return N_("The HubSpot owner for {kind} is not active any more.", kind=name)


def _owned(run: Run, owner_id: str) -> OwnedRecords:
    owned = run.owner(owner_id)
    if owned is None:
        raise unknown_owner()
    return owned


def _show_below(delivery: Delivery, metadata: Metadata) -> None:
    """Show the pickers' modal anew, below the one that was submitted."""
    below = payload.find(delivery.body, "view", "previous_view_id")
    if not isinstance(below, str) or not below:
        return
    view = modals.mapping(delivery.run(), metadata, delivery.tr)
    try:
        delivery.client.views_update(view_id=below, view=view)
    except SlackApiError as error:
        # What was chosen is kept; the page shows it when it is turned or opened again.
        log.warning("view_not_refreshed", error=str(error.response.get("error")))


def open_objects(delivery: Delivery) -> None:
    """Show the other object types."""
    run = delivery.question(c.ChooseObjects)
    delivery.ack()
    delivery.open(objects.objects(run, Metadata(delivery.ref), delivery.tr))


def keep_objects(delivery: Delivery) -> None:
    """Record which other object types are reassigned too."""

    def take() -> None:
        others = objects.chosen(delivery.run(), delivery.body)
        delivery.answer(c.ChooseObjects(others=others))

    delivery.submit(
        take,
        at={},
        again=lambda notice: objects.objects(
            delivery.run(), Metadata(delivery.ref), delivery.tr, notice
        ),
    )


# --- options --------------------------------------------------------------------------------------


def suggest(delivery: Delivery) -> None:
    """Offer active HubSpot owners to an administrator's picker; to others, none."""
    if Role.ADMINISTRATOR not in delivery.roles:
        delivery.ack(options=[])
        return
    typed = payload.find(delivery.body, "value")
    query = typed.strip()[:QUERY_MOST] if isinstance(typed, str) else ""
    run = delivery.services.engine.run(delivery.ref.run_id)
    # A Salesforce-only owner would be refused as a target, so it is not offered.
    alone = {owned.owner.id for owned in run.candidates} if run else set()
    found = delivery.services.owners.search(query, MOST_OPTIONS + len(alone))
    offered = [owner for owner in found if owner.id not in alone]
    delivery.ack(options=[modals.option(owner) for owner in offered[:MOST_OPTIONS]])
