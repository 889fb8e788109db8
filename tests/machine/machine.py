"""Anybody does anything, and everything fails at any time: rules for Hypothesis."""

from __future__ import annotations

import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import structlog
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests.audit.ledger import tamperings
from tests.bot.faults import Killed
from tests.machine.town import Town, town
from tests.workflows import journeys
from tests.workflows.examples import all_actions, example
from tests.workflows.people import ROLES
from workflows import commands as c
from workflows.states import FINAL, State

MOMENTS = tuple(name for name in journeys.MOMENTS if name not in set(FINAL))
PEOPLE = tuple(ROLES)
BY_PEOPLE = tuple(
    kind for kind in all_actions() if kind.by != "bot" and kind not in {c.StartRun, c.Cancel}
)
CALLS = {
    "slack": ("post", "update", "history", "schedule", "unschedule", "direct", "profile"),
    "hubspot": (
        "owner_census",
        "count_by_owner",
        "swap_now",
        "records_of",
        "owner_histories",
        "last_sync",
        "daily_usage",
    ),
    "salesforce": ("installed_package", "inventory", "start_removal", "find_removals", "removal"),
}
calls = st.sampled_from([(vendor, call) for vendor, names in CALLS.items() for call in names])
pauses = st.sampled_from([1, 10, 61, 5 * 60, 25 * 60]).map(lambda m: timedelta(minutes=m))

STATES: Counter[State] = Counter()
DID: Counter[str] = Counter()
"""What all examples of this process visited and did."""
EXAMPLES = [0]


