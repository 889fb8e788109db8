"""Tables that SOQL can be asked about, and the answering of a query."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from sandbox.salesforce.errors import SalesforceError, invalid_field, malformed
from sandbox.salesforce.soql import Compare, Condition, Junction, Literal_, Membership, Query

Row = Mapping[str, Any]
"""Field name → value; a relationship's name → the row that it leads to, or None."""


@dataclass(frozen=True)
class Entity:
    """One object type: its fields (name → type), the entities that its relationships lead to,
    and its rows."""

    name: str
    fields: Mapping[str, str]
    rows: Sequence[Row]
    relations: Mapping[str, Entity] = field(default_factory=dict)
    label: str = ""
    key_prefix: str | None = None
    single_row_fields: frozenset[str] = frozenset()


class Catalog(Protocol):
    """Finds an entity by its name; raises INVALID_TYPE."""

    def entity(self, name: str) -> Entity:
        """Return the entity *name*, in any case."""
        ...


@dataclass(frozen=True)
class Column:
    """A selected or compared field: the way to it, as written properly."""

    path: tuple[str, ...]
    type: str

    def of(self, row: Row) -> Any:
        """Return the value in *row*; None when a relationship on the way is empty."""
        value: Any = row
        for name in self.path:
            if value is None:
                return None
            value = value.get(name)
        return value

    def key(self, value: Any) -> Any:
        """Return *value* for comparing: text in any case, ids by their first 15 characters."""
        if not isinstance(value, str):
            return value
        return value[:15] if self.type in ("id", "reference") else value.lower()


def column(entity: Entity, name: str) -> Column:
    """Return the field *name* (perhaps through relationships) of *entity*, or raise 400."""
    path: list[str] = []
    here = entity
    *way, last = name.split(".")
    if way and way[0].lower() == entity.name.lower():
        way = way[1:]
    for step in way:
        found = _proper(here.relations, step)
        if found is None:
            raise SalesforceError(
                400,
                "INVALID_FIELD",
                f"Didn't understand relationship '{step}' in field path. If you are attempting to "
                "use a custom relationship, be sure to append the '__r' after the custom "
                "relationship name.",
            )
        path.append(found)
        here = here.relations[found]
    proper = _proper(here.fields, last)
    if proper is None:
        raise invalid_field(last, here.name)
    return Column((*path, proper), here.fields[proper])


def _proper(names: Mapping[str, Any], wanted: str) -> str | None:
    if wanted in names:
        return wanted
    return next((name for name in names if name.lower() == wanted.lower()), None)


@dataclass(frozen=True)
class Result:
    """The rows that a query found, and the columns it asked for."""

    entity: Entity
    columns: tuple[Column, ...]
    rows: Sequence[Row]
    counts: bool = False


def run(catalog: Catalog, query: Query) -> Result:
    """Answer *query*, or raise Salesforce's 400."""
    entity = catalog.entity(query.source)
    columns = tuple(column(entity, name) for name in query.fields)
    order = [(column(entity, part.field), part) for part in query.order]
    rows = entity.rows
    if query.where is not None:
        holds = _condition(catalog, entity, query.where)
        rows = [row for row in rows if holds(row)]
    for by, part in reversed(order):
        rows = _sorted(rows, by, part.descending, part.nulls_last)
    if query.offset or query.limit is not None:
        end = None if query.limit is None else query.offset + query.limit
        rows = rows[query.offset : end]
    _check_single(entity, columns, rows)
    return Result(entity, columns, rows, query.counts)


def _check_single(entity: Entity, columns: tuple[Column, ...], rows: Sequence[Row]) -> None:
    asked = entity.single_row_fields.intersection(item.path[-1] for item in columns)
    if asked and len(rows) > 1:
        raise malformed(
            "When retrieving results with Metadata or FullName fields, the query qualifications "
            f"must specify no more than one row for retrieval. Result size: {len(rows)}"
        )


def _sorted(rows: Sequence[Row], by: Column, descending: bool, nulls_last: bool) -> list[Row]:
    """Empty values come first unless NULLS LAST is said, whatever the direction."""
    empty = [row for row in rows if by.of(row) is None]
    full = sorted(
        (row for row in rows if by.of(row) is not None),
        key=lambda row: by.key(by.of(row)),
        reverse=descending,
    )
    return full + empty if nulls_last else empty + full


