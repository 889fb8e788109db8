"""What is to be backed up, and what that may hold data cannot be."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bot.backup.source import Column, Members, Source
from bot.backup.values import Gap, Lookup, Table

COMPOUND_OR_BINARY = frozenset({"address", "location", "base64", "complexvalue", "anytype"})
"""Types that the Bulk API does not read. A compound's parts are fields of their own."""
MASKED = "encryptedstring"
OBJECT, FIELD = "__c", "__c"
OTHER_KINDS = {
    "__mdt": "custom metadata type",
    "__e": "platform event",
    "__b": "big object",
    "__x": "external object",
    "__kav": "knowledge article",
}
COMPANIONS = {"__History": "field history", "__Feed": "Chatter feed", "__Share": "sharing"}
HANGING = (
    ("Attachment", "ParentId"),
    ("Note", "ParentId"),
    ("ContentDocumentLink", "LinkedEntityId"),
)
"""What hangs on records, and the field that says on which."""
ACTIVITY = {"Activity": ("Task", "Event")}
"""Fields of activities belong to an object that cannot be queried itself."""
_API_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,100}\Z")


@dataclass(frozen=True)
class Plan:
    """The files that are to be, in order, and what will not be in them."""

    tables: tuple[Table, ...]
    gaps: tuple[Gap, ...]


def plan(source: Source, namespace: str) -> Plan:
    """Look what there is."""
    return _Planner(source, namespace).plan()


class _Planner:
    def __init__(self, source: Source, namespace: str) -> None:
        self._source = source
        self._prefix = f"{namespace}__".lower()
        self._tables: list[Table] = []
        self._gaps: list[Gap] = []

    def plan(self) -> Plan:
        members = self._source.members()
        visible = self._source.visible()
        known = {name.lower(): name for name in visible}
        fields = _by_object(members, visible)
        for name in self._own_objects(members, known):
            packaged = fields.pop(name.removesuffix(OBJECT), [])
            if visible.get(name):
                self._object(name, packaged)
            else:
                self._gaps.append(Gap(kind="object_hidden", name=name))
        for base, names in sorted(fields.items()):
            self._fields_elsewhere(base, names, known, visible)
        self._companions(visible)
        return Plan(tuple(self._tables), tuple(self._gaps))

    def _own_objects(self, members: Members, known: Mapping[str, str]) -> list[str]:
        """Return the package's custom objects, seen or not; name those of other kinds."""
        found = {
            name.lower(): name
            for name in known.values()
            if name.lower().startswith(self._prefix) and name.endswith(OBJECT)
        }
        for base in members.objects:
            others = [suffix for suffix in OTHER_KINDS if f"{base}{suffix}".lower() in known]
            if others and f"{base}{OBJECT}".lower() not in known:
                for suffix in others:
                    self._gaps.append(
                        Gap(
                            kind="object_kind",
                            name=f"{base}{suffix}",
                            detail=OTHER_KINDS[suffix],
                        )
                    )
            else:
                found.setdefault(f"{base}{OBJECT}".lower(), f"{base}{OBJECT}")
        return [found[key] for key in sorted(found)]

    def _object(self, name: str, packaged: Iterable[str]) -> None:
        """All fields of an object of the package, and what hangs on its records."""
        columns = self._source.columns(name)
        self._name_hidden(name, packaged, columns)
        taken = [column for column in columns if self._taken(name, column)]
        self._add(name, "object", taken)
        for kind, field in HANGING:
            count = self._source.hanging(kind, field, name)
            if count != 0:
                self._gaps.append(Gap(kind="files", name=name, detail=kind, count=count))

    def _fields_elsewhere(
        self,
        proper: str,
        packaged: list[str],
        known: Mapping[str, str],
        visible: Mapping[str, bool],
    ) -> None:
        """The package's fields on an object that is not the package's."""
        base = proper.lower()
        if any(f"{base}{suffix}" in known for suffix in OTHER_KINDS):
            return  # the object itself is named
        name = known.get(base, known.get(f"{base}{OBJECT}", ""))
        if not name or not visible[name]:
            for field in packaged:
                self._gaps.append(Gap(kind="field_hidden", name=f"{name or proper}.{field}{FIELD}"))
            return
        columns = self._source.columns(name)
        self._name_hidden(name, packaged, columns)
        theirs = [
            column
            for column in columns
            if column.name.lower().startswith(self._prefix) and self._taken(name, column)
        ]
        if theirs:
            self._add(name, "fields", [*_who(columns), *theirs])

    def _name_hidden(self, name: str, packaged: Iterable[str], columns: Iterable[Column]) -> None:
        seen = {column.name.lower() for column in columns}
        for field in packaged:
            if f"{field}{FIELD}".lower() not in seen:
                self._gaps.append(Gap(kind="field_hidden", name=f"{name}.{field}{FIELD}"))

    def _taken(self, name: str, column: Column) -> bool:
        if column.type.lower() == MASKED:
            self._gaps.append(Gap(kind="field_masked", name=f"{name}.{column.name}"))
        if column.type.lower() not in COMPOUND_OR_BINARY and _API_NAME.match(column.name):
            return True
        self._gaps.append(Gap(kind="field_type", name=f"{name}.{column.name}", detail=column.type))
        return False

    def _add(self, name: str, kind: str, columns: list[Column]) -> None:
        if not _API_NAME.match(name):
            self._gaps.append(Gap(kind="object_hidden", name=name))
            return
        fields = tuple(column.name for column in columns)
        self._tables.append(
            Table(
                object=name,
                kind="object" if kind == "object" else "fields",
                file=f"{name}.csv",
                query=f"SELECT {', '.join(fields)} FROM {name}",  # noqa: S608 - names are checked
                fields=fields,
                lookups=tuple(
                    Lookup(field=column.name, to=column.to) for column in columns if column.to
                ),
            )
        )

    def _companions(self, visible: Mapping[str, bool]) -> None:
        for name in sorted(visible):
            for suffix, what in COMPANIONS.items():
                if name.lower().startswith(self._prefix) and name.endswith(suffix):
                    self._gaps.append(Gap(kind="companion", name=name, detail=what))


def _by_object(members: Members, visible: Mapping[str, bool]) -> dict[str, list[str]]:
    """Return the package's fields by their object's name (the package's own without suffix)."""
    found: dict[str, list[str]] = defaultdict(list)
    for table, field in members.fields:
        for name in ACTIVITY.get(table, (table,)):
            if name in visible or table not in ACTIVITY:
                found[name].append(field)
    return found


def _who(columns: Iterable[Column]) -> list[Column]:
    """Return what says which record a row is: its id, its name, when it was created."""
    plain = [one for one in columns if one.type.lower() not in COMPOUND_OR_BINARY]
    named = [one for one in plain if one.is_name] or [one for one in plain if one.name == "Name"]
    chosen = [
        *(one for one in plain if one.name == "Id"),
        *named[:1],
        *(one for one in plain if one.name == "CreatedDate"),
    ]
    return list(dict.fromkeys(chosen))
