"""What is inside the HubSpot package, by version (facts/salesforce.md, "The package")."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from sandbox.salesforce.ids import record_id
from sandbox.scenario import Package

NAME = "HubSpot Integration"
_APEX = (
    "HubSpotAccountIntelController",
    "HubSpotContactIntelController",
    "HubSpotLeadIntelController",
    "HubSpotOpportunityIntelController",
    "HubSpotRequestSigner",
    "HubSpotPostInstall",
)
_PAGES = (
    "HubSpotAccountIntelligence",
    "HubSpotContactIntelligence",
    "HubSpotLeadIntel",
    "HubSpotOpportunityIntelligence",
)
_BASE = (
    ("CustomApplication", "HubSpot_Sync"),
    ("PermissionSet", "HubSpot_Integration_Permissions"),
    *(("ApexClass", name) for name in _APEX),
    *(("ApexPage", name) for name in _PAGES),
    ("RemoteSiteSetting", "HubSpot_API"),
    ("RemoteSiteSetting", "HubSpot_App"),
    ("StaticResource", "HubSpot_Assets"),
    ("StaticResource", "HubSpot_Styles"),
    ("DocumentFolder", "Images"),
    ("ReportFolder", "HubSpot_Reports"),
)
_FILLERS = ("StaticResource", "CustomField", "ApexClass", "CustomLabel", "CustomField")
_STANDARD = ("Contact", "Lead", "Account", "Opportunity")
OBJECT_FIELDS = ("Key__c", "Label__c", "Payload__c")
PREFIXES = {
    "CustomApplication": "02u",
    "PermissionSet": "0PS",
    "ApexClass": "01p",
    "ApexPage": "066",
    "RemoteSiteSetting": "0rp",
    "StaticResource": "081",
    "DocumentFolder": "00l",
    "ReportFolder": "00l",
    "CustomObject": "01I",
    "CustomField": "00N",
    "CustomLabel": "101",
}


@dataclass(frozen=True)
class Component:
    """One part of the package; `parent` is the object of a field; `name` has no namespace."""

    id: str
    type: str
    name: str
    namespace: str
    parent: str | None = None

    @property
    def full_name(self) -> str:
        """The name as Setup and the Metadata API write it."""
        qualified = f"{self.namespace}__{self.name}"
        return f"{self.parent}.{qualified}" if self.parent else qualified


class Contents:
    """The components and custom objects of one installed version."""

    def __init__(self, package: Package) -> None:
        self._package = package
        self.namespace = package.namespace
        parts = [int(part) for part in package.version.split(".")]
        major, minor, patch, build = (*parts, 0, 0, 0, 0)[:4]
        self.version = (major, minor, patch, build)

    @cached_property
    def objects(self) -> dict[str, int]:
        """Custom objects by their full API name, with the number of records."""
        counts: dict[str, int] = {}
        if self.version >= (3, 0, 1, 0):
            counts["HubSpot_Favorites__c"] = 0
        elif self.version[:2] == (2, 60):
            counts["HubSpot_Intelligence__c"] = 0
        for name, count in self._package.objects.items():
            counts[name if name.endswith("__c") else f"{name}__c"] = count
        return {f"{self.namespace}__{name}": count for name, count in counts.items()}

    @cached_property
    def components(self) -> tuple[Component, ...]:
        """Everything that an uninstall deletes, objects and fields included."""
        return tuple(
            Component(record_id(PREFIXES[kind], number), kind, name, self.namespace, parent)
            for number, (kind, name, parent) in enumerate(self._named(), start=1)
        )

    def _named(self) -> Iterator[tuple[str, str, str | None]]:
        for kind, name in _BASE:
            yield kind, name, None
        for full_name in self.objects:
            yield "CustomObject", full_name.removeprefix(f"{self.namespace}__"), None
            for field in OBJECT_FIELDS:
                yield "CustomField", field, full_name
        for number in range(1, self._package.components + 1):
            kind = _FILLERS[number % len(_FILLERS)]
            if kind == "CustomField":
                yield kind, f"Insight_{number:04d}__c", _STANDARD[number // 5 % len(_STANDARD)]
            else:
                yield kind, f"HubSpot_Part_{number:04d}", None

    def find(self, name: str) -> Component | None:
        """Return the component called *name*, with or without its namespace."""
        short = name.removeprefix(f"{self.namespace}__")
        return next((part for part in self.components if part.name == short), None)

    def fields_of(self, object_name: str) -> list[str]:
        """Return the package's fields of an object, by API name."""
        return [
            f"{self.namespace}__{part.name}"
            for part in self.components
            if part.type == "CustomField" and part.parent == object_name
        ]
