"""Answering a search: few records are touched where the index can help.

The bot's own questions (records of an owner above an id, in the order of ids; how many records
an owner has; which record was synced last) cost about as much as the page that they return.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from sandbox.hubspot.filters import Filter, SearchRequest
from sandbox.hubspot.records import Record, Table, span
from sandbox.hubspot.schema import comparable

_ID = "hs_object_id"
_OWNER = "hubspot_owner_id"
_SYNC = "salesforcelastsynctime"


@dataclass(frozen=True)
class Found:
    """One page of a search, and how many there are in all."""

    total: int
    records: list[Record]


def search(table: Table, request: SearchRequest) -> Found:
    """Return the page of *request* from what the search index sees now."""
    table.index()
    end = request.after + request.limit
    if len(request.groups) <= 1:
        filters = request.groups[0] if request.groups else ()
        simple = _by_id(table, filters, request) or _by_sync(table, filters, request)
        if simple is not None:
            return simple
        ids = list(_matching(table, filters))
    else:
        matching = {key for group in request.groups for key in _matching(table, group)}
        ids = sorted(matching)
    total = len(ids)
    page = _ordered(table, ids, request, end)[request.after : end]
    return Found(total, [table.records[key] for key in page])


def _by_id(table: Table, filters: tuple[Filter, ...], request: SearchRequest) -> Found | None:
    """Answer in the order of ids when owner and id are all that is asked for."""
    if request.sort not in (None, _ID) or request.descending:
        return None
    lists, rest = _sources(table, filters)
    if rest:
        return None
    total = sum(end - start for _, start, end in lists)
    slices = [
        ids[start : min(end, start + request.after + request.limit)] for ids, start, end in lists
    ]
    merged = heapq.merge(*slices)
    page = islice(merged, request.after, request.after + request.limit)
    return Found(total, [table.records[key] for key in page])


def _by_sync(table: Table, filters: tuple[Filter, ...], request: SearchRequest) -> Found | None:
    """Answer latest sync first when nothing, or nothing but the sync time, is asked for."""
    if request.sort != _SYNC or not request.descending:
        return None
    if any(item.operator != "HAS_PROPERTY" or item.name != _SYNC for item in filters):
        return None
    keys = list(islice(table.latest_synced(), request.after, request.after + request.limit))
    short = request.limit - len(keys)
    total = table.synced if filters else len(table.ids)
    if short and not filters:
        start = max(0, request.after - table.synced)
        never = (key for key in table.ids if table.seen(table.records[key], _SYNC) is None)
        keys += islice(never, start, start + short)
    return Found(total, [table.records[key] for key in keys])


def _sources(
    table: Table, filters: tuple[Filter, ...]
) -> tuple[list[tuple[list[int], int, int]], list[Filter]]:
    """Return the sorted lists of ids to look through, with bounds, and what is still to check."""
    above: int | None = None
    below: int | None = None
    owners: list[str] | None = None
    rest: list[Filter] = []
    for item in filters:
        if item.name == _OWNER and item.operator in ("EQ", "IN") and owners is None:
            owners = list(dict.fromkeys(str(value) for value in item.values))
        elif item.name == _ID and item.operator == "GT":
            above = max(above or 0, int(item.values[0]))
        elif item.name == _ID and item.operator == "LT":
            below = min(below or int(item.values[0]), int(item.values[0]))
        else:
            rest.append(item)
    sources = [table.ids] if owners is None else [table.by_owner.get(name, []) for name in owners]
    return [(ids, *span(ids, above, below)) for ids in sources], rest


def _matching(table: Table, filters: tuple[Filter, ...]) -> Iterator[int]:
    """Yield the ids that fulfil all *filters*, in the order of ids."""
    recent = [item for item in filters if item.name == _SYNC and item.operator in ("GT", "GTE")]
    if recent:
        yield from sorted(_synced_since(table, recent[0], filters))
        return
    lists, rest = _sources(table, filters)
    for key in heapq.merge(*(islice(ids, start, end) for ids, start, end in lists)):
        record = table.records[key]
        if all(item.holds(table.seen(record, item.name)) for item in rest):
            yield key


def _synced_since(table: Table, since: Filter, filters: tuple[Filter, ...]) -> Iterator[int]:
    for key in table.latest_synced():
        record = table.records[key]
        if not since.holds(table.seen(record, _SYNC)):
            return
        if all(item.holds(table.seen(record, item.name)) for item in filters):
            yield key


def _ordered(table: Table, ids: list[int], request: SearchRequest, end: int) -> list[int]:
    """Return the first *end* of *ids* in the order that is asked for; no value comes last."""
    if request.sort is None or (request.sort == _ID and not request.descending):
        return ids[:end]
    name = request.sort
    kind = table.schema.kind(name) or "string"
    valued: list[tuple[str | float, int]] = []
    empty: list[int] = []
    for key in ids:
        value = comparable(kind, table.seen(table.records[key], name))
        if value is None:
            empty.append(key)
        else:
            valued.append((value, key))
    pick = heapq.nlargest if request.descending else heapq.nsmallest
    first = pick(end, valued)
    return [key for _, key in first] + empty[: max(0, end - len(first))]
