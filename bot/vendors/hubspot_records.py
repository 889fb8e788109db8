"""Reading and writing batches of records by id (facts/hubspot.md, "Batch update").

In plain dictionaries: these are the calls that run by the hundred thousand.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from more_itertools import chunked

from bot.ports import OwnerChange
from bot.vendors.hubspot_errors import categorised, shorten
from bot.vendors.hubspot_http import Answer, HubSpotClient, Question
from bot.vendors.hubspot_values import OWNER, moment, owner_in, rows, scope_for, text

BATCH = 100
HISTORIES = 50
"""HubSpot: "The maximum number of inputs supported in a batch request for property histories"."""

UNSAID = "?"
"""Stands for the owner that the answer to an update does not tell; no owner's id looks like it."""


@dataclass(frozen=True)
class Complaint:
    """Why some records of a batch were not done, in HubSpot's words."""

    ids: tuple[str, ...]
    reason: str
    category: str
    reference: str

    @property
    def unknown(self) -> bool:
        """Whether the records are unknown to HubSpot."""
        return self.category == "OBJECT_NOT_FOUND"


@dataclass(frozen=True)
class Batch:
    """What HubSpot says about a batch: record -> owner, complaints, and its correlation id."""

    owners: Mapping[str, str | None]
    complaints: tuple[Complaint, ...]
    reference: str

    def about(self, ids: Iterable[str]) -> dict[str, Complaint]:
        """Return the first complaint about each of *ids*."""
        named = {key: one for one in reversed(self.complaints) for key in one.ids}
        return {key: named[key] for key in ids if key in named}


def read_question(
    client: HubSpotClient, object_type: str, record_ids: Sequence[str]
) -> Question[Batch]:
    """Ask who owns up to 100 records now."""
    inputs = [{"id": key} for key in record_ids]
    return Question(
        client.batch.read_with_http_info,
        (object_type, {"inputs": inputs, "properties": [OWNER], "propertiesWithHistory": []}),
        _read,
        object_type,
        scope_for(object_type, "read"),
    )


def update_question(
    client: HubSpotClient, object_type: str, owners: Mapping[str, str]
) -> Question[Batch]:
    """Give up to 100 records new owners: record -> owner."""
    inputs = [{"id": key, "properties": {OWNER: owner}} for key, owner in owners.items()]
    return Question(
        client.batch.update_with_http_info,
        (object_type, {"inputs": inputs}),
        _updated,
        object_type,
        scope_for(object_type, "write"),
        write=True,
    )


def read_owners(
    client: HubSpotClient, object_type: str, record_ids: Sequence[str]
) -> dict[str, str | None]:
    """Read who owns the records, with patience: None is nobody, a missing key an unknown record."""
    owners: dict[str, str | None] = {}
    for some in chunked(record_ids, BATCH):
        owners |= client.call(read_question(client, object_type, some)).owners
    return {key: owners[key] for key in record_ids if key in owners}


def read_histories(
    client: HubSpotClient, object_type: str, record_ids: Sequence[str]
) -> dict[str, tuple[OwnerChange, ...]]:
    """Read the records' owner histories, newest first; unknown records are left out."""
    found: dict[str, tuple[OwnerChange, ...]] = {}
    for some in chunked(record_ids, HISTORIES):
        inputs = [{"id": key} for key in some]
        question = Question(
            client.batch.read_with_http_info,
            (object_type, {"inputs": inputs, "properties": [], "propertiesWithHistory": [OWNER]}),
            _histories,
            object_type,
            scope_for(object_type, "read"),
        )
        histories = client.call(question)
        found |= histories
    return {key: found[key] for key in record_ids if key in found}


def _read(answer: Answer) -> Batch:
    return _batch(answer, unsaid=None)


def _updated(answer: Answer) -> Batch:
    return _batch(answer, unsaid=UNSAID)


def _batch(answer: Answer, unsaid: str | None) -> Batch:
    data = answer.data
    if not isinstance(data, dict):
        raise ValueError("a batch's answer is an object")
    errors = data.get("errors") or []
    results = [] if errors and data.get("results") is None else rows(data)
    if not isinstance(errors, list):
        raise ValueError("errors are a list")
    reference = _said(data, "correlationId") or answer.reference
    return Batch(
        {text(item.get("id")): owner_in(item, unsaid) for item in results if _live(item)},
        tuple(_complaint(error, reference) for error in errors if isinstance(error, dict)),
        reference,
    )


def _live(item: Mapping[str, Any]) -> bool:
    return item.get("archived") is not True


def _said(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name)
    return value if isinstance(value, str) else ""


def _complaint(error: Mapping[str, Any], reference: str) -> Complaint:
    context = error.get("context")
    named = [context.get("ids"), context.get("id")] if isinstance(context, dict) else []
    listed = (value if isinstance(value, list) else [value] for value in named if value)
    category = _said(error, "category")
    return Complaint(
        ids=tuple(dict.fromkeys(text(key) for key in chain.from_iterable(listed))),
        reason=categorised(shorten(_said(error, "message")), category) or "HubSpot gave no reason.",
        category=category,
        reference=_said(error, "correlationId") or reference,
    )


def _histories(answer: Answer) -> dict[str, tuple[OwnerChange, ...]]:
    return {text(item.get("id")): _history(item) for item in rows(answer.data) if _live(item)}


def _history(item: Mapping[str, Any]) -> tuple[OwnerChange, ...]:
    histories = item.get("propertiesWithHistory")
    entries = histories.get(OWNER) or [] if isinstance(histories, dict) else None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ValueError("a history is a list of entries")
    changes = (
        OwnerChange(
            owner=text(entry["value"]) if entry.get("value") not in (None, "") else None,
            at=moment(entry.get("timestamp")),
            source=_said(entry, "sourceType"),
        )
        for entry in entries
    )
    return tuple(sorted(changes, key=lambda change: change.at, reverse=True))
