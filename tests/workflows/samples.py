"""Example values: a small company with Salesforce-only owners, and a package."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from workflows.text import N_
from workflows.values import (
    Account,
    Backup,
    Blocker,
    Component,
    CustomObject,
    Inventory,
    OwnedRecords,
    Owner,
    Package,
    Plan,
    Suggestion,
    SuggestionKind,
    Tally,
)

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ACCOUNT = Account(portal_id="62515", account_type="STANDARD", time_zone="Europe/Warsaw")

HELEN = Owner(id="501", name="Helen Hub", email="helen@example.com")
HUGO = Owner(id="502", name="Hugo Hub", email="hugo@example.com")
HUBSPOT_OWNERS = (HELEN, HUGO)
"""Active HubSpot users: records may go to them."""

SAM = Owner(id="901", name="Sam Salesforce", email="sam@example.com")
SUE = Owner(id="902", name="Sue Salesforce", email="sue@example.com")
QUEUE = Owner(id="903", name="Leads queue", kind="queue")


def owned(
    owner: Owner,
    contacts: int = 3,
    deals: int = 1,
    *,
    suggestion: Owner | None = None,
    why: SuggestionKind = "same_name",
    others: Mapping[str, int] | None = None,
) -> OwnedRecords:
    """Return a Salesforce-only owner with that many records, and *others* that are offered."""
    return OwnedRecords(
        owner=owner,
        why="queue" if owner.kind == "queue" else "no_hubspot_user",
        counts={"contacts": contacts, "companies": 0, "deals": deals},
        other_counts=dict(others or {}),
        suggestion=None if suggestion is None else Suggestion(target=suggestion, why=why),
    )


OWNERS = (owned(SAM, suggestion=HELEN), owned(SUE, contacts=7), owned(QUEUE, contacts=2))

WITH_OTHERS = (
    owned(SAM, suggestion=HELEN, others={"tickets": 4, "2-77": 5}),
    owned(SUE, contacts=7, suggestion=HUGO, why="manager", others={"tickets": 1}),
    owned(QUEUE, contacts=2, others={"calls": 6}),
)
"""The same with records of further types: tickets, calls, and a custom object (2-77)."""


def emptied(owners: tuple[OwnedRecords, ...] = OWNERS) -> tuple[OwnedRecords, ...]:
    """Return the same owners when nothing belongs to them any more."""
    return tuple(one.model_copy(update={"counts": {}}) for one in owners)


def tallies(changed: int) -> tuple[Tally, ...]:
    """Return what a job says that gave that many of Sam's contacts, and one deal, a new owner."""
    if not changed:
        return ()
    return (
        Tally(owner_id=SAM.id, object_type="contacts", changed=changed - 1),
        Tally(owner_id=SAM.id, object_type="deals", changed=1, failed=2),
    )


def inventory(
    *components: str,
    objects: Mapping[str, int | None] | None = None,
    blockers: tuple[Blocker, ...] = (),
) -> Inventory:
    """Return a package with these Apex classes and custom objects."""
    counts = {"HubSpot__Log__c": 12} if objects is None else objects
    return Inventory(
        package=Package(
            id="0A3xx", name="HubSpot Integration", namespace="HubSpotInc", version="1.148"
        ),
        components=tuple(
            Component(type="ApexClass", name=name) for name in components or ("Hub", "Sync")
        ),
        objects=tuple(CustomObject(name=name, records=count) for name, count in counts.items()),
        blockers=blockers,
        org_id="00Dxx",
    )


def backup(number: int = 1, *, hidden: int = 0, began: datetime = START) -> Backup:
    """Return a finished backup; each *number* has a manifest of its own."""
    gaps = tuple(N_("{field} cannot be read.", field=f"Secret_{at}__c") for at in range(hidden))
    return Backup(
        directory=f"backups/R1/{number}",
        manifest_sha256=f"{number:064x}",
        files=1,
        rows=12,
        bytes=2_345,
        began=began - timedelta(minutes=1),
        gaps=gaps,
        gap_count=hidden,
        hidden=hidden,
    )


BLOCKER = Blocker(type="Flow", name="Nightly", refers_to="HubSpot__Log__c", problem="in use")


def plan(
    at: datetime, owners: tuple[OwnedRecords, ...] = OWNERS, *, installed: bool = True
) -> Plan:
    """Return a plan taken at that time, which saw the package or did not."""
    return Plan(
        account=ACCOUNT,
        owners=owners,
        active_owners=2,
        inventory=inventory() if installed else None,
        taken_at=at,
    )
