"""What is in the package (P3c): its members, listed by their namespace."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from simple_salesforce.format import format_soql

from bot.errors import VendorError
from bot.vendors.salesforce_errors import hidden
from bot.vendors.salesforce_http import VIEW_SETUP, Row, SalesforceClient, not_available
from workflows.text import N_, Text
from workflows.values import Component


@dataclass(frozen=True)
class Kind:
    """One kind of member: which object lists it, through which API, and where its name is."""

    type: str
    sobject: str
    name: str
    api: Literal["tooling", "query"] = "tooling"
    more: str = ""
    """A field that says more about it: the object of a field, the type of a folder."""


KINDS: tuple[Kind, ...] = (
    Kind("CustomObject", "CustomObject", "DeveloperName"),
    Kind("CustomField", "CustomField", "DeveloperName", more="TableEnumOrId"),
    Kind("ApexClass", "ApexClass", "Name"),
    Kind("ApexTrigger", "ApexTrigger", "Name"),
    Kind("ApexPage", "ApexPage", "Name"),
    Kind("ApexComponent", "ApexComponent", "Name"),
    Kind("StaticResource", "StaticResource", "Name"),
    Kind("Layout", "Layout", "Name"),
    Kind("FlexiPage", "FlexiPage", "DeveloperName"),
    Kind("CustomApplication", "CustomApplication", "DeveloperName"),
    Kind("CustomTab", "CustomTab", "DeveloperName"),
    Kind("WebLink", "WebLink", "Name"),
    Kind("QuickAction", "QuickActionDefinition", "DeveloperName"),
    Kind("RemoteSiteSetting", "RemoteProxy", "SiteName"),
    Kind("CustomLabel", "ExternalString", "Name"),
    Kind("LightningComponentBundle", "LightningComponentBundle", "DeveloperName"),
    Kind("AuraDefinitionBundle", "AuraDefinitionBundle", "DeveloperName"),
    Kind("Flow", "FlowDefinition", "DeveloperName"),
    Kind("WorkflowRule", "WorkflowRule", "Name"),
    Kind("ValidationRule", "ValidationRule", "ValidationName"),
    Kind("PermissionSet", "PermissionSet", "Name", "query"),
    Kind("Folder", "Folder", "DeveloperName", "query", more="Type"),
    Kind("Report", "Report", "DeveloperName", "query"),
    Kind("Dashboard", "Dashboard", "DeveloperName", "query"),
    Kind("Document", "Document", "DeveloperName", "query"),
    Kind("EmailTemplate", "EmailTemplate", "DeveloperName", "query"),
)
"""Every kind that can be listed by ``NamespacePrefix`` (facts/salesforce.md, "Members")."""
_IN_SETUP = frozenset(kind.type for kind in KINDS if kind.api == "tooling")


OBJECTS = KINDS[:1]
"""Custom objects alone."""


@dataclass(frozen=True)
class Member:
    """A member of the package with the id that dependencies point to."""

    id: str
    component: Component


def members(
    client: SalesforceClient, namespace: str, kinds: Sequence[Kind] = KINDS
) -> tuple[list[Member], list[str]]:
    """List the package's members, and the kinds that this org or user does not offer.

    Costs one call a kind, and one for each further 2,000 members. The order is by kind and name.
    A user who is shown none of the Setup kinds is refused: such a list would say nothing.
    """
    found: list[Member] = []
    unlisted: list[str] = []
    tables: dict[str, str] = {}
    for kind in kinds:
        try:
            rows = _rows(client, kind, namespace)
        except VendorError as error:
            if not not_available(error):
                raise
            unlisted.append(kind.type)
            if set(unlisted) >= _IN_SETUP:
                raise hidden(error, VIEW_SETUP) from None
            continue
        listed = [_member(kind, row, namespace, tables) for row in rows]
        if kind.type == "CustomObject":
            tables = {member.id[:15]: member.component.name for member in listed}
        found.extend(sorted(listed, key=lambda member: member.component.name))
    return found, unlisted


def _rows(client: SalesforceClient, kind: Kind, namespace: str) -> list[Row]:
    fields = [name for name in ("Id", "NamespacePrefix", kind.name, kind.more) if name]
    soql = format_soql(
        "SELECT {fields:literal} FROM {sobject:literal} WHERE NamespacePrefix = {namespace}",
        fields=", ".join(fields),
        sobject=kind.sobject,
        namespace=namespace,
    )
    return client.tooling(soql) if kind.api == "tooling" else client.query(soql)


def _member(kind: Kind, row: Row, namespace: str, tables: dict[str, str]) -> Member:
    type_, name = kind.type, str(row.get(kind.name) or row.get("Id") or "")
    more = str(row.get(kind.more) or "")
    if type_ in ("CustomObject", "CustomField"):
        name = f"{namespace}__{name}__c"
    if type_ == "CustomField":
        name = f"{tables.get(more[:15], more)}.{name}"
    if type_ == "Folder":
        type_ = f"{more}Folder"
    return Member(str(row.get("Id") or ""), Component(type=type_, name=name))


def remarks(unlisted: list[str]) -> list[Text]:
    """Say what the inventory could not see."""
    said = [
        N_(
            "Your own reports that are built on the package's objects are not listed here: they go "
            "with the package, or stop working. Salesforce's uninstall page names them."
        )
    ]
    if unlisted:
        said.append(
            N_(
                "Salesforce does not list these kinds of components: {types}.",
                types=", ".join(unlisted),
            )
        )
    return said
