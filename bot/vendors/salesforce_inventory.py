"""What is in the package (P3c): its members by namespace, and its objects' record counts."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from simple_salesforce.format import format_soql

from bot.errors import VendorError
from bot.vendors.salesforce_http import Row, SalesforceClient, not_available
from workflows.text import N_, Text
from workflows.values import Component, CustomObject

_API_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")


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


@dataclass(frozen=True)
class Member:
    """A member of the package with the id that dependencies point to."""

    id: str
    component: Component


def members(client: SalesforceClient, namespace: str) -> tuple[list[Member], list[str]]:
    """List the package's members, and the kinds that this org or user does not offer."""
    found: list[Member] = []
    unlisted: list[str] = []
    tables: dict[str, str] = {}
    for kind in KINDS:
        try:
            rows = _rows(client, kind, namespace)
        except VendorError as error:
            if not not_available(error):
                raise
            unlisted.append(kind.type)
            continue
        listed = [_member(kind, row, namespace, tables) for row in rows]
        if kind.type == "CustomObject":
            tables = {member.id[:15]: member.component.name for member in listed}
        found.extend(listed)
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


def objects(
    client: SalesforceClient, found: Iterable[Member]
) -> tuple[list[CustomObject], list[str]]:
    """Count the records of the package's custom objects; also name those that cannot be counted.

    The count is exact, but holds only what the bot's user may see.
    """
    counted: list[CustomObject] = []
    uncounted: list[str] = []
    for member in found:
        name = member.component.name
        if member.component.type != "CustomObject":
            continue
        records: int | None = None
        if _API_NAME.match(name):
            try:
                records = client.count(name)
            except VendorError as error:
                if not not_available(error):
                    raise
        if records is None:
            uncounted.append(name)
        counted.append(CustomObject(name=name, records=records))
    return counted, uncounted


def remarks(unlisted: list[str], uncounted: list[str]) -> list[Text]:
    """Say what the inventory could not see."""
    said: list[Text] = []
    if unlisted:
        said.append(
            N_(
                "Salesforce does not list these kinds of components: {types}.",
                types=", ".join(unlisted),
            )
        )
    if uncounted:
        said.append(
            N_(
                "The records of these objects cannot be counted: {objects}.",
                objects=", ".join(uncounted),
            )
        )
    return said
