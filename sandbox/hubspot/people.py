"""HubSpot's users and owners, made from the scenario.

An owner's id and its user id are different numbers, as in HubSpot: records point to the first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sandbox.hubspot.schema import iso
from sandbox.scenario import ObjectType, Scenario

FIRST_OWNER_ID = 70_100_001
FIRST_USER_ID = 9_600_001


@dataclass
class User:
    """Somebody with a HubSpot login."""

    id: int
    name: str
    email: str
    super_admin: bool = False

    def shown(self) -> dict[str, Any]:
        """Return the user as `/settings/v3/users` does."""
        first, last = split(self.name)
        return {
            "id": str(self.id),
            "email": self.email,
            "firstName": first,
            "lastName": last,
            "roleIds": [],
            "primaryTeamId": None,
            "secondaryTeamIds": [],
            "superAdmin": self.super_admin,
        }


@dataclass
class Owner:
    """Somebody, or a queue, that records can belong to.

    `from_salesforce` is what HubSpot knows and its API does not tell (facts/hubspot.md).
    """

    id: str
    type: str
    name: str
    email: str | None
    user_id: int | None
    inactive_user_id: int | None
    archived: bool
    from_salesforce: bool
    in_salesforce: bool
    created: int
    updated: int

    def shown(self) -> dict[str, Any]:
        """Return the owner as `/crm/v3/owners` does."""
        first, last = split(self.name)
        return {
            "id": self.id,
            "email": self.email,
            "type": self.type,
            "firstName": first,
            "lastName": last,
            "userId": self.user_id,
            "userIdIncludingInactive": self.inactive_user_id,
            "createdAt": iso(self.created),
            "updatedAt": iso(self.updated),
            "archived": self.archived,
        }


def split(name: str) -> tuple[str, str]:
    """Return first and last name; either may be empty."""
    first, _, last = name.strip().partition(" ")
    return first, last


@dataclass(frozen=True)
class Share:
    """How many records of each object type an owner has at the beginning."""

    owner: Owner
    records: dict[str, int]


class Directory:
    """The users and owners at the beginning, with the records each has."""

    def __init__(self, scenario: Scenario, now: int) -> None:
        self._now = now
        self.users: list[User] = []
        self.shares: list[Share] = []
        foremen = managers(scenario)
        named = {owner.email.lower(): owner for owner in scenario.hubspot_owners}
        people = [person for person in scenario.people if person.hubspot_user]
        for owner in scenario.hubspot_owners:
            person = next((p for p in people if p.email.lower() == owner.email.lower()), None)
            admin = person is not None and person.super_admin
            known = owner.in_salesforce or owner.email.lower() in foremen
            self._hubspot_owner(
                owner.name,
                owner.email,
                owner.records,
                active=owner.active,
                super_admin=admin,
                in_salesforce=known,
            )
        for person in people:
            if person.email.lower() not in named:
                known = person.email.lower() in foremen
                self._hubspot_owner(
                    person.name,
                    person.email,
                    {},
                    super_admin=person.super_admin,
                    in_salesforce=known,
                )
        generate = scenario.generate
        for number in range(1, generate.hubspot_owners + 1):
            name, email = made_up_person(number, "hubspot")
            self._hubspot_owner(
                name, email, generate.records_per_owner, in_salesforce=email in foremen
            )
        for foreign in scenario.salesforce_owners:
            self._salesforce_owner(foreign.type, foreign.name, foreign.email, foreign.records)
        for number in range(1, generate.salesforce_owners + 1):
            name, email = made_up_person(number, "salesforce")
            self._salesforce_owner("PERSON", name, email, generate.records_per_owner)
        for number in range(1, generate.queues + 1):
            self._salesforce_owner("QUEUE", queue_name(number), "", generate.records_per_owner)

    def _hubspot_owner(
        self,
        name: str,
        email: str,
        records: dict[ObjectType, int],
        *,
        active: bool = True,
        super_admin: bool = False,
        in_salesforce: bool = False,
    ) -> None:
        user_id = FIRST_USER_ID + len(self.shares)
        if active:
            self.users.append(User(user_id, name, email, super_admin))
        self._share(
            Owner(
                self._next_id(),
                "PERSON",
                name,
                email,
                user_id if active else None,
                user_id,
                not active,
                from_salesforce=False,
                in_salesforce=in_salesforce,
                created=self._now - 500 * 86_400_000,
                updated=self._now - 30 * 86_400_000,
            ),
            records,
        )

    def _salesforce_owner(
        self, kind: str, name: str, email: str, records: dict[ObjectType, int]
    ) -> None:
        self._share(
            Owner(
                self._next_id(),
                kind,
                name,
                email or None,
                None,
                None,
                False,
                from_salesforce=True,
                in_salesforce=True,
                created=self._now - 400 * 86_400_000,
                updated=self._now - 400 * 86_400_000,
            ),
            records,
        )

    def _next_id(self) -> str:
        return str(FIRST_OWNER_ID + 7 * len(self.shares))

    def _share(self, owner: Owner, records: dict[ObjectType, int]) -> None:
        self.shares.append(Share(owner, dict(records.items())))


_FIRST = ("Alma", "Bruno", "Celia", "Dario", "Elif", "Farid", "Greta", "Hugo", "Irena", "Jonas")
_LAST = ("Abel", "Brandt", "Cruz", "Dahl", "Eriksen", "Fontana", "Grabska", "Hansen", "Ito")


def made_up_person(number: int, kind: str) -> tuple[str, str]:
    """Return name and e-mail of the generated person *number* of 'hubspot' or 'salesforce'."""
    first = _FIRST[number % len(_FIRST)]
    last = _LAST[number // len(_FIRST) % len(_LAST)]
    name = f"{first} {last} {number}" if number >= len(_FIRST) * len(_LAST) else f"{first} {last}"
    return name, f"{kind}.{number}@{kind}-people.example.com"


def generated_manager(number: int, scenario: Scenario) -> str:
    """Return the e-mail of the manager of the generated Salesforce owner *number*, or ''."""
    available = scenario.generate.hubspot_owners
    return made_up_person(1 + number % available, "hubspot")[1] if available else ""


def managers(scenario: Scenario) -> frozenset[str]:
    """Return the e-mails, in lower case, of those who manage somebody in Salesforce."""
    generated = range(1, scenario.generate.salesforce_owners + 1)
    named = {owner.manager_email.lower() for owner in scenario.salesforce_owners}
    return frozenset(named | {generated_manager(number, scenario) for number in generated} - {""})


def queue_name(number: int) -> str:
    """Return the name of the generated queue *number*."""
    return f"Queue {number}"
