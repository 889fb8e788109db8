"""How far an unfinished backup is, on the disk: what a killed process leaves to the next."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ValidationError

from bot.backup.errors import progress_unreadable
from bot.backup.files import NEW, Folder
from bot.backup.values import BackedUp, Gap, Origin, Table
from workflows.base import Instant, Value

NAME = "progress.json"


class Begun(Value):
    """A table that is under way: its job, and the pages of it that lie in the part.

    ``locator`` is where the next page is: "" the first one, None there are no more.
    """

    object: str
    job_id: str
    began: Instant
    rows: int = 0
    bytes: int = 0
    sha256: str = ""
    locator: str | None = ""


class State(Value):
    """Everything that is known of an unfinished backup."""

    format: Literal["sunset-backup-1"] = "sunset-backup-1"
    origin: Origin
    started: Instant
    tables: tuple[Table, ...]
    gaps: tuple[Gap, ...]
    done: tuple[BackedUp, ...] = ()
    begun: Begun | None = None

    def finished(self, table: Table) -> BackedUp | None:
        """Return the finished file of *table*, if there is one."""
        return next((one for one in self.done if one.object == table.object), None)


class Journal:
    """The state, written down before anything relies on it."""

    def __init__(self, folder: Folder, state: State) -> None:
        self._folder = folder
        self.state = state

    def save(self, **changes: Any) -> None:
        """Change the state, on the disk first."""
        state = self.state.model_copy(update=changes)
        self._folder.write(NAME, state.model_dump_json(indent=1).encode())
        self.state = state

    def close(self) -> None:
        """Remove it: the backup is finished."""
        self._folder.remove(NAME)


def load(folder: Folder) -> State | None:
    """Return the state of the unfinished backup in *folder*, if there is one."""
    data = folder.read(NAME)
    if data is None:
        return None
    try:
        return State.model_validate_json(data)
    except ValidationError as error:
        raise progress_unreadable(folder.path / NAME) from error


def strangers(names: set[str]) -> list[str]:
    """Return which of *names* a backup that has just begun would not have left."""
    return sorted(names - {NAME + NEW})
