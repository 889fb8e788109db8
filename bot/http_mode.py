"""HTTP mode: Slack's requests come to an address of ours, instead of over Socket Mode.

`/slack/events` takes everything that Slack sends, `/health` says that the process lives, `/ready`
whether it can work. It speaks plain HTTP: TLS ends at a proxy before it (docs/connect.md).
"""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import structlog
import uvicorn
from slack_bolt import App, BoltRequest, BoltResponse
from slack_bolt.adapter.starlette.handler import to_starlette_response
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from uvicorn.protocols.http.h11_impl import H11Protocol

from bot.http_intake import Signatures, Unacceptable, body_of, kind_of, parse
from bot.masking import SECRETS
from handlers import doorway
from handlers.payload import Malformed
from workflows.errors import SunsetError
from workflows.text import N_

log = structlog.get_logger(__name__)

EVENTS, HEALTH, READY = "/slack/events", "/health", "/ready"
THREADS = 32
MOST_CONNECTIONS = 512
BACKLOG = 2_048
MOST_HEADERS = 16_384
"""Bytes; Slack's are below 1,000."""
HEADERS_SECONDS = 5.0
KEPT_SECONDS = 20
"""How long a connection stays open between two requests."""
STOP_SECONDS = 5
"""Longer than Slack waits for an answer."""
READY_SECONDS = 2.0
READY_FRESH = 1.0
"""Whoever asks more often gets the last answer: asking costs a transaction."""
_RETRIES = ("x-slack-retry-num", "x-slack-retry-reason")
_EVERY_ANSWER = [
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
]

Reasons = Callable[[], Sequence[str]]
"""Returns words for what is missing before the bot can work; none: it is ready. May block."""


