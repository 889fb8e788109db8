"""The front door of a vendor's server: latency, faults and the request log.

An ASGI middleware, used by the HubSpot and the Salesforce server alike. Handlers find their
:class:`Visit` with :func:`visit`. The server must run with
:class:`sandbox.connection.DroppableProtocol`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.connection import Dropped
from sandbox.scenario import Fault, FaultKind
from sandbox.world import World

CUT = 0  # the status that the log shows for a connection closed without an answer
_REFUSALS: frozenset[FaultKind] = frozenset(
    {"429", "500", "502", "unauthorized", "locked", "migrating"}
)


@dataclass
class Visit:
    """One request on its way: the fault that strikes it, and what the log should tell of it."""

    fault: Fault | None = None
    detail: dict[str, Any] = field(default_factory=dict)


def visit(request: Request) -> Visit:
    """Return the visit that *request* belongs to."""
    found: Visit = request.scope["state"]["visit"]
    return found


class Door:
    """Lets a request in, or strikes it with the scenario's fault, and logs it.

    `refuse` makes the service's own answer for the kinds that refuse.
    """

    def __init__(
        self,
        app: ASGIApp,
        world: World,
        service: str,
        refuse: Callable[[FaultKind, Request], Response],
    ) -> None:
        self.app = app
        self.world = world
        self.service = service
        self.refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        request = f"{scope['method']} {scope['path']}"
        fault = self.world.strike(self.service, request)
        here = Visit(fault)
        scope.setdefault("state", {})["visit"] = here
        status = 500  # stands when the application raises

        async def note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            if self.world.scenario.latency:
                await asyncio.sleep(self.world.scenario.latency)
            if fault is not None and fault.kind in ("timeout", "lost_reply"):
                status = CUT
                await self._without_answer(fault, scope, receive, send)
            elif fault is not None and fault.kind in _REFUSALS:
                await self._refuse(fault.kind, Request(scope, receive), note)
            elif fault is not None and fault.kind == "garbled":
                await self.app(scope, receive, _halving(note))
            else:
                await self.app(scope, receive, note)
        finally:
            milliseconds = (time.perf_counter() - started) * 1000
            kind = fault.kind if fault else None
            self.world.record(self.service, request, status, milliseconds, kind, **here.detail)

    async def _refuse(self, kind: FaultKind, request: Request, send: Send) -> None:
        await request.body()
        await self.refuse(kind, request)(request.scope, request.receive, send)

    async def _without_answer(
        self, fault: Fault, scope: Scope, receive: Receive, send: Send
    ) -> None:
        if fault.kind == "lost_reply":
            await self.app(scope, receive, _swallow)
        try:
            async with asyncio.timeout(fault.delay or 0.001):
                await _gone(receive)
        except TimeoutError:
            await Dropped()(scope, receive, send)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _swallow(_message: Message) -> None:
    return None


def _halving(send: Send) -> Send:
    """Return a *send* that keeps back the second half of an answer that is sent in one piece."""
    start: Message = {}

    async def halve(message: Message) -> None:
        if message["type"] == "http.response.start":
            start.update(message)
            return
        half = message["body"][: len(message["body"]) // 2]
        length = str(len(half)).encode()
        headers = [pair for pair in start["headers"] if pair[0] != b"content-length"]
        await send({**start, "headers": [*headers, (b"content-length", length)]})
        await send({**message, "body": half})

    return halve
