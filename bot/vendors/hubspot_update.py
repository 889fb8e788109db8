"""Changing the owner of a batch of records so that every record is accounted for.

HubSpot can refuse a whole batch for one record, answer with part failures, or answer with
nothing about a record (facts/hubspot.md, "Batch update"). Whatever is not plainly done or
plainly refused is read back. Setting the same owner twice does no harm.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import Field

from bot.errors import VendorError
from bot.ports import Reassigned, Rejected
from bot.vendors.hubspot_errors import Said, shorten
from bot.vendors.hubspot_http import HubSpotClient, read

OWNER = "hubspot_owner_id"
BATCH = 100

_ABOUT_THE_RECORDS = frozenset({"hubspot_refused", "hubspot_not_found"})
_GONE = "HubSpot does not know this record any more: it was deleted or merged."
_UNCHANGED = "HubSpot accepted the request but left the owner as it was."


class _Record(Said):
    id: str
    properties: dict[str, Any] = {}

    def owner(self, unsaid: str | None = None) -> str | None:
        """Return the owner's id, None for nobody, *unsaid* if the answer does not tell."""
        value = self.properties.get(OWNER, unsaid)
        return None if value in (None, "") else str(value)


class _Error(Said):
    message: str = ""
    category: str = ""
    context: dict[str, Any] = {}

    @property
    def ids(self) -> list[str]:
        """The records it is about."""
        named = self.context.get("ids") or self.context.get("id") or []
        return [str(key) for key in (named if isinstance(named, list) else [named])]


class _Batch(Said):
    results: list[_Record] = []
    errors: list[_Error] = []
    correlation_id: str = Field("", alias="correlationId")


class OwnerUpdate:
    """One change of owner, for any number of records of one object type."""

    def __init__(self, client: HubSpotClient, object_type: str, owner_id: str) -> None:
        self._client = client
        self._object_type = object_type
        self._owner_id = owner_id
        self._changed: list[str] = []
        self._rejected: list[Rejected] = []

    def run(self, record_ids: Iterable[str]) -> Reassigned:
        """Change the records, in batches, and account for each.

        Raises :class:`VendorError` when HubSpot cannot be used at all; ``unknown`` then says that
        some of the records may have been changed.
        """
        ids = list(dict.fromkeys(record_ids))
        try:
            for start in range(0, len(ids), BATCH):
                self._settle(ids[start : start + BATCH])
        except VendorError as error:
            error.unknown = error.unknown or bool(self._changed)
            raise
        return Reassigned(changed=tuple(self._changed), rejected=tuple(self._rejected))

    def _settle(self, ids: Sequence[str]) -> None:
        """Change *ids*, halving a batch that is refused as a whole until the culprits are alone."""
        try:
            batch = self._update(ids)
        except VendorError as error:
            left = self._not_done(ids) if error.unknown else list(ids)
            if left:
                self._after_refusal(left, error)
        else:
            self._reconcile(ids, batch)

    def _after_refusal(self, ids: Sequence[str], error: VendorError) -> None:
        if error.code == "hubspot_invalid_owner":
            self._reject(ids, _why(error), error.reference)
        elif error.code not in _ABOUT_THE_RECORDS:
            error.unknown = False  # what is left was read back: it was not changed
            raise error
        elif len(ids) == 1:
            self._reject(ids, _why(error), error.reference)
        else:
            middle = len(ids) // 2
            self._settle(ids[:middle])
            self._settle(ids[middle:])

    def _update(self, ids: Sequence[str]) -> _Batch:
        inputs = [{"id": key, "properties": {OWNER: self._owner_id}} for key in ids]
        _, data = self._client.call(
            self._client.batch.update_with_http_info,
            self._object_type,
            {"inputs": inputs},
            scope=f"crm.objects.{self._object_type}.write",
            write=True,
        )
        return read(_Batch, data, self._object_type, write=True)

    def _reconcile(self, ids: Sequence[str], batch: _Batch) -> None:
        """Compare the ids that went in with those that came out; read the difference back."""
        done = {
            record.id for record in batch.results if record.owner(self._owner_id) == self._owner_id
        }
        refused = {key: error for error in batch.errors for key in error.ids}
        for error in batch.errors:
            named = [key for key in error.ids if key in ids and key not in done]
            self._reject(named, _reason(error), batch.correlation_id)
        left = [key for key in ids if key not in done and key not in refused]
        self._changed.extend(key for key in ids if key in done)
        if left:
            said = [_reason(error) for error in batch.errors if not error.ids]
            self._read_back(left, " ".join(said) or _UNCHANGED, batch.correlation_id)

    def _read_back(self, ids: Sequence[str], reason: str, reference: str) -> None:
        owners = self._owners(ids)
        for key in ids:
            if owners.get(key, "") == self._owner_id:
                self._changed.append(key)
            else:
                self._reject([key], reason if key in owners else _GONE, reference)

    def _not_done(self, ids: Sequence[str]) -> list[str]:
        """Keep what a call did although its reply was lost; return what it did not do."""
        owners = self._owners(ids)
        done = {key for key in ids if owners.get(key) == self._owner_id}
        self._changed.extend(key for key in ids if key in done)
        return [key for key in ids if key not in done]

    def _owners(self, ids: Sequence[str]) -> dict[str, str | None]:
        """Read back; if that fails too, the outcome stays unknown."""
        try:
            return owners_of(self._client, self._object_type, ids)
        except VendorError as error:
            error.unknown = True
            raise

    def _reject(self, ids: Iterable[str], reason: str, reference: str) -> None:
        settled = {rejected.record_id for rejected in self._rejected}
        self._rejected.extend(
            Rejected(record_id=key, reason=reason, reference=reference)
            for key in dict.fromkeys(ids)
            if key not in settled
        )


def _reason(error: _Error) -> str:
    return shorten(error.message) or error.category or "HubSpot gave no reason."


def _why(error: VendorError) -> str:
    """Return HubSpot's own words, without the sentence around them."""
    return str(error.problem.args.get("message") or error.problem)


def owners_of(
    client: HubSpotClient, object_type: str, record_ids: Sequence[str]
) -> dict[str, str | None]:
    """Read who owns the records now; None is nobody, a missing key an unknown record."""
    owners: dict[str, str | None] = {}
    for start in range(0, len(record_ids), BATCH):
        inputs = [{"id": key} for key in record_ids[start : start + BATCH]]
        _, data = client.call(
            client.batch.read_with_http_info,
            object_type,
            {"inputs": inputs, "properties": [OWNER], "propertiesWithHistory": []},
            scope=f"crm.objects.{object_type}.read",
        )
        batch = read(_Batch, data, object_type)
        owners |= {record.id: record.owner() for record in batch.results}
    return owners