class HttpMode:
    """A server in a thread of its own; ``port`` is where it listens (0: any free one)."""

    def __init__(self, host: str, port: int, signatures: Signatures, missing: Reasons) -> None:
        self._signatures = signatures
        self._missing = missing
        self._app: App | None = None
        self._locale = "en"
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="http")
        self._looking = ThreadPoolExecutor(1, thread_name_prefix="http-ready")
        self._asked: tuple[float, list[str]] = (float("-inf"), [])
        self._asking: asyncio.Future[list[str]] | None = None
        self._socket = _bound(host, port)
        self.host, self.port = host, int(self._socket.getsockname()[1])
        self._server = uvicorn.Server(
            uvicorn.Config(
                self._application(),
                http=PatientProtocol,
                ws="none",
                lifespan="off",
                log_config=None,
                log_level="error",
                access_log=False,
                server_header=False,
                date_header=False,
                proxy_headers=False,
                headers=[(name.decode(), value.decode()) for name, value in _EVERY_ANSWER],
                h11_max_incomplete_event_size=MOST_HEADERS,
                limit_concurrency=MOST_CONNECTIONS,
                timeout_keep_alive=KEPT_SECONDS,
                timeout_graceful_shutdown=STOP_SECONDS,
            )
        )
        self._thread = threading.Thread(target=self._serve, name="http-server", daemon=True)

    # --- its life --------------------------------------------------------------------------------

    def open(self) -> None:
        """Answer `/health` and `/ready`; Slack is asked to come again later."""
        # Whoever comes before the server's thread is there waits for it.
        self._socket.listen(BACKLOG)
        self._thread.start()
        log.info("listening", host=self.host, port=self.port)

    def take(self, app: App, locale: str) -> None:
        """Give what Slack sends to *app* from now on; *locale* is for who cannot be told."""
        self._app, self._locale = app, locale

    def close(self) -> None:
        """Take no more requests; those that are under way are answered."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(STOP_SECONDS + READY_SECONDS)
        self._socket.close()
        for pool in (self._threads, self._looking):
            pool.shutdown(wait=False, cancel_futures=True)

    def _serve(self) -> None:
        self._server.run(sockets=[self._socket])

    # --- what it answers -------------------------------------------------------------------------

    def _application(self) -> Starlette:
        made = Starlette(
            routes=[
                Route(EVENTS, _guarded(self._events), methods=["POST"]),
                Route(HEALTH, _guarded(_health), methods=["GET"]),
                Route(READY, _guarded(self._ready), methods=["GET"]),
            ]
        )
        # It would send whoever asks for `/ready/` to the host that they themselves have named.
        made.router.redirect_slashes = False
        return made

    async def _events(self, request: Request) -> Response:
        if self._app is None:
            return Response(status_code=503, headers={"retry-after": "5", "connection": "close"})
        try:
            at, signature = self._signatures.header(request)
            kind = kind_of(request)
            body = await body_of(request)
            self._signatures.check(at, signature, body)
            payload = parse(kind, body)
        except Unacceptable as refusal:
            log.warning("request_refused", status=refusal.status, reason=refusal.reason)
            # What is still to come of it is not wanted.
            return Response(status_code=refusal.status, headers={"connection": "close"})
        SECRETS.learn_passing(payload)
        try:
            doorway.check(payload)
        except Malformed as refusal:
            kind = str(payload.get("type", "command"))[: doorway.MOST_ID]
            log.warning("payload_refused", kind=kind, field=refusal.reference)
            said = doorway.answer(payload, refusal, self._locale)
            return Response() if said is None else JSONResponse(said)
        retries = {name: request.headers[name] for name in _RETRIES if name in request.headers}
        loop = asyncio.get_running_loop()
        answer = await loop.run_in_executor(self._threads, _dispatch, self._app, payload, retries)
        return to_starlette_response(answer)

    async def _ready(self, _request: Request) -> Response:
        missing = await self._what_is_missing()
        told = {"ready": not missing, "missing": missing}
        return JSONResponse(told, 503 if missing else 200)

    async def _what_is_missing(self) -> list[str]:
        """Ask once, however many want to know."""
        if self._server.should_exit:
            return ["stopping"]
        if self._app is None:
            return ["starting"]
        if time.monotonic() - self._asked[0] < READY_FRESH:
            return self._asked[1]
        if self._asking is None or self._asking.done():
            loop = asyncio.get_running_loop()
            self._asking = loop.run_in_executor(self._looking, self._ask)
        try:
            return await asyncio.wait_for(asyncio.shield(self._asking), READY_SECONDS)
        except TimeoutError:
            return ["database"]

    def _ask(self) -> list[str]:
        try:
            found = list(self._missing())
        except Exception:
            log.exception("ready_failed")
            found = ["unknown"]
        self._asked = (time.monotonic(), found)
        return found


class PatientProtocol(H11Protocol):
    """HTTP/1.1 where a request's headers have to come in some seconds (uvicorn waits for ever)."""

    _begun: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        """Expect a first request."""
        super().connection_made(transport)
        self._begun = self.loop.call_later(HEADERS_SECONDS, transport.close)

    def data_received(self, data: bytes) -> None:
        """Take some bytes."""
        if self._begun is None:
            self._begun = self.loop.call_later(HEADERS_SECONDS, self.transport.close)
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete:
            self._expect_no_more()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._expect_no_more()
        super().connection_lost(exc)

    def _expect_no_more(self) -> None:
        if self._begun is not None:
            self._begun.cancel()
            self._begun = None


async def _health(_request: Request) -> Response:
    return JSONResponse({"alive": True})


def _guarded(
    handler: Callable[[Request], Awaitable[Response]],
) -> Callable[[Request], Awaitable[Response]]:
    """Let nobody outside see what went wrong; the log does."""

    async def guarded(request: Request) -> Response:
        try:
            return await handler(request)
        except Exception:
            log.exception("request_failed", path=request.url.path)
            return Response(status_code=500)

    return guarded


def _dispatch(app: App, payload: dict[str, Any], retries: dict[str, str]) -> BoltResponse:
    # Bolt's word for a payload that is parsed and whose sender is known. Of the headers, which
    # nobody has signed, only those that say "again" are passed on, and nothing of the query.
    headers: dict[str, Any] = dict(retries)
    return app.dispatch(BoltRequest(mode="socket_mode", body=payload, headers=headers))


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Only with this protocol number does asyncio turn Nagle's algorithm off (40 ms an answer).
    made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
    except OSError as error:
        made.close()
        raise SunsetError(
            "http_address",
            N_(
                "The bot cannot listen on {host}, port {port}: {reason}.",
                host=host,
                port=str(port),
                reason=error.strerror or type(error).__name__,
            ),
            N_("`sunset run --http` takes another with --host and --port."),
        ) from error
    return made
