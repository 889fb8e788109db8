"""The pickers: rows, pages, search, picks that are kept at once (P2b)."""

from __future__ import annotations

from typing import Any

import pytest

from handlers.actions import Act, Ref
from handlers.render import prompt_message
from tests.handlers import payloads
from tests.handlers.desk import Desk
from tests.handlers.engine import STRANGER
from tests.handlers.payloads import Payload
from tests.handlers.runs import ADMIN, APPROVERS, OTHER_ADMIN, TARGET, Story, owners, tell
from tests.handlers.views.looks import EN, buttons
from workflows import commands as c
from workflows.prompts import Ask
from workflows.values import Owner, Suggestion, SuggestionKind

HOSTILE = "<!channel> & <https://x|y> :bomb: " + "名" * 100


def opened(number: int = 2, name: str = "Sam Sales") -> Desk:
    desk = Desk(tell(Ask.MAP_OWNERS, Story(owned=owners(number, name))))
    desk.owners.owners = [
        TARGET,
        *(Owner(id=str(800 + n), name=f"Hub {n}", email=f"h{n}@example.com") for n in range(150)),
    ]
    desk.click(ADMIN, Act.OPEN_MAPPING)
    return desk


def chosen(desk: Desk) -> dict[str, str]:
    """Return the mapping: old owner id -> the assignment's code."""
    return {old: given.code for old, given in desk.engine.one.mapping.items()}


def rows(view: Payload) -> list[Payload]:
    return [block for block in view["blocks"] if str(block.get("block_id")).startswith("target:")]


def row(desk: Desk, owner_id: str) -> str:
    (found,) = (r["block_id"] for r in rows(desk.modal) if f":{owner_id}:" in r["block_id"])
    return str(found)


def initial(view: Payload) -> list[Any]:
    return [row["accessory"].get("initial_option", {}).get("value") for row in rows(view)]


def remaining(desk: Desk) -> str:
    (found,) = (
        block["block_id"]
        for block in desk.modal["blocks"]
        if str(block.get("block_id")).startswith("remaining:")
    )
    return str(found)


def confirm_button(desk: Desk) -> str:
    """Return what the button that starts the job carries in the message as it is shown now."""
    message = prompt_message(desk.engine.one, EN, None)
    (value,) = (b["value"] for b in buttons(message) if b["action_id"] == Act.CONFIRM_MAPPING)
    return str(value)


def test_a_row_tells_who_how_many_and_what_is_suggested() -> None:
    desk = opened()
    text = rows(desk.modal)[0]["text"]["text"]
    assert "*Sam Sales 0*\ns0@sf.example" in text
    assert "30 contacts, 5 companies, 1 deal" in text
    assert "not reassigned: 4 tickets" in text
    assert "Suggestion: *Hanna Hub*, the manager in Salesforce" in text
    assert "no HubSpot user" in text
    assert "queue" in rows(desk.modal)[1]["text"]["text"]


def test_a_pick_is_kept_at_once_and_shown() -> None:
    desk = opened()
    answer = desk.pick(ADMIN, Act.PICK_TARGET, "801", row(desk, "100"))
    assert answer.ack == {}
    assert chosen(desk) == {"100": "801"}
    assert initial(desk.modal) == ["801", None]
    assert "1 of 2 owners" in answer.text


def test_a_pick_delivered_twice_counts_once() -> None:
    desk = opened()
    action = payloads.pick(Act.PICK_TARGET.value, "801", "9.9", row(desk, "100"))
    body = payloads.view_action(ADMIN, desk.modal, action)
    desk.act(body)
    version = desk.engine.one.version
    assert desk.act(body).ack == {}
    assert desk.engine.one.version == version


def test_the_same_modal_takes_pick_after_pick_until_nothing_is_left() -> None:
    desk = opened()
    for owner_id in ("100", "101"):
        desk.pick(ADMIN, Act.PICK_TARGET, "801", row(desk, owner_id))
    answer = desk.pick(ADMIN, Act.PICK_TARGET, "802", row(desk, "101"))
    assert "Every owner has a HubSpot owner" in answer.text
    assert not any(str(b.get("block_id")).startswith("remaining") for b in desk.modal["blocks"])
    desk.click(ADMIN, Act.CONFIRM_MAPPING, confirm_button(desk))
    assert desk.engine.one.job == 1


