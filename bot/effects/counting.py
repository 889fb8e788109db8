"""Salesforce-only owners with fresh counts of their records, and suggestions for each."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from bot.effects.context import Context
from bot.ports import SalesforcePerson
from workflows.text import N_
from workflows.values import OwnedRecords, Owner, Suggestion

if TYPE_CHECKING:
    from bot.effects.plan import Optional

LONGEST_CHAIN = 20
"""Managers above managers, at most; a cycle in the org chart must not hold us for ever."""


def counted_owners(
    context: Context,
    objects: Sequence[str],
    optional: Optional,
    *,
    others: Sequence[str] = (),
) -> tuple[OwnedRecords, ...]:
    """Return every Salesforce-only owner with counts by object type, most records first."""
    found = context.hubspot.salesforce_only_owners()
    ids = [owned.owner.id for owned in found]
    counts = {kind: context.hubspot.count_by_owner(kind, ids) for kind in objects} if ids else {}
    other_counts: dict[str, dict[str, int]] = {}
    for kind in others if ids else ():
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
    suggested = _suggestions(context, found, optional)
    return tuple(sorted(suggested, key=lambda owned: (-owned.total, owned.owner.id)))


def _suggestions(
    context: Context, owners: Sequence[OwnedRecords], optional: Optional
) -> list[OwnedRecords]:
    targets = context.owners.all()
    by_email = {owner.email.casefold(): owner for owner in targets if owner.email}
    by_name: dict[str, list[Owner]] = {}
    for owner in targets:
        if owner.name:
            by_name.setdefault(owner.name.casefold(), []).append(owner)
    people = optional.ask(
        "salesforce_users",
        N_("Salesforce users cannot be read, so managers cannot be suggested."),
        lambda: _with_managers(context, [owned.owner.email for owned in owners]),
    )
    return [
        owned.model_copy(update={"suggestion": _suggest(owned, people or {}, by_email, by_name)})
        for owned in owners
    ]


def _with_managers(context: Context, emails: Sequence[str]) -> dict[str, SalesforcePerson]:
    """Read the Salesforce users of these e-mails, and their managers upwards."""
    known: dict[str, SalesforcePerson] = {}
    wanted = {email.casefold() for email in emails if email}
    for _ in range(LONGEST_CHAIN):
        wanted -= known.keys()
        if not wanted:
            break
        found = context.salesforce.people(sorted(wanted))
        known |= found
        wanted = {
            person.manager_email.casefold() for person in found.values() if person.manager_email
        }
    return known


def _suggest(
    owned: OwnedRecords,
    people: dict[str, SalesforcePerson],
    by_email: dict[str, Owner],
    by_name: dict[str, list[Owner]],
) -> Suggestion | None:
    """Suggest the nearest manager who is a HubSpot owner, else the one owner of the same name."""
    seen: set[str] = set()
    person = people.get(owned.owner.email.casefold()) if owned.owner.email else None
    while person is not None and person.manager_email:
        manager = person.manager_email.casefold()
        if manager in seen:
            break
        seen.add(manager)
        if manager in by_email:
            return Suggestion(target=by_email[manager], why="manager", via=manager)
        person = people.get(manager)
    same = by_name.get(owned.owner.name.casefold(), []) if owned.owner.name else []
    return Suggestion(target=same[0], why="same_name") if len(same) == 1 else None
