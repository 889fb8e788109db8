"""Which properties each kind of HubSpot record has, and how their values read and compare."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, Literal

from sandbox.scenario import CustomObject

Kind = Literal["string", "number", "datetime"]
Value = str | int | None
"""A value as it is held: a datetime is milliseconds since the epoch, the record's id an int."""

ID: Final = "hs_object_id"
OWNER: Final = "hubspot_owner_id"
SYNC: Final = "salesforcelastsynctime"
_DAY = 86_400_000
_FIRST_CUSTOM_TYPE = 41_500_107

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
    """One kind of record: its own properties (made up from the record's id), and its defaults.

    `aliases` are what a path may call it, in lower case; `company` is the property that holds
    the id of the company it is associated with.
    """

    name: str
    singular: str
    type_id: str
    made_up: dict[str, Callable[[int], str]]
    created: str
    modified: str
    defaults: tuple[str, ...]
    read_scope: str
    write_scope: str
    synced: bool
    aliases: tuple[str, ...]
    company: str | None = None

    def kind(self, name: str) -> Kind | None:
        """Return the kind of the property *name*; None when there is no such property."""
        if name in (self.created, self.modified):
            return "datetime"
        if name == SYNC:
            return "datetime" if self.synced else None
        if name in (ID, self.company) or (name == "amount" and name in self.made_up):
            return "number"
        return "string" if name == OWNER or name in self.made_up else None

    @property
    def read_only(self) -> frozenset[str]:
        """Properties that only HubSpot, or the Salesforce sync, sets."""
        return frozenset(
            {ID, self.created, self.modified, SYNC, "hs_primary_associated_company"}
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
    company: str | None = None,
) -> Schema:
    singular = "company" if name == "companies" else name[:-1]
    return Schema(
        name,
        singular,
        type_id,
        made_up,
        "createdate",
        modified,
        (*defaults.split(), "createdate", modified, "hs_object_id"),
        f"crm.objects.{name}.read" if synced else name,
        f"crm.objects.{name}.write" if synced else name,
        synced,
        (name, singular, type_id),
        company,
    )


def _activity(name: str, type_id: str, title: str) -> Schema:
    """Activities are read and written with the contacts' scopes."""
    return Schema(
        name,
        name[:-1],
        type_id,
        {title: lambda number: f"{name[:-1].capitalize()} {number}"},
        "hs_createdate",
        "hs_lastmodifieddate",
        ("hs_createdate", "hs_lastmodifieddate", "hs_object_id"),
        "crm.objects.contacts.read",
        "crm.objects.contacts.write",
        synced=False,
        aliases=(name, name[:-1], type_id),
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
            company="associatedcompanyid",
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
            company="hs_primary_associated_company",
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


def custom(said: CustomObject, number: int, portal_id: int) -> Schema:
    """Return the schema of the account's custom object *number*, counted from 0."""
    type_id = f"2-{_FIRST_CUSTOM_TYPE + 31 * number}"
    return Schema(
        said.name,
        said.singular,
        type_id,
        {"name": lambda number: f"{said.singular} {number}"},
        "hs_createdate",
        "hs_lastmodifieddate",
        ("hs_createdate", "hs_lastmodifieddate", "hs_object_id"),
        "crm.objects.custom.read",
        "crm.objects.custom.write",
        synced=False,
        aliases=(type_id, f"p{portal_id}_{said.name}".lower(), f"p_{said.name}".lower()),
    )


def iso(milliseconds: int) -> str:
    """Return *milliseconds* since the epoch as HubSpot writes a time."""
    day, rest = divmod(milliseconds, _DAY)
    minutes, rest = divmod(rest, 60_000)
    hour, minute = divmod(minutes, 60)
    second, rest = divmod(rest, 1_000)
    return f"{_date(day)}T{hour:02d}:{minute:02d}:{second:02d}.{rest:03d}Z"


@lru_cache(maxsize=4_096)
def _date(day: int) -> str:
    return datetime.fromtimestamp(day * _DAY / 1000, UTC).date().isoformat()


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
