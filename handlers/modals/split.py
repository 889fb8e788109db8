"""The modal that gives one owner's records to several: in turn, or by object type (P2b)."""

from __future__ import annotations

import re
from collections.abc import Iterable

from slack_sdk.models.blocks import (
    Block,
    ExternalDataMultiSelectElement,
    ExternalDataSelectElement,
    InputBlock,
)
from slack_sdk.models.views import View

from handlers.actions import Act, Modal
from handlers.i18n import Translator
from handlers.modals import parts
from handlers.modals.approval import person, record_counts
from handlers.modals.mapping import option
from handlers.payload import Body, Metadata, find, malformed, text_at
from handlers.views import words
from handlers.views.parts import plain, section
from workflows.run import Run
from workflows.values import OwnedRecords

MOST_TARGETS = 50
MOST_KINDS = 80
"""Object types that get a picker of their own; a modal has 100 blocks."""
_TARGETS = re.compile(r"targets:(?P<owner>.{1,150})")
_KIND = "kind:"


def split(
    run: Run, owned: OwnedRecords, metadata: Metadata, tr: Translator, notice: str = ""
) -> View:
    """Ask who gets one owner's records in turn, and which object types go to somebody else.

    ``metadata.page`` is the page of the pickers' modal below.
    """
    given = run.mapping.get(owned.owner.id)
    labels = words.labels(run)
    blocks: list[Block] = [
        section(f"{person(owned.owner)}\n{record_counts(owned, tr, labels)}"),
        InputBlock(
            block_id=targets_block(owned.owner.id),
            label=plain(tr("HubSpot owners who get the records in turn"), parts.LABEL),
            hint=plain(
                tr("With several, each gets the same number of records, give or take one."),
                parts.LABEL,
            ),
            element=ExternalDataMultiSelectElement(
                action_id=Act.PICK_SPLIT.value,
                placeholder=plain(tr("Find HubSpot owners"), parts.HINT),
                initial_options=[option(target) for target in given.targets] if given else None,
                min_query_length=0,
                max_selected_items=MOST_TARGETS,
            ),
        ),
    ]
    for kind in kinds_of(owned):
        own = given.kinds.get(kind) if given else None
        name = words.object_name(kind, tr, labels)
        blocks.append(
            InputBlock(
                block_id=f"{_KIND}{kind}",
                label=plain(tr("All {type} to somebody else", type=name), parts.LABEL),
                element=ExternalDataSelectElement(
                    action_id=Act.PICK_SPLIT.value,
                    placeholder=plain(tr("In turn, as above"), parts.HINT),
                    initial_option=option(own) if own else None,
                    min_query_length=0,
                ),
                optional=True,
            )
        )
    return parts.form(
        tr,
        Modal.SPLIT,
        tr("Give to several"),
        blocks,
        submit=tr("Keep"),
        metadata=metadata,
        notice=notice,
    )


def kinds_of(owned: OwnedRecords) -> list[str]:
    """Return the object types that an owner has records of, in order."""
    return words.ordered(kind for kind, count in owned.counts.items() if count)[:MOST_KINDS]


def targets_block(owner_id: str) -> str:
    """Return the id of the block with those who get an owner's records in turn."""
    return f"targets:{owner_id}"


def chosen(body: Body) -> tuple[str, tuple[str, ...], dict[str, str]]:
    """Return what was filled in: whose records, who gets them in turn, who gets which type.

    Raises:
        Malformed: the submission is not one of this modal.
    """
    values = find(body, "view", "state", "values")
    if not isinstance(values, dict):
        raise malformed("view.state.values")
    owners = [match["owner"] for match in map(_TARGETS.fullmatch, _names(values)) if match]
    if len(owners) != 1:
        raise malformed("view.state.values")
    picked = find(values, targets_block(owners[0]), Act.PICK_SPLIT, "selected_options")
    if not isinstance(picked, list) or not 0 < len(picked) <= MOST_TARGETS:
        raise malformed("view.state.values.targets")
    targets = tuple(dict.fromkeys(text_at(one, "value") for one in picked))
    kinds = {
        name.removeprefix(_KIND): text_at(values, name, Act.PICK_SPLIT, "selected_option", "value")
        for name in _names(values)
        if name.startswith(_KIND)
        and find(values, name, Act.PICK_SPLIT, "selected_option") is not None
    }
    return owners[0], targets, kinds


def _names(values: Iterable[object]) -> list[str]:
    return [name for name in values if isinstance(name, str)]
