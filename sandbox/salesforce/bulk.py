"""Bulk API 2.0 query jobs."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sandbox.salesforce.errors import SalesforceError, not_found
from sandbox.salesforce.ids import record_id
from sandbox.salesforce.soql import parse
from sandbox.salesforce.tables import Catalog, Result, run

DELIMITERS: Final = {
    "COMMA": ",",
    "TAB": "\t",
    "PIPE": "|",
    "SEMICOLON": ";",
    "CARET": "^",
    "BACKQUOTE": "`",
}
LINE_ENDINGS: Final = {"LF": "\n", "CRLF": "\r\n"}
DEFAULT_PAGE = 50_000
_CHUNK = 500


@dataclass
class Job:
    """One query job; its rows are fixed when it is created."""

    id: str
    result: Result
    delimiter: str
    line_ending: str
    created: datetime
    operation: str
    state: str = "UploadComplete"


@dataclass(frozen=True)
class Page:
    """A part of a job's result: CSV in pieces, how many records, where the next part begins."""

    text: Iterator[str]
    count: int
    locator: str | None


class Jobs:
    """All query jobs of the org."""

    def __init__(self, catalog: Catalog, user_id: str) -> None:
        self._catalog = catalog
        self._user_id = user_id
        self._jobs: dict[str, Job] = {}
        self._number = 0

    def create(self, body: Any) -> Job:
        """Create the job that *body* describes, or raise 400."""
        if not isinstance(body, dict) or body.get("operation") not in ("query", "queryAll"):
            raise _invalid("operation must be query or queryAll")
        delimiter = body.get("columnDelimiter", "COMMA")
        line_ending = body.get("lineEnding", "LF")
        if delimiter not in DELIMITERS or line_ending not in LINE_ENDINGS:
            raise _invalid("columnDelimiter or lineEnding is not known")
        query = parse(str(body.get("query") or ""))
        if query.counts or query.offset:
            raise _invalid("count() and OFFSET are not supported by Bulk API 2.0")
        self._number += 1
        job = Job(
            record_id("750", self._number),
            run(self._catalog, query),
            delimiter,
            line_ending,
            datetime.now(UTC),
            str(body["operation"]),
        )
        self._jobs[job.id] = job
        return job

    def find(self, key: str) -> Job:
        """Return the job *key*, or raise 404."""
        for job in self._jobs.values():
            if job.id[:15] == key[:15]:
                return job
        raise not_found()

    def advance(self, job: Job) -> None:
        """Let a job that was looked at get on: a first look finds it in progress."""
        later = {"UploadComplete": "InProgress", "InProgress": "JobComplete"}
        job.state = later.get(job.state, job.state)

    def set_state(self, job: Job, body: Any) -> None:
        """Abort the job; nothing else can be asked for."""
        if not isinstance(body, dict) or body.get("state") != "Aborted":
            raise _invalid("only the state Aborted can be set")
        if job.state == "JobComplete":
            raise _invalid("a complete job cannot be aborted")
        job.state = "Aborted"

    def delete(self, job: Job) -> None:
        """Delete a job that has ended."""
        if job.state not in ("JobComplete", "Aborted"):
            raise _invalid("a job can be deleted only when it has ended")
        del self._jobs[job.id]

    def shown(self, job: Job, version: str) -> dict[str, Any]:
        """Return the job as the API shows it."""
        shown: dict[str, Any] = {
            "id": job.id,
            "operation": job.operation,
            "object": job.result.entity.name,
            "createdById": self._user_id,
            "createdDate": f"{job.created:%Y-%m-%dT%H:%M:%S}.000+0000",
            "systemModstamp": f"{job.created:%Y-%m-%dT%H:%M:%S}.000+0000",
            "state": job.state,
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": float(version),
            "lineEnding": job.line_ending,
            "columnDelimiter": job.delimiter,
        }
        if job.state == "JobComplete":
            shown["numberRecordsProcessed"] = len(job.result.rows)
        return shown

    def page(self, job: Job, locator: str, most: int) -> Page:
        """Return the part of the result that *locator* names."""
        if job.state != "JobComplete":
            raise _invalid("the job has no results yet")
        if locator and not locator.isdigit():
            raise _invalid("the locator is not valid")
        start = int(locator or 0)
        end = min(start + most, len(job.result.rows))
        following = str(end) if end < len(job.result.rows) else None
        return Page(_csv(job, start, end), max(0, end - start), following)


def _invalid(message: str) -> SalesforceError:
    return SalesforceError(400, "INVALIDJOB", message)


def _csv(job: Job, start: int, end: int) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(
        buffer,
        delimiter=DELIMITERS[job.delimiter],
        lineterminator=LINE_ENDINGS[job.line_ending],
        quoting=csv.QUOTE_ALL,
    )
    columns = job.result.columns
    writer.writerow([".".join(item.path) for item in columns])
    for position in range(start, end, _CHUNK):
        for row in job.result.rows[position : min(position + _CHUNK, end)]:
            writer.writerow([_cell(item.of(row)) for item in columns])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
