"""A copy of the database while the bot runs: whole, checked, readable by its owner alone."""

from __future__ import annotations

import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from bot.errors import StoreError
from workflows.text import N_, Text


@dataclass(frozen=True)
class Copied:
    """What a copy holds; ``size`` is in bytes."""

    path: Path
    runs: int
    events: int
    size: int


def copy_database(database: Path, target: Path) -> Copied:
    """Copy *database*, which may be in use, into the new file *target*.

    SQLite's online backup: what is committed while it copies is in it, wholly or not at all.
    *target* appears only when it is whole and SQLite's own integrity check has passed.

    Raises:
        StoreError: the database cannot be read or is damaged, or *target* is there already or
            cannot be written. Nothing is left behind then.
    """
    if not database.is_file():
        raise _error("database_missing", N_("There is no database {path}.", path=str(database)))
    if target.exists():
        raise StoreError(
            "copy_exists",
            N_("{path} is there already; nothing is overwritten.", path=str(target)),
            N_("Name a file that does not exist yet."),
        )
    partial = target.with_name(f"{target.name}.partial")
    try:
        # With these rights before a byte is in it: it holds names and e-mails.
        os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError as error:
        raise StoreError(
            "copy_under_way",
            N_("{path} is there: a copy is being made, or one was cut short.", path=str(partial)),
            N_("If no copy is being made, delete it and try again."),
        ) from error
    except OSError as error:
        raise _unwritable(partial, error) from error
    try:
        copied = _fill(database, partial, target)
        # A hard link refuses to replace a file that somebody has made meanwhile; a rename does not.
        os.link(partial, target)
    except sqlite3.Error as error:
        raise StoreError(
            "copy_failed",
            N_("{path} could not be copied: {reason}.", path=str(database), reason=str(error)),
            N_(
                "Is there room for the copy? `sunset doctor` says whether the database is whole. "
                "SUNSET_DATABASE must name the bot's database."
            ),
        ) from error
    except OSError as error:
        raise _unwritable(target, error) from error
    finally:
        partial.unlink(missing_ok=True)
    keep(target.parent)
    return copied


def _fill(database: Path, partial: Path, target: Path) -> Copied:
    source = sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)
    copy = sqlite3.connect(partial, isolation_level=None)
    try:
        # In one step: between two, whatever another process writes would begin it anew, for ever.
        # The bot is not held up, since a reader holds no writer up where there is a log.
        source.backup(copy)
        # One file, without a log beside it.
        copy.execute("PRAGMA journal_mode = DELETE")
        (verdict,) = copy.execute("PRAGMA integrity_check(1)").fetchone()
        if verdict != "ok":
            raise _error("database_damaged", N_("The database is damaged: {what}.", what=verdict))
        (events,) = copy.execute("SELECT count(*) FROM events").fetchone()
        (runs,) = copy.execute("SELECT count(*) FROM runs").fetchone()
    finally:
        copy.close()
        source.close()
    keep(partial)
    return Copied(target, runs, events, partial.stat().st_size)


def keep(path: Path) -> None:
    """Wait until a file, or a directory's list of files, is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _error(code: str, problem: Text) -> StoreError:
    return StoreError(code, problem, N_("SUNSET_DATABASE must name the bot's database."))


def _unwritable(path: Path, error: OSError) -> StoreError:
    return StoreError(
        "copy_unwritable",
        N_("{path} cannot be written: {reason}.", path=str(path), reason=error.strerror or "?"),
        N_("Choose a directory with room in it that you may write to."),
    )
