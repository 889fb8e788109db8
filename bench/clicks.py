"""People who click: raw HTTP over connections that stay open, so that the crowd costs little.

The time of a click is the sandbox's own: from its sending of the envelope to the acknowledgement.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from bench.processes import Failed

PATH = "/sandbox/act"
HEAD_END = b"\r\n\r\n"
LENGTH = b"content-length:"


@dataclass(frozen=True)
class Clicked:
    """The milliseconds of each acknowledged click, and the seconds from the first to the last."""

    milliseconds: list[float]
    seconds: float


class Connection(asyncio.Protocol):
    """One connection to the sandbox; one request at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._answer: asyncio.Future[bytes] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Collect the answer."""
        self._received += data
        end = self._received.find(HEAD_END)
        if end < 0 or self._answer is None or self._answer.done():
            return
        head = bytes(self._received[:end]).lower()
        length = int(head.partition(LENGTH)[2].partition(b"\r\n")[0])
        if len(self._received) >= end + len(HEAD_END) + length:
            self._answer.set_result(bytes(self._received[end + len(HEAD_END) :]))
            self._received.clear()

    def connection_lost(self, exc: Exception | None) -> None:
        """Let whoever waits know."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionResetError("the sandbox hung up"))

    async def send(self, request: bytes) -> float:
        """Send a click; return the sandbox's milliseconds (:class:`Failed` if it was refused)."""
        assert self._transport is not None
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        answer: dict[str, Any] = json.loads(await self._answer)
        if not answer.get("acknowledged"):
            raise Failed(f"A click was not acknowledged: {answer}")
        return float(answer["milliseconds"])

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()


class Crowd:
    """So many people, each with a connection of their own."""

    def __init__(self, url: str, people: int) -> None:
        place = urlsplit(url)
        self._host, self._port = str(place.hostname), int(place.port or 80)
        self._people = people
        self._connections: list[Connection] = []

    async def __aenter__(self) -> Crowd:
        loop = asyncio.get_running_loop()
        for _ in range(self._people):
            _, connection = await loop.create_connection(Connection, self._host, self._port)
            self._connections.append(connection)
        return self

    async def __aexit__(self, *_: object) -> None:
        for connection in self._connections:
            connection.close()

    async def click(self, clicks: Sequence[bytes]) -> Clicked:
        """Make all *clicks*; everybody clicks again as soon as the last one is acknowledged."""
        waiting: Iterator[bytes] = iter(clicks)
        started = time.perf_counter()
        found = await asyncio.gather(*(_clicking(one, waiting) for one in self._connections))
        seconds = time.perf_counter() - started
        return Clicked([sample for samples in found for sample in samples], seconds)


async def _clicking(connection: Connection, clicks: Iterable[bytes]) -> list[float]:
    return [await connection.send(click) for click in clicks]


def request(url: str, body: dict[str, Any]) -> bytes:
    """Return the bytes of one click."""
    content = json.dumps(body).encode()
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: {urlsplit(url).netloc}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


def make(url: str, people: int, clicks: Sequence[bytes]) -> Clicked:
    """Let *people* make *clicks* at the sandbox at *url*."""

    async def run() -> Clicked:
        async with Crowd(url, min(people, len(clicks))) as crowd:
            return await crowd.click(clicks)

    return asyncio.run(run())
