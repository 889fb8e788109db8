"""The HubSpot adapter, over real sockets against the sandbox and a scripted server."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from time import monotonic
from typing import Any

import pytest

from bot.errors import VendorError
from bot.ports import DailyUsage, Swap, Swapped
from bot.vendors.check import check_hubspot
from bot.vendors.hubspot import HubSpot
from bot.vendors.hubspot_limits import Budget
from bot.vendors.hubspot_scopes import HUBSPOT_SCOPES
from bot.vendors.hubspot_usage import Usage
from bot.vendors.patience import Patience
from sandbox.hubspot.api import create_app
from sandbox.hubspot.records import Dirty
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
GENEROUS = {"index_lag": 0.0, "per_ten_seconds": 1_000_000, "searches_per_second": 1_000_000}
TEAMS = [{"id": "1", "name": "North"}, {"id": "2", "name": "Sales", "primary": True}]
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
        while page := self.hubspot.records_of(object_type, [owner_id], ids[-1] if ids else ""):
            ids += page.owners
            if len(page.owners) < 200:
                break
        return ids

    def count(self, object_type: str, name: str) -> int:
        owner_id = self.owner(name)
        return self.hubspot.count_by_owner(object_type, [owner_id])[owner_id]

    def swap(self, ids: Iterable[str], object_type: str = "contacts") -> Swapped:
        """Give records from the hostile owner to the new one; each is accounted for."""
        old, new = self.owner(HOSTILE), self.owner("New Owner")
        swaps = [Swap(key, old, new) for key in ids]
        done = self.hubspot.swap_owners(object_type, swaps, lambda: True)
        rejected = [one.record_id for one in done.rejected]
        told = [*done.changed, *done.already, *done.elsewhere, *done.gone, *rejected, *done.unclear]
        assert sorted(told) == sorted(one.record_id for one in swaps)
        return done

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
                {"name": "New Owner", "email": "new@example.com", "teams": TEAMS},
                {"name": "Left Long Ago", "email": "left@example.com", "active": False},
            ],
            "salesforce_owners": [
                {"name": HOSTILE, "email": "o'brien@example.com", "records": {"contacts": 350}},
                {"name": "", "type": "QUEUE", "records": {"companies": 3, "tickets": 2}},
                {"name": "No Mail", "records": {"vehicles": 3}},
            ],
            "custom_objects": [
                {"name": "vehicles", "singular": "vehicle", "plural": "Vehicles"},
                {"name": "leases", "singular": "lease", "plural": "Car leases"},
            ],
            "account": GENEROUS,
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
        token = scenario.account.token
        hubspot = HubSpot(token, url, timeout=0.5, budget=unlimited(), patience=patience)
        yield Bench(world, account, hubspot, url, pauses)


def unlimited() -> Budget:
    """A budget that never waits."""
    ticks = count(0, 1000.0)
    return Budget(clock=lambda: next(ticks))


def with_account(**changes: Any) -> Any:
    return pytest.param({"account": {**GENEROUS, **changes}}, id=str(changes))


def test_says_which_account_it_is(bench: Bench) -> None:
    account = bench.hubspot.account()
    assert (account.portal_id, account.time_zone) == ("4711008", "Europe/Warsaw")
    assert account.account_type == "STANDARD"


def test_knows_who_is_a_super_admin(bench: Bench) -> None:
    assert bench.hubspot.is_super_admin("ada@example.com") is True
    assert bench.hubspot.is_super_admin("nobody/../x?y=&@example.com") is None


def candidates(bench: Bench) -> list[tuple[str, str]]:
    return [(owned.owner.name, owned.why) for owned in bench.hubspot.owner_census().salesforce_only]


def test_tells_the_owners_apart(bench: Bench) -> None:
    census = bench.hubspot.owner_census()
    assert [(owned.owner.name, owned.why) for owned in census.salesforce_only] == [
        (HOSTILE, "email_unknown"),
        ("", "queue"),
        ("No Mail", "no_hubspot_user"),
    ]
    queue = census.salesforce_only[1].owner
    assert (queue.kind, queue.label) == ("queue", f"#{queue.id}")
    assert [owner.name for owner in census.active] == ["Ada Admin", "New Owner"]
    assert [owner.name for owner in census.deactivated] == ["Left Long Ago"]
    assert census.active == bench.hubspot.active_owners()
    assert census.active[1].teams == ("Sales", "North")


@pytest.mark.parametrize(
    "bench",
    [{"generate": {"hubspot_owners": 1_203, "salesforce_owners": 700, "queues": 5}}],
    indirect=True,
)
def test_reads_all_pages_of_owners(bench: Bench) -> None:
    census = bench.hubspot.owner_census()
    assert len(census.active) == 1_203 + 2
    assert len(census.salesforce_only) == 700 + 5 + 3


def test_a_user_without_an_owner_id_of_its_own_is_not_salesforce_only(bench: Bench) -> None:
    """The e-mail of a user, or of a deactivated one, speaks for a HubSpot owner."""
    by_name = {owner.name: owner for owner in bench.account.owners.values()}
    for email in ("Ada@Example.com ", "left@example.com"):
        by_name[HOSTILE].email = email
        assert HOSTILE not in dict(candidates(bench))


def test_an_owner_with_nothing_but_a_former_login_is_deactivated(bench: Bench) -> None:
    hostile = next(owner for owner in bench.account.owners.values() if owner.name == HOSTILE)
    hostile.inactive_user_id = 5
    assert HOSTILE not in dict(candidates(bench))
    assert HOSTILE in [owner.name for owner in bench.hubspot.owner_census().deactivated]


@pytest.mark.parametrize(
    "bench", [with_account(scopes_missing=["settings.users.read"])], indirect=True
)
def test_without_the_users_scope_candidates_are_still_found(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "bot"):
        assert candidates(bench) == [
            (HOSTILE, "no_hubspot_user"),
            ("", "queue"),
            ("No Mail", "no_hubspot_user"),
        ]
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
    assert bench.count("contacts", HOSTILE) == 350
    assert bench.count("deals", HOSTILE) == 0
    ids = bench.all_ids("contacts", owner)
    assert len(set(ids)) == 350
    assert ids == sorted(ids, key=int)
    page = bench.hubspot.records_of("contacts", [owner, bench.owner("")], ids[99])
    assert (list(page.owners), page.total) == (ids[100:300], 250)
    assert set(page.owners.values()) == {owner}


@pytest.mark.parametrize(
    ("each", "searches"),
    [(0, 2), (3, 2 + 1), (400, 1 + 1 + 130)],
    ids=["nothing", "little", "much"],
)
def test_counting_many_owners_takes_few_searches(each: int, searches: int) -> None:
    owners = [str(number) for number in range(1, 131)]

    def answer(asked: Asked) -> Reply:
        filters = {one["propertyName"]: one for one in asked.body["filterGroups"][0]["filters"]}
        wanted = filters["hubspot_owner_id"]["values"]
        after = int(filters.get("hs_object_id", {}).get("value", -1))
        records = sorted((int(one) + 1000 * place, one) for one in wanted for place in range(each))
        left = [(key, one) for key, one in records if key > after]
        results = [
            {"id": str(key), "properties": {"hubspot_owner_id": one}}
            for key, one in left[: asked.body["limit"]]
        ]
        assert len(json.dumps(asked.body)) <= 3_000
        return 200, {"total": len(left), "results": results}

    with scripted(answer) as script:
        hubspot = HubSpot("x", script.url, budget=unlimited())
        assert hubspot.count_by_owner("contacts", owners) == dict.fromkeys(owners, each)
    assert len(script.asked) == searches


def test_an_object_without_owners_has_no_owned_records() -> None:
    body = {"category": "VALIDATION_ERROR", "errors": [{"code": "PROPERTY_DOESNT_EXIST"}]}
    with scripted(lambda _: (400, body)) as script:
        assert HubSpot("x", script.url).count_by_owner("2-1", ["5", "6"]) == {"5": 0, "6": 0}


def test_custom_objects_are_counted_and_read_like_the_others(bench: Bench) -> None:
    kinds = bench.hubspot.custom_objects()
    assert [kind.label for kind in kinds] == ["Car leases", "Vehicles"]
    owner = bench.owner("No Mail")
    assert bench.hubspot.count_by_owner(kinds[1].name, [owner]) == {owner: 3}
    ids = list(bench.hubspot.records_of(kinds[1].name, [owner]).owners)
    swaps = [Swap(key, owner, bench.owner("New Owner")) for key in ids]
    assert len(bench.hubspot.swap_owners(kinds[1].name, swaps, lambda: True).changed) == 3


@pytest.mark.parametrize(
    "bench",
    [with_account(scopes_missing=["crm.schemas.custom.read", "crm.objects.custom.read"])],
    indirect=True,
)
def test_custom_objects_need_their_scopes(bench: Bench) -> None:
    for call in (bench.hubspot.custom_objects, lambda: bench.count("p_vehicles", HOSTILE)):
        with pytest.raises(VendorError) as caught:
            call()
        assert caught.value.missing.startswith("crm.")
        assert caught.value.reference


COMPANIES_OF = {
    "hubspot_owners": [
        {"name": "New Owner", "email": "new@example.com", "records": {"companies": 40}},
        {"name": "Other", "email": "other@example.com", "records": {"companies": 40}},
    ],
    "salesforce_owners": [
        {"name": HOSTILE, "companies_of": "new@example.com", "records": {"contacts": 120}},
        {"name": "No Contacts"},
    ],
    "custom_objects": [],
}


@pytest.mark.parametrize("bench", [COMPANIES_OF], indirect=True)
def test_counts_who_owns_the_companies_of_an_owners_contacts(bench: Bench) -> None:
    counts = bench.hubspot.owners_of_companies(bench.owner(HOSTILE), sample=100)
    new, other = bench.owner("New Owner"), bench.owner("Other")
    assert counts[new] > counts[other] > 0
    # 80 companies have an owner; each contact counts, not each company.
    assert sum(counts.values()) == 100
    assert counts[new] >= 60
    wait_until(lambda: bench.requests("/search") == 1)
    assert bench.hubspot.owners_of_companies(bench.owner("No Contacts")) == {}


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


@pytest.mark.parametrize("bench", [with_account(daily_used=1234)], indirect=True)
def test_answers_tell_the_daily_usage_on_the_way(bench: Bench) -> None:
    assert bench.hubspot.known_usage() is None
    bench.hubspot.account()
    known = bench.hubspot.known_usage()
    assert known is not None
    assert (known.limit, known.used, known.resets_at) == (625_000, 1235, None)
    asked = bench.hubspot.daily_usage()
    bench.hubspot.account()
    known = bench.hubspot.known_usage()
    assert asked is not None
    assert known is not None
    assert (known.used, known.resets_at) == (1237, asked.resets_at)


def test_what_was_known_of_yesterday_is_not_known_of_today() -> None:
    now = datetime(2026, 11, 23, 22, 0, tzinfo=UTC)
    usage = Usage(lambda: now)
    usage.told(DailyUsage(100, 90, now + timedelta(hours=1)))
    assert usage.known() == DailyUsage(100, 90, now + timedelta(hours=1))
    assert usage.seconds_to_reset() == 3600.0
    now += timedelta(hours=1)
    assert usage.known() is None
    assert usage.seconds_to_reset() is None
    usage.observe({"X-HubSpot-RateLimit-Daily": "100", "X-HubSpot-RateLimit-Daily-Remaining": "99"})
    assert usage.known() == DailyUsage(100, 1, None)


@pytest.mark.parametrize(
    "bench",
    [
        {
            "salesforce_owners": [
                {"name": HOSTILE, "email": "x@y.z", "records": {"deals": 12_345}}
            ],
            "custom_objects": [],
        }
    ],
    indirect=True,
)
def test_swaps_thousands_past_the_search_limit(bench: Bench) -> None:
    old, new = bench.owner(HOSTILE), bench.owner("New Owner")
    ids = bench.all_ids("deals", old)
    assert len(set(ids)) == 12_345
    for start in range(0, 1_000, 100):
        assert len(bench.swap(ids[start : start + 100], "deals").changed) == 100
    wait_until(lambda: bench.count("deals", "New Owner") == 1_000)
    assert bench.count("deals", HOSTILE) == 11_345
    assert bench.hubspot.records_of("deals", [new]).owners == dict.fromkeys(ids[:200], new)


def test_pages_stay_right_while_records_leave_the_result(bench: Bench) -> None:
    old = bench.owner(HOSTILE)
    seen: list[str] = []
    while page := bench.hubspot.records_of("contacts", [old], seen[-1] if seen else "").owners:
        seen += page
        bench.swap(list(page)[:100])
        bench.swap(list(page)[100:])
    assert len(set(seen)) == 350
    assert bench.count("contacts", HOSTILE) == 0


def contacts(bench: Bench, count: int) -> list[str]:
    return bench.all_ids("contacts", bench.owner(HOSTILE))[:count]


def test_archived_merged_and_unknown_records_are_gone_and_the_rest_is_changed(bench: Bench) -> None:
    ids = contacts(bench, 10)
    table = bench.account.table("contacts")
    survivor = bench.all_ids("contacts", bench.owner(HOSTILE))[-1]
    table.archive(int(ids[0]))
    table.merge(int(ids[1]), int(ids[2]))
    table.merge(int(ids[3]), int(survivor))
    done = bench.swap([*ids, "999999"])
    assert set(done.changed) == {ids[2], *ids[4:]}
    assert set(done.gone) == {ids[0], ids[1], ids[3], "999999"}
    assert table.owner_of(int(survivor)) == bench.owner(HOSTILE)


def test_records_that_break_a_rule_are_told_one_by_one(bench: Bench) -> None:
    ids = contacts(bench, 50)
    dirty = bench.account.table("contacts").dirty
    dirty[int(ids[7])] = Dirty(whole_batch=True)
    dirty[int(ids[33])] = Dirty()
    fault(bench.world, "hubspot", "batch/update", "part_failure", count=3)
    done = bench.swap(ids)
    rejected = {one.record_id for one in done.rejected}
    assert {ids[7], ids[33]} <= rejected
    assert set(done.changed) == set(ids) - rejected
    assert all("(VALIDATION_ERROR)" in one.reason and one.reference for one in done.rejected)


def test_a_target_that_was_deactivated_rejects_its_records(bench: Bench) -> None:
    ids = contacts(bench, 100)
    bench.account.deactivate(bench.owner("New Owner"))
    done = bench.swap(ids)
    assert (len(done.changed), len(done.rejected)) == (0, 100)
    assert "not a valid owner ID" in done.rejected[0].reason
    wait_until(lambda: bench.requests("batch/update") == 1)


FAULTS = ["429", "500", "502", "lost_reply", "timeout", "locked", "migrating", "garbled"]
APPLIED = {"lost_reply", "garbled"}


@pytest.mark.parametrize("kind", FAULTS)
@pytest.mark.parametrize("call", ["read", "update"])
def test_a_struck_swap_is_unclear_and_the_next_one_knows(
    bench: Bench, kind: str, call: str
) -> None:
    ids = contacts(bench, 20)
    fault(bench.world, "hubspot", f"batch/{call}", kind, delay=0.7)
    done = bench.swap(ids)
    assert set(done.unclear) == set(ids)
    assert done.error is not None
    assert done.error.retryable
    assert bench.pauses == []
    again = bench.swap(ids)
    applied = call == "update" and kind in APPLIED
    assert len(again.already if applied else again.changed) == 20


@pytest.mark.parametrize("kind", FAULTS)
def test_passing_faults_of_readings_are_outlived(bench: Bench, kind: str) -> None:
    ids = contacts(bench, 5)
    bench.pauses.clear()
    fault(bench.world, "hubspot", "/search", kind, delay=0.7)
    fault(bench.world, "hubspot", "batch/read", kind, delay=0.7)
    assert bench.count("contacts", HOSTILE) == 350
    assert len(bench.hubspot.owner_histories("contacts", ids)) == 5
    assert len(bench.pauses) == 2


def test_a_lasting_failure_is_told_within_its_time(bench: Bench) -> None:
    fault(bench.world, "hubspot", "/search", "500", times=99)
    with pytest.raises(VendorError) as caught:
        bench.count("contacts", HOSTILE)
    assert caught.value.code == "hubspot_unavailable"
    assert caught.value.retryable
    assert caught.value.reference
    assert sum(bench.pauses) <= 30


@pytest.mark.parametrize("kind", ["interfere", "archive"])
def test_what_others_do_before_the_reading_is_respected(bench: Bench, kind: str) -> None:
    ids = contacts(bench, 50)
    fault(bench.world, "hubspot", "batch/read", kind, count=5)
    done = bench.swap(ids)
    assert len(done.changed) == 45
    assert len(done.elsewhere if kind == "interfere" else done.gone) == 5


def test_what_others_do_in_the_remaining_window_is_found_in_the_history(bench: Bench) -> None:
    ids = contacts(bench, 10)
    fault(bench.world, "hubspot", "batch/update", "archive", count=1)
    assert (len(bench.swap(ids).changed), len(bench.swap(ids).gone)) == (9, 1)
    ids = bench.all_ids("contacts", bench.owner(HOSTILE))[-10:]
    before = datetime.now(UTC) - timedelta(seconds=5)
    fault(bench.world, "hubspot", "batch/update", "interfere", count=2)
    bench.swap(ids)
    histories = bench.hubspot.owner_histories("contacts", [*ids, "999999"])
    assert list(histories) == ids
    old, new = bench.owner(HOSTILE), bench.owner("New Owner")
    assert {history[0].owner for history in histories.values()} == {new}
    assert {history[-1].owner for history in histories.values()} == {old}
    struck = [history for history in histories.values() if len(history) == 3]
    assert len(struck) == 2
    for newest, between, oldest in struck:
        assert (newest.source, between.source) == ("INTEGRATION", "CRM_UI")
        assert newest.at >= between.at > before > oldest.at


def test_histories_are_read_fifty_at_a_time(bench: Bench) -> None:
    ids = contacts(bench, 60)
    assert list(bench.hubspot.owner_histories("contacts", ids)) == ids
    wait_until(lambda: bench.requests("batch/read") == 2)


def test_histories_come_newest_first_whatever_the_times_look_like() -> None:
    entries = [
        {"value": "", "timestamp": 1_700_000_000_000, "sourceType": "IMPORT"},
        {"value": "8", "timestamp": "2026-11-23T10:00:00.5Z", "sourceType": "CRM_UI"},
        {"value": 7, "timestamp": "1800000000000"},
        {"value": None, "timestamp": "2020-01-01T00:00:00+02:00"},
    ]
    item = {"id": 5, "properties": {}, "propertiesWithHistory": {"hubspot_owner_id": entries}}
    empty = {"id": "6", "propertiesWithHistory": {}}
    with scripted(lambda _: (200, {"results": [item, empty]})) as script:
        found = HubSpot("x", script.url).owner_histories("contacts", ["5", "6"])
        assert script.asked[0].body["propertiesWithHistory"] == ["hubspot_owner_id"]
    assert [change.owner for change in found["5"]] == ["7", "8", None, None]
    assert all(change.at.tzinfo for change in found["5"])
    assert found["6"] == ()


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
    done = hubspot.swap_owners("contacts", [Swap("1", "2", "3")], lambda: True)
    assert done.error is not None
    assert done.error.code == "hubspot_unreachable"
    assert done.error.retryable
    assert not done.error.unknown


def test_a_hung_up_update_may_have_been_applied() -> None:
    def answer(asked: Asked) -> Reply:
        if asked.path.endswith("/update"):
            return None
        return 200, {"results": [{"id": "1", "properties": {"hubspot_owner_id": "2"}}]}

    with scripted(answer) as script:
        done = HubSpot("x", script.url).swap_owners("deals", [Swap("1", "2", "3")], lambda: True)
    assert done.unclear == ("1",)
    assert done.error is not None
    assert done.error.unknown


def test_calls_of_many_threads_keep_their_connections(bench: Bench) -> None:
    ids = contacts(bench, 160)
    with ThreadPoolExecutor(16) as pool:
        done = list(pool.map(lambda start: bench.swap(ids[start : start + 10]), range(0, 160, 10)))
    assert sum(len(one.changed) for one in done) == 160
    wait_until(lambda: bench.requests("batch/update") == 16)


@pytest.mark.parametrize(
    "bench", [{"account": {"per_ten_seconds": 12, "index_lag": 0.0}}], indirect=True
)
def test_the_real_limits_are_kept_without_a_refusal(bench: Bench) -> None:
    """In real time: 16 searches in three seconds, the other calls as many as are allowed."""
    hubspot = HubSpot(bench.world.scenario.account.token, bench.url)
    owner = bench.owner(HOSTILE)
    started = monotonic()
    with ThreadPoolExecutor(8) as pool:
        for _ in range(16):
            pool.submit(hubspot.records_of, "contacts", [owner])
        for _ in range(11):
            pool.submit(hubspot.account)
    assert 3.0 <= monotonic() - started < 4.0
    wait_until(lambda: len(bench.world.log) == 27)
    assert {line.status for line in bench.world.log} == {200}


@pytest.mark.parametrize("status", [400, 429, 500])
def test_a_refusal_in_no_known_letters_is_still_a_refusal(status: int) -> None:
    headers = {"X-HubSpot-Correlation-Id": "c-7"}
    patience = Patience(sleep=lambda _: None)
    with scripted(lambda _: (status, b"\xff\xfe\x00", headers)) as script:
        hubspot = HubSpot("x", script.url, patience=patience, budget=unlimited())
        with pytest.raises(VendorError) as caught:
            hubspot.account()
    assert caught.value.reference == "c-7"


@pytest.mark.parametrize("content", [b"<html>proxy</html>", [], {"results": 3}, b"", "text", None])
def test_answers_that_are_not_hubspots_are_refused(content: Any) -> None:
    with scripted(lambda _: (200, content)) as script:
        patience = Patience(sleep=lambda _: None)
        hubspot = HubSpot("x", script.url, patience=patience, budget=unlimited())
        for call in (
            hubspot.account,
            hubspot.active_owners,
            hubspot.last_sync,
            hubspot.custom_objects,
            lambda: hubspot.records_of("deals", ["1"]),
            lambda: hubspot.owner_histories("deals", ["1"]),
        ):
            with pytest.raises(VendorError) as caught:
                call()
            assert caught.value.code == "hubspot_unreadable"


@pytest.mark.parametrize("ids", [["7", "7"], ["8", "7"], ["5"], ["x"]])
def test_a_page_whose_ids_do_not_ascend_is_not_believed(ids: list[str]) -> None:
    results = [{"id": key, "properties": {}} for key in ids]
    patience = Patience(sleep=lambda _: None)
    with scripted(lambda _: (200, {"total": 2, "results": results})) as script:
        hubspot = HubSpot("x", script.url, patience=patience, budget=unlimited())
        with pytest.raises(VendorError) as caught:
            hubspot.records_of("deals", ["1"], after="6")
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


# --- what the token may --------------------------------------------------------------------------


def test_knows_what_the_token_may(bench: Bench) -> None:
    info = bench.hubspot.token_info()
    assert info is not None
    assert info.portal_id == bench.hubspot.account().portal_id
    assert {scope.name for scope in HUBSPOT_SCOPES} <= info.scopes
    bench.account.scopes_missing = frozenset({"crm.objects.deals.write"})
    info = bench.hubspot.token_info()
    assert info is not None
    assert [scope.name for scope in HUBSPOT_SCOPES if not scope.among(info.scopes)] == [
        "crm.objects.deals.write"
    ]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405])
def test_a_token_of_another_kind_is_not_told_about(status: int) -> None:
    with scripted(lambda _: (status, {"message": "no"})) as script:
        assert HubSpot("secret-key", script.url).token_info() is None
    (asked,) = script.asked
    assert (asked.method, asked.body) == ("POST", {"tokenKey": "secret-key"})
    assert "secret-key" not in asked.path


@pytest.mark.parametrize("answer", [(200, {}), (200, []), (200, {"hubId": 1, "scopes": "all"})])
def test_an_answer_about_the_token_that_cannot_be_read(answer: Reply) -> None:
    patience = Patience(tries=1, tries_unreadable=1)
    with scripted(lambda _: answer) as script, pytest.raises(VendorError) as caught:
        HubSpot("x", script.url, patience=patience).token_info()
    assert caught.value.code == "hubspot_unreadable"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_the_token_is_sent_nowhere_else(status: int) -> None:
    with scripted(lambda _: (200, {"hubId": 1, "scopes": []})) as elsewhere:
        moved = {"Location": f"{elsewhere.url}/oauth"}
        with scripted(lambda _: (status, {}, moved)) as script:
            assert HubSpot("secret-key", script.url).token_info() is None
    assert elsewhere.asked == []


def test_the_token_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with scripted(lambda _: (404, {"message": "no"})) as script:
        assert HubSpot("secret-key", script.url).token_info() is None
    assert "secret-key" not in caplog.text


def test_hubspot_tells_the_time(bench: Bench) -> None:
    bench.hubspot.account()
    assert bench.hubspot.date is not None
    assert abs(bench.hubspot.date - datetime.now(UTC)) < timedelta(seconds=30)
    assert HubSpot("x", bench.url).date is None, "nobody was asked yet"
