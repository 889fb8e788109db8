"""The walk's second part: disconnected in HubSpot, records reassigned, owners deleted (P1, P2)."""

from __future__ import annotations

import time

from sandbox.client import Json, Modal, NotSeen, Person, Refused, Values
from sandbox.walk_ids import PHRASE, SAVED_MAPPINGS, TARGET, VALUE, Act, Block, Form
from sandbox.walk_stage import Stage, owners_of

CORE = ("contacts", "companies", "deals")
PAUSE_AFTER = 1.5
MOST_RETRIES = 5


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


def reassign(stage: Stage) -> None:
    """Every Salesforce-only owner gets a HubSpot owner, and their records with it (P2b)."""
    next_act = stage.offered_or_over(
        stage.admin, Act.OPEN_MAPPING, Act.OWNERS_DELETED, Act.OPEN_DATA_COPY
    )
    stage.say("disconnected", stage.known("P1a"))
    if next_act is not Act.OPEN_MAPPING:
        stage.say("nothing_to_map", stage.known("P2b"))
        return
    _map_owners(stage)
    _run_job(stage)


def _map_owners(stage: Stage) -> None:
    admin = stage.admin
    targets = _hubspot_owners(stage)
    modal = stage.open(admin, Act.OPEN_MAPPING, Form.MAPPING)
    modal = _pick_one(stage, modal, targets[0])
    if modal.element(Act.TAKE_SUGGESTIONS) is not None:
        modal = stage.use(admin, modal, Act.TAKE_SUGGESTIONS)
        stage.say("suggestions")
    if modal.element(Act.PICK_REMAINING) is not None:
        modal = _pick_remaining(stage, modal, targets[-1])
    stage.notes.mapping = _read_mapping(stage, modal)
    stage.close_all(admin)
    stage.press(admin, Act.CONFIRM_MAPPING)
    stage.say("mapped", count=len(stage.notes.mapping), who=admin.name)


def _hubspot_owners(stage: Stage) -> list[Json]:
    """Return the owners who are HubSpot's own and active."""
    owners = stage.page.hubspot.state()["owners"]
    return [owner for owner in owners if not owner["salesforce_only"]]


def _pick_one(stage: Stage, modal: Modal, target: Json) -> Modal:
    row = next(one for one in modal.elements if one.action_id == Act.PICK_TARGET)
    old = row.block_id.split(":")[1]
    _search(stage, modal, Act.PICK_TARGET, row.block_id, target)
    modal = stage.use(stage.admin, modal, Act.PICK_TARGET, target["id"], row.block_id)
    if _chosen(modal).get(old) != target["id"]:
        raise NotSeen(f"the pick of {target['name']} for {old} was not kept: {modal.said}")
    names = {owner["id"]: _label(owner) for owner in owners_of(stage.page.hubspot.state())}
    stage.say("picked", old=names[old], new=_label(target))
    return modal


def _pick_remaining(stage: Stage, modal: Modal, target: Json) -> Modal:
    row = next(one for one in modal.elements if one.action_id == Act.PICK_REMAINING)
    _search(stage, modal, Act.PICK_REMAINING, row.block_id, target)
    modal = stage.use(stage.admin, modal, Act.PICK_REMAINING, target["id"], row.block_id)
    if modal.element(Act.PICK_REMAINING) is not None:
        raise NotSeen(f"there are still owners without a choice: {modal.said}")
    stage.say("remaining", new=_label(target))
    return modal


def _search(stage: Stage, modal: Modal, act: Act, block_id: str, target: Json) -> None:
    """Type the beginning of the e-mail, as a person would, until the owner is offered."""
    typed = str(target["email"]).partition("@")[0]

    def offered() -> bool:
        options = modal.suggest(act, typed, block_id)
        return any(option["value"] == target["id"] for option in options)

    stage.page.wait_for(offered, f"{target['email']} among what “{typed}” finds")


def _label(owner: Json) -> str:
    return " ".join(str(owner["name"] or owner["email"]).split())


def _chosen(modal: Modal) -> dict[str, str]:
    """Return what the page's rows show: old owner id -> chosen owner id, '' without one."""
    rows = (one.block_id.split(":") for one in modal.elements if one.block_id.startswith(TARGET))
    return {row[1]: row[2] for row in rows}


def _read_mapping(stage: Stage, modal: Modal) -> dict[str, str]:
    """Turn the pages back and forth until every row was read."""
    stage.close_all(stage.admin)
    modal = stage.open(stage.admin, Act.OPEN_MAPPING, Form.MAPPING)
    found = _chosen(modal)
    while any(one.block_id == "pages" and one.action_id == Act.PAGE_NEXT for one in modal.elements):
        modal = stage.use(stage.admin, modal, Act.PAGE_NEXT, block="pages")
        found |= _chosen(modal)
    open_rows = [old for old, new in found.items() if not new]
    if open_rows:
        raise NotSeen(f"owners without a HubSpot owner: {open_rows}")
    return found


def _run_job(stage: Stage) -> None:
    """Let the job run, pause it if it is long, retry what failed, until nothing is left."""
    _pause(stage)
    after = "0"
    for _ in range(MOST_RETRIES):
        act, asked = stage.offered(
            stage.admin, Act.RETRY_REASSIGNMENT, Act.OWNERS_DELETED, after=after
        )
        if act is Act.OWNERS_DELETED:
            stage.say("reassigned", stage.known("P2b", verified=True))
            return
        if Act.OPEN_FAILURES in asked.actions:
            stage.read_through(stage.admin, Act.OPEN_FAILURES, Form.FAILURES)
        stage.click(stage.admin, asked, Act.RETRY_REASSIGNMENT)
        stage.say("left", who=stage.admin.name)
        after = asked.ts
    raise NotSeen(f"records are left after {MOST_RETRIES} retries")


def _pause(stage: Stage) -> None:
    """Pause and resume a job that takes its time."""
    deadline = time.monotonic() + PAUSE_AFTER
    while time.monotonic() < deadline:
        if _offer(stage.admin, stage, Act.OWNERS_DELETED, Act.RETRY_REASSIGNMENT):
            return
        time.sleep(0.1)
    running = stage.admin.find(Act.PAUSE, stage.place)
    if running is None:
        return
    stage.click(stage.admin, running, Act.PAUSE)
    act, asked = stage.offered(stage.admin, Act.RESUME, Act.OWNERS_DELETED, Act.RETRY_REASSIGNMENT)
    if act is Act.RESUME:
        stage.click(stage.admin, asked, Act.RESUME)
        stage.say("paused", who=stage.admin.name)


def _offer(who: Person, stage: Stage, *acts: Act) -> bool:
    return any(who.find(act, stage.place) is not None for act in acts)


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
