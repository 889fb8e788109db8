"""A program as the people of the sandbox: a small client of its JSON API (sandbox/README.md).

    page = Page("http://127.0.0.1:8080/")
    ada = page.person("U0ADA00001")
    ada.command("/uninstall-salesforce", "C0SUNSET01")
    modal = ada.wait_modal("start")
    modal.submit({"reason": {"value": "other"}})

Nothing here knows what the bot is about. Whatever the sandbox refuses is a :class:`Refused`; what
does not come in time is a :class:`NotSeen` that shows the last messages.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import requests

from sandbox.client_messages import (
    Element,
    Json,
    Message,
    NotSeen,
    Place,
    Refused,
    Reply,
    elements,
    texts,
)
from sandbox.client_vendors import HubSpot, Salesforce

__all__ = [
    "Json",
    "Message",
    "Modal",
    "NotSeen",
    "Page",
    "Person",
    "Place",
    "Refused",
    "Reply",
    "Values",
]

T = TypeVar("T")
Values = dict[str, dict[str, Any]]
"""What is filled into a modal: `{block_id: {action_id: value}}`."""

REQUEST_SECONDS = 120.0
"""A move of the clock with many stops takes this long at most."""
LOOK_SECONDS = 0.08
WAIT_SECONDS = 30.0
SHOWN_MESSAGES, SHOWN_CHARACTERS = 5, 160


class Modal:
    """The modal that a person has on top, as it was when it was looked at."""

    def __init__(self, person: Person, view: Json) -> None:
        self._person = person
        self.view = view

    @property
    def id(self) -> str:
        """Slack's id of the view."""
        return str(self.view["id"])

    @property
    def hash(self) -> str:
        """Changes whenever the app draws the modal anew."""
        return str(self.view["hash"])

    @property
    def callback_id(self) -> str:
        """The app's name for this kind of modal."""
        return str(self.view.get("callback_id") or "")

    @property
    def said(self) -> str:
        """Everything that can be read in it."""
        return "\n".join(texts([self.view.get("title"), self.view["blocks"]]))

    @property
    def elements(self) -> list[Element]:
        """Its interactive elements."""
        return list(elements(self.view["blocks"]))

    def element(self, action_id: str) -> Element | None:
        """Return the first element with this id."""
        return next((one for one in self.elements if one.action_id == action_id), None)

    def submit(self, values: Values | None = None) -> Reply:
        """Fill in *values* and press the submit button; what is left out stays as it is."""
        body = {"user": self._person.id, "values": values or {}}
        return Reply.of(self._person.page.post(f"/sandbox/views/{self.id}/submit", body))

    def act(self, action_id: str, value: Any = None, block_id: str | None = None) -> Reply:
        """Click a button in it, or pick a value."""
        return self._person.act(self._container, action_id, value, block_id)

    def suggest(self, action_id: str, query: str, block_id: str) -> list[Json]:
        """Type *query* into an external select; return the options that it offers."""
        body = {
            "user": self._person.id,
            "container": self._container,
            "block_id": block_id,
            "action_id": action_id,
            "query": query,
        }
        return list(self._person.page.post("/sandbox/suggest", body)["options"])

    def redrawn(self, what: str, timeout: float = WAIT_SECONDS) -> Modal:
        """Wait until the app has drawn it anew; return it as it is then."""

        def fresh() -> Modal | None:
            modal = self._person.modal()
            return modal if modal is not None and modal.hash != self.hash else None

        return self._person.page.wait_for(fresh, what, timeout=timeout)

    def close(self) -> None:
        """Close it."""
        body = {"user": self._person.id}
        self._person.page.post(f"/sandbox/views/{self.id}/close", body)

    @property
    def _container(self) -> Json:
        return {"type": "view", "view_id": self.id}


