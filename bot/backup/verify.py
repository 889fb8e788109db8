"""Is a backup still what was written? Everything is computed anew; no network is needed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

from bot.backup import journal, manifest
from bot.backup.errors import disk
from bot.backup.readback import NotAFile, digest, read_back
from bot.backup.values import BackedUp, Manifest, Problem, ProblemKind
from workflows.text import N_, Text

LARGEST_MANIFEST = 64 << 20
"""Bytes: far more than one of thousands of objects, and too little to fill the memory."""


def verify(
    directory: Path,
    expected_digest: str = "",
    tell: Callable[[str], None] = lambda _: None,
) -> list[Problem]:
    """Return everything that is wrong with the backup in *directory*; nothing: it is sound.

    *expected_digest* is the manifest's SHA-256 that was recorded elsewhere when it was made: only
    it can show that somebody rewrote the files together with the manifest. *tell* hears the name of
    each file before it is read. Raises :class:`BackupError` where the disk refuses.
    """
    with disk(directory):
        if not directory.is_dir():
            return [
                _problem("not_there", "", N_("There is no directory {path}.", path=str(directory)))
            ]
        names = {one.name for one in directory.iterdir()}
    found: list[Problem] = []
    if journal.NAME in names:
        found.append(_problem("unfinished", journal.NAME, _UNFINISHED))
    held, wrong = _manifest(directory, names, expected_digest)
    found += wrong
    if held is None:
        return found
    expected = {manifest.NAME, manifest.SUM, manifest.README, journal.NAME, *held.tables()}
    found += [_problem("extra", name, _EXTRA) for name in sorted(names - expected)]
    found += _readme(directory, names, held)
    for one in held.files:
        tell(one.file)
        found += _file(directory, names, one)
    return found


_UNFINISHED = N_("The backup was not finished: running it again goes on.")
_EXTRA = N_("The manifest does not know this file.")
_MISSING = N_("The file is missing.")
_NOT_A_FILE = N_("This is not a plain file.")
_CHANGED = N_("The file is not the one that was written: its SHA-256 differs.")


def _problem(kind: ProblemKind, file: str, text: Text) -> Problem:
    return Problem(kind=kind, file=file, text=text)


def _manifest(
    directory: Path, names: set[str], expected_digest: str
) -> tuple[Manifest | None, list[Problem]]:
    if manifest.NAME not in names:
        return None, [_problem("manifest_missing", manifest.NAME, _MISSING)]
    data = _small(directory / manifest.NAME)
    if data is None:
        return None, [_problem("not_a_file", manifest.NAME, _NOT_A_FILE)]
    found: list[Problem] = []
    actual = hashlib.sha256(data).hexdigest()
    beside = _small(directory / manifest.SUM) if manifest.SUM in names else None
    if beside is None:
        found.append(_problem("missing", manifest.SUM, _MISSING))
    elif manifest.told_digest(beside) != actual:
        text = N_("The manifest was changed: its SHA-256 is not the one beside it.")
        found.append(_problem("manifest_changed", manifest.NAME, text))
    if expected_digest and expected_digest.lower() != actual:
        text = N_("The manifest was changed: its SHA-256 is not the one that was recorded.")
        found.append(_problem("manifest_changed", manifest.NAME, text))
    held = manifest.read(data)
    if held is None:
        text = N_("The manifest cannot be read.")
        found.append(_problem("manifest_unreadable", manifest.NAME, text))
    return held, found


def _small(path: Path) -> bytes | None:
    """Return a small plain file; None if it is something else."""
    with disk(path):
        if path.is_symlink() or not path.is_file() or path.stat().st_size > LARGEST_MANIFEST:
            return None
        return path.read_bytes()


def _readme(directory: Path, names: set[str], held: Manifest) -> Iterator[Problem]:
    if manifest.README not in names:
        yield _problem("missing", manifest.README, _MISSING)
        return
    try:
        with disk(directory):
            _, actual = digest(directory / manifest.README)
    except NotAFile:
        yield _problem("not_a_file", manifest.README, _NOT_A_FILE)
        return
    if actual != held.readme_sha256:
        yield _problem("changed", manifest.README, _CHANGED)


def _file(directory: Path, names: set[str], one: BackedUp) -> Iterator[Problem]:
    if one.file not in names:
        yield _problem("missing", one.file, _MISSING)
        return
    try:
        with disk(directory):
            read = read_back(directory / one.file, one.fields)
    except NotAFile:
        yield _problem("not_a_file", one.file, _NOT_A_FILE)
        return
    if (read.bytes, read.sha256) != (one.bytes, one.sha256):
        yield _problem("changed", one.file, _CHANGED)
    if read.fault:
        text = N_("The file is not sound CSV: {reason}.", reason=read.fault)
        yield _problem("unreadable", one.file, text)
    elif read.rows != one.rows:
        text = N_(
            "The file has {rows} rows; the manifest says {told}.", rows=read.rows, told=one.rows
        )
        yield _problem("count", one.file, text)
