"""What outside the package refers to it: the metadata rows that the scenario's blockers are.

A blocker shows where the real thing would: a page on a layout in the layout's metadata, a flow
in the flow's, a scheduled job among the jobs, and most of them among the dependencies, which
miss layouts (facts/salesforce.md, "Finding blockers first").
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sandbox.salesforce.ids import record_id
from sandbox.salesforce.package import InstalledPackage, Obstacle

Record = dict[str, Any]
_PREFIXES = {
    "Layout": "00h",
    "FlexiPage": "0M0",
    "Flow": "301",
    "FlowDefinition": "300",
    "Profile": "00e",
    "ApexClass": "01p",
    "ApexTrigger": "01q",
    "ApexPage": "066",
    "WorkflowRule": "01Q",
    "ValidationRule": "03d",
    "QuickActionDefinition": "09D",
    "Report": "00O",
}
_NOT_METADATA = (
    "PermissionSetAssignment",
    "PermissionSetGroupComponent",
    "CronTrigger",
    "AsyncApexJob",
    "Report",
)
_NOT_AMONG_DEPENDENCIES = (*_NOT_METADATA, "Layout", "Profile")
LOCAL_LAYOUTS = ("Account Layout", "Contact Layout", "Lead Layout", "Opportunity Layout")


def _id(kind: str, number: int) -> str:
    return record_id(_PREFIXES.get(kind, "0XX"), 900 + number)


def _number(obstacle: Obstacle) -> int:
    return int(obstacle.id[1:])


def open_of(package: InstalledPackage, *kinds: str) -> list[Obstacle]:
    """Return the open obstacles of these types; none when the package is gone."""
    if not package.installed:
        return []
    return [item for item in package.open_obstacles() if item.blocker.type in kinds]


def qualified(package: InstalledPackage, obstacle: Obstacle) -> str:
    """Return the full name of the package component that *obstacle* refers to."""
    found = package.contents.find(obstacle.blocker.refers_to)
    return found.full_name if found else obstacle.blocker.refers_to


def _metadata(kind: str, name: str, is_app: bool) -> Record:
    """Return metadata of a component of *kind* that refers to *name*; *is_app*: an app."""
    match kind:
        case "Layout":
            item = {"page": name, "height": 200, "showLabel": False}
            return {"layoutSections": [{"layoutColumns": [{"layoutItems": [item]}]}]}
        case "FlexiPage":
            value = {"name": "pageName", "value": name}
            component = {
                "componentName": "flexipage:visualforcePage",
                "componentInstanceProperties": [value],
            }
            return {"flexiPageRegions": [{"itemInstances": [{"componentInstance": component}]}]}
        case "Flow":
            call = {"name": "Call_HubSpot", "actionName": name, "actionType": "apex"}
            return {"actionCalls": [call], "status": "Active"}
        case "Profile" if is_app:
            shown = [{"application": name, "default": True, "visible": True}]
            return {"applicationVisibilities": shown, "classAccesses": []}
        case "Profile":
            return {
                "classAccesses": [{"apexClass": name, "enabled": True}],
                "pageAccesses": [{"apexPage": name, "enabled": True}],
            }
    return {"formula": f"NOT(ISBLANK({name}))", "references": [name]}


def rows(package: InstalledPackage, kind: str) -> list[Record]:
    """Return the Tooling rows of *kind* that stand outside the package."""
    found: list[Record] = []
    taken = set()
    for obstacle in open_of(package, kind):
        taken.add(obstacle.blocker.name)
        found.append(_row(package, obstacle))
    local = package.local.get(kind, 0)
    found += [
        _plain(kind, 3_000 + number, f"Local {kind} {number:04d}", {"description": "nothing"})
        for number in range(1, local + 1)
    ]
    if kind == "Layout":
        for number, name in enumerate(LOCAL_LAYOUTS, start=500):
            if name not in taken:
                found.append(_plain(kind, number, name, {"layoutSections": []}))
    return found


def _plain(kind: str, number: int, name: str, metadata: Record) -> Record:
    table = name.removesuffix(" Layout").split("-")[0].split(" ")[0]
    definition = {
        "Id": _id("FlowDefinition", number),
        "DeveloperName": name.replace(" ", "_"),
        "MasterLabel": name,
        "NamespacePrefix": None,
        "ManageableState": "unmanaged",
        "ActiveVersionId": _id(kind, number),
        "LatestVersionId": _id(kind, number),
    }
    return {
        "Id": _id(kind, number),
        "Definition": definition,
        "DefinitionId": definition["Id"],
        "Name": name,
        "DeveloperName": name.replace(" ", "_"),
        "MasterLabel": name,
        "ValidationName": name,
        "FullName": f"{table}-{name}" if kind == "Layout" else name.replace(" ", "_"),
        "NamespacePrefix": None,
        "ManageableState": "unmanaged",
        "TableEnumOrId": table,
        "EntityDefinitionId": table,
        "Status": "Active",
        "Active": True,
        "VersionNumber": 1,
        "ProcessType": "AutoLaunchedFlow",
        "Type": "RecordPage",
        "LayoutType": "Standard",
        "ApiVersion": 62.0,
        "Metadata": metadata,
    }


def _row(package: InstalledPackage, obstacle: Obstacle) -> Record:
    kind, number = obstacle.blocker.type, _number(obstacle)
    name = qualified(package, obstacle)
    target = package.contents.find(obstacle.blocker.refers_to)
    is_app = target is not None and target.type == "CustomApplication"
    row = _plain(kind, number, obstacle.blocker.name, _metadata(kind, name, is_app))
    if kind == "WorkflowRule" and target is not None and target.type == "CustomObject":
        row["TableEnumOrId"] = target.id
    row["Body"] = f"// uses {name.replace('__', '.')}\npublic with sharing class Local {{}}"
    return row


def dependencies(package: InstalledPackage) -> Iterator[Record]:
    """Yield the rows of MetadataComponentDependency."""
    if not package.installed:
        return
    namespace = package.contents.namespace
    for obstacle in package.open_obstacles():
        target = package.contents.find(obstacle.blocker.refers_to)
        if obstacle.blocker.type in _NOT_AMONG_DEPENDENCIES or target is None:
            continue
        yield {
            "Id": None,
            "MetadataComponentId": _id(obstacle.blocker.type, _number(obstacle)),
            "MetadataComponentName": obstacle.blocker.name,
            "MetadataComponentType": obstacle.blocker.type,
            "MetadataComponentNamespace": None,
            "RefMetadataComponentId": target.id,
            "RefMetadataComponentName": target.name,
            "RefMetadataComponentType": target.type,
            "RefMetadataComponentNamespace": namespace,
        }
