"""Endpoints of custom objects' schemas: which kinds of records the account made up for itself."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from sandbox.hubspot.answers import answer, flag, require
from sandbox.hubspot.errors import not_found
from sandbox.hubspot.schema import ID, OWNER, Schema, iso
from sandbox.hubspot.service import HubSpot
from sandbox.scenario import CustomObject

_SCOPE = "crm.schemas.custom.read"
_DISPLAY = "name"
_OF_HUBSPOT = (
    ("hs_createdate", "Object create date/time", "datetime", "date"),
    ("hs_lastmodifieddate", "Object last modified date/time", "datetime", "date"),
    (ID, "Record ID", "number", "number"),
    (OWNER, "Owner", "enumeration", "select"),
)


async def list_schemas(hubspot: HubSpot, request: Request) -> Response:
    """`GET /crm/v3/schemas`, `GET /crm-object-schemas/v3/schemas`: all of them, not in pages."""
    require(hubspot, _SCOPE)
    results = [] if flag(request, "archived") else [_shown(hubspot, said) for said in _all(hubspot)]
    return answer(hubspot, {"results": results})


async def read_schema(hubspot: HubSpot, request: Request) -> Response:
    """`GET …/schemas/{object_type}`: by its id, its name, or its qualified name."""
    require(hubspot, _SCOPE)
    asked = request.path_params["object_type"]
    schema = hubspot.schema(asked)
    for said in _all(hubspot):
        if said.name == asked or hubspot.custom[said.name] is schema:
            return answer(hubspot, _shown(hubspot, said))
    raise not_found(f"There is no custom object {asked} in this account")


def _all(hubspot: HubSpot) -> tuple[CustomObject, ...]:
    return hubspot.world.scenario.custom_objects


def _shown(hubspot: HubSpot, said: CustomObject) -> dict[str, Any]:
    schema = hubspot.custom[said.name]
    return {
        "id": schema.type_id.partition("-")[2],
        "objectTypeId": schema.type_id,
        "name": said.name,
        "fullyQualifiedName": f"p{hubspot.world.scenario.account.portal_id}_{said.name}",
        "labels": {"singular": said.singular, "plural": said.plural},
        "description": "",
        "primaryDisplayProperty": _DISPLAY,
        "secondaryDisplayProperties": [],
        "requiredProperties": [_DISPLAY],
        "searchableProperties": [_DISPLAY],
        "properties": _properties(hubspot, said, schema),
        "associations": [],
        "archived": False,
        "createdAt": iso(hubspot.begun),
        "updatedAt": iso(hubspot.begun),
    }


def _properties(hubspot: HubSpot, said: CustomObject, schema: Schema) -> list[dict[str, Any]]:
    own = ((_DISPLAY, f"{said.singular} name", "string", "text"),)
    return [
        {
            "name": name,
            "label": label,
            "type": kind,
            "fieldType": field,
            "groupName": f"{said.name}_information",
            "description": "",
            "displayOrder": -1,
            "calculated": False,
            "externalOptions": name == OWNER,
            "hasUniqueValue": False,
            "hidden": False,
            "hubspotDefined": (name, label, kind, field) in _OF_HUBSPOT,
            "archived": False,
            "options": [],
            "modificationMetadata": {
                "archivable": name == _DISPLAY,
                "readOnlyDefinition": name != _DISPLAY,
                "readOnlyValue": name in schema.read_only,
            },
            "createdAt": iso(hubspot.begun),
            "updatedAt": iso(hubspot.begun),
        }
        for name, label, kind, field in (*own, *_OF_HUBSPOT)
    ]