def test_what_was_changed_after_it_was_shown_is_not_confirmed() -> None:
    desk = opened()
    desk.pick(ADMIN, Act.PICK_REMAINING, "801", remaining(desk))
    shown = confirm_button(desk)
    desk.pick(OTHER_ADMIN, Act.PICK_TARGET, "802", row(desk, "100"))
    before = desk.engine.one
    assert "was changed after this message" in desk.click(ADMIN, Act.CONFIRM_MAPPING, shown).said
    assert desk.engine.one == before
    refreshed = confirm_button(desk)
    assert refreshed != shown
    assert desk.click(ADMIN, Act.CONFIRM_MAPPING, refreshed).steps == [("ack", {})]
    assert desk.engine.one.job == 1
    assert chosen(desk)["100"] == "802"


def test_a_button_that_does_not_say_what_was_shown_confirms_nothing() -> None:
    desk = opened()
    desk.pick(ADMIN, Act.PICK_REMAINING, "801", remaining(desk))
    assert "was changed after this message" in desk.click(ADMIN, Act.CONFIRM_MAPPING).said
    forged = f"{confirm_button(desk)}.1"
    assert "cannot read" in desk.click(ADMIN, Act.CONFIRM_MAPPING, forged).said
    assert desk.engine.one.job == 0


def test_a_confirmation_delivered_twice_starts_one_job() -> None:
    desk = opened()
    desk.pick(ADMIN, Act.PICK_REMAINING, "801", remaining(desk))
    value = confirm_button(desk)
    for _ in range(2):
        answer = desk.click(ADMIN, Act.CONFIRM_MAPPING, value, ts="9.9")
        assert answer.steps == [("ack", {})]
    assert desk.engine.one.job == 1
    assert "moved on" in desk.click(ADMIN, Act.CONFIRM_MAPPING, value).said


def test_everything_that_is_left_goes_to_one_owner_without_touching_earlier_picks() -> None:
    desk = opened(300)
    desk.pick(ADMIN, Act.PICK_TARGET, "801", row(desk, "105"))
    desk.pick(ADMIN, Act.PICK_REMAINING, "802", remaining(desk))
    mapping = chosen(desk)
    assert len(mapping) == 300
    assert {target for key, target in mapping.items() if key != "105"} == {"802"}
    assert mapping["105"] == "801"
    assert initial(desk.modal)[5] == "801"


def test_suggestions_are_taken_from_the_modal_and_from_the_thread() -> None:
    desk = opened()
    desk.press(ADMIN, Act.TAKE_SUGGESTIONS, "forged.1")
    assert chosen(desk) == {"100": TARGET.id}
    assert initial(desk.modal) == ["900", None]
    thread = opened()
    assert thread.click(ADMIN, Act.TAKE_SUGGESTIONS).steps == [("ack", {})]
    assert chosen(thread) == {"100": TARGET.id}


WHY: list[SuggestionKind] = ["manager", "same_name", "same_team", "companies"]


def suggesting() -> Desk:
    """Four owners, each with another kind of suggestion."""
    proposed = [
        one.model_copy(update={"suggestion": Suggestion(target=TARGET, why=why, via="64/100")})
        for one, why in zip(owners(4), WHY, strict=True)
    ]
    desk = Desk(tell(Ask.MAP_OWNERS, Story(owned=tuple(proposed))))
    desk.click(ADMIN, Act.OPEN_MAPPING)
    return desk


@pytest.mark.parametrize("why", WHY)
@pytest.mark.parametrize("in_modal", [True, False])
def test_one_click_takes_all_suggestions_of_one_kind(why: SuggestionKind, in_modal: bool) -> None:
    desk = suggesting()
    action = payloads.button(f"take_suggestions:{why}", str(desk.ref), desk.ts())
    view = payloads.view_action(ADMIN, desk.modal, action)
    desk.act(view if in_modal else payloads.message_click(ADMIN, action))
    assert list(chosen(desk)) == [str(100 + WHY.index(why))]


def test_every_kind_of_suggestion_has_its_reason_and_its_button() -> None:
    desk = suggesting()
    text = "".join(row["text"]["text"] for row in rows(desk.modal))
    assert "the manager in Salesforce (64/100)" in text
    assert "a HubSpot user of the same name" in text
    assert "in the same team (64/100)" in text
    assert (
        "owns the companies of 64 of 100 contacts looked at (whose companies have an owner)" in text
    )
    ids = [
        element["action_id"]
        for block in desk.modal["blocks"]
        if block["type"] == "actions"
        for element in block["elements"]
    ]
    assert {f"take_suggestions:{why}" for why in WHY} <= set(ids)
    assert chosen(desk) == {}


