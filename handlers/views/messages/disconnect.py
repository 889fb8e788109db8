"""Step 1: the clicks in HubSpot, in order (P1), and the check that follows."""

from __future__ import annotations

from slack_sdk.models.blocks import Block

from handlers.i18n import Translator
from handlers.views.parts import outside, section
from handlers.views.parts import sections as packed
from workflows.rules.disconnect import PHRASE
from workflows.run import Run


def disconnect(run: Run, tr: Translator) -> list[Block]:
    """Show P1a-e with what goes and what stays."""
    account = outside(run.account.portal_id, 40)
    steps = [
        tr("*In HubSpot, account {account}:*", account=account),
        tr(
            "`P1a` Open the page of integrations and choose *Salesforce*. Depending on the account "
            "it is found under *Settings › Integrations › Connected apps*, under *Reporting and "
            "data › Integrations* or under *Data management › Integrations*."
        ),
        tr("`P1b` Press *Disconnect*, top right."),
        tr("`P1c` Read what goes and what stays, then press *Continue*."),
        tr("`P1d` Choose a reason, and type `{phrase}` into the field.", phrase=PHRASE),
        tr("`P1e` Press *Uninstall Salesforce*."),
        tr("Then come back and press the button below."),
    ]
    return [
        section(
            tr(
                "⚠️ *This goes for good:* the integration's settings, and the field mappings of "
                "contacts, companies and deals. Save the mappings first (screenshots or a sheet): "
                "each of the three is asked for."
            )
        ),
        section(
            tr(
                "*This stays:* contacts, companies, deals and activities that came from "
                "Salesforce; the “Salesforce Information” properties and their values; the package "
                "in Salesforce. Workflow actions that speak to Salesforce stay in their workflows, "
                "but no longer run."
            )
        ),
        *packed(steps),
    ]


def waiting_for_sync(run: Run, tr: Translator) -> list[Block]:
    """Say how the disconnect is being checked."""
    lines = [
        tr(
            "Sunset looks at the time of the last sync of contacts, companies and deals, twice, "
            "some minutes apart. A sync after the reported disconnect would prove that it still "
            "runs; quiet is a good sign, and is noted as such."
        )
    ]
    if run.disconnect_reported_at is not None:
        when = tr.moment(run.disconnect_reported_at)
        lines.append(tr("The disconnect was reported {when}.", when=when))
    return list(packed(lines))
