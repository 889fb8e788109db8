"""Deliveries: malformed payloads, answers that cannot be delivered, and unknown errors."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from slack_bolt import BoltResponse
from slack_sdk.errors import SlackClientError
from structlog.testing import capture_logs

from handlers import payload
from handlers.actions import Act, Modal, Ref
from handlers.delivery import sentence
from handlers.i18n import translator
from handlers.payload import Metadata
from tests.handlers import payloads
from tests.handlers.desk import Desk
from tests.handlers.payloads import Payload
from tests.handlers.runs import ADMIN, APPROVERS, tell
from workflows.errors import Refused, SunsetError
from workflows.prompts import Ask
from workflows.text import N_


def clicked(desk: Desk) -> Payload:
    action = payloads.button(Act.APPROVE.value, str(desk.ref), "1.1")
    return payloads.message_click(APPROVERS[0], action)


BROKEN: list[tuple[str, Any]] = [
    ("user", None),
    ("user", {"id": 7}),
    ("user", {"id": "not an id"}),
    ("user", "U0ANNA"),
    ("actions", [{"action_id": "approve", "value": "run-1.2"}]),
    ("actions", [{"action_id": "approve", "action_ts": 1.5, "value": "run-1.2"}]),
    ("actions", [{"action_id": "approve", "action_ts": "1.1"}]),
    ("actions", [{"action_id": "approve", "action_ts": "1.1", "value": 5}]),
    ("actions", [{"action_id": "approve", "action_ts": "1.1", "value": {"a": "b"}}]),
]


@pytest.mark.parametrize(("field", "value"), BROKEN)
def test_malformed_clicks_get_a_sentence_and_change_nothing(field: str, value: Any) -> None:
    desk = Desk(tell(Ask.APPROVE_PLAN))
    before = desk.engine.one
    answer = desk.act(clicked(desk) | {field: value})
    assert "cannot read" in answer.said
    assert "Reference: " in answer.said
    assert desk.engine.one == before


@pytest.mark.parametrize("actions", [None, [], {}, "x", [None], [[]]])
def test_a_click_without_an_action_is_refused(actions: Any) -> None:
    desk = Desk(tell(Ask.APPROVE_PLAN))
    answer = desk.deliver("action", "approve", clicked(desk) | {"actions": actions})
    assert "cannot read" in answer.said


def test_a_submission_without_its_hash_is_refused() -> None:
    desk = Desk(tell(Ask.APPROVE_PLAN))
    desk.click(APPROVERS[0], Act.OPEN_DECLINE)
    del desk.modal["hash"]
    answer = desk.submit(APPROVERS[0], {"reason": payloads.text("no")})
    assert "cannot read" in answer.text
    assert not desk.engine.commands


def test_a_click_without_a_trigger_opens_nothing_and_says_so() -> None:
    desk = Desk(tell(Ask.APPROVE_PLAN))
    body = clicked(desk)
    body["actions"][0]["action_id"] = Act.OPEN_DECLINE.value
    del body["trigger_id"]
    answer = desk.act(body)
    assert [name for name, _ in answer.steps] == ["ack", "ack", "say"]


def test_an_unknown_modal_is_refused() -> None:
    desk = Desk()
    desk.modal = {"id": "V1", "hash": "1.1", "type": "modal", "callback_id": "v9", "blocks": []}
    assert "another version" in desk.submit(ADMIN, {}).text


def test_an_unknown_picker_offers_nothing() -> None:
    desk = Desk()
    body = payloads.suggestion(ADMIN, {"id": "V1", "type": "modal"}, "v9", "b", "")
    assert desk.deliver("options", "v9", body).ack == {"options": []}


# --- Slack's own refusals ------------------------------------------------------------------------


def test_an_expired_trigger_is_told() -> None:
    desk = Desk(tell(Ask.APPROVE_PLAN))
    desk.client.fail["views_open"] = ["expired_trigger_id"]
    answer = desk.click(ADMIN, Act.OPEN_PLAN)
    (said,) = answer.all("say")
    assert "did not show the window" in said["text"]
    assert "expired_trigger_id" in said["text"]


def test_a_modal_that_a_second_delivery_cannot_open_again_is_no_error() -> None:
    desk = Desk(tell(Ask.APPROVE_PLAN))
    desk.client.fail["views_open"] = ["exchanged_trigger_id"]
    assert desk.click(ADMIN, Act.OPEN_PLAN).steps == [("ack", {})]


def test_a_modal_that_cannot_be_shown_anew_is_told_in_one_on_top() -> None:
    desk = Desk(tell(Ask.MAP_OWNERS))
    desk.click(ADMIN, Act.OPEN_MAPPING)
    desk.client.fail["views_update"] = ["internal_error"]
    answer = desk.press(ADMIN, Act.TAKE_SUGGESTIONS)
    (pushed,) = answer.all("views_push")
    assert "what you did before is kept" in str(pushed)
    assert desk.engine.one.mapping


@pytest.mark.parametrize("error", [OSError("no route"), ValueError("x"), SlackClientError("x")])
def test_an_answer_that_cannot_be_delivered_is_logged(error: Exception) -> None:
    desk = Desk(tell(Ask.APPROVE_PLAN))

    def refuse(**_given: Any) -> None:
        raise error

    desk.respond = refuse  # type: ignore[method-assign]
    with capture_logs() as logs:
        desk.slash(ADMIN, "status")
    assert [entry["event"] for entry in logs] == ["answer_not_delivered"]


def test_an_answer_that_slack_refuses_is_logged() -> None:
    desk = Desk(tell(Ask.APPROVE_PLAN))

    class Reply:
        status_code = 404

    desk.respond = lambda **_given: Reply()  # type: ignore[assignment, method-assign]
    with capture_logs() as logs:
        desk.slash(ADMIN, "status")
    assert logs[0]["status"] == 404


def test_a_refusal_that_cannot_be_shown_is_logged() -> None:
    desk = Desk(tell(Ask.MAP_OWNERS))
    desk.click(ADMIN, Act.OPEN_MAPPING)
    desk.client.fail["views_update"] = ["not_found", "not_found"]
    desk.client.fail["views_push"] = ["push_limit_reached"]
    with capture_logs() as logs:
        desk.press(ADMIN, Act.TAKE_SUGGESTIONS)
    assert logs[-1]["event"] == "answer_not_delivered"


def test_a_click_in_the_home_is_answered_in_a_modal() -> None:
    desk = Desk(tell(Ask.APPROVE_PLAN))
    view = {"id": "VHOME", "type": "home", "hash": "1.1", "blocks": []}
    assert "moved on" in desk.press(APPROVERS[0], Act.OPEN_DECLINE, "run-1.1", view).text
    assert "Only approvers" in desk.press(ADMIN, Act.APPROVE, str(desk.ref), view).text
    opened = desk.press(APPROVERS[0], Act.OPEN_DECLINE, str(desk.ref), view)
    assert opened.view["callback_id"] == Modal.DECLINE


def test_what_is_done_from_the_home_is_told_in_a_modal() -> None:
    desk = Desk(tell(Ask.WAIT_SYNC))
    view = {"id": "VHOME", "type": "home", "hash": "1.1", "blocks": []}
    assert "looks now" in desk.press(ADMIN, Act.CHECK_NOW, str(desk.ref), view).text


# --- what nobody foresaw -------------------------------------------------------------------------


def test_a_store_that_fails_is_told_with_its_remedy() -> None:
    desk = Desk(tell(Ask.APPROVE_PLAN))
    desk.engine.broken = SunsetError("store", N_("The disk is full."), N_("Make room."))
    assert desk.click(APPROVERS[0], Act.APPROVE).said.startswith("The disk is full. Make room.")


def test_an_unknown_error_gets_an_incident_id_that_is_shown_and_logged() -> None:
    desk = Desk(tell(Ask.APPROVE_PLAN))
    desk.engine.broken = RuntimeError("secret detail")
    with capture_logs() as logs:
        answer = desk.click(APPROVERS[0], Act.APPROVE)
    (said,) = answer.all("say")
    (incident,) = re.findall(r"Reference: ([0-9a-f]{8})", said["text"])
    assert logs[0]["incident"] == incident
    assert logs[0]["exc_info"] is desk.engine.broken
    assert "secret detail" not in said["text"]
    assert isinstance(answer.error_response, BoltResponse)
    assert answer.error_response.status == 200


def test_an_unknown_error_of_a_submission_takes_the_modals_place() -> None:
    desk = Desk(tell(Ask.APPROVE_PLAN))
    desk.click(APPROVERS[0], Act.OPEN_DECLINE)
    desk.engine.broken = RuntimeError("secret detail")
    answer = desk.submit(APPROVERS[0], {"reason": payloads.text("no")})
    assert answer.error_response is not None
    reply = json.loads(str(answer.error_response.body))
    assert reply["response_action"] == "update"
    assert "Reference: " in str(reply["view"])


def test_an_unknown_error_after_the_acknowledgement_answers_no_second_time() -> None:
    desk = Desk(tell(Ask.APPROVE_PLAN))
    desk.services.engine.audit = None  # type: ignore[assignment, method-assign]
    answer = desk.slash(ADMIN, "audit")
    assert answer.error_response is None
    assert "unexpected" in answer.all("say")[0]["text"]


def test_an_unknown_error_of_a_picker_offers_nothing() -> None:
    desk = Desk(tell(Ask.MAP_OWNERS))
    desk.click(ADMIN, Act.OPEN_MAPPING)
    desk.services.owners.search = None  # type: ignore[assignment, method-assign]
    body = payloads.suggestion(ADMIN, desk.modal, Act.PICK_TARGET.value, "b", "x")
    answer = desk.deliver("options", Act.PICK_TARGET.value, body)
    assert answer.error_response is not None
    assert json.loads(str(answer.error_response.body)) == {"options": []}


def test_an_unknown_error_of_an_event_is_only_logged() -> None:
    desk = Desk()
    desk.client.fail["views_publish"] = ["internal_error"]
    with capture_logs() as logs:
        answer = desk.deliver("event", "app_home_opened", payloads.home_opened(ADMIN))
    assert answer.steps == []
    assert logs[0]["event"] == "unexpected_error"


# --- keys, references, words ---------------------------------------------------------------------


def test_delivery_keys_are_those_of_the_facts() -> None:
    click = payloads.message_click(ADMIN, payloads.button("approve", "run-1.1", "1.5"))
    view = payloads.submission(ADMIN, {"id": "V1", "hash": "9.h"}, {})
    assert payload.click_key(click) == f"click:{ADMIN}:1.5:approve"
    assert payload.view_key(view) == f"view:{ADMIN}:V1:9.h"
    command = payloads.command(ADMIN, "", "1.2.3")
    known, hidden = payload.command_key(command).rsplit(":", 1)
    assert known == f"command:{ADMIN}"
    assert len(hidden) == 32
    assert payload.command_key(command) == f"{known}:{hidden}"
    assert payload.command_key(payloads.command(ADMIN, "", "1.2.4")) != f"{known}:{hidden}"


@pytest.mark.parametrize(
    ("ref", "written"),
    [(Ref("run-1", 7), "run-1.7"), (Ref("run-1", 7, 9), "run-1.7.9")],
    ids=["prompt", "what it showed"],
)
def test_references_are_read_back(ref: Ref, written: str) -> None:
    assert str(ref) == written
    assert Ref.parse(written) == ref


@pytest.mark.parametrize(
    "value", ["", "run-1", "run-1.", "run-1.x", "run-1.7.", "run-1.7.x", "run-1.7.9.1", "r 1.7"]
)
def test_anything_else_is_no_reference(value: str) -> None:
    with pytest.raises(ValueError, match="not a reference"):
        Ref.parse(value)


def test_metadata_is_read_back() -> None:
    metadata = Metadata(Ref("run-1", 7), page=3).emptied()
    assert Metadata.of({"view": {"private_metadata": str(metadata)}}) == metadata
    assert metadata.at(-1).page == 0


def test_a_refusals_text_from_outside_is_escaped_but_people_are_named() -> None:
    problem = N_("<@{who}> & {what}", who="U0ANNA", what="<!channel>")
    error = Refused("x", problem, N_("Mend it."), reference="<")
    said = sentence(translator("en"), error)
    assert said == "<@U0ANNA> & &lt;!channel&gt; Mend it. (Reference: &lt;)"
