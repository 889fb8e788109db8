"""The sandbox's Salesforce behind TLS, and the adapter that speaks to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from starlette.types import ASGIApp

from bot.vendors.patience import Patience
from bot.vendors.salesforce import Salesforce, TokenLogin
from bot.vendors.salesforce_http import TimeoutAdapter
from sandbox.salesforce.api import create_app
from sandbox.salesforce.service import Salesforce as Org
from sandbox.salesforce.tls import Certificate
from sandbox.scenario import Scenario
from sandbox.world import World
from tests.sandbox.vendor_servers import serving

ADMIN = {
    "id": "UADA",
    "name": "Ada Admin",
    "email": "ada@example.com",
    "role": "administrator",
    "hubspot_user": True,
    "super_admin": True,
}
PACKAGE = {"objects": {"Favorite": 5}, "uninstall_seconds": 0.2}


@dataclass
class Bench:
    """The sandbox's org, the adapter that speaks to it, and how long the adapter paused."""

    world: World
    org: Org
    salesforce: Salesforce
    url: str
    pauses: list[float] = field(default_factory=list)


@contextmanager
def running(files: Certificate, **parts: Any) -> Iterator[Bench]:
    """Serve an org; *parts* of its scenario replace the usual ones."""
    usual = {"name": "adapter", "title": "adapter", "people": [ADMIN], "package": PACKAGE}
    scenario = Scenario.model_validate({**usual, **parts})
    world = World(scenario)
    org = Org(world)
    with tls(create_app(org), files) as url:
        pauses: list[float] = []
        salesforce = connect(files, url, scenario.salesforce.access_token, pauses)
        with closing(salesforce):
            yield Bench(world, org, salesforce, url, pauses)


class tls:  # noqa: N801 - used as a function
    """Serve *app* over TLS; gives the address."""

    def __init__(self, app: ASGIApp, files: Certificate) -> None:
        options = {"ssl_certfile": str(files.cert_file), "ssl_keyfile": str(files.key_file)}
        self._serving = serving(app, **options)

    def __enter__(self) -> str:
        return f"https://127.0.0.1:{self._serving.__enter__().port}"

    def __exit__(self, *error: Any) -> None:
        self._serving.__exit__(*error)


def connect(files: Certificate, url: str, token: str, pauses: list[float]) -> Salesforce:
    return Salesforce(
        TokenLogin(url, token),
        ca_file=files.ca_file,
        timeout=1.0,
        patience=Patience(sleep=pauses.append),
    )


class Rewriting(TimeoutAdapter):
    """Sends what is meant for salesforce.com to a local server."""

    def __init__(self, url: str, ca_file: Path) -> None:
        self._host = urlsplit(url).netloc
        self.hosts: list[str] = []
        super().__init__(2.0, ca_file)

    def send(
        self, request: requests.PreparedRequest, *args: Any, **kwargs: Any
    ) -> requests.Response:
        parts = urlsplit(request.url or "")
        self.hosts.append(parts.netloc)
        request.url = parts._replace(netloc=self._host).geturl()
        return super().send(request, *args, **kwargs)
