"""A company with its bot, its three vendors, its people, and what is true of it.

The engine, the store (a file), the worker and all effects are the real ones; the vendors are
simulations that can fail, answer late, lose answers, and kill the process. What is checked is
checked against the simulations, not against the bot's words.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

from bot.errors import StoreError
from tests.bot.rig import AUDIT, CHANNEL, Rig
from tests.workflows.driver import Conversation
from tests.workflows.examples import example
from tests.workflows.people import APPROVERS, ROLES
from tests.workflows.promises import Watch
from workflows import commands as c
from workflows import events as e
from workflows.errors import Refused
from workflows.events import Recorded
from workflows.prompts import prompt
from workflows.rules.approval import may_decide, shown
from workflows.run import Run
from workflows.states import State
from workflows.values import Actor

RECORDS = 5
"""Of each Salesforce-only owner and object type."""
BEFORE_STEP_THREE = frozenset(
    {
        State.PLANNING,
        State.AWAITING_APPROVAL,
        State.DISCONNECTING,
        State.MAPPING_OWNERS,
        State.REASSIGNING,
    }
)
WAYS_ON = (
    "AcknowledgeAdvice",
    "GiveConsent",
    "Approve",
    "ReportDisconnected",
    "MapRemaining",
    "ConfirmMapping",
    "ResumeReassignment",
    "RetryReassignment",
    "ReportOwnersDeleted",
    "ChangeMapping",
    "ConfirmNoCopy",
    "StartBackup",
    "WaiveBackup",
    "ChooseDataCopy",
    "RemoveByBot",
    "ReportUninstalled",
    "ConfirmDownloaded",
    "CheckNow",
)
"""What leads on, the likelier first."""


@dataclass
class Story:
    """A run's history, as :class:`Watch` follows it."""

    history: list[Recorded]
    run: Run

    @property
    def state(self) -> State:
        """The run's state."""
        return self.run.state


