"""The human steps at HubSpot, for the page and for programs (sandbox/README.md)."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from sandbox.hubspot import objects
from sandbox.hubspot.errors import HubSpotError
from sandbox.hubspot.records import Record, Table
from sandbox.hubspot.schema import find
from sandbox.hubspot.service import HubSpot
from sandbox.hubspot.steps import Refused, fields, person, served

MAX_RECORDS = 1_000


def routes(hubspot: HubSpot) -> list[Route]:
    """Return the `/sandbox/hubspot…` routes."""

    async def state(_request: Request) -> dict[str, Any]:
        return hubspot.state()

    async def disconnect(request: Request) -> dict[str, Any]:
        data = await fields(request, user=str, reason=str, phrase=str)
        hubspot.disconnect(person(hubspot.world, data["user"]), data["reason"], data["phrase"])
        return hubspot.state()

    async def delete_owners(request: Request) -> dict[str, Any]:
        data = await fields(request, user=str)
        deleted = hubspot.delete_salesforce_owners(person(hubspot.world, data["user"]))
        return {"deleted": deleted, **hubspot.state()}

    async def records(request: Request) -> dict[str, Any]:
        return {"records": _records(hubspot, request)}

    async def change(request: Request) -> dict[str, Any]:
        data = await fields(request, object=str, id=str, properties=dict)
        table = _table(hubspot, data["object"])
        try:
            record = objects.change_by_hand(hubspot, table, data["id"], data["properties"])
        except HubSpotError as error:
            raise Refused((error.category or "invalid").lower(), error.message) from error
        return {"record": _shown(table, record)}

    return [
        Route("/sandbox/hubspot", served(state), methods=["GET"]),
        Route("/sandbox/hubspot/disconnect", served(disconnect), methods=["POST"]),
        Route("/sandbox/hubspot/delete-salesforce-owners", served(delete_owners), methods=["POST"]),
        Route("/sandbox/hubspot/records", served(records), methods=["GET"]),
        Route("/sandbox/hubspot/record", served(change), methods=["POST"]),
    ]


def _table(hubspot: HubSpot, name: str) -> Table:
    schema = find(name)
    if schema is None:
        raise Refused("invalid_arguments", f"There are no records of the kind '{name}'.")
    return hubspot.table(schema.name)


def _shown(table: Table, record: Record) -> dict[str, Any]:
    names = [*table.schema.defaults, "hubspot_owner_id"]
    if table.schema.synced:
        names.append("salesforcelastsynctime")
    return {"id": str(record.id), "properties": table.shown(record, names, by_search=False)}


def _records(hubspot: HubSpot, request: Request) -> list[dict[str, Any]]:
    """The truth, not what search sees."""
    table = _table(hubspot, request.query_params.get("object", "contacts"))
    raw = request.query_params.get("limit", "100")
    if not raw.isdigit() or not 1 <= int(raw) <= MAX_RECORDS:
        raise Refused("invalid_arguments", f"'limit' must be between 1 and {MAX_RECORDS}.")
    owner = request.query_params.get("owner")
    found: list[dict[str, Any]] = []
    for key in table.ids:
        record = table.records[key]
        if owner is None or record.owner == owner:
            found.append(_shown(table, record))
            if len(found) >= int(raw):
                break
    return found
