"""The job's buttons and the undo: what they take, from whom, and when."""

from __future__ import annotations

from typing import Any, cast

import pytest

from handlers.actions import Act, Modal, Ref
from handlers.modals.reassign import EVERY_KIND, KIND, OWNER, PICK_UNDO_OWNER, SCOPE
from tests.handlers import payloads, runs
from tests.handlers.desk import Answer, Desk
from tests.handlers.engine import STRANGER
from tests.handlers.payloads import Payload
from tests.handlers.runs import ADMIN, APPROVERS, OTHER_ADMIN, Story, owners, tell
from workflows import commands as c
from workflows.prompts import Ask
from workflows.values import CORE_OBJECTS, OwnedRecords, Owner, Tally

HOSTILE = "<!channel> & <https://x|y> :bomb: \u202e" + "名" * 100


def wish(scope: str = "all", owner: str | None = None, kind: str | None = EVERY_KIND) -> Payload:
    """Fill the undo modal in."""
    return {
        SCOPE: payloads.chosen(scope),
        OWNER: payloads.picked(PICK_UNDO_OWNER, owner),
        KIND: payloads.chosen(kind),
    }


def opened(ask: Ask = Ask.REASSIGNMENT_LEFT, story: Story | None = None) -> Desk:
    desk = Desk(tell(ask, story))
    desk.click(ADMIN, Act.OPEN_UNDO)
    return desk


def offered(desk: Desk, who: str = ADMIN, query: str = "") -> list[Payload]:
    """Return the owners that the undo's picker offers."""
    body = payloads.suggestion(who, desk.modal, PICK_UNDO_OWNER, OWNER, query)
    answer = desk.deliver("options", PICK_UNDO_OWNER, body)
    return cast(list[Payload], answer.ack["options"])


def asked(desk: Desk) -> c.UndoReassignment:
    (command,) = desk.engine.commands
    assert isinstance(command.action, c.UndoReassignment)
    return command.action


# --- stop ----------------------------------------------------------------------------------------


def test_a_stopped_job_is_stopping_until_it_tells_its_end() -> None:
    desk = Desk(tell(Ask.WAIT_REASSIGNMENT))
    stale = desk.ref
    desk.click(ADMIN, Act.STOP)
    assert desk.engine.one.job_state == "stopping"
    for act in (Act.STOP, Act.PAUSE):
        assert "moved on" in desk.click(OTHER_ADMIN, act, stale).said
        assert "not in a state that allows this" in desk.click(OTHER_ADMIN, act).said
    assert len(desk.engine.commands) == 1


def test_two_administrators_press_pause_and_stop_at_once() -> None:
    desk = Desk(tell(Ask.WAIT_REASSIGNMENT))
    seen = desk.ref
    assert desk.click(ADMIN, Act.PAUSE, seen).ack == {}
    assert "moved on" in desk.click(OTHER_ADMIN, Act.STOP, seen).said
    assert desk.engine.one.job_state == "paused"
    assert desk.click(OTHER_ADMIN, Act.STOP).ack == {}
    assert desk.engine.one.job_state == "stopping"


# --- undo: what is asked -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "owner_id", "kind"),
    [
        (wish(), "", ""),
        (wish(kind=None), "", ""),
        (wish("part", owner="101"), "101", ""),
        (wish("part", kind="deals"), "", "deals"),
        (wish("part", owner="100", kind="contacts"), "100", "contacts"),
    ],
)
def test_what_is_chosen_is_given_back(given: Payload, owner_id: str, kind: str) -> None:
    desk = opened()
    assert desk.submit(ADMIN, given).ack == {}
    assert (asked(desk).owner_id, asked(desk).object_type) == (owner_id, kind)
    run = desk.engine.one
    assert (run.job_state, run.undo_owner, run.undo_object) == ("undoing", owner_id, kind)