@dataclass
class Town:
    """The bot and everybody around it."""

    rig: Rig
    revoked: set[str] = field(default_factory=set)
    watch: Watch = field(default_factory=Watch)
    copy_until: datetime | None = None
    """When Salesforce really deletes the copy; None: there is none (yet)."""
    states: set[State] = field(default_factory=set)
    did: Counter[str] = field(default_factory=Counter)
    keys: list[tuple[str, c.Command, str]] = field(default_factory=list)
    """Deliveries that were made: who, what, and its key."""

    # --- the beginning ---------------------------------------------------------------------------

    def begin(self, talk: Conversation) -> None:
        """Let the company be where *talk* is."""
        rig, run = self.rig, talk.run
        for kind in run.known_types:
            rig.hubspot.records.setdefault(kind, {})
        known = {owner.id for owner in rig.hubspot.owners}
        chosen = {one.id: one for given in run.mapping.values() for one in given.owners}
        rig.hubspot.owners += [one for one in chosen.values() if one.id not in known]
        if run.state in BEFORE_STEP_THREE:
            start = 1
            for kind in rig.hubspot.records:
                for owned in rig.hubspot.salesforce_owners:
                    rig.hubspot.fill(kind, owned.owner, RECORDS, start)
                    start += RECORDS
        if run.state in {State.CHOOSING_DATA_COPY, State.AWAITING_REMOVAL_APPROVAL}:
            rig.hubspot.salesforce_owners = []
        if run.state in {State.REMOVING_PACKAGE, State.DATA_COPY_WINDOW}:
            rig.hubspot.salesforce_owners = []
        if run.state is State.DATA_COPY_WINDOW:
            rig.salesforce.installed = None
            # Between the last look that saw it and the first that did not: the earliest is taken.
            seen = run.removed_at or run.last_seen_at or run.since
            self.copy_until = seen + timedelta(seconds=run.policy.window)
        rig.adopt(talk)
        self.settle()

    @property
    def run(self) -> Run:
        """The run as it is stored."""
        return self.rig.run

    # --- time and death --------------------------------------------------------------------------

    def settle(self) -> None:
        """Let the bot do what it can do now; a process that died is started again."""
        self.rig.settle()
        for _ in range(20):
            if not self.rig.death.happened:
                break
            self.did["killed"] += 1
            self.rig.restart()
        assert not self.rig.death.happened
        self.check()

    def passes(self, span: timedelta) -> None:
        """Let time pass, in steps that are short enough for what falls due in between."""
        left = span
        while left > timedelta():
            step = min(left, timedelta(hours=6))
            left -= step
            self.rig.move(step)
            if self.rig.death.happened:
                self.rig.restart()
            self.rig.engine.fire_due_timers()
            self.settle()

    # --- people ----------------------------------------------------------------------------------

    def acts(
        self, who: str, action: c.Action, *, version: int | None = None, key: str = ""
    ) -> list[Recorded] | str:
        """Let somebody act with the rights they have now; return events, or a refusal's code."""
        run = self.run
        command = c.Command(
            actor=Actor(kind="person", id=who),
            roles=frozenset() if who in self.revoked else ROLES[who],
            approvers_now=frozenset(APPROVERS) - self.revoked,
            version=run.prompt_version if version is None else version,
            action=action,
        )
        key = key or f"click:{len(self.keys)}"
        self.keys.append((who, command, key))
        return self.delivers(command, key)

    def delivers(self, command: c.Command, key: str) -> list[Recorded] | str:
        """Deliver something, perhaps again; a refusal leaves everything as it was."""
        before = self.history()
        try:
            outcome = self.rig.engine.execute(self.rig.run_id, command, key)
        except (Refused, StoreError) as error:
            refused = error.code
        else:
            self.did[command.name] += 1
            return list(outcome.events)
        # The bot's own findings may have come in between; a person's word has not.
        new = self.history()[len(before) :]
        assert not [one for one in new if one.actor.kind == "person"], refused
        self.did[f"refused: {refused}"] += 1
        return refused

    def goes_on(self, *, keep: bool, by_bot: bool) -> bool:
        """Let whoever is asked do what leads on; False: nobody is asked."""
        run = self.run
        if run.state.final:
            return False
        if run.frozen:
            other = next(one for one in APPROVERS if one != run.frozen_by)
            return isinstance(self.acts(other, c.Unfreeze()), list)
        if run.blocked is not None:
            self.acts(run.responsible, c.Retry())
            return True
        for name in WAYS_ON:
            if name not in prompt(run).choices or (name == "RemoveByBot" and not by_bot):
                continue
            if name == "ConfirmNoCopy" and keep:
                name = "ReconsiderDataCopy"  # noqa: PLW2901 - the other way on
            self.world_follows(name)
            who = self.decider(run) if name in {"Approve", "WaiveBackup"} else run.responsible
            return isinstance(self.acts(who, self.action(name, run, keep=keep)), list)
        return False

    def action(self, name: str, run: Run, *, keep: bool) -> c.Action:
        """Make an action that fits."""
        kind: type[c.Action] = getattr(c, name)
        if kind is c.Approve:
            return c.Approve(shown=shown(run))
        if kind is c.ChooseDataCopy:
            return c.ChooseDataCopy(keep=keep)
        return example(kind, run, self.rig.clock.now())

    def decider(self, run: Run) -> str:
        """Return an approver who may decide, and has not yet."""
        able = [one for one in APPROVERS if may_decide(run, one) and one not in run.votes]
        return next((one for one in able if one not in self.revoked), APPROVERS[-1])

    def world_follows(self, name: str) -> None:
        """Let people do in HubSpot and Salesforce what they are about to report."""
        if name == "ReportOwnersDeleted":
            self.rig.hubspot.salesforce_owners = []
        elif name == "ReportUninstalled":
            self.uninstalls()

    def uninstalls(self) -> None:
        """Let a person press Uninstall in Setup, with what the run says about the copy."""
        if self.rig.salesforce.installed is None:
            return
        self.rig.salesforce.installed = None
        if self.run.keep_copy:
            window = timedelta(seconds=self.run.policy.window)
            self.copy_until = self.rig.clock.now() + window

    # --- trouble of the machine ------------------------------------------------------------------

    @contextmanager
    def full_disk(self) -> Iterator[None]:
        """Let the database grow no further."""
        self.pages(1)
        try:
            yield
        finally:
            self.pages(1 << 30)

    def pages(self, most: int) -> None:
        """Limit the pages of the writer's connection."""
        # A transaction has the connection as `_db`; SQLite never goes below the present size.
        self.rig.store.write(
            lambda transaction: vars(transaction)["_db"].execute(f"PRAGMA max_page_count = {most}")
        )

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Let another program hold the database."""
        with closing(sqlite3.connect(self.rig.path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield
            other.execute("ROLLBACK")

    # --- what must hold --------------------------------------------------------------------------

    def history(self) -> list[Recorded]:
        """Return the run's events, as stored."""
        return [item.recorded for item in self.rig.store.history(self.rig.run_id)]

    def check(self) -> None:
        """Hold the bot to its promises."""
        story = Story(self.history(), self.run)
        self.watch.catch_up(cast("Conversation", story))  # it reads these two alone
        self.states.add(story.run.state)
        self._nothing_twice(story)
        self._owners()
        self._window(story.run)
        self._evidence(story.run)

    def _nothing_twice(self, story: Story) -> None:
        slack, salesforce = self.rig.slack, self.rig.salesforce
        keys = Counter(one.key for one in slack.shown if one.key)
        assert not [key for key, times in keys.items() if times > 1], "a message was posted twice"
        lines = [
            int(seq)
            for one in slack.shown
            if one.channel == AUDIT
            for seq in one.payload["events"].split(",")
        ]
        assert lines == sorted(set(lines)), "audit lines twice, or out of order"
        told = sum(isinstance(one.event, e.RemovalDeploying) for one in story.history)
        assert len(salesforce.deployments) <= told, "a deployment left before it was recorded"

    def _owners(self) -> None:
        hubspot = self.rig.hubspot
        assert all(owner for _, _, owner in hubspot.writes), "left without an owner by the bot"
        for records in hubspot.records.values():
            assert None not in records.values()

    def _window(self, run: Run) -> None:
        if run.deadline is not None and self.copy_until is not None:
            assert run.deadline <= self.copy_until, "the copy is gone before the time that is told"
        reminders = Counter(one.text for one in self.rig.slack.reminders(CHANNEL))
        assert not [text for text, times in reminders.items() if times > 1], "reminded twice"

    def _evidence(self, run: Run) -> None:
        for proof in run.evidence.values():
            assert (proof.kind == "verified") == (proof.reading is not None)
            assert proof.reading is None or proof.reading.at <= proof.at

    def ends_well(self, *, keep: bool, by_bot: bool) -> None:
        """When nothing goes wrong any more, people who work together bring the run to its end."""
        rig = self.rig
        for vendor in (rig.slack, rig.hubspot, rig.salesforce):
            vendor.faults.clear()
        rig.package_data.failures.clear()
        self.revoked.clear()
        way: list[str] = []
        for _ in range(80):
            self.settle()
            if self.run.state.final:
                break
            way.append(prompt(self.run).ask.value)
            moved = self.goes_on(keep=keep, by_bot=by_bot)
            self.passes(timedelta(minutes=1 if moved else 30))
        assert self.run.state.final, way
        self.passes(timedelta(hours=1))
        assert rig.store.problems(rig.run_id) == []
        assert not rig.effects("leased")
        self._all_is_told()

    def _all_is_told(self) -> None:
        """Every event has its line, and nothing that people should read was dropped."""
        told = {
            int(seq)
            for one in self.rig.slack.shown
            if one.channel == AUDIT
            for seq in one.payload["events"].split(",")
        }
        adopted = {one.seq for one in self.history()} - told
        assert not adopted or max(adopted) < min(told), "an event without its line"


def town(directory: Path, talk: Conversation) -> Town:
    """Make a town whose run is where *talk* is."""
    made = Town(Rig(directory, talk.now))
    made.begin(talk)
    return made
