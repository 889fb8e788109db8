"""The objects that the Tooling API can be asked about, with its restrictions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sandbox.salesforce import fields
from sandbox.salesforce.contents import NAME, Component
from sandbox.salesforce.errors import invalid_type, malformed
from sandbox.salesforce.ids import record_id
from sandbox.salesforce.package import InstalledPackage
from sandbox.salesforce.people import People
from sandbox.salesforce.references import dependencies, rows
from sandbox.salesforce.soql import Compare, Condition, Junction, Membership, Query
from sandbox.salesforce.tables import Entity, Row

MAX_DEPENDENCIES = 2_000
_PACKAGED = {"RemoteSiteSetting": "RemoteProxy", "CustomLabel": "ExternalString"}
_OTHER_PACKAGE = ("Example Surveys", "exsurveys", 1, 4)


class ToolingCatalog:
    """What the Tooling API sees now."""

    def __init__(
        self,
        package: InstalledPackage,
        people: People,
        deployments: Callable[[], list[dict[str, Any]]],
    ) -> None:
        self._package = package
        self._people = people
        self._deployments = deployments

    def entity(self, name: str) -> Entity:
        """Return the object *name* as it is now; raise INVALID_TYPE when it is not known."""
        known = next((item for item in fields.TOOLING if item.lower() == name.lower()), None)
        if known is None:
            raise invalid_type(name)
        return Entity(
            known,
            fields.TOOLING[known],
            self._rows(known),
            self._relations(known),
            known,
            single_row_fields=fields.SINGLE_ROW_FIELDS,
        )

    def _relations(self, name: str) -> dict[str, Entity]:
        match name:
            case "InstalledSubscriberPackage":
                return {
                    "SubscriberPackage": Entity("SubscriberPackage", fields.SUBSCRIBER_PACKAGE, []),
                    "SubscriberPackageVersion": Entity(
                        "SubscriberPackageVersion", fields.PACKAGE_VERSION, []
                    ),
                }
            case "CustomField" | "Layout" | "FlexiPage" | "ValidationRule":
                definition = fields.TOOLING["EntityDefinition"]
                return {"EntityDefinition": Entity("EntityDefinition", definition, [])}
            case "Flow":
                definition = fields.TOOLING["FlowDefinition"]
                return {"Definition": Entity("FlowDefinition", definition, [])}
        return {}

    def _rows(self, name: str) -> Sequence[Row]:
        match name:
            case "InstalledSubscriberPackage":
                return self._packages()
            case "MetadataComponentDependency":
                return list(dependencies(self._package))[:MAX_DEPENDENCIES]
            case "DeployRequest":
                return list(self._deployments())
            case "EntityDefinition":
                return self._definitions()
            case "Profile":
                return self._profiles()
            case "FlowDefinition":
                return [row["Definition"] for row in rows(self._package, "Flow")]
        parts = self._package.contents.components if self._package.installed else ()
        tables = {part.full_name: part.id for part in parts if part.type == "CustomObject"}
        inside = [
            _row(part, tables.get(part.parent or "", part.parent))
            for part in parts
            if _PACKAGED.get(part.type, part.type) == name
        ]
        return [*inside, *rows(self._package, name)]

    def _packages(self) -> Sequence[Row]:
        name, namespace, major, minor = _OTHER_PACKAGE
        found = [_installed(1, name, namespace, (major, minor, 0, 2))]
        if self._package.installed:
            contents = self._package.contents
            found.insert(0, _installed(2, NAME, contents.namespace, contents.version))
        return found

    def _definitions(self) -> Sequence[Row]:
        if not self._package.installed:
            return []
        return [
            {
                "Id": name,
                "DurableId": part.id,
                "QualifiedApiName": name,
                "DeveloperName": part.name.removesuffix("__c"),
                "NamespacePrefix": part.namespace,
                "Label": part.name.removesuffix("__c").replace("_", " "),
            }
            for part in self._package.contents.components
            if part.type == "CustomObject" and (name := part.full_name)
        ]

    def _profiles(self) -> Sequence[Row]:
        referring = {row["Name"]: row["Metadata"] for row in rows(self._package, "Profile")}
        return [
            {**profile, "Metadata": referring.get(profile["Name"], {"classAccesses": []})}
            for profile in self._people.profiles
        ]


def _installed(
    number: int, name: str, namespace: str, version: tuple[int, int, int, int]
) -> dict[str, Any]:
    major, minor, patch, build = version
    package, release = record_id("033", number), record_id("04t", number)
    return {
        "Id": record_id("0A3", number),
        "SubscriberPackageId": package,
        "SubscriberPackage": {
            "Id": package,
            "Name": name,
            "NamespacePrefix": namespace,
            "Description": None,
            "IsPackageValid": True,
        },
        "SubscriberPackageVersionId": release,
        "SubscriberPackageVersion": {
            "Id": release,
            "Name": f"{major}.{minor}",
            "MajorVersion": major,
            "MinorVersion": minor,
            "PatchVersion": patch,
            "BuildNumber": build,
            "IsBeta": False,
        },
        "MinPackageVersionId": release,
    }


def _row(part: Component, table: str | None) -> dict[str, Any]:
    """Return the row of a component of the package; its code and metadata are hidden.

    *table* is the object of a field: a custom object's id, or a standard object's name.
    """
    developer_name = part.name.removesuffix("__c")
    return {
        "Id": part.id,
        "Name": part.name,
        "DeveloperName": developer_name,
        "SiteName": part.name,
        "MasterLabel": part.name,
        "Label": part.name.replace("_", " "),
        "NamespacePrefix": part.namespace,
        "ManageableState": "installed",
        "TableEnumOrId": table,
        "EntityDefinitionId": table,
        "EntityDefinition": {"QualifiedApiName": part.parent} if part.parent else None,
        "ApiVersion": 62.0,
        "Status": "Active",
        "Body": "(hidden)",
        "ContentType": "application/zip",
        "BodyLength": 4_096,
        "IsOwnedByProfile": False,
        "IsActive": True,
        "Value": part.name,
    }


def check(query: Query) -> None:
    """Raise the Tooling API's 400 for what it does not allow on its special objects."""
    source = query.source.lower()
    if source == "installedsubscriberpackage" and (query.where or query.order or query.counts):
        raise malformed(
            "Implementation restriction: InstalledSubscriberPackage cannot be filtered, ordered "
            "or counted here; filter on your side."
        )
    if source == "metadatacomponentdependency":
        refused = [
            word
            for word, used in (
                ("count()", query.counts),
                ("ORDER BY", bool(query.order)),
                ("OFFSET", bool(query.offset)),
                ("LIKE or IN", query.where is not None and _uses_sets(query.where)),
            )
            if used
        ]
        if refused:
            raise malformed(f"MetadataComponentDependency does not support {', '.join(refused)}.")


def _uses_sets(condition: Condition) -> bool:
    if isinstance(condition, Junction):
        return any(_uses_sets(part) for part in condition.parts)
    if isinstance(condition, Compare):
        return condition.operator == "LIKE"
    return isinstance(condition, Membership)
