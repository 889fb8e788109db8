"""The HubSpot adapter, over real sockets against the sandbox and a scripted server."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.errors import VendorError
from bot.vendors.check import check_hubspot
from bot.vendors.hubspot import HubSpot
from bot.vendors.patience import Patience
from sandbox.hubspot.api import create_app
from sandbox.hubspot.service import HubSpot as Account
from sandbox.scenario import Scenario
from sandbox.world import World
from tests.bot.vendors.faults import fault
from tests.bot.vendors.scripted import Asked, Reply, scripted
from tests.sandbox.vendor_servers import serving, wait_until

ADMIN = {
    "id": "UADA",
    "name": "Ada Admin",
    "email": "ada@example.com",
    "role": "administrator",
    "hubspot_user": True,
    "super_admin": True,
}
HOSTILE = "O'Brien <!channel> *bold* \u202e\U0001f600 \"; DROP TABLE owners;--"


@dataclass
class Bench:
    """The sandbox's account, the adapter that speaks to it, and how long the adapter paused."""

    world: World
    account: Account
    hubspot: HubSpot
    url: str
    pauses: list[float] = field(default_factory=list)

    def owner(self, name: str) -> str:
        return next(owner.id for owner in self.account.owners.values() if owner.name == name)

    def all_ids(self, object_type: str, owner_id: str) -> list[str]:
        ids: list[str] = []
        while page := self.hubspot.record_ids(object_type, [owner_id], ids[-1] if ids else ""):
            ids += page
        return ids

    def requests(self, part: str) -> int:
        return sum(part in line.request for line in self.world.log)


@pytest.fixture
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    changes: dict[str, Any] = getattr(request, "param", {})
    scenario = Scenario.model_validate(
        {
            "name": "adapter",
            "title": "adapter",
            "people": [ADMIN],
            "hubspot_owners": [
                {"name": "New Owner", "email": "new@example.com"},
                {"name": "Left Long Ago", "email": "left@example.com", "active": False},
            ],
            "salesforce_owners": [
                {"name": HOSTILE, "email": "o'brien@example.com", "records": {"contacts": 350}},
                {"name": "", "type": "QUEUE", "records": {"companies": 3, "tickets": 2}},
            ],
            "account": {"index_lag": 0.0},
            **changes,
        }
    )
    world = World(scenario)
    account = Account(world)
    account.sync.stop()  # while it runs, it resets owners that Salesforce does not know
    pauses: list[float] = []
    with serving(create_app(account)) as server:
        url = f"http://127.0.0.1:{server.port}"
        patience = Patience(sleep=pauses.append)
        hubspot = HubSpot(scenario.account.token, url, timeout=0.5, patience=patience)
        yield Bench(world, account, hubspot, url, pauses)


def with_account(**changes: Any) -> Any:
    return pytest.param({"account": {"index_lag": 0.0, **changes}}, id=str(changes))


def test_says_which_account_it_is(bench: Bench) -> None:
    account = bench.hubspot.account()
    assert (account.portal_id, account.time_zone) == ("4711008", "Europe/Warsaw")
    assert account.account_type == "STANDARD"


def test_knows_who_is_a_super_admin(bench: Bench) -> None:
    assert bench.hubspot.is_super_admin("ada@example.com") is True
    assert bench.hubspot.is_super_admin("nobody/../x?y=&@example.com") is None


def test_tells_salesforce_only_owners_from_the_others(bench: Bench) -> None:
    found = bench.hubspot.salesforce_only_owners()
    assert [(owned.owner.name, owned.why) for owned in found] == [
        (HOSTILE, "no_hubspot_user"),
        ("", "queue"),
    ]
    assert found[1].owner.kind == "queue"
    assert found[1].owner.label == f"#{found[1].owner.id}"
    assert {owner.email for owner in bench.hubspot.active_owners()} == {
        "ada@example.com",
        "new@example.com",
    }


