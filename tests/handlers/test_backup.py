"""The backup's conversation: who begins and ends it, who waives it, and what is refused where."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from handlers.actions import Act, Modal, Ref
from tests.handlers import payloads, runs
from tests.handlers.desk import Desk
from tests.handlers.engine import STRANGER
from tests.handlers.runs import ADMIN, APPROVERS, OTHER_ADMIN, Story, tell, unsecured
from workflows import commands as c
from workflows.prompts import Ask
from workflows.run import Run
from workflows.text import N_

REASON = {"reason": payloads.text("All of it is in the warehouse too.")}


def made(desk: Desk) -> Run:
    return desk.engine.one


def at_waiver(story: Story | None = None) -> Desk:
    """Return a desk at which an approver has the modal of the waiver open."""
    desk = Desk(story or unsecured())
    assert desk.click(APPROVERS[0], Act.OPEN_WAIVER).view["callback_id"] == Modal.WAIVER
    return desk


# --- making one ----------------------------------------------------------------------------------


@pytest.mark.parametrize("story", [lambda: tell(Ask.CHOOSE_DATA_COPY), unsecured])
def test_it_is_offered_with_either_choice(story: Callable[[], Story]) -> None:
    desk = Desk(story())
    assert desk.click(ADMIN, Act.START_BACKUP).ack == {}
    assert made(desk).backing_up is not None


@pytest.mark.parametrize(
    ("ask", "act"), [(Ask.CHOOSE_DATA_COPY, Act.START_BACKUP), (Ask.WAIT_BACKUP, Act.STOP_BACKUP)]
)
@pytest.mark.parametrize("who", [APPROVERS[0], STRANGER])
def test_only_administrators_begin_and_end_it(ask: Ask, act: Act, who: str) -> None:
    desk = Desk(tell(ask))
    assert "Only administrators" in desk.click(who, act).said
    assert not desk.engine.commands


def test_a_second_one_beside_it_is_refused_with_a_new_click() -> None:
    desk = Desk(tell(Ask.CHOOSE_DATA_COPY))
    ref = desk.ref
    desk.click(ADMIN, Act.START_BACKUP, ref)
    assert "moved on" in desk.click(OTHER_ADMIN, Act.START_BACKUP, ref).said
    assert "is being backed up" in desk.click(OTHER_ADMIN, Act.START_BACKUP).said
    assert made(desk).backups == 1


def test_nothing_is_chosen_while_it_is_made() -> None:
    story = tell(Ask.CHOOSE_DATA_COPY)
    desk = Desk(story)
    desk.click(ADMIN, Act.OPEN_DATA_COPY)
    desk.engine.adopt(runs.backup_begun(story))
    answer = desk.submit(ADMIN, {"P3d": payloads.chosen("keep")})
    assert "moved on" in answer.text
    assert "not possible" in desk.click(ADMIN, Act.OPEN_DATA_COPY).said


def test_ending_it_opens_the_choice_again_even_where_it_is_blocked() -> None:
    story = tell(Ask.WAIT_BACKUP)
    story.bot(c.RecordBlocked(code="disk", problem=N_("No room."), remedy=N_("Make room.")))
    desk = Desk(story)
    assert desk.click(ADMIN, Act.STOP_BACKUP).ack == {}
    assert (made(desk).backing_up, made(desk).blocked) == (None, None)
    assert "No backup is being made" in desk.click(ADMIN, Act.STOP_BACKUP).said


def test_a_blocked_one_is_tried_again() -> None:
    story = tell(Ask.WAIT_BACKUP)
    story.bot(c.RecordBlocked(code="disk", problem=N_("No room."), remedy=N_("Make room.")))
    desk = Desk(story)
    assert "looks now" in desk.click(ADMIN, Act.RETRY).said
    assert made(desk).blocked is None
    assert made(desk).backing_up is not None


@pytest.mark.parametrize("act", [Act.START_BACKUP, Act.STOP_BACKUP])
def test_a_frozen_run_neither_begins_nor_ends_it(act: Act) -> None:
    ask = Ask.WAIT_BACKUP if act is Act.STOP_BACKUP else Ask.CHOOSE_DATA_COPY
    desk = Desk(tell(ask).person(c.Freeze()))
    assert "frozen" in desk.click(ADMIN, act).said
    assert not desk.engine.commands


# --- doing without -------------------------------------------------------------------------------


def test_the_data_is_not_given_up_without_a_backup_or_a_waiver() -> None:
    desk = Desk(unsecured())
    said = desk.click(ADMIN, Act.CONFIRM_NO_COPY).said
    assert "there is no complete backup" in said
    assert "ask an approver to waive that" in said
    assert made(desk).keep_copy is None


def test_a_backup_that_hides_data_is_not_enough() -> None:
    story = runs.no_copy(runs.backed_up(tell(Ask.CHOOSE_DATA_COPY), runs.backup(3, hidden=1)))
    desk = Desk(story)
    assert "no complete backup" in desk.click(ADMIN, Act.CONFIRM_NO_COPY).said
    desk.click(APPROVERS[0], Act.OPEN_WAIVER)
    desk.submit(APPROVERS[0], REASON)
    desk.click(ADMIN, Act.CONFIRM_NO_COPY)
    assert made(desk).keep_copy is False


def test_an_approver_waives_it_with_a_reason() -> None:
    desk = at_waiver()
    assert desk.submit(APPROVERS[0], REASON).ack == {}
    waiver = made(desk).current_waiver
    assert waiver is not None
    assert (waiver.by, waiver.reason) == (APPROVERS[0], "All of it is in the warehouse too.")
    assert made(desk).no_copy_proposed, "it is asked once more"


def test_the_modal_says_what_would_be_lost() -> None:
    desk = Desk(unsecured())
    text = desk.click(APPROVERS[0], Act.OPEN_WAIVER).text
    for part in ("gone for good", "`HubSpot_Inc__Prefs__c`: 42 records", "There is no backup"):
        assert part in text
    hiding = runs.backup(3, hidden=1, name="<!here>")
    story = runs.no_copy(runs.backed_up(tell(Ask.CHOOSE_DATA_COPY), hiding))
    text = Desk(story).click(APPROVERS[0], Act.OPEN_WAIVER).text
    for part in ("*not complete*: 25,000 records", "⚠️ &lt;!here&gt;: gap 0", "3, of which ⚠️ 1"):
        assert part in text


@pytest.mark.parametrize(("reason", "said"), [(" ", "A reason is needed"), ("x" * 2_001, "2000")])
def test_a_reason_that_does_not_do_is_refused_where_it_stands(reason: str, said: str) -> None:
    desk = at_waiver()
    error = desk.submit(APPROVERS[0], {"reason": payloads.text(reason)}).errors["reason"]
    assert said in error.replace(",", "")
    assert made(desk).waiver is None
    assert desk.submit(APPROVERS[0], REASON).ack == {}


@pytest.mark.parametrize("who", [ADMIN, OTHER_ADMIN, STRANGER])
def test_whoever_is_no_approver_cannot_waive_it(who: str) -> None:
    desk = Desk(unsecured())
    assert "Only approvers" in desk.click(who, Act.OPEN_WAIVER).said
    desk.click(APPROVERS[0], Act.OPEN_WAIVER)
    assert "Only approvers" in desk.submit(who, REASON).text
    assert not desk.engine.commands


def test_a_requester_who_is_an_approver_is_refused_at_the_reason() -> None:
    desk = Desk(unsecured())
    desk.people.approvers = lambda: [*APPROVERS, ADMIN]  # type: ignore[method-assign]
    desk.click(ADMIN, Act.OPEN_WAIVER)
    assert "cannot decide on it" in desk.submit(ADMIN, REASON).errors["reason"]
    assert made(desk).waiver is None


def test_a_waiver_that_was_submitted_twice_counts_once() -> None:
    desk = at_waiver()
    view = desk.modal
    first = desk.submit(APPROVERS[0], REASON)
    version = made(desk).version
    desk.modal = view
    assert desk.submit(APPROVERS[0], REASON).steps == first.steps
    assert made(desk).version == version


def test_a_waiver_for_what_is_secured_by_now_is_replaced_by_the_reason() -> None:
    story = unsecured()
    desk = at_waiver(story)
    desk.engine.adopt(runs.backed_up(story))
    assert "moved on" in desk.submit(APPROVERS[0], REASON).text
    assert "not possible at the present step" in desk.click(APPROVERS[0], Act.OPEN_WAIVER).said


def test_a_waiver_of_an_earlier_list_does_not_count() -> None:
    story = runs.waived(unsecured())
    story.bot(c.RecordInventory(inventory=runs.inventory(9), reading=story.reading()))
    desk = Desk(story)
    assert "no complete backup" in desk.click(ADMIN, Act.CONFIRM_NO_COPY).said


def test_a_stale_button_opens_no_waiver() -> None:
    desk = Desk(unsecured())
    assert "moved on" in desk.click(APPROVERS[0], Act.OPEN_WAIVER, Ref("run-1", 1)).said


# --- what removes --------------------------------------------------------------------------------


def test_the_bot_removes_what_is_backed_up_once() -> None:
    story = tell(Ask.CONFIRM_NO_COPY).person(c.ConfirmNoCopy())
    runs.inventory_taken(runs.removal_approved(story))
    desk = Desk(story)
    ref = desk.ref
    for _ in range(2):
        assert desk.click(ADMIN, Act.REMOVE_BY_BOT, ref, ts="7.7").ack == {}
    assert made(desk).bot_removal == 1
    assert "moved on" in desk.click(OTHER_ADMIN, Act.REMOVE_BY_BOT, ref).said
    assert "was started already" in desk.click(OTHER_ADMIN, Act.REMOVE_BY_BOT).said
