"""Making a backup, or going on with one."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import structlog

from bot.backup import errors, journal, manifest
from bot.backup.files import Folder
from bot.backup.journal import Journal, State
from bot.backup.plan import plan
from bot.backup.readback import NotAFile, digest
from bot.backup.readme import readme
from bot.backup.source import Source
from bot.backup.taking import PAGE, Seen, Taker
from bot.backup.values import BackedUp, BackupResult, Manifest, Origin, Progress, Table
from bot.backup.verify import verify
from bot.backup.waiting import Waiting
from bot.ports import Clock

log = structlog.get_logger(__name__)


def directory_name(origin_id: str, now: datetime) -> str:
    """Return a name for the directory of a new backup of the org *origin_id*."""
    safe = "".join(sign for sign in origin_id if sign.isascii() and sign.isalnum())
    return f"backup-{safe}-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}"


class Backup:
    """The backup of the package's data in one directory.

    ``directory`` belongs to this backup alone; it is made if it is not there. ``page`` is how many
    rows are asked for at a time.
    """

    def __init__(
        self,
        salesforce: Source,
        directory: Path,
        clock: Clock,
        *,
        page: int = PAGE,
        waiting: Waiting | None = None,
    ) -> None:
        self._source = salesforce
        self._directory = directory
        self._clock = clock
        self._page = page
        self._waiting = waiting or Waiting()

    def run(
        self,
        progress: Callable[[Progress], None] = lambda _: None,
        go: Callable[[], bool] = lambda: True,
    ) -> BackupResult:
        """Make the backup, go on with one that was not finished, or verify one that was.

        *progress* hears how far it is, about once a mebibyte; *go* is asked all the time, and False
        stops it where another call goes on. Returns only with a backup that is finished and
        verified. Raises :class:`bot.backup.errors.BackupError` and
        :class:`bot.errors.VendorError`; what was taken stays, and another call goes on.
        """
        seen = Seen(progress, go)
        seen.check()
        origin = self._source.origin()
        with Folder(self._directory) as folder:
            names = folder.names()
            state = journal.load(folder)
            if state is None and manifest.NAME in names:
                return self._finished(folder, origin, seen)
            if state is None:
                state = self._new(folder, names, origin, seen)
            else:
                self._same(state, origin)
            folder.close_to_others()
            return self._run(folder, Journal(folder, state), seen)

    def _new(self, folder: Folder, names: set[str], origin: Origin, seen: Seen) -> State:
        if others := journal.strangers(names):
            raise errors.not_empty(folder.path, others[0])
        if not origin.package_version:
            raise errors.no_package(origin.namespace)
        seen.tell(Progress("", 0, 0, "planning"))
        planned = plan(self._source, origin.namespace)
        return State(
            origin=origin, started=self._clock.now(), tables=planned.tables, gaps=planned.gaps
        )

    def _same(self, state: State, origin: Origin) -> None:
        """Raise if the unfinished backup is not of this org, namespace and package version."""
        there, here = state.origin, origin
        if (there.org_id, there.namespace) != (here.org_id, here.namespace):
            raise _other_org(self._directory, there, here)
        if there.package_version != here.package_version:
            raise errors.package_changed(
                self._directory, there.package_version, here.package_version
            )

    def _run(self, folder: Folder, notes: Journal, seen: Seen) -> BackupResult:
        notes.save(done=tuple(one for one in notes.state.done if self._trusted(folder, one, seen)))
        taker = Taker(
            self._source,
            folder,
            notes,
            self._clock,
            seen=seen,
            waiting=self._waiting,
            page=self._page,
        )
        files = []
        for number, table in enumerate(_begun_first(notes.state), start=1):
            seen.check()
            files.append(notes.state.finished(table) or taker.take(table, number))
        return self._finish(folder, notes, files)

    def _trusted(self, folder: Folder, one: BackedUp, seen: Seen) -> bool:
        """Say whether a file of an earlier process is still what it wrote."""
        seen.check()
        seen.tell(Progress(one.object, 0, 0, "checking", one.rows, one.rows))
        try:
            found = digest(folder.path / one.file)
        except (OSError, NotAFile):
            found = (0, "")
        if found == (one.bytes, one.sha256):
            return True
        log.warning("backup_file_changed", file=one.file)
        return False

    def _finish(self, folder: Folder, notes: Journal, files: list[BackedUp]) -> BackupResult:
        state, ended = notes.state, self._clock.now()
        files.sort(key=lambda one: [table.object for table in state.tables].index(one.object))
        text = readme(state.origin, state.started, ended, files, state.gaps).encode()
        folder.write(manifest.README, text)
        made = Manifest(
            tool_version=_tool_version(),
            origin=state.origin,
            started=state.started,
            ended=ended,
            files=tuple(files),
            gaps=state.gaps,
            readme_sha256=hashlib.sha256(text).hexdigest(),
        )
        hashed = manifest.write(folder, made)
        notes.close()
        return BackupResult(directory=folder.path, manifest_sha256=hashed, manifest=made)

    def _finished(self, folder: Folder, origin: Origin, seen: Seen) -> BackupResult:
        """Verify the backup that was finished here before."""

        def tell(name: str) -> None:
            seen.check()
            seen.tell(Progress(name.removesuffix(".csv"), 0, 0, "checking"))

        data = folder.read(manifest.NAME) or b""
        held = manifest.read(data)
        if held is not None and (held.origin.org_id, held.origin.namespace) != (
            origin.org_id,
            origin.namespace,
        ):
            raise _other_org(folder.path, held.origin, origin)
        problems = verify(folder.path, tell=tell)
        if problems or held is None:
            raise errors.damaged(folder.path, len(problems), problems[0].text)
        hashed = hashlib.sha256(data).hexdigest()
        return BackupResult(
            directory=folder.path, manifest_sha256=hashed, manifest=held, already=True
        )


def _other_org(path: Path, there: Origin, here: Origin) -> errors.BackupError:
    return errors.other_org(
        path, f"{there.org_id} {there.namespace}", f"{here.org_id} {here.namespace}"
    )


def _begun_first(state: State) -> list[Table]:
    """Return the tables to take; one that is under way first, before its job expires."""
    begun = state.begun.object if state.begun else ""
    return sorted(state.tables, key=lambda table: table.object != begun)


def _tool_version() -> str:
    try:
        return version("sunset")
    except PackageNotFoundError:
        return "unknown"
