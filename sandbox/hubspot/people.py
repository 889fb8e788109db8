"""HubSpot's users and owners, made from the scenario.

An owner's id and its user id are different numbers, as in HubSpot: records point to the first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.hubspot.schema import iso
from sandbox.scenario import HubSpotOwner, SalesforceOwner, Scenario, Team

FIRST_OWNER_ID = 70_100_001
FIRST_USER_ID = 9_600_001


@dataclass
class User:
    """Somebody with a HubSpot login."""

    id: int
    name: str
    email: str
    super_admin: bool = False
    teams: Sequence[Team] = ()

    def shown(self) -> dict[str, Any]:
        """Return the user as `/settings/v3/users` does."""
        first, last = split(self.name)
        return {
            "id": str(self.id),
            "email": self.email,
            "firstName": first,
            "lastName": last,
            "roleIds": [],
            "primaryTeamId": next((team.id for team in self.teams if team.primary), None),
            "secondaryTeamIds": [team.id for team in self.teams if not team.primary],
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
    teams: Sequence[Team] = ()

    def shown(self) -> dict[str, Any]:
        """Return the owner as `/crm/v3/owners` does; who is in no team has no `teams`."""
        first, last = split(self.name)
        teams = {"teams": [team.model_dump() for team in self.teams]} if self.teams else {}
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
            **teams,
        }


def split(name: str) -> tuple[str, str]:
    """Return first and last name; either may be empty."""
    first, _, last = name.strip().partition(" ")
    return first, last


@dataclass(frozen=True)
class Share:
    """How many records of each object type an owner has at the beginning.

    `said` is what the scenario says of an owner from Salesforce; None for all others.
    """

    owner: Owner
    records: Mapping[str, int]
    said: SalesforceOwner | None = None


class Directory:
    """The users and owners at the beginning, with the records each has."""

    def __init__(self, scenario: Scenario, now: int) -> None:
        self._now = now
        self._scenario = scenario
        self._foremen = managers(scenario)
        self.users: list[User] = []
        self.shares: list[Share] = []
        self._hubspot_people()
        generate = scenario.generate
        for number in range(1, generate.hubspot_owners + 1):
            name, email = made_up_person(number, "hubspot")
            made_up = HubSpotOwner(name=name, email=email, records=generate.records_per_owner)
            self._hubspot_owner(made_up)
        for foreign in scenario.salesforce_owners:
            self._salesforce_owner(foreign)
        self._made_up_salesforce_owners()

    def _hubspot_people(self) -> None:
        people = [person for person in self._scenario.people if person.hubspot_user]
        admins = {person.email.lower() for person in people if person.super_admin}
        named = {owner.email.lower() for owner in self._scenario.hubspot_owners}
        for owner in self._scenario.hubspot_owners:
            self._hubspot_owner(owner, super_admin=owner.email.lower() in admins)
        for person in people:
            if person.email.lower() not in named:
                owner = HubSpotOwner(name=person.name, email=person.email)
                self._hubspot_owner(owner, super_admin=person.super_admin)

    def _made_up_salesforce_owners(self) -> None:
        generate = self._scenario.generate
        made_up = [
            SalesforceOwner(name=name, email=email)
            for number in range(1, generate.salesforce_owners + 1)
            for name, email in (made_up_person(number, "salesforce"),)
        ]
        made_up += [
            SalesforceOwner(name=queue_name(number), type="QUEUE")
            for number in range(1, generate.queues + 1)
        ]
        for place, foreign in enumerate(made_up):
            records = dict(generate.records_per_owner)
            for name, total in generate.records_in_all.items():
                each, rest = divmod(total, len(made_up))
                records[name] = records.get(name, 0) + each + (place < rest)
            self._salesforce_owner(foreign.model_copy(update={"records": records}))

    def _hubspot_owner(self, said: HubSpotOwner, *, super_admin: bool = False) -> None:
        user_id = FIRST_USER_ID + len(self.shares)
        if said.active:
            self.users.append(User(user_id, said.name, said.email, super_admin, said.teams))
        owner = Owner(
            self._next_id(),
            "PERSON",
            said.name,
            said.email,
            user_id if said.active else None,
            user_id,
            not said.active,
            from_salesforce=False,
            in_salesforce=said.in_salesforce or said.email.lower() in self._foremen,
            created=self._now - 500 * 86_400_000,
            updated=self._now - 30 * 86_400_000,
            teams=said.teams,
        )
        self.shares.append(Share(owner, said.records))

    def _salesforce_owner(self, said: SalesforceOwner) -> None:
        owner = Owner(
            self._next_id(),
            said.type,
            said.name,
            said.email or None,
            None,
            None,
            False,
            from_salesforce=True,
            in_salesforce=True,
            created=self._now - 400 * 86_400_000,
            updated=self._now - 400 * 86_400_000,
            teams=said.teams,
        )
        self.shares.append(Share(owner, said.records, said))

    def _next_id(self) -> str:
        return str(FIRST_OWNER_ID + 7 * len(self.shares))


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
