"""The Slack server: Web API, Socket Mode, the JSON API and the page, on one port."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from sandbox.control import Control
from sandbox.slack.api import WebApi
from sandbox.slack.hooks import Hooks
from sandbox.slack.people_api import PeopleApi
from sandbox.slack.service import Slack

Endpoint = Callable[[Request], Awaitable[Response]]
PAGE = Path(__file__).parent.parent / "page"


def create_app(slack: Slack, extra_routes: Sequence[BaseRoute] = ()) -> Starlette:
    """Return the ASGI app; *extra_routes* are the vendors' parts of the JSON API."""
    api = WebApi(slack)

    async def web_api(request: Request) -> Response:
        return await api(request)

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        ticking = asyncio.create_task(slack.post_scheduled())
        try:
            yield
        finally:
            ticking.cancel()
            await slack.sockets.stop()

    # Most used first: routes are tried in order.
    routes: list[BaseRoute] = [
        Route("/api/{method}", web_api, methods=["GET", "POST"]),
        *PeopleApi(slack).routes(),
        *Control(slack).routes(),
        *extra_routes,
        *Hooks(slack).routes(),
        Route("/", _page("index.html"), methods=["GET"]),
        Route("/hubspot", _page("hubspot.html"), methods=["GET"]),
        Route("/salesforce", _page("salesforce.html"), methods=["GET"]),
        Route("/archives/{channel}/p{digits}", _permalink(slack), methods=["GET"]),
        Mount("/page", StaticFiles(directory=PAGE, check_dir=False)),
    ]
    return Starlette(routes=routes, lifespan=lifespan)


def _page(name: str) -> Endpoint:
    async def page(_request: Request) -> Response:
        return FileResponse(PAGE / name)

    return page


def _permalink(slack: Slack) -> Endpoint:
    """Open a message on the page: its thread, if it has one."""

    async def permalink(request: Request) -> Response:
        channel_id, digits = request.path_params["channel"], request.path_params["digits"]
        channel = slack.workspace.channels.get(channel_id)
        ts = f"{digits[:-6]}.{digits[-6:]}"
        if channel is None or ts not in channel.messages:
            return RedirectResponse("/")
        message = channel.messages[ts]
        place = "dm" if channel.kind == "im" else f"c/{channel.id}"
        thread = f"/t/{message.thread_ts}" if message.thread_ts else ""
        return RedirectResponse(f"/#/{place}{thread}")

    return permalink