@pytest.mark.parametrize(
    ("given", "block", "said"),
    [
        (wish("part"), SCOPE, "Nothing is chosen below"),
        (wish("all", owner="100"), SCOPE, "something is chosen below"),
        (wish("all", kind="deals"), SCOPE, "something is chosen below"),
        (wish("part", owner="999"), OWNER, "not among the Salesforce-only owners"),
        (wish("part", kind="2-99"), KIND, "No records of the type 2-99"),
    ],
)
def test_what_does_not_fit_together_is_refused_at_the_input(
    given: Payload, block: str, said: str
) -> None:
    desk = opened()
    assert said in desk.submit(ADMIN, given).errors[block]
    assert not desk.engine.commands
    assert desk.submit(ADMIN, wish()).ack == {}


@pytest.mark.parametrize(
    "given",
    [
        wish("everything"),
        {**wish(), SCOPE: payloads.chosen(None)},
        {SCOPE: payloads.chosen("all"), KIND: payloads.chosen(EVERY_KIND)},
        {**wish("part", kind="deals"), OWNER: payloads.chosen("100")},
        {**wish(), OWNER: {"selected_option": {"value": 7}, "action_id": PICK_UNDO_OWNER}},
    ],
)
def test_forged_submissions_give_nothing_back(given: Payload) -> None:
    desk = opened()
    assert "cannot read" in desk.submit(ADMIN, given).text
    assert not desk.engine.commands


def test_a_submission_delivered_twice_is_one_undo() -> None:
    desk = opened()
    view = desk.modal
    first = desk.submit(ADMIN, wish())
    desk.modal = view
    assert desk.submit(ADMIN, wish()).steps == first.steps
    assert desk.engine.one.job == 2


def test_a_second_administrator_with_the_same_modal_open_is_told() -> None:
    desk = opened()
    view = desk.modal
    desk.submit(OTHER_ADMIN, wish("part", kind="deals"))
    desk.modal = {**view, "id": "V222"}
    answer = desk.submit(ADMIN, wish())
    assert "moved on" in answer.text
    assert not desk.modal.get("submit")
    assert desk.engine.one.undo_object == "deals"


@pytest.mark.parametrize("who", [STRANGER, APPROVERS[0]])
def test_only_administrators_give_back(who: str) -> None:
    desk = opened()
    assert "Only administrators" in desk.submit(who, wish()).text
    assert "Only administrators" in desk.click(who, Act.OPEN_UNDO).said
    assert offered(desk, who) == []
    assert not desk.engine.commands


@pytest.mark.parametrize(
    "ask",
    [Ask.REASSIGNMENT_LEFT, Ask.DELETE_OWNERS],
)
def test_it_is_offered_until_the_owners_are_deleted(ask: Ask) -> None:
    assert opened(ask).modal["callback_id"] == Modal.UNDO


@pytest.mark.parametrize(
    "ask",
    [Ask.WAIT_REASSIGNMENT, Ask.REASSIGNMENT_PAUSED, Ask.WAIT_UNDO, Ask.CHOOSE_DATA_COPY],
)
def test_it_is_not_offered_where_the_rules_refuse_it(ask: Ask) -> None:
    desk = Desk(tell(ask))
    assert "not possible at the present step" in desk.click(ADMIN, Act.OPEN_UNDO).said


def test_owners_deleted_meanwhile_end_it() -> None:
    story = tell(Ask.DELETE_OWNERS)
    desk = Desk(story)
    desk.click(ADMIN, Act.OPEN_UNDO)
    desk.engine.adopt(runs.owners_deleted(story))
    assert "moved on" in desk.submit(ADMIN, wish()).text


def test_a_stale_button_opens_nothing() -> None:
    desk = Desk(tell(Ask.REASSIGNMENT_LEFT))
    assert "moved on" in desk.click(ADMIN, Act.OPEN_UNDO, Ref("run-1", 1)).said


# --- undo: what is shown -------------------------------------------------------------------------


def test_the_modal_says_what_happens_and_how_much_it_is_about() -> None:
    desk = Desk(tell(Ask.REASSIGNMENT_LEFT))
    text = desk.click(ADMIN, Act.OPEN_UNDO).text
    for part in (
        "only where the value is still the one that Sunset wrote",
        "listed in a file in the thread",
        "until the Salesforce owners are deleted",
        "*72 records* have an owner that Sunset wrote",
        "• 60 contacts",
        "• 2 deals",
    ):
        assert part in text


