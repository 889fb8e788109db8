"""A search request of HubSpot's CRM API: its limits checked, its filters ready to be asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sandbox.hubspot.errors import HubSpotError, invalid
from sandbox.hubspot.schema import Schema, Value, comparable

MAX_BODY: Final = 3_000
MAX_RESULTS: Final = 10_000
MAX_PAGE: Final = 200
MAX_GROUPS: Final = 5
MAX_FILTERS_IN_GROUP: Final = 6
MAX_FILTERS: Final = 18
MAX_SORTS: Final = 1
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "EQ": lambda left, right: left == right,
    "NEQ": lambda left, right: left != right,
    "GT": lambda left, right: left > right,
    "GTE": lambda left, right: left >= right,
    "LT": lambda left, right: left < right,
    "LTE": lambda left, right: left <= right,
}
_SETS = ("IN", "NOT_IN")
_PRESENCE = ("HAS_PROPERTY", "NOT_HAS_PROPERTY")
OPERATORS = (*_COMPARE, "BETWEEN", *_SETS, *_PRESENCE)


@dataclass(frozen=True)
class Filter:
    """One condition; `values` are comparable (:func:`sandbox.hubspot.schema.comparable`)."""

    name: str
    operator: str
    values: tuple[str | float, ...]
    schema: Schema

    def holds(self, value: Value) -> bool:
        """Say whether *value* fulfils the condition; a missing value fulfils no comparison."""
        kind = self.schema.kind(self.name)
        left = comparable(kind, value) if kind else None
        if self.operator in _PRESENCE:
            return (left is not None) == (self.operator == "HAS_PROPERTY")
        if left is None:
            return False
        if self.operator in _SETS:
            return (left in self.values) == (self.operator == "IN")
        if self.operator == "BETWEEN":
            low, high = self.values
            return _COMPARE["GTE"](left, low) and _COMPARE["LTE"](left, high)
        return _COMPARE[self.operator](left, self.values[0])


@dataclass(frozen=True)
class SearchRequest:
    """What is searched for: any of `groups`, each holding when all of its filters hold."""

    groups: tuple[tuple[Filter, ...], ...]
    sort: str | None
    descending: bool
    properties: tuple[str, ...]
    limit: int
    after: int


def parse(schema: Schema, body: Any, size: int) -> SearchRequest:
    """Return the request in *body* (*size* characters long), or raise HubSpot's 400."""
    if size > MAX_BODY:
        raise invalid(f"Search request body is {size} characters long; at most {MAX_BODY} are.")
    if not isinstance(body, dict):
        raise invalid("Invalid input JSON: an object is expected")
    if body.get("query"):
        raise invalid("The sandbox does not do full-text search ('query'); use filters.")
    groups = [
        _sequence(group.get("filters") if isinstance(group, dict) else None, "filters")
        for group in _sequence(body.get("filterGroups"), "filterGroups")
    ]
    total = sum(len(group) for group in groups)
    if (
        len(groups) > MAX_GROUPS
        or total > MAX_FILTERS
        or any(len(group) > MAX_FILTERS_IN_GROUP for group in groups)
    ):
        raise invalid(
            f"A search may have {MAX_GROUPS} filter groups, {MAX_FILTERS_IN_GROUP} filters in a "
            f"group and {MAX_FILTERS} filters in total.",
            "TOO_MANY_FILTERS",
        )
    sort, descending = _sort(schema, _sequence(body.get("sorts"), "sorts"))
    limit, after = _page(body)
    return SearchRequest(
        tuple(tuple(_filter(schema, item) for item in group) for group in groups),
        sort,
        descending,
        tuple(str(name) for name in _sequence(body.get("properties"), "properties")),
        limit,
        after,
    )


def _sequence(value: Any, name: str) -> Sequence[Any]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise invalid(f"Invalid input JSON: '{name}' must be a list", propertyName=name)
    return value


def _page(body: dict[str, Any]) -> tuple[int, int]:
    try:
        limit, after = int(body.get("limit") or 10), int(body.get("after") or 0)
    except (TypeError, ValueError) as error:
        raise invalid("'limit' and 'after' must be integers") from error
    if not 0 < limit <= MAX_PAGE:
        raise invalid(f"Limit must be between 1 and {MAX_PAGE}, got {limit}", "INVALID_LIMIT")
    if after < 0 or after + limit > MAX_RESULTS:
        raise invalid(
            f"There was a problem with the request: paging beyond {MAX_RESULTS:,} results is not "
            f"possible (after {after}, limit {limit})."
        )
    return limit, after


def _sort(schema: Schema, sorts: Sequence[Any]) -> tuple[str | None, bool]:
    if len(sorts) > MAX_SORTS:
        raise invalid("Only one sort is allowed", "TOO_MANY_SORTS")
    if not sorts:
        return None, False
    item = sorts[0] if isinstance(sorts[0], dict) else {"propertyName": sorts[0]}
    name = str(item.get("propertyName"))
    descending = item.get("direction") == "DESCENDING"
    if name.startswith("-"):
        name, descending = name[1:], True
    if schema.kind(name) is None:
        raise _unknown(name)
    return name, descending


def _unknown(name: str) -> HubSpotError:
    return invalid(
        f"There was a problem with the request: the property '{name}' does not exist.",
        "PROPERTY_DOESNT_EXIST",
        propertyName=name,
    )


def _filter(schema: Schema, item: Any) -> Filter:
    if not isinstance(item, dict):
        raise invalid("Invalid input JSON: a filter must be an object")
    name, operator = str(item.get("propertyName")), str(item.get("operator"))
    if operator not in OPERATORS:
        raise invalid(
            f"The sandbox knows the operators {', '.join(OPERATORS)}; not '{operator}'.",
            "INVALID_OPERATOR",
            operator=operator,
        )
    kind = schema.kind(name)
    if kind is None:
        raise _unknown(name)
    if operator in _PRESENCE:
        raw: Sequence[Any] = ()
    elif operator in _SETS:
        raw = _sequence(item.get("values"), "values")
    elif operator == "BETWEEN":
        raw = [item.get("value"), item.get("highValue")]
    else:
        raw = [item.get("value")]
    if operator not in _PRESENCE and (not raw or any(value in (None, "") for value in raw)):
        raise invalid(f"A filter on '{name}' with {operator} needs a value", propertyName=name)
    try:
        values = [comparable(kind, str(value)) for value in raw]
    except ValueError as error:
        raise invalid(
            f"'{raw[0]}' is not a value for the property '{name}' ({kind})", propertyName=name
        ) from error
    return Filter(name, operator, tuple(value for value in values if value is not None), schema)
