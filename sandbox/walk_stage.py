"""What every step of the walk uses: the people, the run's thread, and patience with faults."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import TypeVar

from sandbox import walk_card
from sandbox.client import Json, Message, Modal, NotSeen, Page, Person, Place, Refused, Values
from sandbox.client_messages import Reply
from sandbox.slack.workspace import AUDIT_CHANNEL, MAIN_CHANNEL
from sandbox.walk_ids import COMMAND, Act, Block, Form
from sandbox.walk_truth import CORE, Goal, Record, Truth
from sandbox.walk_words import Words

T = TypeVar("T")
OFFER_SECONDS = 90.0
ANSWER_SECONDS = 20.0
MODAL_SECONDS = 8.0
TRIES = 5
BETWEEN_RETRIES = 4.0
MOST_SAID = 200


@dataclass
class Notes:
    """What the walk remembers for the comparison at the end."""

    before: Truth = field(default_factory=dict)
    """Every record's owner, before anything was touched."""
    salesforce_only: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset(CORE)
    """The object types that are reassigned."""
    mapping: dict[str, Goal] = field(default_factory=dict)
    """Old owner id -> who was chosen for its records."""
    failed: set[Record] = field(default_factory=set)
    """Records that HubSpot refused to change at first."""
    keep_copy: bool | None = None
    deadline: int | None = None
    reminders: dict[tuple[str, str], int] = field(default_factory=dict)
    """(channel, heading) -> how often it came; the headings expected are its keys."""
    downloaded: bool = True
    """Whether the copy was downloaded, if one was kept: P4 can be done."""


