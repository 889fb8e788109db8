"""Reminders: each comes exactly once, from the bot or from Slack, whoever of the two is alive."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from bot.store.base import Transaction
from tests.bot.rig import CHANNEL, Rig
from tests.workflows import journeys
from tests.workflows.people import ROLES
from workflows import commands as c
from workflows import events as e
from workflows.states import State
from workflows.values import Policy

HOUR = 3_600
LEADS = (24 * HOUR, 12 * HOUR, 4 * HOUR, HOUR, 900)
FIRST = Policy(reminders=(24 * HOUR,))
GRACE = timedelta(minutes=2)
EARLY, ALL = (CHANNEL, "DUA"), (CHANNEL, "DUA", "DUC", "DUD", "DUE")
"""Where reminders go; to the approvers from four hours on."""


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


def places(before: int) -> tuple[str, ...]:
    return ALL if before <= 4 * HOUR else EARLY


def due(rig: Rig, before: int) -> datetime:
    deadline = rig.run.deadline
    assert deadline is not None
    return deadline - timedelta(seconds=before)


def until_due(rig: Rig, before: int, late: float = 0.0) -> timedelta:
    """Return how long it is until a reminder's time, and a little longer."""
    return due(rig, before) + timedelta(seconds=late) - rig.clock.now()


def sleep(rig: Rig, length: timedelta) -> None:
    """Let the bot be down while time passes."""
    rig.stop()
    rig.move(length)


def counts(rig: Rig, *channels: str) -> dict[str, int]:
    return {channel: len(rig.slack.reminders(channel)) for channel in channels}


def once(*channels: str) -> dict[str, int]:
    return dict.fromkeys(channels, 1)


def notices(rig: Rig) -> list[str]:
    return [one.key for one in rig.slack.shown if ":missed:" in one.key]


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
    first.advance(timedelta(minutes=5))
    assert counts(first, *EARLY) == once(*EARLY)
    assert notices(first) == []


@pytest.mark.parametrize("down", [0, 24 * HOUR + 5, 24 * HOUR + 90, 24 * HOUR + 200, 26 * HOUR])
@pytest.mark.parametrize("applied", [False, True], ids=["before", "after"])
def test_killed_while_it_lays_them(rig: Rig, applied: bool, down: float) -> None:
    """Every other one is laid once it is up again; none comes twice."""
    rig.slack.kill("schedule", applied=applied)
    rig.adopt(journeys.to_window(FIRST))
    rig.settle()
    assert rig.death.happened
    start = due(rig, 24 * HOUR) - timedelta(hours=24)
    rig.move(start + timedelta(seconds=down) - rig.clock.now())
    rig.restart()
    rig.advance(until_due(rig, 24 * HOUR, 4_000) if down < 25 * HOUR else timedelta(minutes=5))
    assert counts(rig, CHANNEL)[CHANNEL] + len(notices(rig)) == 1
    assert counts(rig, "DUA")["DUA"] <= 1


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


def test_what_nobody_sent_becomes_one_notice(rig: Rig) -> None:
    without_slack(rig)
    sleep(rig, until_due(rig, 4 * HOUR, late=3_600))
    rig.restart()
    assert counts(rig, *ALL) == dict.fromkeys(ALL, 0)
    assert len(notices(rig)) == 1
    (missed,) = rig.happened(e.RemindersMissed)
    assert missed.missed == (24 * HOUR, 12 * HOUR, 4 * HOUR)
    rig.advance(timedelta(hours=1))
    assert len(notices(rig)) == 1


def test_the_notice_names_only_what_slack_did_not_send(window: Rig) -> None:
    lost = due(window, 12 * HOUR) + GRACE
    for name, one in list(window.slack.lying.items()):
        if one.post_at == int(lost.timestamp()):
            del window.slack.lying[name]

    def forget(transaction: Transaction) -> None:
        for to in ("channel", "UA"):
            transaction.drop_scheduled("R1", f"{12 * HOUR}:{to}")

    window.store.write(forget)
    sleep(window, until_due(window, 4 * HOUR, late=3_600))
    window.restart()
    (notice,) = (one for one in window.slack.shown if ":missed:" in one.key)
    assert "12 hours" in str(notice.blocks)
    assert "24 hours" not in str(notice.blocks)


@pytest.mark.parametrize("applied", [False, True], ids=["before", "after"])
def test_the_notice_comes_once_across_a_kill(rig: Rig, applied: bool) -> None:
    without_slack(rig)
    rig.slack.kill("post", applied=applied, about=":missed:")
    rig.advance(until_due(rig, 4 * HOUR, late=3_600))
    assert rig.death.happened
    rig.restart()
    assert len(notices(rig)) == 1


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


def test_after_a_hand_over_the_right_people_are_reminded(window: Rig) -> None:
    window.does("UA", c.HandOver(to="UB", to_roles=ROLES["UB"]))
    window.settle()
    window.advance(until_due(window, 24 * HOUR, late=600))
    assert counts(window, CHANNEL, "DUA", "DUB") == {CHANNEL: 1, "DUA": 0, "DUB": 1}


def test_after_a_hand_over_slack_reminds_the_right_people_too(window: Rig) -> None:
    window.does("UA", c.HandOver(to="UB", to_roles=ROLES["UB"]))
    window.settle()
    sleep(window, until_due(window, 24 * HOUR, late=600))
    assert counts(window, CHANNEL, "DUA", "DUB") == {CHANNEL: 1, "DUA": 0, "DUB": 1}


def test_after_a_hand_over_and_the_download_nobody_is_reminded(window: Rig) -> None:
    window.does("UA", c.HandOver(to="UB", to_roles=ROLES["UB"]))
    window.does("UB", c.ConfirmDownloaded(where="the vault"))
    stays_silent(window)
    assert counts(window, "DUA") == {"DUA": 0}


# --- frozen --------------------------------------------------------------------------------------


def test_while_frozen_the_bot_sends_none_and_slack_does(window: Rig) -> None:
    window.does("UA", c.Freeze())
    window.settle()
    window.advance(until_due(window, 12 * HOUR, late=600))
    assert counts(window, *EARLY) == dict.fromkeys(EARLY, 2)
    assert all(one.scheduled for one in window.slack.reminders(CHANNEL))
    window.does("UA", c.Unfreeze())
    window.tick()
    assert counts(window, *EARLY) == dict.fromkeys(EARLY, 2)
    assert notices(window) == []
    window.advance(until_due(window, 4 * HOUR))
    assert counts(window, *ALL) == {CHANNEL: 3, "DUA": 3, "DUC": 1, "DUD": 1, "DUE": 1}