class Company(RuleBasedStateMachine):
    """One run of one company."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory(prefix="sunset-machine-")
        self.town: Town
        self.keep = True
        self.by_bot = False

    @initialize(moment=st.sampled_from(MOMENTS), keep=st.booleans(), by_bot=st.booleans())
    def begin(self, moment: str, keep: bool, by_bot: bool) -> None:
        self.town = town(Path(self._folder.name), journeys.MOMENTS[moment]())
        self.keep, self.by_bot = keep, by_bot

    # --- people ----------------------------------------------------------------------------------

    @rule(steps=st.sampled_from([1, 3]))
    def it_goes_on(self, steps: int) -> None:
        for _ in range(steps):
            self.town.goes_on(keep=self.keep, by_bot=self.by_bot)
            self.town.settle()

    @rule(
        who=st.sampled_from(PEOPLE),
        kind=st.sampled_from(BY_PEOPLE),
        stale=st.sampled_from([0, 0, 0, 1, 3]),
        twice=st.booleans(),
    )
    def somebody_acts(self, who: str, kind: type[c.Action], stale: int, twice: bool) -> None:
        run = self.town.run
        try:
            action = example(kind, run, self.town.rig.clock.now())
        except (StopIteration, IndexError, KeyError):
            return  # there is nothing that it could be about
        version = max(run.prompt_version - stale, 0)
        self.town.acts(who, action, version=version)
        if twice:
            self.again(0)
        self.town.settle()

    @precondition(lambda self: self.town.keys)
    @rule(back=st.integers(0, 5))
    def again(self, back: int) -> None:
        """A delivery comes once more, perhaps late and after others."""
        _, command, key = self.town.keys[-1 - min(back, len(self.town.keys) - 1)]
        before = len(self.town.history())
        carried_out = key in self.done()
        self.town.delivers(command, key)
        new = self.town.history()[before:]
        assert not carried_out or not [one for one in new if one.actor.kind == "person"], "twice"

    def done(self) -> set[str]:
        """Return the keys of the deliveries that were carried out."""
        with self.town.rig.database() as db:
            return {key for (key,) in db.execute("SELECT key FROM deliveries")}

    @rule(who=st.sampled_from(PEOPLE))
    def rights_change(self, who: str) -> None:
        self.town.revoked ^= {who}

    # --- vendors ---------------------------------------------------------------------------------

    @rule(
        what=calls,
        applied=st.booleans(),
        unknown=st.booleans(),
        lasting=st.sampled_from([1, 1, 2, 4]),
        after=st.sampled_from([0, 0, 1]),
    )
    def a_call_fails(
        self, what: tuple[str, str], applied: bool, unknown: bool, lasting: int, after: int
    ) -> None:
        """Refused for a while (429, 5xx), or done with the answer lost."""
        vendor, call = what
        more = {"unknown": True} if applied or unknown else {}
        getattr(self.town.rig, vendor).fail(
            call, times=1 if applied else lasting, after=after, applied=applied, **more
        )

    @rule(what=calls, applied=st.booleans())
    def a_call_kills_the_process(self, what: tuple[str, str], applied: bool) -> None:
        vendor, call = what
        getattr(self.town.rig, vendor).kill(call, applied=applied)

    @rule(record=st.integers(0, 20), to=st.integers(0, 3))
    def somebody_reassigns_by_hand(self, record: int, to: int) -> None:
        hubspot = self.town.rig.hubspot
        every = [(kind, one) for kind, held in hubspot.records.items() for one in held]
        if every:
            kind, one = every[record % len(every)]
            hubspot.give(kind, one, hubspot.owners[to % len(hubspot.owners)].id)

    @precondition(lambda self: self.town.run.state is State.REMOVING_PACKAGE)
    @rule()
    def somebody_uninstalls_unasked(self) -> None:
        self.town.uninstalls()

    # --- the machine -----------------------------------------------------------------------------

    @rule(pause=pauses)
    def time_passes(self, pause: timedelta) -> None:
        self.town.passes(pause)

    @rule(back=st.sampled_from([1, 45, 180]))
    def the_clock_is_set_back(self, back: int) -> None:
        self.town.rig.clock.time -= timedelta(minutes=back)
        self.town.settle()

    @rule()
    def the_bot_is_started_again(self) -> None:
        self.town.rig.restart()
        self.town.settle()

    @rule(who=st.sampled_from(PEOPLE))
    def the_disk_is_full(self, who: str) -> None:
        with self.town.full_disk():
            self.town.acts(who, c.Freeze(reason="x" * 2_000))
        self.town.settle()

    @rule(who=st.sampled_from(PEOPLE))
    def another_program_holds_the_database(self, who: str) -> None:
        with self.town.locked():
            self.town.acts(who, c.CheckNow())
        self.town.settle()

    # --- the end ---------------------------------------------------------------------------------

    def teardown(self) -> None:
        made: Any = getattr(self, "town", None)
        if made is None:
            self._folder.cleanup()
            return
        try:
            made.ends_well(keep=self.keep, by_bot=self.by_bot)
            EXAMPLES[0] += 1
            STATES.update(made.states)
            DID.update(made.did)
            self.no_tampering_passes(made)
        finally:
            made.rig.stop()
            self._folder.cleanup()

    def no_tampering_passes(self, made: Town) -> None:
        """One change of a copy of what is stored is found."""
        record = made.rig.store.stored(made.rig.run_id)
        if record.snapshot is None and record.run is not None:
            number = len(record.events) % 7
            first = next(tamperings(record))
            assert first.record != record, number


@contextmanager
def quietly() -> Iterator[None]:
    """Drop what is logged, and let threads that are killed end silently: both are meant."""
    told = threading.excepthook

    def drop(*_: object) -> str:
        raise structlog.DropEvent

    def excepthook(args: threading.ExceptHookArgs) -> None:
        if not issubclass(args.exc_type, Killed):
            told(args)

    structlog.configure(processors=[drop])
    threading.excepthook = excepthook
    try:
        yield
    finally:
        threading.excepthook = told
        structlog.reset_defaults()


def seeded(seed: int) -> type[Company]:
    """Return the machine under another name: with its name, the random numbers change."""
    return type(f"Company{seed}", (Company,), {})
