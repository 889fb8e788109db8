"""App Homes that keep up with the run: for whoever opened one, and only when they differ."""

from __future__ import annotations

import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from slack_sdk.models.blocks import DividerBlock
from slack_sdk.models.views import View

from bot.homes import Homes
from bot.program import policy
from handlers import home
from handlers.ports import Services
from tests.bot.rig import AUDIT, CHANNEL, Rig
from tests.handlers.desk import plain, words_of
from tests.workflows import journeys, samples
from workflows import commands as c


class Hall:
    """The homes of a running bot."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.homes = Homes(rig.path, rig.slack, settle=0.01, apart=0.0)
        rig.people.refresh()
        self.services = Services(
            engine=rig.engine,
            people=rig.people,
            owners=rig.context.owners,
            clock=rig.clock,
            account=samples.ACCOUNT,
            policy=policy(rig.settings),
            channel=CHANNEL,
            channel_locale="en",
            audit_channel=AUDIT,
            homes=self.homes,
        )
        rig.engine.on_commit(self.homes.changed)
        self.homes.start(self.services)

    def opens(self, user: str) -> None:
        view = home.of(self.services, user, home.scene(self.services))
        self.homes.opened(user, view)

    def shown(self, user: str) -> list[View]:
        return list(self.rig.slack.homes.get(user, []))

    def last(self, user: str) -> str:
        view = cast(dict[str, object], plain(self.shown(user)[-1]))
        return words_of(view["blocks"])

    def until(self, reached: Callable[[], object]) -> None:
        end = time.monotonic() + 10
        while not reached():
            assert time.monotonic() < end
            time.sleep(0.01)

    def settle(self) -> None:
        """Wait until nothing more is published."""
        before = -1
        while before != (before := sum(map(len, self.rig.slack.homes.values()))):
            time.sleep(0.15)


@pytest.fixture
def hall(rig: Rig) -> Iterator[Hall]:
    rig.adopt(journeys.to_cleanup())
    made = Hall(rig)
    yield made
    made.homes.stop()


def test_whoever_opened_it_sees_every_step(hall: Hall) -> None:
    hall.opens("UA")
    hall.opens("UC")
    hall.rig.does("UA", c.Freeze(reason="wait"))
    hall.until(lambda: hall.shown("UA") and hall.shown("UC"))
    assert "frozen" in hall.last("UA")
    hall.rig.does("UC", c.Unfreeze())
    hall.until(lambda: len(hall.shown("UA")) > 1)
    assert "This waits for you" in hall.last("UA")
    assert "waits for <@UA>" in hall.last("UC")
    assert hall.shown("UB") == []


def test_what_looks_the_same_is_not_published_again(hall: Hall) -> None:
    hall.opens("UA")
    for _ in range(5):
        hall.homes.changed()
        time.sleep(0.03)
    hall.settle()
    assert hall.shown("UA") == []


def test_many_changes_at_once_are_shown_together(hall: Hall) -> None:
    hall.opens("UA")
    for _ in range(10):
        hall.rig.does("UA", c.Freeze(reason="wait"))
        hall.rig.does("UC", c.Unfreeze())
    hall.rig.does("UA", c.Freeze(reason="wait"))
    hall.until(lambda: hall.shown("UA"))
    hall.settle()
    assert len(hall.shown("UA")) < 21
    assert "frozen" in hall.last("UA")


def test_a_restart_forgets_nobody(hall: Hall) -> None:
    hall.opens("UA")
    hall.homes.stop()
    hall.rig.restart()
    again = Hall(hall.rig)
    again.until(lambda: again.shown("UA"))
    again.homes.stop()
    assert "This waits for you" in again.last("UA")


def test_somebody_who_loses_their_role_sees_nothing_of_the_run_any_more(hall: Hall) -> None:
    hall.opens("UC")
    hall.rig.slack.marks["UC"] = {"active": False}
    hall.rig.people._profiles.clear()
    hall.rig.people.refresh()
    hall.homes.changed()
    hall.until(lambda: hall.shown("UC"))
    assert "administrators and approvers only" in hall.last("UC")
    assert hall.rig.run_id not in hall.last("UC")


@pytest.mark.parametrize("applied", [False, True])
def test_slack_says_to_wait_or_its_answer_is_lost(hall: Hall, applied: bool) -> None:
    hall.opens("UA")
    hall.rig.slack.fail("publish_home", times=2, applied=applied, retry_after=0.02)
    hall.rig.does("UA", c.Freeze(reason="wait"))
    hall.until(lambda: hall.rig.slack.count("publish_home") >= 3)
    assert "frozen" in hall.last("UA")


def test_somebody_who_is_gone_holds_nobody_up(hall: Hall) -> None:
    hall.opens("UA")
    hall.opens("UC")
    hall.rig.slack.fail("publish_home", code="slack_user_not_found", retryable=False)
    hall.rig.does("UA", c.Freeze(reason="wait"))
    hall.until(lambda: hall.shown("UA") or hall.shown("UC"))
    assert len(hall.homes.people()) == 1


def test_who_opened_it_lies_beside_the_database_for_the_bot_alone(hall: Hall) -> None:
    hall.opens("UA")
    hall.homes.opened("../../etc", View(type="home", blocks=[DividerBlock()]))
    place = hall.rig.path.with_name("sunset.db.homes")
    assert [path.name for path in place.iterdir()] == ["UA"]
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert stat.S_IMODE((place / "UA").stat().st_mode) == 0o600


def test_a_disk_that_takes_nothing_only_forgets(rig: Rig, tmp_path: Path) -> None:
    rig.path.with_name("sunset.db.homes").write_text("in the way")
    homes = Homes(rig.path, rig.slack)
    homes.opened("UA", View(type="home", blocks=[DividerBlock()]))
    assert homes.people() == []


def test_nothing_is_published_before_somebody_opens_theirs(hall: Hall) -> None:
    hall.rig.does("UA", c.Freeze(reason="wait"))
    hall.settle()
    assert hall.rig.slack.homes == {}
    assert replace(hall.services, homes=None).homes is None