class Person:
    """Somebody of the workspace, at the keyboard."""

    def __init__(self, page: Page, data: Json) -> None:
        self.page = page
        self.id = str(data["id"])
        self.name = str(data["name"])
        self.role = str(data["role"])
        self.locale = str(data["locale"])

    # What they see

    def sees(self, place: Place) -> list[Message]:
        """Return the messages of a channel and of the thread in it, oldest first, each once."""
        found = self.page.messages(place.channel, self.id)
        if place.thread is not None:
            found += self.page.thread(place.channel, place.thread, self.id)
        once = {message.ts: message for message in found}
        return [once[ts] for ts in sorted(once, key=float)]

    def find(self, action_id: str, place: Place, after: str = "0") -> Message | None:
        """Return the newest message with this element that is newer than *after* (a ts)."""
        for message in reversed(self.sees(place)):
            if float(message.ts) <= float(after):
                return None
            if action_id in message.actions:
                return message
        return None

    def private(self, place: Place) -> list[Message]:
        """Return the messages that only this person sees there, oldest first."""
        return [message for message in self.sees(place) if message.ephemeral]

    def modal(self) -> Modal | None:
        """Return the modal on top, if one is open."""
        views = self.page.get(f"/sandbox/people/{self.id}/views")["views"]
        return Modal(self, views[-1]) if views else None

    def wait_modal(self, callback_id: str, timeout: float = WAIT_SECONDS) -> Modal:
        """Wait until the modal of this kind is on top."""

        def there() -> Modal | None:
            modal = self.modal()
            return modal if modal is not None and modal.callback_id == callback_id else None

        return self.page.wait_for(there, f"the modal “{callback_id}”", timeout=timeout)

    def home(self) -> Json | None:
        """Open the App Home; return the view published so far."""
        view: Json | None = self.page.get(f"/sandbox/people/{self.id}/home")["view"]
        return view

    # What they do

    def command(self, text: str, channel: str) -> Reply:
        """Type a slash command."""
        body = {"user": self.id, "channel": channel, "text": text}
        return Reply.of(self.page.post("/sandbox/command", body))

    def click(self, action_id: str, place: Place, timeout: float = WAIT_SECONDS) -> Reply:
        """Click in the newest message that has this element, as soon as there is one."""
        what = f"a message with “{action_id}”"
        found = self.page.wait_for(
            lambda: self.find(action_id, place), what, timeout=timeout, show=(self, place)
        )
        return self.click_on(found, action_id)

    def click_on(self, message: Message, action_id: str, value: Any = None) -> Reply:
        """Click a button, or pick a value, in *message*."""
        return self.act(_in(message), action_id, value)

    def act(
        self, container: Json, action_id: str, value: Any = None, block_id: str | None = None
    ) -> Reply:
        """Use an element of a message or view (`container`: sandbox/README.md)."""
        body = {"user": self.id, "container": container, "action_id": action_id, "value": value}
        if block_id is not None:
            body["block_id"] = block_id
        return Reply.of(self.page.post("/sandbox/act", body))

    def upload(self, name: str, content: bytes) -> str:
        """Pick a file for a file input; return its id, which is the input's value."""
        return str(self.page.upload(self.id, name, content)["id"])

    def force(self, message: Message, action: Json) -> Reply:
        """Send *action* as if *message* still had the element: a stale or forged click."""
        body = {"user": self.id, "container": _in(message), "force": True, "action": action}
        return Reply.of(self.page.post("/sandbox/act", body))


def _in(message: Message) -> Json:
    return {"type": "message", "channel": message.channel, "ts": message.ts}


