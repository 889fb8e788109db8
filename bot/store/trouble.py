"""What can be wrong with the database, in words: what it is, what to do, and when it is told.

Each kind has a stable code; docs/operations.md lists them. The codes of SQLite's own errors are in
https://sqlite.org/rescode.html.
"""

from __future__ import annotations

import sqlite3
import threading
from typing import NamedTuple

import structlog

from bot.errors import StoreError
from workflows.text import N_, Text

log = structlog.get_logger(__name__)
FULL = "store_full"
LOCKED = "store_locked"
READ_ONLY = "store_read_only"
DAMAGED = "store_damaged"
GONE = "store_gone"
REPLACED = "store_replaced"
UNAVAILABLE = "store_unavailable"
"""Whatever else the system says; the sentence holds its words."""


class Kind(NamedTuple):
    """What a family of SQLite's errors means: its code here, the sentence, the remedy."""

    code: str
    problem: Text
    remedy: Text


_KINDS = {
    sqlite3.SQLITE_FULL: Kind(
        FULL,
        N_("There is no room on the disk for the database; nothing was recorded."),
        N_("Make room; the bot goes on by itself. Then try again."),
    ),
    sqlite3.SQLITE_BUSY: Kind(
        LOCKED,
        N_("Another program holds the database; nothing was recorded."),
        N_("Close the program that has it open; the bot goes on by itself. Then try again."),
    ),
    sqlite3.SQLITE_READONLY: Kind(
        READ_ONLY,
        N_("The database may be read, but not written; nothing was recorded."),
        N_("Let the bot's user write the file of SUNSET_DATABASE and its directory."),
    ),
    sqlite3.SQLITE_CORRUPT: Kind(
        DAMAGED,
        N_("The database is damaged; nothing was recorded."),
        N_("Stop the bot and restore a copy with `sunset db restore FILE`."),
    ),
}
_ALIKE = {
    sqlite3.SQLITE_LOCKED: sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_NOTADB: sqlite3.SQLITE_CORRUPT,
}
_WRITING = sqlite3.SQLITE_IOERR_WRITE
_PRIMARY = 0xFF
"""The low byte of an extended code is its family."""


Error = sqlite3.Error | UnicodeDecodeError
"""What reading and writing raises; the second where Python cannot even read SQLite's words, which
quote a damaged database."""
ERRORS = (sqlite3.Error, UnicodeDecodeError)


def storage_error(error: Error) -> StoreError:
    """Translate SQLite's error into a sentence and a remedy."""
    if isinstance(error, UnicodeDecodeError):
        return damaged_row(str(error))
    code: int = getattr(error, "sqlite_errorcode", 0)
    family = code & _PRIMARY
    kind = _KINDS.get(_ALIKE.get(family, family))
    if kind is not None:
        return StoreError(*kind, reference=str(error))
    if code == _WRITING:
        remedy = N_("Is there room on its disk? Make some; the bot goes on by itself.")
    else:
        remedy = N_("Check the disk and the permissions of SUNSET_DATABASE, then try again.")
    return StoreError(
        UNAVAILABLE,
        N_("The database does not answer ({reason}); nothing was recorded.", reason=str(error)),
        remedy,
    )


def damaged_row(what: str) -> StoreError:
    """Say that something in the database is not what the bot wrote there."""
    kind = _KINDS[sqlite3.SQLITE_CORRUPT]
    return StoreError(*kind, reference=what)


class Health:
    """Tells the log when trouble begins, changes and ends; not each time somebody meets it."""

    def __init__(self, doing: str) -> None:
        self._doing = doing
        self._trouble = ""
        self._lock = threading.Lock()

    def failed(self, error: StoreError) -> StoreError:
        """Note that it did not work; return the error."""
        with self._lock:
            told, self._trouble = self._trouble == error.code, error.code
        if not told:
            text = str(error.problem)
            log.error(
                "store_failed", doing=self._doing, code=error.code, reason=error.reference or text
            )
        return error

    def worked(self) -> None:
        """Note that it worked."""
        if self._trouble:
            with self._lock:
                trouble, self._trouble = self._trouble, ""
            if trouble:
                log.warning("store_recovered", doing=self._doing, code=trouble)
