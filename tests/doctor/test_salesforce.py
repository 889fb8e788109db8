"""What the doctor says of Salesforce."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bot.checkup import salesforce as about_salesforce
from bot.checkup import salesforce_data
from bot.checkup.finding import Level
from bot.vendors.connect import connect_salesforce
from bot.vendors.salesforce_bulk import SalesforceBulk
from bot.vendors.salesforce_login import ClientLogin, JwtLogin, Login
from tests.doctor.clinic import (
    SESSION,
    WARNING,
    WRONG,
    Clinic,
    amiss,
    named,
    said,
)

FAVORITES = "HubSpot_Inc__HubSpot_Favorites__c"


@pytest.mark.parametrize(
    ("taken", "check", "level"),
    [
        ({"may_use_api": False}, "right.API Enabled", WRONG),
        ({"may_view_setup": False}, "right.View Setup and Configuration", WRONG),
        ({"may_uninstall": False}, "right.Download AppExchange Packages", WRONG),
        (
            {"may_use_metadata": False},
            "right.Modify Metadata Through Metadata API Functions",
            WRONG,
        ),
        ({"may_view_all": False}, "right.View All Data", WARNING),
        (
            {"may_view_all": False, "visible": {"HubSpot_Favorites__c": 2}},
            "right.View All Data",
            WRONG,
        ),
        ({"unreadable": ("HubSpot_Favorites__c",)}, f"right.Read {FAVORITES}", WRONG),
    ],
    ids=str,
)
def test_salesforce_misses_what_was_taken_away(
    office: Clinic, taken: dict[str, Any], check: str, level: Level
) -> None:
    office.salesforce_is(**taken)
    findings = office.salesforce()
    assert amiss(findings) == {f"salesforce.{check}": level}
    assert "Permission Sets" in said(findings[f"salesforce.{check}"])


def test_a_package_that_is_not_there(office: Clinic) -> None:
    findings = office.salesforce(salesforce_namespace="Elsewhere")
    assert amiss(findings) == {}
    assert "not installed" in said(findings["salesforce.package"])
    assert "salesforce.fields" not in findings


def test_fields_that_a_backup_would_lack(office: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = SalesforceBulk.columns

    def but_one(self: SalesforceBulk, name: str) -> Any:
        columns = whole(self, name)
        return columns[:-1] if name == FAVORITES else columns

    monkeypatch.setattr(salesforce_data._Structure, "columns", but_one)
    findings = office.salesforce()
    assert amiss(findings) == {"salesforce.fields": WRONG}
    assert f"{FAVORITES}." in said(findings["salesforce.fields"])
    assert "Field Permissions" in said(findings["salesforce.fields"])


def test_an_api_version_that_the_org_does_not_offer(office: Clinic) -> None:
    findings = office.salesforce(salesforce_api_version="99.0")
    assert amiss(findings) == {"salesforce.version": WRONG}
    assert set(findings) == {"salesforce.version"}, "nothing else could be read"
    assert "66.0" in said(findings["salesforce.version"])


def test_an_ended_session(office: Clinic) -> None:
    office.sandbox.salesforce.sessions.end()
    try:
        findings = office.salesforce()
    finally:
        office.sandbox.salesforce.sessions = type(office.sandbox.salesforce.sessions)(
            office.sandbox.world.scenario.salesforce.access_token
        )
    assert amiss(findings) == {"salesforce.login": WRONG}
    assert "SALESFORCE_ACCESS_TOKEN" in said(findings["salesforce.login"])


@pytest.mark.parametrize(
    ("login", "named_so"),
    [
        (JwtLogin("ada", "key", Path("key.pem")), "JWT bearer"),
        (ClientLogin("key", "secret", "acme.my"), "client credentials"),
    ],
)
def test_a_login_that_can_be_renewed(office: Clinic, login: Login, named_so: str) -> None:
    settings = office.settings()
    with closing(connect_salesforce(settings)) as salesforce:
        findings = named(about_salesforce.visit(login, salesforce, "62.0"))
    assert named_so in said(findings["salesforce.login"])
    assert SESSION not in findings


def test_a_key_file_that_is_not_there(office: Clinic) -> None:
    findings = office.salesforce(
        salesforce_access_token=None,
        salesforce_instance_url="",
        salesforce_username="ada@example.com",
        salesforce_consumer_key="a-consumer-key",
        salesforce_private_key_file=office.directory / "none.pem",
    )
    assert amiss(findings) == {"salesforce.login": WRONG}
    assert "SALESFORCE_PRIVATE_KEY_FILE" in said(findings["salesforce.login"])
