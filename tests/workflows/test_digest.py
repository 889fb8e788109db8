"""Canonical JSON: equal data, equal text, and one digest for it."""

from __future__ import annotations

import json
from datetime import timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workflows import samples
from workflows.base import Value
from workflows.digest import MOST, canonical, digest
from workflows.values import Reading

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-MOST, MOST) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(JSON)
def test_says_the_same_in_any_order(data: object) -> None:
    assert json.loads(canonical(data)) == data
    assert canonical(reordered(data)) == canonical(data)


def reordered(data: object) -> object:
    if isinstance(data, dict):
        return {key: reordered(data[key]) for key in reversed(list(data))}
    if isinstance(data, list):
        return [reordered(item) for item in data]
    return data


def test_has_no_spaces_and_keeps_letters() -> None:
    assert canonical({"b": [1, None], "a": "Żółć"}) == '{"a":"Żółć","b":[1,null]}'


@pytest.mark.parametrize(
    "data", [1.5, [0.0], {"a": {"b": [1.0]}}, (1, 2.5), float("nan")], ids=repr
)
def test_takes_no_floats(data: object) -> None:
    with pytest.raises(TypeError, match="float"):
        canonical(data)


@pytest.mark.parametrize("data", [MOST + 1, [-MOST - 1], {"a": 10**400}], ids=["+", "-", "far"])
def test_takes_no_integer_that_some_readers_round(data: object) -> None:
    with pytest.raises(OverflowError):
        canonical(data)


class Measure(Value):
    size: float


def test_takes_no_value_with_a_float() -> None:
    with pytest.raises(TypeError, match="float"):
        digest(Measure(size=1.5))


def test_of_equal_plans_is_equal_and_of_others_is_not() -> None:
    plan = samples.plan(samples.START)
    assert digest(plan) == digest(plan.model_copy())
    assert len(digest(plan)) == 64
    others = [
        plan.model_copy(update={"active_owners": 3}),
        plan.model_copy(update={"owners": samples.OWNERS[:1]}),
        plan.model_copy(update={"taken_at": samples.START + timedelta(microseconds=1)}),
    ]
    assert len({digest(one) for one in (plan, *others)}) == 4


def test_leaves_out_what_it_is_told_to() -> None:
    plain = samples.inventory()
    blocked = samples.inventory(blockers=(samples.BLOCKER,))
    assert digest(plain) != digest(blocked)
    without = frozenset({"blockers"})
    assert digest(plain, leave_out=without) == digest(blocked, leave_out=without)


def test_of_the_same_instant_elsewhere_is_the_same() -> None:
    here = Reading(at=samples.START, source="a", says="b")
    warsaw = timezone(timedelta(hours=1))
    there = Reading(at=samples.START.astimezone(warsaw), source="a", says="b")
    assert here == there
    assert digest(here) == digest(there)
