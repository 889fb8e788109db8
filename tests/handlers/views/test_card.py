"""The control card and the final report."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from handlers.actions import Act, Ref
from handlers.i18n import Translator
from handlers.ports import Progress
from handlers.render import card, prompt_message
from tests.handlers import runs
from tests.handlers.runs import ADMIN, OTHER_ADMIN, Story, tell
from tests.handlers.views.looks import EN, ESCAPED, HOSTILE, PL, WORDY, acts, fits, refs, shown
from workflows import commands as c
from workflows.checklist import STEPS
from workflows.prompts import Ask
from workflows.run import Run
from workflows.states import State
from workflows.text import N_
from workflows.values import Role


@pytest.mark.parametrize("tr", [EN, PL, WORDY], ids=["en", "pl", "wordy"])
@pytest.mark.parametrize("ask", Ask)
def test_the_card_shows_every_step_and_fits(ask: Ask, tr: Translator) -> None:
    run = tell(ask).run
    message = fits(card(run, tr, None))
    for _name, ids, _state in STEPS:
        assert f"`{' '.join(ids)}`" in shown(message)
    active = {Act.OPEN_HAND_OVER, Act.OPEN_CANCEL}
    if run.plan is not None:
        active.add(Act.OPEN_PLAN)
    assert acts(message) == (set() if run.state.final else active)
    assert refs(message) <= {Ref(run.id, run.prompt_version)}


def test_verified_and_attested_are_never_mixed_up() -> None:
    text = shown(card(tell(Ask.WAIT_SYNC).run, EN, None))
    assert "☑️ Salesforce disconnected in HubSpot `P1a P1b P1c P1d P1e` – *attested* by" in text
    assert "✅ Salesforce" not in text
    text = shown(card(tell(Ask.MAP_OWNERS).run, EN, None))
    assert "✅ Salesforce disconnected in HubSpot `P1a P1b P1c P1d P1e` – *verified*" in text
    assert "hubspot: quiet twice" in text
    assert "<@U0ANNA> and <@U0BEN>, " in text
    assert "⏳ Records reassigned to HubSpot owners `P2a P2b` – in progress" in text
    assert "⬜ Data copy downloaded `P4` – still to come" in text


def test_a_reading_of_ours_is_told_in_the_readers_language() -> None:
    story = runs.disconnect_reported(tell(Ask.DISCONNECT))
    says = N_(
        "newest {newest}; read {first} and {second}",
        newest="2026-11-22T09:00:00",
        first="2026-11-23T09:01:00+00:00",
        second=HOSTILE,
    )
    run = story.bot(c.RecordSyncQuiet(reading=story.reading(says))).run
    assert "newest <!date^1795338000^{date_short_pretty} {time_secs}|" in shown(card(run, EN, None))
    text = shown(fits(card(run, PL, None)))
    assert "ostatnia synchronizacja <!date^1795338000^" in text
    assert "odczyty <!date^1795424460^{time_secs}|" in text
    assert f" i {ESCAPED}" in text
    assert "<!channel>" not in text


def test_skipped_steps_are_said_to_be() -> None:
    story = Story(owned=())
    text = shown(card(tell(Ask.WAIT_INVENTORY, story).run, EN, None))
    assert "⏭️ Records reassigned to HubSpot owners `P2a P2b` – *not needed*" in text


def test_who_is_waited_for_and_until_when() -> None:
    run = tell(Ask.APPROVE_PLAN).run
    text = shown(card(run, EN, None))
    assert f"Waiting for <@U0ANNA> and <@U0BEN> since {EN.moment(run.since)}" in text
    assert "Approvals lapse" in text
    assert "Then a person disconnects" in text
    assert "Sunset is at work" in shown(card(tell(Ask.WAIT_PLAN).run, EN, None))


def test_blocked_and_frozen_runs_say_so_with_their_buttons() -> None:
    story = tell(Ask.WAIT_SYNC)
    story.bot(c.RecordBlocked(code="x", problem=N_("No token."), remedy=N_("Set one.")))
    message = fits(card(story.run, EN, None))
    assert Act.RETRY in acts(message)
    assert "No token." in shown(message)
    assert "Set one." in shown(message)
    message = fits(card(story.person(c.Freeze()).run, EN, None))
    assert Act.UNFREEZE in acts(message)
    assert Act.RETRY not in acts(message)
    assert f"Frozen* by <@{ADMIN}>" in shown(message)
    assert "at work" not in shown(message)


def test_progress_is_on_the_card_while_the_job_runs() -> None:
    made = Progress(done=1, total=4, failed=0)
    assert "25 %" in shown(card(tell(Ask.WAIT_REASSIGNMENT).run, EN, made))
    assert "25 %" not in shown(card(tell(Ask.DELETE_OWNERS).run, EN, made))


def test_hand_over_changes_who_is_responsible() -> None:
    story = tell(Ask.DISCONNECT)
    story.person(c.HandOver(to=OTHER_ADMIN, to_roles=frozenset({Role.ADMINISTRATOR})))
    text = shown(card(story.run, EN, None))
    assert f"*Responsible*\n<@{OTHER_ADMIN}>" in text
    assert f"*Requested by*\n<@{ADMIN}>" in text


# --- the report ----------------------------------------------------------------------------------


def _declined(story: Story) -> Story:
    return story.person(c.Decline(reason="no"), "U0ANNA")


def _lapsed(story: Story) -> Story:
    return story.reach("approvals_lapse")


def _cancelled(story: Story) -> Story:
    return story.person(c.Cancel(reason="later"))


def _ended(story: Story) -> Story:
    return story.reach("window_end")


ENDS: list[tuple[Ask, Callable[[Story], Story], State, str]] = [
    (Ask.APPROVE_PLAN, _declined, State.DECLINED, "nothing irreversible was done"),
    (Ask.APPROVE_PLAN, _lapsed, State.EXPIRED, "Nothing was touched"),
    (Ask.WAIT_PLAN, _cancelled, State.CANCELLED, "nothing irreversible was done"),
    (Ask.DELETE_OWNERS, _cancelled, State.CANCELLED, "settings and field mappings are gone"),
    (Ask.APPROVE_REMOVAL, _declined, State.DECLINED, "records cannot be given back"),
    (Ask.DOWNLOAD_COPY, _cancelled, State.CANCELLED, "Nobody is reminded of it any more"),
    (Ask.DOWNLOAD_COPY, _ended, State.COMPLETED, "no download was confirmed"),
    (Ask.DOWNLOAD_COPY, runs.downloaded, State.COMPLETED, "It lies here: Archive / 2026"),
]


@pytest.mark.parametrize(("ask", "end", "state", "says"), ENDS)
@pytest.mark.parametrize("tr", [EN, WORDY], ids=["en", "wordy"])
def test_every_end_has_its_report(
    ask: Ask, end: Callable[[Story], Story], state: State, says: str, tr: Translator
) -> None:
    run = end(tell(ask)).run
    assert run.state is state
    message = fits(prompt_message(run, tr, None))
    fits(card(run, tr, None))
    assert acts(message) == set()
    text = shown(message)
    for part in (says, "`/uninstall-salesforce audit`", "`sunset audit verify`", run.id):
        assert part in text
    for _name, ids, _state in STEPS:
        assert f"`{' '.join(ids)}`" in text


def test_the_report_of_a_whole_run_names_everything() -> None:
    run = _complete(HOSTILE)
    text = shown(prompt_message(run, EN, None))
    for part in (
        "*Plan approved by:* <@U0ANNA> and <@U0BEN>",
        "*Removal approved by:* <@U0ANNA> and <@U0BEN>",
        "• contacts: 60 changed\n",
        "Consent given `P3e` – *attested* by <@U0ADMIN>",
        "✅ Package uninstalled in Salesforce `P3a P3b P3f` – *verified*",
        "☑️ Data copy downloaded `P4` – *attested* by <@U0ADMIN>",
        f"It lies here: {ESCAPED}",
    ):
        assert part in text
    assert "<!channel>" not in text


def _complete(where: str) -> Run:
    return tell(Ask.DOWNLOAD_COPY).person(c.ConfirmDownloaded(where=where)).run


def test_a_window_that_ended_is_marked_as_missed() -> None:
    text = shown(card(_ended(tell(Ask.DOWNLOAD_COPY)).run, EN, None))
    assert "❌ Data copy downloaded `P4` – *missed*" in text


def test_a_run_without_package_says_so() -> None:
    story = tell(Ask.WAIT_INVENTORY, Story(installed=False))
    story.bot(c.RecordPackageAbsent(reading=story.reading("no row")))
    text = shown(fits(prompt_message(story.run, EN, None)))
    assert "There was no package" in text
    assert "⏭️ Package's contents listed" in text


def test_a_package_that_went_before_it_was_listed_still_has_its_deadline() -> None:
    story = tell(Ask.WAIT_INVENTORY)
    story.bot(c.RecordPackageAbsent(reading=story.reading("no row")))
    assert story.ask is Ask.DOWNLOAD_COPY
    plan, deadline = story.run.plan, story.run.deadline
    assert plan is not None
    assert deadline == plan.taken_at + timedelta(hours=48)
    for message in (prompt_message(story.run, EN, None), card(story.run, EN, None)):
        assert EN.moment(deadline) in shown(fits(message))
    assert acts(prompt_message(story.run, EN, None)) == {Act.OPEN_DOWNLOADED, Act.WHO_ELSE}
    text = shown(fits(prompt_message(runs.downloaded(story).run, EN, None)))
    assert "It lies here: Archive / 2026" in text
    assert "There was no package" not in text


def test_a_run_without_copy_says_so() -> None:
    story = tell(Ask.CONFIRM_NO_COPY).person(c.ConfirmNoCopy())
    runs.uninstall_reported(runs.inventory_taken(runs.removal_approved(story)))
    run = runs.package_gone(story).run
    assert run.state is State.COMPLETED
    assert "No copy was saved, as was approved" in shown(prompt_message(run, EN, None))
