"""Whom reminders reach: hand-overs on the way, people who cannot be written to, and languages."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.errors import VendorError
from tests.bot.faults import Fault
from tests.bot.rig import CHANNEL, Rig
from tests.bot.windows import (
    EARLY,
    HOUR,
    LEADS,
    come,
    counts,
    due,
    leads,
    missed,
    notices,
    sleep,
    until_due,
    watch,
)
from tests.workflows import journeys
from tests.workflows.people import ROLES
from workflows import commands as c
from workflows import events as e
from workflows.effects import recipients
from workflows.text import N_


@pytest.fixture
def window(rig: Rig) -> Rig:
    """The 48 hours have begun; every reminder lies in Slack."""
    rig.adopt(journeys.to_window())
    rig.settle()
    return rig


def hand_over(rig: Rig, by: str, to: str) -> None:
    rig.does(by, c.HandOver(to=to, to_roles=ROLES[to]))


def lies_for(rig: Rig) -> dict[str, set[int]]:
    """Return which reminders lie in Slack, by place."""
    deadline = rig.run.deadline
    assert deadline is not None
    found: dict[str, set[int]] = {}
    for one in rig.slack.lying.values():
        lead = next(lead for lead in LEADS if one.post_at < (due(rig, lead).timestamp() + 121))
        found.setdefault(one.channel, set()).add(lead)
    return found


def lies_as_it_must(rig: Rig) -> bool:
    """Whether each reminder that is ahead lies in Slack for each recipient, and no other does."""
    ahead = [lead for lead in LEADS if lead not in rig.run.reminders_done]
    wanted: dict[str, set[int]] = {}
    for lead in ahead:
        for to in recipients(rig.run, lead):
            wanted.setdefault(CHANNEL if to == "channel" else f"D{to}", set()).add(lead)
    return lies_for(rig) == wanted


# --- hand-overs ----------------------------------------------------------------------------------


@pytest.mark.parametrize("alive", [True, False], ids=["bot", "slack"])
def test_after_a_hand_over_the_right_people_are_reminded(window: Rig, alive: bool) -> None:
    hand_over(window, "UA", "UB")
    window.settle()
    assert lies_as_it_must(window)
    if alive:
        window.advance(until_due(window, 24 * HOUR, late=200))
    else:
        sleep(window, until_due(window, 24 * HOUR, late=200))
    assert counts(window, CHANNEL, "DUA", "DUB") == {CHANNEL: 1, "DUA": 0, "DUB": 1}


def test_after_a_hand_over_and_the_download_nobody_is_reminded(window: Rig) -> None:
    hand_over(window, "UA", "UB")
    window.does("UB", c.ConfirmDownloaded(where="the vault"))
    window.settle()
    assert window.slack.lying == {}
    window.advance(until_due(window, 0, late=600))
    assert come(window) == []
    assert notices(window) == []


def test_an_approver_who_takes_over_is_reminded_once(window: Rig) -> None:
    hand_over(window, "UA", "UE")
    window.settle()
    assert lies_as_it_must(window)
    for lead in LEADS:
        window.advance(until_due(window, lead))
    assert leads(window, "DUE") == list(LEADS)
    assert leads(window, "DUC") == [4 * HOUR, HOUR, 900]
    assert leads(window, "DUA") == []


def test_between_two_reminders_each_goes_to_whom_it_concerns(window: Rig) -> None:
    window.advance(until_due(window, 24 * HOUR))
    hand_over(window, "UA", "UB")
    window.settle()
    assert lies_as_it_must(window)
    sleep(window, until_due(window, 12 * HOUR, late=600))
    window.restart()
    assert (leads(window, "DUA"), leads(window, "DUB")) == ([24 * HOUR], [12 * HOUR])
    assert leads(window, CHANNEL) == [24 * HOUR, 12 * HOUR]
    assert notices(window) == []


@pytest.mark.parametrize("late", [30, 100, 200, 400])
def test_handed_over_when_the_bot_was_down_over_a_reminder(window: Rig, late: float) -> None:
    """The hand-over is recorded before the reminder is: the one before got it from Slack."""
    sleep(window, until_due(window, 24 * HOUR, late))
    window.start()
    hand_over(window, "UA", "UB")
    watch(window, 300, step=10)
    assert leads(window, CHANNEL) == [24 * HOUR]
    if late == 30:
        assert (leads(window, "DUA"), leads(window, "DUB")) == ([], [24 * HOUR])
    else:
        assert leads(window, "DUA") == [24 * HOUR]
        assert len(leads(window, "DUB")) <= 1
    assert notices(window) == [], "nobody missed anything"
    assert lies_as_it_must(window)


@pytest.mark.parametrize("times", [2, 3, 4])
def test_handed_to_and_fro_faster_than_slack_answers(window: Rig, times: int) -> None:
    window.slack.fail("unschedule", times=2)
    for number in range(times):
        by, to = ("UA", "UB") if number % 2 == 0 else ("UB", "UA")
        hand_over(window, by, to)
    for _ in range(10):
        window.advance(timedelta(seconds=60))
    assert lies_as_it_must(window)


@pytest.mark.parametrize("applied", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("call", ["schedule", "unschedule"])
@pytest.mark.parametrize("after", [0, 2])
def test_killed_in_the_middle_of_a_hand_over(
    window: Rig, call: str, applied: bool, after: int
) -> None:
    window.slack.kill(call, applied=applied, after=after)
    hand_over(window, "UA", "UB")
    window.settle()
    assert window.death.happened
    window.restart()
    assert lies_as_it_must(window)


# --- who cannot be written to --------------------------------------------------------------------


def told_of(rig: Rig, person: str) -> list[str]:
    return [str(one.blocks) for one in rig.slack.keyed(f":unreached:{person}")]


@pytest.mark.parametrize("code", ["slack_user_not_found", "slack_user_disabled"])
def test_somebody_who_has_left_is_told_of_once_and_the_others_get_theirs(
    rig: Rig, code: str
) -> None:
    rig.slack.fail("direct", about="UC", code=code, retryable=False, times=100)
    rig.adopt(journeys.to_window())
    rig.settle()
    for lead in LEADS:
        rig.advance(until_due(rig, lead))
    assert leads(rig, "DUC") == []
    assert leads(rig, CHANNEL) == leads(rig, "DUA") == list(LEADS)
    assert leads(rig, "DUD") == [4 * HOUR, HOUR, 900]
    (told,) = told_of(rig, "UC")
    assert "<@UC>" in told
    assert code.removeprefix("slack_") in told
    assert notices(rig) == []


@pytest.mark.parametrize("code", ["slack_messages_tab_disabled", "slack_channel_not_found"])
def test_when_the_responsible_one_takes_no_messages_others_are_called(rig: Rig, code: str) -> None:
    """The direct messages can be opened, and nothing can be put into them."""
    for call in ("schedule", "post"):
        for _ in range(30):
            rig.slack.fail(call, about="DUA", code=code, retryable=False)
    rig.adopt(journeys.to_window())
    rig.settle()
    (told,) = told_of(rig, "UA")
    assert all(f"<@{person}>" in told for person in ("UC", "UD", "UE"))
    for lead in LEADS:
        rig.advance(until_due(rig, lead))
    assert leads(rig, "DUA") == []
    assert leads(rig, CHANNEL) == list(LEADS)
    assert len(told_of(rig, "UA")) == 1


def test_what_an_unreachable_person_missed_is_told_to_the_others_all_the_same(rig: Rig) -> None:
    rig.slack.fail("schedule", retryable=False, code="slack_restricted_too_many", times=19)
    rig.adopt(journeys.to_window())
    rig.settle()
    rig.slack.fail("direct", about="UA", code="slack_user_disabled", retryable=False, times=99)
    sleep(rig, until_due(rig, 12 * HOUR, late=3_600))
    rig.restart()
    assert missed(rig) == {CHANNEL: [24 * HOUR, 12 * HOUR]}
    assert len(told_of(rig, "UA")) == 1


@pytest.mark.parametrize("applied", [False, True], ids=["before", "after"])
def test_that_somebody_has_left_is_told_once_across_a_kill(rig: Rig, applied: bool) -> None:
    rig.slack.fail("direct", about="UA", code="slack_user_disabled", retryable=False, times=99)
    rig.slack.kill("post", applied=applied, about=":unreached:")
    rig.adopt(journeys.to_window())
    rig.settle()
    assert rig.death.happened
    rig.restart()
    assert len(told_of(rig, "UA")) == 1


def test_a_person_who_can_be_reached_again_is_reminded_again(rig: Rig) -> None:
    rig.slack.fail("direct", about="UA", code="slack_user_disabled", retryable=False, times=6)
    rig.adopt(journeys.to_window())
    rig.settle()
    for lead in LEADS:
        rig.advance(until_due(rig, lead))
    assert leads(rig, "DUA") == [12 * HOUR, 4 * HOUR, HOUR, 900]


def test_a_channel_that_is_closed_keeps_no_person_from_being_reminded(window: Rig) -> None:
    closed = VendorError(
        "slack", "slack_is_archived", N_("It is archived."), N_("Open it."), mendable=True
    )
    for call in ("post", "unschedule"):
        window.slack.faults[call].extend([Fault(closed, about=CHANNEL)] * 99)
    window.advance(until_due(window, 24 * HOUR))
    assert counts(window, *EARLY) == {CHANNEL: 0, "DUA": 1}
    window.slack.faults.clear()
    watch(window, 200, step=10)
    assert counts(window, *EARLY) == {CHANNEL: 1, "DUA": 1}


def test_a_missing_right_to_write_to_people_is_said_as_such(rig: Rig) -> None:
    rig.slack.fail("direct", missing="im:write", times=99)
    rig.adopt(journeys.to_window())
    rig.settle()
    (told,) = rig.happened(e.CapabilityMissing)
    assert told.capability == "slack:im:write"
    assert told_of(rig, "UA") == []


# --- languages -----------------------------------------------------------------------------------


def test_each_is_written_to_in_their_own_language_right_after_a_start(window: Rig) -> None:
    window.slack.locales = {"UA": "pl-PL"}
    window.restart()
    window.advance(until_due(window, 24 * HOUR))
    (own,) = (one for one in window.slack.shown if one.key == "R1:reminder:86400:UA")
    (channels,) = (one for one in window.slack.shown if one.key == "R1:reminder:86400:channel")
    assert "24 godziny" in own.text
    assert "Time left" in channels.text


@pytest.mark.parametrize("applied", [False, True], ids=["before", "after"])
def test_one_in_another_language_is_recognised(rig: Rig, applied: bool) -> None:
    """What was laid in one language before a kill is found when the bot speaks another."""
    rig.slack.locales = {"UA": "pl-PL"}
    rig.slack.kill("schedule", about="DUA", applied=applied)
    rig.adopt(journeys.to_window())
    rig.settle()
    assert rig.death.happened
    rig.move(until_due(rig, 24 * HOUR, late=130))
    rig.slack.locales = {}
    rig.restart()
    watch(rig, 200, step=10)
    assert leads(rig, "DUA") == [24 * HOUR]
