"""Buttons that are an answer by themselves, and who may press them when."""

from __future__ import annotations

import pytest

from handlers.actions import Act, Ref
from handlers.render import prompt_message
from handlers.views.buttons import ACT_OF
from tests.handlers import payloads
from tests.handlers.desk import Desk
from tests.handlers.engine import STRANGER
from tests.handlers.runs import (
    ADMIN,
    APPROVERS,
    OTHER_ADMIN,
    TARGET,
    Story,
    owners,
    planned,
    tell,
)
from tests.handlers.views.looks import EN, buttons
from workflows import commands as c
from workflows.prompts import Ask, prompt
from workflows.states import State
from workflows.text import N_
from workflows.values import Suggestion, SuggestionKind

DIRECT = [
    (Ask.ACKNOWLEDGE_ADVICE, Act.ACKNOWLEDGE_ADVICE, ADMIN, "AcknowledgeAdvice"),
    (Ask.APPROVE_PLAN, Act.RETAKE_PLAN, ADMIN, "RetakePlan"),
    (Ask.APPROVE_PLAN, Act.APPROVE, APPROVERS[0], "Approve"),
    (Ask.MAP_OWNERS, Act.TAKE_SUGGESTIONS, ADMIN, "TakeSuggestions"),
    (Ask.MAP_OWNERS, Act.REQUEST_MAPPING_FILE, ADMIN, "RequestMappingFile"),
    (Ask.WAIT_REASSIGNMENT, Act.PAUSE, ADMIN, "PauseReassignment"),
    (Ask.WAIT_REASSIGNMENT, Act.STOP, ADMIN, "StopReassignment"),
    (Ask.REASSIGNMENT_PAUSED, Act.STOP, OTHER_ADMIN, "StopReassignment"),
    (Ask.REASSIGNMENT_PAUSED, Act.RESUME, ADMIN, "ResumeReassignment"),
    (Ask.REASSIGNMENT_LEFT, Act.RETRY_REASSIGNMENT, ADMIN, "RetryReassignment"),
    (Ask.REASSIGNMENT_LEFT, Act.CHANGE_MAPPING, ADMIN, "ChangeMapping"),
    (Ask.DELETE_OWNERS, Act.REPORT_OWNERS_DELETED, ADMIN, "ReportOwnersDeleted"),
    (Ask.CHOOSE_DATA_COPY, Act.START_BACKUP, ADMIN, "StartBackup"),
    (Ask.WAIT_BACKUP, Act.STOP_BACKUP, OTHER_ADMIN, "StopBackup"),
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
    ref = desk.approval if act is Act.APPROVE else ref
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


IN_MODALS = {
    *(Act.PICK_TARGET, Act.PICK_REMAINING, Act.PICK_SPLIT, Act.OPEN_SPLIT),
    *(Act.EXCLUDE_OWNER, Act.INCLUDE_OWNER, Act.PAGE_BACK, Act.PAGE_NEXT),
}
EVERY = sorted(set(Act) - IN_MODALS - {Act.LINK, Act.OPEN_START})
OF_APPROVERS = {Act.APPROVE, Act.WITHDRAW, Act.OPEN_DECLINE, Act.OPEN_WAIVER}
READ_ONLY = {Act.OPEN_PLAN, Act.OPEN_FAILURES, Act.OPEN_INVENTORY}


@pytest.mark.parametrize("act", EVERY)
def test_every_button_of_a_finished_run_is_refused_or_only_read(act: Act) -> None:
    desk = Desk(tell(Ask.OVER))
    who = APPROVERS[0] if act in OF_APPROVERS else ADMIN
    answer = desk.click(who, act)
    if act in READ_ONLY:
        assert answer.view["type"] == "modal"
    else:
        assert "This run is over (completed)" in answer.said
    assert not desk.engine.commands


@pytest.mark.parametrize("act", EVERY)
def test_every_button_of_an_unknown_run_is_refused(act: Act) -> None:
    desk = Desk(tell(Ask.APPROVE_PLAN))
    who = APPROVERS[0] if act in OF_APPROVERS else ADMIN
    assert "There is no such run." in desk.click(who, act, "run-of-nobody.3").said
    assert not desk.engine.commands


@pytest.mark.parametrize("act", EVERY)
@pytest.mark.parametrize("value", ["", "run-1", "run-1.x", "../../x.1", "run-1.1 ", "é.1"])
def test_every_button_with_a_forged_value_is_refused(act: Act, value: str) -> None:
    desk = Desk(tell(Ask.APPROVE_PLAN))
    who = APPROVERS[0] if act in OF_APPROVERS else ADMIN
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


def test_the_suggestions_of_one_kind_are_taken_with_one_click() -> None:
    kinds: tuple[SuggestionKind, ...] = ("manager", "companies", "manager")
    owned = tuple(
        one.model_copy(update={"suggestion": Suggestion(target=TARGET, why=kind)})
        for one, kind in zip(owners(3), kinds, strict=True)
    )
    desk = Desk(tell(Ask.MAP_OWNERS, Story(owned=owned)))
    shown = buttons(prompt_message(desk.engine.one, EN, None))
    (one,) = (item for item in shown if item["action_id"] == "take_suggestions:manager")
    click = payloads.message_click(ADMIN, payloads.button(one["action_id"], one["value"], "7.7"))
    for _ in range(2):
        assert desk.act(click).ack == {}
    assert set(desk.engine.one.mapping) == {"100", "102"}
    (command,) = desk.engine.commands
    assert command.action == c.TakeSuggestions(why="manager")
    again = payloads.message_click(ADMIN, payloads.button(one["action_id"], one["value"], "8.8"))
    assert "no suggestions" in desk.act(again).said


def test_a_kind_of_suggestion_that_there_is_not_takes_nothing() -> None:
    desk = Desk(tell(Ask.MAP_OWNERS))
    for kind in ("fortune", "manager ", "MANAGER", ""):
        action = payloads.button(f"take_suggestions:{kind}", str(desk.ref), desk.ts())
        assert desk.act(payloads.message_click(ADMIN, action)).said
    assert not desk.engine.commands


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
    assert "second person" in desk.click(ADMIN, Act.UNFREEZE).said
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
