"""The modal of the pickers (P2b): one row for each Salesforce-only owner that has records.

After them come the candidates without records, those that were excluded, and the deactivated
HubSpot users, who are left alone.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import get_args

from more_itertools import chunked
from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    ExternalDataSelectElement,
    Option,
    SectionBlock,
)
from slack_sdk.models.views import View

from handlers.actions import Act, Modal
from handlers.i18n import Translator
from handlers.modals import parts
from handlers.modals.approval import person, record_counts
from handlers.payload import Metadata
from handlers.views import words
from handlers.views.parts import (
    actions,
    button,
    markdown,
    outside,
    plain,
    section,
    sections,
    sure,
)
from workflows.run import Run
from workflows.text import N_
from workflows.values import Assignment, OwnedRecords, Owner, SuggestionKind

PER_PAGE = 10
NAMES_TOGETHER = 20
"""Deactivated users that share one place of a page."""
_BLOCK = re.compile(r"target:(?P<owner>.{1,150}):[^:]*:[0-9]+")
_OF_KIND = {
    "manager": N_("Take the managers"),
    "same_name": N_("Take the same names"),
    "same_team": N_("Take the same team"),
    "companies": N_("Take by companies"),
}


class _Group(Enum):
    """Whom the pages show, in this order; the value stands above each group."""

    TO_MAP = None
    EMPTY = N_("*Without records to reassign*")
    EXCLUDED = N_("*Excluded:* their records stay as they are")
    DEACTIVATED = N_("*Deactivated HubSpot users:* no Salesforce-only owners; left alone")


@dataclass(frozen=True)
class _Entry:
    """One place of a page: an owner, or the names of several people."""

    group: _Group
    owned: OwnedRecords | None = None
    people: tuple[Owner, ...] = ()


def mapping(run: Run, metadata: Metadata, tr: Translator, notice: str = "") -> View:
    """Show one page of owners, each with a picker; what is picked is kept at once."""
    entries = _entries(run)
    of = parts.page_count(len(entries), PER_PAGE)
    here = metadata.at(min(metadata.page, of - 1))
    first = here.page * PER_PAGE
    said, turns = parts.page_bar(tr, here.page, of)
    blocks: list[Block | None] = [
        parts.alert(notice) if notice else None,
        section(_summary(run, tr)),
        _remaining(run, here, tr),
        _suggestions(run, here, tr),
        *_page(run, entries[first : first + PER_PAGE], here, tr),
    ]
    return parts.sheet(
        tr,
        Modal.MAPPING,
        tr("Choose HubSpot owners"),
        [*blocks, said, turns, _jump(run, here, tr)],
        metadata=here,
    )


def owner_of(block_id: str) -> str | None:
    """Return the Salesforce-only owner's id that a picker's block stands for."""
    match = _BLOCK.fullmatch(block_id)
    return match["owner"] if match else None


def option(owner: Owner) -> Option:
    """Make a HubSpot owner an option of a picker."""
    email = owner.email if owner.email != owner.label else ""
    return parts.option(owner.id, owner.label, email)


def _summary(run: Run, tr: Translator) -> str:
    left = len(run.unmapped)
    if not run.to_map:
        return tr("No owner is left whose records are to be reassigned.")
    if not left:
        return tr(
            "Every owner has a HubSpot owner. Close this and confirm the list in the thread; "
            "nothing is changed in HubSpot before that."
        )
    needed = tr.plural(
        "*{count} of {all} owners* still needs a HubSpot owner.",
        "*{count} of {all} owners* still need a HubSpot owner.",
        left,
        all=tr.number(len(run.to_map)),
    )
    return needed + " " + tr("What you pick is kept at once; you can close this at any time.")


def _remaining(run: Run, metadata: Metadata, tr: Translator) -> SectionBlock | None:
    if not run.unmapped:
        return None
    return SectionBlock(
        block_id=f"remaining:{len(run.unmapped)}:{metadata.turn}",
        text=markdown(tr("Give all that are left to …")),
        accessory=_picker(Act.PICK_REMAINING, None, tr),
    )


def _suggestions(run: Run, metadata: Metadata, tr: Translator) -> ActionsBlock | None:
    open_ones = Counter(owned.suggestion.why for owned in run.unmapped if owned.suggestion)
    kinds = [kind for kind in get_args(SuggestionKind) if open_ones[kind]]
    if not kinds:
        return None
    everything = button(tr("Take all suggestions"), Act.TAKE_SUGGESTIONS, metadata.ref)
    if len(kinds) == 1:
        return actions(everything)
    of_kind = [_of_kind(kind, open_ones[kind], metadata, tr) for kind in kinds]
    return actions(*of_kind, everything)


def _of_kind(kind: str, number: int, metadata: Metadata, tr: Translator) -> ButtonElement:
    label = f"{tr.text(_OF_KIND[kind])} ({tr.number(number)})"
    # Slack takes no two elements of one id in a block.
    made = button(label, Act.TAKE_SUGGESTIONS, metadata.ref)
    made.action_id = f"{Act.TAKE_SUGGESTIONS.value}:{kind}"
    return made


def _entries(run: Run) -> list[_Entry]:
    deactivated = run.plan.deactivated if run.plan else ()
    empty = [owned for owned in run.candidates if not owned.total]
    excluded = [owned for owned in run.owners if owned.owner.id in run.excluded]
    return [
        *(_Entry(_Group.TO_MAP, owned) for owned in run.to_map),
        *(_Entry(_Group.EMPTY, owned) for owned in empty),
        *(_Entry(_Group.EXCLUDED, owned) for owned in excluded),
        *(
            _Entry(_Group.DEACTIVATED, people=tuple(people))
            for people in chunked(deactivated, NAMES_TOGETHER)
        ),
    ]


def _page(run: Run, page: Sequence[_Entry], metadata: Metadata, tr: Translator) -> list[Block]:
    """Make the blocks of a page; a group has its heading on each page that shows it."""
    blocks: list[Block] = []
    above = _Group.TO_MAP
    for entry in page:
        if entry.group is not above and entry.group.value is not None:
            blocks.append(section(tr.text(entry.group.value)))
        above = entry.group
        if entry.owned is None:
            blocks += sections(f"• {person(owner)}" for owner in entry.people)
        elif entry.group is _Group.TO_MAP:
            blocks += _row(run, entry.owned, metadata, tr)
        else:
            act = Act.INCLUDE_OWNER if entry.group is _Group.EXCLUDED else Act.EXCLUDE_OWNER
            blocks.append(_aside(run, entry.owned, act, tr))
    return blocks


def _row(run: Run, owned: OwnedRecords, metadata: Metadata, tr: Translator) -> list[Block]:
    given = run.mapping.get(owned.owner.id)
    lines = _about(run, owned, tr)
    if given is not None and not _simple(given):
        lines.append(f"→ {words.assignment(given, tr, words.labels(run))}")
    elif owned.suggestion is not None and given is None:
        lines.append(words.suggested(owned.suggestion, tr))
    # Slack keeps what was picked while the block's id stays the same, whatever we send.
    block_id = f"target:{owned.owner.id}:{_mark(given)}:{metadata.turn}"
    chosen = given.targets[0] if given is not None and _simple(given) else None
    return [
        SectionBlock(
            block_id=block_id,
            text=markdown("\n".join(lines)),
            accessory=_picker(Act.PICK_TARGET, chosen, tr),
        ),
        ActionsBlock(
            elements=[
                _owner_button(tr("To several…"), Act.OPEN_SPLIT, owned),
                _exclude(owned, tr),
            ]
        ),
    ]


def _about(run: Run, owned: OwnedRecords, tr: Translator) -> list[str]:
    name, email = outside(owned.owner.label), outside(owned.owner.email)
    known = [email] if email and email != name else []
    counted = record_counts(owned, tr, words.labels(run))
    return [f"*{name}*", " · ".join([*known, words.why(owned, tr)]), counted]


def _simple(given: Assignment) -> bool:
    return len(given.targets) == 1 and not given.kinds


def _mark(given: Assignment | None) -> str:
    """Tell assignments apart in few characters: by the owner's id where there is just one."""
    if given is None:
        return ""
    simple = _simple(given)
    return given.targets[0].id if simple else hashlib.sha256(given.code.encode()).hexdigest()[:12]