def test_every_counted_object_type_can_be_given_back_alone() -> None:
    (block,) = (b for b in opened().modal["blocks"] if b.get("block_id") == KIND)
    values = [one["value"] for one in block["element"]["options"]]
    assert values == [EVERY_KIND, *CORE_OBJECTS, "tickets"]


def test_hundreds_of_object_types_fit() -> None:
    (first, *_) = owners(2)
    many = {f"2-{number}": 1 for number in range(300)}
    story = Story(owned=(first.model_copy(update={"other_counts": many}),))
    (block,) = (b for b in opened(story=story).modal["blocks"] if b.get("block_id") == KIND)
    assert len(block["element"]["options"]) == 100


def finished_with(*changed: int) -> Desk:
    """Return a desk with a job that changed so many records of owner 100, 101, …"""
    story = tell(Ask.WAIT_REASSIGNMENT, Story(owned=owners(300)))
    tallies = tuple(
        Tally(owner_id=str(100 + number), object_type="deals", changed=count)
        for number, count in enumerate(changed)
    )
    story.bot(c.RecordReassigned(job=story.run.job, tallies=tallies))
    desk = Desk(runs.counted(story))
    desk.click(ADMIN, Act.OPEN_UNDO)
    return desk


def test_owners_are_offered_with_what_was_changed_the_most_first() -> None:
    found = offered(finished_with(5, 1_200, 0))
    assert len(found) == 100
    assert [one["value"] for one in found[:2]] == ["101", "100"]
    assert found[0]["description"]["text"] == "1,200 records changed by the last job"
    assert "description" not in found[2]


@pytest.mark.parametrize(
    ("query", "values"),
    [("sam sales 7", {"107", *(str(n) for n in range(170, 180))}), ("S299@SF", {"399"})],
)
def test_owners_are_found_by_name_and_mail(query: str, values: set[str]) -> None:
    assert {one["value"] for one in offered(finished_with(), query=query)} == values


def test_a_search_without_a_match_offers_nothing() -> None:
    assert offered(finished_with(), query="x" * 5_000) == []


def test_hostile_names_fit_and_ping_nobody() -> None:
    owned = tuple(
        OwnedRecords(owner=Owner(id=str(number), name=name), why="queue", counts={"deals": 2})
        for number, name in enumerate(["", HOSTILE, HOSTILE])
    )
    desk = opened(story=Story(owned=owned))
    found = offered(desk)
    assert {one["value"] for one in found} == {"0", "1", "2"}
    assert all(0 < len(one["text"]["text"]) <= 75 for one in found)
    assert "<!channel>" not in str(desk.modal["blocks"])
    assert desk.submit(ADMIN, wish("part", owner="1")).ack == {}


@pytest.mark.parametrize("change", [{"value": None}, {"user": {}}, {"view": {}}, {"view": None}])
def test_malformed_suggestions_are_answered(change: Payload) -> None:
    desk = opened()
    body = payloads.suggestion(ADMIN, desk.modal, PICK_UNDO_OWNER, OWNER, "sam")
    answer: Answer = desk.deliver("options", PICK_UNDO_OWNER, body | change)
    assert isinstance(answer.ack["options"], list)


def test_the_picker_of_an_unknown_run_still_answers() -> None:
    desk = opened()
    desk.modal["private_metadata"] = desk.modal["private_metadata"].replace("run-1", "run-9")
    assert offered(desk) == []
    assert "There is no such run." in desk.submit(ADMIN, wish()).text


def test_a_frozen_run_keeps_what_was_filled_in() -> None:
    story = tell(Ask.REASSIGNMENT_LEFT)
    desk = Desk(story)
    desk.click(ADMIN, Act.OPEN_UNDO)
    desk.engine.adopt(story.person(c.Freeze()))
    answer: Any = desk.submit(ADMIN, wish())
    assert "frozen" in answer.text
    assert answer.view["callback_id"] == Modal.UNDO
