"""Who may do what: from the settings alone, with user groups that fail closed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.people import FRESH, PROFILE_FRESH, STALE, TOGETHER, People
from bot.vendors.slack import Profile
from tests.bot.fakes import FakeSlack
from tests.bot.faults import Death, FakeClock
from tests.bot.rig import settings
from tests.workflows import samples
from workflows.errors import Refused
from workflows.values import Role


class Town:
    """People, their Slack, and the time."""

    def __init__(self, directory: Path) -> None:
        self.slack = FakeSlack(FakeClock(samples.START), Death())
        self.slack.groups = {"S1": ("U1", "U2")}
        self.slack.locales = {"UA": "pl-PL", "U1": "pl-PL"}
        self.now = 0.0
        self.people = People(
            settings(directory / "x.db", sunset_admins="UA,S1", sunset_approvers="S1,UC"),
            self.slack,
            monotonic=lambda: self.now,
        )


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    made = Town(tmp_path)
    yield made
    made.people.close()


def eventually(reached: Callable[[], object]) -> None:
    end = time.monotonic() + 5
    while not reached():
        assert time.monotonic() < end
        time.sleep(0.002)


def unknown(town: Town, who: str) -> bool:
    try:
        town.people.roles(who)
    except Refused as refused:
        return refused.code == "identity_unknown"
    return False


def test_who_is_named_has_a_role_once_slack_has_confirmed_them(town: Town) -> None:
    town.people.refresh()
    assert town.people.roles("UA") == {Role.ADMINISTRATOR}
    assert town.people.roles("UC") == {Role.APPROVER}
    assert town.people.roles("UZ") == frozenset()


def test_before_anything_was_read_a_click_looks_who_it_is(town: Town) -> None:
    assert town.people.roles("UA") == {Role.ADMINISTRATOR}
    assert unknown(town, "U1"), "nobody knows yet who is in the group"


def test_members_of_a_group_have_it_once_the_group_was_read(town: Town) -> None:
    town.people.refresh()
    assert town.people.roles("U1") == {Role.ADMINISTRATOR, Role.APPROVER}
    assert town.people.administrators() == ["UA", "U1", "U2"]
    assert town.people.approvers() == ["U1", "U2", "UC"]


def test_who_left_the_group_loses_the_role(town: Town) -> None:
    town.people.refresh()
    town.slack.groups = {"S1": ("U2",)}
    town.now += FRESH
    town.people.refresh()
    assert town.people.roles("U1") == frozenset()
    assert town.people.roles("U2") == {Role.ADMINISTRATOR, Role.APPROVER}


def test_a_group_that_cannot_be_read_counts_for_a_while_then_for_nothing(town: Town) -> None:
    town.people.refresh()
    town.slack.fail("group_members", times=99)
    town.now += STALE
    town.people.refresh()
    assert town.people.roles("U1")
    town.now += 1
    town.people.refresh()
    assert unknown(town, "U1")
    assert town.people.roles("UA") == {Role.ADMINISTRATOR}
    assert town.people.approvers() == ["UC"]


@pytest.mark.attack("access", "deactivated, guests, bots, Slack Connect, groups that are gone")
@pytest.mark.parametrize("mark", ["active", "bot", "outsider"])
def test_who_is_no_full_member_has_no_role(town: Town, mark: str) -> None:
    town.people.refresh()
    assert town.people.roles("U1")
    town.slack.marks["U1"] = {mark: mark != "active"}
    town.now += FRESH
    town.people.refresh()
    assert town.people.roles("U1") == frozenset()
    assert "U1" not in (*town.people.administrators(), *town.people.approvers())
    assert town.people.roles("U2")


@pytest.mark.attack("access", "deactivated, guests, bots, Slack Connect, groups that are gone")
def test_a_group_that_is_gone_counts_for_nobody_at_once(town: Town) -> None:
    town.people.refresh()
    town.slack.fail("group_members", retryable=False)
    town.now += FRESH
    town.people.refresh()
    assert town.people.roles("U1") == frozenset()


@pytest.mark.attack("access", "Slack cannot be asked")
def test_when_slack_cannot_be_asked_nobody_has_a_role(town: Town) -> None:
    town.people.refresh()
    town.slack.fail("profile", times=99)
    town.slack.fail("group_members", times=99)
    town.now += STALE
    assert town.people.roles("UA"), "for a while the last answer counts"
    town.now += 1
    town.people.refresh()
    for who in ("UA", "UC", "U1", "UZ"):
        assert unknown(town, who)
    assert town.people.administrators() == town.people.approvers() == []


def test_a_click_does_not_wait_longer_than_it_may(town: Town) -> None:
    slow = threading.Event()
    asked = town.slack.profile

    def slowly(user: str) -> Profile:
        slow.wait(5)
        return asked(user)

    town.slack.profile = slowly  # type: ignore[method-assign]  # a method that waits
    begun = time.monotonic()
    assert unknown(town, "UA")
    assert time.monotonic() - begun < 3
    slow.set()
    eventually(lambda: not unknown(town, "UA"))


def test_groups_of_approvers(tmp_path: Path) -> None:
    slack = FakeSlack(FakeClock(samples.START), Death())
    slack.groups = {"S1": ("U1", "UZ")}
    told = settings(
        tmp_path / "x.db",
        sunset_approvers="U1,U2,U3",
        sunset_approval_groups="HubSpot = S1 U2; Salesforce=U2",
    )
    people = People(told, slack, monotonic=lambda: 0.0)
    people.refresh()
    assert people.group_members() == {"HubSpot": ("U1", "U2"), "Salesforce": ("U2",)}
    assert people.groups("U2") == {"HubSpot", "Salesforce"}
    assert people.groups("UZ") == frozenset(), "not an approver"
    people.close()


def test_more_people_than_slack_takes_at_once_are_read_in_turn(tmp_path: Path) -> None:
    slack = FakeSlack(FakeClock(samples.START), Death())
    many = ",".join(f"U{number}" for number in range(100))
    people = People(settings(tmp_path / "x.db", sunset_approvers=many), slack)
    for reads in (TOGETHER, 2 * TOGETHER, 100):
        people.refresh()
        assert len(people.approvers()) >= reads - 3
    people.close()


def test_a_group_is_not_read_all_the_time(town: Town) -> None:
    for _ in range(5):
        town.people.refresh()
    assert town.slack.count("group_members") == 1


def test_a_locale_is_the_channels_until_it_is_known(town: Town) -> None:
    assert town.people.locale("UA") == "en"
    eventually(lambda: town.people.locale("UA") == "pl-PL")
    town.slack.locales["UA"] = "en-GB"
    town.now += PROFILE_FRESH + 1
    assert town.people.locale("UA") == "pl-PL", "nobody waits for Slack"
    eventually(lambda: town.people.locale("UA") == "en-GB")


def test_a_locale_that_can_be_waited_for_is_the_persons_own(town: Town) -> None:
    assert town.people.own_locale("UA") == "pl-PL"
    assert town.people.own_locale("UA") == "pl-PL"
    assert town.slack.count("profile") == 1
    town.slack.fail("profile", times=9)
    assert town.people.own_locale("UZ") == "en", "the channels', where Slack does not tell"


def test_a_profile_that_cannot_be_read_is_asked_for_again(town: Town) -> None:
    town.slack.fail("profile")
    assert town.people.locale("UA") == "en"
    eventually(lambda: town.people.locale("UA") == "pl-PL")


def test_after_the_end_nothing_is_fetched_and_nothing_fails(town: Town) -> None:
    town.people.close()
    assert town.people.locale("UZ") == "en"
    town.people.refresh()


def test_an_e_mail_gives_no_role(town: Town) -> None:
    town.people.refresh()
    town.slack.emails = {"UZ": "anna@example.com"}
    assert town.people.email("UZ") == "anna@example.com"
    assert town.people.roles("UZ") == frozenset()
