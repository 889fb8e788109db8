"""The scenario files that ship, and what a file with mistakes is told."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from sandbox.hubspot.service import HubSpot
from sandbox.salesforce.service import Salesforce
from sandbox.scenario import SCENARIOS, Scenario, ScenarioError, load
from sandbox.world import World
from tests.sandbox.vendor_servers import scenario

SHIPPED = ("blockers", "large", "no-package", "tidy", "trouble")


def test_these_ship() -> None:
    assert tuple(sorted(path.stem for path in SCENARIOS.glob("*.toml"))) == SHIPPED


@pytest.mark.parametrize("name", SHIPPED)
def test_each_fills_both_vendors(name: str) -> None:
    loaded = load(name)
    assert loaded.name == name
    world = World(loaded)
    hubspot, salesforce = HubSpot(world), Salesforce(world)
    roles = {person.id: person.role for person in loaded.people}
    assert roles["U0ADA00001"] == roles["U0FAY00001"] == "administrator"
    assert list(roles.values()).count("approver") == 2
    assert {"bystander", "salesforce_only"} <= set(roles.values())
    assert {person.locale for person in loaded.people} == {"en-US", "pl-PL"}
    foreign = {owner.id for owner in hubspot.salesforce_only()}
    assert foreign
    for table in hubspot.tables.values():
        assert sum(map(table.owned, hubspot.owners)) == len(table.ids)
    assert salesforce.package.installed == (name != "no-package")


def test_addresses_are_invented() -> None:
    for name in SHIPPED:
        loaded = load(name)
        emails = [
            *(person.email for person in loaded.people),
            *(owner.email for owner in loaded.hubspot_owners),
            *(owner.email for owner in loaded.salesforce_owners if owner.email),
        ]
        for email in emails:
            assert f".{email.rpartition('@')[2]}".endswith(".example.com")


def test_tidy_is_small_and_large_is_large() -> None:
    tidy, large = World(load(None)), World(load("large"))
    small, big = HubSpot(tidy), HubSpot(large)
    assert len(small.salesforce_only()) == 5
    assert [owner.type for owner in small.salesforce_only()].count("QUEUE") == 1
    assert sum(len(table.ids) for table in small.tables.values()) < 500
    assert len(big.salesforce_only()) == 300
    active = [o for o in big.owners.values() if not o.from_salesforce and not o.archived]
    assert len(active) == 60
    assert 5_500 < sum(len(table.ids) for table in big.tables.values()) < 6_500
    components = Salesforce(large).package.contents.components
    assert 2_950 < len(components) < 3_050
    assert len({part.id for part in components}) == len(components)


def test_trouble_has_every_fault_and_hostile_names() -> None:
    trouble = load("trouble")
    assert {fault.service for fault in trouble.faults} == {"slack", "hubspot", "salesforce"}
    assert {fault.kind for fault in trouble.faults} == {
        "429",
        "500",
        "502",
        "timeout",
        "lost_reply",
        "part_failure",
        "unauthorized",
        "duplicate_delivery",
        "late_delivery",
        "drop_socket",
        "locked",
        "migrating",
        "garbled",
        "interfere",
        "archive",
    }
    assert any(owner.dirty for owner in trouble.salesforce_owners)
    assert {fault.times for fault in trouble.faults} == {1}
    _hostile(trouble)


def _hostile(loaded: Scenario) -> None:
    names = [owner.name for owner in loaded.salesforce_owners]
    assert "" in names
    assert max(map(len, names)) == 200
    for part in ("<!channel>", "שרה"):
        assert any(part in name for name in names)


def test_large_has_hostile_names_and_somebody_who_left() -> None:
    large = load("large")
    _hostile(large)
    names = [owner.name for owner in large.salesforce_owners]
    assert len(set(names)) == len(names) - 1, "two have the same name"
    assert any(not owner.active and owner.records for owner in large.hubspot_owners)


def test_tidy_has_a_team_a_custom_object_and_companies_for_who_has_no_manager() -> None:
    tidy = load("tidy")
    assert [found.name for found in tidy.custom_objects] == ["store"]
    assert sum(owner.records.get("store", 0) for owner in tidy.salesforce_owners) == 5
    teams = {team.id for owner in tidy.hubspot_owners for team in owner.teams}
    assert {team.id for owner in tidy.salesforce_owners for team in owner.teams} <= teams
    (queue,) = [owner for owner in tidy.salesforce_owners if owner.companies_of]
    assert not queue.manager_email


def test_so_many_records_in_all_are_dealt_out_evenly() -> None:
    generate = {"salesforce_owners": 3, "queues": 1, "records_in_all": {"deals": 10}}
    hubspot = HubSpot(World(scenario("tidy", generate=generate)))
    made_up = list(hubspot.owners)[-4:]
    assert [hubspot.tables["deals"].owned(owner) for owner in made_up] == [3, 3, 2, 2]


def test_the_same_seed_makes_the_same_company() -> None:
    first, second = HubSpot(World(load("tidy"))), HubSpot(World(load("tidy")))
    for name, table in first.tables.items():
        other = second.tables[name]
        assert list(table.ids) == list(other.ids)
        assert [*map(table.owner_of, table.ids)] == [*map(other.owner_of, other.ids)]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("nonsense = 1", "nonsense"),
        ("[account]\nplan = 'golden'", "account.plan"),
        ("[account]\ntime_zone = 'Mars/Olympus'", "Mars/Olympus"),
        ("[package]\nversion = 'newest'", "package.version"),
        ("[[faults]]\nservice = 'slack'\nmatch = '('\nkind = '500'", "regular expression"),
        ("[[faults]]\nservice = 'slack'\nmatch = 'x'\nkind = 'part_failure'", "part_failure"),
        ("[[faults]]\nservice = 'hubspot'\nmatch = 'x'\nkind = 'drop_socket'", "drop_socket"),
        ("[[faults]]\nservice = 'hubspot'\nmatch = 'x'\nkind = '418'", "faults.0.kind"),
        ("[[faults]]\nservice = 'slack'\nmatch = 'x'\nkind = 'interfere'", "interfere"),
        ("[[faults]]\nservice = 'hubspot'\nmatch = 'x'\nkind = '500'\nshare = 0", "share"),
        ("[[salesforce_owners]]\nname = 'A'\nrecords = {ships = 1}", "ships"),
        ("[[salesforce_owners]]\nname = 'A'\ncompanies_of = 'x@y.z'", "x@y.z"),
        ("[[custom_objects]]\nname = 'deals'\nsingular = 'A'\nplural = 'B'", "deals"),
        ("[generate]\nrecords_in_all = {deals = 1}", "records_in_all"),
        ("poll_interval = ", "not valid TOML"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, change: str, expected: str) -> None:
    path = tmp_path / "mine.toml"
    people = "[[people]]\nid='U0ADA00001'\nname='A'\nemail='a@example.com'\nrole='administrator'\n"
    head, table = ("", change) if change.startswith("[") else (change, "")
    path.write_text(f"name = 'mine'\ntitle = 'Mine'\n{head}\n{people}\n{table}\n")
    with pytest.raises(ScenarioError) as caught:
        load(path)
    assert expected in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_missing_file_tells_what_ships(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError) as caught:
        load(tmp_path / "no.toml")
    for name in SHIPPED:
        assert name in str(caught.value)


def test_every_file_says_what_it_is_for() -> None:
    for path in SCENARIOS.glob("*.toml"):
        text = path.read_text(encoding="utf-8")
        assert text.startswith("# ")
        assert tomllib.loads(text)["title"]
