"""Buttons that are an answer by themselves, and who may press them when."""

from __future__ import annotations

import pytest

from handlers.actions import Act, Ref
from handlers.views.buttons import ACT_OF
from tests.handlers import payloads
from tests.handlers.desk import Desk
from tests.handlers.engine import STRANGER
from tests.handlers.runs import ADMIN, APPROVERS, OTHER_ADMIN, Story, planned, tell
from workflows import commands as c
from workflows.prompts import Ask, prompt
from workflows.states import State
from workflows.text import N_

DIRECT = [
    (Ask.ACKNOWLEDGE_ADVICE, Act.ACKNOWLEDGE_ADVICE, ADMIN, "AcknowledgeAdvice"),
    (Ask.APPROVE_PLAN, Act.RETAKE_PLAN, ADMIN, "RetakePlan"),
    (Ask.APPROVE_PLAN, Act.APPROVE, APPROVERS[0], "Approve"),
    (Ask.MAP_OWNERS, Act.TAKE_SUGGESTIONS, ADMIN, "TakeSuggestions"),
    (Ask.WAIT_REASSIGNMENT, Act.PAUSE, ADMIN, "PauseReassignment"),
    (Ask.REASSIGNMENT_PAUSED, Act.RESUME, ADMIN, "ResumeReassignment"),
    (Ask.REASSIGNMENT_LEFT, Act.RETRY_REASSIGNMENT, ADMIN, "RetryReassignment"),
    (Ask.REASSIGNMENT_LEFT, Act.CHANGE_MAPPING, ADMIN, "ChangeMapping"),
    (Ask.REASSIGNMENT_LEFT, Act.UNDO, ADMIN, "UndoReassignment"),
    (Ask.DELETE_OWNERS, Act.REPORT_OWNERS_DELETED, ADMIN, "ReportOwnersDeleted"),
    (Ask.CONFIRM_NO_COPY, Act.CONFIRM_NO_COPY, ADMIN, "ConfirmNoCopy"),
    (Ask.CONFIRM_NO_COPY, Act.RECONSIDER, ADMIN, "ReconsiderDataCopy"),
    (Ask.REMOVE_PACKAGE, Act.REPORT_UNINSTALLED, ADMIN, "ReportUninstalled"),
    (Ask.DOWNLOAD_COPY, Act.WHO_ELSE, ADMIN, "AskWhoElse"),
    (Ask.WAIT_SYNC, Act.CHECK_NOW, ADMIN, "CheckNow"),
]


@pytest.mark.parametrize(("ask", "act", "who", "name"), DIRECT)
def test_a_click_becomes_its_command(ask: Ask, act: Act, who: str, name: str) -> None:
    desk = Desk(tell(ask))
    before, ref = desk.engine.one.version, desk.ref
    answer = desk.click(who, act)
    (command,) = desk.engine.commands
    assert answer.ack == {}
    assert command.name == name
    assert (command.actor.kind, command.actor.id) == ("person", who)
    assert command.roles == desk.people.roles(who)
    assert command.version == ref.version
    assert desk.engine.one.version > before


@pytest.mark.parametrize(("ask", "act", "who", "name"), DIRECT)
def test_a_click_delivered_twice_changes_nothing_more(
    ask: Ask, act: Act, who: str, name: str
) -> None:
    desk = Desk(tell(ask))
    ref = desk.ref
    first = desk.click(who, act, ref, ts="5.5")
    version = desk.engine.one.version
    second = desk.click(who, act, ref, ts="5.5")
    assert first.steps == second.steps
    assert desk.engine.one.version == version


@pytest.mark.parametrize(("ask", "act", "who", "name"), DIRECT)
def test_strangers_are_refused_in_the_thread_and_in_private(
    ask: Ask, act: Act, who: str, name: str
) -> None:
    desk = Desk(tell(ask))
    answer = desk.click(STRANGER, act)
    assert "Only a" in answer.said
    assert answer.all("say")[0]["thread_ts"] == "111.222"
    assert not desk.engine.commands


@pytest.mark.parametrize(("ask", "act", "who", "name"), DIRECT)
def test_stale_buttons_say_that_the_run_has_moved_on(
    ask: Ask, act: Act, who: str, name: str
) -> None:
    desk = Desk(tell(ask))
    stale = Ref("run-1", desk.ref.version - 1)
    assert "moved on" in desk.click(who, act, stale).said
    assert not desk.engine.commands


