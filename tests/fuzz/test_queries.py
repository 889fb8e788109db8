"""What is sent to the vendors: no name, e-mail or id can change a query, a filter or an address."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simple_salesforce.format import format_soql

from bot.errors import VendorError
from bot.vendors import (
    hubspot_owners,
    salesforce_counts,
    salesforce_dependencies,
    salesforce_inventory,
    salesforce_people,
    salesforce_uses,
)
from bot.vendors.hubspot import HubSpot
from bot.vendors.patience import Patience
from bot.vendors.salesforce_bulk import SalesforceBulk
from bot.vendors.salesforce_inventory import Member
from tests.attacks import Cases
from tests.bot.vendors.scripted import Asked, scripted
from workflows.values import Component

INJECTION = "injection: SOQL, filters, addresses, CSV formulas, names of files"
HOSTILE = (
    "' OR '1'='1",
    "\\' OR Name != '",
    "x') OR (Id != '",
    "\\",
    "'; DELETE",
    "a\n' LIMIT 0 --",
    "\x00'",
    "%' OR Name LIKE '%",
    '"double"',
    "\u2019\uff07ł",
    "{0}{name:literal}",
)
ROOT = Path(__file__).parents[2]
_LITERAL = re.compile(r"'((?:[^'\\]|\\.)*)'", re.DOTALL)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}


def literals(soql: str) -> list[str]:
    """Return what the string literals of a query say; what is outside of them must be plain."""
    rest = _LITERAL.sub("", soql)
    assert "'" not in rest, f"a literal is left open: {soql!r}"
    assert re.fullmatch(r"[A-Za-z0-9_.,()=<>!:+\- ]*", rest), f"text outside of literals: {rest!r}"
    said = _LITERAL.findall(soql)
    return [re.sub(r"\\(.)", lambda hit: _ESCAPES.get(hit[1], hit[1]), one) for one in said]


class Asking:
    """A Salesforce connection that keeps what it is asked, and answers with hostile rows."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self.rows = rows
        self.asked: list[str] = []

    def query(self, soql: str, **_options: Any) -> list[dict[str, Any]]:
        self.asked.append(soql)
        return self.rows if len(self.asked) < 9 else []

    tooling = query

    def estimates(self, names: list[str]) -> dict[str, int]:
        return {}


@pytest.mark.attack("7", INJECTION)
@pytest.mark.parametrize("evil", HOSTILE)
def test_nothing_hostile_leaves_its_literal(evil: str, cases: Cases) -> None:
    row = {"Id": evil, "ManagerId": evil, "Email": evil, "CronTriggerId": evil}
    members = [
        Member(evil, Component(type=kind, name=evil))
        for kind in ("CustomObject", "PermissionSet", "ReportFolder", "EmailFolder", "ApexClass")
    ]
    asking = Asking([row])
    client: Any = asking
    salesforce_people.people(client, [evil])
    salesforce_uses.uses(client, evil, members)
    salesforce_dependencies.references(client, evil, members)
    salesforce_inventory.members(client, evil)
    salesforce_counts._columns(client, [evil])
    assert len(asking.asked) > 12
    said = [text for soql in asking.asked for text in literals(soql)]
    strange = {text for text in said if not re.fullmatch(r"[A-Za-z_]+", text)}
    # Some strip space around an e-mail, some take the first characters of an id.
    kept = {evil, evil.strip().lower(), evil[:15]}
    assert strange <= kept
    assert strange
    cases.add(len(asking.asked))


@pytest.mark.attack("7", INJECTION)
def test_any_text_stays_one_literal(cases: Cases) -> None:
    @settings(max_examples=500, deadline=None, derandomize=True)
    @given(st.text(st.characters(codec="utf-8"), max_size=30))
    def quoted(text: str) -> None:
        one = literals(format_soql("SELECT Id FROM User WHERE Email = {}", text))
        several = literals(format_soql("SELECT Id FROM User WHERE Id IN {}", [text, "b"]))
        assert (one, several) == ([text], [text, "b"])
        cases.add(2)

    quoted()


# Names in these are checked (`API_NAME`), or are constants of ours.
PUT_TOGETHER = {
    "bot/vendors/salesforce_bulk.py",
    "bot/vendors/salesforce_http.py",
    "bot/vendors/salesforce_rights.py",
    "bot/backup/plan.py",
}


def test_queries_are_put_together_in_known_places_alone() -> None:
    found = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "bot").rglob("*.py")
        if "store" not in path.parts and "audit" not in path.parts
        for text in _with_places(path)
        if re.match(r"\s*(SELECT|FIND|DELETE|UPDATE)\b", text)
    }
    assert found == PUT_TOGETHER


def _with_places(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
            yield str(node.values[0].value)


@pytest.mark.attack("7", INJECTION)
@pytest.mark.parametrize(
    "evil", ["../../x", "A__c/../User", "A__c?x=1", "A__c WHERE 1=1", "A__c\n", "", "1A", "Ä__c"]
)
def test_only_names_of_objects_are_described_and_counted(evil: str, cases: Cases) -> None:
    listed = {"sobjects": [{"name": evil or "-", "queryable": True}, {"name": "Fine__c"}]}

    class Client:
        def call(self, _asked: Any) -> Any:
            return listed

    client: Any = Client()
    bulk = SalesforceBulk(client, namespace="x", package=lambda: None)
    assert list(bulk.visible()) == ["Fine__c"]
    cases.add()


@pytest.mark.attack("7", INJECTION)
@pytest.mark.parametrize("evil", ["../owners", "a/b", "a?b=c", "a#b", "a%2fb", "a b", "ł", "\x00"])
def test_an_object_type_stays_one_step_of_hubspots_address(evil: str, cases: Cases) -> None:
    def answer(asked: Asked) -> tuple[int, Any]:
        return 200, {"total": 0, "results": []}

    with scripted(answer) as script:
        hubspot = HubSpot("t", script.url, timeout=5.0, patience=Patience(sleep=lambda _: None))
        hubspot.records_of(evil, [evil])
        (asked,) = script.asked
    assert re.fullmatch(r"/crm/v3/objects/[^/?#]+/search", asked.path), asked.path
    filters = [one for group in asked.body["filterGroups"] for one in group["filters"]]
    assert any(one.get("values") == [evil] or one.get("value") == evil for one in filters)
    cases.add()


@pytest.mark.attack("7", INJECTION)
@pytest.mark.parametrize("evil", ["1;2", "1+2", "contacts=1", "../1", "1\n", "", " 1", "1" * 65])
def test_an_owner_whose_id_is_none_is_not_read(evil: str, cases: Cases) -> None:
    with pytest.raises(ValueError, match="id"):
        hubspot_owners.ListedOwner.model_validate({"id": evil})
    with scripted(lambda _asked: (200, {"results": [{"id": evil}]})) as script:
        hubspot = HubSpot("t", script.url, timeout=5.0, patience=Patience(sleep=lambda _: None))
        with pytest.raises(VendorError):
            hubspot.active_owners()
    cases.add()
