"""What refers to the package, by Salesforce's own dependency records (a beta that misses some).

``MetadataComponentDependency`` allows no IN and no paging, but = and OR (facts/salesforce.md,
"Finding blockers first"), so that a hundred components are asked about in one call.
"""

from __future__ import annotations

from collections.abc import Sequence

from simple_salesforce.format import format_soql

from bot.errors import VendorError
from bot.vendors.salesforce_http import Row, SalesforceClient
from bot.vendors.salesforce_inventory import Member
from bot.vendors.salesforce_reference import Reference
from workflows.text import N_, Text

IDS_IN_A_QUERY = 100
"""A query travels in the address, which must stay below 16 KB."""
MOST_ROWS = 2_000
"""A query answers no more rows than this, and has no next page."""

_SELECT = (
    "SELECT MetadataComponentId, MetadataComponentName, MetadataComponentNamespace, "
    "MetadataComponentType, RefMetadataComponentId FROM MetadataComponentDependency WHERE "
)


def references(
    client: SalesforceClient, namespace: str, members: Sequence[Member]
) -> tuple[list[Reference], list[Text]]:
    """Return who refers to the package's members, and what could not be told completely.

    Costs one call for each hundred members, and more only where the answer is too long.
    """
    names = {member.id[:15]: member.component.name for member in members if member.id}
    ids = [member.id for member in members if member.id]
    found: list[Reference] = []
    cut: list[str] = []
    for start in range(0, len(ids), IDS_IN_A_QUERY):
        rows, too_many = _rows(client, ids[start : start + IDS_IN_A_QUERY])
        cut += [names[key[:15]] for key in too_many]
        found += [
            _reference(row, names)
            for row in rows
            if _text(row, "MetadataComponentNamespace").lower() != namespace.lower()
        ]
    if not cut:
        return found, []
    return found, [
        N_("More refers to these than Salesforce lists: {components}.", components=", ".join(cut))
    ]


def _rows(client: SalesforceClient, ids: Sequence[str]) -> tuple[list[Row], list[str]]:
    """Ask about *ids*, in halves where the answer is cut; also return whose answer stays cut."""
    asked = " OR ".join(format_soql("RefMetadataComponentId = {}", key) for key in ids)
    try:
        rows = client.tooling(_SELECT + asked)
    except VendorError as error:
        if error.code != "salesforce_refused" or len(ids) == 1:
            raise
    else:
        if len(rows) < MOST_ROWS:
            return rows, []
        if len(ids) == 1:
            return rows, list(ids)
    middle = len(ids) // 2
    first, cut = _rows(client, ids[:middle])
    second, more = _rows(client, ids[middle:])
    return [*first, *second], [*cut, *more]


def _reference(row: Row, names: dict[str, str]) -> Reference:
    key = _text(row, "MetadataComponentId")
    return Reference(
        type=_text(row, "MetadataComponentType"),
        name=_text(row, "MetadataComponentName") or key,
        refers_to=names.get(_text(row, "RefMetadataComponentId")[:15], ""),
        id=key,
    )


def _text(row: Row, name: str) -> str:
    value = row.get(name)
    return "" if value is None else str(value)
