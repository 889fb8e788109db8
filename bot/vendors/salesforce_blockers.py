"""What would refuse the package's uninstall, as far as Salesforce tells beforehand.

Three searches, of which none is complete: the org's metadata, Salesforce's dependency records,
and records such as assignments and jobs (facts/salesforce.md, "Finding blockers first").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.errors import VendorError
from bot.vendors import salesforce_dependencies as dependencies
from bot.vendors import salesforce_reference as reference
from bot.vendors.salesforce_http import SalesforceClient, not_available
from bot.vendors.salesforce_inventory import Member
from bot.vendors.salesforce_reference import Reference
from bot.vendors.salesforce_scan import scan
from bot.vendors.salesforce_uses import uses
from workflows.text import N_, Text
from workflows.values import Blocker


@dataclass(frozen=True)
class Search:
    """The blockers that were found, how complete the search was, and what it met on its way.

    ``searched`` says where was looked, and that Salesforce may name more; ``remarks`` what could
    not be searched.
    """

    blockers: tuple[Blocker, ...]
    searched: Text
    remarks: tuple[Text, ...]
    permission_sets: dict[str, tuple[str, ...]]
    folders: dict[str, tuple[str, ...]]


def search(client: SalesforceClient, namespace: str, members: Sequence[Member]) -> Search:
    """Look for everything outside the package that refers to one of its *members*.

    An org with 3,000 members and 100 each of layouts, pages, flows and profiles costs about 80
    calls.
    """
    scanned = scan(client, namespace, members)
    known, remarks = _dependencies(client, namespace, members)
    used = uses(client, namespace, members)
    everything = [*scanned.references, *known, *used.references]
    return Search(
        blockers=tuple(reference.blockers(everything, namespace)),
        searched=_searched(scanned.read),
        remarks=(*scanned.remarks, *remarks, *used.remarks),
        permission_sets=used.permission_sets,
        folders=used.folders,
    )


def _dependencies(
    client: SalesforceClient, namespace: str, members: Sequence[Member]
) -> tuple[list[Reference], list[Text]]:
    try:
        return dependencies.references(client, namespace, members)
    except VendorError as error:
        if not not_available(error) and error.code != "salesforce_refused":
            raise
        source = "MetadataComponentDependency"
        return [], [N_("Blockers could not be looked for in {source}.", source=source)]


def _searched(read: int) -> Text:
    return N_(
        "Blockers were looked for in Salesforce's dependency records, permission-set assignments, "
        "scheduled jobs and the package's folders, and in {count} page layouts, Lightning pages, "
        "flows, profiles and workflow rules. No search is complete: Salesforce may name more when "
        "the package is removed.",
        count=read,
    )
