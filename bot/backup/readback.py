"""Reading a data file back: as CSV, in UTF-8, with its hash, in little memory."""

from __future__ import annotations

import csv
import hashlib
import io
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from stat import S_ISREG
from typing import Any

CREATED = "CreatedDate"
LONGEST_FIELD = 1_000_000
"""Characters. Salesforce's longest text has 131,072; the csv module's own limit is that."""
_SECONDS = len("2026-11-23T10:15:00")


@dataclass(frozen=True)
class ReadBack:
    """What a file holds.

    ``created_before`` counts the rows created before the moment that was asked about (None: it
    has no such column). ``fault`` says why it is no sound CSV; then the counts go as far as that.
    """

    rows: int
    bytes: int
    sha256: str
    created_before: int | None = None
    fault: str = ""


class NotAFile(Exception):
    """The path leads to a link, a directory or a device."""


def read_back(path: Path, fields: Sequence[str], moment: datetime | None = None) -> ReadBack:
    """Read *path*, whose columns are to be *fields*.

    Raises OSError, and :class:`NotAFile`.
    """
    csv.field_size_limit(max(csv.field_size_limit(), LONGEST_FIELD))
    with _open(path) as raw:
        watched = _Watched(raw)
        text = io.TextIOWrapper(io.BufferedReader(watched), "utf-8", "strict", newline="")
        counts = _Counts(fields, moment)
        fault = ""
        try:
            counts.count(csv.reader(text, strict=True))
        except UnicodeDecodeError:
            fault = f"row {counts.rows + 1} is not UTF-8"
        except csv.Error as error:
            fault = f"row {counts.rows + 1}: {error}"
        except _Wrong as wrong:
            fault = str(wrong)
        watched.finish()
        return ReadBack(
            counts.rows, watched.bytes, watched.sha.hexdigest(), counts.created_before, fault
        )


def digest(path: Path) -> tuple[int, str]:
    """Return a file's size and hash. Raises OSError, and :class:`NotAFile`."""
    with _open(path) as raw:
        watched = _Watched(raw)
        watched.finish()
        return watched.bytes, watched.sha.hexdigest()


def _open(path: Path) -> io.FileIO:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        if path.is_symlink():
            raise NotAFile from error
        raise
    if not S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise NotAFile
    return io.FileIO(handle)


class _Watched(io.RawIOBase):
    """Hashes what is read through it."""

    def __init__(self, raw: io.FileIO) -> None:
        self._raw = raw
        self.sha = hashlib.sha256()
        self.bytes = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer)
        count = self._raw.readinto(view) or 0
        self.sha.update(view[:count])
        self.bytes += count
        return count

    def finish(self) -> None:
        """Read what is left."""
        buffer = bytearray(1 << 18)
        while self.readinto(buffer):
            pass


class _Wrong(Exception):
    """The rows are not those of the query."""


class _Counts:
    """Counts rows, and those that were created before a moment."""

    def __init__(self, fields: Sequence[str], moment: datetime | None) -> None:
        self._fields = [name.lower() for name in fields]
        self._column = self._fields.index(CREATED.lower()) if CREATED in fields else None
        self._moment = f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}" if moment else ""
        asked = moment is not None and self._column is not None
        self.created_before: int | None = 0 if asked else None
        self.rows = 0

    def count(self, lines: Iterator[list[str]]) -> None:
        heading = next(lines, [])
        if [name.lower() for name in heading] != self._fields:
            raise _Wrong("the heading does not name the query's fields")
        width = len(self._fields)
        for row in lines:
            if len(row) != width:
                raise _Wrong(f"row {self.rows + 1} has {len(row)} fields, not {width}")
            self.rows += 1
            if self._column is not None and self.created_before is not None:
                # Salesforce writes all times in UTC, so that texts compare as times do.
                self.created_before += row[self._column][:_SECONDS] < self._moment
