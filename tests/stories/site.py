"""The sandbox's Salesforce as the stories meet it: a TLS server, and the wire that leads there."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self, cast
from urllib.parse import unquote_plus, urlsplit

import requests
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.vendors.salesforce_http import TimeoutAdapter
from sandbox.clock import Clock
from sandbox.salesforce import control
from sandbox.salesforce.api import create_app
from sandbox.salesforce.bulk import Job, Jobs
from sandbox.salesforce.data import DataCatalog
from sandbox.salesforce.package import InstalledPackage
from sandbox.salesforce.people import People
from sandbox.salesforce.service import Salesforce as Org
from sandbox.salesforce.tls import Certificate
from sandbox.scenario import Scenario
from sandbox.world import World
from tests.backup.stock import Stock
from tests.bot.faults import Death, Killed
from tests.bot.vendors.removal_bench import Gate
from tests.sandbox.vendor_servers import serving

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
TIMEOUT_SECONDS = 5.0
WRITES = r"^(?!GET )(?!POST .*/composite$)"
"""Requests that are no mere reading."""
Now = Callable[[], datetime]


class Site:
    """One server for all stories of a process; each story has its own org behind it."""

    def __init__(self, files: Certificate) -> None:
        self.files = files
        self.url = ""
        self.app: ASGIApp = _nobody

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)

    @contextmanager
    def served(self) -> Iterator[Self]:
        files = {
            "ssl_certfile": str(self.files.cert_file),
            "ssl_keyfile": str(self.files.key_file),
        }
        with serving(self, **files) as server:
            self.url = f"https://127.0.0.1:{server.port}"
            yield self


async def _nobody(scope: Scope, receive: Receive, send: Send) -> None:
    raise AssertionError("no story is under way")


class Following(Clock):
    """The sandbox's clock, where another clock is moved."""

    def __init__(self, now: Now) -> None:
        super().__init__()
        self._now = now

    def timestamp(self) -> float:
        return self._now().timestamp()


class Monotonic:
    """Stands for :mod:`time` where the sandbox measures how long an uninstall takes."""

    def __init__(self, now: Now) -> None:
        self._now = now

    def monotonic(self) -> float:
        return self._now().timestamp()


class Catalogue(Stock):
    """The org's objects, all made before the story began."""

    def __init__(self, org: Org, began: datetime) -> None:
        super().__init__(org)
        self._began = began


class SoonDone(Jobs):
    """Query jobs in the story's time, which are complete when they are looked at first."""

    def __init__(self, catalogue: DataCatalog, user_id: str, now: Now) -> None:
        super().__init__(catalogue, user_id)
        self._now = now

    def create(self, body: Any) -> Job:
        job = super().create(body)
        job.created = self._now()
        return job

    def advance(self, job: Job) -> None:
        super().advance(job)
        super().advance(job)


