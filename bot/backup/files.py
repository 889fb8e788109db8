"""The directory of a backup: private, locked while it is written, never half a file."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from bot.backup.errors import disk, in_progress

DIRECTORY_MODE, FILE_MODE = 0o700, 0o600
PART, NEW = ".part", ".new"
_CHUNK = 1 << 18


class Folder:
    """A backup's directory, made if it is not there; nobody else writes into it meanwhile."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._handle = -1
        self._made = False

    def __enter__(self) -> Self:
        with disk(self.path):
            self._made = not self.path.exists()
            # `parents=True` would make those above with other rights.
            for above in [*reversed(self.path.parents), self.path]:
                if not above.exists():
                    above.mkdir(mode=DIRECTORY_MODE, exist_ok=True)
            self._handle = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._handle)
            raise in_progress(self.path) from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._handle)
        if error is not None and self._made:
            with suppress(OSError):  # what was begun stays; a directory with nothing in it goes
                self.path.rmdir()

    def close_to_others(self) -> None:
        """Let nobody but the owner in."""
        with disk(self.path):
            os.fchmod(self._handle, DIRECTORY_MODE)

    def names(self) -> set[str]:
        """Return the names of everything in it."""
        with disk(self.path):
            return {one.name for one in self.path.iterdir()}

    def read(self, name: str) -> bytes | None:
        """Return a small file, or None if it is not there."""
        path = self.path / name
        with disk(path):
            try:
                return path.read_bytes()
            except FileNotFoundError:
                return None

    def write(self, name: str, data: bytes) -> None:
        """Write a small file: after a crash it is the old one or the new one, whole."""
        new = self.path / (name + NEW)
        with disk(new):
            handle = _opened(new, os.O_WRONLY | os.O_TRUNC)
            try:
                _write(handle, data)
                os.fsync(handle)
            finally:
                os.close(handle)
        self._rename(new, name)

    def settle(self, name: str) -> None:
        """Give a finished part its own name."""
        self._rename(self.path / (name + PART), name)

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        with disk(self.path / name):
            (self.path / name).unlink(missing_ok=True)
            os.fsync(self._handle)

    def _rename(self, old: Path, name: str) -> None:
        with disk(self.path / name):
            old.replace(self.path / name)
            os.fsync(self._handle)


class Part:
    """A file that grows page by page; a page that fails is taken back.

    *keep* is how many bytes of an earlier attempt stay; ``sha256`` is of these, and of every
    page that was kept since.
    """

    def __init__(self, folder: Folder, name: str, keep: int = 0) -> None:
        self.path = folder.path / (name + PART)
        with disk(self.path):
            self._handle = _opened(self.path, os.O_RDWR)
            self._kept, self._sha = 0, hashlib.sha256()
            if os.fstat(self._handle).st_size >= keep:
                for piece in _pieces(self._handle, keep):
                    self._sha.update(piece)
                self._kept = keep
        self._now = self._sha.copy()
        self.begin_page()

    @property
    def size(self) -> int:
        """How many bytes are kept."""
        return self._kept

    @property
    def sha256(self) -> str:
        """The hash of what is kept."""
        return self._sha.hexdigest()

    def begin_page(self) -> None:
        """Take back what was written since the last page that was kept."""
        with disk(self.path):
            os.ftruncate(self._handle, self._kept)
            os.lseek(self._handle, self._kept, os.SEEK_SET)
        self._now = self._sha.copy()

    def write(self, data: bytes) -> None:
        """Write a piece of a page."""
        with disk(self.path):
            _write(self._handle, data)
        self._now.update(data)

    def keep_page(self) -> None:
        """Keep what was written; it is on the disk when this returns."""
        with disk(self.path):
            os.fsync(self._handle)
            self._kept = os.lseek(self._handle, 0, os.SEEK_CUR)
        self._sha = self._now.copy()

    def close(self) -> None:
        """Close the file."""
        os.close(self._handle)


def _write(handle: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(handle, left) :]


def _pieces(handle: int, most: int) -> Iterator[bytes]:
    """Yield up to *most* bytes from the beginning of an open file."""
    os.lseek(handle, 0, os.SEEK_SET)
    while most and (piece := os.read(handle, min(most, _CHUNK))):
        most -= len(piece)
        yield piece


def _opened(path: Path, flags: int) -> int:
    """Open a file of the backup, which nobody else may read; never through a link."""
    handle = os.open(path, flags | os.O_CREAT | os.O_NOFOLLOW, FILE_MODE)
    os.fchmod(handle, FILE_MODE)
    return handle
