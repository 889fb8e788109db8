"""What truly happened at the sandbox's HubSpot: calls, readings that arrived, and writes."""

from __future__ import annotations

import json
import re
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.hubspot.history import API, Source
from sandbox.hubspot.records import Table
from sandbox.hubspot.schema import OWNER, Value
from sandbox.hubspot.service import HubSpot

_OBJECT = re.compile(r"/crm/v3/objects/([^/]+)/(search|batch/read|batch/update)$")
Key = tuple[str, str]
"""Object type and record id."""


@dataclass(frozen=True)
class Write:
    """One owner that was written to one record; ``number`` is its place among all that happened."""

    number: int
    old: str | None
    new: str | None
    ours: bool


@dataclass
class Call:
    """One request of the bot: when it came, and when its answer left (None: none did, or half).

    ``what``: search, read, history, update or other.
    """

    number: int
    what: str
    object_type: str
    ids: tuple[str, ...] = ()
    owners: Mapping[str, str | None] = field(default_factory=dict)
    answered: int | None = None


class Witness:
    """An ASGI application around HubSpot's: it sees what was sent, not what was meant.

    ``at`` holds what is to be done when the call with this number (of its kind) has come, or when
    its answer is about to leave: (what, "before" or "after", how many calls of the kind) -> do.
    """

    def __init__(self, hubspot: HubSpot) -> None:
        self.hubspot = hubspot
        self.calls: list[Call] = []
        self.writes: dict[Key, list[Write]] = defaultdict(list)
        self.readings: dict[Key, list[tuple[int, str | None]]] = defaultdict(list)
        self.seen: dict[Key, int] = {}
        """Records that a search page showed, and when first."""
        self.at: dict[tuple[str, str, int], Callable[[], None]] = {}
        self._counts: dict[str, int] = defaultdict(int)
        self._numbers = count(1)
        self._write = hubspot.write
        self.app: ASGIApp | None = None
        vars(hubspot)["write"] = self._note_write

    def mark(self) -> int:
        """Return the number of this moment."""
        return next(self._numbers)

    def count(self, *whats: str, since: int = 0) -> int:
        """Count the calls of some kinds since a moment."""
        return sum(call.what in whats for call in list(self.calls) if call.number > since)

    def made(self, what: str) -> int:
        """Return how many calls of a kind have come so far."""
        return self._counts[what]

    def soon(self, what: str, when: str, nth: int, do: Callable[[], None]) -> threading.Event:
        """Let *do* be done at the *nth* call of a kind from now on; the event says that it was."""
        done = threading.Event()

        def once() -> None:
            do()
            done.set()

        self.at[what, when, self._counts[what] + nth] = once
        return done

    def wait_for_silence(self, seconds: float = 0.1) -> None:
        """Wait until no call has come for a while: what a dead process had sent still comes."""
        before = -1
        while before != len(self.calls):
            before = len(self.calls)
            time.sleep(seconds)

    def _note_write(
        self, table: Table, keys: Sequence[int], changes: Mapping[str, Value], source: Source
    ) -> None:
        if OWNER in changes:
            new = changes[OWNER]
            for key in keys:
                write = Write(
                    next(self._numbers),
                    table.owner_of(key),
                    str(new) if new else None,
                    source == API,
                )
                self.writes[table.schema.name, str(key)].append(write)
        self._write(table, keys, changes, source)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self.app is not None
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        said, answer = bytearray(), bytearray()
        call: Call | None = None

        async def hear() -> Message:
            nonlocal call
            message = await receive()
            if message["type"] == "http.request":
                said.extend(message.get("body", b""))
                if call is None and not message.get("more_body", False):
                    call = self._came(scope["path"], bytes(said))
            return message

        async def tell(message: Message) -> None:
            nonlocal call
            if message["type"] == "http.response.start":
                call = call or self._came(scope["path"], bytes(said))
                call.answered = next(self._numbers)
                self._do(call, "after")
            elif message["type"] == "http.response.body":
                answer.extend(message.get("body", b""))
                if not message.get("more_body", False) and call is not None:
                    self._arrived(call, bytes(answer))
            await send(message)

        await self.app(scope, hear, tell)

    def _came(self, path: str, said: bytes) -> Call:
        found = _OBJECT.search(path)
        data: Any = json.loads(said) if said else {}
        what = found[2].rpartition("/")[2] if found else "other"
        if what == "read" and data.get("propertiesWithHistory"):
            what = "history"
        ids = tuple(str(one["id"]) for one in data.get("inputs", ()))
        call = Call(next(self._numbers), what, found[1] if found else "", ids)
        self.calls.append(call)
        self._counts[what] += 1
        self._do(call, "before")
        return call

    def _do(self, call: Call, when: str) -> None:
        if (do := self.at.pop((call.what, when, self._counts[call.what]), None)) is not None:
            do()

    def _arrived(self, call: Call, answer: bytes) -> None:
        """Take in what the bot can read of the answer."""
        try:
            data = json.loads(answer)
        except ValueError:
            call.answered = None
            return
        if call.what not in ("search", "read") or "results" not in data or call.answered is None:
            return
        call.owners = {
            str(one["id"]): one["properties"].get(OWNER) or None for one in data["results"]
        }
        for key, owner in call.owners.items():
            place = call.object_type, key
            if call.what == "read":
                self.readings[place].append((call.answered, owner))
            else:
                self.seen.setdefault(place, call.answered)
