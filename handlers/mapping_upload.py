"""Step 2, the mapping as a file: a person uploads it, and all of it counts or none (P2b)."""

from __future__ import annotations

import structlog
from slack_bolt import App
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.models.views import View

from handlers import mapping_file, payload
from handlers.actions import Act, Modal
from handlers.delivery import Delivery, sentence
from handlers.modals import mapping_file as modals
from handlers.modals import parts
from handlers.payload import Metadata
from handlers.ports import Files, Services
from handlers.wiring import on_click, on_submit
from workflows import commands as c
from workflows.errors import Refused, SunsetError
from workflows.text import N_

log = structlog.get_logger(__name__)


def register(app: App, services: Services) -> None:
    """Say which listener serves what."""
    on_click(app, services, Act.OPEN_MAPPING_FILE, open_upload)
    on_submit(app, services, Modal.MAPPING_FILE, take_in)


def open_upload(delivery: Delivery) -> None:
    """Ask for the file."""
    delivery.question(c.ImportMapping)
    _files(delivery.services)
    delivery.ack()
    delivery.open(modals.upload(Metadata(delivery.ref), delivery.tr))


def take_in(delivery: Delivery) -> None:
    """Read the file after the acknowledgement, since Slack has to hand it over; say what became.

    The same submission delivered twice is read twice and counts once: its key is its own.
    """
    delivery.question(c.ImportMapping)
    files, file_id = _files(delivery.services), modals.file_of(delivery.body)
    delivery.ack(response_action="update", view=modals.reading(delivery.tr))
    view, text = _outcome(delivery, files, file_id)
    _show(delivery, view, text)


def _outcome(delivery: Delivery, files: Files, file_id: str) -> tuple[View, str]:
    """Take the file in; return what became of it, as a view and as a text."""
    tr = delivery.tr
    try:
        number = _import(delivery, files, file_id)
    except mapping_file.FileRefused as error:
        log.info("mapping_file_refused", user=delivery.user, faults=len(error.faults))
        text = sentence(tr, error)
        metadata = Metadata.of(delivery.body).emptied()
        view = modals.upload(metadata, tr, text, error.faults)
        return view, "\n".join([text, *modals.fault_lines(error.faults, tr)])
    except SunsetError as error:
        log.info("refused", kind="view", code=error.code, ref=error.reference, user=delivery.user)
        text = sentence(tr, error)
        return parts.message(tr, tr("That did not work"), text, error=True), text
    except Exception:
        # The modal must not go on saying that the file is being read; the error is told as ever.
        text = tr("Something unexpected went wrong. Look at the list before you try again.")
        _show(delivery, parts.message(tr, tr("That did not work"), text, error=True), text)
        raise
    text = tr.plural(
        "The choice for {count} owner was taken in from the file. Check the list in the thread; "
        "nothing is changed in HubSpot before you confirm it.",
        "The choices for {count} owners were taken in from the file. Check the list in the "
        "thread; nothing is changed in HubSpot before you confirm it.",
        number,
    )
    return modals.taken(text, tr), text


def _import(delivery: Delivery, files: Files, file_id: str) -> int:
    data = files.read_file(file_id, mapping_file.MOST_BYTES)
    assignments = mapping_file.read(data, delivery.run(), delivery.services.owners)
    delivery.answer(c.ImportMapping(assignments=assignments))
    return len(assignments)


def _files(services: Services) -> Files:
    if services.files is None:
        raise Refused(
            "no_files",
            N_("This program takes no files."),
            N_("Choose the HubSpot owners with the pickers."),
        )
    return services.files


def _show(delivery: Delivery, view: View, text: str) -> None:
    """Show what became of the file, in the modal or, where it was closed, in the channel."""
    view_id = payload.text_at(delivery.body, "view", "id")
    try:
        delivery.client.views_update(view_id=view_id, view=view)
    except (SlackApiError, SlackClientError, OSError) as error:
        log.info("modal_closed", error=str(error))
        _whisper(delivery, text)


def _whisper(delivery: Delivery, text: str) -> None:
    """Say something in the run's channel that only this person sees."""
    try:
        delivery.client.chat_postEphemeral(
            channel=delivery.services.channel, user=delivery.user, text=text
        )
    except (SlackApiError, SlackClientError, OSError) as error:
        log.warning("answer_not_delivered", kind=delivery.kind, error=str(error))
