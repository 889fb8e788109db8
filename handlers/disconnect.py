"""Step 1: the person disconnects in HubSpot and says so (P1a–e)."""

from __future__ import annotations

from slack_bolt import App

from handlers.actions import Act, Modal
from handlers.delivery import Delivery
from handlers.i18n import translator
from handlers.modals import disconnect as modals
from handlers.payload import Inputs, Metadata, malformed
from handlers.ports import Services
from handlers.wiring import on_click, on_submit
from workflows import commands as c

_AT = {
    "phrase_wrong": modals.TYPED,
    "reason_missing": modals.OTHER,
    "mappings_not_saved": modals.MAPPINGS,
    "too_long": modals.OTHER,
}


def register(app: App, services: Services) -> None:
    """Say which listener serves what."""
    on_click(app, services, Act.OPEN_DISCONNECT, open_disconnect)
    on_submit(app, services, Modal.DISCONNECT, report)


def open_disconnect(delivery: Delivery) -> None:
    """Show the clicks in order, and what has to be confirmed."""
    run = delivery.question(c.ReportDisconnected)
    delivery.ack()
    delivery.open(modals.disconnect(run, Metadata(delivery.ref), delivery.tr))


def report(delivery: Delivery) -> None:
    """Take in that the integration is disconnected."""

    def take() -> None:
        inputs = Inputs(delivery.body)
        action = c.ReportDisconnected(
            reason=_reason(inputs, delivery.services.channel_locale),
            phrase=inputs.text(modals.TYPED, modals.PHRASE_MOST),
            saved_mappings=inputs.options(modals.MAPPINGS),
        )
        delivery.answer(action)

    delivery.submit(
        take,
        at=_AT,
        again=lambda notice: modals.disconnect(
            delivery.run(), Metadata(delivery.ref), delivery.tr, notice
        ),
    )


def _reason(inputs: Inputs, channel_locale: str) -> str:
    """Return the reason as the thread shall read it; *other* needs words of its own."""
    chosen = inputs.option(modals.REASON)
    own = inputs.text(modals.OTHER, modals.REASON_MOST).strip()
    if chosen not in modals.REASONS:
        raise malformed(f"view.state.values.{modals.REASON}")
    if chosen == modals.OTHER_REASON:
        return own
    said = translator(channel_locale).text(modals.REASONS[chosen])
    return f"{said}: {own}" if own else said
