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

from tests.workflows import samples
from tests.workflows.people import ANNA, APPROVERS, BELA, CARL, DORA, EMIL, ROLES, ZOE
from workflows import commands as c
from workflows import events as e
from workflows.decide import decide
from workflows.effects import Effect, effects
from workflows.errors import Refused, SunsetError
from workflows.evolve import evolve
from workflows.prompts import Ask, Prompt, prompt
from workflows.rules.disconnect import PHRASE
from workflows.run import Run
from workflows.states import State
from workflows.text import N_, Text
from workflows.timers import timers
from workflows.values import (
    BOT,
    CORE_OBJECTS,
    Actor,
    Blocker,
    Inventory,
    OwnedRecords,
    Owner,
    Policy,
    Reading,
    Reason,
    Role,
)

START_QUESTIONS = frozenset({"P0a", "P0b", "P0c"})
NOW = "now"


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


class Person:
    """Somebody who speaks to the run; each method is something they do."""

    def __init__(self, talk: Conversation, actor: Actor, roles: frozenset[Role]) -> None:
        self.talk = talk
        self.actor = actor
        self.roles = roles

    def does(self, action: c.Action, version: int | str | None = NOW) -> list[e.Event]:
        """Do *action*, answering the prompt now in force unless another version is named."""
        if version == NOW:
            version = self.talk.run.prompt_version if self.talk.started else None
        assert not isinstance(version, str)
        return self.talk.execute(
            c.Command(actor=self.actor, roles=self.roles, version=version, action=action)
        )

    def starts(
        self,
        reason: Reason = Reason.LEAVING_SALESFORCE,
        *,
        confirmed: frozenset[str] = START_QUESTIONS,
        approvers: tuple[str, ...] = (),
        eligible: tuple[str, ...] = APPROVERS,
        policy: Policy | None = None,
    ) -> list[e.Event]:
        return self.does(
            c.StartRun(
                run_id="R1",
                account=samples.ACCOUNT,
                reason=reason,
                confirmed=confirmed,
                approvers=approvers,
                eligible_approvers=eligible,
                policy=policy or Policy(),
            )
        )

    def insists(self) -> list[e.Event]:
        return self.does(c.AcknowledgeAdvice())

    def asks_for_a_new_plan(self) -> list[e.Event]:
        return self.does(c.RetakePlan())

    def approves(self) -> list[e.Event]:
        return self.does(c.Approve())

    def declines(self, reason: str = "Not this quarter") -> list[e.Event]:
        return self.does(c.Decline(reason=reason))

    def reports_the_disconnect(
        self,
        phrase: str = PHRASE,
        reason: str = "Switching systems",
        saved: tuple[str, ...] = CORE_OBJECTS,
    ) -> list[e.Event]:
        return self.does(
            c.ReportDisconnected(reason=reason, phrase=phrase, saved_mappings=frozenset(saved))
        )

    def maps(self, owner: Owner, target: Owner) -> list[e.Event]:
        return self.does(c.MapOwner(owner_id=owner.id, target=target))

    def maps_the_rest_to(self, target: Owner) -> list[e.Event]:
        return self.does(c.MapRemaining(target=target))

    def takes_the_suggestions(self) -> list[e.Event]:
        return self.does(c.TakeSuggestions())

    def confirms_the_mapping(self, shown: int | None = None) -> list[e.Event]:
        """Confirm the mapping as it is now, or as it was when this version of it was shown."""
        version = self.talk.run.mapping_version if shown is None else shown
        return self.does(c.ConfirmMapping(shown=version))

    def pauses(self) -> list[e.Event]:
        return self.does(c.PauseReassignment())

    def resumes(self) -> list[e.Event]:
        return self.does(c.ResumeReassignment())

    def tries_the_rest_again(self) -> list[e.Event]:
        return self.does(c.RetryReassignment())

    def changes_the_mapping(self) -> list[e.Event]:
        return self.does(c.ChangeMapping())

    def undoes(self) -> list[e.Event]:
        return self.does(c.UndoReassignment())

    def reports_the_owners_deleted(self) -> list[e.Event]:
        return self.does(c.ReportOwnersDeleted())

    def keeps_a_copy(self, own_backup: bool = False) -> list[e.Event]:
        return self.does(c.ChooseDataCopy(keep=True, own_backup=own_backup))

    def keeps_no_copy(self, own_backup: bool = True) -> list[e.Event]:
        return self.does(c.ChooseDataCopy(keep=False, own_backup=own_backup))

    def confirms_no_copy(self) -> list[e.Event]:
        return self.does(c.ConfirmNoCopy())

    def reconsiders(self) -> list[e.Event]:
        return self.does(c.ReconsiderDataCopy())

    def consents(self) -> list[e.Event]:
        return self.does(c.GiveConsent())

    def reports_the_uninstall(self) -> list[e.Event]:
        return self.does(c.ReportUninstalled())

    def lets_the_bot_remove_it(self) -> list[e.Event]:
        return self.does(c.RemoveByBot())

    def downloaded(self, where: str = "the vault, shelf 3") -> list[e.Event]:
        return self.does(c.ConfirmDownloaded(where=where))

    def asks_who_else_can(self) -> list[e.Event]:
        return self.does(c.AskWhoElse())

    def asks_to_check(self) -> list[e.Event]:
        return self.does(c.CheckNow())

    def retries(self) -> list[e.Event]:
        return self.does(c.Retry())

    def cancels(self, reason: str = "") -> list[e.Event]:
        return self.does(c.Cancel(reason=reason))

    def hands_over_to(self, user_id: str, *more: Role) -> list[e.Event]:
        """Hand over to somebody with the roles that they have, and *more*."""
        return self.does(c.HandOver(to=user_id, to_roles=ROLES[user_id] | {*more}))

    def freezes(self) -> list[e.Event]:
        return self.does(c.Freeze(reason="audit week"))

    def unfreezes(self) -> list[e.Event]:
        return self.does(c.Unfreeze())


