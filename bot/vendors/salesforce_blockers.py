"""What would refuse the package's uninstall, as far as Salesforce tells beforehand.

Sources: ``MetadataComponentDependency``, permission-set assignments, scheduled jobs
(facts/salesforce.md, "Finding blockers first").
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from simple_salesforce.format import format_soql

from bot.errors import VendorError
from bot.vendors.salesforce_http import Row, SalesforceClient, not_available
from bot.vendors.salesforce_inventory import Member
from workflows.text import N_, Text
from workflows.values import Blocker

REFERENCED = "This installed component is referenced by a locally created component"
ASSIGNED = "The permission set is assigned to this user"
SCHEDULED = "This job is scheduled"
DEPENDENCY_ROWS = 2_000
"""A dependency query answers no more rows than this, and has no next page."""

IDS_IN_A_QUERY = 200
"""A query travels in the address, which must stay below 16 KB."""

_NOT_READ = N_(
    "Blockers were looked for in Salesforce's dependency records, permission-set assignments and "
    "scheduled jobs. Page layouts, Lightning pages, flows and profiles were not read themselves: "
    "Salesforce may name more when the package is removed."
)


def blockers(
    client: SalesforceClient, namespace: str, found: Iterable[Member]
) -> tuple[list[Blocker], list[Text]]:
    """Return the blockers that can be found, and how complete the search was."""
    members = list(found)
    searches: tuple[tuple[str, Callable[[], tuple[list[Blocker], list[Text]]]], ...] = (
        ("MetadataComponentDependency", lambda: _references(client, namespace, members)),
        ("PermissionSetAssignment", lambda: (_assignments(client, namespace), [])),
        ("AsyncApexJob", lambda: (_jobs(client, namespace), [])),
    )
    blocking: list[Blocker] = []
    remarks: list[Text] = [_NOT_READ]
    for source, search in searches:
        try:
            more, said = search()
        except VendorError as error:
            if not not_available(error) and error.code != "salesforce_refused":
                raise
            said = [N_("Blockers could not be looked for in {source}.", source=source)]
            more = []
        blocking.extend(more)
        remarks.extend(said)
    return list(dict.fromkeys(blocking)), remarks


def _references(
    client: SalesforceClient, namespace: str, members: list[Member]
) -> tuple[list[Blocker], list[Text]]:
    """Ask member by member: the object allows neither IN nor paging."""
    blocking: list[Blocker] = []
    cut: list[str] = []
    for member in members:
        rows = client.tooling(
            format_soql(
                "SELECT MetadataComponentId, MetadataComponentName, MetadataComponentNamespace, "
                "MetadataComponentType FROM MetadataComponentDependency "
                "WHERE RefMetadataComponentId = {id}",
                id=member.id,
            )
        )
        if len(rows) >= DEPENDENCY_ROWS:
            cut.append(member.component.name)
        blocking.extend(
            Blocker(
                type=str(row.get("MetadataComponentType") or ""),
                name=str(row.get("MetadataComponentName") or row.get("MetadataComponentId") or ""),
                refers_to=member.component.name,
                problem=REFERENCED,
            )
            for row in rows
            if str(row.get("MetadataComponentNamespace") or "").lower() != namespace.lower()
        )
    if not cut:
        return blocking, []
    return blocking, [
        N_("More refers to these than Salesforce lists: {components}.", components=", ".join(cut))
    ]


def _assignments(client: SalesforceClient, namespace: str) -> list[Blocker]:
    rows = client.query(
        format_soql(
            "SELECT Id, Assignee.Username, PermissionSet.Name FROM PermissionSetAssignment "
            "WHERE PermissionSet.NamespacePrefix = {}",
            namespace,
        )
    )
    return [
        Blocker(
            type="PermissionSetAssignment",
            name=_inner(row, "Assignee", "Username") or str(row.get("Id") or ""),
            refers_to=_inner(row, "PermissionSet", "Name"),
            problem=ASSIGNED,
        )
        for row in rows
    ]


def _jobs(client: SalesforceClient, namespace: str) -> list[Blocker]:
    """Scheduled jobs of the package's classes: one object knows the class, another the name."""
    rows = client.query(
        format_soql(
            "SELECT Id, CronTriggerId, ApexClass.Name FROM AsyncApexJob "
            "WHERE JobType = 'ScheduledApex' AND ApexClass.NamespacePrefix = {} "
            "AND Status IN ('Queued', 'Preparing', 'Processing', 'Holding')",
            namespace,
        )
    )
    triggers = [str(row["CronTriggerId"]) for row in rows if row.get("CronTriggerId")]
    names: dict[str, str] = {}
    for start in range(0, len(triggers), IDS_IN_A_QUERY):
        found = client.query(
            format_soql(
                "SELECT Id, CronJobDetail.Name FROM CronTrigger WHERE Id IN {}",
                triggers[start : start + IDS_IN_A_QUERY],
            )
        )
        names |= {str(row.get("Id")): _inner(row, "CronJobDetail", "Name") for row in found}
    return [
        Blocker(
            type="ScheduledJob",
            name=names.get(str(row.get("CronTriggerId"))) or str(row.get("Id") or ""),
            refers_to=_inner(row, "ApexClass", "Name"),
            problem=SCHEDULED,
        )
        for row in rows
    ]


def _inner(row: Row, *path: str) -> str:
    """Return a field of a related row; relations can be null."""
    value: object = row
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return "" if value is None else str(value)
