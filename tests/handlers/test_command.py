"""The slash command: every sub-command, with and without a run, and for strangers."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from handlers.actions import Act, Modal
from handlers.ports import ReportAnswer
from tests.handlers.desk import Desk
from tests.handlers.engine import AUDIT_CHANNEL, LINK, STRANGER
from tests.handlers.runs import ADMIN, APPROVERS, OTHER_ADMIN, Story, tell
from workflows import commands as c
from workflows.errors import Refused
from workflows.prompts import Ask
from workflows.states import State
from workflows.text import N_

SUB_COMMANDS = ("", "plan", "status", "cancel", "handover", "freeze", "unfreeze", "audit")


def test_without_a_word_an_administrator_gets_the_start_modal() -> None:
    answer = Desk().slash(ADMIN)
    assert answer.view["callback_id"] == Modal.START
    assert "P0c" in answer.text


def test_without_a_word_the_active_run_is_shown_with_a_link() -> None:
    answer = Desk(tell(Ask.APPROVE_PLAN)).slash(ADMIN)
    assert "run-1" in answer.said
    assert "Waiting for <@U0ANNA> and <@U0BEN>" in answer.said
    assert LINK in str(answer.all("say"))


def test_an_approver_without_a_run_is_told_who_starts_one() -> None:
    assert "Administrators start one" in Desk().slash(APPROVERS[0]).said


@pytest.mark.parametrize("word", SUB_COMMANDS)
def test_strangers_are_told_whom_to_ask(word: str) -> None:
    desk = Desk(tell(Ask.APPROVE_PLAN))
    said = desk.slash(STRANGER, word).said
    assert "<@U0ADMIN> and <@U0OTHER>" in said
    assert "run-1" not in said
    assert not desk.engine.commands


@pytest.mark.parametrize("user", [ADMIN, APPROVERS[0], STRANGER])
@pytest.mark.parametrize("word", ["help", "HELP", " help  me"])
def test_help_always_answers(user: str, word: str) -> None:
    said = Desk().slash(user, word).said
    assert all(word in said for word in SUB_COMMANDS)


def test_help_answers_even_without_a_user() -> None:
    desk = Desk()
    body = {"command": "/uninstall-salesforce", "text": "help", "user_id": None}
    assert "handover" in desk.deliver("command", body["command"] or "", dict(body)).said


def test_an_unknown_word_gets_the_nearest_and_the_help() -> None:
    said = Desk().slash(ADMIN, "statsu please").said
    assert "“statsu”" in said
    assert "Did you mean `/uninstall-salesforce status`?" in said
    assert "handover" in said


def test_an_unknown_word_is_escaped_and_may_be_far_from_everything() -> None:
    said = Desk().slash(ADMIN, "<!here>").said
    assert "&lt;!here&gt;" in said
    assert "Did you mean" not in said


def test_plan_without_a_run_explains_and_offers_to_start() -> None:
    answer = Desk().slash(ADMIN, "plan")
    assert "only reads" in answer.said
    assert Act.OPEN_START in str(answer.all("say"))
    assert Act.OPEN_START not in str(Desk().slash(APPROVERS[0], "plan").all("say"))


def test_plan_shows_the_active_runs_plan() -> None:
    assert "being made" in Desk(Story()).slash(ADMIN, "plan").said
    answer = Desk(tell(Ask.APPROVE_PLAN)).slash(ADMIN, "plan")
    assert "60 contacts" in answer.said
    assert Act.OPEN_PLAN in str(answer.all("say"))


@dataclass
class Reports:
    """Takes wishes for plan reports; ``refusal`` is what it answers instead."""

    answer: ReportAnswer = "asked"
    refusal: Refused | None = None
    asked: list[tuple[str, str]] = field(default_factory=list)

    def ask(self, user: str, key: str) -> ReportAnswer:
        if self.refusal is not None:
            raise self.refusal
        self.asked.append((user, key))
        return self.answer


def test_an_administrator_has_a_plan_report_made() -> None:
    reports = Reports()
    said = Desk(reports=reports).slash(ADMIN, "plan").said
    assert "comes as a direct message" in said
    assert "only reads" in said
    assert [user for user, _ in reports.asked] == [ADMIN]
    again = Desk(reports=Reports("under_way")).slash(ADMIN, "plan").said
    assert "being made already" in again


def test_a_plan_report_beside_the_active_runs_plan() -> None:
    reports = Reports()
    said = Desk(tell(Ask.APPROVE_PLAN), reports).slash(ADMIN, "plan").said
    assert "60 contacts" in said
    assert "comes as a direct message" in said


@pytest.mark.parametrize(
    ("user", "told"), [(APPROVERS[0], "send it on to you"), (STRANGER, "if you need to take part")]
)
def test_others_are_told_whom_to_ask_for_a_plan_report(user: str, told: str) -> None:
    reports = Reports()
    said = Desk(reports=reports).slash(user, "plan").said
    assert f"<@{ADMIN}>" in said
    assert told in said
    assert reports.asked == []


def test_a_plan_report_that_is_refused_says_why() -> None:
    refusal = Refused("frozen", N_("The active run is frozen."), N_("Unfreeze it."))
    said = Desk(reports=Reports(refusal=refusal)).slash(ADMIN, "plan").said
    assert "The active run is frozen." in said
    assert "Unfreeze it." in said


def test_status_without_a_run_tells_how_the_last_one_ended() -> None:
    assert "No run is active." in Desk().slash(ADMIN, "status").said
    assert "completed" in Desk(tell(Ask.OVER)).slash(ADMIN, "status").said


@pytest.mark.parametrize(
    "word", ["cancel", "handover", "handover <@U0OTHER>", "freeze", "unfreeze"]
)
def test_what_needs_a_run_says_so(word: str) -> None:
    assert "No run is active." in Desk().slash(ADMIN, word).said
    assert "No run is active." in Desk(tell(Ask.OVER)).slash(ADMIN, word).said


@pytest.mark.parametrize("word", ["cancel", "handover", "freeze"])
def test_approvers_may_not_steer(word: str) -> None:
    desk = Desk(tell(Ask.APPROVE_PLAN))
    assert "Only administrators" in desk.slash(APPROVERS[0], word).said
    assert not desk.engine.commands


def test_cancel_says_what_is_irreversible_already() -> None:
    desk = Desk(tell(Ask.MAP_OWNERS))
    answer = desk.slash(ADMIN, "cancel")
    assert "Salesforce is disconnected in HubSpot" in answer.text
    desk.submit(ADMIN, {"reason": {"type": "plain_text_input", "value": "later"}})
    assert desk.engine.one.state is State.CANCELLED


@pytest.mark.parametrize("name", ["<@U0OTHER|other>", "<@U0OTHER>", "U0OTHER", "@u0other"])
def test_handover_names_the_person_in_slacks_way_or_by_id(name: str) -> None:
    desk = Desk(tell(Ask.APPROVE_PLAN))
    assert "<@U0OTHER> is responsible now." in desk.slash(ADMIN, f"handover {name}").said
    assert desk.engine.one.responsible == OTHER_ADMIN


@pytest.mark.parametrize(("name", "said"), [("@jane doe", "“@jane doe”"), ("<!here>", "!here")])
def test_handover_to_an_unreadable_name_offers_the_picker(name: str, said: str) -> None:
    answer = Desk(tell(Ask.APPROVE_PLAN)).slash(ADMIN, f"handover {name}")
    assert said in answer.said
    assert "without a name" in answer.said
    assert "<!here>" not in answer.said


def test_handover_to_somebody_who_may_not_is_refused_by_the_rules() -> None:
    said = Desk(tell(Ask.APPROVE_PLAN)).slash(ADMIN, f"handover <@{STRANGER}>").said
    assert f"<@{STRANGER}> is not an administrator" in said


def test_handover_without_a_name_opens_the_picker() -> None:
    desk = Desk(tell(Ask.APPROVE_PLAN))
    assert desk.slash(ADMIN, "handover").view["callback_id"] == Modal.HAND_OVER


def test_freeze_and_unfreeze() -> None:
    desk = Desk(tell(Ask.APPROVE_PLAN))
    assert "frozen" in desk.slash(ADMIN, "freeze audit week").said
    assert desk.engine.one.frozen
    (command,) = desk.engine.commands
    assert command.action == c.Freeze(reason="audit week")
    assert "The run is frozen" in desk.slash(ADMIN, "freeze").said
    assert "second person" in desk.slash(ADMIN, "unfreeze").said
    assert desk.engine.one.frozen
    assert "goes on" in desk.slash(APPROVERS[0], "unfreeze").said
    assert not desk.engine.one.frozen


def test_a_reason_that_is_too_long_is_refused_clearly() -> None:
    desk = Desk(tell(Ask.APPROVE_PLAN))
    assert "at most 2,000 characters" in desk.slash(ADMIN, f"freeze {'x' * 2001}").said
    assert not desk.engine.one.frozen


def test_a_command_delivered_twice_answers_alike_and_happens_once() -> None:
    desk = Desk(tell(Ask.APPROVE_PLAN))
    first = desk.slash(ADMIN, "freeze", trigger="7.7")
    second = desk.slash(ADMIN, "freeze", trigger="7.7")
    assert first.said == second.said
    assert len(desk.engine.commands) == 1


def test_audit_tells_length_last_hash_and_where_the_channel_is() -> None:
    desk = Desk(tell(Ask.APPROVE_PLAN))
    said = desk.slash(ADMIN, "audit").said
    assert "2 events" in said
    assert f"{2:064x}" in said
    assert "intact" in said
    assert f"<#{AUDIT_CHANNEL}>" in said


def test_audit_names_problems_and_works_after_the_run() -> None:
    desk = Desk(tell(Ask.OVER))
    desk.engine.problems = ["event 3: <!channel> hash does not fit"]
    said = desk.slash(ADMIN, "audit").said
    assert "broken" in said
    assert "event 3" in said
    assert "<!channel>" not in said
    desk.engine.problems = ["cannot be checked: the key 01ab is not set"]
    said = desk.slash(ADMIN, "audit").said
    assert "cannot be checked" in said
    assert "broken" not in said
    assert "Somebody" not in said
    assert "No run" in Desk().slash(ADMIN, "audit").said


@pytest.mark.parametrize("text", [None, 7, ["plan"]])
def test_a_text_that_is_no_text_counts_as_none(text: object) -> None:
    desk = Desk()
    body = {"command": "/uninstall-salesforce", "text": text, "user_id": ADMIN, "trigger_id": "1"}
    answer = desk.deliver("command", "/uninstall-salesforce", body)
    assert answer.view["callback_id"] == Modal.START


def test_a_person_reads_their_own_language() -> None:
    desk = Desk()
    desk.people.locales[ADMIN] = "xx-YY"
    assert "No run is active." in desk.slash(ADMIN, "status").said
