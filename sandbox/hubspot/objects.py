"""Endpoints of CRM records: search, batch read and update, single read and update, list."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from sandbox.hubspot import filters
from sandbox.hubspot.answers import answer, body, page, require, whole_number
from sandbox.hubspot.door import visit
from sandbox.hubspot.errors import HubSpotError, invalid, not_found
from sandbox.hubspot.records import Record, Table
from sandbox.hubspot.schema import find, iso
from sandbox.hubspot.search import search
from sandbox.hubspot.service import HubSpot

MAX_BATCH = 100


def _table(hubspot: HubSpot, request: Request, write: bool = False) -> Table:
    name = request.path_params["object_type"]
    schema = find(name)
    if schema is None:
        raise invalid(f"Unable to infer object type from: {name}")
    require(hubspot, schema.write_scope if write else schema.read_scope)
    return hubspot.table(schema.name)


def _shown(
    table: Table, record: Record, names: list[str] | None = None, by_search: bool = False
) -> dict[str, Any]:
    always = [table.schema.created, table.schema.modified, "hs_object_id"]
    wanted = list(table.schema.defaults) if names is None else [*names, *always]
    return {
        "id": str(record.id),
        "properties": table.shown(record, wanted, by_search),
        "createdAt": iso(record.created),
        "updatedAt": iso(record.modified),
        "archived": False,
    }


def _key(value: Any) -> int:
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() else -1


async def do_search(hubspot: HubSpot, request: Request) -> Response:
    """`POST /crm/v3/objects/{type}/search`."""
    table = _table(hubspot, request)
    data, size = await body(request)
    asked = filters.parse(table.schema, data, size)
    found = search(table, asked)
    names = list(asked.properties) or None
    answered: dict[str, Any] = {
        "total": found.total,
        "results": [_shown(table, record, names, by_search=True) for record in found.records],
    }
    end = asked.after + asked.limit
    if end < found.total:
        answered["paging"] = {"next": {"after": str(end)}}
    visit(request).detail.update(total=found.total, results=len(found.records))
    return answer(hubspot, answered, limits=False)


def _inputs(data: Any) -> list[dict[str, Any]]:
    inputs = data.get("inputs") if isinstance(data, dict) else None
    if not isinstance(inputs, list) or not all(
        isinstance(item, dict) and "id" in item for item in inputs
    ):
        raise invalid("Invalid input JSON: 'inputs' must be a list of objects with an 'id'")
    if len(inputs) > MAX_BATCH:
        raise invalid(f"The maximum number of inputs in one batch is {MAX_BATCH}.")
    ids = [str(item["id"]) for item in inputs]
    if len(set(ids)) != len(ids):
        twice = next(key for key in ids if ids.count(key) > 1)
        raise invalid(
            f"Duplicate IDs found in batch input: [{twice}]. IDs must be unique", id=twice
        )
    return inputs


def _batch(
    hubspot: HubSpot,
    started: datetime,
    results: list[dict[str, Any]],
    errors: list[dict[str, Any]],
    complete: bool,
) -> Response:
    answered: dict[str, Any] = {
        "status": "COMPLETE",
        "results": results,
        "startedAt": started.isoformat(timespec="milliseconds"),
        "completedAt": hubspot.world.clock.now().isoformat(timespec="milliseconds"),
    }
    if errors:
        answered["numErrors"] = len(errors)
        answered["errors"] = errors
    return answer(hubspot, answered, 200 if complete and not errors else 207)


async def batch_read(hubspot: HubSpot, request: Request) -> Response:
    """`POST /crm/v3/objects/{type}/batch/read`; ids that are not there make it a 207."""
    table = _table(hubspot, request)
    data, _ = await body(request)
    inputs = _inputs(data)
    names = data.get("properties")
    started = hubspot.world.clock.now().astimezone(UTC)
    results, unknown = [], []
    for item in inputs:
        record = table.records.get(_key(item["id"]))
        if record is None:
            unknown.append(str(item["id"]))
        else:
            results.append(_shown(table, record, names or None))
    errors = [_standard_error("OBJECT_NOT_FOUND", "Could not get some objects", unknown)]
    visit(request).detail.update(inputs=len(inputs), results=len(results))
    return _batch(hubspot, started, results, errors if unknown else [], complete=not unknown)


def _standard_error(category: str, message: str, ids: list[str]) -> dict[str, Any]:
    return {"status": "error", "category": category, "message": message, "context": {"ids": ids}}


async def batch_update(hubspot: HubSpot, request: Request) -> Response:
    """`POST /crm/v3/objects/{type}/batch/update`.

    An invalid value refuses the whole batch. Unknown ids make it a 207 that does not name them
    (facts/hubspot.md). The fault part_failure makes `count` of the records fail by name.
    """
    table = _table(hubspot, request, write=True)
    data, _ = await body(request)
    started = hubspot.world.clock.now().astimezone(UTC)
    here = visit(request)
    failing = here.fault.count if here.fault and here.fault.kind == "part_failure" else 0
    inputs = _inputs(data)
    changes = [hubspot.check(table, _properties(item)) for item in inputs]
    results: list[dict[str, Any]] = []
    errors: list[dict[str, Any]] = []
    for item, change in zip(inputs, changes, strict=True):
        record = table.records.get(_key(item["id"]))
        if record is None:
            continue
        if len(errors) < failing:
            message = f"Record {record.id} does not satisfy the account's validation rules"
            errors.append(_standard_error("VALIDATION_ERROR", message, [str(record.id)]))
            continue
        hubspot.write(table, record, change)
        results.append(_shown(table, record, list(change)))
    if results:
        hubspot.world.changed()
    here.detail.update(inputs=len(inputs), results=len(results), errors=len(errors))
    return _batch(hubspot, started, results, errors, complete=len(results) == len(inputs))


def _properties(item: Any) -> dict[str, Any]:
    properties = item.get("properties") if isinstance(item, dict) else None
    if not isinstance(properties, dict):
        raise invalid("Invalid input JSON: 'properties' must be an object")
    return properties


def _record(table: Table, request: Request) -> Record:
    key = request.path_params["object_id"]
    if "idProperty" in request.query_params:
        raise invalid("The sandbox finds records by their id only; leave idProperty out.")
    record = table.records.get(_key(key))
    if record is None:
        raise not_found(f"Object not found.  objectId are usually numeric. (id: {key})")
    return record


def _names(request: Request) -> list[str] | None:
    raw = request.query_params.getlist("properties")
    names = [name.strip() for value in raw for name in value.split(",") if name.strip()]
    return names or None


async def read_one(hubspot: HubSpot, request: Request) -> Response:
    """`GET /crm/v3/objects/{type}/{id}`."""
    table = _table(hubspot, request)
    return answer(hubspot, _shown(table, _record(table, request), _names(request)))


async def update_one(hubspot: HubSpot, request: Request) -> Response:
    """`PATCH /crm/v3/objects/{type}/{id}`."""
    table = _table(hubspot, request, write=True)
    data, _ = await body(request)
    record = _record(table, request)
    changes = hubspot.check(table, _properties(data))
    if (fault := visit(request).fault) and fault.kind == "part_failure":
        raise HubSpotError(
            400,
            "VALIDATION_ERROR",
            f"Record {record.id} does not satisfy the account's validation rules",
        )
    hubspot.write(table, record, changes)
    hubspot.world.changed()
    return answer(hubspot, _shown(table, record, list(changes)))


async def list_page(hubspot: HubSpot, request: Request) -> Response:
    """`GET /crm/v3/objects/{type}`: all records in the order of their ids."""
    table = _table(hubspot, request)
    keys, paging = page(request, table.ids, whole_number(request, "limit", 10, 100))
    names = _names(request)
    results = [_shown(table, table.records[key], names) for key in keys]
    return answer(hubspot, {"results": results, **paging})


def change_by_hand(hubspot: HubSpot, table: Table, key: str, values: dict[str, Any]) -> Record:
    """Change a record as a person at HubSpot does, under the same rules as the API."""
    record = table.records.get(_key(key))
    if record is None:
        raise not_found(f"There is no record {key} among the {table.schema.name}.")
    hubspot.write(table, record, hubspot.check(table, values))
    hubspot.world.changed()
    return record
