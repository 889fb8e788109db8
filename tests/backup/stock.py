"""An org whose records, rights and fields a test chooses, and a backup of it."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.backup.run import Backup
from bot.backup.values import BackupResult, Progress
from bot.backup.waiting import Waiting
from bot.clocks import SystemClock
from bot.vendors.patience import Patience
from bot.vendors.salesforce import Salesforce, TokenLogin
from bot.vendors.salesforce_bulk import bulk_of
from sandbox.connection import EXTENSION
from sandbox.salesforce.api import create_app
from sandbox.salesforce.bulk import Job, Jobs
from sandbox.salesforce.data import DataCatalog
from sandbox.salesforce.errors import invalid_type
from sandbox.salesforce.ids import record_id
from sandbox.salesforce.service import Salesforce as Org
from sandbox.salesforce.tables import Entity, Row
from sandbox.salesforce.tls import Certificate
from sandbox.scenario import Scenario
from sandbox.world import World
from tests.sandbox.vendor_servers import serving

FAVORITE = "HubSpot_Inc__Favorite__c"
EMPTY = "HubSpot_Inc__HubSpot_Favorites__c"
LABEL = "HubSpot_Inc__Label__c"
RICH = {"components": 4, "version": "3.0.1.1"}
"""A package with an empty object besides, and more fields."""
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
ADMIN = {"id": "UADA", "name": "Ada", "email": "ada@example.com", "role": "administrator"}
HOSTILE = (
    'quote " and "" two',
    "comma, semicolon; tab\t",
    "line\nbreak\r\nand\rreturn",
    "\n",
    '"\n"",\n"',
    '=HYPERLINK("x")',
    "+1",
    "-1",
    "@x",
    "zażółć 漢字 🏳️‍🌈 \u2028\u2029\x85\ufeff",
    "\\",
    "  spaces  ",
    "",
    "null",
    "x" * 32_000,
    'ł\n"' * 10_000,
)
"""Texts that a careless writer or reader of CSV gets wrong."""


def moment(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}.000+0000"


class Stock(DataCatalog):
    """The sandbox's catalogue, with tables that a test adds, changes or hides."""

    def __init__(self, org: Org) -> None:
        super().__init__(org.world, org.package, org.people)
        self.tables: dict[str, Entity] = {}
        self.hidden: set[str] = set()
        self.hidden_fields: set[str] = set()

    def names(self) -> list[str]:
        return sorted({*super().names(), *self.tables} - self.hidden)

    def entity(self, name: str) -> Entity:
        if name in self.hidden:
            raise invalid_type(name)
        found = self.tables.get(name) or super().entity(name)
        seen = {key: kind for key, kind in found.fields.items() if key not in self.hidden_fields}
        return replace(found, fields=seen)

    def change(self, name: str, fields: Mapping[str, str], rows: Sequence[Row]) -> None:
        """Let the object *name* have these further fields, and these records."""
        found = self.entity(name)
        self.tables[name] = replace(found, fields={**found.fields, **fields}, rows=rows)


def rows(count: int, **values: Any) -> list[dict[str, Any]]:
    """Records of the custom object, made long ago."""
    return [row(number, **values) for number in range(1, count + 1)]


def row(number: int, at: datetime = LONG_AGO, /, **values: Any) -> dict[str, Any]:
    return {
        "Id": record_id("a01", number),
        "Name": f"F-{number:05d}",
        "CreatedDate": moment(at),
        "SystemModstamp": moment(at),
        "IsDeleted": False,
        LABEL: f"label {number}",
        **values,
    }


class SlowJobs(Jobs):
    """Jobs that get on only after so many looks at any of them."""

    def __init__(self, stock: Stock, looks: int) -> None:
        super().__init__(stock, "005000000000000AAA")
        self._left = looks

    def advance(self, job: Job) -> None:
        self._left -= 1
        if self._left < 0:
            super().advance(job)


