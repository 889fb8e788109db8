"""Salesforce-only owners with fresh counts of their records, and suggestions for each."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from bot.effects.context import Context
from bot.effects.suggestions import with_suggestions
from handlers.views.plan.looks import Look, unheard
from workflows.text import N_
from workflows.values import OwnedRecords, Owner

if TYPE_CHECKING:
    from bot.effects.plan import Optional


@dataclass(frozen=True)
class Counted:
    """What was counted: Salesforce-only owners, most records first; and who is set apart."""

    owners: tuple[OwnedRecords, ...]
    deactivated: tuple[Owner, ...] = ()


def counted_owners(
    context: Context,
    objects: Sequence[str],
    optional: Optional,
    *,
    others: Sequence[str] = (),
    settled: Collection[str] = (),
    tell: Callable[[Look], None] = unheard,
) -> Counted:
    """Count the records of every Salesforce-only owner by object type.

    *objects* must be readable, *others* need not be. Owners whose ids are *settled* have a target
    already and get no suggestion. *tell* is called before each look.
    """
    tell(Look("owners"))
    census = context.hubspot.owner_census()
    found = census.salesforce_only
    ids = [owned.owner.id for owned in found]
    types = len(objects) + len(others)
    counts: dict[str, dict[str, int]] = {}
    for place, kind in enumerate(objects if ids else (), 1):
        tell(Look("records", kind, place, types))
        counts[kind] = context.hubspot.count_by_owner(kind, ids)
    other_counts: dict[str, dict[str, int]] = {}
    for place, kind in enumerate(others if ids else (), len(objects) + 1):
        tell(Look("records", kind, place, types))
        counted = optional.ask(
            f"hubspot_{kind}",
            N_("Records of the type {kind} cannot be read; they are not counted.", kind=kind),
            partial(context.hubspot.count_by_owner, kind, ids),
        )
        other_counts[kind] = counted or {}
    found = tuple(
        owned.model_copy(
            update={
                "counts": {kind: counts[kind][owned.owner.id] for kind in objects},
                "other_counts": {
                    kind: number
                    for kind, by_owner in other_counts.items()
                    if (number := by_owner.get(owned.owner.id))
                },
            }
        )
        for owned in found
    )
    tell(Look("suggestions"))
    suggested = with_suggestions(context, found, census.active, settled, optional)
    owners = tuple(sorted(suggested, key=lambda owned: (-owned.total, owned.owner.id)))
    return Counted(owners, census.deactivated)
