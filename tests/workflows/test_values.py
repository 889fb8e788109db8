"""Assignments, counts and forecasts as values: what they say, and when two are equal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.workflows import samples
from workflows.rules.mapping import mapping_digest
from workflows.values import CORE_OBJECTS, Assignment, Forecast, OwnedRecords, Owner

people = st.integers(1, 40).map(lambda number: Owner(id=str(number)))
TYPES = (*CORE_OBJECTS, "tickets", "2-77")
types = st.sampled_from(TYPES)
assignments = st.builds(
    Assignment,
    targets=st.lists(people, min_size=1, max_size=4).map(tuple),
    kinds=st.dictionaries(types, people, max_size=3),
)
counts = st.dictionaries(types, st.integers(0, 5), max_size=5)


class TestAnAssignment:
    @given(assignments, assignments)
    def test_has_the_code_of_another_only_if_it_is_the_same(
        self, one: Assignment, other: Assignment
    ) -> None:
        assert (one.code == other.code) == (one == other)

    @given(assignments)
    def test_has_one_code_in_whatever_order_its_types_are_named(self, one: Assignment) -> None:
        other = Assignment(targets=one.targets, kinds=dict(reversed(one.kinds.items())))
        assert one.code == other.code

    def test_to_others_in_another_order_is_another(self) -> None:
        one = Assignment(targets=(samples.HELEN, samples.HUGO))
        other = Assignment(targets=(samples.HUGO, samples.HELEN))
        assert (one.code, other.code) == ("501+502", "502+501")

    def test_to_one_has_the_owners_id_as_its_code(self) -> None:
        """As it was confirmed before there were several."""
        assert Assignment(targets=(samples.HELEN,)).code == "501"

    @given(assignments, types)
    def test_gives_records_to_its_owners_alone(self, one: Assignment, kind: str) -> None:
        assert set(one.of(kind)) <= set(one.owners)
        assert one.of(kind) == ((one.kinds[kind],) if kind in one.kinds else one.targets)

    @given(st.lists(people, min_size=1, max_size=6))
    def test_names_nobody_twice(self, wanted: list[Owner]) -> None:
        targets = Assignment(targets=tuple(wanted)).targets
        assert targets == tuple(dict.fromkeys(wanted))
        assert len({one.id for one in Assignment(targets=tuple(wanted)).owners}) == len(targets)

    def test_needs_somebody(self) -> None:
        with pytest.raises(ValidationError, match="targets"):
            Assignment(targets=())


def test_a_mapping_has_one_digest_in_whatever_order_it_was_made() -> None:
    mapping = {"901": "501", "902": "501+502;deals=501"}
    same = dict(reversed(mapping.items()))
    assert mapping_digest(mapping, CORE_OBJECTS) == mapping_digest(same, CORE_OBJECTS)
    others = [
        ({**mapping, "902": "502+501;deals=501"}, CORE_OBJECTS),
        ({"901": "501"}, CORE_OBJECTS),
        (mapping, (*CORE_OBJECTS, "tickets")),
    ]
    digests = {mapping_digest(*one) for one in [(mapping, CORE_OBJECTS), *others]}
    assert len(digests) == 4


class TestCounts:
    @given(counts, counts, st.frozensets(types))
    def test_are_split_without_loss(
        self, chosen: dict[str, int], offered: dict[str, int], wanted: frozenset[str]
    ) -> None:
        offered = {kind: count for kind, count in offered.items() if kind not in chosen}
        owned = OwnedRecords(
            owner=samples.SAM, why="no_hubspot_user", counts=chosen, other_counts=offered
        )
        split = owned.split(tuple(sorted(wanted)))
        every = {**chosen, **offered}
        assert split.counts == {kind: every.get(kind, 0) for kind in wanted}
        assert split.total + sum(split.other_counts.values()) == sum(every.values())
        assert not set(split.counts) & set(split.other_counts)
        assert split.split(tuple(sorted(wanted))) == split
        back = split.split(tuple(chosen))
        assert (back.counts, back.total) == (chosen, owned.total)


class TestTodaysBudget:
    @pytest.mark.parametrize(
        ("calls", "remaining", "fits"),
        [(99, 199, True), (100, 200, True), (100, 199, False), (0, 100, True), (1, 100, False)],
    )
    def test_suffices_without_the_reserve(self, calls: int, remaining: int, fits: bool) -> None:
        forecast = Forecast(update_calls=calls, daily_remaining=remaining, daily_reserve=100)
        assert forecast.fits_today is fits

    def test_is_used_by_requests_of_every_kind(self) -> None:
        forecast = Forecast(search_calls=1, read_calls=2, update_calls=4, check_calls=8)
        assert forecast.calls == 15
        assert forecast.model_copy(update={"daily_remaining": 15}).fits_today
        assert not forecast.model_copy(update={"daily_remaining": 14}).fits_today

    def test_is_not_known_where_the_account_does_not_tell(self) -> None:
        assert Forecast(update_calls=5, daily_reserve=3).fits_today is None
