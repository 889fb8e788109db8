"""A conversation with one run: people and the bot say things, the rules answer.

Tests read like what happens in Slack::

    talk = Conversation()
    talk.anna.starts()
    talk.bot.plans()
    talk.carl.approves()

Every answer is folded into ``talk.run`` and kept in ``talk.history`` and ``talk.effects``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from string import Formatter

import pytest

from tests.workflows import samples, speakers
from tests.workflows.people import ANNA, BELA, CARL, DORA, EMIL, ROLES, ZOE
from tests.workflows.speakers import Bot, Person
from workflows import commands as c
from workflows import events as e
from workflows.decide import decide
from workflows.effects import Effect, effects
from workflows.errors import Refused, SunsetError
from workflows.evolve import evolve, fold
from workflows.prompts import Ask, Prompt, prompt
from workflows.run import Run
from workflows.states import State
from workflows.text import Text
from workflows.values import Actor, Role

START_QUESTIONS = speakers.START_QUESTIONS


class Conversation:
    """One run, its clock, and everybody who speaks to it."""

    def __init__(self) -> None:
        self.now: datetime = samples.START
        self.history: list[e.Recorded] = []
        self.effects: list[Effect] = []
        self._run: Run | None = None
        self.anna, self.bela = self.person(ANNA), self.person(BELA)
        self.carl, self.dora, self.emil = self.person(CARL), self.person(DORA), self.person(EMIL)
        self.zoe = self.person(ZOE)
        self.bot = Bot(self)

    @property
    def run(self) -> Run:
        """The run as it is now."""
        assert self._run is not None, "nobody has started a run"
        return self._run

    @property
    def started(self) -> bool:
        """Whether there is a run."""
        return self._run is not None

    @property
    def state(self) -> State:
        """The run's state."""
        return self.run.state

    @property
    def asked(self) -> Prompt:
        """What the run asks now."""
        return prompt(self.run)

    @property
    def events(self) -> list[e.Event]:
        """Everything that happened, oldest first."""
        return [recorded.event for recorded in self.history]

    def __repr__(self) -> str:
        return f"<{self.run.state}, asking {self.asked.ask}>" if self.started else "<no run>"

    def at(self, state: State) -> bool:
        """Say whether the run is in this state."""
        return self.state is state

    def asks(self, ask: Ask) -> bool:
        """Say whether this is what is asked now."""
        return self.asked.ask is ask

    def waits_for(self, *people: str) -> bool:
        """Say whether just these people are asked, in this order."""
        return self.asked.people == people

    def of(self, whom: str) -> bool:
        """Say whether an administrator, an approver, the bot or nobody is asked."""
        return self.asked.of == whom

    def proof(self, step: str) -> str | None:
        """Return how the step is known to be done: verified, attested, skipped, missed; or None."""
        evidence = self.run.evidence.get(step)
        return evidence.kind if evidence else None

    def person(self, user_id: str, roles: frozenset[Role] | None = None) -> Person:
        """Let somebody speak, with the roles that the settings give them."""
        held = ROLES[user_id] if roles is None else roles
        return Person(self, Actor(kind="person", id=user_id), held)

    def console(self, *roles: Role) -> Person:
        """Let somebody speak through the command line."""
        return Person(self, Actor(kind="console", id="operator"), frozenset(roles))

    def wait(self, **time: float) -> None:
        """Let time pass, unnoticed by anyone."""
        self.now += timedelta(**time)

    def execute(self, command: c.Command) -> list[e.Event]:
        """Have *command* decided, and fold what happens into the run.

        A single command must not ask for the same effect twice after one event.
        """
        happened = decide(self._run, command, self.now)
        for event in happened:
            before = self._run
            recorded = e.Recorded(
                seq=len(self.history) + 1, at=self.now, actor=command.actor, event=event
            )
            self._run = evolve(before, recorded)
            self.history.append(recorded)
            asked_for = effects(before, recorded, self._run)
            assert len({effect.key for effect in asked_for}) == len(asked_for)
            self.effects.extend(asked_for)
        return happened

    def resume(self, history: list[e.Recorded]) -> None:
        """Go on with a run that was stored."""
        self.history, self._run = [*history], fold(history)

    def work_since(self, seen: int) -> list[str]:
        """Return the kinds of the jobs asked for after the first *seen* effects."""
        return [effect.kind for effect in self.effects[seen:] if effect.lane == "job"]

    @contextmanager
    def refused(self, code: str) -> Iterator[None]:
        """Expect a clear refusal with this code, which changes nothing."""
        before, length = self._run, len(self.history)
        with pytest.raises(Refused) as caught:
            yield
        assert caught.value.code == code
        assert_clear(caught.value)
        assert self._run == before
        assert len(self.history) == length


def assert_clear(error: SunsetError) -> None:
    """Check that a refusal says what is wrong and what to do, with every place filled."""
    assert error.code
    assert error.code == error.code.lower().replace(" ", "_")
    for text in (error.problem, error.remedy):
        assert filled(text), text.msgid


def filled(text: Text) -> bool:
    """Say whether a sentence is not empty and has a value for each of its places."""
    places = {name for _, name, _, _ in Formatter().parse(text.msgid) if name is not None}
    return bool(text.msgid.strip()) and places == set(text.args) and bool(str(text).strip())


def kinds(happened: list[e.Event]) -> list[str]:
    """Return the kinds of events, for comparing with what was expected."""
    return [type(event).__name__ for event in happened]


def confirmed(happened: list[e.Event]) -> e.MappingConfirmed:
    """Return the one event that happened: that a mapping was confirmed."""
    [event] = happened
    assert isinstance(event, e.MappingConfirmed)
    return event


def secured_by(talk: Conversation, *names: str) -> bool:
    """Say whether just these are offered, of all that secures the data or does without a copy."""
    securing = {"ConfirmNoCopy", "StartBackup", "StopBackup", "WaiveBackup"}
    return securing & set(talk.asked.choices) == set(names)
