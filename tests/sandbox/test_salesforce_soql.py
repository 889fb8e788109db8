"""The SOQL parser and the answering of queries, without a server."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.salesforce.errors import SalesforceError
from sandbox.salesforce.ids import record_id
from sandbox.salesforce.soql import Compare, Junction, parse
from sandbox.salesforce.tables import Entity, run

_FIELDS = {
    "Id": "id",
    "Name": "string",
    "Age": "int",
    "IsActive": "boolean",
    "Born": "datetime",
    "BossId": "reference",
}
_ROWS: list[dict[str, Any]] = [
    {"Name": "Ann", "Age": 30, "IsActive": True, "Born": "2001-01-01T00:00:00.000+0000"},
    {"Name": "bob", "Age": None, "IsActive": False, "Born": None},
    {"Name": "Cy 100%", "Age": 7, "IsActive": True, "Born": "2020-05-05T10:00:00.000+0000"},
    {"Name": "D'Arc", "Age": 44, "IsActive": True, "Born": "1999-12-31T23:59:59.000+0000"},
]


class Org:
    """A catalog with one object, Person, whose boss is the first one."""

    def __init__(self) -> None:
        rows = [{**row, "Id": record_id("p00", number)} for number, row in enumerate(_ROWS)]
        for row in rows[1:]:
            row["BossId"], row["Boss"] = rows[0]["Id"], rows[0]
        relations: dict[str, Entity] = {}
        self.people = Entity("Person", _FIELDS, rows, relations)
        relations["Boss"] = self.people

    def entity(self, name: str) -> Entity:
        assert name.lower() == "person"
        return self.people


def names(where: str = "") -> list[str]:
    result = run(Org(), parse(" ".join(("SELECT Name FROM Person", where))))
    return [str(row["Name"]) for row in result.rows]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("WHERE Name = 'ANN'", ["Ann"]),
        ("WHERE Name != 'ann'", ["bob", "Cy 100%", "D'Arc"]),
        ("WHERE Name IN ('Ann', 'BOB')", ["Ann", "bob"]),
        ("WHERE Name NOT IN ('Ann', 'BOB')", ["Cy 100%", "D'Arc"]),
        ("WHERE Name LIKE '%nn_'", []),
        ("WHERE Name LIKE '_n%'", ["Ann"]),
        ("WHERE Name LIKE '%100\\%'", ["Cy 100%"]),
        ("WHERE Name LIKE 'A\\%'", []),
        ("WHERE Name = 'D\\'Arc'", ["D'Arc"]),
        ("WHERE Age = null", ["bob"]),
        ("WHERE Age > 7 AND IsActive = true", ["Ann", "D'Arc"]),
        ("WHERE Age <= 7 OR (IsActive = FALSE AND Name LIKE 'b%')", ["bob", "Cy 100%"]),
        ("WHERE NOT (IsActive = true)", ["bob"]),
        ("WHERE Born >= 2000-01-01T00:00:00Z", ["Ann", "Cy 100%"]),
        ("WHERE Born = 2020-05-05T12:00:00.000000+02:00", ["Cy 100%"]),
        ("WHERE Boss.Name = 'Ann' AND Boss.IsActive = true", ["bob", "Cy 100%", "D'Arc"]),
        ("WHERE Boss.Boss.Name = 'Ann'", []),
        ("WHERE Id IN (SELECT BossId FROM Person WHERE Name = 'bob')", ["Ann"]),
        ("ORDER BY Age", ["bob", "Cy 100%", "Ann", "D'Arc"]),
        ("ORDER BY Age DESC NULLS LAST", ["D'Arc", "Ann", "Cy 100%", "bob"]),
        ("ORDER BY IsActive, Name DESC LIMIT 2", ["bob", "D'Arc"]),
        ("LIMIT 1 OFFSET 2", ["Cy 100%"]),
    ],
)
def test_conditions(where: str, expected: list[str]) -> None:
    assert names(where) == expected


def test_ids_compare_by_fifteen_characters_and_case() -> None:
    key = record_id("p00", 0)
    assert names(f"WHERE Id = '{key}'") == names(f"WHERE Id = '{key[:15]}'") == ["Ann"]
    assert names(f"WHERE Id = '{key.upper()}'") == []


def test_the_tree_of_a_condition() -> None:
    where = parse("SELECT Id FROM Person WHERE (Age = 1 OR Age = 2) AND Name = 'x'").where
    either = Junction("OR", (Compare("Age", "=", 1), Compare("Age", "=", 2)))
    assert where == Junction("AND", (either, Compare("Name", "=", "x")))


@pytest.mark.parametrize(
    "query",
    [
        "",
        "SELECT",
        "SELECT Name",
        "SELECT FROM Person",
        "SELECT Name FROM Person WHERE",
        "SELECT Name FROM Person WHERE Name",
        "SELECT Name FROM Person WHERE Name = Ann",
        'SELECT Name FROM Person WHERE Name = "Ann"',
        "SELECT Name FROM Person WHERE Name = 'Ann",
        "SELECT Name FROM Person WHERE Age = 1 AND Age = 2 OR Age = 3",
        "SELECT Name FROM Person WHERE Name IN ()",
        "SELECT Name, COUNT(Id) FROM Person",
        "SELECT Name FROM Person GROUP BY Name",
        "SELECT Name FROM Person LIMIT -1",
        "SELECT Name FROM Person LIMIT 'x'",
        "SELECT Name FROM Person; DELETE",
        "SELECT Name FROM Person WHERE Age > null",
        "SELECT Name FROM Person WHERE Id IN (SELECT Id, Name FROM Person)",
    ],
)
def test_what_cannot_be_read_is_refused(query: str) -> None:
    with pytest.raises(SalesforceError) as caught:
        run(Org(), parse(query))
    assert (caught.value.status, caught.value.code) == (400, "MALFORMED_QUERY")


@pytest.mark.parametrize(
    "query",
    [
        "SELECT Shoe FROM Person",
        "SELECT Name FROM Person WHERE Shoe = 1",
        "SELECT Name FROM Person ORDER BY Shoe",
        "SELECT Mother.Name FROM Person",
        "SELECT Name FROM Person WHERE Age = '7'",
        "SELECT Name FROM Person WHERE IsActive = 'true'",
        "SELECT Name FROM Person WHERE Name = 7",
    ],
)
def test_unknown_fields_and_wrong_types_are_invalid_field(query: str) -> None:
    with pytest.raises(SalesforceError) as caught:
        run(Org(), parse(query))
    assert (caught.value.status, caught.value.code) == (400, "INVALID_FIELD")
