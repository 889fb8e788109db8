"""Bulk API 2.0 query jobs."""

from __future__ import annotations

import base64
import binascii
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
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
NOT_IN_CSV: Final = {
    "address": "Selecting compound data not supported in Bulk Query",
    "location": "Selecting compound data not supported in Bulk Query",
    "base64": "Binary fields are not supported in Bulk Query",
}
"""Types of fields that a query job refuses, and what it says."""
_PIECE = 1 << 16  # characters that are made before they are sent


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
    error: str = ""


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
        self.failing = ""
        """If set, the next job that is created fails with this message."""

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
        result = run(self._catalog, query)
        for item in result.columns:
            if item.type in NOT_IN_CSV:
                raise SalesforceError(400, "API_ERROR", NOT_IN_CSV[item.type])
        if isinstance(result.rows, list):  # else they are made up from their number
            result = replace(result, rows=tuple(result.rows))
        self._number += 1
        job = Job(
            record_id("750", self._number),
            result,
            delimiter,
            line_ending,
            datetime.now(UTC),
            str(body["operation"]),
            error=self.failing,
        )
        self.failing = ""
        self._jobs[job.id] = job
        return job

    def all(self) -> list[Job]:
        """Return the jobs that were not deleted, oldest first."""
        return list(self._jobs.values())

    def find(self, key: str) -> Job:
        """Return the job *key*, or raise 404."""
        for job in self._jobs.values():
            if job.id[:15] == key[:15]:
                return job
        raise not_found()

    def advance(self, job: Job) -> None:
        """Let a job that was looked at get on: a first look finds it in progress."""
        end = "Failed" if job.error else "JobComplete"
        later = {"UploadComplete": "InProgress", "InProgress": end}
        job.state = later.get(job.state, job.state)

    def set_state(self, job: Job, body: Any) -> None:
        """Abort the job; nothing else can be asked for."""
        if not isinstance(body, dict) or body.get("state") != "Aborted":
            raise _invalid("only the state Aborted can be set")
        if job.state in _ENDED:
            raise _wrong_state(f"a job in the state {job.state} cannot be aborted")
        job.state = "Aborted"

    def delete(self, job: Job) -> None:
        """Delete a job that has ended."""
        if job.state not in _ENDED:
            raise _wrong_state("a job can be deleted only when it has ended")
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
            shown |= {
                "numberRecordsProcessed": len(job.result.rows),
                "retries": 0,
                "totalProcessingTime": 100,
            }
        if job.state == "Failed":
            shown["errorMessage"] = job.error
        return shown

    def page(self, job: Job, locator: str, most: int) -> Page:
        """Return the part of the result that *locator* names."""
        if job.state != "JobComplete":
            raise _wrong_state(f"a job in the state {job.state} has no results")
        start = _start(locator)
        if start and start >= len(job.result.rows):
            raise _invalid_locator()
        end = min(start + most, len(job.result.rows))
        following = _locator(end) if end < len(job.result.rows) else None
        return Page(_csv(job, start, end), end - start, following)


_ENDED: Final = ("JobComplete", "Aborted", "Failed")


def _locator(start: int) -> str:
    """Return where a part begins, as Salesforce writes it: 10000 is MTAwMDA."""
    return base64.urlsafe_b64encode(str(start).encode()).decode().rstrip("=")


def _start(locator: str) -> int:
    if not locator:
        return 0
    try:
        padded = locator + "=" * (-len(locator) % 4)
        start = base64.b64decode(padded, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise _invalid_locator() from error
    if not start.isdigit():
        raise _invalid_locator()
    return int(start)


def _invalid(message: str) -> SalesforceError:
    return SalesforceError(400, "INVALIDJOB", message)


def _wrong_state(message: str) -> SalesforceError:
    return SalesforceError(400, "INVALIDJOBSTATE", message)


def _invalid_locator() -> SalesforceError:
    return SalesforceError(400, "INVALID_QUERY_LOCATOR", "invalid query locator")


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
    for position in range(start, end):
        row = job.result.rows[position]
        writer.writerow([_cell(item.of(row), item.type) for item in columns])
        if buffer.tell() >= _PIECE:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def _cell(value: Any, kind: str) -> str:
    if value is None:
        return ""
    if kind == "datetime":
        return str(value).replace("+0000", "Z")
    return str(value).lower() if isinstance(value, bool) else str(value)
