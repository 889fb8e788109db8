"""What has changed since something was asked before: named thing by thing, and nothing else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.workflows import journeys, samples
from tests.workflows.driver import kinds
from workflows import commands as c
from workflows.changes import Change, Removal, package_changes, plan_changes, removal_changes
from workflows.values import Account, Inventory, Plan, Waiver

PLAN = samples.plan(samples.START)
PACKAGE = samples.inventory()


def plan_with(**other: Any) -> Plan:
    return PLAN.model_copy(update=other)


def package_with(**other: Any) -> Inventory:
    return PACKAGE.model_copy(update=other)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (plan_with(taken_at=samples.START + timedelta(hours=1), active_owners=9), ()),
        (
            plan_with(account=Account(portal_id="1")),
            (Change(what="account", was="62515", now="1"),),
        ),
        (plan_with(requester_is_super_admin=False), (Change(what="rights", now="no"),)),
        (
            plan_with(owners=samples.OWNERS[:2]),
            (Change(what="owner", name="Leads queue", was=3),),
        ),
        (
            plan_with(
                owners=(*samples.OWNERS, samples.owned(samples.HUGO, 2, 0, others={"calls": 4}))
            ),
            (Change(what="owner", name="Hugo Hub", now=6),),
        ),
        (
            plan_with(owners=(samples.owned(samples.SAM, 3, 2), *samples.OWNERS[1:])),
            (Change(what="records", name="Sam Salesforce", part="deals", was=1, now=2),),
        ),
        (
            plan_with(
                owners=(samples.owned(samples.SAM, others={"tickets": 1}), *samples.OWNERS[1:])
            ),
            (Change(what="records", name="Sam Salesforce", part="tickets", was=0, now=1),),
        ),
        (
            plan_with(deactivated=(samples.HELEN,)),
            (Change(what="deactivated", name="Helen Hub", now="Helen Hub"),),
        ),
        (plan_with(inventory=None), (Change(what="installed", was="1.148"),)),
    ],
)
def test_of_a_plan(now: Plan, expected: tuple[Change, ...]) -> None:
    assert plan_changes(PLAN, now) == expected
    turned = tuple(one.model_copy(update={"was": one.now, "now": one.was}) for one in expected)
    assert plan_changes(now, PLAN) == turned


NEXT = PACKAGE.package.model_copy(update={"version": "1.149"})


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (package_with(org_url="elsewhere", incomplete=()), []),
        (package_with(package=NEXT), [Change(what="version", was="1.148", now="1.149")]),
        (package_with(org_id="00Dyy"), [Change(what="org", was="00Dxx", now="00Dyy")]),
        (
            samples.inventory("Hub", "Later"),
            [
                Change(what="component", name="ApexClass Later", now="ApexClass Later"),
                Change(what="component", name="ApexClass Sync", was="ApexClass Sync"),
            ],
        ),
        (
            samples.inventory(objects={"HubSpot__Log__c": 13}),
            [Change(what="object", name="HubSpot__Log__c", was=12, now=13)],
        ),
        (
            samples.inventory(objects={"HubSpot__Log__c": None}),
            [Change(what="object", name="HubSpot__Log__c", was=12, now="")],
        ),
        (
            samples.inventory(objects={}),
            [Change(what="object", name="HubSpot__Log__c", was=12)],
        ),
        (
            samples.inventory(blockers=(samples.BLOCKER,)),
            [
                Change(
                    what="blocker",
                    name="Flow Nightly → HubSpot__Log__c",
                    now="Flow Nightly → HubSpot__Log__c",
                )
            ],
        ),
        (
            package_with(permission_sets={"Sync user": ("ada@acme",)}),
            [Change(what="assigned", name="Sync user: ada@acme", now="Sync user: ada@acme")],
        ),
        (
            package_with(folders={"Reports": ("Leads",)}),
            [Change(what="in_folder", name="Reports: Leads", now="Reports: Leads")],
        ),
    ],
)
def test_of_a_package(now: Inventory, expected: list[Change]) -> None:
    assert package_changes(PACKAGE, now) == expected


def test_of_the_choice_about_the_data() -> None:
    kept = Removal(inventory=PACKAGE, keep=True)
    waiver = Waiver(by="UC", at=samples.START, reason="warehouse")
    waived = Removal(inventory=PACKAGE, keep=False, waiver=waiver)
    backed_up = Removal(inventory=PACKAGE, keep=False, backup=samples.backup())
    assert removal_changes(kept, kept) == ()
    assert [one.what for one in removal_changes(kept, waived)] == ["copy", "waiver"]
    assert [one.what for one in removal_changes(waived, backed_up)] == ["backup", "waiver"]


class TestAskedAgain:
    def test_the_plan_is_compared_with_the_one_before(self) -> None:
        talk = journeys.to_approval()
        before, first, earlier = talk.run.plan, talk.run.plan_digest, talk.run.plan_before
        assert earlier is None
        talk.bela.asks_for_a_new_plan()
        assert talk.run.plan_before == before
        talk.bot.plans()
        assert talk.run.plan_before == before
        assert talk.run.plan_digest != first
        assert talk.run.votes == {}

    def test_a_changed_package_is_compared_with_what_was_asked(self) -> None:
        talk = journeys.to_removal_approval()
        asked, earlier = talk.run.asked_removal, talk.run.removal_before
        assert earlier is None
        other = samples.inventory("Hub", "Sync", "Added")
        assert kinds(talk.bot.reads_the_package(other)) == ["InventoryChanged"]
        assert talk.run.removal_before == asked
        now = talk.run.asked_removal
        assert asked is not None
        assert now is not None
        assert [one.name for one in removal_changes(asked, now)] == ["ApexClass Added"]

    def test_a_choice_made_anew_is_compared_with_the_one_before(self) -> None:
        talk = journeys.to_removal_approval()
        asked = talk.run.asked_removal
        talk.anna.reconsiders()
        talk.anna.does(c.ChooseDataCopy(keep=True))
        assert talk.run.removal_before == asked == talk.run.asked_removal
