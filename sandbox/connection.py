"""Ending a connection without an answer, as a lost reply or a time-out does."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

EXTENSION = "sandbox.drop"


class DroppableProtocol(H11Protocol):
    """HTTP/1.1 whose requests can be ended by :class:`Dropped`; give it to uvicorn as `http`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        app = self.app

        async def droppable(scope: Scope, receive: Receive, send: Send) -> None:
            scope.setdefault("extensions", {})[EXTENSION] = self.transport.abort
            await app(scope, receive, send)

        self.app = droppable


class Dropped(Response):
    """Nothing is answered: the connection is closed."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's
        """Close the connection; without :class:`DroppableProtocol`, fail."""
        drop = scope.get("extensions", {}).get(EXTENSION)
        if drop is None:
            raise RuntimeError("the server cannot drop connections")
        drop()
        # The transport tells the protocol in the loop's next turns that the connection is gone.
        while (await receive())["type"] != "http.disconnect":
            await asyncio.sleep(0)
