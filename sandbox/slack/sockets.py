"""Socket Mode: several sockets, each envelope to one of them, acknowledged within 3 seconds.

Where the app has a request URL instead, what would go over a socket goes there.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import time
import uuid
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from sandbox.slack.workspace import APP
from sandbox.world import World

if TYPE_CHECKING:
    from sandbox.slack.request_url import RequestUrl

ACKNOWLEDGE_SECONDS = 3.0
# An envelope whose socket broke waits so long for the next socket.
PARKED_SECONDS = 30.0
# Events come again at once, after 1 and after 5 minutes (facts: Slack, Receiving).
RETRY_SECONDS: tuple[float, ...] = (0.0, 60.0, 300.0)
MOST_SOCKETS = 10

EnvelopeType = Literal["slash_commands", "interactive", "events_api"]


@dataclass(eq=False, slots=True)
class Socket:
    """One connection of the app."""

    websocket: WebSocket
    draining: bool = False


@dataclass(frozen=True, slots=True)
class Delivery:
    """How a delivery ended: `error` is Slack's word for what the person is told."""

    acknowledged: bool
    milliseconds: float | None = None
    response: Any = None
    error: str | None = None


@dataclass(eq=False, slots=True)
class _Pending:
    text: str
    acknowledged: asyncio.Future[Any]
    sent: float = field(default_factory=time.perf_counter)
    socket: Socket | None = None
    held: bool = False


