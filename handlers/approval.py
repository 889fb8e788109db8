"""The two approvals: the plan's details, approving, declining, the consent (P0c, P3e)."""

from __future__ import annotations

from slack_bolt import App

from handlers.actions import Act, Modal
from handlers.delivery import Delivery
from handlers.modals import approval as modals
from handlers.payload import Inputs, Metadata
from handlers.ports import Services
from handlers.wiring import answering, on_click, on_submit
from workflows import commands as c
from workflows.errors import Refused
from workflows.text import N_
from workflows.values import Role

NOTHING_SHOWN = "-" * c.SHOWN_CHARACTERS
"""What a button stands for that was not made with a digest: nothing that can be approved."""


def register(app: App, services: Services) -> None:
    """Say which listener serves what."""
    on_click(app, services, Act.ACKNOWLEDGE_ADVICE, answering(c.AcknowledgeAdvice))
    on_click(app, services, Act.RETAKE_PLAN, answering(c.RetakePlan))
    on_click(app, services, Act.APPROVE, approve)
    on_click(app, services, Act.WITHDRAW, answering(c.WithdrawApproval))
    on_click(app, services, Act.OPEN_PLAN, open_plan)
    on_click(app, services, Act.OPEN_DECLINE, open_decline)
    on_submit(app, services, Modal.DECLINE, decline)
    on_click(app, services, Act.OPEN_CONSENT, open_consent)
    on_submit(app, services, Modal.CONSENT, consent)


def approve(delivery: Delivery) -> None:
    """Count the approval of what the button's message showed."""
    delivery.answer(c.Approve(shown=delivery.ref.digest or NOTHING_SHOWN))
    delivery.ack()


def open_plan(delivery: Delivery) -> None:
    """Show the plan's details, to administrators and approvers."""
    delivery.require(Role.ADMINISTRATOR, Role.APPROVER)
    run = delivery.run()
    delivery.ack()
    delivery.open(modals.plan(run, Metadata(delivery.ref), delivery.tr))


def open_decline(delivery: Delivery) -> None:
    """Ask for the reason."""
    delivery.question(c.Decline)
    delivery.ack()
    delivery.open(modals.decline(Metadata(delivery.ref), delivery.tr))


def decline(delivery: Delivery) -> None:
    """End the run with an approver's reason."""

    def take() -> None:
        reason = Inputs(delivery.body).text(modals.REASON, modals.REASON_MOST)
        delivery.answer(c.Decline(reason=reason))

    delivery.submit(
        take,
        at={"reason_missing": modals.REASON, "too_long": modals.REASON},
        again=lambda notice: modals.decline(Metadata(delivery.ref), delivery.tr, notice),
    )


def open_consent(delivery: Delivery) -> None:
    """Show the sentence of consent."""
    run = delivery.question(c.GiveConsent)
    delivery.ack()
    delivery.open(modals.consent(run, Metadata(delivery.ref), delivery.tr))


def consent(delivery: Delivery) -> None:
    """Take the ticked sentence."""

    def take() -> None:
        if modals.CONSENT not in Inputs(delivery.body).options(modals.CONSENT):
            raise Refused(
                "not_ticked",
                N_("The sentence is not ticked."),
                N_("Tick it if you want the package uninstalled; close this if you do not."),
            )
        delivery.answer(c.GiveConsent())

    delivery.submit(
        take,
        at={"not_ticked": modals.CONSENT},
        again=lambda notice: modals.consent(
            delivery.run(), Metadata(delivery.ref), delivery.tr, notice
        ),
    )
