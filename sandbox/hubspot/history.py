"""The history of a record's properties, as HubSpot tells it (`propertiesWithHistory`).

Only records that were written have entries; of all others the present value is the only one,
set when the record was created.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from sandbox.hubspot.schema import Schema, Value, iso, text


class Source(NamedTuple):
    """Who changed a property, in HubSpot's words."""

    type: str
    id: str | None = None
    user: int | None = None


API = Source("INTEGRATION", "3471182")
SALESFORCE = Source("SALESFORCE", "SalesforceSync")
IMPORT = Source("IMPORT")


def by_hand(user_id: int) -> Source:
    """Return the source of what the user with this id did on HubSpot's pages."""
    return Source("CRM_UI", f"userId:{user_id}", user_id)


class Entry(NamedTuple):
    """One value of one property; `at` in milliseconds, None for the time of creation.

    An entry holds nothing of its record, so that a batch can share one.
    """

    name: str
    value: Value
    at: int | None
    source: Source


class History:
    """What was written to the records of one object type."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._beginning = SALESFORCE if schema.synced else IMPORT
        self._entries: dict[int, tuple[Entry, ...]] = {}
        self._first: dict[tuple[str, Value], Entry] = {}

    def add(self, key: int, old: Value, entry: Entry) -> None:
        """Remember that *entry* took the place of *old*; the same value again is no change."""
        if old == entry.value:
            return
        entries = self._entries.get(key, ())
        if old is not None and all(one.name != entry.name for one in entries):
            entries += (self._started_with(entry.name, old),)
        self._entries[key] = (*entries, entry)

    def _started_with(self, name: str, value: Value) -> Entry:
        found = self._first.get((name, value))
        if found is None:
            found = Entry(name, value, None, self._beginning)
            self._first[name, value] = found
        return found

    def shown(self, key: int, name: str, present: Value, created: int) -> list[dict[str, Any]]:
        """Return the values of one property of a record, newest first."""
        entries = [one for one in self._entries.get(key, ()) if one.name == name]
        if not entries and present is not None:
            entries = [Entry(name, present, None, self._beginning)]
        kind = self._schema.kind(name)
        shown: list[dict[str, Any]] = []
        for entry in reversed(entries):
            one: dict[str, Any] = {
                "value": text(kind, entry.value) or "",
                "timestamp": iso(created if entry.at is None else entry.at),
                "sourceType": entry.source.type,
            }
            if entry.source.id is not None:
                one["sourceId"] = entry.source.id
            if entry.source.user is not None:
                one["updatedByUserId"] = entry.source.user
            shown.append(one)
        return shown