@dataclass
class Line:
    """What happens to answers that hold results: cut after so many bytes, so many times."""

    app: ASGIApp
    cut_after: int = 0
    cuts: int = 0
    results: list[bytes] = field(default_factory=list)
    """The query strings of the requests for results."""
    encodings: list[bytes] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].endswith("/results"):
            await self.app(scope, receive, send)
            return
        self.results.append(scope["query_string"])
        self.encodings.append(dict(scope["headers"]).get(b"accept-encoding", b""))
        cut = self.cuts > 0
        self.cuts -= cut
        sent = 0

        async def cutting(message: Message) -> None:
            nonlocal sent
            sent += len(message.get("body", b""))
            if cut and sent > self.cut_after:
                half = message["body"][: len(message["body"]) // 2]
                await send({**message, "body": half, "more_body": True})
                scope["extensions"][EXTENSION]()
                return
            await send(message)

        await self.app(scope, receive, cutting)


class Killed(BaseException):
    """The process ends here, without a word."""


@dataclass
class Yard:
    """An org that runs, the adapter that speaks to it, and a directory for a backup."""

    org: Org
    stock: Stock
    line: Line
    salesforce: Salesforce
    url: str
    directory: Path
    naps: list[float] = field(default_factory=list)
    told: list[Progress] = field(default_factory=list)

    @property
    def jobs(self) -> Jobs:
        return self.org.jobs

    def backup(self, page: int = 10_000, salesforce: Salesforce | None = None) -> Backup:
        return Backup(
            bulk_of(salesforce or self.salesforce),
            self.directory,
            SystemClock(),
            page=page,
            waiting=Waiting(sleep=self.naps.append),
        )

    def run(self, page: int = 10_000, **more: Any) -> BackupResult:
        return self.backup(page, **more).run(self.told.append)

    def run_until(self, phase: str, page: int = 10_000, after: int = 0, then: Any = Killed) -> None:
        """Run until the phase was told of more than *after* rows; then die, or what *then* does."""

        def tell(now: Progress) -> None:
            if now.phase == phase and now.rows >= after and now.table == FAVORITE:
                if isinstance(then, type):
                    raise then
                then()

        self.backup(page).run(tell)

    def read(self, name: str = FAVORITE) -> list[dict[str, str]]:
        with (self.directory / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def flip(self, name: str, at: int = -3) -> None:
        """Flip one bit of one byte of a file."""
        path = self.directory / name
        data = bytearray(path.read_bytes())
        data[at] ^= 1
        path.write_bytes(data)


class Address:
    """One server for all tests of a process; each test has its own org behind it."""

    def __init__(self, files: Certificate) -> None:
        self.files = files
        self.url = ""
        self.line = Line(_nobody)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.line(scope, receive, send)

    @contextmanager
    def served(self) -> Iterator[Self]:
        options = {
            "ssl_certfile": str(self.files.cert_file),
            "ssl_keyfile": str(self.files.key_file),
        }
        with serving(self, **options) as server:
            self.url = f"https://127.0.0.1:{server.port}"
            yield self


def salesforce_at(address: Address, token: str, patience: Patience) -> Salesforce:
    login = TokenLogin(address.url, token)
    return Salesforce(login, ca_file=address.files.ca_file, timeout=5.0, patience=patience)


async def _nobody(scope: Scope, receive: Receive, send: Send) -> None:
    raise AssertionError("no test is under way")


@contextmanager
def yard(address: Address, directory: Path, **given: Any) -> Iterator[Yard]:
    """Open an org with 250 favourites, and a field of the package on Contact."""
    package = {"objects": {"Favorite": 0}, "components": 1, "version": "3.0.0.1"}
    scenario = Scenario.model_validate(
        {
            "name": "backup",
            "title": "backup",
            "people": [ADMIN],
            "salesforce_owners": [{"name": "Otto", "email": "o@x.y", "records": {"contacts": 30}}],
            "package": {**package, **given},
        }
    )
    org = Org(World(scenario))
    stock = Stock(org)
    org.data = stock
    org.jobs = Jobs(stock, org.people.api_user["Id"])
    if FAVORITE in stock.names():
        stock.change(FAVORITE, {}, rows(250))
    address.line = Line(create_app(org))
    naps: list[float] = []
    token = scenario.salesforce.access_token
    salesforce = salesforce_at(address, token, Patience(sleep=naps.append))
    yield Yard(org, stock, address.line, salesforce, address.url, directory, naps)
    salesforce.close()


def soon() -> datetime:
    """A time after any query of the test."""
    return datetime.now(UTC) + timedelta(seconds=30)
