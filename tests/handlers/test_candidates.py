"""Who is a candidate, what else is reassigned, and what it costs: modal, message and plan."""

from __future__ import annotations

import re

import pytest

from handlers.actions import Act, Modal, Ref
from handlers.modals import objects
from handlers.render import prompt_message
from tests.handlers import payloads
from tests.handlers.engine import STRANGER
from tests.handlers.mapping_desk import HOSTILE, all_pages, message, mrkdwn_of, opened, pages
from tests.handlers.payloads import Payload
from tests.handlers.runs import ADMIN, OTHER_ADMIN, counted, owners, tell
from tests.handlers.views.looks import EN, fits
from workflows.prompts import Ask
from workflows.values import Account, Forecast, OwnedRecords, Owner, Plan

# --- exclusions -----------------------------------------------------------------------------------


def test_an_owner_is_excluded_and_taken_back() -> None:
    desk = opened()
    answer = desk.press(ADMIN, Act.EXCLUDE_OWNER, "100")
    assert desk.engine.one.excluded == {"100"}
    assert "Excluded:* their records stay as they are" in answer.text
    assert "*Excluded:* 1 owner" in message(desk)
    assert "Sam Sales 0 (30 contacts" in message(desk)
    desk.press(ADMIN, Act.INCLUDE_OWNER, "100")
    assert desk.engine.one.excluded == frozenset()
    assert "Excluded:" not in message(desk)


def test_an_exclusion_is_asked_for_in_a_dialog() -> None:
    desk = opened(owners(1, HOSTILE))
    (button,) = (
        element
        for block in desk.modal["blocks"]
        if block["type"] == "actions"
        for element in block["elements"]
        if element["action_id"] == Act.EXCLUDE_OWNER
    )
    assert button["confirm"]["text"]["type"] == "plain_text"
    assert "36 records stay as they are" in button["confirm"]["text"]["text"]


def test_an_exclusion_delivered_twice_counts_once_and_two_people_do_not_collide() -> None:
    desk = opened()
    stale = desk.modal
    desk.press(ADMIN, Act.EXCLUDE_OWNER, "100")
    version = desk.engine.one.version
    desk.press(OTHER_ADMIN, Act.EXCLUDE_OWNER, "100", stale)
    assert desk.engine.one.version == version
    desk.press(OTHER_ADMIN, Act.INCLUDE_OWNER, "100")
    desk.press(ADMIN, Act.INCLUDE_OWNER, "100")
    assert desk.engine.one.excluded == frozenset()


def test_with_everybody_excluded_the_modal_and_the_message_say_so() -> None:
    desk = opened()
    for owner_id in ("100", "101"):
        answer = desk.press(ADMIN, Act.EXCLUDE_OWNER, owner_id)
    assert "No owner is left whose records" in answer.text
    assert "No owner is left whose records" in message(desk)


def test_a_pick_for_somebody_excluded_meanwhile_is_refused() -> None:
    desk = opened()
    stale = desk.modal
    desk.press(OTHER_ADMIN, Act.EXCLUDE_OWNER, "100")
    desk.modal = stale
    (row,) = (
        block["block_id"]
        for block in stale["blocks"]
        if str(block.get("block_id")).startswith("target:100:")
    )
    assert "was excluded" in desk.pick(ADMIN, Act.PICK_TARGET, "801", row).text
    assert desk.engine.one.mapping == {}


@pytest.mark.parametrize("act", [Act.EXCLUDE_OWNER, Act.INCLUDE_OWNER, Act.OPEN_SPLIT])
def test_forged_and_strange_clicks_change_nothing(act: Act) -> None:
    desk = opened()
    before = desk.engine.one
    assert "not among" in desk.press(ADMIN, act, "999").text
    assert "Only administrators" in desk.press(STRANGER, act, "100").text
    assert "cannot read" in desk.click(ADMIN, act).said
    assert desk.engine.one == before


def test_who_is_left_alone_is_listed_apart_and_paged() -> None:
    gone = tuple(Owner(id=str(n), name=f"Gone {n}") for n in range(300))
    desk = opened(deactivated=gone)
    assert "*Left alone:* 300 deactivated HubSpot users" in message(desk)
    text = all_pages(desk)
    assert all(f"*Gone {n}*" in text for n in range(300))
    assert "Deactivated HubSpot users:* no Salesforce-only owners; left alone" in text