EVERY = sorted(
    set(Act)
    - {Act.LINK, Act.OPEN_START, Act.PICK_TARGET, Act.PICK_REMAINING}
    - {Act.PAGE_BACK, Act.PAGE_NEXT}
)
READ_ONLY = {Act.OPEN_PLAN, Act.OPEN_FAILURES, Act.OPEN_INVENTORY}


@pytest.mark.parametrize("act", EVERY)
def test_every_button_of_a_finished_run_is_refused_or_only_read(act: Act) -> None:
    desk = Desk(tell(Ask.OVER))
    who = APPROVERS[0] if act in {Act.APPROVE, Act.OPEN_DECLINE} else ADMIN
    answer = desk.click(who, act)
    if act in READ_ONLY:
        assert answer.view["type"] == "modal"
    else:
        assert "This run is over (completed)" in answer.said
    assert not desk.engine.commands


@pytest.mark.parametrize("act", EVERY)
def test_every_button_of_an_unknown_run_is_refused(act: Act) -> None:
    desk = Desk(tell(Ask.APPROVE_PLAN))
    who = APPROVERS[0] if act in {Act.APPROVE, Act.OPEN_DECLINE} else ADMIN
    assert "There is no such run." in desk.click(who, act, "run-of-nobody.3").said
    assert not desk.engine.commands


@pytest.mark.parametrize("act", EVERY)
@pytest.mark.parametrize("value", ["", "run-1", "run-1.x", "../../x.1", "run-1.1 ", "é.1"])
def test_every_button_with_a_forged_value_is_refused(act: Act, value: str) -> None:
    desk = Desk(tell(Ask.APPROVE_PLAN))
    who = APPROVERS[0] if act in {Act.APPROVE, Act.OPEN_DECLINE} else ADMIN
    assert "cannot read" in desk.click(who, act, value).said
    assert not desk.engine.commands


@pytest.mark.parametrize("act", EVERY)
def test_every_button_refuses_strangers(act: Act) -> None:
    desk = Desk(tell(Ask.APPROVE_PLAN))
    assert "nly " in desk.click(STRANGER, act).said
    assert not desk.engine.commands


def test_every_choice_of_every_prompt_has_a_listener() -> None:
    desk = Desk()
    for act in [*ACT_OF.values(), *Act]:
        assert desk.registry.find("action", act.value) is not None
    for ask in Ask:
        if ask is not Ask.OVER:
            assert set(prompt(tell(ask).run).choices) <= set(ACT_OF)


def test_the_requester_cannot_approve_and_reads_why() -> None:
    story = planned(Story(approvers=(*APPROVERS, ADMIN)))
    desk = Desk(story)
    desk.people.approvers = lambda: [*APPROVERS, ADMIN]  # type: ignore[method-assign]
    assert "cannot decide on it" in desk.click(ADMIN, Act.APPROVE).said


def test_a_person_counts_once() -> None:
    desk = Desk(tell(Ask.APPROVE_PLAN))
    desk.click(APPROVERS[0], Act.APPROVE)
    assert "counts once" in desk.click(APPROVERS[0], Act.APPROVE).said
    desk.click(APPROVERS[1], Act.APPROVE)
    assert desk.engine.one.state is State.DISCONNECTING


def test_a_frozen_run_takes_no_answers_until_unfrozen() -> None:
    story = tell(Ask.APPROVE_PLAN)
    story.person(c.Freeze())
    desk = Desk(story)
    assert "frozen" in desk.click(APPROVERS[0], Act.APPROVE).said
    assert desk.click(OTHER_ADMIN, Act.UNFREEZE).ack == {}
    assert not desk.engine.one.frozen


def test_a_blocked_step_is_tried_again() -> None:
    story = tell(Ask.WAIT_SYNC)
    story.bot(c.RecordBlocked(code="x", problem=N_("It hangs."), remedy=N_("Mend it.")))
    desk = Desk(story)
    assert "looks now" in desk.click(ADMIN, Act.RETRY).said
    assert desk.engine.one.blocked is None


def test_the_bot_removes_only_where_no_copy_is_kept() -> None:
    desk = Desk(tell(Ask.REMOVE_PACKAGE))
    assert "copy of the data is wanted" in desk.click(ADMIN, Act.REMOVE_BY_BOT).said


def test_links_are_only_acknowledged() -> None:
    desk = Desk()
    action = payloads.button(Act.LINK.value, "", "1.1")
    del action["value"]
    answer = desk.act(payloads.message_click(STRANGER, action))
    assert answer.steps == [("ack", {})]


def test_an_unknown_button_is_answered() -> None:
    desk = Desk()
    action = payloads.button("from_version_9", "x", "1.1")
    assert "another version" in desk.act(payloads.message_click(ADMIN, action)).said
