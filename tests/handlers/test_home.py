"""The App Home."""

from __future__ import annotations

import pytest

from handlers.actions import Act, Modal
from handlers.views.buttons import ACT_OF
from tests.handlers import payloads
from tests.handlers.desk import Desk, words_of
from tests.handlers.engine import LINK, STRANGER
from tests.handlers.runs import ADMIN, APPROVERS, Story, inventory, owners, tell
from workflows.prompts import Ask


def home(desk: Desk, user: str) -> str:
    desk.deliver("event", "app_home_opened", payloads.home_opened(user))
    return words_of(desk.home["blocks"])


def test_an_administrator_can_start_from_the_home() -> None:
    desk = Desk()
    assert "No run is active." in home(desk, ADMIN)
    answer = desk.press(ADMIN, Act.OPEN_START, "new.0", desk.home)
    assert answer.view["callback_id"] == Modal.START


def test_an_approver_and_a_stranger_cannot() -> None:
    desk = Desk()
    home(desk, APPROVERS[0])
    assert Act.OPEN_START not in str(desk.home)
    assert "<@U0ADMIN>" in home(desk, STRANGER)
    assert Act.OPEN_START not in str(desk.home)


def test_a_stranger_sees_nothing_of_the_run() -> None:
    assert "run-1" not in home(Desk(tell(Ask.APPROVE_PLAN)), STRANGER)


@pytest.mark.parametrize("ask", [ask for ask in Ask if ask is not Ask.OVER])
def test_the_active_run_is_shown_with_its_checklist_and_link(ask: Ask) -> None:
    desk = Desk(tell(ask))
    said = home(desk, ADMIN)
    assert all(step in said for step in ("P0a", "P1e", "P2e", "P3f", "P4"))
    assert LINK in str(desk.home)


def test_what_waits_for_me_is_said() -> None:
    desk = Desk(tell(Ask.APPROVE_PLAN))
    assert "waits for you" in home(desk, APPROVERS[0])
    assert "Nothing waits for you" in home(desk, ADMIN)
    assert desk.press(ADMIN, Act.OPEN_PLAN, str(desk.ref), desk.home).view["callback_id"] == "plan"


def test_the_next_step_that_opens_a_window_is_there_for_administrators_only() -> None:
    desk = Desk(tell(Ask.MAP_OWNERS))
    home(desk, ADMIN)
    assert Act.OPEN_MAPPING in str(desk.home)
    assert Act.CONFIRM_MAPPING not in str(desk.home)
    shown = desk.press(ADMIN, Act.OPEN_MAPPING, str(desk.ref), desk.home)
    assert shown.view["callback_id"] == Modal.MAPPING
    home(desk, APPROVERS[0])
    assert Act.OPEN_MAPPING not in str(desk.home)
    assert Act.OPEN_CANCEL not in str(desk.home)


def test_an_approver_reads_first_and_approves_in_the_thread() -> None:
    desk = Desk(tell(Ask.APPROVE_REMOVAL))
    said = home(desk, APPROVERS[0])
    assert "approve or decline in the thread" in said
    assert Act.OPEN_INVENTORY in str(desk.home)
    assert "'approve'" not in str(desk.home)


def test_a_button_of_an_old_home_is_refused() -> None:
    desk = Desk(tell(Ask.MAP_OWNERS))
    home(desk, ADMIN)
    answer = desk.press(ADMIN, Act.OPEN_MAPPING, "run-1.1", desk.home)
    assert "no longer open" in answer.text


def test_how_far_it_is_and_until_when() -> None:
    said = home(Desk(tell(Ask.DOWNLOAD_COPY)), ADMIN)
    assert "8 of 9 steps" in said
    assert "can be downloaded until" in said


def test_the_runs_before_are_listed() -> None:
    desk = Desk(tell(Ask.OVER))
    said = home(desk, APPROVERS[0])
    assert "Runs before" in said
    assert "run-1" in said
    assert "completed" in said
    assert f"<{LINK}|thread>" in said


def test_a_large_company_fits() -> None:
    desk = Desk(tell(Ask.MAP_OWNERS, Story(owned=owners(300), package=inventory(3000, 300))))
    assert "waits for you" in home(desk, ADMIN)


def test_the_messages_tab_publishes_nothing() -> None:
    desk = Desk()
    answer = desk.deliver("event", "app_home_opened", payloads.home_opened(ADMIN, "messages"))
    assert answer.steps == []


def test_the_acts_of_prompts_are_known() -> None:
    assert set(ACT_OF.values()) <= set(Act)
