"""How many records the package's objects hold: counted where they can be seen, else estimated.

A count is exact, but holds only what the bot's user may see; ``/limits/recordCount`` knows all
records, but from a cache (facts/salesforce.md, "Finding blockers first").
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from simple_salesforce.format import format_soql

from bot.errors import VendorError
from bot.vendors.salesforce_http import SalesforceClient, not_available
from bot.vendors.salesforce_inventory import Member
from bot.vendors.salesforce_rights import VIEW_ALL, Right, held
from workflows.text import N_, Text
from workflows.values import CustomObject

NAMES_IN_A_CALL = 100
_GRANT_READ = N_(
    "Give that user Read and View All Records on it: Setup > Users > Permission Sets > a "
    "permission set of that user > Object Settings."
)
_API_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")


def objects(
    client: SalesforceClient, members: Sequence[Member]
) -> tuple[list[CustomObject], list[Text]]:
    """Return the package's custom objects with fields and records, and what is not exact."""
    ours = [member for member in members if member.component.type == "CustomObject"]
    names = [member.component.name for member in ours]
    counts = {name: _count(client, name) for name in names}
    estimates = _estimates(client, [name for name in names if _API_NAME.match(name)])
    columns = _columns(client, [member.id for member in ours])
    unseen = {name for name, seen in counts.items() if estimates.get(name, 0) > (seen or 0)}
    if unseen and held(client).get(VIEW_ALL):
        unseen = set()
    found = [_object(member, counts, estimates, unseen, columns) for member in ours]
    remarks = [*_unreadable(found, counts)]
    remarks += [
        _partly_seen(one.name, counts[one.name] or 0, one.records or 0)
        for one in found
        if one.estimated and counts[one.name] is not None
    ]
    return found, remarks


def _object(
    member: Member,
    counts: Mapping[str, int | None],
    estimates: Mapping[str, int],
    unseen: set[str],
    columns: Mapping[str, list[str]],
) -> CustomObject:
    name = member.component.name
    seen, estimate = counts[name], estimates.get(name)
    estimated = estimate is not None and (seen is None or name in unseen)
    return CustomObject(
        name=name,
        records=estimate if estimated else seen,
        estimated=estimated,
        fields=tuple(sorted(columns.get(member.id[:15], ()))),
    )


def readable(client: SalesforceClient, members: Sequence[Member]) -> Iterator[Right]:
    """Yield for each of the package's custom objects whether the bot's user can read it."""
    for member in members:
        if member.component.type == "CustomObject":
            name = member.component.name
            yield Right(
                name=f"Read {name}",
                granted=_count(client, name) is not None,
                problem=N_("The bot's Salesforce user cannot read {name}.", name=name),
                remedy=_GRANT_READ,
            )


def _partly_seen(name: str, seen: int, estimate: int) -> Text:
    return N_(
        "The bot's Salesforce user sees {seen} records of {name}, Salesforce estimates "
        '{estimate}. For an exact count, give that user the permission "View All Data" (Setup > '
        "Users > Permission Sets > System Permissions).",
        name=name,
        seen=seen,
        estimate=estimate,
    )


def _unreadable(found: Sequence[CustomObject], counts: Mapping[str, int | None]) -> Iterator[Text]:
    unread = [one for one in found if counts[one.name] is None]
    if known := [one.name for one in unread if one.estimated]:
        yield N_(
            "The bot's Salesforce user cannot read {objects}; the number of records is "
            "Salesforce's estimate. To count and back up the records, give that user Read and View "
            "All Records (Setup > Users > Permission Sets > Object Settings).",
            objects=", ".join(known),
        )
    if unknown := [one.name for one in unread if not one.estimated]:
        yield N_(
            "The bot's Salesforce user cannot read {objects}, and Salesforce gives no estimate of "
            "the records. Give that user Read and View All Records (Setup > Users > Permission "
            "Sets > Object Settings).",
            objects=", ".join(unknown),
        )


def _count(client: SalesforceClient, name: str) -> int | None:
    if not _API_NAME.match(name):
        return None
    try:
        return client.count(name)
    except VendorError as error:
        if not not_available(error):
            raise
        return None


def _estimates(client: SalesforceClient, names: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for start in range(0, len(names), NAMES_IN_A_CALL):
        try:
            found |= client.estimates(names[start : start + NAMES_IN_A_CALL])
        except VendorError as error:
            if not not_available(error) and error.code != "salesforce_refused":
                raise
    return found


def _columns(client: SalesforceClient, ids: Sequence[str]) -> dict[str, list[str]]:
    """Return the API names of the objects' custom fields: object id (15) → names."""
    columns: dict[str, list[str]] = {}
    for start in range(0, len(ids), NAMES_IN_A_CALL):
        rows = client.tooling(
            format_soql(
                "SELECT Id, DeveloperName, NamespacePrefix, TableEnumOrId FROM CustomField "
                "WHERE TableEnumOrId IN {}",
                list(ids[start : start + NAMES_IN_A_CALL]),
            )
        )
        for row in rows:
            prefix = f"{row['NamespacePrefix']}__" if row.get("NamespacePrefix") else ""
            table = str(row.get("TableEnumOrId") or "")[:15]
            columns.setdefault(table, []).append(f"{prefix}{row.get('DeveloperName') or ''}__c")
    return columns