def _condition(catalog: Catalog, entity: Entity, asked: Condition) -> Callable[[Row], bool]:
    if isinstance(asked, Junction):
        parts = [_condition(catalog, entity, part) for part in asked.parts]
        if asked.kind == "NOT":
            return lambda row: not parts[0](row)
        combine = all if asked.kind == "AND" else any
        return lambda row: combine(part(row) for part in parts)
    where = column(entity, asked.field)
    if isinstance(asked, Membership):
        values = _members(catalog, where, asked)
        return lambda row: (where.key(where.of(row)) in values) != asked.negated
    return _comparison(where, asked)


def _members(catalog: Catalog, where: Column, asked: Membership) -> set[Any]:
    if isinstance(asked.values, Query):
        inner = run(catalog, asked.values)
        return {where.key(inner.columns[0].of(row)) for row in inner.rows}
    return {where.key(_value(where, value)) for value in asked.values}


def _comparison(where: Column, asked: Compare) -> Callable[[Row], bool]:
    value = _value(where, asked.value)
    if asked.operator == "LIKE":
        if not isinstance(value, str):
            raise malformed(f"LIKE needs a string for '{where.path[-1]}'")
        pattern = _pattern(value)
        return lambda row: bool(pattern.fullmatch(str(where.of(row) or "")))
    if asked.operator in ("=", "!="):
        wanted = where.key(value)
        equal = asked.operator == "="
        return lambda row: (where.key(where.of(row)) == wanted) == equal
    if value is None:
        raise malformed(f"null cannot be compared with {asked.operator}")
    return lambda row: _ordered(where.key(where.of(row)), asked.operator, where.key(value))


def _ordered(left: Any, operator: str, right: Any) -> bool:
    if left is None:
        return False
    return bool(
        {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[operator]
    )


def _value(where: Column, value: Literal_) -> Any:
    """Return *value* as rows hold it, or raise when it is not of the column's type."""
    name = where.path[-1]
    if value is None:
        return None
    if where.type == "datetime" and isinstance(value, str):
        return _moment(value, name)
    kinds = {"boolean": bool, "int": int, "double": (int, float)}
    kind: Any = kinds.get(where.type, str)
    if not isinstance(value, kind) or (kind is not bool and isinstance(value, bool)):
        raise SalesforceError(
            400,
            "INVALID_FIELD",
            f"value of filter criterion for field '{name}' must be of type {where.type} and "
            "should be enclosed in quotes only if that is a text",
        )
    return value


def _moment(value: str, name: str) -> str:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as error:
        raise malformed(f"'{value}' is not a dateTime, for field '{name}'") from error
    moment = moment.astimezone(UTC) if moment.tzinfo else moment
    return f"{moment:%Y-%m-%dT%H:%M:%S}.000+0000"


def _pattern(like: str) -> re.Pattern[str]:
    signs = re.findall(r"\\[%_]|.", like, re.DOTALL)
    parts = [{"%": ".*", "_": "."}.get(sign, re.escape(sign[-1])) for sign in signs]
    return re.compile("".join(parts), re.IGNORECASE | re.DOTALL)


def records(result: Result, version: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of *result* as the REST API shows them."""
    for row in result.rows:
        shown: dict[str, Any] = {"attributes": attributes(result.entity, row, version)}
        for item in result.columns:
            _put(shown, result.entity, row, item.path, version)
        yield shown


def attributes(entity: Entity, row: Row, version: str) -> dict[str, Any]:
    """Return the `attributes` part of a shown row."""
    url = f"/services/data/v{version}/sobjects/{entity.name}/{row.get('Id', '')}"
    return {"type": entity.name, "url": url}


def _put(
    shown: dict[str, Any], entity: Entity, row: Row, path: tuple[str, ...], version: str
) -> None:
    name, *rest = path
    if not rest:
        shown[name] = row.get(name)
        return
    inner = row.get(name)
    if inner is None:
        shown[name] = None
        return
    target = entity.relations[name]
    nested = shown.setdefault(name, {"attributes": attributes(target, inner, version)})
    _put(nested, target, inner, tuple(rest), version)