@pytest.mark.parametrize(
    "bench",
    [{"generate": {"hubspot_owners": 1_203, "salesforce_owners": 700, "queues": 5}}],
    indirect=True,
)
def test_reads_all_pages_of_owners(bench: Bench) -> None:
    assert len(bench.hubspot.active_owners()) == 1_203 + 2
    assert len(bench.hubspot.salesforce_only_owners()) == 700 + 5 + 2


def test_a_user_without_an_owner_id_of_its_own_is_not_salesforce_only(bench: Bench) -> None:
    """The e-mail of a user, or of a deactivated one, speaks for a HubSpot owner."""
    by_name = {owner.name: owner for owner in bench.account.owners.values()}
    by_name[HOSTILE].email = "Ada@Example.com "
    assert {owned.why for owned in bench.hubspot.salesforce_only_owners()} == {"queue"}
    by_name[HOSTILE].email = "left@example.com"
    assert {owned.why for owned in bench.hubspot.salesforce_only_owners()} == {"queue"}


@pytest.mark.parametrize(
    "bench", [with_account(scopes_missing=["settings.users.read"])], indirect=True
)
def test_without_the_users_scope_candidates_are_still_found(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "bot"):
        assert len(bench.hubspot.salesforce_only_owners()) == 2
    assert "settings.users.read" in caplog.text
    with pytest.raises(VendorError) as caught:
        bench.hubspot.is_super_admin("ada@example.com")
    assert caught.value.code == "hubspot_missing_scope"
    assert caught.value.missing == "settings.users.read"
    assert "settings.users.read" in str(caught.value.remedy)
    assert caught.value.reference


def test_a_wrong_token_is_named_and_never_shown(bench: Bench) -> None:
    token = "pat-eu1-very-secret"
    with pytest.raises(VendorError) as caught:
        HubSpot(token, bench.url).account()
    assert caught.value.code == "hubspot_unauthorized"
    assert "HUBSPOT_ACCESS_TOKEN" in str(caught.value.remedy)
    assert not caught.value.retryable
    assert caught.value.reference
    assert token not in f"{caught.value} {caught.value.__cause__} {vars(caught.value)}"


def test_counts_and_lists_the_records_of_an_owner(bench: Bench) -> None:
    owner = bench.owner(HOSTILE)
    assert bench.hubspot.count_records("contacts", owner) == 350
    assert bench.hubspot.count_records("deals", owner) == 0
    ids = bench.all_ids("contacts", owner)
    assert len(set(ids)) == 350
    assert ids == sorted(ids, key=int)


def test_knows_when_the_sync_last_ran(bench: Bench) -> None:
    moment = bench.hubspot.last_sync()
    assert moment is not None
    assert abs((datetime.now(UTC) - moment).total_seconds()) < 2 * 3600


@pytest.mark.parametrize("bench", [{"salesforce_owners": []}], indirect=True)
def test_no_record_means_no_sync(bench: Bench) -> None:
    assert bench.hubspot.last_sync() is None


@pytest.mark.parametrize("bench", [with_account(daily_used=1234)], indirect=True)
def test_reads_the_daily_usage(bench: Bench) -> None:
    usage = bench.hubspot.daily_usage()
    assert usage is not None
    assert usage.limit == 625_000
    assert usage.used >= 1234
    assert usage.resets_at is not None


@pytest.mark.parametrize(
    "bench",
    [{"salesforce_owners": [{"name": HOSTILE, "email": "x@y.z", "records": {"deals": 12_345}}]}],
    indirect=True,
)
def test_reassigns_thousands_past_the_search_limit(bench: Bench) -> None:
    old, new = bench.owner(HOSTILE), bench.owner("New Owner")
    ids = [str(key) for key in bench.account.tables["deals"].ids]
    assert len(ids) == 12_345
    seen = [ids[9_899]]
    while page := bench.hubspot.record_ids("deals", [old], seen[-1]):
        seen += page
    assert seen == ids[9_899:]
    done = bench.hubspot.reassign("deals", ids[:5_000], new)
    assert (len(done.changed), done.rejected) == (5_000, ())
    assert bench.hubspot.count_records("deals", new) == 5_000
    assert bench.hubspot.count_records("deals", old) == 7_345
    assert bench.hubspot.owners_of("deals", ids[:3]) == dict.fromkeys(ids[:3], new)


