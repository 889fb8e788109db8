"""Anybody may do anything at any time: the promises hold all the same.

Several people, the bot and the clock drive a run in random order (Hypothesis). What is checked
after each event is in :mod:`tests.workflows.promises`. ``SUNSET_MACHINE_EXAMPLES=5000`` makes the
search longer, with new random numbers each time, and makes what it finds small.
"""

from __future__ import annotations

import os
from datetime import timedelta

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.workflows import journeys
from tests.workflows.drawing import draw_action
from tests.workflows.driver import Conversation, assert_clear
from tests.workflows.escort import see_through
from tests.workflows.examples import all_actions
from tests.workflows.people import ANNA, APPROVERS, BELA, CARL, EMIL, ROLES
from tests.workflows.promises import Watch, check_promises, check_same_again
from workflows import commands as c
from workflows import events as e
from workflows.decide import ALLOWED
from workflows.errors import Refused
from workflows.rules.approval import shown
from workflows.states import FINAL, State
from workflows.timers import Timer, timers
from workflows.values import BOT, Actor, Policy, Reason, Role

ACTIONS = tuple(all_actions())
PEOPLE = tuple(ROLES)
ALL = frozenset(Role)
UNEXPECTED = {c.RecordBlocked, c.RecordRecovered, c.RecordCapabilityMissing, c.FireTimers}
FOUND = {kind for kind in ACTIONS if kind.by == "bot"} - UNEXPECTED
STEP_TWO = (State.MAPPING_OWNERS, State.REASSIGNING, State.CLEANING_UP_OWNERS)
STEP_THREE = (State.CHOOSING_DATA_COPY, State.AWAITING_REMOVAL_APPROVAL, State.REMOVING_PACKAGE)
AT_ANY_TIME = {kind for at, kind in ALLOWED if at is State.PLANNING} - {c.RecordPlan}
ENDING = {c.Decline, c.RecordPackageAbsent, c.RecordPackageGone}
MOMENTS = tuple(name for name in journeys.MOMENTS if name not in set(FINAL))

policies = st.builds(
    Policy,
    quorum=st.just(2),
    approval_ttl=st.sampled_from([6 * 3600, 24 * 3600]),
    window=st.sampled_from([600, 5 * 3600, 48 * 3600]),
    reminders=st.sampled_from([(), (3600, 900, 60), Policy().reminders]),
    approvers_from=st.sampled_from([0, 3600, 4 * 3600]),
)
pauses = st.sampled_from([1, 4, 30, 60, 5 * 60, 13 * 60, 25 * 60]).map(
    lambda minutes: timedelta(minutes=minutes)
)


