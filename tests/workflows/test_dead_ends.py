"""There is always a way on: for the bot, or for a person who can see it."""

from __future__ import annotations

import pytest

from tests.workflows import journeys
from tests.workflows.escort import see_through
from tests.workflows.people import EMIL
from tests.workflows.reassigning import check_work_of
from workflows.prompts import Ask
from workflows.states import FINAL

MOMENTS = tuple(name for name in journeys.MOMENTS if name not in set(FINAL))


@pytest.mark.parametrize("moment", MOMENTS)
def test_every_run_can_be_seen_through(moment: str) -> None:
    talk = journeys.MOMENTS[moment]()
    see_through(talk)
    assert talk.asks(Ask.OVER)


@pytest.mark.parametrize("moment", MOMENTS)
def test_every_run_can_be_seen_through_by_somebody_else_after_a_block_and_a_freeze(
    moment: str,
) -> None:
    talk = journeys.MOMENTS[moment]()
    talk.anna.hands_over_to(EMIL)
    talk.bot.is_blocked()
    talk.bela.freezes()
    see_through(talk)
    assert talk.asks(Ask.OVER)


@pytest.mark.parametrize("moment", MOMENTS)
def test_what_was_blocked_is_tried_again(moment: str) -> None:
    """Whoever waits for the bot has its work asked for anew; whoever does not can answer."""
    talk = journeys.MOMENTS[moment]()
    talk.bot.is_blocked()
    assert talk.of("administrator")
    seen = len(talk.effects)
    talk.bela.retries()
    if talk.of("bot"):
        assert talk.work_since(seen)
    else:
        assert talk.asked.choices


@pytest.mark.parametrize("moment", MOMENTS)
def test_somebody_is_at_work_wherever_the_bot_is_waited_for(moment: str) -> None:
    check_work_of(journeys.MOMENTS[moment]())
