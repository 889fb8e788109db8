"""What can go wrong with a backup. Nothing of it loses what lies in the directory already."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from workflows.errors import SunsetError
from workflows.text import N_, Text

AGAIN = N_("Run the backup again with the same directory: it goes on where it was.")
ANOTHER = N_("Name another directory for a new backup; this one is left as it is.")
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_FORBIDDEN = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.ELOOP})


class BackupError(SunsetError):
    """A backup was not finished, or cannot be used."""


@contextmanager
def disk(path: Path) -> Iterator[None]:
    """Translate what the file system refuses about *path*."""
    try:
        yield
    except OSError as error:
        raise _refused(path, error) from error


def _refused(path: Path, error: OSError) -> BackupError:
    reason = error.strerror or type(error).__name__
    if error.errno in _FULL:
        return BackupError(
            "backup_disk_full",
            N_("There is no room left for {path} ({reason}).", path=str(path), reason=reason),
            N_("Make room, then run the backup again with the same directory: it goes on."),
        )
    if error.errno in _FORBIDDEN:
        return BackupError(
            "backup_not_writable",
            N_("{path} cannot be used ({reason}).", path=str(path), reason=reason),
            N_("Name a directory where the bot's user may read and write."),
        )
    return BackupError(
        "backup_disk",
        N_("{path} could not be written or read ({reason}).", path=str(path), reason=reason),
        N_("Look at the disk, then run the backup again with the same directory: it goes on."),
    )


def not_empty(path: Path, name: str) -> BackupError:
    """Build the error for a directory that holds something else."""
    return BackupError(
        "backup_directory_not_empty",
        N_("{path} is not empty, and holds no backup ({name}).", path=str(path), name=name),
        N_("Name an empty directory, or one that does not exist yet."),
    )


def in_progress(path: Path) -> BackupError:
    """Build the error for a directory that another process writes."""
    return BackupError(
        "backup_in_progress",
        N_("A backup is being written into {path} already.", path=str(path)),
        N_("Wait until it has ended, or name another directory."),
    )


def other_org(path: Path, there: str, here: str) -> BackupError:
    """Build the error for the directory of another org."""
    return BackupError(
        "backup_other_org",
        N_(
            "{path} holds a backup of {there}; this is {here}.",
            path=str(path),
            there=there,
            here=here,
        ),
        ANOTHER,
    )


def package_changed(path: Path, there: str, here: str) -> BackupError:
    """Build the error for a backup whose package is another version now, or gone."""
    return BackupError(
        "backup_package_changed",
        N_(
            "The unfinished backup in {path} is of version {there} of the package; installed is "
            "{here}.",
            path=str(path),
            there=there,
            here=here or "-",
        ),
        ANOTHER,
    )


def no_package(namespace: str) -> BackupError:
    """Build the error for an org without the package."""
    return BackupError(
        "backup_package_missing",
        N_("The package {namespace} is not installed: nothing of it is left.", namespace=namespace),
        N_("If it was removed within 48 hours and a copy was kept, Salesforce has that copy."),
    )


def progress_unreadable(path: Path) -> BackupError:
    """Build the error for notes about an unfinished backup that cannot be read."""
    return BackupError(
        "backup_progress_unreadable",
        N_("{path}, which says how far the backup is, cannot be read.", path=str(path)),
        ANOTHER,
    )


def damaged(path: Path, problems: int, first: Text) -> BackupError:
    """Build the error for a finished backup that is no longer what it was."""
    return BackupError(
        "backup_damaged",
        N_(
            "The finished backup in {path} has {count} problems, the first: {first}",
            path=str(path),
            count=problems,
            first=str(first),
        ),
        N_(
            "`sunset backup verify` names them all. Name another directory for a new backup; this "
            "one is left as it is."
        ),
    )


def job_failed(name: str, message: str) -> BackupError:
    """Build the error for a query job that Salesforce gave up."""
    return BackupError(
        "backup_job_failed",
        N_("Salesforce could not query {name}: {message}", name=name, message=message or "-"),
        N_(
            "Look at what Salesforce says (Setup → Bulk Data Load Jobs), then run the backup again "
            "with the same directory: it goes on."
        ),
    )


def job_aborted(name: str) -> BackupError:
    """Build the error for a query job that somebody ended."""
    return BackupError(
        "backup_job_aborted",
        N_("Somebody aborted the query of {name} in Salesforce.", name=name),
        AGAIN,
    )


def job_slow(name: str, minutes: int) -> BackupError:
    """Build the error for a query job that does not end."""
    return BackupError(
        "backup_job_slow",
        N_(
            "Salesforce has not answered the query of {name} within {minutes} minutes.",
            name=name,
            minutes=minutes,
        ),
        N_("It goes on there. Run the backup again later with the same directory."),
    )


def rows_differ(name: str, got: int, told: int) -> BackupError:
    """Build the error for results that are not as many as Salesforce says."""
    return BackupError(
        "backup_rows_differ",
        N_(
            "Salesforce says that the query of {name} has {told} rows, and sent {got}.",
            name=name,
            told=told,
            got=got,
        ),
        AGAIN,
    )


def rows_missing(name: str, missing: int) -> BackupError:
    """Build the error for a file that lacks records that were there before."""
    return BackupError(
        "backup_rows_missing",
        N_(
            "The file of {name} lacks {missing} records that Salesforce counts and that were "
            "there before the query.",
            name=name,
            missing=missing,
        ),
        N_(
            "Look whether somebody changed the sharing of these records or undeleted some, then "
            "run the backup again with the same directory."
        ),
    )


def csv_unreadable(name: str, reason: str) -> BackupError:
    """Build the error for results that cannot be read back as CSV."""
    return BackupError(
        "backup_csv_unreadable",
        N_("What Salesforce sent of {name} is not sound CSV: {reason}", name=name, reason=reason),
        AGAIN,
    )


def stopped() -> BackupError:
    """Build the error for a backup that was told to stop."""
    return BackupError("backup_stopped", N_("The backup was stopped before its end."), AGAIN)