class RunMachine(RuleBasedStateMachine):
    """Runs, and everybody who speaks to them in no order."""

    def __init__(self) -> None:
        super().__init__()
        self.talk = Conversation()
        self.watch = Watch()
        self.old_timers: list[Timer] = []
        self.approvers = set(APPROVERS)

    # --- the beginning ---------------------------------------------------------------------

    @initialize(data=st.data())
    def begin(self, data: st.DataObject) -> None:
        """A run stands at some moment, or has just been started."""
        self.talk, self.watch, self.old_timers = Conversation(), Watch(), []
        self.approvers = set(APPROVERS)
        moment = data.draw(st.sampled_from(("start", *MOMENTS)))
        if moment == "start":
            later = data.draw(st.sampled_from([None, 1, 3]))
            policy = Policy(quorum=data.draw(st.integers(1, 3)), removal_quorum=later)
            self.talk.anna.starts(data.draw(st.sampled_from(Reason)), policy=policy)
        else:
            self.talk = journeys.MOMENTS[moment](data.draw(policies))
        self.watch.catch_up(self.talk)
        if data.draw(st.booleans()):
            self.person_does(ANNA, c.HandOver(to=EMIL, to_roles=ROLES[EMIL]))
            if data.draw(st.booleans()):
                self.person_does(EMIL, c.HandOver(to=BELA, to_roles=ROLES[BELA]))

    @precondition(lambda self: self.talk.state.final)
    @rule(data=st.data())
    def another_run_begins(self, data: st.DataObject) -> None:
        check_same_again(self.talk)
        self.begin(data)

    # --- what people and the bot do ----------------------------------------------------------

    @rule(data=st.data(), steps=st.sampled_from([3, 5, 8]))
    def it_goes_on(self, data: st.DataObject, steps: int) -> None:
        """Somebody chooses what is offered, or the bot finds out what belongs to the step."""
        for _ in range(steps):
            if self.talk.run.frozen:
                self.person_does(CARL if self.talk.run.frozen_by == BELA else BELA, c.Unfreeze())
            likely = [*self.offered(), *self.expected()]
            if not likely:
                return
            self.somebody_does(data, data.draw(st.sampled_from(likely)))

    @precondition(lambda self: self.talk.state in STEP_TWO)
    @rule(data=st.data(), steps=st.sampled_from([3, 6]))
    def several_choose_at_once(self, data: st.DataObject, steps: int) -> None:
        """Administrators work at the mapping and the job together, while counts come in."""
        for _ in range(steps):
            if self.talk.state not in STEP_TWO or self.talk.run.frozen:
                return
            asked = self.talk.run.prompt_version
            kind = data.draw(st.sampled_from([one for at, one in ALLOWED if at in STEP_TWO]))
            if (self.talk.state, kind) in ALLOWED and kind is not c.Cancel:
                self.somebody_does(data, kind)
            if kind is c.MapRemaining and c.ConfirmMapping in self.offered():
                # What somebody else still sees is confirmed, or is refused.
                shown = data.draw(st.integers(self.talk.run.version - 1, self.talk.run.version))
                self.person_does(BELA, c.ConfirmMapping(shown=shown), asked)

    @precondition(lambda self: self.talk.state in STEP_THREE)
    @rule(data=st.data(), steps=st.sampled_from([3, 6, 9]))
    def the_package_is_secured_and_removed(self, data: st.DataObject, steps: int) -> None:
        """Backups, waivers, choices, lists and removals in any order."""
        for _ in range(steps):
            here = [one for at, one in ALLOWED if at is self.talk.state and one not in AT_ANY_TIME]
            if self.talk.state not in STEP_THREE or self.talk.run.frozen:
                return
            kind = data.draw(st.sampled_from([one for one in here if one not in ENDING]))
            self.somebody_does(data, kind)

    @precondition(lambda self: c.Approve in self.offered())
    @rule(data=st.data())
    def everybody_approves(self, data: st.DataObject) -> None:
        """All who may, and some who may not, press their buttons one after the other."""
        for who in data.draw(st.permutations([*APPROVERS, CARL, BELA])):
            if c.Approve not in self.offered():
                return
            self.person_does(
                who, c.GiveConsent() if who == BELA else c.Approve(shown=shown(self.talk.run))
            )

    @precondition(lambda self: c.Approve in self.offered())
    @rule(who=st.sampled_from(APPROVERS))
    def rights_change(self, who: str) -> None:
        """Somebody may approve no more, or may again."""
        self.approvers ^= {who}

    @precondition(lambda self: not self.talk.state.final)
    @rule(data=st.data(), who=st.sampled_from([BELA, EMIL, ANNA]))
    def something_comes_between(self, data: st.DataObject, who: str) -> None:
        """Hand over, freeze, unfreeze, a block and its end, or the end of everything."""
        kinds: list[type[c.Action]] = [c.HandOver, c.Freeze, c.Unfreeze, c.Retry]
        kinds += [c.RecordBlocked, c.RecordRecovered, c.Cancel]
        action = self.draw_action(data, data.draw(st.sampled_from(kinds)))
        if action.by == "bot":
            self.bot_does(action)
        else:
            self.person_does(who, action)

    @rule(data=st.data(), off=st.sampled_from([0, 0, 0, -1, 1, None]))
    def somebody_tries_anything(self, data: st.DataObject, off: int | None) -> None:
        """Anybody sends anything, possibly on a question that is not open."""
        kind = data.draw(st.sampled_from(ACTIONS))
        who = data.draw(st.sampled_from(("bot", "console", *PEOPLE)))
        actor = {"bot": BOT, "console": Actor(kind="console", id="operator")}.get(
            who, Actor(kind="person", id=who)
        )
        roles = ROLES.get(who, ALL)
        version = None if off is None else self.talk.run.prompt_version + off
        action = self.draw_action(data, kind)
        self.execute(c.Command(actor=actor, roles=roles, version=version, action=action))

    # --- the clock ---------------------------------------------------------------------------

    @rule(pause=pauses)
    def time_passes(self, pause: timedelta) -> None:
        self.talk.now += pause

    @precondition(lambda self: bool(timers(self.talk.run)))
    @rule(exact=st.booleans(), twice=st.booleans())
    def the_next_timer_fires(self, exact: bool, twice: bool) -> None:
        """The clock reaches the next timer, or was asleep until the last one."""
        waiting = timers(self.talk.run)
        wake = waiting[0].due if exact else waiting[-1].due - timedelta(minutes=3)
        self.talk.now = max(self.talk.now, wake)
        due = self.talk.bot.due()
        self.bot_does(c.FireTimers(due=due + due if twice else due))

    @precondition(lambda self: bool(self.old_timers))
    @rule(data=st.data())
    def an_old_timer_fires(self, data: st.DataObject) -> None:
        """A timer that was set earlier, and may be done or void by now, fires after all."""
        some = data.draw(st.lists(st.sampled_from(self.old_timers), min_size=1, max_size=3))
        self.bot_does(
            c.FireTimers(due=tuple(c.DueTimer(kind=one.kind, due=one.due) for one in some))
        )

    # --- the machinery -----------------------------------------------------------------------

    def offered(self) -> list[type[c.Action]]:
        """Return what people are offered now."""
        return [getattr(c, name) for name in self.talk.asked.choices]

    def expected(self) -> list[type[c.Action]]:
        """Return what the bot may find out at the present step."""
        state = self.talk.state
        return [kind for at, kind in ALLOWED if at is state and kind.by == "bot" and kind in FOUND]

    def draw_action(self, data: st.DataObject, kind: type[c.Action]) -> c.Action:
        """Return an example of *kind*, with arguments drawn where they matter."""
        return draw_action(data, kind, self.talk, self.watch.package.sighted)

    def somebody_does(self, data: st.DataObject, kind: type[c.Action]) -> None:
        """Let the bot, or one of those who may, do something of this kind."""
        action = self.draw_action(data, kind)
        if kind.by == "bot":
            self.bot_does(action)
        else:
            wanted = set(Role) if kind.by == "either" else {Role(kind.by)}
            may = [who for who, roles in ROLES.items() if wanted & roles]
            self.person_does(data.draw(st.sampled_from(may)), action)

    def person_does(self, who: str, action: c.Action, version: int | None = None) -> None:
        sent = c.Command(
            actor=Actor(kind="person", id=who),
            roles=ROLES[who] if who in self.approvers else ROLES[who] - {Role.APPROVER},
            approvers_now=frozenset(self.approvers),
            version=self.talk.run.prompt_version if version is None else version,
            action=action,
        )
        self.execute(sent)

    def bot_does(self, action: c.Action) -> None:
        self.execute(c.Command(actor=BOT, action=action))

    def execute(self, sent: c.Command) -> None:
        """Let the rules decide: a clear refusal that changes nothing, or events that may be."""
        talk = self.talk
        before, length = talk.run, len(talk.history)
        possible = (before.state, type(sent.action)) in ALLOWED
        refusal = self.refusal_of(sent)
        if refusal is not None:
            assert_clear(refusal)
            assert (talk.run, len(talk.history)) == (before, length)
            assert not (possible and refusal.code == "not_now")
            return
        assert possible or talk.run == before
        assert not sent.action.answers or sent.version == before.prompt_version
        assert not before.state.final
        for recorded in talk.history[length:]:
            if isinstance(recorded.event, e.GatePassed) and sent.approvers_now is not None:
                assert set(recorded.event.approvers) <= self.approvers, "who may no more counts not"
        self.watch.catch_up(talk, sent.action)
        self.old_timers += [one for one in timers(talk.run) if one not in self.old_timers]

    def refusal_of(self, sent: c.Command) -> Refused | None:
        try:
            self.talk.execute(sent)
        except Refused as refusal:
            return refusal
        return None

    @invariant()
    def the_promises_hold(self) -> None:
        if self.talk.started:
            check_promises(self.talk)

    def teardown(self) -> None:
        """Wherever a run stands, it can be told from its history, and be seen through."""
        if not self.talk.started or self.watch.run != self.talk.run:
            return  # what has failed already is not to be hidden
        check_promises(self.talk)
        check_same_again(self.talk)
        see_through(self.talk)
        self.watch.catch_up(self.talk)
        check_promises(self.talk)


EXAMPLES = os.environ.get("SUNSET_MACHINE_EXAMPLES")
TestRunMachine = RunMachine.TestCase
TestRunMachine.settings = settings(
    max_examples=int(EXAMPLES or 80),
    stateful_step_count=40,
    # The same short search each time, so that a failure belongs to the change that is tested.
    derandomize=EXAMPLES is None,
    # Making a failure small can take minutes; the long search does it.
    phases=[Phase.generate] if EXAMPLES is None else list(Phase),
    report_multiple_bugs=False,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
