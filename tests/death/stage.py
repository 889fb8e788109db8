"""The stage of a walk: the sandbox in a thread, the bot that dies, and the people.

What people see is read from the sandbox's memory, what happened from the bot's database: looking
costs next to nothing, and can be done often. What people do goes the way it always goes.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.store.sqlite import SqliteStore
from sandbox.client import Page, Person, Refused, Values
from sandbox.client_messages import elements
from sandbox.scenario import Scenario
from sandbox.servers import Ports, Sandbox
from sandbox.slack.methods_other import KINDS, become
from sandbox.slack.modals import View
from sandbox.slack.workspace import AUDIT_CHANNEL, MAIN_CHANNEL, File, Message
from sandbox.walk_ids import COMMAND
from sandbox.world import World
from tests.death.mortal import Mortal

PATIENCE_SECONDS = 40.0
LOOK_SECONDS = 0.02
SHORT_SECONDS, LOOKS = 5.0, 6
ANSWER_SECONDS = 1.0
"""So long something that was acknowledged may take to show, before a person tries again."""
Over = Callable[[], object]


class Stuck(AssertionError):
    """A walk does not go on; the text says where, and what was there."""


@contextmanager
def serving(scenario: Scenario, directory: Path) -> Iterator[Sandbox]:
    """Serve a sandbox in a thread."""
    sandbox = Sandbox(World(scenario), "127.0.0.1", Ports(), directory)
    ready = threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(sandbox.serve(ready.set)), daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield sandbox
    finally:
        sandbox.stop()
        thread.join(10)


@dataclass
class Stage:
    """A sandbox, a bot, and people who do not give up."""

    sandbox: Sandbox
    bot: Mortal
    database: Path
    page: Page
    people: dict[str, Person] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.people = {one.id: one for one in self.page.people()}
        self._db: sqlite3.Connection | None = None

    # --- what happened -------------------------------------------------------------------------

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Ask the bot's database; nothing while it is not there yet."""
        try:
            if self._db is None:
                self._db = sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)
            return self._db.execute(query, values).fetchall()
        except sqlite3.OperationalError:
            return []

    def events(self, *types: str) -> int:
        """Count the events of these types."""
        return sum(1 for (one,) in self.rows("SELECT type FROM events") if one in types)

    def happened(self, event: str, times: int = 1) -> Over:
        """Return what says whether an event has happened so often."""
        return lambda: self.events(event) >= times

    def next(self, event: str) -> Over:
        """Return what says whether an event has happened once more."""
        return self.happened(event, self.events(event) + 1)

    @property
    def deadline(self) -> float:
        """When the data copy ends, in seconds since the epoch."""
        with closing(SqliteStore(self.database)) as store:
            deadline = max(
                run.deadline
                for one in store.run_ids()
                if (run := store.run(one)) is not None and run.deadline is not None
            )
        return deadline.timestamp()

    def wait(self, over: Over, what: str, seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until something is so."""
        patience = self._patience(what, seconds)
        while not over():
            next(patience)
            time.sleep(LOOK_SECONDS)

    def until(self, event: str, times: int = 1) -> None:
        """Wait until an event has happened so often."""
        self.wait(self.happened(event, times), f"waited for {event}")

    def calm(self, *lasting: str) -> None:
        """Wait until nothing is left to be done, but for what is done again and again."""

        def rests() -> bool:
            rows = self.rows("SELECT kind FROM effects WHERE state IN ('pending', 'leased')")
            return bool(self.events("run_started")) and {kind for (kind,) in rows} <= {*lasting}

        self.wait(rests, "everything to be done")

    def rests(self) -> None:
        """Wait until all is done and told: effects, audit lines, the last checkpoints."""
        self.calm()
        self.wait(self._told, "the last checkpoint")

    def _told(self) -> bool:
        """Say whether each approver got the last checkpoint of each run that is over."""
        over = self.rows(
            "SELECT e.run_id, e.body FROM events e JOIN runs r ON r.id = e.run_id "
            "WHERE r.active = 0 AND e.seq = 1"
        )
        sent = {
            (run_id, slot.rpartition(":")[2])
            for run_id, slot in self.rows(
                "SELECT run_id, slot FROM messages WHERE slot LIKE 'checkpoint:end:%' AND ts <> ''"
            )
        }
        wanted = {
            (run_id, person)
            for run_id, body in over
            for person in json.loads(body)["event"]["approvers"]
        }
        return wanted <= sent

    def close(self) -> None:
        """Close what was opened."""
        self.page.close()
        if self._db is not None:
            self._db.close()

    def soon(self, over: Over, what: str, seconds: float) -> None:
        """Wait until something is so; the clock is moved where the bot waits for time to pass."""
        for _ in range(LOOKS):
            with suppress(Stuck):
                self.wait(over, what, SHORT_SECONDS)
                return
            self.advance(seconds)
        self.wait(over, what)

    def _patience(self, what: str, seconds: float = PATIENCE_SECONDS) -> Iterator[None]:
        """Go on until so many seconds have passed since the bot died last."""
        deaths, until = self.bot.deaths, time.monotonic() + seconds
        while time.monotonic() < until:
            if self.bot.wrong:
                raise Stuck(f"{self.bot.wrong}\n{self._where()}")
            if self.bot.deaths != deaths:
                deaths, until = self.bot.deaths, time.monotonic() + seconds
            yield
        raise Stuck(f"{what}\n{self._where()}")

    def _where(self) -> str:
        events = [one for (one,) in self.rows("SELECT type FROM events ORDER BY seq")]
        waiting = self.rows(
            "SELECT key, state, attempts, due FROM effects WHERE state IN ('pending', 'leased')"
        )
        offered = [sorted(_actions(one)) for one in self.messages(MAIN_CHANNEL)]
        return f"{events}\n{waiting}\n{offered[-4:]}\n{sorted(self.bot.killed())[-5:]}"

    # --- what people see -----------------------------------------------------------------------

    def messages(self, channel: str) -> list[Message]:
        """Return what a channel shows to everybody, oldest first."""
        found = list(self.sandbox.slack.workspace.channels[channel].messages.values())
        return [one for one in found if one.ephemeral_for is None]

    def find(self, act: str) -> Message | None:
        """Return the newest message that offers *act*."""
        return next((m for m in reversed(self.messages(MAIN_CHANNEL)) if act in _actions(m)), None)

    def modal(self, who: str) -> View | None:
        """Return the modal that a person has on top."""
        stack = self.sandbox.slack.views.stack(who)
        return stack[-1] if stack else None

    # --- what people do ------------------------------------------------------------------------

    def press(self, who: str, act: str, over: Over) -> None:
        """Let somebody press a button until it has worked."""
        self._until(over, lambda: self._click(who, act), f"{who} presses {act}")

    def type(self, who: str, words: str, over: Over) -> None:
        """Let somebody type the command until it has worked."""
        text = f"{COMMAND} {words}".strip()

        def send() -> bool:
            return self.people[who].command(text, MAIN_CHANNEL).acknowledged

        self._until(over, send, f"{who} types {text}")

    def fill(
        self,
        who: str,
        act: str,
        form: str,
        values: Values,
        over: Over,
        *,
        prepare: Callable[[View], bool] = lambda _: True,
        close: bool = False,
    ) -> None:
        """Let somebody open a modal with a button and submit it, until that has worked.

        With *close* they close it as soon as that was taken.
        """

        def do() -> bool:
            if not self._opened(who, form, lambda: self._click(who, act)):
                return False
            view = self.modal(who)
            sent = view is not None and prepare(view) and self._submit(who, values)
            if close:
                self._close_all(who)
            return sent

        self._until(over, do, f"{who} fills in {form}")
        self._close_all(who)

    def submit_over(self, who: str, form: str, values: Values, block: str) -> None:
        """Let somebody submit a modal that was opened above another one; its options are typed."""

        def there() -> bool:
            view = self.modal(who)
            return view is not None and view.definition.get("callback_id") == form

        with suppress(Stuck):
            self.wait(there, form, ANSWER_SECONDS)
        view = self.modal(who)
        if there() and view is not None:
            (action,) = values[block]
            self.suggest(view, action, block, "")
            self._submit(who, values)

    def whispered(self, who: str) -> Over:
        """Return what says whether the bot has told somebody something in private again."""

        def number() -> int:
            found = list(self.sandbox.slack.workspace.channels[MAIN_CHANNEL].messages.values())
            return sum(one.ephemeral_for == who and one.by_bot for one in found)

        before = number()
        return lambda: number() > before

    def looks_home(self, who: str) -> None:
        """Let somebody open the app's home until it shows something."""

        def look() -> bool:
            self.people[who].home()
            return True

        self._until(lambda: self.sandbox.slack.views.home(who), look, f"{who} looks at the home")

    def fill_typed(self, who: str, words: str, form: str, values: Values, over: Over) -> None:
        """Let somebody open a modal with the command and submit it, until that has worked."""
        text = f"{COMMAND} {words}".strip()

        def send() -> bool:
            return self.people[who].command(text, MAIN_CHANNEL).acknowledged

        self._until(
            over,
            lambda: self._opened(who, form, send) and self._submit(who, values),
            f"{who} fills in {form}",
        )
        self._close_all(who)

    def use(
        self, who: str, act: str, form: str, within: Callable[[View], object], over: Over
    ) -> None:
        """Let somebody open a modal and do something in it, until that has worked."""

        def do() -> bool:
            if not self._opened(who, form, lambda: self._click(who, act)):
                return False
            view = self.modal(who)
            if view is not None:
                within(view)
            return True

        self._until(over, do, f"{who} uses {form}")
        self._close_all(who)

    def act(self, view: View, action: str, value: Any, block: str | None = None) -> bool:
        """Let the one who has *view* open use an element of it."""
        container = {"type": "view", "view_id": view.id}
        return self.people[view.user].act(container, action, value, block).acknowledged

    def suggest(self, view: View, action: str, block: str, typed: str) -> bool:
        """Let the one who has *view* open search in a picker; say whether anything is offered."""
        body = {
            "user": view.user,
            "container": {"type": "view", "view_id": view.id},
            "block_id": block,
            "action_id": action,
            "query": typed,
        }
        return bool(self.page.post("/sandbox/suggest", body).get("options"))

    def _until(self, over: Over, do: Callable[[], object], what: str) -> None:
        patience = self._patience(what)
        while not over():
            next(patience)
            taken: object = False
            # What is gone meanwhile, a button, a modal, a person looks for again.
            with suppress(Refused):
                taken = do()
            if taken:
                with suppress(Stuck):
                    self.wait(over, what, ANSWER_SECONDS)
            else:
                time.sleep(LOOK_SECONDS)

    def _click(self, who: str, act: str) -> bool:
        message = self.find(act)
        if message is None:
            return False
        container = {"type": "message", "channel": message.channel, "ts": message.ts}
        return self.people[who].act(container, act).acknowledged

    def _opened(self, who: str, form: str, ask: Callable[[], bool]) -> bool:
        """Open a modal; False where it does not come."""

        def there() -> bool:
            view = self.modal(who)
            return view is not None and view.definition.get("callback_id") == form

        self._close_all(who)
        if not ask():
            return False
        with suppress(Stuck):
            self.wait(there, form, ANSWER_SECONDS)
        return there()

    def _submit(self, who: str, values: Values) -> bool:
        view = self.modal(who)
        if view is None:
            return False
        answer = self.page.post(f"/sandbox/views/{view.id}/submit", {"user": who, "values": values})
        return bool(answer.get("acknowledged"))

    def _close_all(self, who: str) -> None:
        while (view := self.modal(who)) is not None:
            self.page.post(f"/sandbox/views/{view.id}/close", {"user": who})

    # --- the vendors, and time -------------------------------------------------------------------

    def owner(self, name: str) -> str:
        """Return the id of the HubSpot owner whose e-mail begins with *name*."""
        state = self.page.hubspot.state()
        owners = [*state["owners"], *state["archived_owners"]]
        return next(str(one["id"]) for one in owners if one["email"].startswith(name))

    def wait_for_files(self, begins: str, number: int) -> list[File]:
        """Wait until so many files that are called like this lie in the channel."""

        def found() -> list[File]:
            files = [file for one in self.messages(MAIN_CHANNEL) for file in one.files]
            return [file for file in files if file.name.startswith(begins)]

        self.wait(lambda: len(found()) >= number, f"a file {begins}")
        return found()

    def uninstall(self, who: str) -> None:
        """Let somebody uninstall the package in Setup, and wait until it is gone."""
        self.page.salesforce.uninstall(who, keep_copy=True)
        package = self.sandbox.salesforce.package
        self.wait(lambda: not package.installed, "the package to be gone")

    def fault(self, service: str, match: str, kind: str, **more: Any) -> None:
        """Arm a fault."""
        self.page.add_fault(service, match, kind, **more)

    def clear_faults(self) -> None:
        """Disarm all faults."""
        self.page.clear_faults()

    def deactivate(self, who: str) -> None:
        """Let somebody's Slack account be closed, and the bot learn of it at once."""
        slack = self.sandbox.slack
        become(slack, slack.workspace.people[who], KINDS["deactivated"])
        deaths = self.bot.deaths
        self.bot.kill()
        self.wait(lambda: self.bot.deaths > deaths, "the bot's end")

    @contextmanager
    def without_scope(self, scope: str) -> Iterator[None]:
        """Take a scope from the HubSpot token for a while."""
        hubspot = self.sandbox.hubspot
        hubspot.scopes_missing |= {scope}
        yield
        hubspot.scopes_missing -= {scope}

    def advance(self, seconds: float) -> None:
        """Move the sandbox's clock, and the bot's with it."""
        self.page.advance(seconds, stops=False)
        self.bot.offset.value = self.sandbox.world.clock.offset

    def advance_to(self, moment: float) -> None:
        """Move the clock to a time, in seconds since the epoch."""
        self.advance(moment - self.sandbox.world.clock.timestamp())


def _actions(message: Message) -> set[str]:
    return {one.action_id for one in elements(message.blocks or [])}


__all__ = ["AUDIT_CHANNEL", "MAIN_CHANNEL", "Stage", "Stuck", "serving"]
