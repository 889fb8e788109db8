"""What people, and others' programs, do to records at HubSpot, for the page and for programs."""

from __future__ import annotations

from itertools import islice
from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from sandbox.hubspot import objects
from sandbox.hubspot.errors import HubSpotError
from sandbox.hubspot.records import Dirty, Table
from sandbox.hubspot.schema import OWNER, SYNC
from sandbox.hubspot.service import HubSpot
from sandbox.hubspot.shapes import Shape
from sandbox.hubspot.steps import Refused, fields, served

MAX_RECORDS = 1_000


class RecordSteps:
    """The steps of one account."""

    def __init__(self, hubspot: HubSpot) -> None:
        self._hubspot = hubspot

    def routes(self) -> list[Route]:
        """Return the `/sandbox/hubspot/record…` routes."""
        steps = {
            "record": self.change,
            "record/archive": self.archive,
            "record/merge": self.merge,
            "record/dirty": self.dirty,
        }
        return [
            Route("/sandbox/hubspot/records", served(self.records), methods=["GET"]),
            *(
                Route(f"/sandbox/hubspot/{path}", served(step), methods=["POST"])
                for path, step in steps.items()
            ),
        ]

    async def records(self, request: Request) -> dict[str, Any]:
        """The truth, not what search sees."""
        asked = request.query_params
        table = self._table(asked.get("object", "contacts"))
        limit, since = asked.get("limit", "100"), asked.get("since", "0")
        if not limit.isdigit() or not 1 <= int(limit) <= MAX_RECORDS:
            raise Refused("invalid_arguments", f"'limit' must be between 1 and {MAX_RECORDS}.")
        if not since.isdigit():
            raise Refused("invalid_arguments", "'since' must be a record's id.")
        shape = _shape(table)
        found = islice(table.alive(asked.get("owner"), int(since)), int(limit))
        return {"records": [_shown(shape, key) for key in found]}

    async def change(self, request: Request) -> dict[str, Any]:
        """Somebody changes properties by hand."""
        data = await fields(request, object=str, id=str, properties=dict)
        table = self._table(data["object"])
        try:
            key = objects.change_by_hand(self._hubspot, table, data["id"], data["properties"])
        except HubSpotError as error:
            raise Refused((error.category or "invalid").lower(), error.message) from error
        return {"record": _shown(_shape(table), key)}

    async def archive(self, request: Request) -> dict[str, Any]:
        """Somebody deletes a record."""
        data = await fields(request, object=str, id=str)
        table = self._table(data["object"])
        key = _own(table, data["id"])
        table.archive(key)
        self._hubspot.world.changed()
        return {"id": str(key)}

    async def merge(self, request: Request) -> dict[str, Any]:
        """Somebody merges two records."""
        data = await fields(request, object=str, into=str, **{"from": str})
        table = self._table(data["object"])
        key, into = _own(table, data["from"]), _own(table, data["into"])
        if key == into:
            raise Refused("invalid_arguments", "A record cannot be merged into itself.")
        table.merge(key, into)
        self._hubspot.write(table, (into,), {}, self._hubspot.hand)
        self._hubspot.world.changed()
        return {"record": _shown(_shape(table), into)}

    async def dirty(self, request: Request) -> dict[str, Any]:
        """A value of some records comes to break a rule of the account, or is put right."""
        data = await fields(request, object=str, ids=list, dirty=bool)
        table = self._table(data["object"])
        keys = [_own(table, str(one)) for one in data["ids"]]
        whole, times = data.get("whole_batch", False), data.get("mended_after", 0)
        if not isinstance(whole, bool) or type(times) is not int or times < 0:
            raise Refused(
                "invalid_arguments",
                "'whole_batch' must be a bool, 'mended_after' a number of refusals.",
            )
        for key in keys:
            if data["dirty"]:
                table.dirty[key] = Dirty(whole, times or None)
            else:
                table.dirty.pop(key, None)
        return {"dirty": [str(key) for key in sorted(table.dirty)]}

    def _table(self, name: str) -> Table:
        schema = self._hubspot.schema(name)
        known = schema.name if schema is not None else name
        if known not in self._hubspot.tables:
            raise Refused("invalid_arguments", f"There are no records of the kind '{name}'.")
        return self._hubspot.table(known)


def _own(table: Table, given: str) -> int:
    """Return the id of a record that is there under this very id."""
    key = objects.record_id(given)
    if table.find(key) != key:
        raise Refused("object_not_found", f"There is no record {given}.")
    return key


def _shape(table: Table) -> Shape:
    names = [*table.schema.defaults, OWNER, SYNC]
    return Shape(table, [*names, table.schema.company] if table.schema.company else names)


def _shown(shape: Shape, key: int) -> dict[str, Any]:
    shown = shape.of(key)
    return {"id": shown["id"], "properties": shown["properties"]}
