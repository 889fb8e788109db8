"""Endpoints of CRM records: search, single read and update, list."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from sandbox.hubspot import filters
from sandbox.hubspot.answers import answer, body, require, whole_number
from sandbox.hubspot.door import visit
from sandbox.hubspot.errors import HubSpotError, invalid, not_found
from sandbox.hubspot.history import API
from sandbox.hubspot.records import Table
from sandbox.hubspot.schema import OWNER
from sandbox.hubspot.search import search
from sandbox.hubspot.service import HubSpot
from sandbox.hubspot.shapes import Shape

MAX_PAGE = 100
MAX_HISTORIES = 50
"""Records whose histories can be had with one request (github.com/HubSpot/hubspot-api-python,
issue 143)."""


def table_of(hubspot: HubSpot, request: Request, write: bool = False) -> Table:
    """Return the table that the path names, or raise HubSpot's 400 or 403."""
    name = request.path_params["object_type"]
    schema = hubspot.schema(name)
    if schema is None:
        raise invalid(f"Unable to infer object type from: {name}")
    require(hubspot, schema.write_scope if write else schema.read_scope)
    return hubspot.table(schema.name)


def record_id(value: Any) -> int:
    """Return the record id that *value* is; -1, which no record has, for anything else."""
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() else -1


def properties_of(item: Any) -> dict[str, Any]:
    """Return what a request wants to set, or raise HubSpot's 400."""
    properties = item.get("properties") if isinstance(item, dict) else None
    if not isinstance(properties, dict):
        raise invalid("Invalid input JSON: 'properties' must be an object")
    return properties


def broken_rule(key: int) -> str:
    """Return what HubSpot says of a record that breaks a rule of the account."""
    return f"Record {key} does not satisfy the account's validation rules"


async def do_search(hubspot: HubSpot, request: Request) -> Response:
    """`POST /crm/v3/objects/{type}/search`."""
    table = table_of(hubspot, request)
    data, size = await body(request)
    asked = filters.parse(table.schema, data, size)
    found = search(table, asked)
    shape = Shape(table, asked.properties, by_search=True)
    answered: dict[str, Any] = {
        "total": found.total,
        "results": [shape.of(key) for key in found.keys],
    }
    end = asked.after + asked.limit
    if end < found.total:
        answered["paging"] = {"next": {"after": str(end)}}
    visit(request).detail.update(total=found.total, results=len(found.keys))
    return answer(hubspot, answered, limits=False)


def _record(table: Table, request: Request) -> int:
    key = request.path_params["object_id"]
    if "idProperty" in request.query_params:
        raise invalid("The sandbox finds records by their id only; leave idProperty out.")
    found = table.find(record_id(key))
    if found is None:
        raise not_found(f"Object not found.  objectId are usually numeric. (id: {key})")
    return found


def _asked(table: Table, request: Request) -> Shape:
    return Shape(table, _names(request, "properties"), _names(request, "propertiesWithHistory"))


def _names(request: Request, parameter: str) -> list[str]:
    raw = request.query_params.getlist(parameter)
    return [name.strip() for value in raw for name in value.split(",") if name.strip()]


async def read_one(hubspot: HubSpot, request: Request) -> Response:
    """`GET /crm/v3/objects/{type}/{id}`."""
    table = table_of(hubspot, request)
    return answer(hubspot, _asked(table, request).of(_record(table, request)))


async def update_one(hubspot: HubSpot, request: Request) -> Response:
    """`PATCH /crm/v3/objects/{type}/{id}`."""
    table = table_of(hubspot, request, write=True)
    data, _ = await body(request)
    key = _record(table, request)
    changes = hubspot.check(table, properties_of(data))
    fault = visit(request).fault
    failing = fault is not None and fault.kind == "part_failure"
    if failing or (OWNER in changes and table.refuses(key)):
        raise HubSpotError(400, "VALIDATION_ERROR", broken_rule(key))
    hubspot.write(table, (key,), changes, API)
    hubspot.world.changed()
    return answer(hubspot, Shape(table, list(changes)).of(key))


async def list_page(hubspot: HubSpot, request: Request) -> Response:
    """`GET /crm/v3/objects/{type}`: all records in the order of their ids.

    `after` is an id, so that a page stays right when records before it are deleted.
    """
    table = table_of(hubspot, request)
    table.index.catch_up()
    with_history = bool(_names(request, "propertiesWithHistory"))
    limit = whole_number(request, "limit", 10, MAX_HISTORIES if with_history else MAX_PAGE)
    after = request.query_params.get("after") or "0"
    if not after.isdigit():
        raise invalid("The value for 'after' is not valid", after=after)
    keys = table.ids.since(int(after), limit + 1)
    shape = _asked(table, request)
    answered: dict[str, Any] = {"results": [shape.of(key) for key in keys[:limit]]}
    if len(keys) > limit:
        last = str(keys[limit - 1] + 1)
        link = str(request.url.include_query_params(after=last))
        answered["paging"] = {"next": {"after": last, "link": link}}
    return answer(hubspot, answered)


def change_by_hand(hubspot: HubSpot, table: Table, key: str, values: dict[str, Any]) -> int:
    """Change a record as a person at HubSpot does; return its id.

    The rules are the API's, except that a dirty record takes a new owner: who changes it by hand
    can put it right at once.
    """
    found = table.find(record_id(key))
    if found is None:
        raise not_found(f"There is no record {key} among the {table.schema.name}.")
    hubspot.write(table, (found,), hubspot.check(table, values), hubspot.hand)
    hubspot.world.changed()
    return found