def test_pages_stay_right_while_records_leave_the_result(bench: Bench) -> None:
    old, new = bench.owner(HOSTILE), bench.owner("New Owner")
    seen: list[str] = []
    while page := bench.hubspot.record_ids("contacts", [old], seen[-1] if seen else ""):
        seen += page
        bench.hubspot.reassign("contacts", page, new)
    assert len(set(seen)) == 350


def test_unknown_records_are_rejected_and_the_rest_is_changed(bench: Bench) -> None:
    new = bench.owner("New Owner")
    ids = bench.all_ids("contacts", bench.owner(HOSTILE))[:10]
    done = bench.hubspot.reassign("contacts", [*ids, "999999", ids[0]], new)
    assert set(done.changed) == set(ids)
    assert [rejected.record_id for rejected in done.rejected] == ["999999"]
    assert "deleted or merged" in done.rejected[0].reason


def test_part_failures_are_told_record_by_record(bench: Bench) -> None:
    ids = bench.all_ids("contacts", bench.owner(HOSTILE))[:50]
    fault(bench.world, "hubspot", "batch/update", "part_failure", count=3)
    done = bench.hubspot.reassign("contacts", ids, bench.owner("New Owner"))
    assert len(done.changed) == 47
    assert len(done.rejected) == 3
    assert all("validation rules" in rejected.reason for rejected in done.rejected)
    assert set(done.changed) | {one.record_id for one in done.rejected} == set(ids)


def test_an_owner_that_hubspot_does_not_take_rejects_all_with_one_request(bench: Bench) -> None:
    ids = bench.all_ids("contacts", bench.owner(HOSTILE))[:100]
    done = bench.hubspot.reassign("contacts", ids, "123")
    assert (len(done.changed), len(done.rejected)) == (0, 100)
    assert "not a valid owner ID" in done.rejected[0].reason
    wait_until(lambda: bench.requests("batch/update") > 0)
    assert bench.requests("batch/update") == 1


@pytest.mark.parametrize("kind", ["429", "500", "502", "lost_reply", "timeout"])
def test_passing_faults_are_survived(bench: Bench, kind: str) -> None:
    ids = bench.all_ids("contacts", bench.owner(HOSTILE))[:100]
    fault(bench.world, "hubspot", "batch/update", kind, delay=0.7)
    fault(bench.world, "hubspot", "/search", kind, delay=0.7)
    done = bench.hubspot.reassign("contacts", ids, bench.owner("New Owner"))
    assert (len(done.changed), done.rejected) == (100, ())
    assert bench.hubspot.count_records("contacts", bench.owner(HOSTILE)) == 250
    assert 1 <= len(bench.pauses) <= 4


def test_a_reply_lost_again_and_again_is_read_back(bench: Bench) -> None:
    ids = bench.all_ids("contacts", bench.owner(HOSTILE))[:100]
    fault(bench.world, "hubspot", "batch/update", "lost_reply", times=99)
    done = bench.hubspot.reassign("contacts", ids, bench.owner("New Owner"))
    assert (len(done.changed), done.rejected) == (100, ())


def test_a_lasting_failure_is_told_within_its_time(bench: Bench) -> None:
    fault(bench.world, "hubspot", "batch/update", "500", times=99)
    ids = bench.all_ids("contacts", bench.owner(HOSTILE))[:20]
    with pytest.raises(VendorError) as caught:
        bench.hubspot.reassign("contacts", ids, bench.owner("New Owner"))
    assert caught.value.code == "hubspot_unavailable"
    assert caught.value.retryable
    assert not caught.value.unknown  # it was read back: nothing was changed
    assert caught.value.reference
    assert sum(bench.pauses) <= 30
    assert bench.hubspot.count_records("contacts", bench.owner(HOSTILE)) == 350


