"""Endpoints of CRM records, a hundred at a time: batch read and batch update."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from sandbox.hubspot import mischief
from sandbox.hubspot.answers import answer, body
from sandbox.hubspot.door import Visit, visit
from sandbox.hubspot.errors import HubSpotError, invalid
from sandbox.hubspot.history import API
from sandbox.hubspot.objects import (
    MAX_HISTORIES,
    broken_rule,
    properties_of,
    record_id,
    table_of,
)
from sandbox.hubspot.records import Table
from sandbox.hubspot.schema import OWNER, Value
from sandbox.hubspot.service import HubSpot
from sandbox.hubspot.shapes import Shape

MAX_BATCH = 100
# github.com/activepieces/activepieces, pull request 9359
_TOO_MANY_HISTORIES = (
    "The maximum number of inputs supported in a batch request for property histories is "
    f"{MAX_HISTORIES}. Please reduce the number of items and try again"
)


@dataclass
class _Outcome:
    """What became of the inputs of a batch."""

    started: datetime
    results: list[dict[str, Any]] = field(default_factory=list)
    errors: list[dict[str, Any]] = field(default_factory=list)
    complete: bool = True

    def fail(self, category: str, message: str, ids: Sequence[str]) -> None:
        """Name *ids* as failed."""
        self.errors.append(
            {
                "status": "error",
                "category": category,
                "message": message,
                "context": {"ids": list(ids)},
            }
        )

    def response(self, hubspot: HubSpot) -> Response:
        """Return 200, or 207 when not every input is among the results."""
        answered: dict[str, Any] = {
            "status": "COMPLETE",
            "results": self.results,
            "startedAt": self.started.isoformat(timespec="milliseconds"),
            "completedAt": hubspot.world.clock.now().isoformat(timespec="milliseconds"),
        }
        if self.errors:
            answered["numErrors"] = len(self.errors)
            answered["errors"] = self.errors
        return answer(hubspot, answered, 200 if self.complete and not self.errors else 207)


def _inputs(data: Any, most: int, too_many: str) -> list[dict[str, Any]]:
    inputs = data.get("inputs") if isinstance(data, dict) else None
    if not isinstance(inputs, list) or not all(
        isinstance(item, dict) and "id" in item for item in inputs
    ):
        raise invalid("Invalid input JSON: 'inputs' must be a list of objects with an 'id'")
    if len(inputs) > most:
        raise invalid(too_many)
    ids = [str(item["id"]) for item in inputs]
    if len(set(ids)) != len(ids):
        twice = next(key for key in ids if ids.count(key) > 1)
        raise invalid(
            f"Duplicate IDs found in batch input: [{twice}]. IDs must be unique", id=twice
        )
    return inputs


def _list(data: Any, name: str) -> list[str]:
    names = data.get(name) if isinstance(data, dict) else None
    if names is not None and not isinstance(names, list):
        raise invalid(f"Invalid input JSON: '{name}' must be a list", propertyName=name)
    return [str(one) for one in names or ()]


async def batch_read(hubspot: HubSpot, request: Request) -> Response:
    """`POST /crm/v3/objects/{type}/batch/read`; ids that are not there make it a 207.

    The id of a merged record finds the survivor, once, under the survivor's own id.
    """
    table = table_of(hubspot, request)
    data, _ = await body(request)
    outcome = _Outcome(hubspot.world.clock.now().astimezone(UTC))
    histories = _list(data, "propertiesWithHistory")
    if histories:
        inputs = _inputs(data, MAX_HISTORIES, _TOO_MANY_HISTORIES)
    else:
        inputs = _inputs(data, MAX_BATCH, _too_many())
    here = visit(request)
    mischief.before(hubspot, table, here, [record_id(item["id"]) for item in inputs])
    shape = Shape(table, _list(data, "properties"), histories)
    found = [(str(item["id"]), table.find(record_id(item["id"]))) for item in inputs]
    keys = dict.fromkeys(key for _, key in found if key is not None)
    outcome.results = [shape.of(key) for key in keys]
    unknown = [given for given, key in found if key is None]
    if unknown:
        kind = table.schema.singular.upper()
        message = (
            f"Could not get some {kind} objects, they may be deleted or not exist. "
            "Check that ids are valid."
        )
        outcome.fail("OBJECT_NOT_FOUND", message, unknown)
    here.detail.update(inputs=len(inputs), results=len(outcome.results))
    return outcome.response(hubspot)


def _too_many() -> str:
    return f"The maximum number of inputs in one batch is {MAX_BATCH}."


async def batch_update(hubspot: HubSpot, request: Request) -> Response:
    """`POST /crm/v3/objects/{type}/batch/update`.

    An invalid value refuses the whole batch. Unknown ids make it a 207 that does not name them
    (facts/hubspot.md). Dirty records, and `count` of them by the fault part_failure, fail by name.
    """
    table = table_of(hubspot, request, write=True)
    data, _ = await body(request)
    outcome = _Outcome(hubspot.world.clock.now().astimezone(UTC))
    here = visit(request)
    inputs = _inputs(data, MAX_BATCH, _too_many())
    changes = _changes(hubspot, table, inputs)
    given = [record_id(item["id"]) for item in inputs]
    targets = {str(change[OWNER]) for change in changes if change.get(OWNER)}
    mischief.before(hubspot, table, here, given, targets)
    found = [(table.find(key), change) for key, change in zip(given, changes, strict=True)]
    known = [(key, change) for key, change in found if key is not None]
    outcome.complete = len(known) == len(found)
    clean = _clean(table, known, here, outcome)
    for group in _together(clean):
        hubspot.write(table, group.keys, group.change, API)
    outcome.results = [shape.of(key) for key, shape in _shapes(table, clean).items()]
    if outcome.results:
        hubspot.world.changed()
    here.detail.update(inputs=len(inputs), results=len(outcome.results), errors=len(outcome.errors))
    return outcome.response(hubspot)


Change = dict[str, Value]


def _changes(hubspot: HubSpot, table: Table, inputs: list[dict[str, Any]]) -> list[Change]:
    """Return each input's change; inputs that say the same share one."""
    checked: dict[str, Change] = {}
    changes: list[Change] = []
    for item in inputs:
        properties = properties_of(item)
        said = repr(properties)
        if said not in checked:
            checked[said] = hubspot.check(table, properties)
        changes.append(checked[said])
    return changes