class Setup:
    """The org behind the server, and what people do and change in it."""

    def __init__(self, site: Site, scenario: Scenario, now: Now) -> None:
        self._site = site
        self.world = World(scenario)
        self.world.clock = Following(now)
        self.org = Org(self.world)
        self.data = Catalogue(self.org, now())
        self.org.data = self.data
        self.org.jobs = SoonDone(self.data, self.org.people.api_user["Id"], now)
        self.gate = Gate(create_app(self.org))
        self._human = Starlette(routes=control.routes(self.org))
        site.app = self._serve

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        human = str(scope.get("path", "")).startswith("/sandbox")
        await (self._human if human else self.gate)(scope, receive, send)

    def post(self, what: str, **body: Any) -> dict[str, Any]:
        """Do one of the human steps of ``sandbox/README.md``; `ok` says whether it was taken."""
        answer = requests.post(
            f"{self._site.url}/sandbox/salesforce/{what}",
            json=body,
            verify=str(self._site.files.ca_file),
            timeout=TIMEOUT_SECONDS,
        )
        found: dict[str, Any] = answer.json()
        return found

    def uninstall(self, *, keep_copy: bool) -> dict[str, Any]:
        """Press *Uninstall* in Setup."""
        return self.post("uninstall", user="UADA", keep_copy=keep_copy, consent=True)

    @property
    def state(self) -> dict[str, Any]:
        """What is true in the org now."""
        return self.org.state()

    def installed(self) -> bool:
        """Whether the package is there."""
        return bool(self.state["installed"])

    def deployments(self, *, check_only: bool = False) -> list[dict[str, Any]]:
        """Return the deployments, or the rehearsals, that the org took, oldest first."""
        rows = self.org.deployments.rows()
        return [row for row in rows if row["CheckOnly"] is check_only]

    def install(self, **changes: Any) -> None:
        """Install the package, or another version of it: *changes* of what the scenario says."""
        scenario = self.world.scenario
        spec = scenario.package.model_copy(update={"installed": True, **changes})
        self.world.scenario = scenario.model_copy(update={"package": spec})
        mail, local = self.org.package.mail, self.org.package.local
        package = InstalledPackage(self.world)
        package.mail, package.local = mail, local
        vars(self.org.package).update(vars(package))

    def change(self, **changes: Any) -> None:
        """Change what the scenario says of the org, the rights of the bot's user among it."""
        scenario = self.world.scenario
        org = scenario.salesforce.model_copy(update=changes)
        self.world.scenario = scenario.model_copy(update={"salesforce": org})
        (rights,) = self.data.entity("UserPermissionAccess").rows
        cast("dict[str, Any]", rights).update(People(self.world.scenario).rights)

    def write(self, name: str, number: int, **values: Any) -> None:
        """Write record *number* of an object now: edit it, or add it after the last."""
        entity = self.data.entity(name)
        rows: list[Mapping[str, Any]] = [dict(row) for row in entity.rows]
        now = f"{self.world.clock.now():%Y-%m-%dT%H:%M:%S}.000+0000"
        if number > len(rows):
            last = {**rows[-1], "Id": f"a0Z{number:012d}AAA", "CreatedDate": now}
            rows.append(last)
        rows[number - 1] = {**rows[number - 1], "SystemModstamp": now, **values}
        self.data.change(name, {}, rows)


@dataclass
class _Moment:
    match: str
    do: Callable[[], object]
    skip: int
    answered: bool


class Wire(TimeoutAdapter):
    """What leaves the bot for Salesforce: noted, and cut or used as a moment by a story."""

    def __init__(self, site: Site, death: Death) -> None:
        super().__init__(TIMEOUT_SECONDS, site.files.ca_file)
        self._site = site
        self._death = death
        self._moments: list[_Moment] = []
        self._lock = threading.Lock()
        self.lines: list[str] = []
        """Each request, "METHOD /path?query" in clear."""

    def at(
        self, match: str, do: Callable[[], object], *, skip: int = 0, answered: bool = False
    ) -> None:
        """Once, *do* something right before a request is sent, or when it was *answered*."""
        self._moments.append(_Moment(match, do, skip, answered))

    def kill(self, match: str, *, skip: int = 0, answered: bool = False) -> None:
        """Let the bot's process die there."""
        self.at(match, self._die, skip=skip, answered=answered)

    def lose(self, match: str, *, skip: int = 0) -> None:
        """Let the request arrive, and its answer get lost."""
        self.at(match, _lost, skip=skip, answered=True)

    def count(self, match: str, since: int = 0) -> int:
        """Say how many of the requests after the first *since* are such."""
        return sum(bool(re.search(match, line)) for line in self.lines[since:])

    def _die(self) -> None:
        self._death.happened = True
        raise Killed

    def send(
        self, request: requests.PreparedRequest, *args: Any, **kwargs: Any
    ) -> requests.Response:
        if self._death.happened:
            raise Killed
        parts = urlsplit(request.url or "")
        request.url = parts._replace(netloc=urlsplit(self._site.url).netloc).geturl()
        line = unquote_plus(f"{request.method} {parts.path}?{parts.query}".rstrip("?"))
        with self._lock:
            self.lines.append(line)
            due = [one for one in self._moments if re.search(one.match, line)]
            now = [one for one in due if not one.skip]
            for one in due:
                one.skip -= 1
            self._moments = [one for one in self._moments if one not in now]
        for one in now:
            if not one.answered:
                one.do()
        response = super().send(request, *args, **kwargs)
        for one in now:
            if one.answered:
                one.do()
        return response


def _lost() -> None:
    raise requests.ConnectionError("the answer is lost")


class Naps:
    """How long the adapter would have slept, as its clock shows."""

    def __init__(self) -> None:
        self.taken: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.taken.append(seconds)

    def clock(self) -> float:
        return sum(self.taken)
