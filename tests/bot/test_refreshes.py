"""While people keep clicking, a run's messages are refreshed now and then, not for every click."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bot.engine import Engine
from bot.store.base import QueuedEffect
from bot.store.sqlite import SqliteStore
from tests.bot.faults import FakeClock
from tests.bot.rig import chained
from tests.workflows import journeys, samples
from tests.workflows.people import ROLES
from workflows import commands as c
from workflows.rules.approval import shown
from workflows.run import Run
from workflows.values import Actor

PAUSE = 0.5


class Desk:
    """A run that waits for approvals, and a time by which effects are due."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.time = 1_000.0
        self.store = SqliteStore(path)
        talk = journeys.to_approval()
        self.run_id, self.version = talk.run.id, talk.run.prompt_version
        links = chained(self.run_id, talk.history)
        self.store.write(lambda transaction: transaction.append(talk.run, links))
        clock = FakeClock(talk.now)
        self.engine = Engine(
            self.store,
            clock,
            samples.ACCOUNT.portal_id,
            wall=lambda: self.time,
            refresh_pause=PAUSE,
        )
        self._clicks = 0

    def does(self, who: str, action: c.Action) -> None:
        self._clicks += 1
        command = c.Command(
            actor=Actor(kind="person", id=who),
            roles=ROLES[who],
            version=self.version,
            action=action,
        )
        self.engine.execute(self.run_id, command, f"click:{self._clicks}")

    def run_now(self) -> Run:
        run = self.store.run(self.run_id)
        assert run is not None
        return run

    def lease(self) -> list[QueuedEffect]:
        free: frozenset[tuple[str, str]] = frozenset()
        return self.store.write(
            lambda transaction: transaction.lease("me", self.time + 300, self.time, free)
        )

    def carry_out(self) -> list[str]:
        """Do all that can be done now; return its keys."""
        done: list[str] = []
        while leased := self.lease():
            for effect in leased:
                done.append(effect.key)
                self.store.write(lambda transaction, one=effect: transaction.settle(one.id, "done"))  # type: ignore[misc]
        return done

    def due(self) -> dict[str, float]:
        with closing(sqlite3.connect(self.path)) as connection:
            query = "SELECT key, due FROM effects WHERE state = 'pending'"
            return dict(connection.execute(query).fetchall())


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path / "sunset.db")
    yield desk
    desk.store.close()


def test_the_first_click_shows_at_once_the_next_ones_together(desk: Desk) -> None:
    card, prompt = "card", f"prompt:{desk.version}"
    desk.does("UC", c.Approve(shown=shown(desk.run_now())))
    assert desk.carry_out() == ["audit:3", prompt, card]
    desk.time += 0.1
    desk.does("UA", c.Freeze())
    assert desk.due() | {card: 1_000.5, prompt: 1_000.5} == desk.due()
    assert desk.carry_out() == ["audit:4", "notice:4"], "what is new waits for nothing"
    desk.time += 0.1
    desk.does("UC", c.Unfreeze())
    assert desk.carry_out() == ["audit:5", "notice:5"]
    desk.time = 1_000.5
    assert sorted(desk.carry_out()) == sorted([card, prompt])
    assert desk.due() == {}


def test_an_answered_question_is_closed_and_followed_at_once(desk: Desk) -> None:
    desk.does("UC", c.Approve(shown=shown(desk.run_now())))
    desk.carry_out()
    desk.does("UD", c.Approve(shown=shown(desk.run_now())))
    done = desk.carry_out()
    assert f"close_prompt:{desk.version}" in done
    assert any(key.startswith("prompt:") for key in done)
    assert set(desk.due()) == {"card", f"prompt:{desk.version}"}, "the latter finds itself stale"


def test_single_events_are_read_without_the_others(desk: Desk) -> None:
    history = desk.store.history(desk.run_id)
    assert desk.store.events(desk.run_id, [2]) == history[1:2]
    assert desk.store.events(desk.run_id, [2, 1]) == history[:2]
    assert desk.store.events(desk.run_id, [99]) == []


def test_the_next_due_time_after_a_moment(desk: Desk) -> None:
    desk.does("UC", c.Approve(shown=shown(desk.run_now())))
    desk.time += 0.1
    desk.carry_out()
    desk.does("UA", c.Freeze())
    assert desk.store.next_due() == pytest.approx(1_000.1)
    assert desk.store.next_due(1_000.1) == pytest.approx(1_000.5)
    assert desk.store.next_due(1_000.5) is None