def test_what_cannot_be_read_back_is_unknown(bench: Bench) -> None:
    ids = bench.all_ids("contacts", bench.owner(HOSTILE))[:20]
    fault(bench.world, "hubspot", "batch/", "lost_reply", times=99)
    with pytest.raises(VendorError) as caught:
        bench.hubspot.reassign("contacts", ids, bench.owner("New Owner"))
    assert caught.value.retryable
    assert caught.value.unknown


def test_a_failure_after_some_batches_says_that_some_may_be_changed(bench: Bench) -> None:
    ids = bench.all_ids("contacts", bench.owner(HOSTILE))[:200]
    fault(bench.world, "hubspot", "batch/update", "unauthorized", after=1)
    with pytest.raises(VendorError) as caught:
        bench.hubspot.reassign("contacts", ids, bench.owner("New Owner"))
    assert caught.value.code == "hubspot_unauthorized"
    assert caught.value.unknown


@pytest.mark.parametrize("bench", [with_account(daily_used=625_000)], indirect=True)
def test_a_used_up_day_is_not_waited_for(bench: Bench) -> None:
    with pytest.raises(VendorError) as caught:
        bench.hubspot.account()
    assert caught.value.code == "hubspot_daily_limit"
    assert caught.value.retryable
    assert (caught.value.retry_after or 0) >= 600
    assert bench.pauses == []


def test_nobody_at_the_address_is_retryable_and_certainly_not_applied() -> None:
    hubspot = HubSpot("x", "http://127.0.0.1:9", patience=Patience(sleep=lambda _: None))
    with pytest.raises(VendorError) as caught:
        hubspot.reassign("contacts", ["1"], "2")
    assert caught.value.code == "hubspot_unreachable"
    assert caught.value.retryable
    assert not caught.value.unknown


def _batch(asked: Asked, bad: set[str], owners: dict[str, str]) -> Reply:
    """A HubSpot that refuses a whole batch for one bad record, as validation rules can."""
    ids = [item["id"] for item in asked.body["inputs"]]
    if asked.path.endswith("/batch/read"):
        results = [{"id": key, "properties": {"hubspot_owner_id": owners[key]}} for key in ids]
        return 200, {"status": "COMPLETE", "results": results}
    if bad & set(ids):
        named = ", ".join(sorted(bad & set(ids)))
        message = f"Validation rule failed for {named}"
        return 400, {"category": "VALIDATION_ERROR", "message": message, "correlationId": "c-1"}
    owners.update({item["id"]: "7" for item in asked.body["inputs"]})
    return 200, {"results": [{"id": key, "properties": {}} for key in ids]}


def test_one_bad_record_never_holds_back_the_rest() -> None:
    ids = [str(number) for number in range(250)]
    owners = dict.fromkeys(ids, "1")
    bad = {"3", "99", "249"}
    with scripted(lambda asked: _batch(asked, bad, owners)) as script:
        done = HubSpot("x", script.url).reassign("contacts", ids, "7")
    assert {rejected.record_id for rejected in done.rejected} == bad
    assert set(done.changed) == set(ids) - bad
    assert all(one.reference == "c-1" for one in done.rejected)
    assert [one.reason for one in done.rejected if one.record_id == "99"] == [
        "Validation rule failed for 99"
    ]
    assert len(script.asked) < 60


