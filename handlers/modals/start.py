"""The modal that starts a run: P0a–c, the reason, the approvers."""

from __future__ import annotations

from collections.abc import Sequence

from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

from handlers.actions import Modal
from handlers.i18n import Translator
from handlers.modals import parts
from handlers.views import words
from handlers.views.messages.approval import p0c
from handlers.views.parts import outside, people, section
from workflows.values import Policy, Reason

SUBSCRIPTION, PERMISSION, ADVICE = "P0a", "P0b", "P0c"
"""Block ids, and the values of the ticks in them."""
REASON, NOTE, APPROVERS = "reason", "note", "approvers"
NOTE_MOST = 2_000


def start(
    tr: Translator, *, policy: Policy, requester: str, approvers: Sequence[str], notice: str = ""
) -> View:
    """Ask what has to be confirmed, and why, before anything is looked at."""
    others = [person for person in approvers if person != requester]
    blocks = [
        section(
            tr(
                "Sunset first makes a plan. That only reads, and changes nothing in HubSpot or "
                "Salesforce. The plan is then shown to the approvers."
            )
        ),
        *_confirmations(tr),
        parts.select(
            tr,
            REASON,
            tr("Why is the integration taken down?"),
            [(code.value, words.reason(code, tr)) for code in Reason],
        ),
        parts.text_input(
            NOTE, tr("Note for the approvers"), NOTE_MOST, multiline=True, optional=True
        ),
        section(_who_approves(tr, policy, others)),
        parts.users(
            tr,
            APPROVERS,
            tr("Whom to ask"),
            hint=tr("Leave it empty to ask everyone who may approve."),
        ),
    ]
    return parts.form(
        tr, Modal.START, tr("Start the uninstall"), blocks, submit=tr("Start"), notice=notice
    )


def _confirmations(tr: Translator) -> list[Block]:
    return [
        parts.ticks(
            SUBSCRIPTION,
            tr("Subscription (P0a)"),
            [
                (
                    SUBSCRIPTION,
                    tr("Our HubSpot subscription is Professional or Enterprise"),
                    tr("Marketing, Sales, Service, Operations or Content Hub"),
                )
            ],
        ),
        parts.ticks(
            PERMISSION,
            tr("Permissions (P0b)"),
            [(PERMISSION, tr("I have administrator permissions in HubSpot"))],
        ),
        section(p0c(tr)),
        parts.ticks(
            ADVICE,
            tr("Not a repair (P0c)"),
            [(ADVICE, tr("I have read this, and the integration has to go"))],
        ),
    ]


def _who_approves(tr: Translator, policy: Policy, others: Sequence[str]) -> str:
    removal = policy.removal_quorum or policy.quorum
    needed = tr.plural(
        "*{count} approval* is needed for the plan, and again before the package is removed.",
        "*{count} approvals* are needed for the plan, and again before the package is removed.",
        policy.quorum,
    )
    if removal != policy.quorum:
        needed = tr(
            "Approvals needed: *{plan}* for the plan, *{removal}* before the package is removed.",
            plan=tr.number(policy.quorum),
            removal=tr.number(removal),
        )
    if policy.groups:
        groups = ", ".join(outside(name, 40) for name in policy.groups)
        needed += " " + tr("Each of these has to be represented: {groups}.", groups=groups)
    if not others:
        return needed + " " + tr("Nobody but you may approve: ask the operator to change that.")
    return needed + " " + tr("May approve: {people}.", people=people(others, tr))


def started(tr: Translator, channel: str) -> View:
    """Say where the run goes on."""
    text = tr(
        "The run has started. Sunset is making the plan; it appears in {channel} in a moment.",
        channel=f"<#{channel}>",
    )
    return parts.message(tr, tr("Started"), text)
