"""One sentence for each event of the mapping and the job (P2b), for :mod:`handlers.views.describe`.

Names from outside are shortened here, since a sentence may hold several.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from babel.lists import format_list

from handlers.i18n import Translator
from handlers.views import words
from handlers.views.parts import outside
from workflows import events as e
from workflows.run import Run
from workflows.values import Assignment

NAME = 200
"""Characters of a name."""
MOST_TYPES = 12


def _counted(event: e.OwnersCounted, tr: Translator) -> str:
    return tr(
        "Counted what belongs to Salesforce-only owners, with the excluded ones if there are any: "
        "{counts}.",
        counts=words.counts(words.summed(event.owners), tr),
    )


def counted(event: e.OwnersCounted, run: Run, tr: Translator) -> str:
    """Say what was counted, without the owners that are excluded in *run*."""
    wanted = tuple(owned for owned in event.owners if owned.owner.id not in run.excluded)
    counts = words.counts(words.summed(wanted), tr, words.labels(run))
    if len(wanted) == len(event.owners):
        return tr("Counted what belongs to Salesforce-only owners: {counts}.", counts=counts)
    return tr(
        "Counted what belongs to Salesforce-only owners, without those that were excluded: "
        "{counts}.",
        counts=counts,
    )


def _mapped(event: e.OwnerMapped, tr: Translator) -> str:
    given = Assignment(targets=(event.target, *event.others), kinds=event.kinds)
    return tr(
        "Chosen: the records of {owner} go to {target}.",
        owner=outside(event.owner_name, NAME),
        target=words.assignment(given, tr),
    )


def _excluded(event: e.OwnerExcluded, tr: Translator) -> str:
    return tr(
        "Excluded: {owner} is no Salesforce-only owner; these records stay as they are.",
        owner=outside(event.owner_name, NAME),
    )


def _included(event: e.OwnerIncluded, tr: Translator) -> str:
    owner = outside(event.owner_name, NAME)
    return tr("{owner} is no longer excluded; these records are reassigned too.", owner=owner)


def _objects(event: e.ObjectsChosen, tr: Translator) -> str:
    return tr("Chosen: records of these types are reassigned: {types}.", types=_types(event, tr))


def _types(event: e.ObjectsChosen | e.MappingConfirmed, tr: Translator) -> str:
    """Name the object types; of many, the first and how many there are besides."""
    shown = [words.object_type(kind, tr) for kind in event.objects[:MOST_TYPES]]
    left = len(event.objects) - len(shown)
    if left:
        shown.append(tr.plural("{count} more", "{count} more", left))
    return format_list(shown, locale=tr.language)


def _confirmed(event: e.MappingConfirmed, tr: Translator) -> str:
    return tr(
        "The mapping of {owners} was confirmed for {types} ({digest}); reassignment {job} starts.",
        owners=tr.plural("{count} owner", "{count} owners", len(event.mapping)),
        types=_types(event, tr),
        digest=words.short(event.digest),
        job=event.job,
    )


def _waits(event: e.ReassignmentWaits, tr: Translator) -> str:
    return tr(
        "The job waits for HubSpot's daily limit until {when}: {remaining} requests are left "
        "today, and {reserve} are kept for the account's other integrations.",
        when=tr.moment(event.until),
        remaining=tr.number(event.remaining),
        reserve=tr.number(event.reserve),
    )


def _retried(event: e.ReassignmentRetried, tr: Translator) -> str:
    return tr("What is left is reassigned again (reassignment {job}).", job=event.job)


def _finished(event: e.ReassignmentFinished, tr: Translator) -> str:
    changed = sum(tally.changed for tally in event.tallies)
    left_alone = sum(tally.left_alone for tally in event.tallies)
    overwritten = sum(tally.overwritten for tally in event.tallies)
    if not (changed or event.failure_count or left_alone or overwritten):
        return tr("Reassignment {job} ended: no record was changed.", job=event.job)
    numbers = [tr("{number} changed", number=tr.number(changed))] if changed else []
    failed = tr("{number} failed", number=tr.number(event.failure_count))
    numbers.append(failed if event.failure_count else tr("none failed"))
    if left_alone:
        numbers.append(
            tr(
                "{number} left alone because their owner was no longer the planned one",
                number=tr.number(left_alone),
            )
        )
    said = tr("Reassignment {job} ended: {numbers}.", job=event.job, numbers=", ".join(numbers))
    if not overwritten:
        return said
    return f"{said} " + tr.plural(
        "{count} changed hands between reading and writing, and was changed all the same.",
        "{count} changed hands between reading and writing, and were changed all the same.",
        overwritten,
    )


def _undo(event: e.UndoStarted, tr: Translator) -> str:
    said = tr("Records are being given back to their old owners (job {job}).", job=event.job)
    if event.owner_id:
        # Histories of earlier versions hold the id alone.
        owner = outside(event.owner_name, NAME) or f"`{outside(event.owner_id, 60)}`"
        said += " " + tr("Only those of {owner}.", owner=owner)
    if event.object_type:
        kind = words.object_type(event.object_type, tr)
        said += " " + tr("Only this object type: {type}.", type=kind)
    return said


def _undone(event: e.ReassignmentUndone, tr: Translator) -> str:
    numbers = [tr("{number} given back", number=tr.number(event.restored))]
    if event.left_alone:
        numbers.append(
            tr(
                "{number} left alone because somebody changed them meanwhile",
                number=tr.number(event.left_alone),
            )
        )
    said = tr("Giving back ended: {numbers}.", numbers=", ".join(numbers))
    if not event.still_changed:
        return said
    return f"{said} " + tr.plural(
        "{count} record still has the owner that Sunset wrote.",
        "{count} records still have the owner that Sunset wrote.",
        event.still_changed,
    )


SAID: Mapping[type[e.Event], Callable[[Any, Translator], str]] = {
    e.OwnersCounted: _counted,
    e.OwnerMapped: _mapped,
    e.OwnerExcluded: _excluded,
    e.OwnerIncluded: _included,
    e.ObjectsChosen: _objects,
    e.MappingConfirmed: _confirmed,
    e.ReassignmentWaits: _waits,
    e.ReassignmentRetried: _retried,
    e.ReassignmentFinished: _finished,
    e.UndoStarted: _undo,
    e.ReassignmentUndone: _undone,
}
"""The kinds of event, each with the function that says it."""
