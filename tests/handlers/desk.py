"""A desk with Slack on it: people click, type and submit; every answer is checked as Slack would.

Deliveries go through what :func:`handlers.register.register` registered, without Bolt.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, cast

from slack_bolt import App, BoltResponse
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from handlers.actions import Act, Ref
from handlers.ports import Reports, Services
from handlers.register import register
from sandbox.slack.blocks import check_reply, check_view
from sandbox.slack.elements import suggestions
from tests.handlers import payloads
from tests.handlers.engine import FakeClock, FakeEngine, FakeOwners, FakePeople, services
from tests.handlers.payloads import Payload
from tests.handlers.runs import START, Story
from workflows.rules.approval import shown

Listener = Callable[..., Any]


def plain(value: Any) -> Any:
    """Turn slack_sdk's models into what goes over the wire."""
    if hasattr(value, "to_dict"):
        return plain(value.to_dict())
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def words_of(value: Any) -> str:
    """Return every text in blocks or a view, one a line."""
    if isinstance(value, dict):
        own = [value["text"]] if isinstance(value.get("text"), str) else []
        said = [*own, *(words_of(item) for item in value.values())]
    else:
        said = [words_of(item) for item in value] if isinstance(value, list) else []
    return "\n".join(text for text in said if text)


@dataclass
class Answer:
    """What came back for one delivery, in order: ('ack' | 'say' | 'open' | …, what)."""

    steps: list[tuple[str, Payload]] = field(default_factory=list)
    error_response: BoltResponse | None = None

    def all(self, kind: str) -> list[Payload]:
        return [what for name, what in self.steps if name == kind]

    @property
    def ack(self) -> Payload:
        """The one acknowledgement; it comes before anything else is sent to Slack."""
        assert [name for name, _ in self.steps].index("ack") == 0, "not acknowledged first"
        (ack,) = self.all("ack")
        return ack

    @property
    def said(self) -> str:
        """The one ephemeral answer."""
        (said,) = self.all("say")
        assert said["response_type"] == "ephemeral"
        assert said["replace_original"] is False
        return f"{said['text']}\n{words_of(said.get('blocks', []))}"

    @property
    def view(self) -> Payload:
        """The one view that was opened, pushed, shown anew, or put in place of the modal."""
        shown = [what["view"] for name, what in self.steps if name != "ack" and "view" in what]
        shown += [ack["view"] for ack in self.all("ack") if "view" in ack]
        (view,) = shown
        return cast(Payload, view)

    @property
    def text(self) -> str:
        """Everything that the one shown view says."""
        return words_of(self.view["blocks"])

    @property
    def errors(self) -> Payload:
        assert self.ack["response_action"] == "errors"
        return cast(Payload, self.ack["errors"])


class Registry:
    """Takes registrations like Bolt's App, and finds listeners in their order."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, Any, Listener]] = []
        self.error_handler: Listener | None = None

    def __getattr__(self, kind: str) -> Callable[[Any], Callable[[Listener], Listener]]:
        def constrain(constraint: Any) -> Callable[[Listener], Listener]:
            def keep(listener: Listener) -> Listener:
                self.rows.append((kind, constraint, listener))
                return listener

            return keep

        return constrain

    def error(self, handler: Listener) -> Listener:
        self.error_handler = handler
        return handler

    def find(self, kind: str, name: str) -> Listener:
        for registered, constraint, listener in self.rows:
            exact = constraint == name
            matches = isinstance(constraint, re.Pattern) and constraint.fullmatch(name)
            if registered == kind and (exact or matches):
                return listener
        raise LookupError(f"nobody listens to {kind} {name}")


class FakeClient:
    """Slack's Web API: keeps what is shown, and refuses like Slack."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.fail: dict[str, list[str]] = {}

    def __getattr__(self, method: str) -> Callable[..., None]:
        def call(**arguments: Any) -> None:
            failures = self.fail.get(method)
            if failures:
                refused: Callable[..., Exception] = SlackApiError
                raise refused("refused", {"ok": False, "error": failures.pop(0)})
            self._desk.called(method, plain(arguments))

        return call