def test_an_unknown_kind_of_suggestion_is_refused() -> None:
    desk = suggesting()
    action = payloads.button("take_suggestions:oracle", str(desk.ref), desk.ts())
    assert "cannot read" in desk.act(payloads.message_click(ADMIN, action)).said
    assert chosen(desk) == {}


def test_300_owners_are_paged() -> None:
    desk = opened(300)
    seen = [block["block_id"] for block in rows(desk.modal)]
    for page in range(1, 30):
        answer = desk.press(ADMIN, Act.PAGE_NEXT, str(page))
        seen += [block["block_id"] for block in rows(answer.view)]
        assert f"Page {page + 1} of 30" in answer.text
    assert len(set(seen)) == 300
    assert "Back" in desk.press(ADMIN, Act.PAGE_BACK, "28").text


def test_a_pick_on_a_later_page_stays_on_that_page() -> None:
    desk = opened(300)
    desk.press(ADMIN, Act.PAGE_NEXT, "20")
    answer = desk.pick(ADMIN, Act.PICK_TARGET, "801", row(desk, "305"))
    assert "Page 21 of 30" in answer.text


def test_the_next_owner_without_a_choice_is_one_click_away() -> None:
    desk = opened(30)
    for number in range(100, 120):
        if number in {110, 119}:
            desk.press(ADMIN, Act.PAGE_NEXT, "1")
        if number != 115:
            desk.pick(ADMIN, Act.PICK_TARGET, "801", row(desk, str(number)))
    desk.press(ADMIN, Act.PAGE_BACK, "0")
    (jump,) = (b for b in desk.modal["blocks"] if b.get("block_id") == "jump")
    assert jump["elements"][0]["value"] == "1"


def test_a_target_that_is_salesforce_only_is_refused_and_the_picker_emptied() -> None:
    desk = opened()
    desk.owners.owners.append(Owner(id="101", name="Sneaky"))
    before = row(desk, "100")
    answer = desk.pick(ADMIN, Act.PICK_TARGET, "101", before)
    assert "exists in Salesforce alone" in answer.text
    assert row(desk, "100") != before, "Slack would keep the refused pick"
    assert desk.engine.one.mapping == {}
    desk.pick(ADMIN, Act.PICK_TARGET, "801", row(desk, "100"))
    assert chosen(desk)["100"] == "801"


def test_an_owner_who_left_meanwhile_is_refused() -> None:
    desk = opened()
    answer = desk.pick(ADMIN, Act.PICK_REMAINING, "gone", remaining(desk))
    assert "not active any more" in answer.text
    assert desk.engine.one.mapping == {}


def test_a_forged_owner_is_refused() -> None:
    desk = opened()
    assert "not among" in desk.pick(ADMIN, Act.PICK_TARGET, "801", "target:999::0").text
    assert "cannot read" in desk.pick(ADMIN, Act.PICK_TARGET, "801", "target:100").text


@pytest.mark.parametrize("option", [None, {}, {"value": None}, {"value": 801}, "801"])
def test_a_pick_without_an_option_is_refused(option: object) -> None:
    desk = opened()
    action = payloads.pick(Act.PICK_TARGET.value, "801", "9.9", row(desk, "100"))
    action["selected_option"] = option
    answer = desk.act(payloads.view_action(ADMIN, desk.modal, action))
    assert "cannot read" in answer.text
    assert desk.engine.one.mapping == {}


def test_a_modal_that_was_overtaken_is_replaced_by_the_reason() -> None:
    desk = opened()
    stale = desk.modal
    desk.pick(OTHER_ADMIN, Act.PICK_REMAINING, "801", remaining(desk))
    desk.click(OTHER_ADMIN, Act.CONFIRM_MAPPING, confirm_button(desk))
    desk.modal = stale
    answer = desk.pick(ADMIN, Act.PICK_TARGET, "802", row(desk, "100"))
    assert "moved on" in answer.text
    assert not rows(desk.modal)
    assert chosen(desk)["100"] == "801"


def test_a_page_of_an_overtaken_modal_is_not_turned() -> None:
    desk = opened(30)
    stale = desk.modal
    desk.pick(ADMIN, Act.PICK_REMAINING, "801", remaining(desk))
    desk.click(ADMIN, Act.CONFIRM_MAPPING, confirm_button(desk))
    desk.modal = stale
    assert "moved on" in desk.press(ADMIN, Act.PAGE_NEXT, "1").text


