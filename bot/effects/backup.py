"""The backup of the package's data, made in the run's own directory (P3d)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from bot.backup.errors import BackupError
from bot.backup.run import Backup, directory_name
from bot.backup.values import BackupResult, GapKind
from bot.backup.values import Progress as Taken
from bot.effects.context import Context
from bot.effects.telling import Telling
from bot.store.base import QueuedEffect
from bot.worker import Again, Done
from handlers.ports import Progress
from workflows import commands as c
from workflows import values
from workflows.run import BackupTask, Run
from workflows.text import N_, Text

SOURCE = "Salesforce Bulk API 2.0"
PAUSE_WHEN_HELD = 1.0
LOOK_EVERY = 0.5
"""Seconds between two looks at whether the run still wants the backup."""
GAPS_TOLD = 20
"""The manifest and the README in the directory name them all."""
HIDING = frozenset[GapKind]({"object_hidden", "object_kind", "field_hidden", "field_masked"})
"""Gaps that keep data of the package out of the backup: without a copy it would be lost."""


class BackingUp:
    """Makes backups, goes on with them after a restart, and ends them when told to."""

    def __init__(self, context: Context) -> None:
        self._x = context
        self._tellers: dict[str, Telling] = {}
        self._lock = threading.Lock()

    def back_up(self, effects: list[QueuedEffect]) -> Done | Again:
        """Make the backup that the run asks for; what an earlier attempt took is kept."""
        effect = effects[0]
        number = int(effect.data["number"])
        run = self._x.run(effect.run_id)
        task = _wanted(run, number)
        if task is None:
            return Done()
        directory = self._directory(run, task)
        told = _Told(self._telling(run.id), number)
        backup = Backup(self._x.package_data, directory, self._x.clock)
        try:
            result = backup.run(told, self._go(run.id, number))
        except BackupError as error:
            if error.code != "backup_stopped":
                raise
            return Again(PAUSE_WHEN_HELD) if _wanted(self._x.run(run.id), number) else Done()
        made = summary(result, run.inventory)
        says = N_("records: {rows}, files: {files}; counted anew", rows=made.rows, files=made.files)
        reading = self._x.reading(SOURCE, says)
        return Done(commands=(c.RecordBackup(number=number, backup=made, reading=reading),))

    def _directory(self, run: Run, task: BackupTask) -> Path:
        """Return where the backup lies: the same after every restart."""
        org = run.inventory.org_id if run.inventory else ""
        name = f"{directory_name(org, task.started_at)}-{run.id}-{task.number}"
        return self._x.settings.sunset_backups.absolute() / name

    def _go(self, run_id: str, number: int) -> Callable[[], bool]:
        """Return what says whether to go on; the database is not asked all the time."""
        looked, wanted = float("-inf"), True

        def go() -> bool:
            nonlocal looked, wanted
            now = time.monotonic()
            if now - looked >= LOOK_EVERY:
                run = self._x.run(run_id)
                looked, wanted = now, not run.frozen and _wanted(run, number) is not None
            return wanted and not self._x.stopping()

        return go

    def _telling(self, run_id: str) -> Telling:
        with self._lock:
            return self._tellers.setdefault(run_id, Telling(self._x, run_id))


class _Told:
    """Adds up the progress of the tables to that of the whole."""

    def __init__(self, telling: Telling, number: int) -> None:
        self._telling = telling
        self._number = number
        self._began = time.monotonic()
        self._rows: dict[str, int] = {}

    def __call__(self, taken: Taken) -> None:
        rows = max(taken.rows, self._rows.get(taken.table, 0))
        self._rows[taken.table] = rows
        done = sum(self._rows.values())
        seconds = max(time.monotonic() - self._began, 0.001)
        self._telling.tell(
            Progress(
                done=done,
                total=done - rows + max(taken.expected or 0, rows),
                failed=0,
                per_second=round(done / seconds, 1),
                phase="backing_up",
                job=self._number,
                label=taken.table,
                part=taken.number,
                parts=taken.tables,
                step=taken.phase,
            ),
            now=taken.phase == "done",
        )


def summary(result: BackupResult, inventory: values.Inventory | None) -> values.Backup:
    """Return what a run records of a finished backup.

    Where the inventory has but an estimate of an object's records, the bot's user does not see them
    all: the backup was counted by the same eyes, and cannot be called complete.
    """
    unseen = [*_unseen(result, inventory)]
    gaps = sorted(result.gaps, key=lambda gap: gap.kind not in HIDING)
    told = [*unseen, *(gap.text for gap in gaps), *_written_meanwhile(result)]
    files = result.manifest.files
    return values.Backup(
        directory=str(result.directory),
        manifest_sha256=result.manifest_sha256,
        files=len(files),
        rows=result.rows,
        bytes=result.bytes,
        began=min((one.began for one in files), default=result.manifest.started),
        gaps=tuple(islice(told, GAPS_TOLD)),
        gap_count=len(told),
        hidden=len(unseen) + sum(gap.kind in HIDING for gap in gaps),
    )


def _unseen(result: BackupResult, inventory: values.Inventory | None) -> Iterator[Text]:
    rows = {one.object: one.rows for one in result.manifest.files}
    named = {gap.name for gap in result.gaps if gap.kind == "object_hidden"}
    for item in inventory.objects if inventory is not None else ():
        short = item.estimated and (item.records or 0) > rows.get(item.name, 0)
        if item.name not in named and (item.records is None or short):
            yield N_(
                "{name}: the bot's Salesforce user may not see all of its records; those that are "
                "hidden from it are not in the backup.",
                name=item.name,
            )


def _written_meanwhile(result: BackupResult) -> Iterator[Text]:
    for one in result.manifest.files:
        if one.counted.changed:
            yield N_(
                "{name}: {count} records were written while the backup was made; it may hold them "
                "as they were before.",
                name=one.object,
                count=one.counted.changed,
            )


def _wanted(run: Run, number: int) -> BackupTask | None:
    """Return the run's task if it still is this one and the run goes on."""
    task = run.backing_up
    wanted = task is not None and task.number == number and not run.state.final
    return task if wanted else None