class Desk:
    """One workspace. ``modal`` is the view that is open."""

    def __init__(self, story: Story | None = None, reports: Reports | None = None) -> None:
        self.clock = FakeClock(START)
        self.engine = FakeEngine(self.clock)
        self.owners = FakeOwners()
        given = services(self.engine, self.clock, self.owners)
        self.services: Services = replace(given, reports=reports)
        self.client = FakeClient(self)
        self.modal: Payload = {}
        self.home: Payload = {}
        self.registry = Registry()
        register(cast(App, self.registry), self.services)
        self._counter = itertools.count(1)
        self._answer = Answer()
        if story is not None:
            self.engine.adopt(story)

    # People

    def slash(self, user: str, text: str = "", trigger: str = "") -> Answer:
        body = payloads.command(user, text, trigger or f"1.{next(self._counter)}")
        return self.deliver("command", body["command"], body)

    def click(
        self, user: str, act: Act, ref: Ref | str | None = None, ts: str | None = None
    ) -> Answer:
        if ref is None:
            ref = self.approval if act is Act.APPROVE else self.ref
        value = str(ref)
        action = payloads.button(act.value, value, ts or self.ts())
        return self.act(payloads.message_click(user, action))

    def press(self, user: str, act: Act, value: str = "", view: Payload | None = None) -> Answer:
        """Press a button in the open modal, or another *view*."""
        action = payloads.button(act.value, value, self.ts())
        return self.act(payloads.view_action(user, view or self.modal, action))

    def pick(self, user: str, act: Act, value: str, block_id: str) -> Answer:
        action = payloads.pick(act.value, value, self.ts(), block_id)
        return self.act(payloads.view_action(user, self.modal, action))

    def submit(self, user: str, values: Payload) -> Answer:
        body = payloads.submission(user, self.modal, values)
        return self.deliver("view", self.modal["callback_id"], body)

    def suggest(self, user: str, act: Act, query: str) -> list[Payload]:
        body = payloads.suggestion(user, self.modal, act.value, "b", query)
        answer = self.deliver("options", act.value, body)
        faults: list[str] = []
        suggestions(answer.ack, faults)
        assert not faults
        return cast(list[Payload], answer.ack["options"])

    def act(self, body: Payload) -> Answer:
        return self.deliver("action", str(body["actions"][0].get("action_id")), body)

    # Slack

    @property
    def ref(self) -> Ref:
        run = self.engine.one
        return Ref(run.id, run.prompt_version)

    @property
    def approval(self) -> Ref:
        """What the approval's button carries."""
        return replace(self.ref, digest=shown(self.engine.one) or "0" * 12)

    def ts(self) -> str:
        return f"1700000000.{next(self._counter):06}"

    def deliver(self, kind: str, name: str, body: Payload) -> Answer:
        """Deliver a payload; unknown errors go to the error handler, as in Bolt."""
        self._answer = answer = Answer()
        listener = self.registry.find(kind, name)
        try:
            listener(ack=self.ack, body=body, respond=self.respond, client=self._web)
        except Exception as error:
            handler = self.registry.error_handler
            assert handler is not None
            given = None if answer.all("ack") else BoltResponse(status=500)
            answer.error_response = handler(
                error=error, body=body, respond=self.respond, client=self._web, response=given
            )
        return answer

    @property
    def _web(self) -> WebClient:
        return cast(WebClient, self.client)

    def ack(self, **given: Any) -> None:
        reply = plain(given)
        if "view" in reply:
            self._check(reply["view"])
        for block_id in reply.get("errors", {}):
            inputs = [b["block_id"] for b in self.modal["blocks"] if b["type"] == "input"]
            assert block_id in inputs, f"no input {block_id}"
        self._answer.steps.append(("ack", reply))
        if reply.get("response_action") == "update":
            self._show(reply["view"])

    def respond(self, **given: Any) -> None:
        reply = plain(given)
        assert not check_reply(reply)
        assert len(reply.get("blocks", [])) <= 50
        self._answer.steps.append(("say", reply))

    def called(self, method: str, arguments: Payload) -> None:
        self._check(arguments["view"])
        self._answer.steps.append((method, arguments))
        if method == "views_publish":
            self.home = {"id": "VHOME", "hash": "1.h", **arguments["view"]}
        elif method != "views_push":
            self._show(arguments["view"])

    def _show(self, view: Payload) -> None:
        number = next(self._counter)
        self.modal = {"id": self.modal.get("id", "V111"), "hash": f"1.{number}", **view}

    def _check(self, view: Payload) -> None:
        faults = check_view(view, view["type"])
        assert not faults, faults

    @property
    def people(self) -> FakePeople:
        return cast(FakePeople, self.services.people)
