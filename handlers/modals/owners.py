"""The modal of the pickers (P2b): one row for each Salesforce-only owner that has records."""

from __future__ import annotations

import re

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ExternalDataSelectElement,
    Option,
    SectionBlock,
)
from slack_sdk.models.views import View

from handlers.actions import Act, Modal
from handlers.i18n import Translator
from handlers.modals import parts
from handlers.modals.approval import record_counts
from handlers.payload import Metadata
from handlers.views.parts import actions, button, markdown, outside, plain, section
from workflows.run import Run
from workflows.values import OwnedRecords, Owner, Suggestion

PER_PAGE = 10
_BLOCK = re.compile(r"target:(?P<owner>.{1,150}):[^:]*:[0-9]+")


def mapping(run: Run, metadata: Metadata, tr: Translator, notice: str = "") -> View:
    """Show one page of owners, each with a picker; what is picked is kept at once."""
    owners = run.to_map
    of = parts.page_count(len(owners), PER_PAGE)
    here = metadata.at(min(metadata.page, of - 1))
    first = here.page * PER_PAGE
    said, turns = parts.page_bar(tr, here.page, of)
    blocks: list[Block | None] = [
        parts.alert(notice) if notice else None,
        section(_summary(run, tr)),
        _remaining(run, here, tr),
        _suggestions(run, here, tr),
    ]
    for owned in owners[first : first + PER_PAGE]:
        blocks.append(_row(owned, run.mapping.get(owned.owner.id), here, tr))
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
    if not any(owned.suggestion for owned in run.unmapped):
        return None
    return actions(button(tr("Take all suggestions"), Act.TAKE_SUGGESTIONS, metadata.ref))


def _row(
    owned: OwnedRecords, chosen: Owner | None, metadata: Metadata, tr: Translator
) -> SectionBlock:
    lines = [_who(owned, tr), record_counts(owned, tr)]
    if owned.suggestion is not None and chosen is None:
        lines.append(_suggested(owned.suggestion, tr))
    # Slack keeps what was picked while the block's id stays the same, whatever we send.
    block_id = f"target:{owned.owner.id}:{chosen.id if chosen else ''}:{metadata.turn}"
    return SectionBlock(
        block_id=block_id,
        text=markdown("\n".join(lines)),
        accessory=_picker(Act.PICK_TARGET, chosen, tr),
    )


def _who(owned: OwnedRecords, tr: Translator) -> str:
    name, email = outside(owned.owner.label), outside(owned.owner.email)
    known = [email] if email and email != name else []
    known += [tr("queue")] if owned.why == "queue" else []
    return f"*{name}*\n{' · '.join(known)}" if known else f"*{name}*"


def _suggested(suggestion: Suggestion, tr: Translator) -> str:
    name = outside(suggestion.target.label)
    if suggestion.why == "manager":
        via = "" if suggestion.via == suggestion.target.email else outside(suggestion.via)
        said = tr("Suggestion: *{name}*, the manager in Salesforce {via}", name=name, via=via)
        return said.strip()
    return tr("Suggestion: *{name}*, a HubSpot user of the same name", name=name)


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
