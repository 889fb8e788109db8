"""What a backup consists of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field

from workflows.base import Instant, Value
from workflows.text import N_, Text

FILE_NAME = r"^[A-Za-z][A-Za-z0-9_]{0,200}\.csv$"
SHA256 = r"^[0-9a-f]{64}$"

GapKind = Literal[
    "object_hidden",
    "object_kind",
    "companion",
    "field_hidden",
    "field_type",
    "field_masked",
    "files",
]


class Gap(Value):
    """Something that may hold data and is not in the backup.

    ``name`` is an object's name, or ``Object.Field``; ``detail`` a field's or an object's type, or
    what hangs on the object's records. ``count`` is how many there are; None: not known.
    """

    kind: GapKind
    name: str
    detail: str = ""
    count: int | None = None

    @property
    def text(self) -> Text:
        """Return the sentence for a person."""
        match self.kind:
            case "object_hidden":
                return N_(
                    "{name}: the bot's Salesforce user may not read this object.", name=self.name
                )
            case "object_kind":
                return N_(
                    "{name}: Bulk API jobs are not used for objects of this kind ({kind}).",
                    name=self.name,
                    kind=self.detail,
                )
            case "companion":
                return N_(
                    "{name}: Salesforce's own records beside an object's ({kind}) are left out.",
                    name=self.name,
                    kind=self.detail,
                )
            case "field_hidden":
                return N_(
                    "{name}: field-level security hides this field from the bot's Salesforce user.",
                    name=self.name,
                )
            case "field_type":
                return N_(
                    "{name}: the Bulk API cannot read fields of the type {type}.",
                    name=self.name,
                    type=self.detail,
                )
            case "field_masked":
                return N_(
                    "{name}: this field is encrypted; it may have come masked.", name=self.name
                )
            case "files":
                if self.count is None:
                    return N_(
                        "{name}: what hangs on its records ({kind}) could not be counted, and is "
                        "left out.",
                        name=self.name,
                        kind=self.detail,
                    )
                return N_(
                    "{name}: {count} × {kind} hang on its records and are left out.",
                    name=self.name,
                    kind=self.detail,
                    count=self.count,
                )


class Lookup(Value):
    """A field that leads to records of other objects."""

    field: str
    to: tuple[str, ...]


class Table(Value):
    """What goes into one file: an object of the package, or its fields on another object."""

    object: str
    kind: Literal["object", "fields"]
    file: str = Field(pattern=FILE_NAME)
    query: str
    fields: tuple[str, ...]
    lookups: tuple[Lookup, ...] = ()


class Counted(Value):
    """A fresh count after the table was taken, held against the file.

    ``records`` are there now; of them ``created`` came, and ``changed`` were written in any way,
    after the query began: the file does not hold these writes. ``deleted`` are in the file and
    gone from the org. None where the object does not tell.
    """

    at: Instant
    records: int
    created: int | None = None
    changed: int | None = None
    deleted: int | None = None


class BackedUp(Table):
    """A finished file. ``began`` is Salesforce's time of the query; bytes and rows are exact."""

    rows: int = Field(ge=0)
    bytes: int = Field(ge=0)
    sha256: str = Field(pattern=SHA256)
    job_id: str
    began: Instant
    ended: Instant
    counted: Counted


class Origin(Value):
    """Where a backup comes from."""

    org_id: str
    org_is_sandbox: bool
    instance: str
    api_version: str
    namespace: str
    package_version: str


class Manifest(Value):
    """What a finished backup holds."""

    format: Literal["sunset-backup-1"] = "sunset-backup-1"
    tool_version: str
    origin: Origin
    started: Instant
    ended: Instant
    files: tuple[BackedUp, ...]
    gaps: tuple[Gap, ...]
    readme_sha256: str = Field(pattern=SHA256)

    def tables(self) -> Iterator[str]:
        """Yield the names of the data files."""
        return (one.file for one in self.files)


class BackupResult(Value):
    """A finished, verified backup.

    Record ``manifest_sha256`` where nobody can change it: it is what a later check can be held
    against. ``already``: it was finished before, and was only verified now.
    """

    directory: Path
    manifest_sha256: str
    manifest: Manifest
    already: bool = False

    @property
    def rows(self) -> int:
        """How many records it holds, over all files."""
        return sum(one.rows for one in self.manifest.files)

    @property
    def bytes(self) -> int:
        """How large its data files are."""
        return sum(one.bytes for one in self.manifest.files)

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """What may hold data and is not in it."""
        return self.manifest.gaps


@dataclass(frozen=True)
class Progress:
    """How far a backup is; ``number`` of ``tables`` is at work, and has so many rows so far.

    ``expected`` is None until Salesforce has told how many rows there are.
    """

    table: str
    number: int
    tables: int
    phase: Literal["planning", "checking", "waiting", "reading", "verifying", "done"]
    rows: int = 0
    expected: int | None = None


ProblemKind = Literal[
    "not_there",
    "unfinished",
    "manifest_missing",
    "manifest_changed",
    "manifest_unreadable",
    "missing",
    "extra",
    "changed",
    "not_a_file",
    "unreadable",
    "count",
]


class Problem(Value):
    """Something that is wrong with a backup; ``file`` is empty where it is about all of it."""

    kind: ProblemKind
    file: str
    text: Text
