"""What the doctor says of HubSpot."""

from __future__ import annotations

from typing import Any

import pytest

from bot.checkup import hubspot as about_hubspot
from bot.checkup.finding import Level
from bot.vendors.hubspot import HubSpot
from bot.vendors.hubspot_scopes import HUBSPOT_SCOPES, WRITE_SCOPES
from tests.bot.vendors.scripted import scripted
from tests.doctor.clinic import (
    ADA,
    FAY,
    NO_PATIENCE,
    NOW,
    UNKNOWN,
    WARNING,
    WRONG,
    Clinic,
    amiss,
    named,
    said,
    unlimited,
)


@pytest.mark.parametrize("scope", HUBSPOT_SCOPES, ids=lambda scope: scope.name)
def test_hubspot_misses_what_was_taken_away(office: Clinic, scope: Any) -> None:
    office.post("hubspot/token", scopes_missing=[scope.name])
    level = WRONG if scope.needed else WARNING
    assert amiss(office.of_hubspot()) == {f"hubspot.scope.{scope.name}": level}


def test_who_is_no_super_admin(office: Clinic) -> None:
    office.post("hubspot/super-admin", user=FAY, super_admin=False)
    assert amiss(office.of_hubspot()) == {f"hubspot.super_admin.{FAY}": WARNING}
    office.post("hubspot/super-admin", user=ADA, super_admin=False)
    findings = office.of_hubspot()
    both = {f"hubspot.super_admin.{user}": WRONG for user in (ADA, FAY)}
    assert amiss(findings) == both, "nobody could disconnect Salesforce"
    assert "Users & Teams" in said(findings[f"hubspot.super_admin.{ADA}"])


def test_a_token_whose_scopes_are_not_told(office: Clinic) -> None:
    office.post("hubspot/token", tells_scopes=False)
    findings = office.of_hubspot()
    assert amiss(findings) == {}
    assert findings["hubspot.scopes"].level is UNKNOWN
    assert "first write" in said(findings["hubspot.scopes"])
    assert findings["hubspot.scope.crm.objects.deals.read"].level is Level.OK
    assert not [check for check in findings if check.endswith(".write")]


@pytest.mark.parametrize("scope", ["crm.objects.deals.read", "tickets", "settings.users.read"])
def test_readings_show_a_missing_scope_too(office: Clinic, scope: str) -> None:
    office.post("hubspot/token", tells_scopes=False, scopes_missing=[scope, *WRITE_SCOPES])
    level = WRONG if scope.startswith("crm") else WARNING
    assert amiss(office.of_hubspot()) == {f"hubspot.scope.{scope}": level}


def test_administrators_whom_hubspot_cannot_tell_about(office: Clinic) -> None:
    office.post("slack/scopes", missing=["users:read.email"])
    findings = office.of_hubspot()
    assert findings[f"hubspot.super_admin.{ADA}"].level is UNKNOWN
    office.post("slack/scopes", missing=[])
    office.post("hubspot/token", scopes_missing=["settings.users.read"])
    findings = office.of_hubspot()
    assert findings[f"hubspot.super_admin.{ADA}"].level is UNKNOWN
    assert "settings.users.read" in said(findings[f"hubspot.super_admin.{ADA}"])


def test_a_token_of_another_account() -> None:
    scopes = [scope.name for scope in HUBSPOT_SCOPES]
    told = {"portalId": 1, "hubId": 2, "scopes": scopes, "results": [], "total": 0}
    with scripted(lambda _: (200, told)) as script:
        hubspot = HubSpot("x", script.url, budget=unlimited(), patience=NO_PATIENCE)
        findings = named(about_hubspot.visit(hubspot, NOW).findings)
    assert amiss(findings) == {"hubspot.account": WRONG}
    assert "HUBSPOT_ACCESS_TOKEN" in said(findings["hubspot.account"])


def test_a_wrong_hubspot_token(office: Clinic) -> None:
    findings = {
        check: one
        for check, one in office.examine(hubspot_access_token="pat-eu1-wrong-wrong").items()
        if check.startswith("hubspot")
    }
    assert amiss(findings) == {"hubspot.token": WRONG}
    assert set(findings) == {"hubspot.token"}, "nobody else is asked about there"
