"""How records stand in HubSpot's answers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sandbox.hubspot.records import Reader, Table
from sandbox.hubspot.schema import ID


class Shape:
    """The properties *names* of a table's records (its defaults when empty), with *histories*.

    As in HubSpot, id and times are always among them, and so is what has its history told.
    """

    def __init__(
        self,
        table: Table,
        names: Sequence[str] = (),
        histories: Sequence[str] = (),
        by_search: bool = False,
    ) -> None:
        self._table = table
        schema = table.schema
        always = (schema.created, schema.modified, ID)
        asked = [*names, *histories, *always] if names or histories else schema.defaults
        names = list(dict.fromkeys(asked))
        self._readers = _known((name, table.reader(name)) for name in names)
        # What search does not know yet is rare, and slower to tell.
        self._late = by_search
        self._late_readers = _known((name, table.search_reader(name)) for name in names)
        self._histories = [name for name in dict.fromkeys(histories) if schema.kind(name)]
        self._with_history = bool(histories)

    def of(self, key: int) -> dict[str, Any]:
        """Return the record *key*."""
        schema = self._table.schema
        late = self._late and self._table.index.lags(key)
        readers = self._late_readers if late else self._readers
        properties = {name: reader(key) for name, reader in readers}
        shown: dict[str, Any] = {"id": str(key), "properties": properties}
        if self._with_history:
            shown["propertiesWithHistory"] = {
                name: self._told(key, name) for name in self._histories
            }
        shown["createdAt"] = properties[schema.created]
        shown["updatedAt"] = properties[schema.modified]
        shown["archived"] = False
        return shown

    def _told(self, key: int, name: str) -> list[dict[str, Any]]:
        table = self._table
        value, created = table.value(key, name), table.created(key)
        return table.history.shown(key, name, value, created)


def _known(readers: Iterable[tuple[str, Reader | None]]) -> list[tuple[str, Reader]]:
    return [(name, reader) for name, reader in readers if reader is not None]
