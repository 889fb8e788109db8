"""The walk's second part: disconnected in HubSpot, records reassigned, owners deleted (P1, P2)."""

from __future__ import annotations

from sandbox import walk_file, walk_job, walk_mapping
from sandbox.client import Refused, Values
from sandbox.walk_ids import PHRASE, SAVED_MAPPINGS, VALUE, Act, Block, Form
from sandbox.walk_stage import Stage

MOST_PICKED = 30
"""For more owners than these the HubSpot owners are chosen in a file."""


def disconnect(stage: Stage) -> None:
    """Somebody disconnects in HubSpot and reports it (P1a–e)."""
    hubspot = stage.page.hubspot
    wrong = ""
    try:
        hubspot.disconnect(stage.admin.id, "We leave Salesforce", PHRASE.lower())
    except Refused as refused:
        wrong = str(refused)
    hubspot.disconnect(stage.admin.id, "We leave Salesforce", PHRASE)
    stage.expect(bool(wrong), "at_hubspot", "-", who=stage.admin.name)
    modal = stage.open(stage.admin, Act.OPEN_DISCONNECT, Form.DISCONNECT)
    values: Values = {
        Block.MAPPINGS: {VALUE: SAVED_MAPPINGS},
        Block.HUBSPOT_REASON: {VALUE: "not_using_salesforce"},
        Block.TYPED: {VALUE: PHRASE.upper()},
    }
    stage.say("wrong_phrase", stage.refused_in(modal, values, Block.TYPED))
    stage.fill(stage.admin, modal, {**values, Block.TYPED: {VALUE: PHRASE}})
    stage.say("reported", who=stage.admin.name)


def reassign(stage: Stage, *, file: bool, undo: bool) -> None:
    """Every Salesforce-only owner gets a HubSpot owner, and their records with it (P2b).

    With *file*, or where there are many, they are chosen in a file, else with the pickers.
    With *undo* one owner's records are given back afterwards and reassigned again, where no faults
    are armed: what others take from under the bot cannot all come back.
    """
    next_act = stage.offered_or_over(
        stage.admin, Act.OPEN_MAPPING, Act.OWNERS_DELETED, Act.OPEN_DATA_COPY
    )
    stage.say("disconnected", stage.known("P1a"))
    if next_act is not Act.OPEN_MAPPING:
        stage.say("nothing_to_map", stage.known("P2b"))
        return
    walk_mapping.choose_objects(stage)
    if file or len(stage.notes.salesforce_only) > MOST_PICKED:
        walk_file.by_file(stage)
    else:
        walk_mapping.by_pickers(stage)
    others = bool(stage.page.faults())
    if others:
        walk_job.trouble(stage)
    walk_job.confirm(stage)
    walk_job.run(stage)
    if undo and not others:
        walk_job.undo_one(stage)


def clean_up(stage: Stage) -> None:
    """Somebody deletes the Salesforce owners on HubSpot's cleanup page and reports it (P2c–e)."""
    act = stage.offered_or_over(stage.admin, Act.OWNERS_DELETED, Act.OPEN_DATA_COPY)
    if act is not Act.OWNERS_DELETED:
        return
    deleted = stage.page.hubspot.delete_salesforce_owners(stage.admin.id)["deleted"]
    stage.press(stage.admin, Act.OWNERS_DELETED)
    stage.say("owners_deleted", who=stage.admin.name, count=deleted)
    stage.offered_or_over(stage.admin, Act.OPEN_DATA_COPY)
    stage.say("cleaned", stage.known("P2d", verified=True))
