"""The JSON API's general part: state, changes, clock, log and faults (sandbox/README.md)."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from sandbox.scenario import Fault
from sandbox.slack.errors import PersonError
from sandbox.slack.service import Slack
from sandbox.slack.workspace import BOT_NAME, BOT_USER

Body = dict[str, Any]
Handler = Callable[[Request], Awaitable[dict[str, Any]]]

PAUSE_SECONDS = 2.5
# A stop before a scheduled message leaves the app time to delete it: Slack locks the last 60 s.
STOP_BEFORE = 90.0
# One stop serves the messages that follow it so closely.
STOP_COVERS = 20.0
MOST_ADVANCE = 400 * 24 * 3600
HEARTBEAT_SECONDS = 15.0
# Changes come in bursts; the page need not draw each of them.
SETTLE_SECONDS = 0.05


def answering(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    """Make an endpoint of *handler*: its answer with `ok`, or the refusal that it raises."""

    async def endpoint(request: Request) -> Response:
        try:
            return JSONResponse({"ok": True} | await handler(request))
        except PersonError as error:
            return JSONResponse(error.body(), error.status)

    return endpoint


async def body_of(request: Request) -> Body:
    """The JSON object in the body; a :class:`PersonError` when there is none."""
    try:
        body = json.loads(await request.body() or b"{}")
    except ValueError:
        raise PersonError("invalid_json", "The body is not JSON.") from None
    if not isinstance(body, dict):
        raise PersonError("invalid_json", "The body must be a JSON object.")
    return body


def string_of(body: Body, name: str) -> str:
    """A string in the body that must be there."""
    value = body.get(name)
    if not isinstance(value, str) or not value.strip():
        raise PersonError("invalid_request", f"`{name}` must be a string that is not empty.")
    return value


class Control:
    """These calls of one sandbox."""

    def __init__(self, slack: Slack) -> None:
        self._slack = slack
        self._world = slack.world
        self._moving = asyncio.Lock()

    def routes(self) -> list[Route]:
        """The routes under `/sandbox`."""
        return [
            Route("/sandbox/state", answering(self.state), methods=["GET"]),
            Route("/sandbox/changes", self.changes, methods=["GET"]),
            Route("/sandbox/clock", answering(self.clock), methods=["GET"]),
            Route("/sandbox/clock", answering(self.move_clock), methods=["POST"]),
            Route("/sandbox/log", answering(self.log), methods=["GET"]),
            Route("/sandbox/faults", answering(self.faults), methods=["GET"]),
            Route("/sandbox/faults", answering(self.add_fault), methods=["POST"]),
            Route("/sandbox/faults", answering(self.clear_faults), methods=["DELETE"]),
        ]

    async def state(self, _request: Request) -> dict[str, Any]:
        """Where everything stands."""
        scenario = self._world.scenario
        fields = {"id", "name", "email", "role", "locale", "tz"}
        return {
            "clock": self._clock(),
            "change": self._world.change,
            "scenario": {"name": scenario.name, "title": scenario.title},
            "people": [person.model_dump(include=fields) for person in scenario.people],
            "channels": [
                {"id": channel.id, "name": channel.name, "kind": channel.kind}
                for channel in self._slack.workspace.channels.values()
                if channel.kind == "channel"
            ],
            "bot": {
                "id": BOT_USER,
                "name": BOT_NAME.capitalize(),
                "connected": self._slack.sockets.connected > 0,
            },
        }

    async def changes(self, request: Request) -> Response:
        """Server-sent events, one for each visible change (those that come together as one)."""
        since = _number(request, "since", self._world.change)
        headers = {"Cache-Control": "no-store"}
        return StreamingResponse(
            self._events(since), media_type="text/event-stream", headers=headers
        )

    async def _events(self, since: int) -> AsyncIterator[str]:
        yield ": open\n\n"
        while not self._slack.stopping:
            change = await self._world.wait_for_change(since, HEARTBEAT_SECONDS)
            if change > since:
                await asyncio.sleep(SETTLE_SECONDS)
                since = self._world.change
                yield f"data: {json.dumps({'change': since})}\n\n"
            else:
                yield ": still here\n\n"

    def _clock(self) -> dict[str, Any]:
        clock = self._world.clock
        return {"now": clock.now().isoformat(), "offset": clock.offset}

    async def clock(self, _request: Request) -> dict[str, Any]:
        """What time it is."""
        return self._clock()

    async def move_clock(self, request: Request) -> dict[str, Any]:
        """Move ahead, with or without stops on the way."""
        body = await body_of(request)
        seconds: Any = body.get("advance")
        marks: Any = body.get("marks", [])
        if not _is_number(seconds) or not 0 <= seconds <= MOST_ADVANCE:
            sentence = f"`advance` is a number of seconds from 0 to {MOST_ADVANCE}."
            raise PersonError("invalid_request", sentence)
        if not isinstance(marks, list) or not all(_is_number(mark) for mark in marks):
            raise PersonError("invalid_request", "`marks` is a list of epoch seconds.")
        async with self._moving:
            stops = await self._move(float(seconds), body.get("stops", True) is True, marks)
        return {**self._clock(), "stops": stops}

    async def _move(self, seconds: float, with_stops: bool, marks: list[float]) -> list[float]:
        passed = self._world.clock.timestamp()
        target, covered, stops = passed + seconds, 0.0, list[float]()
        while with_stops:
            ahead = [mark for mark in marks if passed < mark < target]
            for one in self._slack.messages.scheduled():
                stop = one.post_at - STOP_BEFORE
                if max(passed, covered) < stop < target:
                    ahead.append(stop)
            if not ahead:
                break
            passed = min(ahead)
            covered = passed + STOP_COVERS
            self._jump(passed)
            stops.append(passed)
            await asyncio.sleep(PAUSE_SECONDS)
        self._jump(target)
        return stops

    def _jump(self, to: float) -> None:
        by = to - self._world.clock.timestamp()
        self._world.clock.advance(timedelta(seconds=max(0.0, by)))
        self._slack.messages.post_due()
        self._world.changed()

    async def log(self, request: Request) -> dict[str, Any]:
        """The newest requests, oldest first."""
        service = request.query_params.get("service")
        since, limit = _number(request, "since", 0), _number(request, "limit", 500)
        found: list[dict[str, Any]] = []
        for entry in reversed(self._world.log):
            if entry.number <= since or len(found) >= limit:
                break
            if service is None or entry.service == service:
                found.append(dataclasses.asdict(entry))
        return {"log": found[::-1]}

    async def faults(self, _request: Request) -> dict[str, Any]:
        """The faults that are armed."""
        return {"faults": self._world.faults()}

    async def add_fault(self, request: Request) -> dict[str, Any]:
        """Arm a fault."""
        try:
            fault = Fault.model_validate(await body_of(request))
        except ValidationError as error:
            raise PersonError("invalid_fault", _sentence(error)) from None
        self._world.add_fault(fault)
        return {"faults": self._world.faults()}

    async def clear_faults(self, _request: Request) -> dict[str, Any]:
        """Disarm all faults."""
        self._world.clear_faults()
        return {"faults": []}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number(request: Request, name: str, default: int) -> int:
    try:
        return int(request.query_params.get(name, default))
    except ValueError:
        raise PersonError("invalid_request", f"`{name}` must be a whole number.") from None


def _sentence(error: ValidationError) -> str:
    parts = (f"{'.'.join(map(str, e['loc'])) or 'fault'}: {e['msg']}" for e in error.errors())
    return "; ".join(parts) + "."
