"""The data copy's 48 hours: it is downloaded, or somebody else has to be found (P4)."""

from __future__ import annotations

import re

from slack_bolt import App

from handlers.actions import Act, Modal
from handlers.delivery import Delivery
from handlers.modals import window as modals
from handlers.payload import Inputs, Metadata
from handlers.ports import Services
from handlers.wiring import answering, on_click, on_submit
from workflows import commands as c
from workflows.text import N_

_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
"""Line breaks, control characters, and those that turn the direction of what stands around them."""
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
        typed = Inputs(delivery.body).text(modals.WHERE, modals.WHERE_MOST)
        delivery.answer(c.ConfirmDownloaded(where=readable(typed)))

    delivery.submit(
        take,
        at={"location_missing": modals.WHERE, "too_long": modals.WHERE},
        again=lambda notice: modals.downloaded(
            delivery.run(), Metadata(delivery.ref), delivery.tr, notice
        ),
    )


def readable(typed: str) -> str:
    """Return a typed place as one line that shows what it holds; '' where nothing can be seen."""
    line = _UNSEEN.sub(" ", typed).strip()
    return line if any(char.isprintable() and not char.isspace() for char in line) else ""