class SocketMode:
    """The sockets of the app and the envelopes that are on their way."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._sockets: list[Socket] = []
        self._next = 0
        self._tickets: set[str] = set()
        self._pending: dict[str, _Pending] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._awaited_until = 0.0
        self.retry_seconds = RETRY_SECONDS
        self.request_url: RequestUrl | None = None

    @property
    def connected(self) -> int:
        """How many ways there are to the app: open sockets, or its request URL."""
        return 1 if self.request_url else len(self._sockets)

    def ticket(self) -> str:
        """A single-use ticket for one connection."""
        ticket = secrets.token_urlsafe(24)
        self._tickets.add(ticket)
        return ticket

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run *work* beside the request that started it."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """Cancel what is still to be sent."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # The app's side

    async def serve(self, websocket: WebSocket) -> None:
        """Serve one connection until it ends."""
        ticket = websocket.query_params.get("ticket", "")
        if ticket not in self._tickets:
            await websocket.close(4003)
            return
        self._tickets.discard(ticket)
        await websocket.accept()
        if len(self._sockets) >= MOST_SOCKETS:
            await websocket.send_text(_disconnect_frame("too_many_websockets"))
            await websocket.close(1008)
            return
        socket = Socket(websocket)
        self._sockets.append(socket)
        self._world.changed()
        try:
            await websocket.send_text(self._hello())
            await self._send_parked()
            while True:
                self._receive(await websocket.receive_text())
        except (WebSocketDisconnect, RuntimeError):
            # RuntimeError: Starlette's word for a socket that the other side already left.
            pass
        finally:
            self._lost(socket)

    async def disconnect(self, reason: str, close_after: float) -> int:
        """Send a `disconnect` frame to every socket, close it later; return how many there were."""
        sockets = [socket for socket in self._sockets if not socket.draining]
        for socket in sockets:
            socket.draining = True
            with contextlib.suppress(RuntimeError, WebSocketDisconnect):
                await socket.websocket.send_text(_disconnect_frame(reason))
            self.spawn(_close_later(socket, close_after))
        return len(sockets)

    def _hello(self) -> str:
        return json.dumps(
            {
                "type": "hello",
                "num_connections": len(self._sockets),
                "debug_info": {
                    "host": "sandbox",
                    "build_number": 1,
                    "approximate_connection_time": 18060,
                },
                "connection_info": {"app_id": APP},
            }
        )

    def _receive(self, text: str) -> None:
        try:
            frame = json.loads(text)
        except ValueError:
            return
        if not isinstance(frame, dict):
            return
        pending = self._pending.pop(str(frame.get("envelope_id")), None)
        if pending is not None and not pending.acknowledged.done():
            pending.acknowledged.set_result(frame.get("payload"))

    def _lost(self, socket: Socket) -> None:
        if socket in self._sockets:
            self._sockets.remove(socket)
        if socket.draining:
            # The app was asked to come back: what is sent meanwhile waits for it.
            self._awaited_until = time.monotonic() + ACKNOWLEDGE_SECONDS
        for pending in self._pending.values():
            if pending.socket is socket:
                pending.socket = None
        self._world.changed()
        if self._sockets:
            self.spawn(self._send_parked())

    # Slack's side

    async def deliver(
        self, kind: EnvelopeType, payload: dict[str, Any], accepts_response: bool
    ) -> Delivery:
        """Send an envelope to one socket and wait for its acknowledgement, at most 3 seconds."""
        return await self._deliver(kind, payload, accepts_response, {})

    async def deliver_event(self, payload: dict[str, Any]) -> None:
        """Send an event, again and again until it is acknowledged or given up."""
        delivery = await self._deliver("events_api", payload, False, {})
        for attempt, pause in enumerate(self.retry_seconds, start=1):
            if delivery.acknowledged:
                return
            await asyncio.sleep(pause)
            late = delivery.error == "operation_timeout"
            retry = {
                "retry_attempt": attempt,
                "retry_reason": "timeout" if late else "connection_failed",
            }
            delivery = await self._deliver("events_api", payload, False, retry)

    async def _deliver(
        self,
        kind: EnvelopeType,
        payload: dict[str, Any],
        accepts_response: bool,
        retry: dict[str, Any],
    ) -> Delivery:
        struck = self._world.strike("slack", f"envelope:{kind}")
        fault = struck.kind if struck else None
        if self.request_url is not None:
            delivery = await self.request_url.deliver(kind, payload, retry, struck)
            self._log(kind, delivery.milliseconds, delivery.error, fault)
            return delivery
        if not self._sockets and time.monotonic() > self._awaited_until:
            self._log(kind, None, "dispatch_failed", fault)
            return Delivery(False, error="dispatch_failed")
        envelope_id = str(uuid.uuid4())
        envelope = {
            "envelope_id": envelope_id,
            "payload": payload,
            "type": kind,
            "accepts_response_payload": accepts_response,
            **retry,
        }
        loop = asyncio.get_running_loop()
        pending = _Pending(json.dumps(envelope), loop.create_future())
        self._pending[envelope_id] = pending
        if fault == "drop_socket":
            await self._drop_next()
        if struck and fault == "late_delivery":
            pending.held = True
            loop.call_later(struck.delay, lambda: self.spawn(self._send(pending)))
        else:
            await self._send(pending)
        if fault == "duplicate_delivery":
            await self._send(pending)
        return await self._wait(envelope_id, pending, kind, fault)

    async def _wait(
        self, envelope_id: str, pending: _Pending, kind: EnvelopeType, fault: str | None
    ) -> Delivery:
        try:
            async with asyncio.timeout(ACKNOWLEDGE_SECONDS):
                response = await pending.acknowledged
        except TimeoutError:
            if pending.socket is None:
                loop = asyncio.get_running_loop()
                loop.call_later(PARKED_SECONDS, self._pending.pop, envelope_id, None)
            else:
                self._pending.pop(envelope_id, None)
            self._log(kind, None, "operation_timeout", fault)
            return Delivery(False, error="operation_timeout")
        milliseconds = (time.perf_counter() - pending.sent) * 1000
        self._log(kind, milliseconds, None, fault)
        return Delivery(True, round(milliseconds, 3), response)

    def _log(
        self, kind: str, milliseconds: float | None, error: str | None, fault: str | None
    ) -> None:
        self._world.record(
            "slack",
            f"envelope:{kind}",
            200 if error is None else 504,
            milliseconds or 0.0,
            fault,
            acknowledged=error is None,
            error=error,
        )

    def _choose(self) -> Socket | None:
        fresh = [socket for socket in self._sockets if not socket.draining] or self._sockets
        if not fresh:
            return None
        self._next += 1
        return fresh[self._next % len(fresh)]

    async def _send(self, pending: _Pending) -> None:
        """Send over the next socket that takes it; with none the envelope is parked."""
        pending.held = False
        while (socket := self._choose()) is not None:
            pending.socket = socket
            pending.sent = time.perf_counter()
            try:
                await socket.websocket.send_text(pending.text)
            except (RuntimeError, WebSocketDisconnect):
                self._lost(socket)
                continue
            return
        pending.socket = None

    async def _send_parked(self) -> None:
        for pending in list(self._pending.values()):
            if pending.socket is None and not pending.held:
                await self._send(pending)

    async def _drop_next(self) -> None:
        socket = self._choose()
        if socket is not None:
            self._lost(socket)
            with contextlib.suppress(RuntimeError, WebSocketDisconnect):
                await socket.websocket.close(1011)


def _disconnect_frame(reason: str) -> str:
    return json.dumps(
        {"type": "disconnect", "reason": reason, "debug_info": {"host": "sandbox"}},
    )


async def _close_later(socket: Socket, seconds: float) -> None:
    await asyncio.sleep(seconds)
    if socket.websocket.application_state is WebSocketState.CONNECTED:
        with contextlib.suppress(RuntimeError, WebSocketDisconnect):
            await socket.websocket.close(1000)
