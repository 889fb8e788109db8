"""Starting a run by the modal."""

from __future__ import annotations

import pytest

from handlers.actions import Act, Modal
from tests.handlers import payloads
from tests.handlers.desk import Answer, Desk
from tests.handlers.engine import CHANNEL, STRANGER
from tests.handlers.payloads import Payload
from tests.handlers.runs import ADMIN, APPROVERS, tell
from workflows.prompts import Ask
from workflows.values import Policy, Reason


def filled(**changed: Payload) -> Payload:
    return {
        "P0a": payloads.ticked("P0a"),
        "P0b": payloads.ticked("P0b"),
        "P0c": payloads.ticked("P0c"),
        "reason": payloads.chosen("leaving_salesforce"),
        "note": payloads.text(None),
        "approvers": payloads.users(),
        **changed,
    }


def opened() -> Desk:
    desk = Desk()
    desk.slash(ADMIN)
    return desk


def test_the_modal_starts_a_run_and_says_where_it_is() -> None:
    desk = opened()
    values = filled(note=payloads.text("  before the audit "), approvers=payloads.users(*APPROVERS))
    answer = desk.submit(ADMIN, values)
    assert f"<#{CHANNEL}>" in answer.text
    run = desk.engine.one
    assert run.requester == ADMIN
    assert run.reason is Reason.LEAVING_SALESFORCE
    assert run.note == "before the audit"
    assert run.approvers == APPROVERS
    assert run.eligible_approvers == tuple(sorted(APPROVERS))
    assert desk.ref.parse(str(desk.ref)) == desk.ref


def test_a_modal_submitted_twice_starts_one_run() -> None:
    desk = opened()
    view = desk.modal
    first = desk.submit(ADMIN, filled())
    desk.modal = view
    second = desk.submit(ADMIN, filled())
    assert first.text == second.text
    assert len(desk.engine.histories) == 1


def test_two_modals_start_one_run_and_the_second_is_told() -> None:
    desk = opened()
    view = desk.modal | {"id": "V222"}
    desk.submit(ADMIN, filled())
    desk.modal = view
    assert "active already" in desk.submit(ADMIN, filled()).text
    assert len(desk.engine.histories) == 1


def test_what_is_not_ticked_is_named_at_its_box() -> None:
    desk = opened()
    answer = desk.submit(ADMIN, filled(P0b=payloads.ticked()))
    assert "P0b" in answer.errors["P0b"]
    assert not desk.engine.histories
    assert f"<#{CHANNEL}>" in desk.submit(ADMIN, filled()).text


def test_somebody_who_may_not_approve_is_named_above_the_kept_inputs() -> None:
    desk = opened()
    blocks = [block["block_id"] for block in desk.modal["blocks"] if block["type"] == "input"]
    answer = desk.submit(ADMIN, filled(approvers=payloads.users(STRANGER)))
    assert f"<@{STRANGER}> may not approve" in answer.text
    after = [block["block_id"] for block in answer.view["blocks"] if block["type"] == "input"]
    assert after == blocks


def test_a_quorum_that_cannot_be_reached_is_said() -> None:
    desk = opened()
    object.__setattr__(desk.services, "policy", Policy(quorum=3))
    assert "3 approvals are required" in desk.submit(ADMIN, filled()).text


def test_a_note_that_is_too_long_is_named_at_the_note() -> None:
    errors = opened().submit(ADMIN, filled(note=payloads.text("x" * 2001))).errors
    assert "2,000" in errors["note"]


def test_only_administrators_start() -> None:
    desk = opened()
    answer = desk.submit(APPROVERS[0], filled())
    assert "Only administrators" in answer.text
    assert not desk.engine.histories
    assert "Only administrators" in desk.click(STRANGER, Act.OPEN_START, "new.0").said


def test_the_start_button_opens_the_modal_unless_a_run_is_active() -> None:
    assert Desk().click(ADMIN, Act.OPEN_START, "new.0").view["callback_id"] == Modal.START
    answer = Desk(tell(Ask.APPROVE_PLAN)).click(ADMIN, Act.OPEN_START, "new.0")
    assert "active already" in answer.said


def _assert_unreadable(desk: Desk, answer: Answer) -> None:
    assert "cannot read" in answer.text
    assert not desk.engine.histories


@pytest.mark.parametrize(
    "changed",
    [
        {"reason": payloads.chosen("because")},
        {"reason": payloads.chosen(None)},
        {"reason": payloads.text("other")},
        {"note": {"type": "plain_text_input", "value": 7}},
        {"P0a": {"type": "checkboxes", "selected_options": "P0a"}},
        {"P0a": {"type": "checkboxes", "selected_options": [{"value": 1}]}},
        {"approvers": payloads.users("not a user")},
        {"approvers": {"type": "multi_users_select", "selected_users": "U1"}},
        {"approvers": {"type": "multi_users_select", "selected_users": [None]}},
    ],
)
def test_wrong_values_are_refused_and_start_nothing(changed: Payload) -> None:
    desk = opened()
    _assert_unreadable(desk, desk.submit(ADMIN, filled(**changed)))


@pytest.mark.parametrize("missing", ["P0a", "reason", "note", "approvers"])
def test_missing_inputs_are_refused_and_start_nothing(missing: str) -> None:
    desk = opened()
    values = {block: value for block, value in filled().items() if block != missing}
    _assert_unreadable(desk, desk.submit(ADMIN, values))
