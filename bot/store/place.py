"""Whether the database still lies where it lay when it was opened.

SQLite goes on writing into a file that somebody has deleted or replaced: everything seems to be
recorded, and is gone with the process. So the bot looks each time before it commits.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from bot.errors import StoreError
from bot.store.trouble import GONE, REPLACED, UNAVAILABLE
from workflows.text import N_

Identity = tuple[int, int]
"""The device and the number of a file on it: another file under the same name has another."""


class Place:
    """Where the database was opened."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._identity = identity(path)
        self._writer: sqlite3.Connection | None = None
        self._log: Identity | None = None

    def check(self) -> None:
        """Look whether the same file is there.

        Raises:
            StoreError: it was deleted, moved or replaced. It is well again when it is back.
        """
        found = identity(self._path)
        if found is not None and found == self._identity:
            return
        if found is None:
            raise StoreError(
                GONE,
                N_("The database {path} was deleted or moved.", path=str(self._path)),
                N_(
                    "Move it back, and the bot goes on. Where it is lost: stop the bot, then "
                    "`sunset db restore FILE`."
                ),
            )
        raise StoreError(
            REPLACED,
            N_("Another file was put in the place of the database {path}.", path=str(self._path)),
            N_("Stop the bot. Put a copy in place with `sunset db restore FILE` alone."),
        )

    def check_log(self, connection: sqlite3.Connection) -> bool:
        """Look whether SQLite's log is still there, in a transaction that has begun.

        Returns False where somebody has deleted it: what it holds is then in the database's file,
        the transaction is over, and every connection has to be opened anew.

        Raises:
            StoreError: another file is in its place, or it could not be saved.
            sqlite3.Error: it could not be saved.
        """
        log = log_of(self._path)
        found = identity(log)
        if connection is not self._writer:
            self._writer, self._log = connection, found
        if found == self._log:
            return True
        if found is None:
            connection.rollback()
            # This connection still has it open: what was committed into it is not lost yet.
            (busy, _, _) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            if not busy:
                return False
        raise StoreError(
            REPLACED,
            N_("The file {path} was deleted or replaced.", path=str(log)),
            N_("Stop the bot, so that it puts all it knows into the database; start it again."),
        )


def identity(path: Path) -> Identity | None:
    """Return what tells a file from every other; None where there is no file.

    Raises:
        StoreError: the system does not say.
    """
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(
            UNAVAILABLE,
            N_(
                "The database does not answer ({reason}); nothing was recorded.",
                reason=error.strerror or "?",
            ),
            N_("Check the disk and the permissions of SUNSET_DATABASE, then try again."),
        ) from error
    return found.st_dev, found.st_ino


def log_of(path: Path) -> Path:
    """Return where SQLite keeps what was committed and is not in the database's file yet."""
    return path.with_name(path.name + "-wal")
