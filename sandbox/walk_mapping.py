"""Who gets whose records, chosen in modals (P2b): object types, pickers, several in turn."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sandbox import walk_truth
from sandbox.client import Json, Modal, NotSeen, Values
from sandbox.client_messages import Element
from sandbox.walk_ids import KIND, OBJECTS, OF_KIND, TARGET, TARGETS, VALUE, Act, Form
from sandbox.walk_stage import Stage, owners_of
from sandbox.walk_truth import Goal

Chosen = dict[str, str]
"""What a picker shows: old owner id -> the mark of who was chosen, '' for nobody."""


def choose_objects(stage: Stage) -> None:
    """Let further object types be reassigned: a custom one where there is one, else all of them."""
    asked = stage.offered(stage.admin, Act.OPEN_OBJECTS)[1]
    modal = stage.open(stage.admin, Act.OPEN_OBJECTS, Form.OBJECTS)
    offered = {
        str(option["value"]): one.block_id
        for one in modal.elements
        if one.block_id.startswith(OBJECTS)
        for option in one.definition["options"]
    }
    custom = [kind for kind in offered if kind.startswith("2-")]
    chosen = custom[:1] or list(offered)
    values: Values = {}
    for kind in chosen:
        values.setdefault(offered[kind], {VALUE: []})[VALUE].append(kind)
    stage.fill(stage.admin, modal, values)
    names = [_as_in_truth(stage, kind) for kind in chosen]
    stage.notes.kinds |= frozenset(names)
    counts = stage.page.hubspot.state()["counts"]
    only = stage.notes.salesforce_only
    count = sum(counts.get(owner, {}).get(kind, 0) for owner in only for kind in names)
    _redrawn(stage, asked.said)
    stage.say("objects", who=stage.admin.name, kinds=", ".join(names), count=count)


def _as_in_truth(stage: Stage, kind: str) -> str:
    """Return the name by which the sandbox counts an object type; of a custom one, find it."""
    if kind in stage.notes.before:
        return kind
    found = walk_truth.owners(stage.page, kind)
    for name, owners in stage.notes.before.items():
        if owners == found:
            return name
    raise NotSeen(f"the object type {kind} that is offered has no records at HubSpot")


def _redrawn(stage: Stage, before: str) -> None:
    """Wait until the message of the mapping says something else."""
    stage.page.wait_for(
        lambda: stage.offered(stage.admin, Act.OPEN_MAPPING)[1].said != before,
        "the message of the mapping to show what was chosen",
        show=(stage.admin, stage.place),
    )


def by_pickers(stage: Stage) -> None:
    """Choose for everybody with the pickers, in all the ways that there are."""
    targets = hubspot_owners(stage)
    modal = stage.open(stage.admin, Act.OPEN_MAPPING, Form.MAPPING)
    rows = list(chosen(modal))
    modal = _exclude_and_take_back(stage, modal, rows[-1])
    modal = _take_suggestions(stage, modal)
    modal = pick(stage, modal, rows[0], targets[0])
    goals = {}
    if len(rows) > 1 and len(targets) > 1:
        goals[rows[1]] = _split(stage, modal, rows[1], targets)
    modal = stage.admin.wait_modal(Form.MAPPING)
    if modal.element(Act.PICK_REMAINING) is not None:
        _pick_remaining(stage, modal, targets[-1])
    stage.notes.mapping = read_mapping(stage) | goals


def hubspot_owners(stage: Stage) -> list[Json]:
    """Return the owners who are HubSpot's own and active."""
    owners = stage.page.hubspot.state()["owners"]
    return [owner for owner in owners if not owner["salesforce_only"]]


def label(owner: Json) -> str:
    """Return what an owner is called, in one line."""
    return " ".join(str(owner["name"] or owner["email"]).split())


def names(stage: Stage) -> dict[str, str]:
    """Return what every owner is called, by id."""
    return {owner["id"]: label(owner) for owner in owners_of(stage.page.hubspot.state())}


def chosen(modal: Modal) -> Chosen:
    """Return what the page's rows show."""
    rows = (one.block_id.split(":") for one in modal.elements if one.block_id.startswith(TARGET))
    return {row[1]: row[2] for row in rows}


def read_mapping(stage: Stage) -> dict[str, Goal]:
    """Turn the pages until every row was read; every row must have somebody."""
    found: Chosen = {}
    for page in stage.pages(stage.admin, Act.OPEN_MAPPING, Form.MAPPING):
        found |= chosen(page)
    open_rows = [old for old, new in found.items() if not new]
    if open_rows:
        raise NotSeen(f"owners without a HubSpot owner: {open_rows}")
    return {old: Goal((new,)) for old, new in found.items()}


def pick(stage: Stage, modal: Modal, old: str, target: Json) -> Modal:
    """Find one owner by search and pick it for *old*; return the modal as it is then."""
    row = _picker(modal, old)
    _search(stage, modal, Act.PICK_TARGET, row.block_id, target)
    modal = stage.use(stage.admin, modal, Act.PICK_TARGET, target["id"], row.block_id)
    if chosen(modal).get(old) != target["id"]:
        raise NotSeen(f"the pick of {target['name']} for {old} was not kept: {modal.said}")
    stage.say("picked", old=names(stage)[old], new=label(target))
    return modal


