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
from sandbox.hubspot.ids import Ids
from sandbox.hubspot.records import Table
from sandbox.hubspot.schema import ID, OWNER, SYNC, comparable


@dataclass(frozen=True)
class Found:
    """The ids on one page of a search, and how many there are in all."""

    total: int
    keys: list[int]


def search(table: Table, request: SearchRequest) -> Found:
    """Return the page of *request* from what the search index sees now."""
    table.index.catch_up()
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
    return Found(total, _ordered(table, ids, request, end)[request.after : end])


def _by_id(table: Table, filters: tuple[Filter, ...], request: SearchRequest) -> Found | None:
    """Answer in the order of ids when owner and id are all that is asked for."""
    if request.sort not in (None, ID) or request.descending:
        return None
    lists, rest = _sources(table, filters)
    if rest:
        return None
    total = sum(end - start for _, start, end in lists)
    merged = heapq.merge(*(ids.between(start, end) for ids, start, end in lists))
    return Found(total, list(islice(merged, request.after, request.after + request.limit)))


def _by_sync(table: Table, filters: tuple[Filter, ...], request: SearchRequest) -> Found | None:
    """Answer latest sync first when nothing, or nothing but the sync time, is asked for."""
    if request.sort != SYNC or not request.descending:
        return None
    if any(item.operator != "HAS_PROPERTY" or item.name != SYNC for item in filters):
        return None
    latest = table.index.latest_synced()
    keys = list(islice(latest, request.after, request.after + request.limit))
    return Found(len(table.ids), keys)


def _sources(
    table: Table, filters: tuple[Filter, ...]
) -> tuple[list[tuple[Ids, int, int]], list[Filter]]:
    """Return the sorted lists of ids to look through, with bounds, and what is still to check."""
    above: int | None = None
    below: int | None = None
    owners: list[str] | None = None
    rest: list[Filter] = []
    for item in filters:
        if item.name == OWNER and item.operator in ("EQ", "IN") and owners is None:
            owners = list(dict.fromkeys(str(value) for value in item.values))
        elif item.name == ID and item.operator == "GT":
            above = max(above or 0, int(item.values[0]))
        elif item.name == ID and item.operator == "LT":
            below = min(below or int(item.values[0]), int(item.values[0]))
        else:
            rest.append(item)
    if owners is None:
        sources = [table.ids]
    else:
        dealt = table.index.by_owner
        sources = [dealt[name] for name in owners if name in dealt]
    return [(ids, *ids.span(above, below)) for ids in sources], rest


def _matching(table: Table, filters: tuple[Filter, ...]) -> Iterator[int]:
    """Yield the ids that fulfil all *filters*, in the order of ids."""
    recent = [item for item in filters if item.name == SYNC and item.operator in ("GT", "GTE")]
    if recent:
        yield from sorted(_synced_since(table, recent[0], filters))
        return
    lists, rest = _sources(table, filters)
    seen = table.index.seen
    for key in heapq.merge(*(ids.between(start, end) for ids, start, end in lists)):
        if all(item.holds(seen(key, item.name)) for item in rest):
            yield key


def _synced_since(table: Table, since: Filter, filters: tuple[Filter, ...]) -> Iterator[int]:
    seen = table.index.seen
    for key in table.index.latest_synced():
        if not since.holds(seen(key, SYNC)):
            return
        if all(item.holds(seen(key, item.name)) for item in filters):
            yield key


def _ordered(table: Table, ids: list[int], request: SearchRequest, end: int) -> list[int]:
    """Return the first *end* of *ids* in the order that is asked for; no value comes last."""
    if request.sort is None or (request.sort == ID and not request.descending):
        return ids[:end]
    name = request.sort
    kind = table.schema.kind(name) or "string"
    valued: list[tuple[str | float, int]] = []
    empty: list[int] = []
    for key in ids:
        value = comparable(kind, table.index.seen(key, name))
        if value is None:
            empty.append(key)
        else:
            valued.append((value, key))
    pick = heapq.nlargest if request.descending else heapq.nsmallest
    first = pick(end, valued)
    return [key for _, key in first] + empty[: max(0, end - len(first))]