class Bot:
    """What the bot finds out; readings are taken ``ago`` before they are recorded."""

    def __init__(self, talk: Conversation) -> None:
        self.talk = talk

    def does(self, action: c.Action) -> list[e.Event]:
        return self.talk.execute(c.Command(actor=BOT, action=action))

    def reads(self, says: str, ago: timedelta = timedelta()) -> Reading:
        return Reading(at=self.talk.now - ago, source="GET /somewhere", says=says)

    def plans(
        self, owners: tuple[OwnedRecords, ...] = samples.OWNERS, *, installed: bool = True
    ) -> list[e.Event]:
        plan = samples.plan(self.talk.now, owners, installed=installed)
        return self.does(c.RecordPlan(plan=plan))

    def finds_the_sync_quiet(self, ago: timedelta = timedelta()) -> list[e.Event]:
        return self.does(c.RecordSyncQuiet(reading=self.reads("no record changed", ago)))

    def finds_the_sync_running(self) -> list[e.Event]:
        reading = self.reads("a contact was synchronised")
        return self.does(c.RecordSyncRunning(reading=reading, last_sync=self.talk.now))

    def cannot_read_the_sync(self) -> list[e.Event]:
        return self.does(c.RecordSyncUnreadable(why=N_("The property does not exist.")))

    def counts(self, owners: tuple[OwnedRecords, ...] = samples.OWNERS) -> list[e.Event]:
        return self.does(c.RecordOwners(owners=owners, reading=self.reads("counted")))

    def finishes_the_job(
        self, failures: int = 0, job: int | None = None, changed: int = 0
    ) -> list[e.Event]:
        number = self.talk.run.job if job is None else job
        tallies = samples.tallies(changed)
        return self.does(c.RecordReassigned(job=number, tallies=tallies, failure_count=failures))

    def finishes_the_undo(self, left_alone: int = 0) -> list[e.Event]:
        return self.does(c.RecordUndone(job=self.talk.run.job, restored=4, left_alone=left_alone))

    def finds_the_owners_gone(self, ago: timedelta = timedelta()) -> list[e.Event]:
        return self.does(c.RecordOwnersGone(reading=self.reads("no owner listed", ago)))

    def finds_owners_remaining(self, *owners: Owner) -> list[e.Event]:
        left = owners or (samples.SAM,)
        return self.does(c.RecordOwnersRemain(owners=left, reading=self.reads("still listed")))

    def reads_the_package(
        self, inventory: Inventory | None = None, ago: timedelta = timedelta()
    ) -> list[e.Event]:
        found = inventory or samples.inventory()
        return self.does(c.RecordInventory(inventory=found, reading=self.reads("installed", ago)))

    def finds_no_package(self) -> list[e.Event]:
        return self.does(c.RecordPackageAbsent(reading=self.reads("not installed")))

    def finds_the_package_gone(self, last_seen: timedelta = timedelta(minutes=1)) -> list[e.Event]:
        return self.does(
            c.RecordPackageGone(
                last_seen_at=self.talk.now - last_seen, reading=self.reads("not installed")
            )
        )

    def finds_the_removal_stalled(self, *blockers: Blocker) -> list[e.Event]:
        reading = self.reads("still installed")
        return self.does(c.RecordRemovalStalled(blockers=blockers, reading=reading))

    def fails_to_remove(self, *problems: Blocker) -> list[e.Event]:
        return self.does(c.RecordRemovalFailed(problems=problems, reference="0Af1"))

    def is_blocked(self, code: str = "hubspot_forbidden") -> list[e.Event]:
        return self.does(
            c.RecordBlocked(
                code=code,
                problem=N_("HubSpot refuses the token."),
                remedy=N_("Give the private app its scopes."),
            )
        )

    def recovers(self) -> list[e.Event]:
        return self.does(c.RecordRecovered())

    def misses(self, capability: str) -> list[e.Event]:
        return self.does(
            c.RecordCapabilityMissing(capability=capability, problem=N_("Not granted here."))
        )

    def due(self) -> tuple[c.DueTimer, ...]:
        """Return the timers that have fallen due."""
        return tuple(
            c.DueTimer(kind=timer.kind, due=timer.due)
            for timer in timers(self.talk.run)
            if timer.due <= self.talk.now
        )

    def fires(self, *due: c.DueTimer) -> list[e.Event]:
        """Fire these timers, or else all that have fallen due."""
        return self.does(c.FireTimers(due=due or self.due()))


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
