"""The inventory as a file: complete, in order, and harmless in a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections import Counter

import pytest

from handlers import inventory_file, tables
from handlers.i18n import Translator
from tests.handlers import runs
from tests.handlers.runs import Story, tell
from tests.handlers.views.looks import EN, ESCAPED, HOSTILE, PL
from workflows.prompts import Ask
from workflows.rules.package import inventory_digest
from workflows.run import Run
from workflows.text import N_
from workflows.values import Blocker, CustomObject, Inventory

KINDS = [
    "package",
    "object",
    "field",
    "component",
    "permission set",
    "assignee",
    "folder",
    "item",
    "blocker",
    "not complete",
]


def package(name: str = "Prefs__c", components: int = 3) -> Inventory:
    """Return a package of which there is something of every kind."""
    return runs.inventory(components, blockers=2, name=name).model_copy(
        update={
            "objects": (
                CustomObject(name=f"{name}2", records=7, estimated=True),
                CustomObject(name=f"{name}1", records=25_000, fields=(f"{name}b", f"{name}a")),
                CustomObject(name=f"{name}3"),
            ),
            "blockers": (
                Blocker(type="Flow", name=name, refers_to=name, sure=False),
                Blocker(
                    type="Layout",
                    name=name,
                    refers_to=name,
                    problem=f"{name} is used",
                    link="/lightning/setup/ObjectManager/home",
                    advice=N_("Take {name} off the layout.", name=name),
                ),
            ),
            "permission_sets": {f"{name}set": (f"{name}zoe", f"{name}ann"), f"{name}none": ()},
            "folders": {f"{name}folder": (f"{name}report",)},
        }
    )


def listed(found: Inventory) -> Run:
    return tell(Ask.CHOOSE_DATA_COPY, Story(package=found)).run


def rows(found: Inventory, tr: Translator = EN) -> list[dict[str, str]]:
    text = inventory_file.made(listed(found), tr).decode("utf-8-sig")
    delimiter = tables.delimiter_for(tr.language)
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter))


def of(kind: str, found: Inventory) -> list[dict[str, str]]:
    return [row for row in rows(found) if row["kind"] == kind]


def test_every_kind_is_there_in_order_and_everything_of_it() -> None:
    told = rows(package(components=3_000))
    assert list(dict.fromkeys(row["kind"] for row in told)) == KINDS
    numbers = [1, 3, 2, 3_000, 2, 2, 1, 1, 2, 1]
    assert Counter(row["kind"] for row in told) == dict(zip(KINDS, numbers, strict=True))
    names = {row["name"] for row in told if row["kind"] == "component"}
    assert names == {f"Prefs__c{number}" for number in range(3_000)}


def test_records_are_counted_estimated_or_unknown() -> None:
    told = [(row["name"], row["records"], row["records_are"]) for row in of("object", package())]
    assert told == [
        ("Prefs__c1", "25000", "counted"),
        ("Prefs__c2", "7", "Salesforce's estimate"),
        ("Prefs__c3", "", "records cannot be counted"),
    ]


def test_a_row_says_what_it_belongs_to() -> None:
    found = package()
    assert [row["refers_to"] for row in of("package", found)] == ["production org 00D000000000001"]
    assert [(row["name"], row["refers_to"]) for row in of("field", found)] == [
        ("Prefs__ca", "Prefs__c1"),
        ("Prefs__cb", "Prefs__c1"),
    ]
    assert {row["refers_to"] for row in of("assignee", found)} == {"Prefs__cset"}
    assert {row["refers_to"] for row in of("item", found)} == {"Prefs__cfolder"}


def test_a_blocker_says_where_and_what_to_do() -> None:
    sure, maybe = of("blocker", package())
    assert (sure["sure"], maybe["sure"]) == ("yes", "no")
    assert sure["what_to_do"] == "Take Prefs__c off the layout."
    assert sure["problem"] == "Prefs__c is used"
    assert sure["link"] == "https://acme.my.salesforce.com/lightning/setup/ObjectManager/home"
    assert maybe["link"] == ""


@pytest.mark.parametrize("link", ["javascript:alert(1)", "//evil.example/x y", "https://evil", ""])
def test_no_link_leads_out_of_the_org(link: str) -> None:
    blocker = Blocker(type="Layout", name="x", refers_to="y", link=link)
    found = package().model_copy(update={"blockers": (blocker,)})
    assert of("blocker", found)[0]["link"] == ""


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@x", "\t=1", "＝1", '=HYPERLINK("x")'])
def test_no_name_becomes_a_formula(name: str) -> None:
    for row in rows(package(name)):
        for cell in row.values():
            assert not cell.startswith(tables.FORMULA), cell


def test_names_stay_as_they_are_in_the_file_and_are_escaped_above_it() -> None:
    found = package(HOSTILE)
    assert of("component", found)[0]["name"] == f"{HOSTILE}1"
    named = found.package.model_copy(update={"name": HOSTILE * 30})
    above = inventory_file.above(found.model_copy(update={"package": named}), EN)
    assert ESCAPED in above
    assert "<!channel>" not in above
    assert len(above) < 1_000


def test_above_it_stand_the_numbers_of_each_kind() -> None:
    found = package(components=3_000)
    above = inventory_file.above(found, EN)
    for part in (
        "*HubSpot Integration 3.0.1*",
        "objects: 3, fields: 2, components: 3,000, permission sets: 2, assignees: 2, folders: 1",
        "blockers: 2",
        inventory_digest(found)[:12],
    ):
        assert part in above
    without = inventory_file.above(runs.inventory(0, 0), EN)
    assert "components" not in without
    assert "blockers:" not in without


def test_a_polish_file_opens_in_a_polish_spreadsheet() -> None:
    assert [row["kind"] for row in rows(package(), PL)][:2] == ["pakiet", "obiekt"]
    assert "składniki: 3" in inventory_file.above(package(), PL)


def test_without_a_list_there_is_only_the_header() -> None:
    lines = inventory_file.made(Story().run, EN).decode("utf-8-sig").splitlines()
    assert lines == [",".join(inventory_file.HEADER)]


def test_the_same_package_makes_the_same_file() -> None:
    found = package()
    turned = found.model_copy(
        update={
            "components": found.components[::-1],
            "objects": found.objects[::-1],
            "blockers": found.blockers[::-1],
        }
    )
    assert inventory_file.made(listed(found), EN) == inventory_file.made(listed(turned), EN)
