"""What the file system refuses is told, and loses nothing."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from bot.backup.errors import BackupError
from bot.backup.run import directory_name
from bot.backup.verify import verify
from tests.backup.stock import FAVORITE, LONG_AGO, Killed, Yard


class Full:
    """A disk with room for so many bytes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, room: int, number: int) -> None:
        self.room, self._number, self._write = room, number, os.write
        monkeypatch.setattr("bot.backup.files.os.write", self.write)

    def write(self, handle: int, data: Any) -> int:
        if len(data) > self.room:
            raise OSError(self._number, os.strerror(self._number))
        self.room -= len(data)
        return self._write(handle, data)


@pytest.mark.parametrize("room", [0, 10_000, 20_000, 60_000])
def test_a_full_disk_is_told_and_gone_on_with(
    org: Yard, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    disk = Full(monkeypatch, room, errno.ENOSPC)
    with pytest.raises(BackupError) as caught:
        org.run(page=60)
    assert caught.value.code == "backup_disk_full"
    assert "same directory" in str(caught.value.remedy)
    disk.room = 1 << 30
    org.run(page=60)
    assert verify(org.directory) == []
    assert len(org.read()) == 250


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.EROFS, "backup_not_writable"),
        (errno.EIO, "backup_disk"),
        (errno.EDQUOT, "backup_disk_full"),
    ],
)
def test_other_refusals_are_told(
    org: Yard, monkeypatch: pytest.MonkeyPatch, number: int, code: str
) -> None:
    Full(monkeypatch, 0, number)
    with pytest.raises(BackupError) as caught:
        org.run()
    assert caught.value.code == code


def test_a_path_that_cannot_be_a_directory_is_told(org: Yard, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    for path in (tmp_path / "file" / "backup", tmp_path / "file"):
        org.directory = path
        with pytest.raises(BackupError) as caught:
            org.run()
        assert caught.value.code in ("backup_not_writable", "backup_disk")
    assert (tmp_path / "file").read_text() == "mine"


def test_a_directory_with_something_else_is_left_alone(org: Yard) -> None:
    org.directory.mkdir(mode=0o755)
    (org.directory / "thesis.txt").write_text("mine")
    with pytest.raises(BackupError) as caught:
        org.run()
    assert caught.value.code == "backup_directory_not_empty"
    assert "thesis.txt" in str(caught.value.problem)
    assert [one.name for one in org.directory.iterdir()] == ["thesis.txt"]
    assert org.directory.stat().st_mode & 0o777 == 0o755


def test_a_link_in_the_way_is_not_followed(org: Yard, tmp_path: Path) -> None:
    with pytest.raises(Killed):
        org.run_until("reading", page=60, after=60)
    victim = tmp_path / "victim"
    victim.write_text("mine")
    part = org.directory / f"{FAVORITE}.csv.part"
    part.unlink()
    part.symlink_to(victim)
    with pytest.raises(BackupError) as caught:
        org.run(page=60)
    assert caught.value.code == "backup_not_writable"
    assert victim.read_text() == "mine"


@pytest.mark.parametrize("notes", ["", "{}", "[1]", "{", "\x00"])
def test_notes_that_cannot_be_read_are_told(org: Yard, notes: str) -> None:
    with pytest.raises(Killed):
        org.run_until("done")
    (org.directory / "progress.json").write_text(notes)
    before = sorted(one.name for one in org.directory.iterdir())
    with pytest.raises(BackupError) as caught:
        org.run()
    assert caught.value.code == "backup_progress_unreadable"
    assert sorted(one.name for one in org.directory.iterdir()) == before


def test_a_name_for_a_directory_is_safe() -> None:
    assert directory_name("00D5g000004XyZAEA0", LONG_AGO) == (
        "backup-00D5g000004XyZAEA0-20260101T000000Z"
    )
    assert directory_name("../../etc ż", LONG_AGO) == "backup-etc-20260101T000000Z"
