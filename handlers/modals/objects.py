"""The modal of the other object types: counted, offered, off until chosen (P2b)."""

from __future__ import annotations

from collections.abc import Mapping

from more_itertools import chunked
from slack_sdk.models.blocks import Block, CheckboxesElement, InputBlock
from slack_sdk.models.views import View

from handlers.actions import Modal
from handlers.i18n import Translator
from handlers.modals import parts
from handlers.payload import VALUE, Body, Metadata, find, malformed, text_at
from handlers.views import words
from handlers.views.parts import plain, section
from workflows.run import Run
from workflows.values import CORE_OBJECTS

TOGETHER = 10
"""Checkboxes of one element (facts/slack.md)."""
MOST = 900
VALUE_MOST = 150
_BLOCK = "objects:"


def objects(run: Run, metadata: Metadata, tr: Translator, notice: str = "") -> View:
    """Ask which further object types are reassigned."""
    counted = offered(run)
    if not counted:
        text = tr("No records of other object types belong to these owners.")
        return parts.message(tr, tr("Other object types"), text)
    said = tr(
        "HubSpot's procedure reassigns contacts, companies and deals. What else belongs to these "
        "owners stays as it is, unless you choose it here."
    )
    groups = list(chunked(counted, TOGETHER))
    blocks: list[Block] = [section(said)]
    for number, group in enumerate(groups):
        label = tr("Reassign too")
        if len(groups) > 1:
            place = tr.number(number + 1)
            label = tr("Reassign too ({place} of {all})", place=place, all=tr.number(len(groups)))
        blocks.append(_ticks(run, number, {kind: counted[kind] for kind in group}, label, tr))
    return parts.form(
        tr,
        Modal.OBJECTS,
        tr("Other object types"),
        blocks,
        submit=tr("Keep"),
        metadata=metadata,
        notice=notice,
    )


def _ticks(
    run: Run, number: int, counted: Mapping[str, int], label: str, tr: Translator
) -> InputBlock:
    labels = words.labels(run)
    options = {
        kind: parts.option(
            kind,
            words.object_name(kind, tr, labels),
            tr.plural("{count} record", "{count} records", count),
        )
        for kind, count in counted.items()
    }
    ticked = [options[kind] for kind in counted if kind in run.objects]
    return InputBlock(
        block_id=f"{_BLOCK}{number}",
        label=plain(label, parts.LABEL),
        element=CheckboxesElement(
            action_id=VALUE, options=list(options.values()), initial_options=ticked or None
        ),
        optional=True,
    )


def offered(run: Run) -> dict[str, int]:
    """Return the other object types that there are records of, or that are chosen: the number."""
    totals: dict[str, int] = {}
    for owned in run.candidates:
        for kind, count in {**owned.other_counts, **owned.counts}.items():
            totals[kind] = totals.get(kind, 0) + count
    there = [kind for kind, count in totals.items() if count or kind in run.objects]
    others = [kind for kind in words.ordered({*there, *run.objects}) if kind not in CORE_OBJECTS]
    # A longer value fits into no option; HubSpot's names are far shorter.
    return {kind: totals.get(kind, 0) for kind in others if len(kind) <= VALUE_MOST}


def chosen(run: Run, body: Body) -> frozenset[str]:
    """Return the other object types as they are to be after this submission.

    Only what this person changed counts: somebody else may have ticked another one meanwhile.

    Raises:
        Malformed: the submission is not one of this modal.
    """
    ticked, before = _ticked(body), _ticked_before(body)
    now = frozenset(run.objects) - frozenset(CORE_OBJECTS)
    return (now | (ticked - before)) - (before - ticked)


def _ticked(body: Body) -> frozenset[str]:
    values = find(body, "view", "state", "values")
    if not isinstance(values, dict):
        raise malformed("view.state.values")
    found: set[str] = set()
    for name, elements in values.items():
        if str(name).startswith(_BLOCK):
            found |= _values(find(elements, VALUE, "selected_options"))
    return frozenset(found)


def _ticked_before(body: Body) -> frozenset[str]:
    blocks = find(body, "view", "blocks")
    if not isinstance(blocks, list):
        raise malformed("view.blocks")
    found: set[str] = set()
    for block in blocks:
        if str(find(block, "block_id")).startswith(_BLOCK):
            found |= _values(find(block, "element", "initial_options"))
    return frozenset(found)


def _values(options: object) -> set[str]:
    if options is None:
        return set()
    if not isinstance(options, list):
        raise malformed("view.state.values")
    return {text_at(option, "value") for option in options}