def _clean(
    table: Table, known: list[tuple[int, Change]], here: Visit, outcome: _Outcome
) -> list[tuple[int, Change]]:
    """Return what can be written; name the rest in *outcome*, or raise HubSpot's 400."""
    failing = here.fault.count if here.fault and here.fault.kind == "part_failure" else 0
    clean: list[tuple[int, Change]] = []
    for key, change in known:
        dirt = table.refuses(key) if OWNER in change else None
        if dirt is not None and dirt.whole_batch:
            message = "Property values were not valid: a record breaks the account's rules"
            raise HubSpotError(400, "VALIDATION_ERROR", message)
        if dirt is not None or len(outcome.errors) < failing:
            outcome.fail("VALIDATION_ERROR", broken_rule(key), [str(key)])
        else:
            clean.append((key, change))
    return clean


@dataclass
class _Group:
    """Records that get the same change."""

    change: Change
    keys: list[int] = field(default_factory=list)


def _together(clean: list[tuple[int, Change]]) -> list[_Group]:
    groups: dict[int, _Group] = {}
    for key, change in dict(clean).items():
        group = groups.setdefault(id(change), _Group(change))
        group.keys.append(key)
    return list(groups.values())


def _shapes(table: Table, clean: list[tuple[int, Change]]) -> dict[int, Shape]:
    """Return how each written record stands in the answer: what was set, and what always is."""
    shapes: dict[int, Shape] = {}
    for _, change in clean:
        if id(change) not in shapes:
            shapes[id(change)] = Shape(table, list(change))
    return {key: shapes[id(change)] for key, change in clean}
