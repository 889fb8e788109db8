"""Opening the database: what may be opened, with which rights, and brought to this schema.

Nothing is written into a file before it is known to be the bot's own, whole as far as SQLite can
tell, and not of a newer version.
"""

from __future__ import annotations

import os
import sqlite3
import stat
import time
from contextlib import closing, suppress
from pathlib import Path

import structlog

from bot.errors import StoreError
from bot.store.lock import DatabaseLock
from bot.store.trouble import DAMAGED, ERRORS, READ_ONLY, UNAVAILABLE, Error, storage_error
from workflows.text import N_

log = structlog.get_logger(__name__)
SCHEMA_VERSION = 4
"""The number of migrations (bot/store/schema.py)."""
BUSY_MILLISECONDS = 1_200
"""So long is waited for another program that holds the database. A click that comes right after a
wait has begun waits twice, and Slack has to be answered within 3 seconds."""
MIGRATION_BUSY_MILLISECONDS = 5_000
CHECK_SECONDS = 1.0
"""SQLite looks through about 200 MB in that time; a database of a million ledger rows has 50."""
_OURS_ALONE = 0o600
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_STEPS = 10_000
"""SQLite's own steps between two looks at the time: less than a millisecond."""


def connect(path: Path) -> sqlite3.Connection:
    """Open a connection for reading and writing to a database that is there already.

    Raises:
        sqlite3.Error, UnicodeDecodeError: it cannot be opened. It is never made anew.
    """
    connection = _connect(path)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
    except ERRORS:
        connection.close()
        raise
    return connection


def _connect(path: Path) -> sqlite3.Connection:
    """Open a connection, which writes nothing by itself."""
    address = f"{path.absolute().as_uri()}?mode=rw"
    connection = sqlite3.connect(address, uri=True, isolation_level=None, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    connection.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")
    return connection


def make(path: Path) -> None:
    """Make sure that there is a file, and that its owner alone may read and write it.

    SQLite gives the files beside it the same rights.

    Raises:
        StoreError: it is no file, or others may read it and this cannot be changed.
        OSError: it cannot be made, read or written.
    """
    with suppress(FileExistsError):
        # With these rights before a byte is in it: it holds names and e-mails.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, _OURS_ALONE))
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode):
        raise StoreError(
            "store_unusable",
            N_("{path} is a directory or a device, not a file.", path=str(path)),
            N_("SUNSET_DATABASE must name a file in a directory that the bot may write to."),
        )
    if not os.access(path, os.R_OK | os.W_OK, effective_ids=True):
        raise PermissionError(13, os.strerror(13), str(path))
    for file in (path, *(path.with_name(path.name + end) for end in ("-wal", "-shm"))):
        _tighten(file)


def _tighten(path: Path) -> None:
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return
    if not mode & _OTHERS:
        return
    try:
        path.chmod(_OURS_ALONE)
    except OSError as error:
        raise StoreError(
            "store_open_to_others",
            N_("Others on this machine can open {path}.", path=str(path)),
            N_("On this machine: chmod 600 {path}", path=str(path)),
        ) from error
    log.warning("store_rights_tightened", path=str(path), was=oct(stat.S_IMODE(mode)))


def examine(path: Path, seconds: float = CHECK_SECONDS) -> int | None:
    """Look whether this is a whole database of this bot; return its schema's version.

    None: it is empty.

    ``seconds``: after so long the rest of a large one is taken on trust, which the log says.

    Raises:
        StoreError: it belongs to another program or to a newer version, or it is damaged.
        sqlite3.Error, UnicodeDecodeError: it cannot be read.
    """
    with closing(_connect(path)) as connection:
        return _examine(connection, path, seconds)


def _examine(connection: sqlite3.Connection, path: Path, seconds: float) -> int | None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema")}
    # The first start may have been cut short after the table that counts migrations.
    if tables - {"sqlite_sequence"} and "_sqlite_migrations" not in tables:
        raise StoreError(
            "store_foreign",
            N_("{path} is the database of another program.", path=str(path)),
            N_("Let SUNSET_DATABASE name the bot's own database, or a new file."),
        )
    if version > SCHEMA_VERSION:
        raise StoreError(
            "store_newer",
            N_(
                "The database was written by a newer Sunset (schema {version}; this one knows "
                "{known}).",
                version=version,
                known=SCHEMA_VERSION,
            ),
            N_("Start the newer version. To go back, restore a copy from before the upgrade."),
        )
    _check(connection, seconds)
    return int(version) if tables else None


def _check(connection: sqlite3.Connection, seconds: float) -> None:
    until = time.monotonic() + seconds
    connection.set_progress_handler(lambda: time.monotonic() > until, _STEPS)
    try:
        (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
            raise
        log.warning("store_checked_in_part", seconds=seconds)
        return
    finally:
        connection.set_progress_handler(None, 0)
    if verdict != "ok":
        raise StoreError(
            DAMAGED,
            N_("The database is damaged: {what}.", what=str(verdict)),
            N_("Stop the bot and restore a copy with `sunset db restore FILE`."),
        )


def upgrade(
    connection: sqlite3.Connection, path: Path, version: int | None, *, locked: bool
) -> None:
    """Bring a database to this program's schema; killed in between, the next start goes on.

    ``locked``: this process holds the database already. Else it is locked meanwhile: an older bot
    must not go on with a schema that it does not know.

    Raises:
        StoreError: another bot is running on it.
        sqlite3.Error: it cannot be changed; every migration happens wholly or not at all.
    """
    if version is not None and version >= SCHEMA_VERSION:
        return
    lock = None if locked or version is None else DatabaseLock(path)
    try:
        # sqlite-utils takes a while to import, and only a new or older database needs it.
        from bot.store.schema import migrate  # noqa: PLC0415 - said above

        connection.execute(f"PRAGMA busy_timeout = {MIGRATION_BUSY_MILLISECONDS}")
        migrate(connection)
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    finally:
        if lock is not None:
            lock.release()
    if version is not None:
        log.warning("store_upgraded", was=version, now=SCHEMA_VERSION)


def refusal(path: Path, error: Error | OSError) -> StoreError:
    """Say why a database cannot be opened."""
    if not isinstance(error, OSError):
        told = storage_error(error)
        foreign = getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_NOTADB
        if told.code not in {UNAVAILABLE, READ_ONLY} and not foreign:
            return told
    return StoreError(
        "store_unusable",
        N_("The database {path} cannot be opened: {reason}.", path=str(path), reason=str(error)),
        N_("SUNSET_DATABASE must name a file in a directory that the bot may write to."),
    )
