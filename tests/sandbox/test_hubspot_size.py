"""Hundreds of thousands of records: what the sandbox's own work costs."""

from __future__ import annotations

import tracemalloc
from statistics import median
from time import perf_counter

from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.hubspot import ids
from sandbox.hubspot.filters import parse
from sandbox.hubspot.history import API
from sandbox.hubspot.ids import Ids
from sandbox.hubspot.schema import OWNER
from sandbox.hubspot.search import search
from sandbox.hubspot.service import HubSpot
from sandbox.hubspot.shapes import Shape
from sandbox.world import World
from tests.sandbox.vendor_servers import scenario

KEYS = st.integers(1, 300)


@settings(max_examples=60, deadline=None)
@given(st.sets(KEYS), st.lists(KEYS, max_size=200), KEYS, KEYS)
def test_ids_behave_like_a_sorted_set(
    begun: set[int], toggled: list[int], above: int, below: int
) -> None:
    before, ids.PIECE = ids.PIECE, 4
    try:
        found, model = Ids(sorted(begun)), set(begun)
        for key in toggled:
            assert (key in found) == (key in model)
            (found.remove if key in model else found.add)(key)
            model ^= {key}
    finally:
        ids.PIECE = before
    wanted = sorted(model)
    assert list(found) == wanted
    assert len(found) == len(wanted)
    inside = [key for key in wanted if above < key < below]
    assert list(found.between(*found.span(above, below))) == inside
    assert list(found.between(*found.span(None, None))) == wanted
    assert found.since(above, 5) == [key for key in wanted if key >= above][:5]


def test_many_records_are_lean_and_a_batch_is_quick() -> None:
    many = {"salesforce_owners": 20, "records_in_all": {"contacts": 200_000}}
    tracemalloc.start()
    hubspot = HubSpot(World(scenario(generate=many, account={"index_lag": 0})))
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert used < 20e6, "about 40 bytes for each"
    hubspot.sync.stop()
    table = hubspot.table("contacts")
    old = hubspot.salesforce_only()[5].id
    new = hubspot.active_owners()[0].id
    costs: list[float] = []
    last = 0
    for _ in range(30):
        started = perf_counter()
        filters = [
            {"propertyName": OWNER, "operator": "EQ", "value": old},
            {"propertyName": "hs_object_id", "operator": "GT", "value": str(last)},
        ]
        body = {"filterGroups": [{"filters": filters}], "limit": 200, "properties": [OWNER]}
        page = search(table, parse(table.schema, body, 100)).keys
        shape = Shape(table, [OWNER], by_search=True)
        assert all(shape.of(key)["properties"][OWNER] == old for key in page)
        hubspot.write(table, page[:100], {OWNER: new}, API)
        last = page[-1]
        costs.append(perf_counter() - started)
    table.index.catch_up()
    assert len(table.index.by_owner[old]) == table.owned(old) == 200_000 // 20 - 3_000
    assert median(costs) < 0.03, "a few milliseconds on a machine that does nothing else"
