"""Starts the vendors' servers on free ports, in a thread, for the tests of this folder."""

from __future__ import annotations

import asyncio
import io
import json
import socket
import threading
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hubspot
import requests
import simple_salesforce
import uvicorn
from starlette.applications import Starlette
from starlette.types import ASGIApp

from sandbox.connection import DroppableProtocol
from sandbox.hubspot import api as hubspot_api
from sandbox.hubspot import control as hubspot_control
from sandbox.hubspot.service import HubSpot
from sandbox.salesforce import api as salesforce_api
from sandbox.salesforce import control as salesforce_control
from sandbox.salesforce.service import Salesforce
from sandbox.salesforce.tls import certificate
from sandbox.scenario import Fault, Scenario, load
from sandbox.world import World

ADA, BEN, DAN = "U0ADA00001", "U0BEN00001", "U0DAN00001"
PHRASE = "Uninstall Salesforce"


class Server:
    """One uvicorn server in a thread of its own, until :meth:`stop`."""

    def __init__(self, app: ASGIApp, **options: Any) -> None:
        # With another protocol number asyncio would leave Nagle's algorithm on: 40 ms an answer.
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        config = uvicorn.Config(
            app,
            http=DroppableProtocol,
            log_level="critical",
            lifespan="off",
            timeout_graceful_shutdown=1,
            timeout_keep_alive=75,  # the Bulk API client sleeps as long as uvicorn's default
            **options,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        wait_until(lambda: self._server.started)

    def _run(self) -> None:
        asyncio.run(self._server.serve([self._socket]))

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(10)
        self._socket.close()


@contextmanager
def serving(app: ASGIApp, **options: Any) -> Iterator[Server]:
    server = Server(app, **options)
    try:
        yield server
    finally:
        server.stop()


def wait_until(true: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


def scenario(name: str = "tidy", **changes: Any) -> Scenario:
    """A scenario that ships, with top-level parts changed; dicts are merged into the part."""
    data = load(name).model_dump()
    for key, value in changes.items():
        data[key] = {**data[key], **value} if isinstance(value, dict) else value
    return Scenario.model_validate(data)


class Control:
    """The JSON API of the control routes, as a program uses it."""

    def __init__(self, port: int) -> None:
        self._base = f"http://127.0.0.1:{port}"

    def get(self, path: str, **params: Any) -> dict[str, Any]:
        answer = requests.get(f"{self._base}{path}", params=params, timeout=10)
        found: dict[str, Any] = answer.json()
        assert found["ok"] == (answer.status_code == 200)
        return found

    def post(self, path: str, **body: Any) -> dict[str, Any]:
        answer = requests.post(f"{self._base}{path}", json=body, timeout=10)
        found: dict[str, Any] = answer.json()
        assert found["ok"] == (answer.status_code == 200)
        return found


@dataclass
class Vendor:
    """What the sandboxes of both vendors have in common in a test."""

    world: World
    service: str
    base: str
    control: Control

    def fault(self, match: str, kind: str, **more: Any) -> None:
        data = {"service": self.service, "match": match, "kind": kind, **more}
        self.world.add_fault(Fault.model_validate(data))


@dataclass
class HubSpotAccount(Vendor):
    """A running HubSpot account, with the real client library pointed at it."""

    hubspot: HubSpot
    client: Any

    def api(self, module: Any) -> Any:
        """Point one of the client's API objects at this server."""
        module.api_client.configuration.host = self.base
        return module

    def call(self, method: str, path: str, token: str | None = None, **more: Any) -> Any:
        token = self.world.scenario.account.token if token is None else token
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return requests.request(method, self.base + path, headers=headers, timeout=10, **more)

    def update(self, kind: str, changes: dict[str, str]) -> Any:
        """Change owners in one batch: record id -> owner id."""
        inputs = [
            {"id": key, "properties": {"hubspot_owner_id": owner}} for key, owner in changes.items()
        ]
        path = f"/crm/v3/objects/{kind}/batch/update"
        return self.call("POST", path, json={"inputs": inputs})

    def read(self, kind: str, keys: Sequence[str], **more: Any) -> Any:
        """Read a batch, with the owners if nothing else is asked for."""
        body = {"inputs": [{"id": key} for key in keys], "properties": ["hubspot_owner_id"], **more}
        return self.call("POST", f"/crm/v3/objects/{kind}/batch/read", json=body)

    def owner_called(self, email: str) -> str:
        found = self.call("GET", f"/crm/v3/owners/?email={email}").json()["results"]
        return str(found[0]["id"])

    def search(self, kind: str, **body: Any) -> Any:
        return self.call("POST", f"/crm/v3/objects/{kind}/search", json=body)

    def owners(self, salesforce_only: bool) -> list[str]:
        found = self.control.get("/sandbox/hubspot")["owners"]
        return [owner["id"] for owner in found if owner["salesforce_only"] == salesforce_only]

    def records(self, kind: str, owner: str) -> list[str]:
        found = self.control.get("/sandbox/hubspot/records", object=kind, owner=owner, limit=1000)
        return [record["id"] for record in found["records"]]

    def disconnect(self) -> None:
        body = {"user": ADA, "reason": "We leave Salesforce", "phrase": PHRASE}
        assert self.control.post("/sandbox/hubspot/disconnect", **body)["ok"]


@contextmanager
def hubspot_account(loaded: Scenario) -> Iterator[HubSpotAccount]:
    world = World(loaded)
    account = HubSpot(world)
    control_app = Starlette(routes=hubspot_control.routes(account))
    with serving(hubspot_api.create_app(account)) as server, serving(control_app) as control:
        client = hubspot.HubSpot(access_token=loaded.account.token)
        base = f"http://127.0.0.1:{server.port}"
        yield HubSpotAccount(world, "hubspot", base, Control(control.port), account, client)


@dataclass
class SalesforceOrg(Vendor):
    """A running Salesforce org, with the real client library pointed at it."""

    salesforce: Salesforce
    client: Any
    session: requests.Session

    def tooling(self, soql: str) -> Any:
        return self.client.toolingexecute("query", params={"q": soql})

    def uninstall(self, keep_copy: bool = True) -> dict[str, Any]:
        body = {"user": ADA, "keep_copy": keep_copy, "consent": True}
        return self.control.post("/sandbox/salesforce/uninstall", **body)

    def package_gone(self) -> bool:
        return not self.control.get("/sandbox/salesforce")["installed"]

    def deploy(self, name: str = "HubSpot_Inc", **options: Any) -> Any:
        parts = {
            "json": (None, json.dumps({"deployOptions": options}), "application/json"),
            "file": ("deploy.zip", destructive_zip(name), "application/zip"),
        }
        headers = {"Content-Type": None}  # requests sets multipart with its boundary
        path = "metadata/deployRequest"
        return self.client.restful(path, method="POST", files=parts, headers=headers)

    def deployed(self, key: str) -> dict[str, Any]:
        result: dict[str, Any] = {}

        def done() -> bool:
            path = f"metadata/deployRequest/{key}"
            found = self.client.restful(path, params={"includeDetails": "true"})
            result.update(found["deployResult"])
            return bool(result["done"])

        wait_until(done)
        return result


@contextmanager
def salesforce_org(loaded: Scenario, directory: Path) -> Iterator[SalesforceOrg]:
    world = World(loaded)
    org = Salesforce(world)
    files = certificate(directory, "127.0.0.1")
    tls = {"ssl_certfile": str(files.cert_file), "ssl_keyfile": str(files.key_file)}
    control_app = Starlette(routes=salesforce_control.routes(org))
    with (
        serving(salesforce_api.create_app(org), **tls) as server,
        serving(control_app) as control,
        requests.Session() as session,
    ):
        session.verify = str(files.ca_file)
        session.trust_env = False  # else REQUESTS_CA_BUNDLE would win over `verify`
        base = f"https://127.0.0.1:{server.port}"
        client = simple_salesforce.Salesforce(
            instance_url=base,
            session_id=loaded.salesforce.access_token,
            version="62.0",
            session=session,
        )
        control_api = Control(control.port)
        yield SalesforceOrg(world, "salesforce", base, control_api, org, client, session)


_MANIFEST = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<Package xmlns="http://soap.sforce.com/2006/04/metadata">{}<version>62.0</version></Package>'
)


def select(fields: str, entity: str, where: str = "") -> str:
    """Put a SOQL query together."""
    return " ".join(("SELECT", fields, "FROM", entity, *(("WHERE", where) if where else ())))


def destructive_zip(name: str) -> bytes:
    """The zip of a deployment that uninstalls the package *name*."""
    types = f"<types><members>{name}</members><name>InstalledPackage</name></types>"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("package.xml", _MANIFEST.format(""))
        archive.writestr("destructiveChanges.xml", _MANIFEST.format(types))
    return buffer.getvalue()