def _picker(modal: Modal, old: str) -> Element:
    return next(one for one in modal.elements if one.block_id.startswith(f"{TARGET}{old}:"))


def _button(modal: Modal, act: Act, old: str) -> Element:
    """Return the button of a row: its value is the owner's id."""
    for one in modal.elements:
        if one.action_id == act and one.definition.get("value") == old:
            return one
    raise NotSeen(f"there is no {act} for {old} in: {modal.said}")


def _exclude_and_take_back(stage: Stage, modal: Modal, old: str) -> Modal:
    """Exclude an owner, who then needs nobody, and take that back."""
    block = _button(modal, Act.EXCLUDE, old).block_id
    without = stage.use(stage.admin, modal, Act.EXCLUDE, block=block)
    back = _button(without, Act.INCLUDE, old).block_id
    again = stage.use(stage.admin, without, Act.INCLUDE, block=back)
    right = old not in chosen(without) and old in chosen(again)
    had = walk_truth.of_owner(stage.notes.before, old, stage.notes.kinds)
    has = walk_truth.read(stage.page, stage.notes.kinds)
    right = right and walk_truth.of_owner(has, old, stage.notes.kinds) == had
    who = names(stage)[old]
    stage.expect(right, "excluded", f"{chosen(again)}", who=stage.admin.name, old=who)
    return again


def _take_suggestions(stage: Stage, modal: Modal) -> Modal:
    """Take the suggestions of one kind, of the one with the most; or all, if there is one kind."""
    if modal.element(Act.TAKE_SUGGESTIONS) is None:
        return modal
    kinds = [one for one in modal.elements if one.action_id.startswith(OF_KIND)]
    if not kinds:
        modal = stage.use(stage.admin, modal, Act.TAKE_SUGGESTIONS)
        stage.say("suggestions")
        return modal
    button = max(kinds, key=_number)
    after = stage.use(stage.admin, modal, button.action_id)
    taken = {old: new for old, new in chosen(after).items() if new and not chosen(modal)[old]}
    called = names(stage)
    shown = all(called[new] in _said(modal, old) for old, new in taken.items())
    gone = all(one.action_id != button.action_id for one in after.elements)
    stage.expect(
        len(taken) == _number(button) and shown and gone,
        "one_kind",
        f"{taken} for {button.definition['text']['text']}",
        label=button.definition["text"]["text"],
    )
    return after


def _number(button: Element) -> int:
    """Return how many suggestions a button says that it takes."""
    found = re.search(r"\((\d+)\)$", button.definition["text"]["text"])
    return int(found[1]) if found else 0


def _said(modal: Modal, old: str) -> str:
    """Return what an owner's row says."""
    block = _picker(modal, old).block_id
    return next(
        str(one["text"]["text"]) for one in modal.view["blocks"] if one["block_id"] == block
    )


def _split(stage: Stage, below: Modal, old: str, targets: Sequence[Json]) -> Goal:
    """Give one owner's records to two in turn, and one object type to somebody else."""
    block = _button(below, Act.OPEN_SPLIT, old).block_id
    modal = stage.open_over(stage.admin, below, Act.OPEN_SPLIT, block, Form.SPLIT)
    several, other = targets[:2], targets[-1]
    kinds = [one.block_id for one in modal.elements if one.block_id.startswith(KIND)]
    for target in several:
        _search(stage, modal, Act.PICK_SPLIT, f"{TARGETS}{old}", target)
    values: Values = {f"{TARGETS}{old}": {Act.PICK_SPLIT: [one["id"] for one in several]}}
    own = {}
    if len(kinds) > 1:
        _search(stage, modal, Act.PICK_SPLIT, kinds[-1], other)
        values[kinds[-1]] = {Act.PICK_SPLIT: other["id"]}
        own[_as_in_truth(stage, kinds[-1].removeprefix(KIND))] = other["id"]
    stage.fill(stage.admin, modal, values)

    def kept() -> bool:
        top = stage.admin.modal()
        if top is None or top.callback_id != Form.MAPPING or top.hash == below.hash:
            return False
        return all(label(one) in _said(top, old) for one in several)

    stage.page.wait_for(kept, "the modal below to show who gets the records in turn")
    who = f"{label(several[0])}, {label(several[1])}"
    more = "".join(f"; {kind} → {label(other)}" for kind in own)
    stage.say("split", old=names(stage)[old], who=f"{who}{more}")
    return Goal(tuple(one["id"] for one in several), own)


def _pick_remaining(stage: Stage, modal: Modal, target: Json) -> None:
    row = next(one for one in modal.elements if one.action_id == Act.PICK_REMAINING)
    _search(stage, modal, Act.PICK_REMAINING, row.block_id, target)
    modal = stage.use(stage.admin, modal, Act.PICK_REMAINING, target["id"], row.block_id)
    if modal.element(Act.PICK_REMAINING) is not None:
        raise NotSeen(f"there are still owners without a choice: {modal.said}")
    stage.say("remaining", new=label(target))


def _search(stage: Stage, modal: Modal, act: Act, block_id: str, target: Json) -> None:
    """Type the beginning of the e-mail, as a person would, until the owner is offered."""
    typed = str(target["email"]).partition("@")[0]

    def offered() -> bool:
        options = modal.suggest(act, typed, block_id)
        return any(option["value"] == target["id"] for option in options)

    stage.page.wait_for(offered, f"{target['email']} among what “{typed}” finds")