def test_candidates_without_records_are_listed_with_their_reason() -> None:
    empty = owners(1)[0].model_copy(
        update={"owner": Owner(id="7", email="e@sf.example"), "counts": {}, "why": "email_unknown"}
    )
    desk = opened((*owners(12), empty))
    text = all_pages(desk)
    assert "Without records to reassign" in text
    assert "e-mail unknown to the account" in text
    assert "1 person whose e-mail the account does not know" in message(desk)
    assert "1 queue of Salesforce" in message(desk)
    assert "11 people without a HubSpot user" in message(desk)


def test_hostile_names_fit_everywhere() -> None:
    owned = owners(30, HOSTILE)
    gone = tuple(Owner(id=str(n), name=HOSTILE) for n in range(50))
    desk = opened(owned, deactivated=gone, labels={"2-1": HOSTILE})
    desk.press(ADMIN, Act.EXCLUDE_OWNER, "100")
    views = pages(desk)
    desk.click(ADMIN, Act.OPEN_PLAN)
    views += pages(desk)
    assert len(views) > 8
    assert not any("<!channel>" in mrkdwn_of(view["blocks"]) for view in views)
    assert "<!channel>" not in message(desk)


# --- other object types ---------------------------------------------------------------------------


def with_types(number: int) -> tuple[OwnedRecords, ...]:
    custom = {f"2-{n}": n + 1 for n in range(number)}
    return tuple(
        owned.model_copy(update={"other_counts": {"tickets": 4, **custom}}) for owned in owners()
    )


def boxes(view: Payload) -> list[list[str]]:
    return [
        [option["value"] for option in block["element"]["options"]]
        for block in view["blocks"]
        if block["type"] == "input"
    ]


def ticking(view: Payload, *kinds: str) -> Payload:
    groups = [block["block_id"] for block in view["blocks"] if block["type"] == "input"]
    first, *others = groups
    return {first: payloads.ticked(*kinds), **{group: payloads.ticked() for group in others}}


def test_other_types_are_off_until_chosen() -> None:
    desk = opened(with_types(1), labels={"2-0": "Machines <!here>"})
    assert "left as they are: 8 tickets, Machines &lt;!here&gt;: 2" in message(desk)
    view = desk.click(ADMIN, Act.OPEN_OBJECTS).view
    assert boxes(view) == [["tickets", "2-0"]]
    texts = [o["text"]["text"] for o in view["blocks"][1]["element"]["options"]]
    assert texts == ["tickets", "Machines <!here>"]
    assert desk.submit(ADMIN, ticking(view, "2-0")).ack == {}
    assert desk.engine.one.objects == ("contacts", "companies", "deals", "2-0")
    assert "*Reassigned too:* Machines &lt;!here&gt;" in message(desk)
    again = desk.click(ADMIN, Act.OPEN_OBJECTS).view
    (ticked,) = again["blocks"][1]["element"]["initial_options"]
    assert ticked["value"] == "2-0"


def test_more_types_than_slack_has_boxes_are_grouped() -> None:
    desk = opened(with_types(205))
    view = desk.click(ADMIN, Act.OPEN_OBJECTS).view
    groups = boxes(view)
    assert [len(group) for group in groups] == [10] * 20 + [6]
    assert groups[0][0] == "tickets"
    assert "(21 of 21)" in view["blocks"][-1]["label"]["text"]
    desk.submit(ADMIN, ticking(view, "tickets", "2-204"))
    assert desk.engine.one.objects[3:] == ("2-204", "tickets")


def test_two_people_who_tick_at_once_do_not_undo_each_other() -> None:
    desk = opened(with_types(2))
    mine = desk.click(ADMIN, Act.OPEN_OBJECTS).view
    mine = {**desk.modal, **mine}
    theirs = desk.click(OTHER_ADMIN, Act.OPEN_OBJECTS).view
    desk.submit(OTHER_ADMIN, ticking(theirs, "tickets"))
    desk.modal = mine
    body = payloads.submission(ADMIN, {**mine, "id": "V9"}, ticking(mine, "2-1"))
    desk.deliver("view", Modal.OBJECTS, body)
    assert set(desk.engine.one.objects[3:]) == {"tickets", "2-1"}


def test_a_type_that_is_no_longer_counted_is_refused_in_the_form() -> None:
    desk = opened(with_types(1))
    view = desk.click(ADMIN, Act.OPEN_OBJECTS).view
    answer = desk.submit(ADMIN, ticking(view, "2-77"))
    assert "No records of the type 2-77 were counted" in answer.text
    assert desk.engine.one.objects == ("contacts", "companies", "deals")


