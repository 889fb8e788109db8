"""The data copy's 48 hours: deadline, reminders, and every timer (P4)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.workflows import journeys
from tests.workflows.driver import Conversation, kinds
from tests.workflows.laid import laid, wanted
from tests.workflows.people import ANNA, BELA, CARL, EMIL
from workflows import commands as c
from workflows import events as e
from workflows.checklist import Mark, checklist
from workflows.effects import recipients
from workflows.prompts import Ask, time_left
from workflows.states import State
from workflows.timers import reminders, timers
from workflows.values import Policy

HOUR = 3600
REMINDERS = (24 * HOUR, 12 * HOUR, 4 * HOUR, HOUR, 900)


def before_the_end(talk: Conversation, **time: float) -> None:
    """Move the clock to that long before the deadline."""
    assert talk.run.deadline is not None
    talk.now = talk.run.deadline - timedelta(**time)


def at_the_end(talk: Conversation) -> None:
    """Move the clock to when the copy is surely gone."""
    [end] = [timer.due for timer in timers(talk.run) if timer.kind == "window_end"]
    talk.now = end


class TestTheDeadline:
    def test_counts_from_the_last_reading_that_saw_the_package(self) -> None:
        talk = journeys.to_uninstall_reported()
        talk.wait(minutes=9)
        talk.bot.finds_the_package_gone(last_seen=timedelta(minutes=5))
        assert talk.run.deadline == talk.now - timedelta(minutes=5) + timedelta(hours=48)
        assert talk.run.removed_at == talk.now - timedelta(minutes=5)

    def test_is_the_one_of_the_policy(self) -> None:
        talk = journeys.to_window(Policy(window=HOUR))
        assert talk.run.removed_at is not None
        assert talk.run.deadline == talk.run.removed_at + timedelta(hours=1)

    def test_is_shown(self) -> None:
        talk = journeys.to_window()
        before_the_end(talk, hours=30)
        assert time_left(talk.run, talk.now) == timedelta(hours=30)
        assert talk.asks(Ask.DOWNLOAD_COPY)
        assert talk.asked.due == talk.run.deadline
        assert time_left(journeys.to_removing().run, talk.now) is None


class TestReminders:
    def test_are_set_before_the_deadline(self) -> None:
        talk = journeys.to_window()
        assert talk.run.deadline is not None
        assert [(timer.kind, talk.run.deadline - timer.due) for timer in timers(talk.run)] == [
            *((f"reminder:{before}", timedelta(seconds=before)) for before in REMINDERS),
            ("window_end", timedelta(minutes=-1)),
        ]

    def test_come_one_by_one(self) -> None:
        talk = journeys.to_window()
        for before in REMINDERS:
            before_the_end(talk, seconds=before)
            [reminder] = talk.bot.fires()
            assert isinstance(reminder, e.ReminderDue)
            assert (reminder.before, reminder.due) == (before, talk.now)
            assert talk.bot.due() == ()
        assert [timer.kind for timer in timers(talk.run)] == ["window_end"]

    def test_missed_ones_become_one_notice(self) -> None:
        talk = journeys.to_window()
        before_the_end(talk, hours=3, minutes=30)
        [missed] = talk.bot.fires()
        assert isinstance(missed, e.RemindersMissed)
        assert missed.missed == (24 * HOUR, 12 * HOUR, 4 * HOUR)

    def test_the_one_that_is_just_due_still_comes(self) -> None:
        talk = journeys.to_window()
        before_the_end(talk, hours=3, minutes=57)
        assert kinds(talk.bot.fires()) == ["RemindersMissed", "ReminderDue"]
        assert talk.run.reminders_done == {24 * HOUR, 12 * HOUR, 4 * HOUR}

    def test_one_that_fires_twice_comes_once(self) -> None:
        talk = journeys.to_window()
        before_the_end(talk, hours=24)
        due = talk.bot.due()
        talk.bot.fires(*due)
        assert talk.bot.fires(*due) == []

    def test_one_that_is_named_twice_comes_once(self) -> None:
        talk = journeys.to_window()
        before_the_end(talk, hours=24)
        due = talk.bot.due()
        assert kinds(talk.bot.fires(*due, *due)) == ["ReminderDue"]

    def test_one_that_is_not_due_does_not_come(self) -> None:
        talk = journeys.to_window()
        early = tuple(c.DueTimer(kind=t.kind, due=t.due) for t in timers(talk.run))
        assert talk.bot.fires(*early) == []
        assert talk.at(State.DATA_COPY_WINDOW)

    def test_none_comes_while_frozen_and_none_is_lost(self) -> None:
        talk = journeys.to_window()
        talk.bela.freezes()
        before_the_end(talk, hours=24)
        assert talk.bot.fires() == []
        talk.wait(minutes=30)
        talk.carl.unfreezes()
        [missed] = talk.bot.fires()
        assert isinstance(missed, e.RemindersMissed)
        assert missed.missed == (24 * HOUR,)

    def test_the_window_ends_while_frozen_all_the_same(self) -> None:
        talk = journeys.to_window()
        talk.bela.freezes()
        at_the_end(talk)
        assert kinds(talk.bot.fires()) == ["RemindersMissed", "WindowEnded", "RunCompleted"]
        assert talk.run.reminders_done == set(REMINDERS)

    def test_none_lies_before_the_removal(self) -> None:
        talk = journeys.to_window(Policy(window=12 * HOUR))
        assert reminders(talk.run) == [4 * HOUR, HOUR, 900]

    def test_a_repeated_setting_counts_once(self) -> None:
        talk = journeys.to_window(Policy(reminders=(HOUR, HOUR)))
        assert [timer.kind for timer in timers(talk.run)] == ["reminder:3600", "window_end"]

    def test_go_to_the_channel_and_the_responsible_later_to_the_approvers_too(self) -> None:
        talk = journeys.to_window()
        assert recipients(talk.run, 12 * HOUR) == ["channel", ANNA]
        assert recipients(talk.run, 4 * HOUR) == ["channel", ANNA, CARL, "UD", EMIL]


class TestRemindersLaidInSlack:
    def test_all_are_laid_when_the_window_begins(self) -> None:
        talk = journeys.to_window()
        assert laid(talk) == wanted(talk)
        assert laid(talk)

    def test_each_is_settled_when_it_comes(self) -> None:
        talk = journeys.to_window()
        before_the_end(talk, hours=24)
        talk.bot.fires()
        assert laid(talk) == wanted(talk)
        before_the_end(talk, hours=2)
        talk.bot.fires()
        assert laid(talk) == wanted(talk)

    def test_those_that_are_left_are_lifted_after_the_download(self) -> None:
        talk = journeys.to_window()
        before_the_end(talk, hours=24)
        talk.bot.fires()
        talk.anna.downloaded()
        assert laid(talk) == set()

    def test_those_that_are_left_are_lifted_after_a_cancel(self) -> None:
        talk = journeys.to_window()
        talk.anna.cancels()
        assert laid(talk) == set()

    @pytest.mark.parametrize("to", [BELA, EMIL])
    def test_those_of_the_responsible_go_over_with_the_run(self, to: str) -> None:
        talk = journeys.to_window()
        talk.anna.hands_over_to(to)
        assert laid(talk) == wanted(talk)
        talk.person(to).downloaded()
        assert laid(talk) == set()


class TestTheEnd:
    def test_downloaded_early(self) -> None:
        talk = journeys.to_window()
        talk.wait(minutes=1)
        assert talk.anna.downloaded(" the vault ") == [
            e.DownloadConfirmed(where="the vault"),
            e.RunCompleted(),
        ]
        assert (talk.run.downloaded, talk.run.copy_location) == (True, "the vault")
        assert timers(talk.run) == []

    def test_ended_without_a_download(self) -> None:
        talk = journeys.to_window()
        for before in REMINDERS:
            before_the_end(talk, seconds=before)
            talk.bot.fires()
        at_the_end(talk)
        assert kinds(talk.bot.fires()) == ["WindowEnded", "RunCompleted"]
        assert talk.at(State.COMPLETED)
        assert talk.run.downloaded is False
        assert "copy_gone" in talk.run.irreversible
        assert talk.proof("download") == "missed"
        assert {step.name: step.mark for step in checklist(talk.run)}["download"] is Mark.MISSED

    def test_a_sleep_through_everything_is_told_in_one_notice(self) -> None:
        talk = journeys.to_window()
        before_the_end(talk, hours=-10)
        happened = talk.bot.fires()
        assert kinds(happened) == ["RemindersMissed", "WindowEnded", "RunCompleted"]
        assert talk.run.reminders_done == set(REMINDERS)
        assert laid(talk) == set()

    def test_no_reminder_is_lost_when_the_end_fires_alone(self) -> None:
        talk = journeys.to_window()
        at_the_end(talk)
        end = [timer for timer in talk.bot.due() if timer.kind == "window_end"]
        talk.bot.fires(*end)
        assert talk.at(State.COMPLETED)
        assert talk.run.reminders_done == set(REMINDERS)

    def test_somebody_else_is_asked_for(self) -> None:
        talk = journeys.to_window()
        assert kinds(talk.anna.asks_who_else_can()) == ["HelpRequested"]
        assert talk.effects[-2].kind == "notice"
        talk.bela.downloaded()
        assert talk.at(State.COMPLETED)


class TestApprovalsLapse:
    def test_at_the_time_that_the_prompt_names(self) -> None:
        talk = journeys.to_approval()
        notice, timer = timers(talk.run)
        assert timer.kind == "approvals_lapse"
        assert notice.due == timer.due - timedelta(hours=6)
        assert timer.due == talk.now + timedelta(hours=24)
        assert talk.asked.due == timer.due

    def test_not_because_of_an_earlier_question(self) -> None:
        """A timer of the first plan that fires late must not end the approval of the second."""
        talk = journeys.to_approval()
        old = timers(talk.run)[-1]
        talk.wait(hours=23)
        talk.anna.asks_for_a_new_plan()
        talk.wait(minutes=30)
        talk.bot.plans()
        talk.carl.approves()
        talk.wait(hours=1)
        assert talk.bot.fires(c.DueTimer(kind=old.kind, due=old.due)) == []
        assert talk.at(State.AWAITING_APPROVAL)
        assert CARL in talk.run.votes

    def test_not_too_early(self) -> None:
        talk = journeys.to_approval()
        timer = timers(talk.run)[-1]
        talk.wait(hours=1)
        assert talk.bot.fires(c.DueTimer(kind=timer.kind, due=timer.due)) == []

    def test_not_after_the_gate(self) -> None:
        talk = journeys.to_approval()
        due = tuple(c.DueTimer(kind=timer.kind, due=timer.due) for timer in timers(talk.run))
        talk.carl.approves()
        talk.dora.approves()
        talk.wait(hours=30)
        assert talk.bot.fires(*due) == []
        assert timers(talk.run) == []
