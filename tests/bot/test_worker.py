"""The worker: what an effect's end means, retries and incidents."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.store.base import PostedMessage, ScheduledMessage
from bot.worker import GIVE_UP_AFTER, TELL_AFTER, Again, Done
from tests.bot.faults import vendor_error
from tests.bot.workshop import Answer, Workshop, opened
from tests.workflows import samples
from tests.workflows.people import ROLES
from workflows import commands as c
from workflows import events as e
from workflows.effects import Lane
from workflows.errors import SunsetError
from workflows.text import N_
from workflows.values import Actor


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Workshop]:
    made = opened(tmp_path / "sunset.db")
    yield made
    made.close()


# --- ends ----------------------------------------------------------------------------------------


def test_what_was_done_is_recorded_with_its_end(shop: Workshop) -> None:
    card = PostedMessage("card", "C1", "1.1", "d")
    lying = ScheduledMessage("900:UA", "C1", "Q1", 1)
    shop.answers.append(
        Done(
            commands=(c.RecordPlan(plan=samples.plan(samples.START)),),
            messages=(card,),
            scheduled=(lying,),
        )
    )
    shop.queue("take_plan")
    shop.ends("take_plan")
    assert isinstance(shop.events()[-1], e.PlanRecorded)
    assert shop.store.message("R1", "card") == card
    assert shop.store.scheduled("R1", "900:UA") == lying
    shop.answers.append(Done(unscheduled=("900:UA",)))
    shop.queue("count_owners")
    shop.ends("count_owners")
    assert shop.store.scheduled("R1", "900:UA") is None


def test_again_gives_the_memo_back_later(shop: Workshop) -> None:
    shop.answers += [Again(60.0, {"seen": "1"}), Done()]
    shop.queue("take_plan")
    shop.attempts(1)
    assert 55 < shop.effect("take_plan")["due"] - shop.wall() <= 60
    shop.hurry("take_plan")
    shop.ends("take_plan")
    second = shop.did[1][0]
    assert (second.memo, second.attempts, second.lease) == ({"seen": "1"}, 0, 1)


def test_commands_of_again_are_recorded_now(shop: Workshop) -> None:
    blocked = c.RecordBlocked(code="x", problem=N_("It is so."), remedy=N_("Mend it."))
    shop.answers.append(Again(60.0, {}, (blocked,)))
    shop.queue("take_plan")
    shop.attempts(1)
    assert [block.code for block in shop.blocks()] == ["x"]
    assert shop.effect("take_plan")["state"] == "pending"


def test_a_result_that_no_longer_matters_is_dropped(shop: Workshop) -> None:
    shop.answers.append(
        Done(commands=(c.RecordUndone(job=3, restored=0, left_alone=0, still_changed=0),))
    )
    shop.queue("take_plan")
    shop.ends("take_plan")
    assert len(shop.events()) == 1


def test_a_result_for_a_run_that_is_over_is_dropped(shop: Workshop) -> None:
    def cancelled() -> Answer:
        actor = Actor(kind="person", id="UA")
        cancel = c.Command(actor=actor, roles=ROLES["UA"], action=c.Cancel())
        shop.engine.execute("R1", cancel, "click:cancel")
        return Done(commands=(c.RecordPlan(plan=samples.plan(samples.START)),))

    shop.answers.append(cancelled)
    shop.queue("take_plan")
    shop.ends("take_plan")
    assert isinstance(shop.events()[-1], e.Cancelled)


# --- errors --------------------------------------------------------------------------------------


def test_a_passing_error_is_tried_again_later_and_later(shop: Workshop) -> None:
    shop.answers += [vendor_error("hubspot")] * 6
    shop.queue("take_plan")
    pauses = []
    for number in range(1, 7):
        shop.attempts(number)
        pauses.append(shop.effect("take_plan")["due"] - shop.wall())
        told = [block.code for block in shop.blocks()]
        assert told == (["hubspot_unavailable"] if number >= TELL_AFTER else [])
        shop.hurry("take_plan")
    shop.ends("take_plan")
    assert [effects[0].attempts for effects in shop.did] == list(range(7))
    assert all(0.5 < pause <= 75 for pause in pauses)
    assert pauses[5] > 4 * pauses[0]


def test_a_vendor_that_says_when_is_believed(shop: Workshop) -> None:
    shop.answers.append(vendor_error("hubspot", retry_after=500.0))
    shop.queue("take_plan")
    shop.attempts(1)
    assert 490 < shop.effect("take_plan")["due"] - shop.wall() <= 500


def test_after_a_passing_error_the_memo_is_kept(shop: Workshop) -> None:
    shop.answers += [Again(0.0, {"seen": "1"}), vendor_error("hubspot")]
    shop.queue("take_plan")
    shop.attempts(2)
    shop.hurry("take_plan")
    shop.ends("take_plan")
    assert [(one[0].memo, one[0].attempts) for one in shop.did] == [
        ({}, 0),
        ({"seen": "1"}, 0),
        ({"seen": "1"}, 1),
    ]


@pytest.mark.parametrize("lane", ["thread", "audit", "reminders"])
def test_a_message_that_fails_does_not_block_the_run(shop: Workshop, lane: Lane) -> None:
    shop.answers += [vendor_error("slack")] * (TELL_AFTER + 1)
    shop.queue("card", lane=lane)
    for number in range(1, TELL_AFTER + 2):
        shop.attempts(number)
        shop.hurry("card")
    shop.ends("card")
    assert shop.blocks() == []


def test_a_lasting_error_blocks_until_somebody_retries(shop: Workshop) -> None:
    shop.answers.append(vendor_error("hubspot", "hubspot_unauthorized", retryable=False))
    shop.queue("take_plan")
    shop.ends("take_plan", "failed")
    (block,) = shop.blocks()
    assert (block.code, block.reference) == ("hubspot_unauthorized", "corr-1")
    assert str(block.remedy)
    run = shop.store.run("R1")
    assert run is not None
    assert run.blocked is not None
    shop.retries()
    shop.ends("take_plan")
    assert [effects[0].attempts for effects in shop.did] == [0, 0]


def test_a_refusal_of_ours_blocks_too(shop: Workshop) -> None:
    shop.answers.append(SunsetError("target_inactive", N_("Gone."), N_("Choose another.")))
    shop.queue("take_plan")
    shop.ends("take_plan", "failed")
    assert [block.code for block in shop.blocks()] == ["target_inactive"]


def test_what_nobody_foresaw_is_tried_a_few_times_then_told(shop: Workshop) -> None:
    shop.answers += [ZeroDivisionError("xoxb-secret")] * GIVE_UP_AFTER
    shop.queue("take_plan")
    for number in range(1, GIVE_UP_AFTER):
        shop.attempts(number)
        shop.hurry("take_plan")
    shop.ends("take_plan", "failed")
    (block,) = shop.blocks()
    assert block.code == "incident"
    assert len(block.reference) == 8
    assert block.reference in str(block.problem)
    assert "secret" not in str(block)


def test_an_effect_of_a_newer_version_is_told(shop: Workshop) -> None:
    shop.queue("brew_coffee")
    shop.ends("brew_coffee", "failed")
    assert [block.code for block in shop.blocks()] == ["effect_unknown"]


def test_what_goes_on_again_by_itself_is_told(shop: Workshop) -> None:
    shop.answers += [vendor_error("hubspot")] * TELL_AFTER
    shop.answers.append(Again(600.0, {"seen": "1"}))
    shop.queue("take_plan")
    for number in range(1, TELL_AFTER + 1):
        shop.attempts(number)
        shop.hurry("take_plan")
    shop.attempts(TELL_AFTER + 1)
    assert len(shop.blocks()) == 1
    assert isinstance(shop.events()[-1], e.Recovered)
    run = shop.store.run("R1")
    assert run is not None
    assert run.blocked is None


def test_the_same_block_is_told_once(shop: Workshop) -> None:
    shop.answers += [vendor_error("hubspot")] * (TELL_AFTER + 3)
    shop.queue("take_plan")
    for number in range(1, TELL_AFTER + 4):
        shop.attempts(number)
        shop.hurry("take_plan")
    shop.ends("take_plan")
    assert len(shop.blocks()) == 1
