"""The package's inventory as a CSV file: all that would be deleted, and what blocks that (P3c).

One row for each thing, grouped by kind, always in the same order. For reading only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from handlers import tables
from handlers.i18n import Translator
from handlers.views import links, words
from handlers.views.parts import outside
from workflows.rules.package import inventory_digest
from workflows.run import Run
from workflows.text import N_, Text
from workflows.values import CustomObject, Inventory

HEADER = (
    "kind",
    "type",
    "name",
    "records",
    "records_are",
    "refers_to",
    "problem",
    "what_to_do",
    "link",
    "sure",
)


def made(run: Run, tr: Translator) -> bytes:
    """Make the file of the package as *run* lists it; the header alone where there is no list."""
    return listed(run.inventory, tr)


def listed(found: Inventory | None, tr: Translator) -> bytes:
    """Make the file of a package; the header alone where there is none."""
    return tables.encoded(_lines(found, tr), tables.delimiter_for(tr.language))


def above(found: Inventory, tr: Translator) -> str:
    """Say what the file of *found* holds, in mrkdwn: the package, and how many of each kind."""
    numbers = [(kind.several, sum(1 for _ in rows)) for kind, rows in _Listing(found, tr).groups()]
    counted = [f"{tr.text(name)}: {tr.number(number)}" for name, number in numbers if number]
    return tr(
        "`P3c` The whole list of what would be deleted with *{name} {version}*, and of what blocks "
        "that: {counts}. It is list {digest}; a newer file in this thread replaces it.",
        name=outside(found.package.name, 120),
        version=outside(found.package.version, 60),
        counts=", ".join(counted),
        digest=words.short(inventory_digest(found)),
    )


@dataclass(frozen=True)
class _Row:
    name: str
    type: str = ""
    records: int | None = None
    records_are: str = ""
    refers_to: str = ""
    problem: str = ""
    what_to_do: str = ""
    link: str | None = None
    sure: str = ""


def _lines(found: Inventory | None, tr: Translator) -> Iterator[tuple[str | int, ...]]:
    yield HEADER
    groups = _Listing(found, tr).groups() if found is not None else iter(())
    for kind, rows in groups:
        for row in rows:
            yield (
                tr.text(kind.one),
                row.type,
                row.name,
                "" if row.records is None else row.records,
                row.records_are,
                row.refers_to,
                row.problem,
                row.what_to_do,
                row.link or "",
                row.sure,
            )


class _Listing:
    """The rows of an inventory, by kind; names in alphabetical order, so that files compare."""

    def __init__(self, found: Inventory, tr: Translator) -> None:
        self._found = found
        self._tr = tr
        self._objects = sorted(found.objects, key=lambda item: item.name)

    def groups(self) -> Iterator[tuple[_Kind, Iterator[_Row]]]:
        """Yield each kind with its rows, in the file's order."""
        return ((kind, kind.rows(self)) for kind in _KINDS)

    def package(self) -> Iterator[_Row]:
        """Yield the package itself."""
        found, tr = self._found, self._tr
        org = tr("sandbox org") if found.org_is_sandbox else tr("production org")
        yield _Row(
            name=f"{found.package.name} ({found.package.namespace})",
            type=found.package.version,
            refers_to=f"{org} {found.org_id}".strip(),
            link=links.salesforce_packages(found),
        )

    def objects(self) -> Iterator[_Row]:
        """Yield the custom objects, with how many records each has."""
        for item in self._objects:
            yield _Row(name=item.name, records=item.records, records_are=self._known(item))

    def _known(self, item: CustomObject) -> str:
        tr = self._tr
        if item.records is None:
            return tr("records cannot be counted")
        return tr("Salesforce's estimate") if item.estimated else tr("counted")

    def fields(self) -> Iterator[_Row]:
        """Yield the custom fields of these objects."""
        for item in self._objects:
            for field in sorted(item.fields):
                yield _Row(name=field, refers_to=item.name)

    def components(self) -> Iterator[_Row]:
        """Yield the package's components, as Salesforce lists them."""
        for part in sorted(self._found.components, key=lambda part: (part.type, part.name)):
            yield _Row(name=part.name, type=part.type)

    def permission_sets(self) -> Iterator[_Row]:
        """Yield the permission sets."""
        return (_Row(name=name) for name in sorted(self._found.permission_sets))

    def assignees(self) -> Iterator[_Row]:
        """Yield who has which permission set."""
        return _within(self._found.permission_sets)

    def folders(self) -> Iterator[_Row]:
        """Yield the folders."""
        return (_Row(name=name) for name in sorted(self._found.folders))

    def items(self) -> Iterator[_Row]:
        """Yield what lies in which folder."""
        return _within(self._found.folders)

    def blockers(self) -> Iterator[_Row]:
        """Yield what refers to the package, first what surely blocks its uninstall."""
        tr = self._tr
        for one in sorted(self._found.blockers, key=lambda one: (not one.sure, one.type, one.name)):
            yield _Row(
                name=one.name,
                type=one.type,
                refers_to=one.refers_to,
                problem=one.problem,
                what_to_do=tr.text(one.advice, escape=False) if one.advice else "",
                link=links.setup_page(self._found, one.link),
                sure=tr("yes") if one.sure else tr("no"),
            )

    def gaps(self) -> Iterator[_Row]:
        """Yield what could not be read, or not be searched."""
        for gap in self._found.incomplete:
            yield _Row(name="", problem=self._tr.text(gap, escape=False))


def _within(held: Mapping[str, tuple[str, ...]]) -> Iterator[_Row]:
    for name, some in sorted(held.items()):
        for one in sorted(some):
            yield _Row(name=one, refers_to=name)


@dataclass(frozen=True)
class _Kind:
    """A kind of row: what one and several are called, and where they come from."""

    one: Text
    several: Text
    rows: Callable[[_Listing], Iterator[_Row]]


_KINDS = (
    _Kind(N_("package"), N_("package"), _Listing.package),
    _Kind(N_("object"), N_("objects"), _Listing.objects),
    _Kind(N_("field"), N_("fields"), _Listing.fields),
    _Kind(N_("component"), N_("components"), _Listing.components),
    _Kind(N_("permission set"), N_("permission sets"), _Listing.permission_sets),
    _Kind(N_("assignee"), N_("assignees"), _Listing.assignees),
    _Kind(N_("folder"), N_("folders"), _Listing.folders),
    _Kind(N_("item"), N_("items in folders"), _Listing.items),
    _Kind(N_("blocker"), N_("blockers"), _Listing.blockers),
    _Kind(N_("not complete"), N_("remarks on what is not complete"), _Listing.gaps),
)
"""What the file holds, in this order."""
