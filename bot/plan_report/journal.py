"""The plan reports that were asked for and are not finished, on the disk beside the database.

They belong to no run, and nothing is proved by them: a file each, gone when its report is there.
"""

from __future__ import annotations

import os
import re
from datetime import datetime
from pathlib import Path

import structlog
from pydantic import ValidationError

from bot.errors import StoreError
from workflows.base import Instant, Value
from workflows.text import N_

log = structlog.get_logger(__name__)
_NAME = re.compile(r"[A-Z0-9]{1,64}\.json")
DIRECTORY_MODE, FILE_MODE = 0o700, 0o600


class Asked(Value):
    """A report that somebody asked for: its id, the person's Slack user id, and since when.

    ``again`` is true for one that a process before this one began.
    """

    id: str
    user: str
    at: Instant
    again: bool = False


def asked(user: str, at: datetime) -> Asked:
    """Return a new report for *user*; its id tells the second it was asked for."""
    return Asked(id=f"{user}-{int(at.timestamp())}", user=user, at=at)


class Journal:
    """The unfinished reports, one a person."""

    def __init__(self, database: Path) -> None:
        self._place = database.with_name(f"{database.name}.reports")

    def keep(self, report: Asked) -> None:
        """Write a report down, durably (:class:`StoreError` where that cannot be done)."""
        path = self._path(report.user)
        new = path.with_suffix(".new")
        try:
            self._place.mkdir(mode=DIRECTORY_MODE, exist_ok=True)
            handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, FILE_MODE)
            with os.fdopen(handle, "wb") as file:
                file.write(report.model_dump_json().encode())
                file.flush()
                os.fsync(file.fileno())
            new.replace(path)
        except OSError as error:
            raise StoreError(
                "report_not_kept",
                N_("The request could not be written to the disk."),
                N_("Ask the operator of Sunset to look at the disk, then try again."),
                reference=error.strerror or "",
            ) from error

    def forget(self, report: Asked) -> None:
        """Remove a finished report."""
        try:
            self._path(report.user).unlink(missing_ok=True)
        except OSError as error:
            # At worst it is made once more after a restart.
            log.warning("report_not_forgotten", report=report.id, reason=error.strerror)

    def unfinished(self) -> list[Asked]:
        """Return what a process before this one left, the oldest first."""
        found = []
        paths = self._place.iterdir() if self._place.is_dir() else ()
        for path in sorted(paths):
            if not _NAME.fullmatch(path.name):
                continue
            try:
                left = Asked.model_validate_json(path.read_bytes())
            except (OSError, ValidationError):
                log.warning("report_unreadable", file=path.name)
                continue
            found.append(left.model_copy(update={"again": True}))
        return sorted(found, key=lambda report: report.at)

    def _path(self, user: str) -> Path:
        return self._place / f"{user}.json"
