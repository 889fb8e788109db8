"""The modals of the steps: what they say, what they take, what they refuse and how."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from handlers.actions import Act, Modal, Ref
from handlers.modals.disconnect import OTHER_REASON, REASONS
from handlers.modals.reassign import PICK_UNDO_OWNER
from tests.handlers import payloads
from tests.handlers.desk import Desk, words_of
from tests.handlers.engine import STRANGER
from tests.handlers.payloads import Payload
from tests.handlers.runs import (
    ADMIN,
    APPROVERS,
    OTHER_ADMIN,
    Story,
    backed_up,
    counted,
    finished,
    inventory,
    owners,
    tell,
    unsecured,
)
from workflows import commands as c
from workflows.prompts import Ask
from workflows.states import State
from workflows.values import Failure

DISCONNECTED: Payload = {
    "mappings": payloads.ticked("contacts", "companies", "deals"),
    "P1d-reason": payloads.chosen("another_integration"),
    "other_reason": payloads.text(None),
    "P1d-phrase": payloads.text("Uninstall Salesforce"),
}
EVERYTHING: Payload = {
    "scope": payloads.chosen("all"),
    "owner": payloads.picked(PICK_UNDO_OWNER, None),
    "kind": payloads.chosen("*"),
}


@dataclass(frozen=True)
class Form:
    """A modal with inputs: when it is offered, by which button, to whom, and how it is filled."""

    ask: Ask
    act: Act
    modal: Modal
    who: str
    values: Payload
    story: Callable[[Ask], Story] = tell

    def told(self) -> Story:
        """Tell a story until the modal is offered."""
        return self.story(self.ask)


FORMS = [
    Form(
        Ask.APPROVE_PLAN,
        Act.OPEN_DECLINE,
        Modal.DECLINE,
        APPROVERS[0],
        {"reason": payloads.text("not now")},
    ),
    Form(Ask.DISCONNECT, Act.OPEN_DISCONNECT, Modal.DISCONNECT, ADMIN, DISCONNECTED),
    Form(Ask.REASSIGNMENT_LEFT, Act.OPEN_UNDO, Modal.UNDO, ADMIN, EVERYTHING),
    Form(
        Ask.CHOOSE_DATA_COPY,
        Act.OPEN_DATA_COPY,
        Modal.DATA_COPY,
        ADMIN,
        {"P3d": payloads.chosen("keep")},
    ),
    Form(
        Ask.CONFIRM_NO_COPY,
        Act.OPEN_WAIVER,
        Modal.WAIVER,
        APPROVERS[0],
        {"reason": payloads.text("It is in the warehouse.")},
        lambda _: unsecured(),
    ),
    Form(
        Ask.APPROVE_REMOVAL,
        Act.OPEN_CONSENT,
        Modal.CONSENT,
        ADMIN,
        {"P3e": payloads.ticked("P3e")},
    ),
    Form(
        Ask.DOWNLOAD_COPY,
        Act.OPEN_DOWNLOADED,
        Modal.DOWNLOADED,
        ADMIN,
        {"P4": payloads.text("Archive / 2026")},
    ),
    Form(
        Ask.DISCONNECT,
        Act.OPEN_HAND_OVER,
        Modal.HAND_OVER,
        ADMIN,
        {"to": payloads.user(OTHER_ADMIN)},
    ),
    Form(
        Ask.DISCONNECT,
        Act.OPEN_CANCEL,
        Modal.CANCEL,
        ADMIN,
        {"reason": payloads.text("later")},
    ),
]
AT_ANY_TIME = {Modal.HAND_OVER, Modal.CANCEL}
every_form = pytest.mark.parametrize("form", FORMS, ids=lambda form: form.modal.value)
every_answer = pytest.mark.parametrize(
    "form",
    [form for form in FORMS if form.modal not in AT_ANY_TIME],
    ids=lambda form: form.modal.value,
)


@every_form
def test_a_form_opens_and_its_submission_is_one_command(form: Form) -> None:
    desk = Desk(form.told())
    assert desk.click(form.who, form.act).view["callback_id"] == form.modal
    view = desk.modal
    first = desk.submit(form.who, form.values)
    assert first.ack == {}
    version = desk.engine.one.version
    desk.modal = view
    assert desk.submit(form.who, form.values).steps == first.steps
    assert desk.engine.one.version == version
    assert len(desk.engine.commands) == 1


@every_form
def test_strangers_open_and_submit_nothing(form: Form) -> None:
    desk = Desk(form.told())
    assert not desk.click(STRANGER, form.act).all("views_open")
    desk.click(form.who, form.act)
    assert "Only a" in desk.submit(STRANGER, form.values).text
    assert not desk.engine.commands


@every_answer
def test_a_stale_button_opens_nothing(form: Form) -> None:
    desk = Desk(form.told())
    assert "moved on" in desk.click(form.who, form.act, Ref("run-1", 1)).said


@every_answer
def test_a_form_that_was_overtaken_is_replaced_by_the_reason(form: Form) -> None:
    story = form.told()
    desk = Desk(story)
    desk.click(form.who, form.act)
    desk.engine.adopt(story.person(c.Cancel()))
    answer = desk.submit(form.who, form.values)
    assert answer.ack["response_action"] == "update"
    assert "over (cancelled)" in answer.text
    assert not desk.modal.get("submit")


@every_answer
def test_a_form_of_another_step_does_not_open(form: Form) -> None:
    desk = Desk(tell(Ask.WAIT_COUNT))
    assert "not possible at the present step" in desk.click(form.who, form.act).said


@every_answer
def test_a_frozen_run_keeps_the_form_and_says_so_above(form: Form) -> None:
    story = form.told()
    desk = Desk(story)
    desk.click(form.who, form.act)
    ids = [block.get("block_id") for block in desk.modal["blocks"] if block["type"] == "input"]
    desk.engine.adopt(story.person(c.Freeze()))
    answer = desk.submit(form.who, form.values)
    assert "frozen" in answer.text
    assert [b.get("block_id") for b in answer.view["blocks"] if b["type"] == "input"] == ids


@every_form
@pytest.mark.parametrize("state", [None, [], {"values": None}, {"values": {"reason": 1}}])
def test_malformed_submissions_are_refused(form: Form, state: object) -> None:
    desk = Desk(form.told())
    desk.click(form.who, form.act)
    body = payloads.submission(form.who, desk.modal, form.values)
    body["view"]["state"] = state
    answer = desk.deliver("view", form.modal.value, body)
    assert "cannot read" in answer.text
    assert not desk.engine.commands


@pytest.mark.parametrize(
    "metadata",
    [
        "",
        "x",
        "[]",
        '{"ref": "run-1.1"}',
        '{"ref": 1, "page": 0}',
        '{"ref": "no ref", "page": 0, "turn": 0}',
        '{"ref": "run-1.1", "page": -1, "turn": 0}',
    ],
)
def test_forged_metadata_is_refused(metadata: str) -> None:
    desk = Desk(tell(Ask.DISCONNECT))
    desk.click(ADMIN, Act.OPEN_DISCONNECT)
    desk.modal["private_metadata"] = metadata
    assert "cannot read" in desk.submit(ADMIN, DISCONNECTED).text


# --- what each of them says and refuses ----------------------------------------------------------


def test_the_disconnect_modal_carries_every_step_and_the_link() -> None:
    answer = Desk(tell(Ask.DISCONNECT)).click(ADMIN, Act.OPEN_DISCONNECT)
    assert all(step in answer.text for step in ("P1a", "P1b", "P1c", "P1d", "P1e"))
    assert "https://app.hubspot.com/integrations-settings/4711" in str(answer.view)


@pytest.mark.parametrize(
    ("block", "value", "said"),
    [
        ("P1d-phrase", payloads.text("uninstall salesforce"), "Type exactly: Uninstall Salesforce"),
        ("P1d-phrase", payloads.text(None), "Type exactly"),
        ("mappings", payloads.ticked("contacts"), "not all of them"),
        ("mappings", payloads.ticked(), "not all of them"),
    ],
)
def test_the_disconnect_refuses_at_the_right_input(block: str, value: Payload, said: str) -> None:
    desk = Desk(tell(Ask.DISCONNECT))
    desk.click(ADMIN, Act.OPEN_DISCONNECT)
    assert said in desk.submit(ADMIN, DISCONNECTED | {block: value}).errors[block]
    assert desk.submit(ADMIN, DISCONNECTED).ack == {}


@pytest.mark.parametrize(
    ("code", "own", "reason"),
    [
        ("sync_errors", None, "There were too many sync errors"),
        ("sync_errors", "500 a day", "There were too many sync errors: 500 a day"),
        (OTHER_REASON, " we move ", "we move"),
    ],
)
def test_the_reason_is_kept_in_words(code: str, own: str | None, reason: str) -> None:
    desk = Desk(tell(Ask.DISCONNECT))
    desk.click(ADMIN, Act.OPEN_DISCONNECT)
    values = {"P1d-reason": payloads.chosen(code), "other_reason": payloads.text(own)}
    desk.submit(ADMIN, DISCONNECTED | values)
    action = desk.engine.commands[0].action
    assert isinstance(action, c.ReportDisconnected)
    assert action.reason == reason


def test_another_reason_needs_words_and_unknown_ones_are_refused() -> None:
    desk = Desk(tell(Ask.DISCONNECT))
    desk.click(ADMIN, Act.OPEN_DISCONNECT)
    other = {"P1d-reason": payloads.chosen(OTHER_REASON)}
    assert "reason" in desk.submit(ADMIN, DISCONNECTED | other).errors["other_reason"]
    forged = {"P1d-reason": payloads.chosen("forged")}
    assert "cannot read" in desk.submit(ADMIN, DISCONNECTED | forged).text
    assert max(len(text.msgid) for text in REASONS.values()) <= 75


def test_declining_needs_a_reason() -> None:
    desk = Desk(tell(Ask.APPROVE_PLAN))
    desk.click(APPROVERS[0], Act.OPEN_DECLINE)
    errors = desk.submit(APPROVERS[0], {"reason": payloads.text("  ")}).errors
    assert "reason is needed" in errors["reason"]


def test_not_saving_a_copy_is_asked_a_second_time() -> None:
    desk = Desk(backed_up(tell(Ask.CHOOSE_DATA_COPY)))
    answer = desk.click(ADMIN, Act.OPEN_DATA_COPY)
    assert "never be reached again" in answer.text
    assert "Save a copy of this package's data for 48 hours after uninstall" in answer.text
    assert "asked a second time" in str(answer.view)
    assert "a verified and complete backup by Sunset is needed, or an approver" in answer.text
    assert [b["block_id"] for b in answer.view["blocks"] if b["type"] == "input"] == ["P3d"]
    desk.submit(ADMIN, {"P3d": payloads.chosen("discard")})
    assert desk.engine.one.no_copy_proposed
    assert desk.engine.one.state is State.CHOOSING_DATA_COPY
    desk.click(ADMIN, Act.CONFIRM_NO_COPY)
    assert desk.engine.one.keep_copy is False


@pytest.mark.parametrize("forged", ["maybe", "KEEP", " keep"])
def test_a_forged_data_copy_choice_is_refused(forged: str) -> None:
    desk = Desk(tell(Ask.CHOOSE_DATA_COPY))
    desk.click(ADMIN, Act.OPEN_DATA_COPY)
    answer = desk.submit(ADMIN, {"P3d": payloads.chosen(forged)})
    assert "cannot read" in answer.text


def test_the_consent_has_salesforces_sentence_and_needs_the_tick() -> None:
    desk = Desk(tell(Ask.APPROVE_REMOVAL))
    answer = desk.click(ADMIN, Act.OPEN_CONSENT)
    assert (
        "Yes, I want to uninstall this package and permanently delete all associated components"
        in answer.text
    )
    assert "not ticked" in desk.submit(ADMIN, {"P3e": payloads.ticked()}).errors["P3e"]
    assert not desk.engine.one.consent
    desk.submit(ADMIN, {"P3e": payloads.ticked("P3e")})
    assert desk.engine.one.consent


def test_the_copys_place_is_needed() -> None:
    desk = Desk(tell(Ask.DOWNLOAD_COPY))
    desk.click(ADMIN, Act.OPEN_DOWNLOADED)
    assert "where the copy was put" in desk.submit(ADMIN, {"P4": payloads.text(" ")}).errors["P4"]
    long = payloads.text("x" * 501)
    assert "500" in desk.submit(ADMIN, {"P4": long}).errors["P4"]


def test_handing_over_to_somebody_who_may_not_keeps_the_form() -> None:
    desk = Desk(tell(Ask.DISCONNECT))
    desk.click(ADMIN, Act.OPEN_HAND_OVER)
    answer = desk.submit(ADMIN, {"to": payloads.user(STRANGER)})
    assert f"<@{STRANGER}> is not an administrator" in answer.text
    assert answer.view["callback_id"] == Modal.HAND_OVER
    assert desk.submit(ADMIN, {"to": payloads.user(OTHER_ADMIN)}).ack == {}
    assert desk.engine.one.responsible == OTHER_ADMIN


def test_handing_over_to_an_approver_who_is_needed_keeps_the_form() -> None:
    desk = Desk(tell(Ask.APPROVE_PLAN, Story(approvers=(APPROVERS[0], OTHER_ADMIN))))
    desk.click(ADMIN, Act.OPEN_HAND_OVER)
    answer = desk.submit(ADMIN, {"to": payloads.user(OTHER_ADMIN)})
    assert "2 approvals are required" in answer.text
    assert answer.view["callback_id"] == Modal.HAND_OVER
    assert desk.engine.one.responsible == ADMIN


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (Ask.APPROVE_PLAN, "So far nothing was done that cannot be undone."),
        (Ask.DELETE_OWNERS, "Reassigned records keep their new HubSpot owners"),
        (Ask.CHOOSE_DATA_COPY, "The Salesforce owners are deleted"),
        (Ask.CHOOSE_DATA_COPY, "The package stays installed; nothing of it was deleted."),
        (Ask.WAIT_BACKUP, "The backup that is being made is stopped"),
        (Ask.REMOVE_PACKAGE, "The package stays installed; nothing of it was deleted."),
        (Ask.WAIT_REMOVAL, "was begun; ending the run does not stop it"),
        (Ask.DOWNLOAD_COPY, "The package is uninstalled"),
        (Ask.DOWNLOAD_COPY, "Nobody is reminded any more"),
    ],
)
def test_cancelling_says_what_stays(ask: Ask, said: str) -> None:
    assert said in Desk(tell(ask)).click(ADMIN, Act.OPEN_CANCEL).text


# --- what is only read ---------------------------------------------------------------------------

HOSTILE = "<!channel> & <@U1|x> *b* " + "ż" * 200


def _walk(desk: Desk, who: str) -> tuple[int, str]:
    """Turn every page of the open modal; return how many, and all that they say."""
    said, count = words_of(desk.modal["blocks"]), 1
    while True:
        buttons = [
            button
            for block in desk.modal["blocks"]
            if block.get("block_id") == "pages"
            for button in block["elements"]
            if button["action_id"] == Act.PAGE_NEXT
        ]
        if not buttons:
            return count, said
        answer = desk.press(who, Act.PAGE_NEXT, buttons[0]["value"])
        assert answer.ack == {}
        said, count = f"{said}\n{answer.text}", count + 1


@pytest.mark.parametrize("who", [ADMIN, APPROVERS[0]])
def test_the_plan_of_300_owners_is_read_in_pages(who: str) -> None:
    story = Story(owned=owners(300), package=inventory(3000, blockers=40))
    desk = Desk(tell(Ask.APPROVE_PLAN, story))
    desk.click(who, Act.OPEN_PLAN)
    count, said = _walk(desk, who)
    assert count > 10
    assert all(f"Sam Sales {number}*" in said for number in range(300))
    assert all(f"Contact {number} " in said for number in range(40))


def test_an_inventory_of_3000_components_is_read_in_pages() -> None:
    story = Story(package=inventory(3000, blockers=3, name=HOSTILE))
    desk = Desk(tell(Ask.CHOOSE_DATA_COPY, story))
    desk.click(ADMIN, Act.OPEN_INVENTORY)
    count, said = _walk(desk, ADMIN)
    assert count > 60
    assert "<!channel>" not in said
    assert said.count("ApexPage") >= 1500


def test_failures_are_read_in_pages_with_what_is_not_listed() -> None:
    story = finished(tell(Ask.WAIT_REASSIGNMENT), failures=50)
    counted(story)
    desk = Desk(story)
    desk.click(ADMIN, Act.OPEN_FAILURES)
    count, said = _walk(desk, ADMIN)
    assert count == 3
    assert said.count("&lt;!here&gt; invalid") == 50


def test_failures_beyond_the_listed_ones_are_counted() -> None:
    story = tell(Ask.WAIT_REASSIGNMENT)
    one = Failure(object_type="deals", record_id="1", reason="x", reference="c-1")
    story.bot(c.RecordReassigned(job=1, tallies=(), failures=(one,), failure_count=1200))
    answer = Desk(counted(story)).click(ADMIN, Act.OPEN_FAILURES)
    assert "1,200 records failed" in answer.text
    assert "1,199 more (in the file in the thread)" in answer.text
    assert "correlation id: `c-1`" in answer.text


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (Act.OPEN_PLAN, "still being made"),
        (Act.OPEN_INVENTORY, "There is no list"),
        (Act.OPEN_FAILURES, "No record failed"),
    ],
)
def test_what_is_not_there_yet_says_so(act: Act, said: str) -> None:
    assert said in Desk(Story()).click(ADMIN, act).text


def test_a_page_that_is_not_there_becomes_the_last_and_nonsense_is_refused() -> None:
    desk = Desk(tell(Ask.APPROVE_PLAN, Story(owned=owners(100))))
    desk.click(ADMIN, Act.OPEN_PLAN)
    assert "Back" in desk.press(ADMIN, Act.PAGE_NEXT, "999").text
    for value in ("", "-1", "x", "1.5", "9999999", "²"):
        answer = desk.press(ADMIN, Act.PAGE_NEXT, value)
        assert "cannot read" in answer.text
        desk.click(ADMIN, Act.OPEN_PLAN)


def test_strangers_turn_no_pages() -> None:
    desk = Desk(tell(Ask.APPROVE_PLAN, Story(owned=owners(100))))
    desk.click(ADMIN, Act.OPEN_PLAN)
    assert "only for the administrators" in desk.press(STRANGER, Act.PAGE_NEXT, "1").text


def test_pages_of_another_modal_are_refused() -> None:
    desk = Desk(tell(Ask.APPROVE_PLAN, Story(owned=owners(100))))
    desk.click(ADMIN, Act.OPEN_PLAN)
    desk.modal["callback_id"] = "something_else"
    assert "cannot read" in desk.press(ADMIN, Act.PAGE_NEXT, "1").text
