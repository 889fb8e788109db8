"""The modals of the job: the records that could not be reassigned, and the undo (P2b)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from slack_sdk.models.blocks import (
    ExternalDataSelectElement,
    InputBlock,
    Option,
    PlainTextObject,
    StaticSelectElement,
)
from slack_sdk.models.views import View

from handlers.actions import Modal
from handlers.i18n import Translator
from handlers.modals import parts
from handlers.payload import VALUE, Metadata
from handlers.views import words
from handlers.views.parts import listing, outside, plain, sections
from workflows.run import Run
from workflows.values import Failure

PER_PAGE = 20
SCOPE, OWNER, KIND = "scope", "owner", "kind"
ALL, PART, EVERY_KIND = "all", "part", "*"
PICK_UNDO_OWNER = "pick_undo_owner"
"""``action_id`` of the picker of one Salesforce-only owner: its options are asked for by it."""
MOST_OPTIONS = 100


def failures(run: Run, metadata: Metadata, tr: Translator) -> View:
    """Show the failed records in pages."""
    lines = [tr("No record failed.")]
    if run.failure_count or run.failures:
        lines = [
            tr.plural("*{count} record failed*", "*{count} records failed*", run.failure_count),
            *(_line(run, failure, tr) for failure in run.failures),
        ]
        left = run.failure_count - len(run.failures)
        if left > 0:
            lines.append(
                tr.plural(
                    "… and {count} more (in the file in the thread)",
                    "… and {count} more (in the file in the thread)",
                    left,
                )
            )
    title = tr("Records that failed")
    return parts.paged_lines(tr, Modal.FAILURES, title, lines, metadata=metadata, size=PER_PAGE)


def _line(run: Run, failure: Failure, tr: Translator) -> str:
    line = tr(
        "• {kind} `{id}`: {reason}",
        kind=words.object_type(failure.object_type, tr, words.labels(run)),
        id=outside(failure.record_id, 60),
        reason=outside(failure.reason, 300),
    )
    if failure.reference:
        reference = outside(failure.reference, 80)
        line += " " + tr("(HubSpot's correlation id: `{id}`)", id=reference)
    return line


# --- undo ----------------------------------------------------------------------------------------


def undo(run: Run, metadata: Metadata, tr: Translator, notice: str = "") -> View:
    """Ask what is given back: everything, or one owner's records, or one object type."""
    blocks = [
        *sections(_what_happens(run, tr)),
        parts.radio(
            SCOPE,
            tr("What is given back?"),
            [
                (ALL, tr("Everything that Sunset has changed")),
                (PART, tr("Only what is chosen below")),
            ],
        ),
        _owner_input(tr),
        _kind_input(run, tr),
    ]
    return parts.form(
        tr,
        Modal.UNDO,
        tr("Give records back"),
        blocks,
        submit=tr("Give back"),
        metadata=metadata,
        notice=notice,
    )


def kinds(run: Run) -> list[str]:
    """Return the object types of which something may have been changed."""
    # One of Slack's options is "all".
    return words.ordered(run.counted_types)[: MOST_OPTIONS - 1]


def owner_options(run: Run, query: str, tr: Translator) -> list[Option]:
    """Return the Salesforce-only owners whose name or e-mail contains *query*, most records first.

    What the last job changed stands beside each.
    """
    changed: Counter[str] = Counter()
    for tally in run.tallies:
        changed[tally.owner_id] += tally.changed + tally.overwritten
    wanted = query.casefold()
    found = [
        owned.owner
        for owned in run.owners
        if wanted in f"{owned.owner.name} {owned.owner.email} {owned.owner.id}".casefold()
    ]
    found.sort(key=lambda owner: (-changed[owner.id], owner.label.casefold()))
    return [
        parts.option(owner.id, owner.label, _changed(changed[owner.id], tr))
        for owner in found[:MOST_OPTIONS]
    ]


def _changed(number: int, tr: Translator) -> str:
    if not number:
        return ""
    return tr.plural(
        "{count} record changed by the last job", "{count} records changed by the last job", number
    )


def _what_happens(run: Run, tr: Translator) -> Sequence[str]:
    changed: Counter[str] = Counter()
    for tally in run.tallies:
        changed[tally.object_type] += tally.changed + tally.overwritten
    lines = [
        tr(
            "Records go back to the Salesforce-only owner they came from, *only where the value is "
            "still the one that Sunset wrote*. The rest is left alone and listed in a file in the "
            "thread. This is possible until the Salesforce owners are deleted."
        ),
        tr.plural(
            "*{count} record* has an owner that Sunset wrote.",
            "*{count} records* have an owner that Sunset wrote.",
            run.records_changed,
        ),
    ]
    if any(changed.values()):
        labels = words.labels(run)
        by_kind = [
            words.counts({kind: changed[kind]}, tr, labels)
            for kind in words.ordered(changed)
            if changed[kind]
        ]
        lines += [tr("*Changed by the last job:*"), *listing(by_kind, tr, most=12)]
    return lines


def _owner_input(tr: Translator) -> InputBlock:
    element = ExternalDataSelectElement(
        action_id=PICK_UNDO_OWNER,
        placeholder=plain(tr("All Salesforce-only owners"), parts.HINT),
        min_query_length=0,
    )
    return InputBlock(
        block_id=OWNER,
        label=_plain(tr("Only the records that came from")),
        element=element,
        optional=True,
    )


def _kind_input(run: Run, tr: Translator) -> InputBlock:
    every = parts.option(EVERY_KIND, tr("All object types"))
    labels = words.labels(run)
    options = [parts.option(kind, words.object_name(kind, tr, labels)) for kind in kinds(run)]
    element = StaticSelectElement(action_id=VALUE, options=[every, *options], initial_option=every)
    return InputBlock(
        block_id=KIND,
        label=_plain(tr("Only this object type")),
        element=element,
        optional=True,
    )


def _plain(text: str) -> PlainTextObject:
    return PlainTextObject(text=plain(text, parts.LABEL))
