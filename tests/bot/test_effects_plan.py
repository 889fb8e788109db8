"""The plan: what is found before anything is asked, and what can be done without."""

from __future__ import annotations

import pytest

from bot.ports import SalesforcePerson
from tests.bot.rig import Rig
from tests.workflows import journeys, samples
from tests.workflows.samples import HELEN, HUGO, QUEUE, SAM, SUE
from workflows import commands as c
from workflows import events as e
from workflows.states import State
from workflows.values import Owner, Plan, Suggestion


def planned(rig: Rig) -> Plan:
    rig.adopt(journeys.to_planning())
    rig.settle()
    assert rig.run.plan is not None
    return rig.run.plan


@pytest.fixture
def company(rig: Rig) -> Rig:
    rig.hubspot.fill("contacts", SAM, 450)
    rig.hubspot.fill("deals", SAM, 2)
    rig.hubspot.fill("companies", SUE, 500)
    rig.hubspot.records["tickets"] = {"1": SAM.id}
    rig.hubspot.super_admins = {"anna@example.com": True}
    rig.slack.emails = {"UA": "anna@example.com"}
    return rig


def test_everything_is_looked_at(company: Rig) -> None:
    plan = planned(company)
    assert plan.account == samples.ACCOUNT
    assert [(one.owner, one.counts) for one in plan.owners] == [
        (SUE, {"contacts": 0, "companies": 500, "deals": 0}),
        (SAM, {"contacts": 450, "companies": 0, "deals": 2}),
        (QUEUE, {"contacts": 0, "companies": 0, "deals": 0}),
    ]
    assert plan.owners[1].other_counts == {"tickets": 1}
    assert plan.total == 952
    assert plan.inventory == company.salesforce.installed
    assert plan.active_owners == 2
    assert plan.requester_is_super_admin is True
    assert plan.taken_at == company.clock.now()
    assert company.run.state is State.AWAITING_APPROVAL
    assert company.run.missing == frozenset()


def test_nothing_is_written(company: Rig) -> None:
    planned(company)
    assert company.hubspot.writes == []
    assert company.salesforce.deployments == []


def test_the_forecast(company: Rig) -> None:
    forecast = planned(company).forecast
    assert forecast.update_calls == 5 + 1 + 5
    assert forecast.search_calls >= 3
    assert forecast.seconds >= 1
    assert (forecast.daily_limit, forecast.daily_remaining) == (1_000, 600)


def test_nobody_and_nothing(rig: Rig) -> None:
    rig.hubspot.salesforce_owners = []
    rig.salesforce.installed = None
    plan = planned(rig)
    assert (plan.owners, plan.inventory, plan.total) == ((), None, 0)


@pytest.mark.parametrize(
    ("vendor", "call", "capability"),
    [
        ("hubspot", "is_super_admin", "hubspot_users"),
        ("hubspot", "daily_usage", "hubspot_daily_usage"),
        ("salesforce", "people", "salesforce_users"),
        ("slack", "profile", "slack_email"),
    ],
)
def test_what_is_not_granted_is_said_once_and_done_without(
    company: Rig, vendor: str, call: str, capability: str
) -> None:
    faulty = {"hubspot": company.hubspot, "salesforce": company.salesforce, "slack": company.slack}
    faulty[vendor].fail(call, times=20, missing="some.scope")
    planned(company)
    missing = [event.capability for event in company.happened(e.CapabilityMissing)]
    assert missing == [capability]
    company.does("UA", c.RetakePlan())
    company.settle()
    assert company.run.state is State.AWAITING_APPROVAL
    assert len(company.happened(e.CapabilityMissing)) == 1


def test_a_passing_error_is_waited_out(company: Rig) -> None:
    company.hubspot.fail("account", times=2)
    company.adopt(journeys.to_planning())
    company.until(lambda: company.run.plan is not None)
    assert company.run.blocked is None


def test_what_it_cannot_do_without_blocks_with_a_remedy(company: Rig) -> None:
    company.hubspot.fail("owner_census", missing="crm.objects.owners.read")
    company.adopt(journeys.to_planning())
    company.settle()
    assert company.run.plan is None
    assert company.run.blocked is not None
    company.does("UA", c.Retry())
    company.settle()
    assert company.run.state is State.AWAITING_APPROVAL
    assert company.run.blocked is None


def test_killed_while_planning(company: Rig) -> None:
    company.hubspot.kill("account")
    company.adopt(journeys.to_planning())
    company.settle()
    company.restart()
    assert company.run.state is State.AWAITING_APPROVAL
    assert len(company.happened(e.PlanRecorded)) == 1


# --- suggestions ---------------------------------------------------------------------------------


def person(email: str, manager: str = "") -> SalesforcePerson:
    return SalesforcePerson(email=email, name="", active=True, manager_email=manager)


def suggestion(rig: Rig, *people: SalesforcePerson) -> Suggestion | None:
    rig.salesforce.users = {one.email: one for one in people}
    plan = planned(rig)
    return next(one.suggestion for one in plan.owners if one.owner.id == SAM.id)


def test_the_manager_is_suggested(rig: Rig) -> None:
    found = suggestion(rig, person("sam@example.com", "Helen@Example.com"))
    assert found == Suggestion(target=HELEN, why="manager", via="helen@example.com")


def test_above_a_manager_without_hubspot_the_next_is_suggested(rig: Rig) -> None:
    found = suggestion(
        rig,
        person("sam@example.com", "boss@example.com"),
        person("boss@example.com", "hugo@example.com"),
    )
    assert found is not None
    assert found.target == HUGO


def test_managers_in_a_circle_end(rig: Rig) -> None:
    found = suggestion(
        rig,
        person("sam@example.com", "boss@example.com"),
        person("boss@example.com", "sam@example.com"),
    )
    assert found is None


def test_the_one_owner_of_the_same_name_is_suggested(rig: Rig) -> None:
    twin = Owner(id="777", name="sam salesforce", email="other@example.com")
    rig.hubspot.owners.append(twin)
    assert suggestion(rig) == Suggestion(target=twin, why="same_name")


def test_of_two_of_the_same_name_none_is_suggested(rig: Rig) -> None:
    for number in ("777", "778"):
        rig.hubspot.owners.append(Owner(id=number, name="Sam Salesforce"))
    assert suggestion(rig) is None


def test_a_queue_gets_no_suggestion(rig: Rig) -> None:
    plan = planned(rig)
    assert next(one.suggestion for one in plan.owners if one.owner.id == QUEUE.id) is None


def test_a_token_that_may_not_write_is_told_before_anybody_approves(company: Rig) -> None:
    company.hubspot.lacking = ("crm.objects.deals.write",)
    planned(company)
    assert company.run.missing == {"hubspot_write"}
    assert company.run.state is State.AWAITING_APPROVAL
