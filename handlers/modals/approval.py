"""Modals around the two approvals: the plan's details, declining, the consent (P3e)."""

from __future__ import annotations

from collections.abc import Mapping

from slack_sdk.models.views import View

from handlers.actions import Modal
from handlers.i18n import Translator
from handlers.modals import parts
from handlers.modals.inventory import package_line
from handlers.payload import Metadata
from handlers.views import words
from handlers.views.messages.approval import plan_lines
from handlers.views.parts import outside, section
from workflows.rules.approval import plan_bound
from workflows.run import Run
from workflows.values import OwnedRecords, Owner, Plan

PER_PAGE = 20
REASON, CONSENT = "reason", "P3e"
REASON_MOST = 2_000


def plan(run: Run, metadata: Metadata, tr: Translator) -> View:
    """Show everything that the plan found, in pages."""
    lines = [tr("The plan is still being made.")]
    if run.plan is not None:
        bound = tr(
            "Read {when}; nothing was changed. Approvals are bound to {digest}.",
            when=tr.moment(run.plan.taken_at),
            digest=words.short(plan_bound(run)),
        )
        lines = [bound, *plan_lines(run, run.plan, tr), *_blockers(run.plan, tr)]
        lines += [*_owners(run.plan, tr), *_deactivated(run.plan, tr)]
    return parts.paged_lines(
        tr, Modal.PLAN, tr("The plan"), lines, metadata=metadata, size=PER_PAGE
    )


def _blockers(plan: Plan, tr: Translator) -> list[str]:
    if plan.inventory is None or not plan.inventory.blockers:
        return []
    found = [f"• {line}" for line in words.blockers(plan.inventory.blockers, tr, plan.inventory)]
    return [tr("*All blockers that were found*"), *found]


def _owners(plan: Plan, tr: Translator) -> list[str]:
    if not plan.owners:
        return []
    active = tr.plural(
        "{count} active HubSpot owner", "{count} active HubSpot owners", plan.active_owners
    )
    title = tr.plural(
        "*{count} Salesforce-only owner* ({active} beside)",
        "*{count} Salesforce-only owners* ({active} beside)",
        len(plan.owners),
        active=active,
    )
    people = [owned for owned in plan.owners if owned.why != "queue"]
    queues = [owned for owned in plan.owners if owned.why == "queue"]
    lines = [title]
    for heading, group in ((tr("*People*"), people), (tr("*Queues*"), queues)):
        if group:
            shown = [f"• {owner_line(owned, tr, plan.labels)}" for owned in group]
            lines += [heading, *shown]
    return lines


def _deactivated(plan: Plan, tr: Translator) -> list[str]:
    if not plan.deactivated:
        return []
    title = tr.plural(
        "*{count} deactivated HubSpot user*: no Salesforce-only owner, left alone",
        "*{count} deactivated HubSpot users*: no Salesforce-only owners, left alone",
        len(plan.deactivated),
    )
    return [title, *(f"• {person(owner)}" for owner in plan.deactivated)]


def owner_line(owned: OwnedRecords, tr: Translator, labels: Mapping[str, str]) -> str:
    """Describe a Salesforce-only owner: name, e-mail, why it counts as one, records."""
    counted = record_counts(owned, tr, labels)
    return f"{person(owned.owner)} · {words.why(owned, tr)} · {counted}"


def person(owner: Owner) -> str:
    """Name an owner, with the e-mail beside where there is one."""
    name, email = outside(owner.label), outside(owner.email)
    return f"*{name}*" if not email or email == name else f"*{name}* · {email}"


def record_counts(owned: OwnedRecords, tr: Translator, labels: Mapping[str, str]) -> str:
    """Write how many records an owner has, and which of them are not reassigned."""
    line = words.counts(owned.counts, tr, labels)
    if sum(owned.other_counts.values()):
        others = words.counts(owned.other_counts, tr, labels)
        line += " · " + tr("not reassigned: {counts}", counts=others)
    return line


def decline(metadata: Metadata, tr: Translator, notice: str = "") -> View:
    """Ask why an approver declines."""
    blocks = [
        section(tr("Declining ends the run. A new one can be started at any time.")),
        parts.text_input(
            REASON,
            tr("Reason"),
            REASON_MOST,
            multiline=True,
            hint=tr("One sentence, so that the requester knows what to change."),
        ),
    ]
    return parts.form(
        tr,
        Modal.DECLINE,
        tr("Decline"),
        blocks,
        submit=tr("Decline"),
        metadata=metadata,
        notice=notice,
    )


def consent(run: Run, metadata: Metadata, tr: Translator, notice: str = "") -> View:
    """Ask for the tick under Salesforce's sentence of consent (P3e)."""
    found = run.inventory
    blocks = [
        parts.alert(
            tr(
                "Components, customisations, data, reports and relationships of the package are "
                "deleted for good. This cannot be undone."
            ),
            "warning",
        ),
        section(package_line(found, tr)) if found else None,
        section(words.components(found, tr)) if found else None,
        parts.ticks(
            CONSENT,
            tr(
                "Yes, I want to uninstall this package and permanently delete all associated "
                "components"
            ),
            [(CONSENT, tr("Yes, I want this (P3e)"))],
        ),
    ]
    return parts.form(
        tr,
        Modal.CONSENT,
        tr("Consent"),
        blocks,
        submit=tr("Give consent"),
        metadata=metadata,
        notice=notice,
    )
