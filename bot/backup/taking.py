"""Taking one table: its query job, its pages, its file, its count."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import structlog

from bot.backup import errors
from bot.backup.files import PART, Folder, Part
from bot.backup.journal import Begun, Journal
from bot.backup.readback import CREATED, ReadBack, read_back
from bot.backup.scanner import PageScanner, Unsound
from bot.backup.source import Job, Page, Source
from bot.backup.values import BackedUp, Counted, Progress, Table
from bot.backup.waiting import Waiting
from bot.errors import VendorError
from bot.ports import Clock
from workflows.errors import SunsetError

T = TypeVar("T")
log = structlog.get_logger(__name__)
PAGE = 10_000
"""Rows a page: what is read again after a lost connection; 1,000,000 rows are 100 requests."""
FRESH_ATTEMPTS = 2
TELL_EVERY = 1 << 20
"""Bytes between two reports of progress."""
_GONE = frozenset({"salesforce_not_available", "salesforce_refused"})
"""What Salesforce answers about a job or a locator that has expired or was deleted."""


class Anew(Exception):
    """The table has to be taken from its beginning; ``cause`` if that does not help."""

    def __init__(self, cause: SunsetError) -> None:
        super().__init__(str(cause))
        self.cause = cause


@dataclass(frozen=True)
class Seen:
    """Who hears how far it is, and who says whether to go on."""

    tell: Callable[[Progress], None]
    go: Callable[[], bool]

    def check(self) -> None:
        """Raise *stopped* if it is not to go on."""
        if not self.go():
            raise errors.stopped()


class Taker:
    """Takes tables into *folder*, one at a time; what it has done is in *journal* at any time."""

    def __init__(
        self,
        source: Source,
        folder: Folder,
        journal: Journal,
        clock: Clock,
        *,
        seen: Seen,
        waiting: Waiting,
        page: int = PAGE,
    ) -> None:
        self._source = source
        self._folder = folder
        self._journal = journal
        self._clock = clock
        self._seen = seen
        self._waiting = waiting
        self._page = page

    def take(self, table: Table, number: int) -> BackedUp:
        """Take *table*, the *number*-th, and record it as done.

        What was begun before is gone on with. If that, or a first attempt, does not stand up to
        the checks, the table is taken anew.
        """
        tell = partial(Progress, table.object, number, len(self._journal.state.tables))
        attempts = FRESH_ATTEMPTS + (self._begun(table) is not None)
        for attempt in range(1, attempts + 1):
            try:
                return self._attempt(table, tell)
            except Anew as anew:
                self._journal.save(begun=None)
                if attempt == attempts:
                    raise anew.cause from anew
                log.warning("backup_table_anew", table=table.object, reason=anew.cause.code)
        raise AssertionError("the last attempt returns or raises")

    def _begun(self, table: Table) -> Begun | None:
        begun = self._journal.state.begun
        return begun if begun is not None and begun.object == table.object else None

    def _attempt(self, table: Table, tell: Callable[..., Progress]) -> BackedUp:
        begun = self._begun(table)
        part = Part(self._folder, table.file, begun.bytes if begun else 0)
        try:
            if begun is None or part.size != begun.bytes or _differs(part, begun):
                part.close()
                part = Part(self._folder, table.file)
                begun = self._begin(table)
            job = self._finished(table, begun, tell)
            begun = self._read(table, begun, job, part, tell)
        finally:
            part.close()
        return self._check(table, begun, job, tell)

    def _begin(self, table: Table) -> Begun:
        job = self._source.start(table.query)
        began = job.created.replace(microsecond=0)
        begun = Begun(object=table.object, job_id=job.id, began=began)
        self._journal.save(begun=begun)
        return begun

    def _finished(self, table: Table, begun: Begun, tell: Callable[..., Progress]) -> Job:
        """Wait until the job is complete."""
        for _ in self._waiting.rounds(self._seen.go):
            self._seen.tell(tell("waiting", begun.rows))
            job = _expiring(lambda: self._source.job(begun.job_id))
            match job.state:
                case "complete":
                    return job
                case "failed":
                    self._journal.save(begun=None)
                    raise errors.job_failed(table.object, job.message)
                case "aborted":
                    self._journal.save(begun=None)
                    raise errors.job_aborted(table.object)
        raise errors.job_slow(table.object, round(self._waiting.total / 60))

    def _read(
        self,
        table: Table,
        begun: Begun,
        job: Job,
        part: Part,
        tell: Callable[..., Progress],
    ) -> Begun:
        while begun.locator is not None:

            def report(rows: int, before: int = begun.rows) -> None:
                self._seen.tell(tell("reading", before + rows, job.records))

            report(0)
            page, rows = self._next_page(table, begun, part, report)
            if page.records != rows:
                raise Anew(errors.rows_differ(table.object, rows, page.records))
            part.keep_page()
            begun = begun.model_copy(
                update={
                    "rows": begun.rows + rows,
                    "bytes": part.size,
                    "sha256": part.sha256,
                    "locator": page.locator or None,
                }
            )
            self._journal.save(begun=begun)
        if begun.rows != job.records:
            raise Anew(errors.rows_differ(table.object, begun.rows, job.records or 0))
        return begun

    def _next_page(
        self, table: Table, begun: Begun, part: Part, report: Callable[[int], None]
    ) -> tuple[Page, int]:
        """Write the next page into the part; return it, and how many rows were written.

        A connection that breaks begins the page anew.
        """
        rows = 0

        def into(pieces: Iterator[bytes]) -> None:
            nonlocal rows
            scanner = PageScanner(table.fields, first=not begun.bytes)
            part.begin_page()
            since = 0
            for piece in pieces:
                self._seen.check()
                part.write(scanner.feed(piece))
                since += len(piece)
                if since >= TELL_EVERY:
                    since = 0
                    report(scanner.rows)
            part.write(scanner.end())
            rows = scanner.rows

        try:
            page = _expiring(
                lambda: self._source.read(begun.job_id, begun.locator or "", self._page, into)
            )
        except Unsound as unsound:
            reason = "it ends inside a field, or has no heading"
            raise Anew(errors.csv_unreadable(table.object, reason)) from unsound
        return page, rows

    def _check(
        self, table: Table, begun: Begun, job: Job, tell: Callable[..., Progress]
    ) -> BackedUp:
        """Read the file back, count anew, and record the table as done."""
        self._seen.check()
        self._seen.tell(tell("verifying", begun.rows, job.records))
        path = self._folder.path / (table.file + PART)
        with errors.disk(path):
            read = read_back(path, table.fields, begun.began)
        if read.fault or read.sha256 != begun.sha256 or read.rows != begun.rows:
            reason = read.fault or "what lies on the disk is not what was written"
            raise Anew(errors.csv_unreadable(table.object, reason))
        counted = self._count(table, begun, read)
        done = BackedUp(
            **table.model_dump(),
            rows=read.rows,
            bytes=read.bytes,
            sha256=read.sha256,
            job_id=begun.job_id,
            began=begun.began,
            ended=self._clock.now(),
            counted=counted,
        )
        self._folder.settle(table.file)
        others = [one for one in self._journal.state.done if one.object != table.object]
        self._journal.save(done=(*others, done), begun=None)
        self._seen.tell(tell("done", done.rows, done.rows))
        try:
            self._source.forget(begun.job_id)
        except VendorError as error:
            # Salesforce forgets it by itself after seven days.
            log.info("backup_job_not_deleted", job=begun.job_id, reason=error.code)
        return done

    def _count(self, table: Table, begun: Begun, read: ReadBack) -> Counted:
        """Hold a fresh count against the file.

        All records that were there before the query and still are must be in the file. What came
        or was changed later cannot be; what is in the file and gone by now does no harm.
        """
        name = table.object
        if read.created_before is None or CREATED not in table.fields:
            records = self._source.count(name)
            if records > read.rows:
                raise Anew(errors.rows_missing(name, records - read.rows))
            return Counted(at=self._clock.now(), records=records)
        before = self._source.count(name, created_before=begun.began)
        changed = self._source.count(name, changed_since=begun.began)
        records = self._source.count(name)
        if before > read.created_before:
            raise Anew(errors.rows_missing(name, before - read.created_before))
        return Counted(
            at=self._clock.now(),
            records=records,
            created=max(0, records - before),
            changed=changed,
            deleted=read.created_before - before,
        )


def _expiring(call: Callable[[], T]) -> T:
    """Let *call* ask about a job; one that Salesforce no longer knows means *anew*."""
    try:
        return call()
    except VendorError as error:
        if error.code in _GONE:
            raise Anew(error) from error
        raise


def _differs(part: Part, begun: Begun) -> bool:
    return bool(begun.bytes) and part.sha256 != begun.sha256
