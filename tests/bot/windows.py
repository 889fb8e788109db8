"""What tests of the 48 hours look for: which reminders came, where, when, and from whom."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.errors import StoreError
from tests.bot.fakes import Shown
from tests.bot.rig import CHANNEL, Rig

HOUR = 3_600
LEADS = (24 * HOUR, 12 * HOUR, 4 * HOUR, HOUR, 900)
GRACE = timedelta(minutes=2)
EARLY, ALL = (CHANNEL, "DUA"), (CHANNEL, "DUA", "DUC", "DUD", "DUE")
"""Where reminders go; to the approvers from four hours on."""
_MARK = re.compile(r"`R1/PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?`")


@dataclass(frozen=True)
class Come:
    """A reminder that came: which, where, when (epoch seconds), and whether from Slack."""

    lead: int
    place: str
    at: float
    by_slack: bool


def come(rig: Rig, *places: str) -> list[Come]:
    """Return the reminders that came, in these places or anywhere, in their order."""
    found = [
        Come(lead, one.channel, float(one.ts), one.scheduled)
        for one in rig.slack.shown
        if (lead := lead_of(one)) is not None
    ]
    return [one for one in found if not places or one.place in places]


def lead_of(shown: Shown) -> int | None:
    """Return which reminder a message is; None for others."""
    if shown.scheduled:
        mark = _MARK.search(shown.text)
        assert mark is not None, shown.text
        hours, minutes, seconds = (int(part or 0) for part in mark.groups())
        return hours * HOUR + minutes * 60 + seconds
    own = re.fullmatch(r"R1:reminder:(\d+):.*", shown.key)
    return int(own[1]) if own else None


def leads(rig: Rig, place: str) -> list[int]:
    """Return which reminders came to a place, in their order."""
    return [one.lead for one in come(rig, place)]


def counts(rig: Rig, *channels: str) -> dict[str, int]:
    return {channel: len(leads(rig, channel)) for channel in channels}


def missed(rig: Rig) -> dict[str, list[int]]:
    """Return which reminders each place was told to be missed, one list entry for each time."""
    told: dict[str, list[int]] = {}
    for one in rig.slack.shown:
        if one.key.startswith("R1:missed:"):
            told.setdefault(one.channel, []).extend(map(int, one.payload["leads"].split(",")))
    return told


def notices(rig: Rig, *channels: str) -> list[Shown]:
    """Return the notices of missed reminders, in these channels or anywhere."""
    told = [one for one in rig.slack.shown if ":missed:" in one.key]
    return [one for one in told if not channels or one.channel in channels]


def places(before: int) -> tuple[str, ...]:
    return ALL if before <= 4 * HOUR else EARLY


def deadline(rig: Rig) -> datetime:
    found = rig.run.deadline
    assert found is not None
    return found


def due(rig: Rig, before: int) -> datetime:
    return deadline(rig) - timedelta(seconds=before)


def until_due(rig: Rig, before: int, late: float = 0.0) -> timedelta:
    """Return how long it is until a reminder's time, and a little longer."""
    return due(rig, before) + timedelta(seconds=late) - rig.clock.now()


def sleep(rig: Rig, length: timedelta) -> None:
    """Let the bot be down while time passes, and Slack post what is due meanwhile."""
    rig.stop()
    end = rig.clock.now() + length
    while rig.clock.now() < end:
        rig.move(min(timedelta(seconds=10), end - rig.clock.now()))


def watch(rig: Rig, seconds: float, step: float = 1.0) -> None:
    """Let time pass, and the bot look at it again and again as it does, until it is killed."""
    passed = 0.0
    with suppress(StoreError):
        while passed < seconds and not rig.death.happened:
            rig.advance(timedelta(seconds=step))
            passed += step
