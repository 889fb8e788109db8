"""A copy is put back: it is older than the world, and nobody may act on it before people looked."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from bot.audit.channel import compare
from bot.errors import StoreError
from bot.restore import BESIDE, Restored, restore
from bot.store.chain import PLAIN
from bot.store.copying import copy_database
from bot.store.lock import DatabaseLock, lock_of
from bot.store.sqlite import SqliteStore
from tests.bot.faults import Killed
from tests.bot.jobs import mapping, owned, written_once
from tests.bot.rig import AUDIT, Rig
from tests.storage.disk import Disk
from tests.storage.escort import finish
from tests.storage.ways import RESTORED
from tests.workflows import journeys
from tests.workflows.samples import HELEN, SAM
from workflows import commands as c
from workflows import events as e
from workflows.errors import Refused
from workflows.states import State

pytestmark = pytest.mark.attack("2", RESTORED)
WHO = "root@host"


@pytest.fixture
def copy(rig: Rig, tmp_path: Path) -> Path:
    """A copy that was made before the owners were reassigned."""
    mapping(rig, owned(SAM, contacts=40))
    rig.hubspot.fill("contacts", SAM, 40)
    rig.settle()
    return copy_database(rig.path, tmp_path / "copy.db").path


def put_back(rig: Rig, copy: Path) -> Restored:
    """Restore the copy while the bot is stopped, and start it."""
    rig.stop()
    done = restore(copy, rig.path, PLAIN, rig.clock, WHO)
    rig.start()
    rig.tick()
    return done


def lived_on(rig: Rig) -> int:
    """Let the run go on after the copy; return how many events it has then."""
    rig.does("UA", c.ConfirmMapping(shown=rig.run.mapping_version))
    rig.until(lambda: rig.run.state is State.CLEANING_UP_OWNERS)
    rig.settle()
    return rig.run.version


def test_what_the_bot_does_with_events_that_are_lost(rig: Rig, copy: Path) -> None:
    known = rig.run.version
    ahead = lived_on(rig)
    done = put_back(rig, copy)
    assert done.frozen == ("R1",)
    assert rig.run.version == known + 1
    assert rig.run.frozen
    assert rig.run.frozen_by == WHO
    assert len(rig.hubspot.writes) == 40
    for _ in range(3):
        rig.tick()
    assert len(rig.hubspot.writes) == 40, "nothing leaves the bot"
    stored = {link.recorded.seq: link.hash for link in rig.store.history("R1")}
    shown = rig.slack.history(AUDIT, None, 0.0)
    found = compare("R1", stored, rig.store.waiting_lines("R1"), shown)
    told = "\n".join(found.problems)
    assert f"event {known + 1} is" in told, "a line says another thing about that number"
    assert str(ahead) in told, "the channel has lines for what the database does not have"
    with pytest.raises(Refused):
        rig.does("UA", c.PauseReassignment())
    rig.does("UB", c.Unfreeze())
    finish(rig)
    assert rig.run.state is State.COMPLETED
    written_once(rig)
    assert set(rig.hubspot.records["contacts"].values()) == {HELEN.id}
    assert rig.store.problems("R1") == []
    assert len(rig.happened(e.Frozen)) == 1


def test_what_was_still_to_be_sent_is_looked_for_first(rig: Rig, tmp_path: Path) -> None:
    """The copy was made in the moment before the messages left."""
    rig.adopt(journeys.to_approval(), work=False)
    rig.worker.stop()
    rig.does("UA", c.Cancel(reason="not now"))
    copy = copy_database(rig.path, tmp_path / "copy.db").path
    rig.restart()
    before = sorted(one.key for one in rig.slack.shown if one.key)
    put_back(rig, copy)
    after = sorted(one.key for one in rig.slack.shown if one.key)
    assert after == before, "none twice"


def test_the_former_database_is_kept_with_its_log(rig: Rig, copy: Path) -> None:
    rig.does("UA", c.Freeze())
    rig.stop()
    with closing(sqlite3.connect(rig.path)) as other:
        # Somebody looks at it: so its log stays.
        other.execute("SELECT * FROM events").fetchone()
        done = restore(copy, rig.path, PLAIN, rig.clock, WHO)
    assert done.former is not None
    assert done.former.exists()
    beside = {one.name for one in rig.path.parent.iterdir() if one.name.startswith(rig.path.name)}
    assert f"{rig.path.name}-wal" not in beside, "it belongs to the former one"
    assert stat.S_IMODE(rig.path.stat().st_mode) == 0o600
    with closing(SqliteStore(rig.path)) as store:
        assert store.problems("R1") == []
    rig.start()


def test_not_under_a_running_bot(rig: Rig, copy: Path) -> None:
    rig.stop()
    before = rig.path.read_bytes()
    held = DatabaseLock(rig.path)
    try:
        with pytest.raises(StoreError) as refused:
            restore(copy, rig.path, PLAIN, rig.clock, WHO)
    finally:
        held.release()
    assert refused.value.code == "store_in_use"
    assert rig.path.read_bytes() == before
    rig.start()


def test_where_the_database_is_lost(rig: Rig, copy: Path) -> None:
    rig.stop()
    lock = DatabaseLock(rig.path)
    lock.opened()
    lock.release()
    rig.path.unlink()
    with pytest.raises(StoreError) as refused:
        DatabaseLock(rig.path)
    assert refused.value.code == "store_lost"
    assert str(lock_of(rig.path)) in str(refused.value.remedy)
    assert restore(copy, rig.path, PLAIN, rig.clock, WHO).former is None
    DatabaseLock(rig.path).release()
    rig.start()
    assert rig.run.frozen


@pytest.mark.parametrize("renamed", [0, 1, 2, 3])
def test_killed_in_between_it_is_begun_anew(
    rig: Rig, copy: Path, monkeypatch: pytest.MonkeyPatch, renamed: int
) -> None:
    """After so many files were renamed; no bot starts on what is there then, unless it is whole."""
    rig.stop()
    lock = DatabaseLock(rig.path)
    lock.opened()
    lock.release()
    for ending in BESIDE[1:]:
        rig.path.with_name(rig.path.name + ending).touch()
    left, rename = renamed, Path.rename

    def dying(path: Path, target: Path) -> Path:
        nonlocal left
        left -= 1
        if left < 0:
            raise Killed
        return rename(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", dying)
        with pytest.raises(Killed):
            restore(copy, rig.path, PLAIN, rig.clock, WHO)
    if renamed:
        with pytest.raises(StoreError) as refused:
            DatabaseLock(rig.path)
        assert refused.value.code == "store_lost"
    restore(copy, rig.path, PLAIN, rig.clock, WHO)
    rig.start()
    assert rig.run.frozen
    assert rig.store.problems("R1") == []


@pytest.mark.parametrize("wrong", ["missing", "no database", "cut short", "newer", "foreign"])
def test_a_copy_that_is_none_changes_nothing(rig: Rig, copy: Path, wrong: str) -> None:
    rig.stop()
    whole = copy.read_bytes()
    if wrong == "missing":
        copy.unlink()
    elif wrong == "no database":
        copy.write_bytes(b"Minutes of the meeting. " * 500)
    elif wrong == "cut short":
        copy.write_bytes(whole[: len(whole) // 2])
    else:
        _alter(copy, wrong)
    before = {one.name: one.read_bytes() for one in rig.path.parent.iterdir() if one.is_file()}
    with pytest.raises(StoreError):
        restore(copy, rig.path, PLAIN, rig.clock, WHO)
    after = {one.name: one.read_bytes() for one in rig.path.parent.iterdir() if one.is_file()}
    assert {**after, lock_of(rig.path).name: b""} == {**before, lock_of(rig.path).name: b""}
    rig.start()


def _alter(copy: Path, wrong: str) -> None:
    if wrong == "foreign":
        copy.unlink()
    with closing(sqlite3.connect(copy, isolation_level=None)) as db:
        if wrong == "newer":
            db.execute("PRAGMA user_version = 99")
        else:
            db.execute("CREATE TABLE events (x)")
            db.execute("CREATE TABLE runs (x)")


def test_a_full_disk_leaves_all_as_it_was(rig: Rig, copy: Path, disk: Disk) -> None:
    rig.stop()
    before = rig.path.read_bytes()
    with disk.full(), pytest.raises(StoreError):
        restore(copy, rig.path, PLAIN, rig.clock, WHO)
    assert rig.path.read_bytes() == before
    assert not list(rig.path.parent.glob("*.restoring*"))
    rig.start()


def test_a_copy_to_a_full_disk_leaves_nothing(rig: Rig, tmp_path: Path, disk: Disk) -> None:
    rig.adopt(journeys.to_mapping())
    folder = tmp_path / "copies"
    folder.mkdir()
    with disk.full(), pytest.raises(StoreError) as refused:
        copy_database(rig.path, folder / "copy.db")
    assert refused.value.code in {"copy_failed", "copy_unwritable"}
    assert "room" in str(refused.value.remedy)
    assert list(folder.iterdir()) == []


def test_a_copy_that_was_cut_short_is_said_to_be_there(rig: Rig, tmp_path: Path) -> None:
    (tmp_path / "copy.db.partial").write_bytes(b"x")
    with pytest.raises(StoreError) as refused:
        copy_database(rig.path, tmp_path / "copy.db")
    assert refused.value.code == "copy_under_way"
    assert (tmp_path / "copy.db.partial").exists()
