"""The package's data as a simulation: tables in memory, read as a backup reads them."""

from __future__ import annotations

import csv
import io
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime

from bot.backup.source import Column, Job, Members, Page
from bot.backup.values import Origin
from tests.bot.faults import Death, FakeClock, Killed, vendor_error
from tests.workflows import samples

NAMESPACE = samples.inventory().package.namespace
TABLE = f"{NAMESPACE}__Intel__c"
COLUMNS = ("Id", "Name", "CreatedDate", f"{NAMESPACE}__Score__c")
Row = tuple[str, ...]


class FakePackageData:
    """One table of the package; a test may hide it, add rows, or let jobs take their time."""

    def __init__(self, clock: FakeClock, death: Death, rows: int = 3) -> None:
        self._clock = clock
        self._death = death
        self.failures: deque[str] = deque()
        """Codes of the errors that the next calls of Salesforce answer with."""
        self.rows: list[Row] = [
            (f"a0{number}", f"I-{number}", "2026-01-01T00:00:00.000Z", str(number))
            for number in range(rows)
        ]
        self.written: list[datetime] = []
        """When records were written since they were made."""
        self.hidden_fields: tuple[str, ...] = ()
        self.version = "3.0"
        self.org_id = samples.inventory().org_id
        self.running = False
        self.jobs: dict[str, tuple[datetime, list[Row]]] = {}
        self.forgotten: list[str] = []
        self.on_read: Callable[[], None] = lambda: None

    def _asked(self) -> None:
        if self._death.happened:
            raise Killed
        if self.failures:
            raise vendor_error("salesforce", self.failures.popleft())

    def origin(self) -> Origin:
        self._asked()
        return Origin(
            org_id=self.org_id,
            org_is_sandbox=False,
            instance="https://acme.example.com",
            api_version="62.0",
            namespace=NAMESPACE,
            package_version=self.version,
        )

    def members(self) -> Members:
        self._asked()
        base = TABLE.removesuffix("__c")
        fields = (f"{NAMESPACE}__Score", *self.hidden_fields)
        return Members(objects=(base,), fields=tuple((base, name) for name in fields))

    def visible(self) -> Mapping[str, bool]:
        self._asked()
        return {TABLE: True}

    def columns(self, name: str) -> tuple[Column, ...]:
        self._asked()
        return tuple(Column(one, "string", is_name=one == "Name") for one in COLUMNS)

    def count(
        self,
        name: str,
        *,
        created_before: datetime | None = None,
        changed_since: datetime | None = None,
    ) -> int:
        self._asked()
        if changed_since is not None:
            return sum(at >= changed_since for at in self.written)
        return len(self.rows)

    def hanging(self, kind: str, field: str, name: str) -> int | None:
        return 0

    def start(self, query: str) -> Job:
        self._asked()
        job_id = f"750{len(self.jobs)}"
        self.jobs[job_id] = (self._clock.now(), list(self.rows))
        return self._job(job_id)

    def job(self, job_id: str) -> Job:
        self._asked()
        return self._job(job_id)

    def _job(self, job_id: str) -> Job:
        created, rows = self.jobs[job_id]
        if self.running:
            return Job(job_id, "running", created.astimezone(UTC))
        return Job(job_id, "complete", created.astimezone(UTC), records=len(rows))

    def read(
        self, job_id: str, locator: str, most: int, into: Callable[[Iterator[bytes]], None]
    ) -> Page:
        self._asked()
        self.on_read()
        _, rows = self.jobs[job_id]
        start = int(locator or 0)
        page = rows[start : start + most]
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
        writer.writerows([COLUMNS, *page])
        into(iter([text.getvalue().encode()]))
        end = start + len(page)
        return Page(len(page), str(end) if end < len(rows) else "")

    def forget(self, job_id: str) -> None:
        self.forgotten.append(job_id)
