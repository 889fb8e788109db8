"""Which properties each kind of HubSpot record has, and how their values read and compare."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

Kind = Literal["string", "number", "datetime"]
Value = str | int | None
"""A value as it is held: a datetime is milliseconds since the epoch, the record's id an int."""

_FIRST = ("Maja", "Oskar", "Lena", "Igor", "Nadia", "Tomas", "Ivy", "Ravi", "Sofia", "Emil", "Zoë")
_LAST = ("Nowak", "Berg", "Okafor", "Silva", "Lindqvist", "Haddad", "Marsh", "Kovač", "Reyes")
_WORDS = ("Harbour", "Juniper", "Copper", "Meadow", "Aurora", "Granite", "Willow", "Beacon")
_KINDS = ("Works", "Foods", "Logistics", "Studio", "Energy", "Clinic", "Labs")
_STAGES = ("appointmentscheduled", "qualifiedtobuy", "contractsent", "closedwon")


def _pick(words: tuple[str, ...], number: int) -> str:
    return words[number % len(words)]


def _first(number: int) -> str:
    return _pick(_FIRST, number)


def _last(number: int) -> str:
    return _pick(_LAST, number // len(_FIRST))


def _company(number: int) -> str:
    return f"{_pick(_WORDS, number)} {_pick(_KINDS, number // len(_WORDS))} {number}"


def _salesforce_id(prefix: str) -> Callable[[int], str]:
    return lambda number: f"{prefix}5g{number:013d}"


@dataclass(frozen=True)
class Schema:
    """One kind of record: its own properties (made up from the record's id), and its defaults."""

    name: str
    type_id: str
    made_up: dict[str, Callable[[int], str]]
    created: str
    modified: str
    defaults: tuple[str, ...]
    read_scope: str
    write_scope: str
    synced: bool

    def kind(self, name: str) -> Kind | None:
        """Return the kind of the property *name*; None when there is no such property."""
        if name in (self.created, self.modified):
            return "datetime"
        if name == "salesforcelastsynctime":
            return "datetime" if self.synced else None
        if name in ("hs_object_id", "amount"):
            return "number" if name == "hs_object_id" or name in self.made_up else None
        if name == "hubspot_owner_id" or name in self.made_up:
            return "string"
        return None

    @property
    def read_only(self) -> frozenset[str]:
        """Properties that only HubSpot, or the Salesforce sync, sets."""
        return frozenset(
            {"hs_object_id", self.created, self.modified, "salesforcelastsynctime"}
            | {name for name in self.made_up if name.startswith("salesforce")}
        )


def _crm(
    name: str,
    type_id: str,
    made_up: dict[str, Callable[[int], str]],
    defaults: str,
    *,
    modified: str = "hs_lastmodifieddate",
    synced: bool = True,
) -> Schema:
    return Schema(
        name,
        type_id,
        made_up,
        "createdate",
        modified,
        (*defaults.split(), "createdate", modified, "hs_object_id"),
        f"crm.objects.{name}.read" if synced else name,
        f"crm.objects.{name}.write" if synced else name,
        synced,
    )


def _activity(name: str, type_id: str, title: str) -> Schema:
    """Activities are read and written with the contacts' scopes."""
    return Schema(
        name,
        type_id,
        {title: lambda number: f"{name[:-1].capitalize()} {number}"},
        "hs_createdate",
        "hs_lastmodifieddate",
        ("hs_createdate", "hs_lastmodifieddate", "hs_object_id"),
        "crm.objects.contacts.read",
        "crm.objects.contacts.write",
        synced=False,
    )


SCHEMAS: dict[str, Schema] = {
    schema.name: schema
    for schema in (
        _crm(
            "contacts",
            "0-1",
            {
                "firstname": _first,
                "lastname": _last,
                "email": lambda number: f"contact{number}@customers.example.com",
                "company": lambda number: _company(number % 97),
                "salesforcecontactid": _salesforce_id("003"),
            },
            "email firstname lastname",
            modified="lastmodifieddate",
        ),
        _crm(
            "companies",
            "0-2",
            {
                "name": _company,
                "domain": lambda number: f"company{number}.example.com",
                "salesforceaccountid": _salesforce_id("001"),
            },
            "name domain",
        ),
        _crm(
            "deals",
            "0-3",
            {
                "dealname": lambda number: f"{_company(number)}: renewal",
                "amount": lambda number: str(500 + number % 400 * 25),
                "dealstage": lambda number: _pick(_STAGES, number),
                "pipeline": lambda _number: "default",
                "salesforceopportunityid": _salesforce_id("006"),
            },
            "dealname amount dealstage pipeline",
        ),
        _crm(
            "tickets",
            "0-5",
            {
                "subject": lambda number: f"Ticket {number}",
                "hs_pipeline": lambda _number: "0",
                "hs_pipeline_stage": lambda number: str(1 + number % 4),
            },
            "subject hs_pipeline hs_pipeline_stage",
            synced=False,
        ),
        _activity("tasks", "0-27", "hs_task_subject"),
        _activity("calls", "0-48", "hs_call_title"),
        _activity("meetings", "0-47", "hs_meeting_title"),
        _activity("notes", "0-46", "hs_note_body"),
        _activity("emails", "0-49", "hs_email_subject"),
    )
}


def find(object_type: str) -> Schema | None:
    """Return the schema of a path's object type: plural, singular or type id."""
    for schema in SCHEMAS.values():
        if object_type.lower() in (schema.name, schema.type_id):
            return schema
    singular = {"contact": "contacts", "company": "companies", "deal": "deals", "ticket": "tickets"}
    name = singular.get(object_type.lower(), f"{object_type.lower()}s")
    return SCHEMAS.get(name)


def iso(milliseconds: int) -> str:
    """Return *milliseconds* since the epoch as HubSpot writes a time."""
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03d}Z"


def text(kind: Kind | None, value: Value) -> str | None:
    """Return *value* as it stands in an answer."""
    if value is None:
        return None
    return iso(value) if kind == "datetime" and isinstance(value, int) else str(value)


def comparable(kind: Kind, value: Value) -> str | float | None:
    """Return *value* for comparing: numbers and times as numbers, text in lower case.

    Raises :class:`ValueError` when it is not of its kind.
    """
    if value is None or value == "":
        return None
    if isinstance(value, int):
        return float(value)
    if kind == "string":
        return value.lower()
    if kind == "datetime" and not value.lstrip("-").isdigit():
        moment = datetime.fromisoformat(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000
    return float(value)
