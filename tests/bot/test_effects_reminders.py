"""Reminders: each comes exactly once, from the bot or from Slack, whoever of the two is alive."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.bot.rig import CHANNEL, Rig
from tests.bot.windows import (
    ALL,
    EARLY,
    GRACE,
    HOUR,
    LEADS,
    counts,
    due,
    missed,
    notices,
    places,
    sleep,
    until_due,
    watch,
)
from tests.workflows import journeys
from tests.workflows.people import ROLES
from workflows import commands as c
from workflows import events as e
from workflows.states import State
from workflows.values import Policy

FIRST = Policy(reminders=(24 * HOUR,))


@pytest.fixture
def window(rig: Rig) -> Rig:
    """The 48 hours have begun; every reminder lies in Slack."""
    rig.adopt(journeys.to_window())
    rig.settle()
    return rig


@pytest.fixture
def first(rig: Rig) -> Rig:
    """The same with the first reminder alone."""
    rig.adopt(journeys.to_window(FIRST))
    rig.settle()
    return rig


def once(*channels: str) -> dict[str, int]:
    return dict.fromkeys(channels, 1)


def test_every_reminder_lies_in_slack_a_little_after_its_time(window: Rig) -> None:
    lying = sorted((one.post_at, one.channel) for one in window.slack.lying.values())
    expected = sorted(
        (int((due(window, before) + GRACE).timestamp()), channel)
        for before in LEADS
        for channel in places(before)
    )
    assert lying == expected
    card = window.slack.one("R1:card")
    assert {one.thread_ts for one in window.slack.lying.values() if one.channel == CHANNEL} == {
        card.ts
    }
    assert all("R1" in one.text for one in window.slack.lying.values())


# --- who is alive --------------------------------------------------------------------------------


def test_while_the_bot_is_alive_its_own_come_at_their_time(window: Rig) -> None:
    for number, before in enumerate(LEADS, start=1):
        window.advance(until_due(window, before))
        assert counts(window, *EARLY) == dict.fromkeys(EARLY, number)
        window.advance(timedelta(minutes=10))
        assert counts(window, *EARLY) == dict.fromkeys(EARLY, number)
    assert counts(window, *ALL) == {CHANNEL: 5, "DUA": 5, "DUC": 3, "DUD": 3, "DUE": 3}
    assert not any(one.scheduled for one in window.slack.shown)
    own = window.slack.one("reminder:900:channel")
    assert "open_downloaded" in own.actions
    assert (own.thread_ts, own.broadcast) == (window.slack.one("R1:card").ts, True)
    assert window.slack.lying == {}
    assert notices(window) == []


def test_while_the_bot_is_dead_slacks_come(window: Rig) -> None:
    sleep(window, until_due(window, 4 * HOUR, late=3_600))
    window.start()
    window.tick()
    assert counts(window, *ALL) == {CHANNEL: 3, "DUA": 3, "DUC": 1, "DUD": 1, "DUE": 1}
    assert all(one.scheduled for one in window.slack.reminders(CHANNEL))
    assert notices(window) == [], "Slack sent them, so none was missed"
    window.advance(until_due(window, HOUR))
    assert counts(window, CHANNEL) == {CHANNEL: 4}


@pytest.mark.parametrize("late", [0.5, 59, 61, 119, 121, 299, 301, 4_000])
def test_a_bot_that_comes_late_sends_none_twice(first: Rig, late: float) -> None:
    sleep(first, until_due(first, 24 * HOUR, late))
    first.restart()
    first.advance(timedelta(minutes=5))
    assert counts(first, *EARLY) == once(*EARLY)
    assert notices(first) == []


# --- kills ---------------------------------------------------------------------------------------

DOWN = [0, 65, 130, 5_000]
"""Seconds until the bot is started again."""


@pytest.mark.parametrize("down", DOWN)
@pytest.mark.parametrize("applied", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("call", ["unschedule", "post"])
def test_killed_while_it_sends(first: Rig, call: str, applied: bool, down: float) -> None:
    about = "reminder:86400:channel" if call == "post" else ""
    first.slack.kill(call, applied=applied, about=about)
    first.advance(until_due(first, 24 * HOUR))
    assert first.death.happened
    first.move(timedelta(seconds=down))
    first.restart()
    watch(first, 300, step=15)
    said = {place: len(notices(first, place)) for place in EARLY}
    assert {place: counts(first, place)[place] + said[place] for place in EARLY} == once(*EARLY)
    # Taken back, and not sent: after so long it would not say the truth any more.
    lost = down == 5_000 and (call, applied) in {("unschedule", True), ("post", False)}
    assert said == {CHANNEL: int(lost), "DUA": 0}


@pytest.mark.parametrize("down", [0, 24 * HOUR + 5, 24 * HOUR + 90, 24 * HOUR + 200, 26 * HOUR])
@pytest.mark.parametrize("applied", [False, True], ids=["before", "after"])
def test_killed_while_it_lays_them(rig: Rig, applied: bool, down: float) -> None:
    """Every other one is laid once it is up again; none comes twice, none is silently missed."""
    rig.slack.kill("schedule", applied=applied)
    rig.adopt(journeys.to_window(FIRST))
    rig.settle()
    assert rig.death.happened
    rig.move(max(until_due(rig, 48 * HOUR, down), timedelta()))
    rig.restart()
    if down < 24 * HOUR:
        assert len(rig.slack.lying) == 2
        rig.advance(until_due(rig, 24 * HOUR))
    watch(rig, 300, step=15)
    for place in EARLY:
        assert counts(rig, place)[place] + len(notices(rig, place)) == 1
    assert not (applied and notices(rig, CHANNEL)), "Slack has posted what the bot had forgotten"


@pytest.mark.parametrize("call", ["unschedule", "post", "direct"])
@pytest.mark.parametrize("applied", [False, True], ids=["before", "after"])
def test_an_answer_that_does_not_come(first: Rig, call: str, applied: bool) -> None:
    first.slack.fail(call, applied=applied, unknown=True, times=2)
    first.advance(until_due(first, 24 * HOUR))
    for _ in range(12):
        first.advance(timedelta(seconds=10))
    assert counts(first, *EARLY) == once(*EARLY)


def test_without_the_right_to_read_back_they_still_come(first: Rig) -> None:
    first.slack.fail("history", missing="channels:history", times=50)
    first.slack.fail("post", times=2)
    first.advance(until_due(first, 24 * HOUR))
    for _ in range(6):
        first.advance(timedelta(seconds=20))
    assert counts(first, *EARLY) == once(*EARLY)


# --- missed --------------------------------------------------------------------------------------


def without_slack(rig: Rig) -> Rig:
    """Nothing could be laid in Slack."""
    rig.slack.fail("schedule", retryable=False, code="slack_restricted_too_many", times=19)
    rig.adopt(journeys.to_window())
    rig.settle()
    assert rig.slack.lying == {}
    return rig


EARLY_MISSED, LATE_MISSED = [24 * HOUR, 12 * HOUR, 4 * HOUR], [4 * HOUR]
MISSED = {
    place: EARLY_MISSED if place in EARLY else LATE_MISSED
    for place in (CHANNEL, "DUA", "DUC", "DUD", "DUE")
}


def test_what_nobody_sent_becomes_one_notice_each(rig: Rig) -> None:
    without_slack(rig)
    sleep(rig, until_due(rig, 4 * HOUR, late=3_600))
    rig.restart()
    assert counts(rig, *ALL) == dict.fromkeys(ALL, 0)
    assert missed(rig) == MISSED
    assert len(notices(rig)) == len(ALL)
    (event,) = rig.happened(e.RemindersMissed)
    assert event.missed == (24 * HOUR, 12 * HOUR, 4 * HOUR)
    rig.advance(timedelta(hours=1))
    assert len(notices(rig)) == len(ALL)
    (told,) = notices(rig, CHANNEL)
    assert (told.thread_ts, told.broadcast) == (rig.slack.one("R1:card").ts, True)
    assert "open_downloaded" in told.actions


def test_the_notice_names_only_what_slack_did_not_send(window: Rig) -> None:
    """Slack lost one: the notice says so, whatever the bot remembers to have laid."""
    lost = due(window, 12 * HOUR) + GRACE
    for name, one in list(window.slack.lying.items()):
        if one.post_at == int(lost.timestamp()):
            del window.slack.lying[name]
    sleep(window, until_due(window, 4 * HOUR, late=3_600))
    window.restart()
    assert missed(window) == {CHANNEL: [12 * HOUR], "DUA": [12 * HOUR]}
    (notice,) = notices(window, CHANNEL)
    assert "12 hours" in str(notice.blocks)
    assert "24 hours" not in str(notice.blocks)
    assert counts(window, *ALL) == {CHANNEL: 2, "DUA": 2, "DUC": 1, "DUD": 1, "DUE": 1}


def test_one_that_slack_lost_is_sent_by_the_bot_that_comes_in_time(first: Rig) -> None:
    first.slack.lying.clear()
    first.advance(until_due(first, 24 * HOUR))
    watch(first, 200, step=10)
    assert counts(first, *EARLY) == once(*EARLY)
    assert notices(first) == []


@pytest.mark.parametrize("about", ["86400:channel", "86400:UA", "14400:UE"])
@pytest.mark.parametrize("applied", [False, True], ids=["before", "after"])
def test_the_notices_come_once_across_a_kill(rig: Rig, applied: bool, about: str) -> None:
    without_slack(rig)
    rig.slack.kill("post", applied=applied, about=f":missed:{about}")
    rig.advance(until_due(rig, 4 * HOUR, late=3_600))
    assert rig.death.happened
    rig.restart()
    assert missed(rig) == MISSED


def test_a_clock_that_jumps_over_the_end(window: Rig) -> None:
    window.advance(until_due(window, 0, late=3_600))
    assert window.run.state is State.COMPLETED
    assert counts(window, *ALL) == {CHANNEL: 5, "DUA": 5, "DUC": 3, "DUD": 3, "DUE": 3}
    assert notices(window) == []
    assert window.slack.lying == {}


def test_a_clock_that_goes_back_sends_nothing_again(window: Rig) -> None:
    window.advance(until_due(window, 24 * HOUR))
    window.clock.time -= timedelta(hours=6)
    window.tick()
    window.clock.time += timedelta(hours=6)
    window.advance(timedelta(minutes=10))
    assert counts(window, *EARLY) == once(*EARLY)


# --- no longer needed ----------------------------------------------------------------------------


def stays_silent(rig: Rig) -> None:
    """Nothing lies in Slack any more, and nothing more comes."""
    rig.settle()
    assert rig.slack.lying == {}
    before = counts(rig, *ALL)
    rig.advance(until_due(rig, 0, late=3_600))
    assert counts(rig, *ALL) == before
    assert notices(rig) == []


def test_once_downloaded_nobody_is_reminded(window: Rig) -> None:
    window.does("UA", c.ConfirmDownloaded(where="the vault"))
    stays_silent(window)


def test_once_cancelled_nobody_is_reminded(window: Rig) -> None:
    window.does("UA", c.Cancel())
    stays_silent(window)


def test_once_downloaded_after_the_first_reminders(window: Rig) -> None:
    window.advance(until_due(window, 12 * HOUR))
    window.does("UA", c.ConfirmDownloaded(where="the vault"))
    stays_silent(window)


@pytest.mark.parametrize("applied", [False, True], ids=["before", "after"])
def test_all_are_lifted_across_a_kill(window: Rig, applied: bool) -> None:
    window.slack.kill("unschedule", after=3, applied=applied)
    window.does("UA", c.ConfirmDownloaded(where="the vault"))
    window.settle()
    assert window.death.happened
    window.restart()
    stays_silent(window)


def test_one_whose_answer_was_lost_is_lifted_too(rig: Rig) -> None:
    """Slack has it, but the bot does not know yet when the download is confirmed."""
    rig.slack.fail("schedule", applied=True, unknown=True, after=3)
    rig.adopt(journeys.to_window())
    rig.settle()
    rig.does("UA", c.ConfirmDownloaded(where="the vault"))
    rig.settle()
    rig.advance(timedelta(minutes=1))
    stays_silent(rig)


def test_what_is_due_in_the_moment_of_the_download_is_taken_back(window: Rig) -> None:
    sleep(window, until_due(window, 24 * HOUR))
    window.start()
    window.slack.fail("unschedule", times=2)
    window.engine.fire_due_timers()
    window.does("UA", c.ConfirmDownloaded(where="the vault"))
    window.settle()
    window.advance(timedelta(seconds=20))
    window.advance(timedelta(seconds=20))
    stays_silent(window)


# --- frozen --------------------------------------------------------------------------------------


def test_while_frozen_the_bot_sends_none_and_slack_does(window: Rig) -> None:
    window.does("UA", c.Freeze())
    window.settle()
    window.advance(until_due(window, 12 * HOUR, late=600))
    assert counts(window, *EARLY) == dict.fromkeys(EARLY, 2)
    assert all(one.scheduled for one in window.slack.reminders(CHANNEL))
    window.does("UC", c.Unfreeze())
    window.tick()
    assert counts(window, *EARLY) == dict.fromkeys(EARLY, 2)
    assert notices(window) == []
    window.advance(until_due(window, 4 * HOUR))
    assert counts(window, *ALL) == {CHANNEL: 3, "DUA": 3, "DUC": 1, "DUD": 1, "DUE": 1}


def test_once_cancelled_while_frozen_nobody_is_reminded(window: Rig) -> None:
    window.does("UA", c.Freeze())
    window.does("UA", c.Cancel())
    stays_silent(window)


def test_the_end_comes_while_frozen_and_what_nobody_sent_is_owned_up(window: Rig) -> None:
    window.does("UA", c.Freeze())
    window.settle()
    window.slack.lying.clear()
    window.advance(until_due(window, 0, late=3_600))
    watch(window, 100, step=10)
    assert window.run.downloaded is False
    assert missed(window) == {
        place: [lead for lead in LEADS if place in places(lead)] for place in ALL
    }


def test_whoever_takes_over_while_frozen_hears_of_it_afterwards(window: Rig) -> None:
    """Nothing is laid while frozen: what lay there goes to the one before."""
    window.does("UA", c.Freeze())
    window.does("UA", c.HandOver(to="UB", to_roles=ROLES["UB"]))
    window.settle()
    window.advance(until_due(window, 24 * HOUR, late=600))
    assert counts(window, CHANNEL, "DUA", "DUB") == {CHANNEL: 1, "DUA": 1, "DUB": 0}
    window.does("UC", c.Unfreeze())
    watch(window, 100, step=10)
    assert missed(window) == {"DUB": [24 * HOUR]}
    window.advance(until_due(window, 12 * HOUR))
    assert counts(window, CHANNEL, "DUA", "DUB") == {CHANNEL: 2, "DUA": 1, "DUB": 1}
