"""Describing objects: all of them shortly, one with its fields."""

from __future__ import annotations

from typing import Any

from sandbox.salesforce.data import DataCatalog
from sandbox.salesforce.errors import SalesforceError, not_found
from sandbox.salesforce.tables import Entity, attributes

_TYPES = {"id18": "reference", "complexvalue": "complexvalue"}


def short(entity: Entity, version: str) -> dict[str, Any]:
    """Return what the global describe says of *entity*."""
    custom = entity.name.endswith("__c")
    base = f"/services/data/v{version}/sobjects/{entity.name}"
    return {
        "name": entity.name,
        "label": entity.label or entity.name,
        "labelPlural": f"{entity.label or entity.name}s",
        "keyPrefix": entity.key_prefix,
        "custom": custom,
        "customSetting": False,
        "queryable": True,
        "retrieveable": True,
        "createable": False,
        "updateable": False,
        "deletable": False,
        "urls": {"sobject": base, "describe": f"{base}/describe", "rowTemplate": f"{base}/{{ID}}"},
    }


def full(entity: Entity, version: str) -> dict[str, Any]:
    """Return the describe of *entity*, with its fields."""
    return {**short(entity, version), "fields": [_field(entity, name) for name in entity.fields]}


def _field(entity: Entity, name: str) -> dict[str, Any]:
    kind = entity.fields[name]
    target = entity.relations.get(name.removesuffix("Id")) if kind == "reference" else None
    return {
        "name": name,
        "label": name,
        "type": _TYPES.get(kind, kind),
        "custom": name.endswith("__c"),
        "length": 18 if kind in ("id", "reference") else 255,
        "nillable": name != "Id",
        "filterable": True,
        "sortable": True,
        "relationshipName": name.removesuffix("Id") if target else None,
        "referenceTo": [target.name] if target else [],
    }


def entity_at(catalog: DataCatalog, name: str) -> Entity:
    """Return the object of a path, or raise 404 when it does not exist (any more)."""
    try:
        return catalog.entity(name)
    except SalesforceError as error:
        raise not_found() from error


def record(entity: Entity, key: str, version: str) -> dict[str, Any]:
    """Return one record with all its fields, or raise 404."""
    for row in entity.rows:
        if str(row.get("Id"))[:15] == key[:15]:
            values = {name: row.get(name) for name in entity.fields}
            return {"attributes": attributes(entity, row, version), **values}
    raise not_found("Provided external ID field does not exist or is not accessible: " + key)
