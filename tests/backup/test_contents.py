"""What is in a backup, what is named as not in it, and how it lies on the disk."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace

import pytest
from starlette.middleware.gzip import GZipMiddleware

from bot.backup.errors import BackupError
from bot.backup.verify import verify
from bot.errors import VendorError
from sandbox.salesforce.tables import Entity
from tests.backup.stock import EMPTY, FAVORITE, HOSTILE, LABEL, RICH, SlowJobs, Yard, row, rows
from tests.bot.vendors.faults import fault

PACKAGE = RICH


def fields_on(org: Yard, name: str) -> list[str]:
    return sorted(org.org.package.contents.fields_of(name))


def test_holds_every_record_of_the_objects_and_the_fields_elsewhere(org: Yard) -> None:
    result = org.run()
    assert verify(org.directory) == []
    assert {one.object: one.rows for one in result.manifest.files} == {
        FAVORITE: 250,
        EMPTY: 0,
        **{name: len(org.stock.entity(name).rows) for name in standard(org)},
    }
    assert [one["Name"] for one in org.read()] == [f"F-{n:05d}" for n in range(1, 251)]
    assert set(org.read()[0]) == set(org.stock.entity(FAVORITE).fields)
    contacts = org.read("Contact")
    assert sorted(contacts[0]) == sorted(["Id", "Name", "CreatedDate", *fields_on(org, "Contact")])
    assert len({one["Id"] for one in contacts}) == 30
    assert org.jobs.all() == []  # nothing is left in Salesforce


def standard(org: Yard) -> list[str]:
    found = [name for name in ("Account", "Contact", "Lead", "Opportunity") if fields_on(org, name)]
    assert "Contact" in found
    return found


def test_the_manifest_says_what_and_whence(org: Yard) -> None:
    result = org.run()
    data = (org.directory / "manifest.json").read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    assert result.manifest_sha256 == digest
    beside = (org.directory / "manifest.json.sha256").read_text()
    assert beside == f"{digest}  manifest.json\n"
    told = json.loads(data)
    assert told["origin"] == {
        "org_id": "00D5g000004XyZAEA0",
        "org_is_sandbox": False,
        "instance": org.url,
        "api_version": "62.0",
        "namespace": "HubSpot_Inc",
        "package_version": "3.0.1.1",
    }
    one = next(item for item in told["files"] if item["object"] == FAVORITE)
    file = (org.directory / one["file"]).read_bytes()
    assert one["bytes"] == len(file)
    assert one["sha256"] == hashlib.sha256(file).hexdigest()
    assert one["rows"] == 250
    select, _, source = one["query"].partition(" FROM ")
    assert (select, source) == (f"SELECT {', '.join(one['fields'])}", FAVORITE)
    assert one["fields"] == list(org.stock.entity(FAVORITE).fields)
    assert told["started"][:19] <= one["began"][:19] <= one["ended"] < told["ended"]
    assert one["counted"] | {"at": ""} == {
        "at": "",
        "records": 250,
        "created": 0,
        "changed": 0,
        "deleted": 0,
    }


def test_nobody_else_may_read_it(org: Yard) -> None:
    org.directory.mkdir(mode=0o755)
    org.run()
    assert org.directory.stat().st_mode & 0o777 == 0o700
    files = list(org.directory.iterdir())
    assert {"README.md", "manifest.json", "manifest.json.sha256"} < {one.name for one in files}
    assert {one.stat().st_mode & 0o777 for one in files} == {0o600}


def test_hostile_texts_come_back_as_they_are(org: Yard) -> None:
    kept = [row(number, **{LABEL: text}) for number, text in enumerate(HOSTILE, 1)]
    org.stock.change(FAVORITE, {}, kept)
    for page in (10_000, 3):
        org.run(page=page)
        assert tuple(one[LABEL] for one in org.read()) == HOSTILE
        assert verify(org.directory) == []
        org.directory = org.directory.with_name("another")


@pytest.mark.parametrize("size", [7, 250, 251])
def test_pages_follow_each_other(org: Yard, size: int) -> None:
    org.run(page=size)
    assert [one["Id"] for one in org.read()] == [one["Id"] for one in rows(250)]
    asked = [query for query in org.line.results if f"maxRecords={size}".encode() in query]
    assert len(asked) == len(org.line.results)
    locators = [query for query in asked if b"locator=" in query]
    assert len(locators) >= (250 - 1) // size


def test_takes_what_the_server_compresses(org: Yard) -> None:
    org.line.app = GZipMiddleware(org.line.app)
    org.run(page=100)
    assert len(org.read()) == 250
    assert all(b"gzip" in one for one in org.line.encodings)


def test_what_cannot_be_read_is_named(org: Yard) -> None:
    org.stock.hidden.add(EMPTY)
    org.stock.hidden_fields |= {"HubSpot_Inc__Key__c", fields_on(org, "Contact")[0]}
    more = {
        "Where__c": "location",
        "Where__Latitude__s": "double",
        "Home__c": "address",
        "Blob__c": "base64",
        "Secret__c": "encryptedstring",
    }
    org.stock.change(FAVORITE, more, rows(3))
    result = org.run()
    named = {(gap.kind, gap.name) for gap in result.gaps if gap.kind != "files"}
    assert named == {
        ("object_hidden", EMPTY),
        ("field_hidden", f"{FAVORITE}.HubSpot_Inc__Key__c"),
        ("field_hidden", f"Contact.{fields_on(org, 'Contact')[0]}"),
        ("field_type", f"{FAVORITE}.Where__c"),
        ("field_type", f"{FAVORITE}.Home__c"),
        ("field_type", f"{FAVORITE}.Blob__c"),
        ("field_masked", f"{FAVORITE}.Secret__c"),
    }
    assert {"Where__Latitude__s", "Secret__c"} < set(org.read()[0])
    assert not {"Where__c", "Home__c", "Blob__c"} & set(org.read()[0])
    readme = (org.directory / "README.md").read_text()
    for gap in result.gaps:
        assert str(gap.text) in readme
        assert gap.name in str(gap.text)


def test_files_that_hang_on_the_records_are_counted_and_named(org: Yard) -> None:
    first, second = (one["Id"] for one in rows(2))
    pointing = {"Id": "id", "ParentId": "reference"}
    attached = [{"Id": "1", "ParentId": first}, {"Id": "2", "ParentId": "003000000000000AAA"}]
    org.stock.tables["Attachment"] = Entity("Attachment", pointing, attached)
    links = {"Id": "id", "LinkedEntityId": "reference"}
    linked = [{"Id": "1", "LinkedEntityId": first}, {"Id": "2", "LinkedEntityId": second}]
    org.stock.tables["ContentDocumentLink"] = Entity("ContentDocumentLink", links, linked)
    found = {(gap.name, gap.detail): gap.count for gap in org.run().gaps if gap.kind == "files"}
    assert found == {
        (FAVORITE, "Attachment"): 1,
        (FAVORITE, "ContentDocumentLink"): 2,
        (FAVORITE, "Note"): None,  # this org has no such object: not known, and said
        (EMPTY, "Note"): None,
    }


def test_other_kinds_of_objects_and_companions_are_named(org: Yard) -> None:
    for name in (f"{FAVORITE[:-1]}History".replace("__c", "__"), "HubSpot_Inc__Favorite__History"):
        org.stock.tables[name] = Entity(name, {"Id": "id"}, [])
    org.stock.hidden.add(EMPTY)
    org.stock.tables["HubSpot_Inc__HubSpot_Favorites__mdt"] = Entity(
        "HubSpot_Inc__HubSpot_Favorites__mdt", {"Id": "id"}, []
    )
    named = {(gap.kind, gap.name) for gap in org.run().gaps if gap.kind != "files"}
    assert ("object_kind", "HubSpot_Inc__HubSpot_Favorites__mdt") in named
    assert ("companion", "HubSpot_Inc__Favorite__History") in named
    assert not any(kind == "object_hidden" for kind, _ in named)


@pytest.mark.parametrize(
    "org", [{"version": "3.0.0.0", "objects": {}, "components": 0}], indirect=True
)
def test_a_package_without_data_makes_an_empty_backup(org: Yard) -> None:
    result = org.run()
    assert (result.manifest.files, result.rows, result.gaps) == ((), 0, ())
    assert verify(org.directory) == []
    assert "no records" in (org.directory / "README.md").read_text()


@pytest.mark.parametrize("org", [{"installed": False}], indirect=True)
def test_without_the_package_there_is_no_backup(org: Yard) -> None:
    with pytest.raises(BackupError) as caught:
        org.run()
    assert caught.value.code == "backup_package_missing"
    assert not org.directory.exists()


def test_who_may_not_see_the_setup_is_told_before_anything_is_written(org: Yard) -> None:
    fault(org.org.world, "salesforce", "tooling/query", "unauthorized", times=9)
    with pytest.raises(VendorError):
        org.run()
    assert not org.directory.exists()


def test_the_readme_tells_the_way_back(org: Yard) -> None:
    child, parent = "HubSpot_Inc__Aaa__c", FAVORITE
    found = org.stock.entity(parent)
    relation = {"HubSpot_Inc__Parent": found}
    org.stock.tables[child] = replace(
        found,
        name=child,
        fields={**found.fields, "HubSpot_Inc__ParentId": "reference"},
        relations=relation,
        rows=[],
    )
    org.run()
    text = (org.directory / "README.md").read_text()
    places = [re.search(rf"^\d+\. `{name}`", text, re.MULTILINE) for name in (parent, child)]
    assert places[0] is not None
    assert places[1] is not None
    assert places[0].start() < places[1].start()
    assert f"`HubSpot_Inc__ParentId` → {parent}" in text
    for word in ("Old_Id__c", "upsert", "Data Loader", "recycle bin", "--digest", "UTC"):
        assert word in text


def test_asks_gently(org: Yard) -> None:
    org.org.jobs = SlowJobs(org.stock, looks=15)
    org.run()
    looks = [one for one in org.org.world.log if "/jobs/query/750" in one.request]
    assert len(looks) >= 15
    assert sum(org.naps) > 50  # seconds
    assert max(org.naps) <= 1  # so that a freeze is heard
