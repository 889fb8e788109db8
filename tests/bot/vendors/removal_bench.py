"""The sandbox's Salesforce behind TLS, with a gate in front that can answer in its place."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.salesforce.api import create_app
from sandbox.salesforce.service import Salesforce as Org
from sandbox.salesforce.tls import Certificate
from sandbox.scenario import Scenario
from sandbox.world import World
from tests.bot.vendors.salesforce_bench import ADMIN, Bench, connect, tls

DEPLOY = "POST .*deployRequest$"
QUICK = {"objects": {"Favorite": 5}, "uninstall_seconds": 0.05}


@dataclass
class Instead:
    """An answer in place of Salesforce's; ``applied``: the request is carried out all the same."""

    match: str
    status: int
    body: str = "<html>busy</html>"
    headers: dict[str, str] = field(default_factory=dict)
    applied: bool = False
    times: int = 1


@dataclass(frozen=True)
class Posted:
    """A deployment as it was sent, to the byte."""

    body: bytes

    @property
    def options(self) -> dict[str, Any]:
        """What stands in `deployOptions`."""
        (found,) = re.findall(rb'\r\n\r\n(\{"deployOptions".*?\})\r\n--', self.body)
        options: dict[str, Any] = json.loads(found)["deployOptions"]
        return options

    @property
    def zip(self) -> bytes:
        """The archive."""
        start, end = self.body.index(b"PK\x03\x04"), self.body.rindex(b"\r\n--")
        return self.body[start:end]


class Gate:
    """Notes the deployments that are sent, and answers in Salesforce's place where told to."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.answers: list[Instead] = []
        self.posted: list[Posted] = []
        self.before: Callable[[str], None] = lambda _: None
        """Is told each request, "METHOD /path", before Salesforce sees it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = f"{scope['method']} {scope['path']}"
        body = await _body(receive)
        if re.search(DEPLOY, request):
            self.posted.append(Posted(body))
        self.before(request)
        again = _again(body, receive)
        answer = self._strike(request)
        if answer is None:
            await self._app(scope, again, send)
            return
        if answer.applied:
            await self._app(scope, again, _swallow)
        reply = Response(answer.body, answer.status, answer.headers, media_type="text/html")
        await reply(scope, receive, send)

    def _strike(self, request: str) -> Instead | None:
        for answer in self.answers:
            if answer.times and re.search(answer.match, request):
                answer.times -= 1
                return answer
        return None


async def _body(receive: Receive) -> bytes:
    parts = b""
    while True:
        message = await receive()
        parts += bytes(message.get("body", b""))
        if not message.get("more_body"):
            return parts


def _again(body: bytes, receive: Receive) -> Receive:
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def give() -> Message:
        return waiting.pop() if waiting else await receive()

    return give


async def _swallow(_: Message) -> None:
    return None


@dataclass
class Yard(Bench):
    """A bench with its gate."""

    gate: Gate = field(kw_only=True)

    def rows(self, *, check_only: bool) -> list[dict[str, Any]]:
        """Return the deployments that the org took, of one kind, oldest first."""
        rows = self.org.deployments.rows()
        return [row for row in rows if row["CheckOnly"] is check_only]

    def change(self, **changes: Any) -> None:
        """Change the org's part of the scenario."""
        scenario = self.world.scenario
        org = scenario.salesforce.model_copy(update=changes)
        self.world.scenario = scenario.model_copy(update={"salesforce": org})


@contextmanager
def yard(files: Certificate, **parts: Any) -> Iterator[Yard]:
    """Serve an org; *parts* of its scenario replace the usual ones."""
    usual = {"name": "removal", "title": "removal", "people": [ADMIN], "package": QUICK}
    scenario = Scenario.model_validate({**usual, **parts})
    world = World(scenario)
    org = Org(world)
    gate = Gate(create_app(org))
    with tls(gate, files) as url:
        pauses: list[float] = []
        salesforce = connect(files, url, scenario.salesforce.access_token, pauses)
        with closing(salesforce):
            yield Yard(world, org, salesforce, url, pauses, gate=gate)