@pytest.mark.parametrize(
    ("owner_now", "changed", "reason"),
    [("7", True, ""), ("1", False, "left the owner as it was")],
)
def test_silence_about_a_record_is_read_back(owner_now: str, changed: bool, reason: str) -> None:
    """207 with no results and no errors was seen (facts/hubspot.md)."""

    def answer(asked: Asked) -> Reply:
        if asked.path.endswith("/batch/update"):
            return 207, {"status": "COMPLETE", "results": []}
        return 200, {"results": [{"id": 5, "properties": {"hubspot_owner_id": owner_now}}]}

    with scripted(answer) as script:
        done = HubSpot("x", script.url).reassign("contacts", ["5"], "7")
    assert bool(done.changed) is changed
    assert reason in "".join(one.reason for one in done.rejected)


@pytest.mark.parametrize("content", [b"<html>proxy</html>", [], {"results": 3}, b"", "text", None])
def test_answers_that_are_not_hubspots_are_refused(content: Any) -> None:
    with scripted(lambda _: (200, content)) as script:
        hubspot = HubSpot("x", script.url)
        for call in (hubspot.account, hubspot.active_owners, hubspot.last_sync):
            with pytest.raises(VendorError) as caught:
                call()
            assert caught.value.code == "hubspot_unreadable"


def test_a_cursor_that_stands_still_is_not_followed_for_ever() -> None:
    page = {"results": [], "paging": {"next": {"after": "5"}}}
    with scripted(lambda _: (200, page)) as script, pytest.raises(VendorError) as caught:
        HubSpot("x", script.url).active_owners()
    assert caught.value.code == "hubspot_unreadable"


def test_a_property_that_does_not_exist_means_never_synced() -> None:
    body = {
        "category": "VALIDATION_ERROR",
        "message": "There was a problem with the request.",
        "errors": [{"message": "no such property", "code": "PROPERTY_DOESNT_EXIST"}],
    }
    with scripted(lambda _: (400, body)) as script:
        assert HubSpot("x", script.url).last_sync() is None


def test_a_missing_usage_endpoint_is_an_absence() -> None:
    with scripted(lambda _: (404, {"message": "resource not found"})) as script:
        assert HubSpot("x", script.url).daily_usage() is None


@pytest.mark.parametrize(
    ("status", "body", "headers", "pause"),
    [
        (423, {"message": "locked"}, {}, 2.0),
        (477, {"message": "migrating"}, {"Retry-After": "7"}, 7.0),
        (429, {"policyName": "SECONDLY"}, {}, 1.0),
        (429, {"policyName": "TEN_SECONDLY_ROLLING"}, {"Retry-After": "1"}, 1.0),
    ],
)
def test_pauses_are_as_long_as_hubspot_asks(
    status: int, body: Any, headers: dict[str, str], pause: float
) -> None:
    pauses: list[float] = []
    replies: list[Reply] = [(status, body, headers), (200, {"portalId": 1})]
    with scripted(lambda _: replies.pop(0)) as script:
        hubspot = HubSpot("x", script.url, patience=Patience(sleep=pauses.append))
        assert hubspot.account().portal_id == "1"
    assert len(pauses) == 1
    assert pauses[0] >= pause


@pytest.mark.parametrize(
    "bench",
    [with_account(scopes_missing=["settings.users.read", "crm.objects.deals.read"])],
    indirect=True,
)
def test_the_check_names_each_missing_scope_once(bench: Bench) -> None:
    missing = {error.missing for error in check_hubspot(bench.hubspot)}
    assert missing == {"settings.users.read", "crm.objects.deals.read"}
    errors = check_hubspot(HubSpot("wrong", bench.url))
    assert [error.code for error in errors] == ["hubspot_unauthorized"]


def test_the_check_of_a_good_account_finds_nothing(bench: Bench) -> None:
    assert check_hubspot(bench.hubspot) == []


def test_nulls_in_a_refusal_hide_nothing() -> None:
    body = {"message": None, "policyName": None, "correlationId": "c-9", "errors": [{"code": None}]}
    with scripted(lambda _: (400, body)) as script, pytest.raises(VendorError) as caught:
        HubSpot("x", script.url).account()
    assert caught.value.reference == "c-9"