def test_without_other_records_there_is_nothing_to_choose() -> None:
    plain = tuple(owned.model_copy(update={"other_counts": {}}) for owned in owners())
    desk = opened(plain)
    assert "No records of other object types" in desk.click(ADMIN, Act.OPEN_OBJECTS).text
    assert objects.offered(desk.engine.one) == {}


def test_types_are_for_administrators_and_open_questions() -> None:
    desk = opened(with_types(1))
    assert "Only administrators" in desk.click(STRANGER, Act.OPEN_OBJECTS).said
    assert "moved on" in desk.click(ADMIN, Act.OPEN_OBJECTS, Ref("run-1", 1)).said


# --- what it costs --------------------------------------------------------------------------------


def forecast(remaining: int, reserve: int) -> Forecast:
    return Forecast(
        search_calls=7,
        read_calls=6,
        update_calls=5,
        check_calls=4,
        seconds=61,
        daily_limit=1000,
        daily_remaining=remaining,
        daily_reserve=reserve,
        resets_at=counted(tell(Ask.WAIT_OWNERS)).now,
    )


def test_the_forecast_names_calls_share_reserve_and_time() -> None:
    desk = opened(forecast=forecast(220, 200))
    desk.click(ADMIN, Act.OPEN_PLAN)
    plan = all_pages(desk)
    assert "about 2 minutes, 22 calls" in plan
    assert "7 searches, 6 readings, 5 updates, 4 checks" in plan
    assert "220 calls are left today; this takes 10 % of them" in plan
    assert "200 of the day's calls stay in reserve" in plan
    text = message(desk)
    assert "Calls by kind" in text
    assert "220 calls are left today" in text


@pytest.mark.parametrize(
    ("remaining", "share"),
    [(879_912, "less than 1 %"), (2_201, "less than 1 %"), (2_200, "1 %"), (2_199, "2 %")],
)
def test_a_small_share_of_the_day_is_not_rounded_up(remaining: int, share: str) -> None:
    desk = opened(forecast=forecast(remaining, 0))
    desk.click(ADMIN, Act.OPEN_PLAN)
    assert f"calls are left today; this takes {share} of them" in all_pages(desk)


def test_the_message_of_the_mapping_is_no_wall() -> None:
    gone = (Owner(id="7", name="Gone"),)
    desk = opened(with_types(1), deactivated=gone, forecast=forecast(220, 200))
    posted = fits(prompt_message(desk.engine.one, EN, None))
    texts = [block["text"]["text"] for block in posted.blocks if block["type"] == "section"]
    assert [text.partition(":")[0] for text in texts[1:]] == [
        "*Chosen",
        "Theirs too, but left as they are",
        "*Why these owners",
        "*Left alone",
        "*Reassignment takes",
    ]


def test_no_number_of_records_is_zero_where_records_are_counted() -> None:
    first, second = owners(2)
    few = first.model_copy(update={"counts": {"contacts": 3, "companies": 0, "deals": 0}})
    none = second.model_copy(update={"counts": {"contacts": 0}, "other_counts": {"tickets": 0}})
    desk = opened((few, none))
    desk.click(ADMIN, Act.OPEN_PLAN)
    for text in (message(desk), all_pages(desk)):
        assert "3 contacts" in text
        assert not re.search(r"(?<![\d,])0 (contacts|companies|deals|tickets)", text)
    desk.click(ADMIN, Act.OPEN_MAPPING)
    assert "*Sam Sales 1*\ns1@sf.example · queue\nno records" in all_pages(desk)
    desk.press(ADMIN, Act.EXCLUDE_OWNER, "100")
    text = message(desk)
    assert "`P2b` No owner is left whose records" in text
    assert text.count("No owner is left") == 1


def test_a_budget_that_does_not_suffice_is_said_first() -> None:
    desk = opened(forecast=forecast(205, 200))
    text = message(desk)
    assert text.index("do not suffice") < text.index("P2a")
    assert "pauses at the reserve by itself and goes on after the reset, <!date^" in text
    plan = desk.click(ADMIN, Act.OPEN_PLAN).text
    assert plan.index("do not suffice") < plan.index("HubSpot account")


def test_a_plan_whose_account_tells_nothing_still_has_a_forecast() -> None:
    empty = Plan(account=Account(portal_id="1"), taken_at=tell(Ask.WAIT_PLAN).now).forecast
    assert empty.fits_today is None
    desk = opened(forecast=empty)
    assert "does not tell how many calls are left" in message(desk)
