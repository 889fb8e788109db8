"""Uses of the package that are records, not metadata: assignments, jobs, what lies in folders.

All of them block the uninstall (facts/salesforce.md, "Finding blockers first").
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from simple_salesforce.format import format_soql

from bot.errors import VendorError
from bot.vendors.salesforce_http import Row, SalesforceClient, not_available
from bot.vendors.salesforce_inventory import Member
from bot.vendors.salesforce_reference import Reference
from workflows.text import N_, Text

ASSIGNED = "The permission set is assigned to this user"
GROUPED = "The permission set is part of this group"
SCHEDULED = "This job is scheduled"
IN_FOLDER = "It was added to a folder of the package"

IDS_IN_A_QUERY = 200
"""A query travels in the address, which must stay below 16 KB."""
FOLDERED: tuple[tuple[str, str], ...] = (
    ("Report", "OwnerId"),  # of a report that is not private, this is its folder
    ("Dashboard", "FolderId"),
    ("Document", "FolderId"),
    ("EmailTemplate", "FolderId"),
)


@dataclass
class Uses:
    """Who has the package's permission sets, what lies in its folders, and what blocks of it."""

    permission_sets: dict[str, tuple[str, ...]] = field(default_factory=dict)
    folders: dict[str, tuple[str, ...]] = field(default_factory=dict)
    references: list[Reference] = field(default_factory=list)
    remarks: list[Text] = field(default_factory=list)


def uses(client: SalesforceClient, namespace: str, members: Sequence[Member]) -> Uses:
    """Look for all of them; a kind that this org or user does not offer is told."""
    found = Uses()
    searches: tuple[tuple[str, Callable[[], None]], ...] = (
        ("PermissionSetAssignment", lambda: _assignments(client, namespace, members, found)),
        ("PermissionSetGroupComponent", lambda: _groups(client, namespace, found)),
        ("AsyncApexJob", lambda: _jobs(client, namespace, found)),
        *(
            (kind, lambda kind=kind, place=place: _foldered(client, kind, place, members, found))
            for kind, place in FOLDERED
        ),
    )
    for source, search in searches:
        try:
            search()
        except VendorError as error:
            if not not_available(error) and error.code != "salesforce_refused":
                raise
            found.remarks.append(N_("Blockers could not be looked for in {source}.", source=source))
    return found


def _assignments(
    client: SalesforceClient, namespace: str, members: Sequence[Member], found: Uses
) -> None:
    rows = client.query(
        format_soql(
            "SELECT Id, Assignee.Username, PermissionSetId, PermissionSet.Name "
            "FROM PermissionSetAssignment WHERE PermissionSet.NamespacePrefix = {}",
            namespace,
        )
    )
    holders: dict[str, list[str]] = {
        member.component.name: [] for member in members if member.component.type == "PermissionSet"
    }
    for row in rows:
        holder = _inner(row, "Assignee", "Username") or _inner(row, "Id")
        permission_set = _inner(row, "PermissionSet", "Name")
        holders.setdefault(permission_set, []).append(holder)
        found.references.append(
            Reference(
                type="PermissionSetAssignment",
                name=holder,
                refers_to=permission_set,
                id=_inner(row, "Id"),
                page=_inner(row, "PermissionSetId"),
                problem=ASSIGNED,
            )
        )
    found.permission_sets = {name: tuple(sorted(holders[name])) for name in sorted(holders)}


def _groups(client: SalesforceClient, namespace: str, found: Uses) -> None:
    rows = client.query(
        format_soql(
            "SELECT Id, PermissionSetGroupId, PermissionSetGroup.DeveloperName, PermissionSet.Name "
            "FROM PermissionSetGroupComponent WHERE PermissionSet.NamespacePrefix = {}",
            namespace,
        )
    )
    found.references += [
        Reference(
            type="PermissionSetGroupComponent",
            name=_inner(row, "PermissionSetGroup", "DeveloperName"),
            refers_to=_inner(row, "PermissionSet", "Name"),
            id=_inner(row, "Id"),
            page=_inner(row, "PermissionSetGroupId"),
            problem=GROUPED,
        )
        for row in rows
    ]


def _jobs(client: SalesforceClient, namespace: str, found: Uses) -> None:
    """Scheduled jobs of the package's classes: one object knows the class, another the name."""
    rows = client.query(
        format_soql(
            "SELECT Id, CronTriggerId, ApexClass.Name FROM AsyncApexJob "
            "WHERE JobType = 'ScheduledApex' AND ApexClass.NamespacePrefix = {} "
            "AND Status IN ('Queued', 'Preparing', 'Processing', 'Holding')",
            namespace,
        )
    )
    triggers = [_inner(row, "CronTriggerId") for row in rows if row.get("CronTriggerId")]
    names: dict[str, str] = {}
    for start in range(0, len(triggers), IDS_IN_A_QUERY):
        known = client.query(
            format_soql(
                "SELECT Id, CronJobDetail.Name FROM CronTrigger WHERE Id IN {}",
                triggers[start : start + IDS_IN_A_QUERY],
            )
        )
        names |= {_inner(row, "Id"): _inner(row, "CronJobDetail", "Name") for row in known}
    found.references += [
        Reference(
            type="ScheduledJob",
            name=names.get(_inner(row, "CronTriggerId")) or _inner(row, "Id"),
            refers_to=_inner(row, "ApexClass", "Name"),
            id=_inner(row, "Id"),
            problem=SCHEDULED,
        )
        for row in rows
    ]


def _foldered(
    client: SalesforceClient, kind: str, place: str, members: Sequence[Member], found: Uses
) -> None:
    of_kind = "EmailFolder" if kind == "EmailTemplate" else f"{kind}Folder"
    folders = {
        member.id[:15]: member.component.name
        for member in members
        if member.component.type == of_kind
    }
    if not folders:
        return
    rows = client.query(
        format_soql(
            "SELECT Id, Name, NamespacePrefix, {place:literal} FROM {kind:literal} "
            "WHERE {place:literal} IN {folders}",
            place=place,
            kind=kind,
            folders=list(folders),
        )
    )
    for folder in folders.values():
        found.folders.setdefault(folder, ())
    for row in sorted(rows, key=lambda row: _inner(row, "Name")):
        folder, name = folders.get(_inner(row, place)[:15], ""), _inner(row, "Name")
        found.folders[folder] = (*found.folders.get(folder, ()), name)
        if not row.get("NamespacePrefix"):
            found.references.append(
                Reference(
                    type=kind,
                    name=name,
                    refers_to=folder,
                    id=_inner(row, "Id"),
                    problem=IN_FOLDER,
                )
            )


def _inner(row: Row, *path: str) -> str:
    """Return a field of a (related) row; relations can be null."""
    value: object = row
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return "" if value is None else str(value)
