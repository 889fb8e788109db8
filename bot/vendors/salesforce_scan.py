"""References to the package that are found by reading metadata of the org itself.

Salesforce's dependency records miss page layouts and profiles (facts/salesforce.md, "Finding
blockers first"), so these kinds are read, 25 in one call, and searched for the namespace.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from simple_salesforce.format import format_soql

from bot.errors import VendorError
from bot.vendors.salesforce_http import READS_IN_A_CALL, Row, SalesforceClient, not_available
from bot.vendors.salesforce_inventory import Member
from bot.vendors.salesforce_reference import Reference
from workflows.text import N_, Text

MOST_OF_A_KIND = 1_000
"""So many of a kind are read at most: 40 calls. What is left out is told."""
SHOWN_PARTS = 3

_OWN = "ManageableState IN ('unmanaged', 'installedEditable')"
_ACCESS = N_(
    "Salesforce usually takes this access away with the package. If it is named as a reason "
    "against the uninstall, take it away in the profile."
)
_FIELD = N_(
    "Salesforce usually takes the package's fields off page layouts itself. If the layout is named "
    "as a reason against the uninstall, take the field off it."
)


@dataclass(frozen=True)
class Source:
    """One kind of metadata: which object lists it, what it is called, how many go in a call.

    ``table`` is the field that names its object, ``first`` orders what is read before the rest.
    """

    type: str
    fields: str
    where: str
    table: str = ""
    first: str = "Id"
    in_a_call: int = READS_IN_A_CALL


SOURCES: tuple[Source, ...] = (
    Source("Layout", "Id, Name, TableEnumOrId", _OWN, "TableEnumOrId"),
    Source("FlexiPage", "Id, MasterLabel", _OWN),
    Source(
        "Flow",
        "Id, MasterLabel, Status, VersionNumber",
        _OWN,
        first="Status ASC, VersionNumber DESC",  # "Active" comes before all others
    ),
    Source("Profile", "Id, Name", "", in_a_call=5),  # each may be as large as a megabyte
    Source("WorkflowRule", "Id, Name, TableEnumOrId", _OWN, "TableEnumOrId"),
)


@dataclass
class Scan:
    """What was found, how much was read, and what was not."""

    references: list[Reference] = field(default_factory=list)
    read: int = 0
    remarks: list[Text] = field(default_factory=list)


def scan(client: SalesforceClient, namespace: str, members: Sequence[Member]) -> Scan:
    """Read the org's own layouts, Lightning pages, flows, profiles and workflow rules.

    Costs one call a kind to list it, and one for each 25 of it (5 profiles).
    """
    done = Scan()
    ours = {m.id[:15]: m.component.name for m in members if m.component.type == "CustomObject"}
    mention = re.compile(
        rf"(?<![A-Za-z0-9_]){re.escape(namespace)}(?:__|\.)([A-Za-z][A-Za-z0-9_]*)", re.IGNORECASE
    )
    for source in SOURCES:
        try:
            _scan(client, source, mention, ours, done)
        except VendorError as error:
            if not not_available(error) and error.code != "salesforce_refused":
                raise
            done.remarks.append(_unread(source, error))
    return done


def _scan(
    client: SalesforceClient,
    source: Source,
    mention: re.Pattern[str],
    ours: dict[str, str],
    done: Scan,
) -> None:
    rows = client.tooling(
        format_soql(
            "SELECT {fields:literal} FROM {name:literal}{where:literal} ORDER BY {by:literal}",
            fields=source.fields,
            name=source.type,
            where=f" WHERE {source.where}" if source.where else "",
            by=source.first,
        )
    )
    wanted = []
    for row in rows:
        owner = ours.get(_text(row, source.table)[:15])
        if owner is None:
            wanted.append(row)
        elif source.type == "WorkflowRule":  # a rule on the package's own object needs no reading
            done.references.append(_reference(source, row, owner))
    readable = {_text(row, "Id"): row for row in wanted[:MOST_OF_A_KIND]}
    ids, found = list(readable), 0
    for start in range(0, len(ids), source.in_a_call):
        records = client.tooling_records(source.type, ids[start : start + source.in_a_call])
        for key, record in records.items():
            if isinstance(record.get("Metadata"), dict):
                found += 1
                done.references += _mentioned(source, readable[key], record["Metadata"], mention)
    done.read += found
    if found < len(wanted):
        done.remarks.append(
            N_(
                "{read} of {total} components of the kind {kind} could be searched for references.",
                read=found,
                total=len(wanted),
                kind=source.type,
            )
        )


def _mentioned(
    source: Source, row: Row, metadata: dict[str, Any], mention: re.Pattern[str]
) -> Iterator[Reference]:
    if source.type == "Profile":
        yield from _profile(source, row, metadata, mention)
        return
    sure: dict[str, bool] = {}
    for path, text in _texts(metadata):
        on_field = source.type == "Layout" and path[-1:] in (("field",), ("fields",))
        for name in mention.findall(text):
            sure[name] = sure.get(name, False) or not on_field
    for name, blocks in sure.items():
        yield _reference(source, row, name, sure=blocks, advice=None if blocks else _FIELD)


def _profile(
    source: Source, row: Row, metadata: dict[str, Any], mention: re.Pattern[str]
) -> Iterator[Reference]:
    """A default app blocks; mere access to the package's parts is told once for each profile."""
    accessible: dict[str, None] = {}
    for path, text in _texts(metadata):
        if path[:1] != ("applicationVisibilities",):
            accessible.update(dict.fromkeys(mention.findall(text)))
    for app in metadata.get("applicationVisibilities") or []:
        for name in mention.findall(str(app.get("application") or "")):
            if app.get("default"):
                yield _reference(source, row, name)
            else:
                accessible[name] = None
    if accessible:
        parts = sorted(accessible)
        shown = ", ".join(parts[:SHOWN_PARTS]) + (", …" if len(parts) > SHOWN_PARTS else "")
        yield _reference(source, row, shown, sure=False, advice=_ACCESS)


def _reference(
    source: Source, row: Row, refers_to: str, *, sure: bool = True, advice: Text | None = None
) -> Reference:
    name = _text(row, "MasterLabel") or _text(row, "Name")
    status = _text(row, "Status")
    if status and status != "Active":
        name = f"{name} V{_text(row, 'VersionNumber')} ({status})"
    return Reference(
        type=source.type,
        name=name,
        refers_to=refers_to,
        id=_text(row, "Id"),
        table=_text(row, source.table),
        sure=sure,
        advice=advice,
    )


def _texts(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield every text in *value* with the keys that lead to it."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(item, (*path, key))
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item, path)


def _unread(source: Source, error: VendorError) -> Text:
    if error.missing:
        return N_(
            'Components of the kind {kind} could not be searched: the permission "{permission}" '
            "is missing (Setup > Users > Permission Sets > System Permissions).",
            kind=source.type,
            permission=error.missing,
        )
    return N_("Components of the kind {kind} could not be searched.", kind=source.type)


def _text(row: Row, name: str) -> str:
    value = row.get(name) if name else None
    return "" if value is None else str(value)