def _aside(run: Run, owned: OwnedRecords, act: Act, tr: Translator) -> SectionBlock:
    """Show an owner that needs no picker, with the button to exclude it or take it back."""
    taken_back = _owner_button(tr("Take back"), act, owned)
    return SectionBlock(
        text=markdown("\n".join(_about(run, owned, tr))),
        accessory=taken_back if act is Act.INCLUDE_OWNER else _exclude(owned, tr),
    )


def _exclude(owned: OwnedRecords, tr: Translator) -> ButtonElement:
    made = _owner_button(tr("Exclude"), Act.EXCLUDE_OWNER, owned)
    text = tr.plural(
        "{name} is then taken for no Salesforce-only owner: {count} record stays as it is. You can "
        "take this back.",
        "{name} is then taken for no Salesforce-only owner: {count} records stay as they are. You "
        "can take this back.",
        owned.total,
        name=plain(owned.owner.label, 80),
    )
    made.confirm = sure(tr("Exclude this owner?"), text, tr("Exclude"), tr("Not yet"))
    return made


def _owner_button(label: str, act: Act, owned: OwnedRecords) -> ButtonElement:
    """Make a button that stands for one owner; the run is the modal's."""
    return ButtonElement(text=plain(label, 75), action_id=act.value, value=owned.owner.id)


def _picker(act: Act, chosen: Owner | None, tr: Translator) -> ExternalDataSelectElement:
    return ExternalDataSelectElement(
        action_id=act.value,
        placeholder=plain(tr("Find a HubSpot owner"), parts.HINT),
        initial_option=option(chosen) if chosen else None,
        min_query_length=0,
    )


def _jump(run: Run, metadata: Metadata, tr: Translator) -> ActionsBlock | None:
    """Lead to the next page on which an owner is still open, if that is another one."""
    order = {owned.owner.id: number for number, owned in enumerate(run.to_map)}
    pages = sorted({order[owned.owner.id] // PER_PAGE for owned in run.unmapped})
    after = [page for page in pages if page > metadata.page] or pages
    if not after or after[0] == metadata.page:
        return None
    label = tr("Next owner without a choice")
    turn = parts.page_button(label, Act.PAGE_NEXT, after[0])
    return ActionsBlock(block_id="jump", elements=[turn])
