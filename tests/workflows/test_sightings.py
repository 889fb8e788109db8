"""When the package was seen last, when it was missed first, and what follows for the window."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workflows import journeys, samples
from tests.workflows.driver import Conversation, kinds
from tests.workflows.laid import laid, wanted
from workflows.prompts import time_left
from workflows.states import State
from workflows.timers import reminders, timers
from workflows.values import Inventory, Policy

HOUR, DAY = 3600, 24 * 3600
WINDOW = timedelta(hours=48)
LARGER = samples.inventory("Hub", "Sync", "Added")


def end_of(talk: Conversation) -> datetime:
    """Return when the run stops waiting for the download."""
    [end] = [timer.due for timer in timers(talk.run) if timer.kind == "window_end"]
    return end


class TestTheLastSighting:
    def test_is_the_plans_at_first(self) -> None:
        talk = journeys.to_approval()
        assert talk.run.plan is not None
        assert talk.run.last_seen_at == talk.run.plan.taken_at
        assert journeys.to_approval(installed=False).run.last_seen_at is None

    @pytest.mark.parametrize("installed", [True, False])
    def test_outlives_the_plan(self, installed: bool) -> None:
        """A plan that does not see it does not unsee it."""
        talk = journeys.to_approval()
        seen = talk.now
        talk.wait(hours=1)
        talk.anna.asks_for_a_new_plan()
        assert talk.run.last_seen_at == seen
        talk.bot.plans(installed=installed)
        assert talk.run.last_seen_at == (talk.now if installed else seen)

    def test_is_every_list_that_is_recorded(self) -> None:
        talk = journeys.to_data_copy_choice()
        assert talk.run.last_seen_at == talk.now
        talk.wait(hours=1)
        talk.bot.reads_the_package(ago=timedelta(minutes=5))
        assert talk.run.last_seen_at == talk.now - timedelta(minutes=5)

    @pytest.mark.parametrize("found", [samples.inventory(), LARGER])
    @pytest.mark.parametrize("begin", [journeys.to_removal_approval_without_copy, None])
    def test_is_that_of_the_comparison(
        self, found: Inventory, begin: journeys.Journey | None
    ) -> None:
        talk = journeys.approved((begin or journeys.to_removal_approval)())
        talk.wait(hours=1)
        talk.bot.reads_the_package(found, ago=timedelta(minutes=5))
        assert talk.run.last_seen_at == talk.now - timedelta(minutes=5)

    def test_is_the_last_one_also_where_the_clock_was_set_back(self) -> None:
        talk = journeys.to_data_copy_choice()
        talk.bot.reads_the_package(LARGER, ago=timedelta(hours=1))
        assert talk.run.last_seen_at == talk.now - timedelta(hours=1)

    def test_of_a_clock_that_was_ahead_does_not_count(self) -> None:
        talk = journeys.to_data_copy_choice()
        talk.now -= timedelta(hours=3)
        talk.bot.finds_no_package(last_seen=timedelta(minutes=10))
        assert talk.run.deadline == talk.now - timedelta(minutes=10) + WINDOW

    def test_of_the_bot_counts_where_it_is_later(self) -> None:
        talk = journeys.to_data_copy_choice()
        talk.wait(hours=20)
        talk.bot.finds_no_package(last_seen=timedelta(minutes=10))
        assert talk.run.removed_at == talk.now - timedelta(minutes=10)
        assert talk.run.deadline == talk.now - timedelta(minutes=10) + WINDOW

    def test_of_the_bot_does_not_count_where_the_run_knows_better(self) -> None:
        talk = journeys.to_data_copy_choice()
        seen = talk.now
        talk.wait(hours=1)
        talk.bot.finds_no_package(last_seen=timedelta(hours=5))
        assert talk.run.removed_at == seen

    def test_of_the_bot_alone_is_one(self) -> None:
        """The plan saw none, somebody installed it since, and it is gone again."""
        talk = journeys.to_package_unseen()
        talk.wait(hours=1)
        assert kinds(talk.bot.finds_no_package(last_seen=timedelta(minutes=9))) == [
            "PackageRemoved"
        ]
        assert talk.run.deadline == talk.now - timedelta(minutes=9) + WINDOW


class TestTheWindow:
    def gone(self, unseen: timedelta, policy: Policy | None = None) -> Conversation:
        """Let the package be missed that long after it was seen."""
        talk = journeys.to_data_copy_choice(policy)
        talk.now += unseen
        talk.bot.finds_no_package()
        return talk

    @given(unseen=st.integers(0, 100 * HOUR), window=st.integers(60, 60 * HOUR))
    def test_is_right_whenever_the_package_went(self, unseen: int, window: int) -> None:
        talk = self.gone(timedelta(seconds=unseen), Policy(window=window))
        run = talk.run
        assert run.removed_at is not None
        assert run.deadline == run.removed_at + timedelta(seconds=window)
        assert run.missing_at == talk.now == run.removed_at + timedelta(seconds=unseen)
        assert end_of(talk) == run.missing_at + timedelta(seconds=window)
        assert end_of(talk) >= run.deadline
        named = {run.deadline - timedelta(seconds=before) for before in reminders(run)}
        assert all(run.missing_at < due < run.deadline for due in named)
        assert laid(talk) == wanted(talk)

    def test_names_the_time_that_is_sure(self) -> None:
        """It may end later, but nobody can rely on that."""
        talk = self.gone(timedelta(hours=20))
        assert time_left(talk.run, talk.now) == timedelta(hours=28)
        assert talk.asked.due == talk.run.deadline
        assert end_of(talk) == talk.now + WINDOW

    def test_reminds_of_what_is_still_ahead(self) -> None:
        talk = self.gone(timedelta(hours=40))
        assert reminders(talk.run) == [4 * HOUR, HOUR, 900]
        assert talk.bot.fires() == []

    def test_takes_a_late_download_until_it_is_surely_over(self) -> None:
        talk = self.gone(timedelta(hours=10))
        assert talk.run.deadline is not None
        talk.now = talk.run.deadline + timedelta(hours=9)
        assert kinds(talk.bot.fires()) == ["RemindersMissed"]
        assert talk.at(State.DATA_COPY_WINDOW)
        assert kinds(talk.anna.downloaded()) == ["DownloadConfirmed", "RunCompleted"]

    def test_that_may_be_over_already_is_waited_for_all_the_same(self) -> None:
        """The package may have gone a minute ago; its copy is there for two days then."""
        talk = self.gone(timedelta(hours=60))
        assert talk.run.deadline is not None
        assert talk.run.deadline < talk.now
        assert [timer.kind for timer in timers(talk.run)] == ["window_end"]
        assert talk.bot.fires() == []
        assert laid(talk) == set()
        talk.wait(hours=48)
        assert kinds(talk.bot.fires()) == ["WindowEnded", "RunCompleted"]
        assert talk.run.downloaded is False

    def test_has_no_reminder_on_time_when_the_time_is_over(self) -> None:
        """It may still be there, but whoever is told to hurry then is told wrongly."""
        talk = self.gone(timedelta(minutes=30), Policy(reminders=(60,)))
        assert talk.run.deadline is not None
        talk.now = talk.run.deadline + timedelta(seconds=90)
        assert kinds(talk.bot.fires()) == ["RemindersMissed"]

    def test_does_not_end_with_the_deadline(self) -> None:
        talk = self.gone(timedelta(minutes=30))
        assert talk.run.deadline is not None
        talk.now = talk.run.deadline
        talk.bot.fires()
        assert talk.at(State.DATA_COPY_WINDOW)
        talk.wait(minutes=30)
        assert kinds(talk.bot.fires()) == ["WindowEnded", "RunCompleted"]

    def test_is_none_without_a_copy(self) -> None:
        talk = journeys.to_removing_by_bot()
        talk.wait(minutes=2)
        talk.bot.finds_the_package_gone()
        assert talk.run.deadline is None
        assert talk.run.removed_at == talk.now - timedelta(minutes=1)
        assert talk.run.missing_at == talk.now
        assert timers(talk.run) == []


class TestTheWatch:
    """Somebody else may remove the package at any time, once it was listed."""

    @pytest.mark.parametrize(
        "moment", ["choosing_data_copy", "backing_up", "no_copy_proposed", "reconfirmation"]
    )
    def test_is_asked_for_from_the_list_on(self, moment: str) -> None:
        assert "watch_package" not in journeys.to_inventory_pending().work_since(0)
        assert "watch_package" in journeys.MOMENTS[moment]().work_since(0)

    @pytest.mark.parametrize("moment", ["choosing_data_copy", "awaiting_removal_approval"])
    def test_is_asked_for_again_with_a_check(self, moment: str) -> None:
        talk = journeys.MOMENTS[moment]()
        seen = len(talk.effects)
        talk.anna.asks_to_check()
        assert talk.work_since(seen) == ["take_inventory", "watch_package"]
