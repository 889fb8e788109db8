"""The data copy's 48 hours: it is downloaded, or somebody else has to be found (P4)."""

from __future__ import annotations

from slack_bolt import App

from handlers.actions import Act, Modal
from handlers.delivery import Delivery
from handlers.modals import window as modals
from handlers.payload import Inputs, Metadata
from handlers.ports import Services
from handlers.wiring import answering, on_click, on_submit
from workflows import commands as c
from workflows.text import N_

_ASKED = N_("The other administrators are asked in the thread.")


def register(app: App, services: Services) -> None:
    """Say which listener serves what."""
    on_click(app, services, Act.OPEN_DOWNLOADED, open_downloaded)
    on_submit(app, services, Modal.DOWNLOADED, downloaded)
    on_click(app, services, Act.WHO_ELSE, answering(c.AskWhoElse, _ASKED))


def open_downloaded(delivery: Delivery) -> None:
    """Ask where the copy was put."""
    run = delivery.question(c.ConfirmDownloaded)
    delivery.ack()
    delivery.open(modals.downloaded(run, Metadata(delivery.ref), delivery.tr))


def downloaded(delivery: Delivery) -> None:
    """Complete the run."""

    def take() -> None:
        where = Inputs(delivery.body).text(modals.WHERE, modals.WHERE_MOST)
        delivery.answer(c.ConfirmDownloaded(where=where))

    delivery.submit(
        take,
        at={"location_missing": modals.WHERE, "too_long": modals.WHERE},
        again=lambda notice: modals.downloaded(
            delivery.run(), Metadata(delivery.ref), delivery.tr, notice
        ),
    )
