"""The 48 hours from their beginning to their end, second by second, on clocks that misbehave."""

from __future__ import annotations

import random
import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.errors import StoreError
from tests.bot.faults import FakeClock
from tests.bot.rig import CHANNEL, Rig
from tests.bot.windows import (
    ALL,
    EARLY,
    HOUR,
    LEADS,
    come,
    counts,
    deadline,
    due,
    leads,
    missed,
    notices,
    sleep,
    until_due,
    watch,
)
from tests.workflows import journeys, samples
from tests.workflows.people import ROLES
from workflows import commands as c
from workflows import events as e
from workflows.states import State
from workflows.timers import timers, window_end
from workflows.values import Policy

MINUTES = Policy(window=600, reminders=(300, 120, 60))
SHORT, LONGER = (300, 120, 60), (1_500, 900, 600, 300, 120)
LOCKED = 60
"""Slack takes nothing back in the last seconds before a message's time."""


def begun(rig: Rig, policy: Policy | None = None) -> Rig:
    rig.adopt(journeys.to_window(policy))
    rig.settle()
    return rig


def left(rig: Rig, at: float) -> float:
    """Return how many seconds before the deadline a time is."""
    return deadline(rig).timestamp() - at


def the_end(rig: Rig) -> float:
    """Return in how many seconds the window is surely over, and a little more."""
    return (window_end(rig.run, deadline(rig)) - rig.clock.now()).total_seconds() + 300


def until(rig: Rig, seconds: int) -> None:
    """Let time pass until so long before the deadline; each reminder on the way comes in time."""
    for lead in (one for one in SHORT if one >= seconds):
        rig.advance(until_due(rig, lead))
        watch(rig, min(20, lead - seconds))
    rig.advance(until_due(rig, seconds))


# --- a window of minutes -------------------------------------------------------------------------


def test_a_window_of_minutes_shows_every_reminder_in_order(rig: Rig) -> None:
    begun(rig, MINUTES)
    rig.advance(until_due(rig, 300, late=-20))
    watch(rig, the_end(rig))
    for place in ALL:
        shown = come(rig, place)
        assert [(one.lead, one.by_slack) for one in shown] == [(lead, False) for lead in SHORT]
        assert all(0 <= one.lead - left(rig, one.at) <= 1 for one in shown), "at their time"
    assert notices(rig) == []
    assert rig.slack.lying == {}
    assert (rig.run.state, rig.run.downloaded) == (State.COMPLETED, False)
    (ended,) = rig.happened(e.WindowEnded)
    assert rig.run.evidence["download"].kind == "missed"
    assert ended.type == "window_ended"


def test_approvers_are_reminded_from_four_hours_on_whatever_the_window(rig: Rig) -> None:
    begun(rig, Policy(window=5 * HOUR, reminders=(4 * HOUR + 60, 4 * HOUR)))
    watch(rig, the_end(rig), step=30)
    assert leads(rig, "DUA") == [4 * HOUR + 60, 4 * HOUR]
    assert leads(rig, "DUC") == [4 * HOUR]


def test_while_the_bot_is_down_slack_shows_what_can_lie_there(rig: Rig) -> None:
    """The last minute's cannot: Slack would not give it back before the run is over."""
    begun(rig, MINUTES)
    sleep(rig, timedelta(seconds=the_end(rig)))
    rig.restart()
    for place in ALL:
        shown = come(rig, place)
        assert [(one.lead, one.by_slack) for one in shown] == [(300, True), (120, True)]
        assert all(0 < left(rig, one.at) < one.lead for one in shown), "before the deadline"
    assert missed(rig) == {place: [60] for place in ALL}
    assert rig.run.downloaded is False


@pytest.mark.parametrize("killed", [-320, -290, -160, -110, -80, -55, -30, -5])
def test_killed_and_started_again_at_any_time_none_comes_twice(rig: Rig, killed: int) -> None:
    """Killed so many seconds around the deadline, up again after 50: each comes or is owned up."""
    begun(rig, MINUTES)
    until(rig, -killed)
    sleep(rig, timedelta(seconds=50))
    rig.start()
    watch(rig, max(the_end(rig), 60), step=2)
    for place in ALL:
        told = missed(rig).get(place, [])
        assert sorted([*leads(rig, place), *told]) == sorted(SHORT)
        assert all(left(rig, one.at) > 0 for one in come(rig, place)), "not after the deadline"


@pytest.mark.parametrize("at", [301, 299, 240, 181, 121, 105, 61, 46, 1])
def test_nothing_comes_once_the_download_is_confirmed(rig: Rig, at: int) -> None:
    begun(rig, MINUTES)
    until(rig, at)
    rig.does("UA", c.ConfirmDownloaded(where="the vault"))
    before = len(come(rig))
    watch(rig, at + 240, step=3)
    assert len(come(rig)) == before
    assert notices(rig) == []
    assert rig.slack.lying == {}
    assert rig.run.evidence["download"].kind == "attested"