@pytest.mark.parametrize("who", [STRANGER, APPROVERS[0]])
def test_only_administrators_pick(who: str) -> None:
    desk = opened()
    answer = desk.pick(who, Act.PICK_TARGET, "801", row(desk, "100"))
    assert "Only administrators" in answer.text
    assert desk.engine.one.mapping == {}
    assert "Only administrators" in desk.click(who, Act.OPEN_MAPPING).said


def test_a_race_for_the_modal_is_won_by_the_newest_state() -> None:
    desk = opened()
    desk.client.fail["views_update"] = ["hash_conflict"]
    answer = desk.pick(ADMIN, Act.PICK_TARGET, "801", row(desk, "100"))
    (update,) = answer.all("views_update")
    assert "hash" not in update
    assert initial(desk.modal) == ["801", None]


def test_the_modal_is_shown_anew_only_if_it_is_the_one_that_was_clicked() -> None:
    desk = opened()
    known = desk.modal["hash"]
    (update,) = desk.pick(ADMIN, Act.PICK_TARGET, "801", row(desk, "100")).all("views_update")
    assert update["hash"] == known
    assert update["view_id"] == "V111"


def test_hostile_names_keep_to_slacks_limits_and_ping_nobody() -> None:
    desk = opened(12, HOSTILE)
    desk.owners.owners = [Owner(id="1", name=HOSTILE, email="e" * 200), Owner(id="2")]
    offered = desk.suggest(ADMIN, Act.PICK_TARGET, "")
    assert len(offered[0]["text"]["text"]) <= 75
    assert offered[1]["text"]["text"] == "#2"
    desk.pick(ADMIN, Act.PICK_TARGET, "1", row(desk, "100"))
    texts = [block["text"]["text"] for block in rows(desk.modal)]
    assert all("<!channel>" not in text for text in texts)


# --- options -------------------------------------------------------------------------------------


def test_the_search_offers_what_matches_with_the_mail_beside() -> None:
    desk = opened()
    (option,) = desk.suggest(ADMIN, Act.PICK_TARGET, "hanna")
    assert option["value"] == "900"
    assert option["text"]["text"] == "Hanna Hub"
    assert option["description"]["text"] == "hanna@example.com"


@pytest.mark.parametrize("query", ["", "hub", "  "])
@pytest.mark.parametrize("act", [Act.PICK_TARGET, Act.PICK_REMAINING])
def test_at_most_100_options_are_offered(act: Act, query: str) -> None:
    assert len(opened().suggest(ADMIN, act, query)) == 100


def test_a_search_without_a_match_offers_nothing() -> None:
    assert opened().suggest(ADMIN, Act.PICK_TARGET, "x" * 5000) == []


@pytest.mark.parametrize("who", [STRANGER, APPROVERS[0]])
def test_options_are_for_administrators_only(who: str) -> None:
    assert opened().suggest(who, Act.PICK_TARGET, "") == []


def test_salesforce_only_owners_are_not_offered() -> None:
    desk = opened()
    desk.owners.owners = [Owner(id="100", name="Sam Sales 0"), TARGET]
    assert [option["value"] for option in desk.suggest(ADMIN, Act.PICK_TARGET, "")] == ["900"]


@pytest.mark.parametrize("change", [{"value": None}, {"user": {}}, {"view": {}}, {"view": None}])
def test_malformed_suggestions_are_answered(change: Payload) -> None:
    desk = opened()
    body = payloads.suggestion(ADMIN, desk.modal, Act.PICK_TARGET.value, "b", "hanna")
    answer = desk.deliver("options", Act.PICK_TARGET.value, body | change)
    assert isinstance(answer.ack["options"], list)


def test_pickers_in_an_unknown_run_still_answer() -> None:
    desk = opened()
    desk.modal["private_metadata"] = desk.modal["private_metadata"].replace("run-1", "run-9")
    assert desk.suggest(ADMIN, Act.PICK_TARGET, "hanna")
    answer = desk.pick(ADMIN, Act.PICK_TARGET, "801", row(desk, "100"))
    assert "There is no such run." in answer.text


def test_the_button_in_the_thread_names_the_version() -> None:
    desk = opened()
    assert "moved on" in desk.click(ADMIN, Act.OPEN_MAPPING, Ref("run-1", 1)).said
    desk.click(ADMIN, Act.OPEN_MAPPING)
    desk.pick(ADMIN, Act.PICK_TARGET, "801", row(desk, "100"))
    (command,) = desk.engine.commands
    assert command.version == desk.ref.version
    assert isinstance(command.action, c.MapOwner)