class Page:
    """One sandbox, at the address that it prints as SANDBOX_PAGE."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._session = requests.Session()
        # A proxy of the environment does not lead to 127.0.0.1.
        self._session.trust_env = False
        self.hubspot = HubSpot(self)
        self.salesforce = Salesforce(self)

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def get(self, path: str, /, **params: str | int) -> Json:
        """Call `GET path`; :class:`Refused` for an error."""
        return _answer(
            self._session.get(self.url + path, params=params, timeout=REQUEST_SECONDS),
        )

    def post(self, path: str, body: Json, /) -> Json:
        """Call `POST path`; :class:`Refused` for an error."""
        return _answer(self._session.post(self.url + path, json=body, timeout=REQUEST_SECONDS))

    def upload(self, user: str, name: str, content: bytes) -> Json:
        """Take a person's file in; return what the sandbox says about it."""
        url, params = f"{self.url}/sandbox/files", {"user": user, "name": name}
        sent = self._session.post(url, params=params, data=content, timeout=REQUEST_SECONDS)
        return dict(_answer(sent)["file"])

    def download(self, file: str) -> bytes:
        """Return the bytes of a file; :class:`Refused` where there is none."""
        url = f"{self.url}/sandbox/files/{file}"
        answer = self._session.get(url, timeout=REQUEST_SECONDS)
        if not answer.ok:
            raise Refused("no_file", f"{url} answered {answer.status_code}.")
        return answer.content

    # Slack

    def state(self) -> Json:
        """Return clock, scenario, people, channels, and whether the bot is connected."""
        return self.get("/sandbox/state")

    def people(self) -> list[Person]:
        """Return everybody, in the scenario's order."""
        return [Person(self, data) for data in self.state()["people"]]

    def person(self, user: str) -> Person:
        """Return the person with this Slack user id."""
        for person in self.people():
            if person.id == user:
                return person
        raise Refused("user_not_found", f"There is no person {user} in this scenario.")

    def messages(self, channel: str, viewer: str | None = None) -> list[Message]:
        """Return a channel's top-level messages, oldest first."""
        params = {} if viewer is None else {"viewer": viewer}
        found = self.get(f"/sandbox/channels/{channel}/messages", **params)["messages"]
        return [Message(raw) for raw in found]

    def thread(self, channel: str, ts: str, viewer: str | None = None) -> list[Message]:
        """Return a root and its replies, oldest first."""
        params = {} if viewer is None else {"viewer": viewer}
        found = self.get(f"/sandbox/channels/{channel}/threads/{ts}", **params)["messages"]
        return [Message(raw) for raw in found]

    def scheduled(self) -> list[Json]:
        """Return the messages that wait for their time: `{id, channel, post_at, text, …}`."""
        return list(self.get("/sandbox/scheduled")["scheduled"])

    # The world

    def now(self) -> float:
        """Return the sandbox's time in epoch seconds."""
        return time.time() + float(self.get("/sandbox/clock")["offset"])

    def advance(self, seconds: float, *, stops: bool = True, marks: Sequence[float] = ()) -> None:
        """Move the clock ahead; with *stops* it pauses before each scheduled message."""
        body = {"advance": max(0.0, seconds), "stops": stops, "marks": list(marks)}
        self.post("/sandbox/clock", body)

    def log(self, service: str | None = None, since: int = 0, limit: int = 50_000) -> list[Json]:
        """Return the newest requests that the services answered, oldest first."""
        params: dict[str, str | int] = {"since": since, "limit": limit}
        if service is not None:
            params["service"] = service
        return list(self.get("/sandbox/log", **params)["log"])

    def faults(self) -> list[Json]:
        """Return the armed faults with how many requests each saw and struck."""
        return list(self.get("/sandbox/faults")["faults"])

    def add_fault(self, service: str, match: str, kind: str, **more: Any) -> None:
        """Arm a fault, as in a scenario file."""
        self.post("/sandbox/faults", {"service": service, "match": match, "kind": kind, **more})

    def clear_faults(self) -> None:
        """Disarm all faults."""
        url = f"{self.url}/sandbox/faults"
        _answer(self._session.delete(url, timeout=REQUEST_SECONDS))

    # Waiting

    def wait_for(
        self,
        condition: Callable[[], T | None],
        what: str,
        *,
        timeout: float = WAIT_SECONDS,
        show: tuple[Person, Place] | None = None,
    ) -> T:
        """Ask *condition* until it returns something true, and return that.

        Raises:
            NotSeen: it did not within *timeout* seconds (real time); names *what* and, with
                *show*, the last messages that this person sees there.
        """
        deadline = time.monotonic() + timeout
        while True:
            found = condition()
            if found:
                return found
            if time.monotonic() >= deadline:
                raise NotSeen(f"waited {timeout:g} s in vain for {what}.{_last(show)}")
            time.sleep(LOOK_SECONDS)


def _last(show: tuple[Person, Place] | None) -> str:
    if show is None:
        return ""
    person, place = show
    lines = [
        f"  {message.ts} {message.text[:SHOWN_CHARACTERS]} [{', '.join(sorted(message.actions))}]"
        for message in person.sees(place)[-SHOWN_MESSAGES:]
    ]
    return f" The last messages that {person.name} sees:\n" + "\n".join(lines)


def _answer(response: requests.Response) -> Json:
    try:
        answer: Json = response.json()
    except ValueError:
        raise Refused("no_json", f"{response.url} answered {response.status_code}.") from None
    if response.status_code >= 400 or not answer.get("ok"):
        message = answer.get("message", f"{response.url} answered {response.status_code}.")
        raise Refused(str(answer.get("error", response.status_code)), str(message))
    return answer
