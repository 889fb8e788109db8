"""Each prompt's message: its buttons, its limits, and what it must say."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import cache

import pytest

from handlers.actions import Act, Ref
from handlers.i18n import Translator
from handlers.ports import Progress
from handlers.render import prompt_message
from handlers.views.buttons import ACT_OF
from tests.handlers import runs
from tests.handlers.runs import Story, tell
from tests.handlers.views.looks import (
    EN,
    ESCAPED,
    HOSTILE,
    PL,
    WORDY,
    acts,
    buttons,
    fits,
    refs,
    shown,
    urls,
)
from workflows import commands as c
from workflows.prompts import Ask, prompt
from workflows.rules import approval
from workflows.run import Run
from workflows.text import N_
from workflows.values import Account, Policy, Reason

ONLY_SHOW = {Act.OPEN_PLAN, Act.OPEN_FAILURES, Act.OPEN_INVENTORY}
CONFIRMED = {"approve", "confirm_mapping", "stop_reassignment", "stop_backup"}
PROGRESS = Progress(done=1_234, total=5_000, failed=3, per_second=37.5)


@pytest.mark.parametrize("tr", [EN, PL, WORDY], ids=["en", "pl", "wordy"])
@pytest.mark.parametrize("made", [None, PROGRESS], ids=["", "progress"])
@pytest.mark.parametrize("ask", Ask)
def test_every_prompt_fits_and_shows_exactly_its_choices(
    ask: Ask, made: Progress | None, tr: Translator
) -> None:
    run = tell(ask).run
    message = fits(prompt_message(run, tr, made))
    asked = prompt(run)
    assert acts(message) - ONLY_SHOW == {ACT_OF[choice] for choice in asked.choices}
    ref = Ref(run.id, run.prompt_version)
    digest = approval.shown(run) if ask in {Ask.APPROVE_PLAN, Ask.APPROVE_REMOVAL} else ""
    assert refs(message) <= {ref, replace(ref, digest=digest)}
    if digest:
        assert digest in shown(message), "what is bound to is shown"
    for person in asked.people:
        assert f"<@{person}>" in shown(message)
        assert f"<@{person}>" in message.text


@pytest.mark.parametrize("ask", [ask for ask in Ask if ask is not Ask.OVER])
def test_a_blocked_prompt_says_why_and_offers_to_try_again(ask: Ask) -> None:
    story = tell(ask).bot(
        c.RecordBlocked(
            code="x",
            problem=N_("HubSpot says {message}.", message=HOSTILE),
            remedy=N_("Do this."),
            reference="ref-77",
        )
    )
    message = fits(prompt_message(story.run, EN, None))
    assert acts(message) - ONLY_SHOW == {
        Act.RETRY,
        *(ACT_OF[choice] for choice in prompt(story.run).choices),
    }
    for part in (f"HubSpot says {ESCAPED}", "Do this.", "ref-77", f"<@{runs.ADMIN}>"):
        assert part in shown(message)


@pytest.mark.parametrize("ask", [ask for ask in Ask if ask is not Ask.OVER])
def test_a_frozen_prompt_only_offers_to_unfreeze(ask: Ask) -> None:
    run = tell(ask).person(c.Freeze(reason="audit")).run
    message = fits(prompt_message(run, EN, None))
    assert acts(message) - ONLY_SHOW == {Act.UNFREEZE}
    assert "Frozen" in shown(message)


@pytest.mark.parametrize("ask", Ask)
def test_destroying_buttons_are_marked_and_confirmed(ask: Ask) -> None:
    made = buttons(prompt_message(tell(ask).run, EN, None))
    assert len([item for item in made if item.get("style") == "primary"]) <= 1
    for item in made:
        if item.get("style") == "danger":
            assert item["action_id"] in {"confirm_no_copy", "remove_by_bot"}
            assert item["confirm"]["style"] == "danger"
        if item["action_id"] in CONFIRMED:
            assert item["confirm"]["text"]["text"]


@pytest.mark.parametrize(
    ("ask", "ids"),
    [
        (Ask.APPROVE_PLAN, "P0a P0b"),
        (Ask.APPROVE_PLAN, "P0c"),
        (Ask.ACKNOWLEDGE_ADVICE, "P0c"),
        (Ask.DISCONNECT, "P1a P1b P1c P1d P1e"),
        (Ask.MAP_OWNERS, "P2a P2b"),
        (Ask.DELETE_OWNERS, "P2a P2c P2d P2e"),
        (Ask.CHOOSE_DATA_COPY, "P3c P3d"),
        (Ask.APPROVE_REMOVAL, "P3c P3d P3e"),
        (Ask.REMOVE_PACKAGE, "P3a P3b P3c P3d P3e P3f"),
        (Ask.DOWNLOAD_COPY, "P4"),
    ],
)
def test_the_steps_of_the_procedure_stand_in_order(ask: Ask, ids: str) -> None:
    text = shown(prompt_message(tell(ask).run, EN, None))
    places = [text.index(f"`{step}`") for step in ids.split()]
    assert places == sorted(places)


def test_the_plans_approvers_see_what_they_approve() -> None:
    story = Story(note=f"Because {HOSTILE}")
    runs.planned(story)
    story.person(c.Approve(shown=approval.shown(story.run)), "U0ANNA")
    story.bot(c.RecordCapabilityMissing(capability="audit_logs", problem=N_("Not granted.")))
    text = shown(prompt_message(story.run, EN, None))
    for part in (
        "We stop using Salesforce",
        f"Because {ESCAPED}",
        "60 contacts, 10 companies, 2 deals",
        "HubSpot Integration 3.0.1 (HubSpot_Inc), 3 components (2 ApexPage, 1 ApexClass)",
        "`HubSpot_Inc__Prefs__c`: 42 records",
        "records cannot be counted",
        "Layout *Contact 0 Prefs__c* refers to Prefs__c – Prefs__c",
        "The search is not complete:",
        "about 4 minutes, 29 calls",
        "900 calls are left today",
        "`audit_logs`",
        "1 of 2 – <@U0ANNA>",
        approval.shown(story.run),
    ):
        assert part in text
    assert story.run.plan_digest[:13] not in text


def test_the_removals_approvers_see_what_they_approve() -> None:
    story = tell(Ask.APPROVE_REMOVAL)
    story.person(c.Approve(shown=approval.shown(story.run)), "U0BEN")
    before = shown(prompt_message(story.run, EN, None))
    assert "not given yet" in before
    story.person(c.GiveConsent())
    text = shown(prompt_message(story.run, EN, None))
    for part in (
        "3 components",
        "42 records",
        "*Chosen:* save a copy of this package's data for 48 hours.",
        "*Backup:* none.",
        "*Consent:* *attested* by <@U0ADMIN>",
        "1 of 2 – <@U0BEN>",
        "Flows could not be read",
        approval.shown(story.run),
    ):
        assert part in text


def test_no_copy_is_said_where_it_is_approved_and_where_it_is_done() -> None:
    story = tell(Ask.CONFIRM_NO_COPY).person(c.ConfirmNoCopy())
    assert "do not save a copy" in shown(prompt_message(story.run, EN, None))
    runs.inventory_taken(runs.removal_approved(story))
    message = fits(prompt_message(story.run, EN, None))
    assert "Choose *Do not save a copy" in shown(message)
    assert Act.REMOVE_BY_BOT in acts(message)
    waiting = shown(prompt_message(story.person(c.RemoveByBot()).run, EN, None))
    assert "attempt 1" in waiting


def test_the_mapping_shows_what_is_open_and_what_is_chosen() -> None:
    story = tell(Ask.MAP_OWNERS)
    assert "*Chosen:* 0 of 2" in shown(prompt_message(story.run, EN, None))
    story.person(c.TakeSuggestions()).person(c.MapRemaining(target=runs.TARGET))
    message = fits(prompt_message(story.run, EN, None))
    assert "→ Hanna Hub" in shown(message)
    (confirm,) = (item for item in buttons(message) if item["action_id"] == Act.CONFIRM_MAPPING)
    run = story.run
    assert Ref.parse(confirm["value"]) == Ref(run.id, run.prompt_version, run.mapping_version)


def test_problems_that_came_back_are_shown_where_they_are_mended() -> None:
    story = tell(Ask.WAIT_REMOVAL)
    story.bot(c.RecordRemovalStalled(blockers=story.package.blockers, reading=story.reading()))
    text = shown(prompt_message(story.run, EN, None))
    assert "The package is still installed" in text
    assert "Layout *Contact 0 Prefs__c* refers to Prefs__c" in text
    assert "There may be others" in text
    story = tell(Ask.WAIT_OWNERS_GONE)
    remain = tuple(owned.owner for owned in story.owned)
    story.bot(c.RecordOwnersRemain(owners=remain, reading=story.reading()))
    assert "Still listed in HubSpot" in shown(prompt_message(story.run, EN, None))


def test_what_is_known_to_block_stands_where_uninstall_is_pressed() -> None:
    text = shown(prompt_message(tell(Ask.REMOVE_PACKAGE).run, EN, None))
    assert "Salesforce will probably refuse" in text
    assert "Layout *Contact 0 Prefs__c* refers to Prefs__c" in text
    story = Story()
    story.package = runs.inventory(blockers=0)
    text = shown(prompt_message(tell(Ask.REMOVE_PACKAGE, story).run, EN, None))
    assert "refuse" not in text
    assert "There may be others" not in text


def test_links_lead_to_the_vendors_pages() -> None:
    assert urls(prompt_message(tell(Ask.DISCONNECT).run, EN, None)) == [
        "https://app.hubspot.com/integrations-settings/4711/installed/salesforce"
    ]
    assert urls(prompt_message(tell(Ask.REMOVE_PACKAGE).run, EN, None)) == [
        "https://acme.my.salesforce.com/lightning/setup/ImportedPackage/home"
    ]


@pytest.mark.parametrize("address", ["", "evil.example/x", "javascript:alert(1)", "a b"])
def test_unknown_or_strange_addresses_are_left_out(address: str) -> None:
    for ask in (Ask.DISCONNECT, Ask.REMOVE_PACKAGE):
        story = Story(
            account=Account(portal_id="4711", ui_domain=address),
            package=runs.inventory().model_copy(update={"org_url": address}),
        )
        assert urls(prompt_message(tell(ask, story).run, EN, None)) == []


@cache
def _huge(ask: Ask) -> Run:
    """Return a run of hostile words that is as large as any; telling it takes a while."""
    story = Story(
        reason=Reason.SYNC_PROBLEM if ask is Ask.ACKNOWLEDGE_ADVICE else Reason.OTHER,
        note=("&<>" * 700)[:2_000],
        owned=runs.owners(300, HOSTILE * 4, records=9_000_000),
        package=runs.inventory(3_000, 200, HOSTILE * 3),
        policy=Policy(quorum=12),
        approvers=tuple(f"U{number:04}" for number in range(300)),
    )
    return tell(ask, story).run


@pytest.mark.parametrize("ask", Ask)
def test_any_size_fits_and_hostile_names_are_escaped(ask: Ask) -> None:
    run = _huge(ask)
    for tr in (EN, PL, WORDY):
        message = fits(prompt_message(run, tr, PROGRESS))
        for text in (message.text, shown(message)):
            assert "<!channel>" not in text
            assert "<@U0EVIL>" not in text
            assert "<https" not in text


def test_a_long_note_is_shown_whole() -> None:
    note = "n" * 2_000
    run = tell(Ask.APPROVE_PLAN, Story(note=note)).run
    assert note in shown(prompt_message(run, EN, None))


def test_the_deadline_of_an_answer_is_shown() -> None:
    story = tell(Ask.APPROVE_PLAN)
    due = story.run.since + timedelta(hours=24)
    assert EN.moment(due) in shown(prompt_message(story.run, EN, None))
