"""One bot for a database: a lock that ends with the process, however that ends.

Two files are locked (flock): one beside the database, and the database itself, since another bot
may know it by another name (a link, a mount of the file alone in another container). A lock file
that a dead process has left behind locks nothing.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.errors import StoreError
from workflows.text import N_

HEADER = 100
"""Bytes that every database begins with (https://sqlite.org/fileformat.html)."""
_MARK = b"A bot has used the database beside this file; docs/operations.md says what that is for.\n"


class DatabaseLock:
    """Keeps a second bot from writing the same database; made before it is opened.

    SQLite's own locks are of another kind (POSIX) and do not meet these. They would be lost if this
    process closed any handle of the database's file: :meth:`release` comes after the store's end.
    """

    def __init__(self, database: Path, *, lost: bool = False) -> None:
        """Lock *database*; it need not exist yet. ``lost``: it may be gone, and is restored.

        Raises:
            StoreError: another bot has it, the directory cannot be written, or it is gone although
                a bot has used it.
        """
        self._handles: list[int] = []
        self._database = database.resolve()
        with self._refusing():
            self._mark = self._hold(lock_of(self._database), os.O_RDWR | os.O_CREAT)
            if not lost and not is_there(self._database) and os.fstat(self._mark).st_size:
                raise _lost(self._database)
            self._hold_database()

    @contextmanager
    def _refusing(self) -> Iterator[None]:
        """Hold nothing where something refuses, and say what that means."""
        path = str(self._database)
        try:
            yield
        except BlockingIOError as error:
            self.release()
            raise StoreError(
                "store_in_use",
                N_("Another Sunset uses the database {path}.", path=path),
                N_("Stop the other one first, or give this one its own SUNSET_DATABASE."),
            ) from error
        except OSError as error:
            self.release()
            raise StoreError(
                "store_unusable",
                N_("The directory of {path} cannot be written.", path=path),
                N_("SUNSET_DATABASE must name a file where the bot may write."),
            ) from error
        except StoreError:
            self.release()
            raise

    def _hold_database(self) -> None:
        try:
            # Not for writing: where that is refused, who opens it has the better sentence.
            self._hold(self._database, os.O_RDONLY | os.O_NONBLOCK)
        except (FileNotFoundError, PermissionError):
            return

    def _hold(self, path: Path, flags: int) -> int:
        handle = os.open(path, flags | os.O_CLOEXEC, 0o600)
        self._handles.append(handle)
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return handle

    def opened(self) -> None:
        """Note that there is a database now: where it is missing later, it was lost.

        Raises:
            StoreError: another bot has made it meanwhile, or this cannot be noted.
        """
        with self._refusing():
            if len(self._handles) == 1:
                self._hold_database()
            if not os.fstat(self._mark).st_size:
                os.pwrite(self._mark, _MARK, 0)

    def release(self) -> None:
        """Let another bot have it; call it when the store is closed."""
        while self._handles:
            os.close(self._handles.pop())


def lock_of(database: Path) -> Path:
    """Return the file beside a database that is locked and says that a bot has used it."""
    return database.with_name(database.name + ".lock")


def lost_of(database: Path) -> StoreError | None:
    """Say that a database is missing or empty though a bot has used it; None: it is not so."""
    mark = lock_of(database)
    used = mark.is_file() and mark.stat().st_size > 0
    return _lost(database) if used and not is_there(database) else None


def is_there(database: Path) -> bool:
    """Say whether there is something that SQLite would not take for an empty database."""
    return database.exists() and (not database.is_file() or database.stat().st_size >= HEADER)


def _lost(database: Path) -> StoreError:
    return StoreError(
        "store_lost",
        N_("The database {path} is gone or empty, though a bot has used it.", path=str(database)),
        N_(
            "Restore a copy with `sunset db restore FILE`. To begin with an empty database, delete "
            "{lock} first.",
            lock=str(lock_of(database)),
        ),
    )
