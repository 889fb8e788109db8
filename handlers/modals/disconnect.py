"""The modal of step 1: the clicks in HubSpot in order, then what to confirm (P1a–e)."""

from __future__ import annotations

from slack_sdk.models.views import View

from handlers.actions import Modal
from handlers.i18n import Translator
from handlers.modals import parts
from handlers.payload import Metadata
from handlers.views import words
from handlers.views.links import hubspot_integration
from handlers.views.parts import actions, link, section
from workflows.rules.disconnect import PHRASE
from workflows.run import Run
from workflows.text import N_
from workflows.values import CORE_OBJECTS

MAPPINGS, REASON, OTHER, TYPED = "mappings", "P1d-reason", "other_reason", "P1d-phrase"
OTHER_REASON = "other"
REASON_MOST, PHRASE_MOST = 400, 200

REASONS = {
    "not_using_salesforce": N_("We no longer use Salesforce"),
    "not_using_hubspot": N_("We no longer use HubSpot"),
    "missing_features": N_("The integration does not do what we need"),
    "too_difficult": N_("It is too difficult to set up or to use"),
    "sync_errors": N_("There were too many sync errors"),
    "another_integration": N_("We use another integration"),
    OTHER_REASON: N_("Other"),
}


def disconnect(run: Run, metadata: Metadata, tr: Translator, notice: str = "") -> View:
    """Lead through the disconnect, and ask for the ticks, the reason and the typed phrase."""
    blocks = [
        section(_steps(tr)),
        actions(link(tr("Open the integration in HubSpot"), hubspot_integration(run))),
        parts.alert(
            tr(
                "HubSpot deletes the integration's settings and the field mappings for good. Save "
                "the mappings first: take screenshots, or export them."
            ),
            "warning",
        ),
        parts.ticks(
            MAPPINGS,
            tr("Field mappings that are saved"),
            [(kind, words.object_type(kind, tr)) for kind in CORE_OBJECTS],
        ),
        parts.select(
            tr,
            REASON,
            tr("Reason that you chose in HubSpot (P1d)"),
            [(code, tr.text(text)) for code, text in REASONS.items()],
        ),
        parts.text_input(OTHER, tr("In your own words"), REASON_MOST, optional=True),
        parts.text_input(
            TYPED,
            tr("The phrase that you typed in HubSpot (P1d)"),
            PHRASE_MOST,
            placeholder=PHRASE,
            hint=tr("Type exactly: {phrase}", phrase=PHRASE),
        ),
    ]
    return parts.form(
        tr,
        Modal.DISCONNECT,
        tr("Disconnect in HubSpot"),
        blocks,
        submit=tr("It is disconnected"),
        metadata=metadata,
        notice=notice,
    )


def _steps(tr: Translator) -> str:
    steps = [
        tr("`P1a` Open the integrations of your HubSpot account and choose *Salesforce*."),
        tr("`P1b` Press *Disconnect*, top right."),
        tr("`P1c` Read what goes and what stays, then press *Continue*."),
        tr("`P1d` Choose a reason, and type `{phrase}` into the field.", phrase=PHRASE),
        tr("`P1e` Press *Uninstall Salesforce*."),
    ]
    return "\n".join(f"{number}. {text}" for number, text in enumerate(steps, 1))
