"""A small SOQL parser: SELECT, FROM, WHERE, ORDER BY, LIMIT, OFFSET.

Whatever else SOQL can do is answered with MALFORMED_QUERY that says so, never ignored.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from sandbox.salesforce.errors import malformed

Literal_ = str | int | float | bool | None
_TOKEN = re.compile(
    r"""\s*(?:
        (?P<string>'(?:\\.|[^'\\])*')
      | (?P<moment>\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))?)
      | (?P<number>-?\d+(?:\.\d+)?)
      | (?P<name>[A-Za-z_][\w.]*)
      | (?P<sign><=|>=|!=|<>|[=<>(),])
    )""",
    re.VERBOSE,
)
_COMPARISONS = ("=", "!=", "<>", "<", "<=", ">", ">=", "LIKE")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}


@dataclass(frozen=True)
class Compare:
    """`field` `operator` `value`; the operator is one of =, !=, <, <=, >, >=, LIKE."""

    field: str
    operator: str
    value: Literal_


@dataclass(frozen=True)
class Membership:
    """`field` [NOT] IN a list of values, or the rows of a sub-query."""

    field: str
    negated: bool
    values: tuple[Literal_, ...] | Query


@dataclass(frozen=True)
class Junction:
    """Several conditions, all or any of them; or the opposite of one."""

    kind: Literal["AND", "OR", "NOT"]
    parts: tuple[Condition, ...]


Condition = Compare | Membership | Junction


@dataclass(frozen=True)
class Order:
    """One part of ORDER BY."""

    field: str
    descending: bool
    nulls_last: bool


@dataclass(frozen=True)
class Query:
    """A parsed query; `counts` when it is SELECT count()."""

    fields: tuple[str, ...]
    counts: bool
    source: str
    where: Condition | None
    order: tuple[Order, ...]
    limit: int | None
    offset: int


def parse(text: str) -> Query:
    """Return the query that *text* says, or raise Salesforce's MALFORMED_QUERY."""
    parser = _Parser(_tokens(text))
    query = parser.query()
    parser.end()
    return query


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens: list[tuple[str, str]] = []
    position = 0
    while position < len(text.rstrip()):
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            raise malformed(f"unexpected token: '{text[position:].strip()[:20]}'")
        tokens.append((match.lastgroup, match[match.lastgroup]))
        position = match.end()
    return tokens


def _unquoted(text: str) -> str:
    """Undo the escapes, but those of LIKE's signs, which mean something to LIKE alone."""
    return re.sub(r"\\([^%_])", lambda found: _ESCAPES.get(found[1], found[1]), text[1:-1])


class _Parser:
    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._at = 0

    def _peek(self, ahead: int = 0) -> str:
        position = self._at + ahead
        if position >= len(self._tokens):
            return ""
        kind, text = self._tokens[position]
        return text.upper() if kind in ("name", "sign") else text

    def _take(self, *expected: str) -> bool:
        if self._peek() in expected:
            self._at += 1
            return True
        return False

    def _need(self, expected: str) -> None:
        if not self._take(expected):
            raise malformed(f"expecting '{expected}', found '{self._peek() or '<EOF>'}'")

    def _name(self) -> str:
        kind, text = self._tokens[self._at] if self._at < len(self._tokens) else ("", "<EOF>")
        if kind != "name":
            raise malformed(f"expecting a name, found '{text}'")
        self._at += 1
        return text

    def end(self) -> None:
        """Raise when something is left over."""
        if self._at < len(self._tokens):
            raise malformed(
                f"unexpected token: '{self._tokens[self._at][1]}' (the sandbox knows SELECT, FROM, "
                "WHERE, ORDER BY, LIMIT and OFFSET)"
            )

    def query(self) -> Query:
        self._need("SELECT")
        fields, counts = self._selection()
        self._need("FROM")
        source = self._name()
        where = self._condition() if self._take("WHERE") else None
        order = self._order() if self._take("ORDER") else ()
        limit = self._number() if self._take("LIMIT") else None
        offset = self._number() if self._take("OFFSET") else 0
        return Query(fields, counts, source, where, order, limit, offset)

    def _selection(self) -> tuple[tuple[str, ...], bool]:
        if self._peek() == "COUNT" and self._peek(1) == "(" and self._peek(2) == ")":
            self._at += 3
            return (), True
        fields = [self._name()]
        while self._take(","):
            fields.append(self._name())
        if self._peek() == "(":
            raise malformed("the sandbox knows no function but count(), alone")
        return tuple(fields), False

    def _condition(self) -> Condition:
        first = self._part()
        joiner = self._peek()
        if joiner not in ("AND", "OR"):
            return first
        parts = [first]
        while self._take(joiner):
            parts.append(self._part())
        if self._peek() in ("AND", "OR"):
            raise malformed("AND and OR may be mixed only with parentheses")
        return Junction("AND" if joiner == "AND" else "OR", tuple(parts))

    def _part(self) -> Condition:
        if self._take("NOT"):
            return Junction("NOT", (self._part(),))
        if self._take("("):
            inner = self._condition()
            self._need(")")
            return inner
        field = self._name()
        if self._take("NOT"):
            self._need("IN")
            return self._membership(field, negated=True)
        if self._take("IN"):
            return self._membership(field, negated=False)
        operator = self._peek()
        if operator not in _COMPARISONS:
            raise malformed(f"unexpected token: '{operator or '<EOF>'}'")
        self._at += 1
        return Compare(field, "!=" if operator == "<>" else operator, self._value())

    def _membership(self, field: str, negated: bool) -> Membership:
        self._need("(")
        if self._peek() == "SELECT":
            inner = self.query()
            self._need(")")
            if inner.counts or len(inner.fields) != 1:
                raise malformed("a sub-query must select one field")
            return Membership(field, negated, inner)
        values = [self._value()]
        while self._take(","):
            values.append(self._value())
        self._need(")")
        return Membership(field, negated, tuple(values))

    def _value(self) -> Literal_:
        kind, text = self._tokens[self._at] if self._at < len(self._tokens) else ("", "<EOF>")
        self._at += 1
        if kind == "string":
            return _unquoted(text)
        if kind == "number":
            return float(text) if "." in text else int(text)
        if kind == "moment":
            return text
        words = {"TRUE": True, "FALSE": False, "NULL": None}
        if text.upper() not in words:
            raise malformed(f"unexpected token: '{text}' where a value should be")
        return words[text.upper()]

    def _order(self) -> tuple[Order, ...]:
        self._need("BY")
        parts: list[Order] = []
        while True:
            field = self._name()
            descending = self._peek() == "DESC"
            self._take("ASC", "DESC")
            last = False
            if self._take("NULLS"):
                last = self._peek() == "LAST"
                if not self._take("FIRST", "LAST"):
                    raise malformed("NULLS must be FIRST or LAST")
            parts.append(Order(field, descending, last))
            if not self._take(","):
                return tuple(parts)

    def _number(self) -> int:
        value = self._value()
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise malformed("LIMIT and OFFSET need a whole number")
        return value