def test_what_slack_will_not_give_back_comes_at_most_a_minute_late(rig: Rig) -> None:
    """The bot was down when it was due; the download is confirmed right after the start."""
    begun(rig, MINUTES)
    sleep(rig, until_due(rig, 300, late=80))
    rig.start()
    rig.does("UA", c.ConfirmDownloaded(where="the vault"))
    confirmed = rig.clock.now().timestamp()
    watch(rig, 500)
    assert leads(rig, CHANNEL) == [300]
    assert all(one.by_slack and one.at - confirmed < LOCKED for one in come(rig))


@pytest.mark.parametrize("reminders", [(1,), (60, 2, 1), (1, 1, 5), ()])
def test_a_window_of_one_second(rig: Rig, reminders: tuple[int, ...]) -> None:
    begun(rig, Policy(window=1, reminders=reminders))
    watch(rig, the_end(rig))
    assert come(rig) == []
    assert notices(rig) == []
    assert rig.run.downloaded is False


def test_reminders_in_any_order_twice_or_longer_than_the_window(rig: Rig) -> None:
    begun(rig, Policy(window=900, reminders=(120, 900, 600, 120, 86_400, 60, 600)))
    watch(rig, the_end(rig))
    for place in ALL:
        assert leads(rig, place) == [600, 120, 60]


def by_chance(rig: Rig, dice: random.Random) -> None:
    """Kills, faults, hand-overs and losses until the window is over, and some time of peace."""
    begun(rig, Policy(window=1_800, reminders=LONGER))
    responsible = "UA"
    while rig.run.state is State.DATA_COPY_WINDOW:
        match dice.randrange(12):
            case 0 | 1:
                call = dice.choice(["schedule", "unschedule", "post", "direct", "history"])
                rig.slack.kill(call, applied=dice.random() < 0.5)
            case 2 | 3:
                call = dice.choice(["schedule", "unschedule", "post", "scheduled_ids"])
                rig.slack.fail(call, applied=dice.random() < 0.5, unknown=True)
            case 4:
                rig.stop()
                rig.move(timedelta(seconds=dice.randrange(300)))
                rig.start()
            case 5:
                to = dice.choice([one for one in ("UA", "UB", "UE") if one != responsible])
                with suppress(StoreError):
                    rig.does(responsible, c.HandOver(to=to, to_roles=ROLES[to]))
                    responsible = to
            case 6 if rig.slack.lying:
                del rig.slack.lying[dice.choice(sorted(rig.slack.lying))]
        watch(rig, dice.randrange(1, 60))
        if rig.death.happened:
            rig.move(timedelta(seconds=dice.randrange(200)))
            rig.stop()
            rig.start()
    rig.slack.faults.clear()
    rig.restart()
    watch(rig, 600, step=5)


@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens_each_comes_once_or_is_owned_up(rig: Rig, seed: int) -> None:
    """The promise, after anything that may happen."""
    by_chance(rig, random.Random(seed))  # noqa: S311 - chance that can be repeated
    told = missed(rig)
    for place in (*ALL, "DUB"):
        shown, owned = leads(rig, place), told.get(place, [])
        assert len(shown) == len(set(shown)), f"{place}: one came twice"
        assert not set(shown) & set(owned), f"{place}: one came, and was said to be missed"
        assert len(owned) == len(set(owned)), f"{place}: one was owned up twice"
        if place in (CHANNEL, "DUC", "DUD"):
            assert {*shown, *owned} == set(LONGER), f"{place}: one was silently missed"
    assert rig.slack.lying == {}


# --- clocks --------------------------------------------------------------------------------------


def test_the_machine_slept_for_a_day(rig: Rig) -> None:
    """Slack has sent what fell due meanwhile: nothing was missed, and nothing comes at once."""
    begun(rig)
    rig.advance(until_due(rig, 24 * HOUR, late=-60))
    rig.advance(timedelta(days=1, hours=-2))
    assert counts(rig, *ALL) == {CHANNEL: 3, "DUA": 3, "DUC": 1, "DUD": 1, "DUE": 1}
    assert all(one.by_slack for one in come(rig))
    assert notices(rig) == []
    for lead in (HOUR, 900):
        rig.advance(until_due(rig, lead))
    assert leads(rig, CHANNEL) == list(LEADS)


def test_a_clock_that_jumps_a_day_ahead_of_slacks(rig: Rig) -> None:
    """What still lay in Slack is taken back: one honest notice each, no burst, none twice."""
    begun(rig)
    now = rig.clock.now()
    rig.slack._clock = slacks = FakeClock(now)
    rig.advance(until_due(rig, 4 * HOUR, late=3_600))
    assert come(rig) == []
    early = [24 * HOUR, 12 * HOUR, 4 * HOUR]
    told = {place: early if place in EARLY else [4 * HOUR] for place in ALL}
    assert missed(rig) == told
    assert len(notices(rig)) == len(ALL)
    rig.clock.time = now
    for _ in range(48 * 20):
        rig.clock.time += timedelta(minutes=3)
        slacks.time = rig.clock.time
        rig.slack.post_due()
        rig.tick()
    assert missed(rig) == told
    assert leads(rig, CHANNEL) == leads(rig, "DUC") == [HOUR, 900]


