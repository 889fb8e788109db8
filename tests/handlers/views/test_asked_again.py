"""Messages that ask for an approval: the digest covers all they say, and they say what changed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, get_args

import pytest

from handlers.render import notice, prompt_message
from handlers.views.changes import change
from tests.attacks import Cases
from tests.handlers import runs
from tests.handlers.runs import Story, tell
from tests.handlers.views.looks import EN, ESCAPED, HOSTILE, PL, WORDY, fits, refs, shown
from workflows import commands as c
from workflows import events as e
from workflows.changes import Change, What
from workflows.prompts import Ask
from workflows.rules import approval
from workflows.run import Run
from workflows.text import N_
from workflows.values import Account, CustomObject, Policy, Reason, Role, Waiver

# Who has answered so far, who is asked, and since when, is no part of what is approved.
BESIDE = re.compile(
    r"Waiting for .*|\*Approvals:\* .*|Approvals lapse .*|.*\*Consent:\*.*|Asked again.*", re.DOTALL
)


def said(run: Run) -> str:
    """Return what a message says about what is approved, without the digest."""
    lines = shown(prompt_message(run, EN, None)).splitlines()
    kept = "\n".join(line for line in lines if not BESIDE.match(line))
    return kept.replace(approval.shown(run), "DIGEST")


def _plans(run: Run) -> Iterator[dict[str, Any]]:
    plan = run.plan
    assert plan is not None
    assert plan.inventory is not None
    few = plan.owners[:1]
    for other in (
        {"owners": few},
        {"owners": ()},
        {"inventory": None},
        {"inventory": runs.inventory(4)},
        {"requester_is_super_admin": False},
        {"account": plan.account.model_copy(update={"portal_id": "9"})},
        {"forecast": plan.forecast.model_copy(update={"update_calls": 99})},
        {"deactivated": (few[0].owner,)},
    ):
        yield {"plan": plan.model_copy(update=other)}


def _removals(run: Run) -> Iterator[dict[str, Any]]:
    found = run.inventory
    assert found is not None
    estimate = CustomObject(name="Prefs__c", records=7, estimated=True)
    for other in (
        {"components": found.components[:1]},
        {"objects": (*found.objects[:1], estimate)},
        {"blockers": ()},
        {"incomplete": ()},
        {"org_id": "00D000000000002"},
        {"org_is_sandbox": True},
        {"package": found.package.model_copy(update={"version": "9"})},
    ):
        yield {"inventory": found.model_copy(update=other)}
    yield {"keep_copy": False}
    made = runs.backup()
    yield {"backup": made, "backup_of": run.inventory_digest}
    yield {"backup": made.model_copy(update={"rows": 1}), "backup_of": run.inventory_digest}
    yield {"backup": made, "backup_of": "another"}
    waived = Waiver(by="U0BEN", at=runs.START, reason="It lies in the warehouse")
    yield {"waiver": waived, "waiver_of": run.inventory_digest}
    yield {"waiver": waived, "waiver_of": "another"}


def _requests(run: Run) -> Iterator[dict[str, Any]]:
    yield {"note": "Another note"}
    yield {"reason": Reason.OTHER}
    yield {"requester": "U0ELSE"}
    yield {"policy": Policy(quorum=1, removal_quorum=1)}
    yield {"policy": Policy(groups=("HubSpot",))}
    yield {"missing": frozenset({"audit_logs"})}
    yield {"approvers": ("U0BEN",)}


@pytest.mark.attack("1", "approving what the message did not show")
@pytest.mark.parametrize(
    ("ask", "own"), [(Ask.APPROVE_PLAN, _plans), (Ask.APPROVE_REMOVAL, _removals)]
)
def test_whatever_a_message_says_its_digest_covers(
    ask: Ask, own: Callable[[Run], Iterator[dict[str, Any]]], cases: Cases
) -> None:
    run = tell(ask).run
    seen = {approval.digest_in_force(run)}
    for other in (*own(run), *_requests(run)):
        changed = run.model_copy(update=other)
        digest = approval.digest_in_force(changed)
        assert digest not in seen, other
        seen.add(digest)
        assert {ref.digest for ref in refs(prompt_message(changed, EN, None))} == {"", digest[:12]}
        cases.add()


@pytest.mark.attack("1", "approving what the message did not show")
@pytest.mark.parametrize("ask", [Ask.APPROVE_PLAN, Ask.APPROVE_REMOVAL])
def test_no_field_of_a_run_changes_a_message_and_not_its_digest(ask: Ask, cases: Cases) -> None:
    """Each field of a run in turn is that of a quite different run at the same question."""
    run, other = tell(ask).run, different(ask)
    telling = set()
    for name in Run.model_fields.keys() - BESIDE_FIELDS:
        changed = run.model_copy(update={name: getattr(other, name)})
        if said(changed) != said(run):
            assert approval.digest_in_force(changed) != approval.digest_in_force(run), name
            telling.add(name)
        cases.add()
    assert telling >= {"note", "reason", "requester", "missing"}
    assert telling & {"plan", "inventory"}


BESIDE_FIELDS = {"responsible", "frozen", "frozen_by", "blocked", "started_at"}
"""Who is asked, whether it is held, and when it was asked for: no part of what is approved."""


def different(ask: Ask) -> Run:
    """Return a run at the same question of which everything is different."""
    story = Story(
        reason=Reason.OTHER,
        note="Quite another one",
        owned=runs.owners(3, "Other"),
        package=runs.inventory(7, 3, "Other"),
        policy=Policy(quorum=1, removal_quorum=1, groups=()),
        account=Account(portal_id="1", account_type="SANDBOX"),
        approvers=("U0ONE", "U0TWO", "U0SIX"),
    )
    story.bot(c.RecordCapabilityMissing(capability="other", problem=N_("Not granted.")))
    if ask is Ask.APPROVE_PLAN:
        runs.planned(tell(ask, story).person(c.RetakePlan()))
    else:
        runs.waived(runs.backed_up(runs.no_copy(tell(Ask.CHOOSE_DATA_COPY, story)), BACKUP))
        story.person(c.ConfirmNoCopy()).person(c.ReconsiderDataCopy())
        runs.no_copy(story).person(c.ConfirmNoCopy())
    story.person(c.HandOver(to="U0OTHER", to_roles=frozenset(Role)))
    assert story.ask is ask
    return story.run.model_copy(update={"requester": "U0OTHER", "id": "run-2"})


BACKUP = runs.backup(gaps=2, hidden=1)


@pytest.mark.parametrize("ask", [Ask.APPROVE_PLAN, Ask.APPROVE_REMOVAL])
def test_what_is_no_part_of_it_leaves_the_digest_alone(ask: Ask) -> None:
    story = tell(ask)
    before = approval.digest_in_force(story.run)
    story.person(c.Approve(shown=approval.shown(story.run)), "U0BEN")
    story.person(c.HandOver(to="U0OTHER", to_roles=frozenset(Role)))
    assert approval.digest_in_force(story.run) == before


def test_a_new_plan_says_what_has_changed() -> None:
    story = tell(Ask.APPROVE_PLAN)
    assert "Asked again" not in shown(prompt_message(story.run, EN, None))
    story.person(c.RetakePlan())
    story.owned = runs.owners(records=31)[:1]
    story.package = runs.inventory(4).model_copy(
        update={"package": story.package.package.model_copy(update={"version": "3.0.2"})}
    )
    runs.planned(story)
    text = shown(fits(prompt_message(story.run, EN, None)))
    for part in (
        "Asked again, because something has changed* (4 differences)",
        "No Salesforce-only owner any more: Sam Sales 1",
        "Sam Sales 0, contacts: 30 before, 31 now",
        "Version of the package: 3.0.1 before, 3.0.2 now",
        "New in the package: ApexClass Prefs__c3",
    ):
        assert part in text
    story.person(c.RetakePlan())
    assert "nothing that is listed here has changed" in shown(
        prompt_message(runs.planned(story).run, EN, None)
    )


def test_a_changed_package_says_so_where_it_is_approved_anew() -> None:
    story = tell(Ask.APPROVE_REMOVAL)
    story.package = runs.inventory(4, blockers=2)
    runs.inventory_taken(story)
    assert isinstance(story.last.event, e.InventoryChanged)
    assert "+ ApexClass Prefs__c3" in shown(notice(story.run, story.last, EN))
    text = shown(fits(prompt_message(story.run, EN, None)))
    assert "New in the package: ApexClass Prefs__c3" in text
    assert "Refers to the package now: Layout Contact 1 Prefs__c" in text
    story.person(c.ReconsiderDataCopy())
    runs.waived(runs.no_copy(story)).person(c.ConfirmNoCopy())
    text = shown(fits(prompt_message(story.run, EN, None)))
    assert "No copy is saved now; before, one was to be." in text
    assert "The backup is waived now." in text


def test_who_saw_another_list_of_blockers_is_named() -> None:
    story = tell(Ask.APPROVE_REMOVAL)
    seen = approval.shown(story.run)
    story.person(c.Approve(shown=seen), "U0BEN")
    story.package = runs.inventory(blockers=3)
    runs.inventory_taken(story)
    assert isinstance(story.last.event, e.InventoryReread)
    assert approval.shown(story.run) != seen, "a click on the message of before is refused"
    text = shown(prompt_message(story.run, EN, None))
    assert "1 of 2 – <@U0BEN>" in text
    assert "Approved before a detail above changed" in text


ENDS: dict[str, list[tuple[int | str | None, int | str | None]]] = {
    "rights": [("yes", "no")],
    "owner": [(None, 3), (3, None)],
    "records": [(1, 2)],
    "object": [(None, 1), (1, None), (1, ""), ("", 2)],
    "installed": [("1", None), (None, "1")],
    "copy": [("yes", "no"), ("no", "yes")],
    "backup": [(None, "f"), ("f", None)],
    "waiver": [(None, "f"), ("f", None)],
}


@pytest.mark.parametrize("what", get_args(What))
def test_every_kind_of_change_can_be_said(what: What) -> None:
    run = tell(Ask.APPROVE_PLAN).run
    told = set()
    for was, now in ENDS.get(what, [(None, HOSTILE), (HOSTILE, None)]):
        for tr in (EN, PL, WORDY):
            line = change(Change(what=what, name=HOSTILE, part="deals", was=was, now=now), run, tr)
            told.add(line)
            assert line
            assert HOSTILE not in line
            assert (
                "HubSpot" in line
                or ESCAPED in line
                or what
                in {
                    "installed",
                    "copy",
                    "backup",
                    "waiver",
                }
            )
    assert len(told) >= 2


def test_many_changes_still_fit() -> None:
    story = tell(Ask.APPROVE_REMOVAL)
    story.package = runs.inventory(3_000, blockers=40, name=HOSTILE)
    runs.inventory_taken(story)
    story.bot(c.RecordCapabilityMissing(capability="audit_logs", problem=N_("Not granted.")))
    for tr in (EN, PL, WORDY):
        fits(prompt_message(story.run, tr, None))