class Stage:
    """One sandbox with its people, and the run that they take through."""

    def __init__(self, page: Page, words: Words, out: Callable[[str], None]) -> None:
        self.page = page
        self.words = words
        self._out = out
        state = page.state()
        people = page.people()
        self.title = str(state["scenario"]["title"])
        self.admin, *others = [one for one in people if one.role == "administrator"]
        self.second: Person | None = others[0] if others else None
        self.approvers = [one for one in people if one.role == "approver"]
        strangers = [one for one in people if one.role in {"bystander", "salesforce_only"}]
        self.bystander: Person | None = strangers[0] if strangers else None
        self.names = {one.id: one.name for one in people}
        self.names |= {channel["id"]: channel["name"] for channel in state["channels"]}
        self.channel, self.audit_channel = MAIN_CHANNEL, AUDIT_CHANNEL
        self.place = Place(self.channel)
        self.run = ""
        self.notes = Notes()
        self.wrong: list[str] = []
        self._retried_at = 0.0

    # --- saying --------------------------------------------------------------------------------

    def say(self, key: str, how: str = "", **args: object) -> None:
        """Print one step, and *how* it is known."""
        self._line("✔", self.words(key, **args), how)

    def aside(self, key: str, **args: object) -> None:
        """Print something that happened on the way."""
        self._line("·", self.words(key, **args), "")

    def expect(self, holds: bool, key: str, why: str = "", **args: object) -> None:
        """Print whether something that must be true is; remember it if it is not."""
        sentence = self.words(key, **args)
        self._line("✔" if holds else "✘", sentence, "" if holds else why)
        if not holds:
            self.wrong.append(f"{sentence}: {why}" if why else sentence)

    def heading(self, key: str, **args: object) -> None:
        """Print a heading."""
        self._out(self.words(key, **args))

    def _line(self, mark: str, what: str, how: str) -> None:
        self._out(f"{mark} {what} — {how}" if how else f"{mark} {what}")

    def plain(self, text: str, most: int = MOST_SAID) -> str:
        """Write mrkdwn in one line for the terminal."""
        line = " ".join(walk_card.plain(text, self.names).split())
        return line if len(line) <= most else line[: most - 1] + "…"

    # --- the run -------------------------------------------------------------------------------

    def card(self) -> Message:
        """Return the control card as it is now."""
        return self.page.thread(self.channel, str(self.place.thread))[0]

    def over(self) -> bool:
        """Say whether the run is over: its card offers nothing any more."""
        return Act.OPEN_CANCEL not in self.card().actions

    def known(self, step_id: str, *, verified: bool = False) -> str:
        """Return the card's line about a step, as soon as it is done; it says how it is known.

        With *verified* somebody's word for it is not enough.
        """
        wanted = {"verified"} if verified else walk_card.DONE

        def done() -> str | None:
            step = walk_card.step(self.card(), step_id)
            return step.line if step is not None and step.mark in wanted else None

        what = f"{step_id} {'verified' if verified else 'done'} on the card"
        return self.plain(self.page.wait_for(done, what))

    # --- prompts -------------------------------------------------------------------------------

    def offered(self, who: Person, *acts: Act, after: str = "0") -> tuple[Act, Message]:
        """Wait until *who* is offered one of *acts* in a message newer than *after*.

        Where the run is blocked meanwhile, its administrator presses *Try again*.
        """

        def look() -> tuple[Act, Message] | None:
            self._unblock()
            for act in acts:
                message = who.find(act, self.place, after)
                if message is not None:
                    return act, message
            return None

        return self._patiently(look, f"the offer of {' or '.join(acts)} to {who.name}", who)

    def offered_or_over(self, who: Person, *acts: Act) -> Act | None:
        """Wait like :meth:`offered`; return None if the run ended instead."""

        def look() -> tuple[Act | None] | None:
            if self.over():
                return (None,)
            self._unblock()
            return next(((act,) for act in acts if who.find(act, self.place)), None)

        return self._patiently(look, f"the offer of {' or '.join(acts)}, or the end", who)[0]

    def _patiently(self, look: Callable[[], T | None], what: str, who: Person) -> T:
        """Wait as long as the bot is at work at HubSpot: thousands of records take their time."""
        while True:
            before = self.page.log("hubspot", limit=1)
            try:
                show = (who, self.place)
                return self.page.wait_for(look, what, timeout=OFFER_SECONDS, show=show)
            except NotSeen:
                if self.page.log("hubspot", limit=1) == before:
                    raise

    def _unblock(self) -> None:
        if time.monotonic() - self._retried_at < BETWEEN_RETRIES:
            return
        card = self.card()
        if Act.RETRY not in card.actions:
            return
        self._retried_at = time.monotonic()
        why = next((line for line in card.said.splitlines() if line.startswith("⛔")), "")
        self.aside("unblocked", why=self.plain(why), who=self.admin.name)
        self.admin.click_on(card, Act.RETRY)

    def press(self, who: Person, act: Act, *, after: str = "0") -> Message:
        """Let *who* press a button as soon as it is offered; return the message it was in."""
        _, message = self.offered(who, act, after=after)
        self.click(who, message, act)
        return message

    def click(self, who: Person, message: Message, act: Act) -> None:
        """Let *who* press a button of *message*; again where Slack says that it failed."""
        for _ in range(TRIES):
            try:
                if who.click_on(message, act).acknowledged:
                    return
            except Refused as refused:
                if refused.code == "element_not_found":  # it was answered meanwhile
                    return
                raise
            self._again(who)
        raise NotSeen(f"{who.name} pressed {act} {TRIES} times, and the app never answered.")

    def _again(self, who: Person) -> None:
        self.aside("again", who=who.name)
        time.sleep(1)

    # --- modals --------------------------------------------------------------------------------

    def open(self, who: Person, act: Act, form: Form, *, after: str = "0") -> Modal:
        """Let *who* press a button that opens a modal; again where none comes."""
        for last in [False] * (TRIES - 1) + [True]:
            self.close_all(who)
            self.press(who, act, after=after)
            try:
                return who.wait_modal(form, timeout=MODAL_SECONDS)
            except NotSeen:
                if last:
                    raise
                self._again(who)
        raise AssertionError("the last try returns or raises")

    def close_all(self, who: Person) -> None:
        """Close every modal that *who* has open."""
        while (modal := who.modal()) is not None:
            modal.close()

    def fill(self, who: Person, modal: Modal, values: Values) -> None:
        """Fill in and submit; the app must take it."""
        for _ in range(TRIES):
            reply = modal.submit(values)
            if reply.errors:
                raise NotSeen(f"{who.name}: “{modal.callback_id}” was refused: {reply.errors}")
            top = who.modal()
            closed = top is None or top.id != modal.id
            if closed or (reply.acknowledged and reply.action == "update"):
                if top is not None and top.callback_id == modal.callback_id:
                    raise NotSeen(f"{who.name}: “{modal.callback_id}” was refused: {top.said}")
                return
            self._again(who)
        raise NotSeen(f"{who.name}: “{modal.callback_id}” was never taken.")

    def refused_in(self, modal: Modal, values: Values, block: Block) -> str:
        """Submit what must be refused at the input *block*; return the sentence."""
        reply = modal.submit(values)
        if not reply.errors.get(block):
            raise NotSeen(f"“{modal.callback_id}” took what it must refuse ({block}).")
        return reply.errors[block]

    def open_over(self, who: Person, modal: Modal, act: Act, block: str, form: Form) -> Modal:
        """Use an element of a modal that opens another one above it; again where none comes."""
        for _ in range(TRIES - 1):
            modal.act(act, None, block)
            try:
                return who.wait_modal(form, timeout=MODAL_SECONDS)
            except NotSeen:
                self._again(who)
        return who.wait_modal(form, timeout=MODAL_SECONDS)

    def use(
        self, who: Person, modal: Modal, act: str, value: str | None = None, block: str = ""
    ) -> Modal:
        """Use an element of a modal that draws it anew; return the new one."""
        for _ in range(TRIES):
            reply = modal.act(act, value, block or None)
            if reply.acknowledged:
                return modal.redrawn(f"“{modal.callback_id}” after {act}")
            self._again(who)
            top = who.modal()
            if top is not None and top.hash != modal.hash:
                return top
        raise NotSeen(f"{who.name}: {act} in “{modal.callback_id}” was never answered.")

    def read_through(self, who: Person, act: Act, form: Form) -> str:
        """Open a modal that is only read, turn all its pages; return how many there were."""
        return self.words("pages", count=len(self.pages(who, act, form)))

    def pages(self, who: Person, act: Act, form: Form) -> list[Modal]:
        """Open a modal, turn all its pages, and close it; return the pages."""
        modal = self.open(who, act, form)
        pages = [modal]
        while any(one.block_id == "pages" and one.action_id == Act.PAGE_NEXT
                  for one in modal.elements):  # fmt: skip
            modal = self.use(who, modal, Act.PAGE_NEXT, block="pages")
            pages.append(modal)
        self.close_all(who)
        return pages

    # --- private answers -----------------------------------------------------------------------

    def ask(self, who: Person, words: str = "") -> Message:
        """Type the command; return the answer that only *who* sees."""
        text = f"{COMMAND} {words}".strip()
        return self._answer_to(who, lambda: who.command(text, self.channel), text)

    def refused(self, who: Person, message: Message, act: Act, value: str | None = None) -> str:
        """Let *who* press what they may not; return the refusal that they see.

        With *value* the click is forged: the button need not be there any more.
        """

        def click() -> Reply:
            if value is None:
                return who.click_on(message, act)
            return who.force(message, {"action_id": act, "value": value})

        return self.plain(self._answer_to(who, click, f"the refused {act}").said)

    def _answer_to(self, who: Person, doing: Callable[[], Reply], what: str) -> Message:
        before = _stamps(who.private(self.place))
        for _ in range(TRIES):
            reply = doing()

            def answer() -> Message | None:
                fresh = [one for one in who.private(self.place) if one.ts not in before]
                return next((one for one in reversed(fresh) if one.by_bot), None)

            if reply.acknowledged:
                found = f"the answer to {what}"
                show = (who, self.place)
                return self.page.wait_for(answer, found, timeout=ANSWER_SECONDS, show=show)
            self._again(who)
        raise NotSeen(f"{who.name}: {what} was never answered.")


def _stamps(messages: Collection[Message]) -> frozenset[str]:
    return frozenset(message.ts for message in messages)


def value_of(message: Message, act: Act) -> str:
    """Return what a button carries, to click it again when it is stale."""
    element = message.element(act)
    if element is None:
        raise NotSeen(f"there is no {act} in: {message.text}")
    return str(element.definition["value"])


def owners_of(state: Json) -> list[Json]:
    """Return all owners of HubSpot's state, archived ones too."""
    return [*state["owners"], *state["archived_owners"]]
