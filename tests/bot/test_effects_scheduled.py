"""Reminders that lie in Slack, when Slack refuses, loses, forgets or limits."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot.effects.scheduled import Reminder, of_a_place
from bot.errors import VendorError
from tests.bot.faults import Fault, vendor_error
from tests.bot.rig import CHANNEL, Rig
from tests.bot.windows import (
    ALL,
    EARLY,
    HOUR,
    LEADS,
    come,
    counts,
    deadline,
    leads,
    missed,
    notices,
    sleep,
    until_due,
    watch,
)
from tests.workflows import journeys
from workflows import commands as c
from workflows.text import N_
from workflows.values import Policy

FIRST = Policy(reminders=(24 * HOUR,))


def begun(rig: Rig, policy: Policy | None = None) -> Rig:
    rig.adopt(journeys.to_window(policy))
    rig.settle()
    return rig


def patient(rig: Rig) -> None:
    """Let the bot try again what Slack refused, for a few minutes."""
    for _ in range(30):
        rig.advance(timedelta(seconds=10))


def times(rig: Rig, policy: Policy, before: int) -> int:
    """Return how long before the deadline Slack is to post a reminder; 0: never."""
    run = journeys.to_window(policy).run
    assert run.deadline is not None
    at = Reminder(run, before, "channel").post_at
    return int(run.deadline.timestamp()) - at if at else 0


# --- when it is to come --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "left"),
    [(86_400, 86_280), (900, 780), (240, 120), (180, 90), (150, 75), (120, 45), (76, 1)],
)
def test_slack_posts_it_a_little_after_its_time_and_before_the_deadline(
    rig: Rig, before: int, left: int
) -> None:
    assert times(rig, Policy(reminders=(before,)), before) == left


@pytest.mark.parametrize("before", [1, 30, 60, 75])
def test_one_that_slack_would_give_back_too_late_does_not_lie_there(rig: Rig, before: int) -> None:
    assert times(rig, Policy(reminders=(before,)), before) == 0


def test_slack_posts_it_before_the_next_one_is_due(rig: Rig) -> None:
    assert times(rig, Policy(reminders=(900, 800)), 900) == 800


def test_one_that_is_not_the_runs_is_not_laid(rig: Rig) -> None:
    assert times(rig, Policy(reminders=(900,)), 800) == 0


# --- refusals ------------------------------------------------------------------------------------


@pytest.mark.parametrize("retry_after", [None, 30.0])
@pytest.mark.parametrize("call", ["schedule", "unschedule", "post", "direct", "scheduled_ids"])
def test_too_many_requests_cost_time_and_no_reminder(
    rig: Rig, call: str, retry_after: float | None
) -> None:
    limited: dict[str, Any] = {"code": "slack_ratelimited", "retry_after": retry_after}
    if call in {"schedule", "direct"}:
        rig.slack.fail(call, times=3, **limited)
    begun(rig, FIRST)
    patient(rig)
    assert len(rig.slack.lying) == 2
    if call not in {"schedule", "direct"}:
        rig.slack.fail(call, times=2, **limited)
    rig.advance(until_due(rig, 24 * HOUR))
    patient(rig)
    assert counts(rig, *EARLY) == dict.fromkeys(EARLY, 1)
    assert notices(rig) == []
    assert rig.slack.lying == {}


@pytest.mark.parametrize("applied", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("number", range(4))
def test_a_lost_answer_to_laying_leaves_one_lying(rig: Rig, applied: bool, number: int) -> None:
    rig.slack.fail("schedule", applied=applied, unknown=True, after=number, times=2)
    begun(rig)
    patient(rig)
    assert len(rig.slack.lying) == sum(5 if lead <= 4 * HOUR else 2 for lead in LEADS)
    for lead in LEADS:
        rig.advance(until_due(rig, lead))
    assert leads(rig, CHANNEL) == leads(rig, "DUA") == list(LEADS)


def test_one_whose_answer_was_lost_and_that_is_due_at_once(rig: Rig) -> None:
    """The bot does not know yet that it lies there when it sends its own."""
    rig.slack.fail("schedule", applied=True, unknown=True, about=CHANNEL)
    rig.slack.fail("schedule", times=6)
    rig.adopt(journeys.to_window(Policy(window=700, reminders=(600,))))
    rig.settle()
    rig.advance(until_due(rig, 600))
    watch(rig, 300, step=5)
    for place in (CHANNEL, "DUA"):
        assert leads(rig, place) == [600]


@pytest.mark.parametrize("code", ["slack_message_not_found", "slack_bad_request"])
def test_a_refusal_to_give_back_what_is_over_is_no_reason_to_stop(rig: Rig, code: str) -> None:
    begun(rig)
    rig.slack.fail("unschedule", code=code, retryable=False, times=2)
    rig.does("UA", c.ConfirmDownloaded(where="the vault"))
    rig.settle()
    assert len(rig.slack.lying) == 2, "only what Slack would not give back"
    assert rig.effects("failed") == []


def test_a_thread_that_somebody_deleted_does_not_silence_the_channel(rig: Rig) -> None:
    """Neither Slack nor the bot can post below a message that is gone."""
    gone = VendorError("slack", "slack_thread_not_found", N_("It is gone."), N_("Nothing."))
    begun(rig, Policy(reminders=(24 * HOUR, 12 * HOUR)))
    card = rig.slack.one("R1:card")
    rig.slack.shown.remove(card)
    rig.slack.lying = {
        name: one for name, one in rig.slack.lying.items() if one.thread_ts != card.ts
    }
    rig.slack.faults["history"].extend([Fault(gone, about=card.ts)] * 9)
    post = rig.slack.post

    def refusing(*args: object, **more: object) -> object:
        if more.get("thread_ts") == card.ts:
            raise gone
        return post(*args, **more)  # type: ignore[arg-type]

    rig.slack.post = refusing  # type: ignore[assignment, method-assign]
    rig.advance(until_due(rig, 24 * HOUR))
    watch(rig, 200, step=10)
    assert leads(rig, CHANNEL) == leads(rig, "DUA") == [24 * HOUR]
    assert all(one.thread_ts is None for one in rig.slack.keyed("reminder:86400:channel"))


# --- limits --------------------------------------------------------------------------------------


def test_more_than_slack_holds_are_left_to_the_bot_alone(rig: Rig) -> None:
    """Slack takes 30 in 5 minutes for a channel (facts/slack.md)."""
    every_five = tuple(range(300, 5, -5))
    rig.slack.fail(
        "schedule", code="slack_restricted_too_many", retryable=False, after=60, times=500
    )
    begun(rig, Policy(window=900, reminders=every_five))
    assert len(rig.slack.lying) == 60
    watch(rig, 1_000)
    for place in ALL:
        assert leads(rig, place) == list(every_five)
    assert notices(rig) == []
    assert rig.slack.lying == {}


def test_what_lies_further_ahead_than_slack_takes_is_left_to_the_bot(rig: Rig) -> None:
    """120 days; a longer window has reminders beyond."""
    rig.slack.fail("schedule", code="slack_time_too_far", retryable=False, times=2)
    begun(rig, Policy(window=200 * 24 * HOUR, reminders=(24 * HOUR,)))
    assert rig.slack.lying == {}
    rig.advance(until_due(rig, 24 * HOUR))
    assert counts(rig, *EARLY) == dict.fromkeys(EARLY, 1)


def test_a_long_list_after_a_day_without_the_bot_is_one_notice_each(rig: Rig) -> None:
    rig.slack.fail("schedule", code="slack_restricted_too_many", retryable=False, times=10_000)
    hourly = tuple(range(40 * HOUR, HOUR, -HOUR))
    begun(rig, Policy(reminders=hourly))
    sleep(rig, until_due(rig, 10 * HOUR, late=1_000))
    rig.restart()
    assert len(notices(rig, CHANNEL)) == 1
    assert missed(rig)[CHANNEL] == [lead for lead in hourly if lead >= 10 * HOUR]
    assert come(rig) == []


# --- Slack away ----------------------------------------------------------------------------------


def test_when_slack_was_away_for_hours_the_bot_owns_up_once(rig: Rig) -> None:
    """The bot ran and could not send, and Slack lost what lay there: no burst of old reminders."""
    begun(rig)
    rig.advance(until_due(rig, 24 * HOUR, late=-30))
    rig.slack.lying.clear()
    away = ("post", "unschedule", "schedule", "scheduled_ids", "direct", "history")
    for call in away:
        rig.slack.fail(call, unknown=True, times=10_000)
    for lead in (24 * HOUR, 12 * HOUR, 4 * HOUR):
        rig.advance(until_due(rig, lead))
    rig.advance(timedelta(hours=2))
    assert come(rig) == []
    rig.slack.faults.clear()
    patient(rig)
    early = [24 * HOUR, 12 * HOUR, 4 * HOUR]
    assert missed(rig) == {place: early if place in EARLY else [4 * HOUR] for place in ALL}
    assert len(notices(rig)) == len(ALL)
    rig.advance(until_due(rig, HOUR))
    watch(rig, 200, step=10)
    assert leads(rig, CHANNEL) == [HOUR]


def test_when_slack_was_away_until_the_end_that_is_owned_up_too(rig: Rig) -> None:
    begun(rig, Policy(reminders=(900,)))
    rig.slack.lying.clear()
    for call in ("post", "unschedule", "scheduled_ids", "direct", "history"):
        rig.slack.fail(call, unknown=True, times=10_000)
    rig.advance(until_due(rig, 900))
    rig.advance(until_due(rig, 0, late=HOUR))
    rig.slack.faults.clear()
    patient(rig)
    assert missed(rig) == {place: [900] for place in ALL}
    (told,) = notices(rig, CHANNEL)
    assert "no download was confirmed" in str(told.blocks)
    assert told.actions == []


def test_after_the_first_limit_nobody_is_told_of_time_that_is_left(rig: Rig) -> None:
    """The bot comes between the deadline and the end, right after a reminder's time."""
    begun(rig, Policy(window=900, reminders=(60,)))
    sleep(rig, until_due(rig, 0, late=20))
    rig.restart()
    assert come(rig) == []
    assert missed(rig) == {place: [60] for place in ALL}
    (told,) = notices(rig, CHANNEL)
    assert "has to look at once" in str(told.blocks)
    assert "open_downloaded" in told.actions
    assert rig.clock.now() > deadline(rig)


# --- whose fault it is ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "theirs"),
    [
        (vendor_error("slack", "slack_user_not_found", retryable=False), True),
        (vendor_error("slack", "slack_ratelimited"), False),
        (vendor_error("slack", "slack_missing_scope", missing="im:write"), False),
    ],
    ids=["person", "later", "scope"],
)
def test_a_refusal_is_about_a_person_or_about_the_bot(error: VendorError, theirs: bool) -> None:
    assert of_a_place(error) is theirs


@pytest.mark.parametrize(
    ("code", "theirs"), [("slack_channel_not_found", True), ("slack_token_revoked", False)]
)
def test_what_can_be_mended_is_about_a_channel_or_the_token(code: str, theirs: bool) -> None:
    error = VendorError("slack", code, N_("No."), N_("Mend it."), mendable=True)
    assert of_a_place(error) is theirs
