"""What people do in every walk: step by step, each step until it has happened."""

from __future__ import annotations

from handlers.actions import Act, Modal
from sandbox.client import Values
from sandbox.walk_ids import PHRASE, SAVED_MAPPINGS, VALUE, Block
from tests.death.stage import Stage

ADA, BEN, CYD, FAY = "U0ADA00001", "U0BEN00001", "U0CYD00001", "U0FAY00001"
HOUR = 3_600


def ticked(*boxes: str) -> Values:
    """Fill in check boxes that are called like their blocks."""
    return {box: {VALUE: [box]} for box in boxes}


def starts(stage: Stage, reason: str = "leaving_salesforce", *approvers: str) -> None:
    """Ada starts a run; its plan is made."""
    values = ticked(Block.SUBSCRIPTION, Block.PERMISSION, Block.ADVICE) | {
        Block.REASON: {VALUE: reason},
        Block.APPROVERS: {VALUE: list(approvers or (BEN, CYD))},
    }
    started, planned = stage.next("run_started"), stage.next("plan_recorded")
    stage.fill_typed(ADA, "", Modal.START, values, started)
    stage.wait(planned, "the plan")


def approve(stage: Stage, *people: str) -> None:
    """People approve what is asked now, until the gate is passed."""
    first, second = people or (BEN, CYD)
    passed = stage.next("gate_passed")
    stage.press(first, Act.APPROVE, stage.next("approved"))
    stage.press(second, Act.APPROVE, passed)


def reports_the_disconnect(stage: Stage) -> None:
    """Ada says that it is disconnected (P1)."""
    values: Values = {
        Block.MAPPINGS: {VALUE: SAVED_MAPPINGS},
        Block.HUBSPOT_REASON: {VALUE: "not_using_salesforce"},
        Block.TYPED: {VALUE: PHRASE},
    }
    reported = stage.next("disconnect_reported")
    stage.fill(ADA, Act.OPEN_DISCONNECT, Modal.DISCONNECT, values, reported)


def disconnects(stage: Stage) -> None:
    """Ada disconnects in HubSpot and reports it; the owners are counted."""
    stage.page.hubspot.disconnect(ADA, "We leave Salesforce", PHRASE)
    counted = stage.next("owners_counted")
    reports_the_disconnect(stage)
    stage.wait(counted, "the owners")


def hands_over(stage: Stage, who: str, to: str) -> None:
    """One administrator makes another one responsible."""
    values: Values = {Block.TO: {VALUE: to}}
    stage.fill(who, Act.OPEN_HAND_OVER, Modal.HAND_OVER, values, stage.next("handed_over"))


def freezes(stage: Stage) -> None:
    """Ada freezes the run, Fay lifts that."""
    stage.type(ADA, "freeze rehearsal", stage.next("frozen"))
    stage.press(FAY, Act.UNFREEZE, stage.next("unfrozen"))


def backs_up(stage: Stage) -> None:
    """The bot makes a backup of the package's data."""
    made = stage.next("backup_verified")
    stage.press(ADA, Act.START_BACKUP, stage.next("backup_started"))
    stage.wait(made, "the backup")


def keeps_a_copy(stage: Stage) -> None:
    """Ada chooses that the data is kept for 48 hours."""
    chosen = stage.next("data_copy_chosen")
    stage.fill(ADA, Act.OPEN_DATA_COPY, Modal.DATA_COPY, {Block.COPY: {VALUE: "keep"}}, chosen)


def wants_no_copy(stage: Stage) -> None:
    """Ada chooses that the data is not kept; that is asked again."""
    proposed = stage.next("no_copy_proposed")
    values: Values = {Block.COPY: {VALUE: "discard"}}
    stage.fill(ADA, Act.OPEN_DATA_COPY, Modal.DATA_COPY, values, proposed)


def confirms_no_copy(stage: Stage) -> None:
    """Ada confirms it."""
    stage.press(ADA, Act.CONFIRM_NO_COPY, stage.next("data_copy_chosen"))


def consents(stage: Stage) -> None:
    """Ada ticks the sentence of consent."""
    given = stage.next("consent_given")
    stage.fill(ADA, Act.OPEN_CONSENT, Modal.CONSENT, ticked(Block.CONSENT), given)
