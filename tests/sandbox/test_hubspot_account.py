"""HubSpot's owners, users, account and rights, through the real client and plain HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.sandbox.vendor_servers import ADA, DAN, HubSpotAccount, hubspot_account, scenario

DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def account() -> Iterator[HubSpotAccount]:
    with hubspot_account(scenario()) as running:
        yield running


def test_owners_come_in_pages_and_tell_the_kinds_apart(account: HubSpotAccount) -> None:
    api = account.api(account.client.crm.owners.owners_api)
    found: list[Any] = []
    after = None
    while True:
        page = api.get_page(limit=4, after=after)
        found += page.results
        if page.paging is None:
            break
        after = page.paging.next.after
    emails = {user["email"] for user in account.call("GET", "/settings/v3/users").json()["results"]}
    foreign = [
        owner
        for owner in found
        if owner.type == "QUEUE"
        or (
            owner.user_id is None
            and owner.user_id_including_inactive is None
            and owner.email not in emails
        )
    ]
    assert len(found) == 11
    assert sorted(owner.id for owner in foreign) == sorted(account.owners(salesforce_only=True))
    assert [owner.first_name for owner in foreign if owner.type == "QUEUE"] == ["Inbound"]


def test_a_deactivated_user_is_an_archived_owner(account: HubSpotAccount) -> None:
    api = account.api(account.client.crm.owners.owners_api)
    (iris,) = api.get_page(archived=True).results
    assert (iris.email, iris.user_id) == ("iris.vogel@example.com", None)
    assert iris.user_id_including_inactive is not None
    assert account.call("GET", f"/crm/v3/owners/{iris.id}").status_code == 404
    assert api.get_by_id(iris.id, archived=True).archived is True


def test_an_owner_is_found_by_email_and_by_user_id(account: HubSpotAccount) -> None:
    api = account.api(account.client.crm.owners.owners_api)
    (gil,) = api.get_page(email="gil.tanaka@example.com").results
    assert gil.id != str(gil.user_id)
    assert api.get_by_id(gil.user_id, id_property="userId").id == gil.id


def test_users_know_who_is_super_admin(account: HubSpotAccount) -> None:
    api = account.api(account.client.settings.users.users_api)
    assert api.get_by_id("ada.marek@example.com", id_property="EMAIL").super_admin is True
    assert api.get_by_id("ben.achterberg@example.com", id_property="EMAIL").super_admin is False
    missing = account.call("GET", "/settings/v3/users/dan.osei@example.com?idProperty=EMAIL")
    assert (missing.status_code, missing.json()["category"]) == (404, "OBJECT_NOT_FOUND")


def test_account_details_and_usage(account: HubSpotAccount) -> None:
    request = {"base_url": account.base, "path": "/account-info/v3/details"}
    details = account.client.api_request(request).json()
    assert details["portalId"] == 4711008
    assert (details["timeZone"], details["utcOffset"][0]) == ("Europe/Warsaw", "+")
    usage = "/account-info/v3/api-usage/daily/private-apps"
    (before,) = account.call("GET", usage).json()["results"]
    (after,) = account.call("GET", usage).json()["results"]
    assert after["currentUsage"] == before["currentUsage"] + 1
    assert before["usageLimit"] == 625_000


def test_without_a_token_it_is_401(account: HubSpotAccount) -> None:
    for token in ("", "wrong"):
        answer = account.call("GET", "/crm/v3/owners", token=token)
        assert answer.status_code == 401
        assert answer.json()["category"] == "INVALID_AUTHENTICATION"
        assert answer.json()["correlationId"] == answer.headers["x-hubspot-correlation-id"]


def test_an_unknown_path_is_404_in_hubspots_shape(account: HubSpotAccount) -> None:
    answer = account.call("DELETE", "/crm/v3/owners/1")
    assert (answer.status_code, answer.json()["status"]) == (405, "error")
    assert account.call("GET", "/crm/v4/owners").json()["message"] == "resource not found"


def test_audit_logs_are_an_enterprise_matter(account: HubSpotAccount) -> None:
    answer = account.call("GET", "/account-info/v3/activity/audit-logs")
    assert (answer.status_code, answer.json()["category"]) == (403, "MISSING_SCOPES")
    with hubspot_account(scenario(account={"audit_logs": True})) as enterprise:
        found = enterprise.call("GET", "/account-info/v3/activity/audit-logs")
        assert found.json() == {"results": []}


def test_a_missing_scope_is_named() -> None:
    missing = ["crm.objects.contacts.write", "settings.users.read"]
    with hubspot_account(scenario(account={"scopes_missing": missing})) as account:
        for method, path in (
            ("POST", "/crm/v3/objects/contacts/batch/update"),
            ("GET", "/settings/v3/users/"),
        ):
            answer = account.call(method, path, json={"inputs": []})
            assert answer.status_code == 403
            body = answer.json()
            assert body["category"] == "MISSING_SCOPES"
            assert set(body["errors"][0]["context"]["requiredGranularScopes"]) <= set(missing)
        assert account.search("contacts").status_code == 200


TOKEN_INFO = "/oauth/v2/private-apps/get/access-token-info"


def test_what_a_token_may_can_be_asked_and_changed() -> None:
    with hubspot_account(scenario()) as account:
        token = account.world.scenario.account.token

        def info(key: str) -> Any:
            return account.call("POST", TOKEN_INFO, json={"tokenKey": key})

        told = info(token).json()
        assert set(told) == {"userId", "hubId", "appId", "scopes"}
        assert told["hubId"] == 4711008
        assert {"crm.objects.deals.write", "tickets", "oauth"} <= set(told["scopes"])
        assert (info("another").status_code, info("").status_code) == (404, 404)
        assert account.call("POST", TOKEN_INFO, json={}).status_code == 400
        assert (
            account.call("POST", TOKEN_INFO, "wrong", json={"tokenKey": token}).status_code == 401
        )

        taken = account.control.post("/sandbox/hubspot/token", scopes_missing=["tickets"])
        assert taken == {"ok": True, "scopes_missing": ["tickets"], "tells_scopes": True}
        assert "tickets" not in info(token).json()["scopes"]
        assert account.search("tickets").status_code == 403
        account.control.post("/sandbox/hubspot/token", tells_scopes=False)
        assert info(token).status_code == 404
        assert account.search("tickets").status_code == 403, "what is not named stays"
        wrong = account.control.post("/sandbox/hubspot/token", scopes_missing="tickets")
        assert wrong["error"] == "invalid_arguments"


def test_super_admin_is_given_and_taken() -> None:
    with hubspot_account(scenario()) as account:
        users = account.api(account.client.settings.users.users_api)
        email = "ada.marek@example.com"
        body = {"user": ADA, "super_admin": False}
        assert account.control.post("/sandbox/hubspot/super-admin", **body)["ok"]
        assert users.get_by_id(email, id_property="EMAIL").super_admin is False
        nobody = account.control.post("/sandbox/hubspot/super-admin", user=DAN, super_admin=True)
        assert nobody["error"] == "no_login"


def test_the_ten_second_limit_refuses_with_its_policy() -> None:
    with hubspot_account(scenario(account={"plan": "starter"})) as account:
        answers = [account.call("GET", "/account-info/v3/details") for _ in range(102)]
    assert [answer.status_code for answer in answers] == [200] * 100 + [429] * 2
    assert answers[0].headers["X-HubSpot-RateLimit-Max"] == "100"
    assert answers[99].headers["X-HubSpot-RateLimit-Remaining"] == "0"
    body = answers[-1].json()
    assert body["errorType"] == "RATE_LIMIT"
    assert body["policyName"] == "TEN_SECONDLY_ROLLING"
    assert body["groupName"]


def test_search_has_a_limit_of_its_own_and_no_headers() -> None:
    with hubspot_account(scenario()) as account:
        answers = [account.search("contacts", limit=1) for _ in range(7)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert {answer.json()["policyName"] for answer in refused} == {"SECONDLY"}
    for answer in answers:
        assert not any("ratelimit" in name.lower() for name in answer.headers)


def test_the_daily_limit_ends_at_the_accounts_midnight() -> None:
    with hubspot_account(scenario(account={"daily_used": 624_999})) as account:
        first = account.call("GET", "/account-info/v3/details")
        assert first.headers["X-HubSpot-RateLimit-Daily-Remaining"] == "0"
        refused = account.call("GET", "/account-info/v3/details")
        assert (refused.status_code, refused.json()["policyName"]) == (429, "DAILY")
        account.world.clock.advance(DAY)
        assert account.call("GET", "/account-info/v3/details").status_code == 200


def test_the_days_use_can_be_set_and_ends_with_a_moved_clock() -> None:
    small = {"per_day": 50, "time_zone": "Asia/Tokyo"}
    with hubspot_account(scenario(account=small)) as account:
        path = "/account-info/v3/api-usage/daily/private-apps"
        used = account.control.post("/sandbox/hubspot/usage", used=45)
        assert used["limits"]["day"]["used"] == 45
        (usage,) = account.call("GET", path).json()["results"]
        assert (usage["usageLimit"], usage["currentUsage"]) == (50, 46)
        for _ in range(4):
            assert account.call("GET", path).status_code == 200
        assert account.call("GET", path).json()["policyName"] == "DAILY"
        resets = datetime.fromisoformat(usage["resetsAt"])
        assert resets.astimezone(ZoneInfo("Asia/Tokyo")).hour == 0
        account.world.clock.advance(resets - account.world.clock.now() + timedelta(seconds=1))
        answer = account.call("GET", path)
        assert answer.headers["X-HubSpot-RateLimit-Daily-Remaining"] == "49"
        assert answer.json()["results"][0]["currentUsage"] == 1
        wrong = account.control.post("/sandbox/hubspot/usage", used=-1)
        assert wrong["error"] == "invalid_arguments"


def test_a_user_is_deactivated() -> None:
    with hubspot_account(scenario()) as account:
        account.disconnect()
        gil = account.owner_called("gil.tanaka@example.com")
        path = "/sandbox/hubspot/owner/deactivate"
        assert account.control.post(path, id=gil)["ok"]
        found = account.call("GET", f"/crm/v3/owners/{gil}?archived=true").json()
        assert (found["userId"], found["archived"]) == (None, True)
        assert found["userIdIncludingInactive"] is not None
        old = account.owners(salesforce_only=True)[0]
        key = account.records("contacts", old)[0]
        refused = account.update("contacts", {key: gil})
        assert refused.json()["errors"][0]["code"] == "INVALID_OWNER_ID"
        assert account.control.post(path, id=gil)["error"] == "unknown_owner"
        assert account.control.post(path, id=old)["error"] == "unknown_owner"
