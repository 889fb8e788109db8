"""Whatever is done to a backup on the disk is found and named."""

from __future__ import annotations

import hashlib
import json
import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.backup.verify import verify
from tests.backup.stock import FAVORITE, Address, Yard, rows, yard

FILE = f"{FAVORITE}.csv"


@pytest.fixture(scope="module")
def made(address: Address, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A small backup, as its files."""
    with yard(address, tmp_path_factory.mktemp("made") / "backup", components=0) as org:
        org.stock.change(FAVORITE, {}, rows(5))
        org.run()
        return {one.name: one.read_bytes() for one in org.directory.iterdir()}


@pytest.fixture
def backup(made: dict[str, bytes], tmp_path: Path) -> Path:
    for name, data in made.items():
        (tmp_path / name).write_bytes(data)
    return tmp_path


def found(path: Path, digest: str = "") -> list[tuple[str, str]]:
    return [(one.kind, one.file) for one in verify(path, digest)]


def test_a_sound_backup_has_no_problems(backup: Path, made: dict[str, bytes]) -> None:
    assert found(backup) == []
    digest = hashlib.sha256(made["manifest.json"]).hexdigest()
    assert found(backup, digest.upper()) == []


def test_one_flipped_bit_anywhere_is_found(backup: Path, made: dict[str, bytes]) -> None:
    chance = random.Random(4)  # noqa: S311 - which bits does not matter
    for name, data in made.items():
        places = {0, len(data) - 1, *(chance.randrange(len(data)) for _ in range(25))}
        for place in places - ({0, len(data) - 1} if not data else set()):
            changed = bytearray(data)
            changed[place] ^= 1 << chance.randrange(8)
            (backup / name).write_bytes(changed)
            assert found(backup), f"{name} at {place}"
        (backup / name).write_bytes(data)
    assert found(backup) == []


def test_names_what_was_changed(backup: Path, made: dict[str, bytes]) -> None:
    (backup / FILE).write_bytes(made[FILE].replace(b"label 3", b"label 8"))
    assert found(backup) == [("changed", FILE)]


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def linked(path: Path) -> None:
    other = path.with_name("elsewhere")
    path.rename(other)
    path.symlink_to(other)


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    ("name", "harm", "kinds"),
    [
        (FILE, Path.unlink, {("missing", FILE)}),
        (FILE, truncated, {("changed", FILE)}),
        (FILE, emptied, {("changed", FILE), ("unreadable", FILE)}),
        (FILE, linked, {("not_a_file", FILE), ("extra", "elsewhere")}),
        (FILE, directory, {("not_a_file", FILE)}),
        ("README.md", Path.unlink, {("missing", "README.md")}),
        ("README.md", emptied, {("changed", "README.md")}),
        ("README.md", linked, {("not_a_file", "README.md"), ("extra", "elsewhere")}),
        ("manifest.json", Path.unlink, {("manifest_missing", "manifest.json")}),
        (
            "manifest.json",
            truncated,
            {("manifest_changed", "manifest.json")},
        ),
        (
            "manifest.json",
            emptied,
            {("manifest_changed", "manifest.json"), ("manifest_unreadable", "manifest.json")},
        ),
        ("manifest.json", directory, {("not_a_file", "manifest.json")}),
        ("manifest.json.sha256", Path.unlink, {("missing", "manifest.json.sha256")}),
        ("manifest.json.sha256", emptied, {("manifest_changed", "manifest.json")}),
    ],
)
def test_harm_of_every_kind_is_named(
    backup: Path, name: str, harm: Callable[[Path], None], kinds: set[tuple[str, str]]
) -> None:
    harm(backup / name)
    assert set(found(backup)) == kinds


def test_what_was_added_is_named(backup: Path) -> None:
    (backup / "more.csv").write_text("x")
    (backup / f"{FILE}.part").mkdir()
    assert found(backup) == [("extra", f"{FILE}.part"), ("extra", "more.csv")]


def rewritten(backup: Path, change: Callable[[dict[str, object]], None]) -> None:
    """Change the manifest and its hash beside it, as somebody would who knows how."""
    told = json.loads((backup / "manifest.json").read_bytes())
    change(next(one for one in told["files"] if one["object"] == FAVORITE))
    data = json.dumps(told).encode()
    (backup / "manifest.json").write_bytes(data)
    line = f"{hashlib.sha256(data).hexdigest()}  manifest.json\n"
    (backup / "manifest.json.sha256").write_text(line)


def test_a_manifest_that_was_rewritten_is_held_against_the_recorded_hash(
    backup: Path, made: dict[str, bytes]
) -> None:
    digest = hashlib.sha256(made["manifest.json"]).hexdigest()
    rewritten(backup, lambda one: one.update(job_id="750"))
    assert found(backup) == []  # alone it cannot be known, and the documentation says so
    assert found(backup, digest) == [("manifest_changed", "manifest.json")]


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"rows": 4}, "count"),
        ({"bytes": 1}, "changed"),
        ({"sha256": "0" * 64}, "changed"),
        ({"fields": ["Id"]}, "unreadable"),
        ({"file": "other.csv"}, "missing"),
    ],
)
def test_a_manifest_that_tells_something_else_is_found(
    backup: Path, change: dict[str, object], kind: str
) -> None:
    rewritten(backup, lambda one: one.update(change))
    assert kind in {one[0] for one in found(backup)}


@pytest.mark.parametrize("name", ["../victim.csv", "/etc/hostname", "a/b.csv", "", ".csv", "x.CSV"])
def test_a_manifest_cannot_lead_elsewhere(backup: Path, name: str) -> None:
    rewritten(backup, lambda one: one.update(file=name))
    assert found(backup) == [("manifest_unreadable", "manifest.json")]


@pytest.mark.parametrize("data", [b"\xff\xfe", b'"', b'"a","b"\n', b'x\n"'])
def test_bytes_that_are_no_csv_are_named(backup: Path, made: dict[str, bytes], data: bytes) -> None:
    changed = made[FILE] + data

    def fit(one: dict[str, object]) -> None:
        one.update(bytes=len(changed), sha256=hashlib.sha256(changed).hexdigest())

    (backup / FILE).write_bytes(changed)
    rewritten(backup, fit)
    assert found(backup) == [("unreadable", FILE)]


def test_a_pipe_does_not_hold_it_up(backup: Path) -> None:
    (backup / FILE).unlink()
    os.mkfifo(backup / FILE)
    assert found(backup) == [("not_a_file", FILE)]


def test_what_is_not_there(tmp_path: Path) -> None:
    assert found(tmp_path / "nothing") == [("not_there", "")]
    assert found(tmp_path) == [("manifest_missing", "manifest.json")]


def test_nothing_is_written_by_looking(backup: Path, made: dict[str, bytes]) -> None:
    verify(backup)
    assert {one.name for one in backup.iterdir()} == set(made)


def test_a_large_text_can_be_read_back(org: Yard) -> None:
    org.stock.change(FAVORITE, {}, rows(2, **{"HubSpot_Inc__Label__c": "ą" * 140_000}))
    org.run()
    assert found(org.directory) == []
