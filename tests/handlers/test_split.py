"""One owner's records to several: in turn, or by object type (P2b)."""

from __future__ import annotations

import pytest

from handlers.actions import Act, Modal, Ref
from tests.handlers import payloads
from tests.handlers.desk import Answer, Desk, words_of
from tests.handlers.mapping_desk import message, opened
from tests.handlers.payloads import Payload
from tests.handlers.runs import ADMIN, OTHER_ADMIN, owners
from workflows.values import Owner


def split(desk: Desk, owner_id: str) -> Payload:
    """Open the modal above the pickers, as Slack shows it."""
    answer = desk.press(ADMIN, Act.OPEN_SPLIT, owner_id)
    (pushed,) = answer.all("views_push")
    view: Payload = pushed["view"]
    return {"id": "V222", "hash": "2.2", "previous_view_id": desk.modal["id"], **view}


def picked(*owner_ids: str) -> Payload:
    options = [{"text": {"type": "plain_text", "text": "…"}, "value": one} for one in owner_ids]
    return {"pick_split": {"type": "multi_external_select", "selected_options": options}}


def own(owner_id: str | None) -> Payload:
    option = {"text": {"type": "plain_text", "text": "…"}, "value": owner_id}
    chosen = None if owner_id is None else option
    return {"pick_split": {"type": "external_select", "selected_option": chosen}}


def keep(desk: Desk, view: Payload, values: Payload) -> Answer:
    """Submit the split's modal; what is below is shown anew."""
    below, desk.modal = desk.modal, view
    body = payloads.submission(ADMIN, view, {})
    body["view"]["state"] = {"values": values}
    answer = desk.deliver("view", Modal.SPLIT, body)
    if desk.modal is view:
        desk.modal = below
    return answer


def test_one_owners_records_go_to_several() -> None:
    desk = opened()
    view = split(desk, "100")
    labels = [b["label"]["text"] for b in view["blocks"] if b["type"] == "input"]
    assert labels[0] == "HubSpot owners who get the records in turn"
    assert [label.split()[1] for label in labels[1:]] == ["contacts", "companies", "deals"]
    values = {
        "targets:100": picked("801", "802"),
        "kind:deals": own("803"),
        "kind:contacts": own(None),
    }
    answer = keep(desk, view, values)
    assert answer.ack == {}
    assert desk.engine.one.mapping["100"].code == "801+802;deals=803"
    (below,) = answer.all("views_update")
    assert below["view_id"] == "V111"
    assert "→ Hub 0 and Hub 1 in turn; deals: Hub 2" in words_of(below["view"]["blocks"])
    assert "Hub 0 and Hub 1 in turn; deals: Hub 2" in message(desk)


def test_the_split_shows_what_is_chosen() -> None:
    desk = opened()
    keep(desk, split(desk, "100"), {"targets:100": picked("801", "802"), "kind:deals": own("803")})
    view = split(desk, "100")
    by_id = {b["block_id"]: b["element"] for b in view["blocks"] if b["type"] == "input"}
    assert [o["value"] for o in by_id["targets:100"]["initial_options"]] == ["801", "802"]
    assert by_id["kind:deals"]["initial_option"]["value"] == "803"
    assert "initial_option" not in by_id["kind:contacts"]


def test_a_submission_delivered_twice_counts_once() -> None:
    desk = opened()
    view = split(desk, "100")
    keep(desk, view, {"targets:100": picked("801", "802")})
    version = desk.engine.one.version
    keep(desk, view, {"targets:100": picked("801", "802")})
    assert desk.engine.one.version == version


def test_an_owner_who_left_is_refused_at_the_input() -> None:
    desk = opened()
    view = split(desk, "100")
    answer = keep(desk, view, {"targets:100": picked("801", "gone")})
    assert "not active any more" in answer.errors["targets:100"]
    answer = keep(desk, view, {"targets:100": picked("801"), "kind:deals": own("gone")})
    assert "The HubSpot owner for deals is not active any more" in answer.text
    assert desk.engine.one.mapping == {}


def test_an_object_type_is_named_as_people_call_it() -> None:
    (owned,) = owners(1)
    custom = owned.model_copy(update={"other_counts": {"2-77": 3}})
    desk = opened((custom,), labels={"2-77": "Ships"})
    desk.click(ADMIN, Act.OPEN_OBJECTS)
    desk.submit(ADMIN, {"objects:0": payloads.ticked("2-77")})
    desk.click(ADMIN, Act.OPEN_MAPPING)
    view = split(desk, "100")
    answer = keep(desk, view, {"targets:100": picked("801"), "kind:2-77": own("gone")})
    assert "The HubSpot owner for Ships is not active any more" in answer.text


def test_what_is_optional_is_not_called_so_twice() -> None:
    """Slack writes “(optional)” beside the label of every input that may be left empty."""
    blocks = split(opened(), "100")["blocks"]
    optional = [b["label"]["text"] for b in blocks if b.get("optional")]
    assert optional[0] == "All contacts to somebody else"
    assert not any("optional" in label for label in optional)


def test_a_salesforce_only_owner_is_refused_and_never_offered() -> None:
    desk = opened()
    desk.owners.owners.append(Owner(id="101", name="Sneaky"))
    view = split(desk, "100")
    answer = keep(desk, view, {"targets:100": picked("801", "101")})
    assert "exists in Salesforce alone" in answer.text
    desk.modal = view
    assert "101" not in [option["value"] for option in desk.suggest(ADMIN, Act.PICK_SPLIT, "")]


def test_a_split_of_somebody_excluded_meanwhile_keeps_the_form() -> None:
    desk = opened()
    view = split(desk, "100")
    desk.press(OTHER_ADMIN, Act.EXCLUDE_OWNER, "100")
    answer = keep(desk, view, {"targets:100": picked("801")})
    assert "was excluded" in answer.errors["targets:100"]


def test_a_split_of_a_run_that_moved_on_is_replaced_by_the_reason() -> None:
    desk = opened()
    view = split(desk, "100")
    block = next(
        b["block_id"] for b in desk.modal["blocks"] if "remaining" in str(b.get("block_id"))
    )
    desk.pick(ADMIN, Act.PICK_REMAINING, "801", block)
    run = desk.engine.one
    desk.click(ADMIN, Act.CONFIRM_MAPPING, Ref(run.id, run.prompt_version, run.mapping_version))
    assert "moved on" in keep(desk, view, {"targets:100": picked("802")}).text


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"targets:100": picked()},
        {"targets:100": picked("801"), "targets:101": picked("801")},
        {"targets:100": {"pick_split": {"selected_options": "801"}}},
        {"targets:100": picked("801"), "kind:deals": {"pick_split": {"selected_option": {}}}},
        {"targets:100": picked(*(str(n) for n in range(51)))},
    ],
)
def test_malformed_splits_are_refused(values: Payload) -> None:
    desk = opened()
    view = split(desk, "100")
    assert "cannot read" in keep(desk, view, values).text
    assert desk.engine.one.mapping == {}


def test_the_modal_below_may_be_gone() -> None:
    desk = opened()
    view = split(desk, "100")
    desk.client.fail["views_update"] = ["not_found"]
    assert keep(desk, view, {"targets:100": picked("801")}).ack == {}
    assert desk.engine.one.mapping["100"].code == "801"
