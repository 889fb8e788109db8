"""What a backup needs of Salesforce; :mod:`bot.vendors.salesforce_bulk` implements it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from bot.backup.values import Origin


@dataclass(frozen=True)
class Members:
    """What belongs to the package according to the Tooling API, whoever may read it.

    ``objects`` are API names without their suffix (``HubSpot_Inc__Favorite``). ``fields`` are
    pairs of an object's name (the package's own without suffix) and a field's without ``__c``.
    """

    objects: tuple[str, ...]
    fields: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Column:
    """A field that the user may read; ``to`` are the objects that a lookup leads to."""

    name: str
    type: str
    is_name: bool = False
    to: tuple[str, ...] = ()


@dataclass(frozen=True)
class Job:
    """A query job; ``created`` by Salesforce's clock; ``records`` once it is complete."""

    id: str
    state: Literal["running", "complete", "failed", "aborted"]
    created: datetime
    records: int | None = None
    message: str = ""


@dataclass(frozen=True)
class Page:
    """How many records a page of results had, and where the next one is ("": it was the last)."""

    records: int
    locator: str


class Source(Protocol):
    """Salesforce, as far as a backup needs it. Every method may raise ``VendorError``."""

    def origin(self) -> Origin:
        """Return which org this is; ``package_version`` is empty where the package is not."""
        ...

    def members(self) -> Members:
        """Return the package's objects, and its fields on all objects."""
        ...

    def visible(self) -> Mapping[str, bool]:
        """Return the objects that the user may see, and whether they can be queried."""
        ...

    def columns(self, name: str) -> tuple[Column, ...]:
        """Return the fields of an object that the user may see."""
        ...

    def count(
        self,
        name: str,
        *,
        created_before: datetime | None = None,
        changed_since: datetime | None = None,
    ) -> int:
        """Count an object's records now."""
        ...

    def hanging(self, kind: str, field: str, name: str) -> int | None:
        """Count what of *kind* points with *field* to records of *name*; None: cannot be."""
        ...

    def start(self, query: str) -> Job:
        """Create a query job."""
        ...

    def job(self, job_id: str) -> Job:
        """Return how a job stands."""
        ...

    def read(
        self, job_id: str, locator: str, most: int, into: Callable[[Iterator[bytes]], None]
    ) -> Page:
        """Give a page of CSV to *into*, in pieces; anew from its beginning if the line broke."""
        ...

    def forget(self, job_id: str) -> None:
        """Delete a job and its results."""
        ...