def test_a_clock_that_falls_an_hour_behind_slacks(rig: Rig) -> None:
    """Slack sends first; the bot, whose time comes an hour later, finds that and stays silent."""
    begun(rig)
    rig.advance(until_due(rig, 24 * HOUR, late=-60))
    rig.slack._clock = slacks = FakeClock(rig.clock.now())
    rig.clock.time -= timedelta(hours=1)
    for _ in range(12 * 60 + 120):
        rig.clock.time += timedelta(minutes=1)
        slacks.time += timedelta(minutes=1)
        rig.slack.post_due()
        rig.tick()
    assert leads(rig, CHANNEL) == leads(rig, "DUA") == [24 * HOUR, 12 * HOUR]
    assert notices(rig) == []


def test_a_clock_that_goes_back_an_hour_again_and_again(rig: Rig) -> None:
    begun(rig)
    rig.advance(until_due(rig, 24 * HOUR))
    for _ in range(3):
        rig.clock.time -= timedelta(hours=1)
        rig.tick()
        rig.clock.time += timedelta(hours=1)
        rig.advance(timedelta(minutes=1))
    assert counts(rig, *EARLY) == dict.fromkeys(EARLY, 1)
    assert notices(rig) == []


# --- daylight saving -----------------------------------------------------------------------------

WARSAW, NEW_YORK = "Europe/Warsaw", "America/New_York"
CHANGES = [
    pytest.param(datetime(2026, 3, 28, 9, tzinfo=UTC), WARSAW, 49, id="warsaw-spring"),
    pytest.param(datetime(2026, 10, 24, 9, tzinfo=UTC), WARSAW, 47, id="warsaw-autumn"),
    pytest.param(datetime(2026, 3, 7, 9, tzinfo=UTC), NEW_YORK, 49, id="new-york-spring"),
    pytest.param(datetime(2026, 10, 31, 9, tzinfo=UTC), NEW_YORK, 47, id="new-york-autumn"),
]
_DATE = re.compile(r"<!date\^(\d+)\^\{date_short_pretty\} \{time\}\|([^>|]+)>")


def as_read(text: str, zone: str) -> list[datetime]:
    """Return the times in a text as Slack shows them to somebody in this zone."""
    assert "T" not in "".join(re.findall(r"\d{4}-\d\d-\d\d.\d\d:\d\d", text)), "a naked time"
    return [datetime.fromtimestamp(int(one[1]), ZoneInfo(zone)) for one in _DATE.finditer(text)]


@pytest.mark.parametrize(("start", "zone", "by_the_wall"), CHANGES)
def test_across_a_clock_change_the_window_stays_48_elapsed_hours(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, start: datetime, zone: str, by_the_wall: int
) -> None:
    monkeypatch.setattr(samples, "START", start)
    begun(rig)
    end, seen = deadline(rig), rig.run.removed_at
    assert seen is not None
    assert end - seen == timedelta(hours=48)
    local_end, local_seen = (at.astimezone(ZoneInfo(zone)) for at in (end, seen))
    wall = local_end.replace(tzinfo=None) - local_seen.replace(tzinfo=None)
    assert wall == timedelta(hours=by_the_wall)
    for lead in LEADS:
        rig.advance(until_due(rig, lead))
    shown = come(rig, CHANNEL)
    assert [round(left(rig, one.at)) for one in shown] == list(LEADS)
    # What people in that zone read: in the bot's own, in the card's question, in Slack's.
    for one in rig.slack.shown:
        if ":reminder:" in one.key:
            assert as_read(str(one.blocks), zone)[0] == local_end.replace(second=0, microsecond=0)
    asked = rig.slack.one(f"R1:prompt:{rig.run.prompt_version}")
    assert local_end in as_read(str(asked.blocks), zone)


@pytest.mark.parametrize(("start", "zone", "by_the_wall"), CHANGES)
def test_what_slack_sends_across_a_clock_change_says_the_same(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, start: datetime, zone: str, by_the_wall: int
) -> None:
    monkeypatch.setattr(samples, "START", start)
    begun(rig)
    sleep(rig, until_due(rig, 900, late=130))
    shown = [one for one in rig.slack.shown if one.scheduled and one.channel == CHANNEL]
    posted = [round(left(rig, float(one.ts)), -1) for one in shown]
    assert posted == [lead - 120 for lead in LEADS]
    for one in shown:
        (said,) = as_read(one.text, zone)
        assert said == deadline(rig)
        assert said.utcoffset() == deadline(rig).astimezone(ZoneInfo(zone)).utcoffset()
        assert "UTC>" in one.text, "the fallback names its zone"


def test_the_timers_are_moments_and_no_times_of_day(rig: Rig) -> None:
    begun(rig)
    assert all(timer.due.tzinfo is not None for timer in timers(rig.run))
    assert due(rig, HOUR) in [timer.due for timer in timers(rig.run)]
