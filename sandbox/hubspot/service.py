"""The HubSpot account: what it holds and what its people can do to it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sandbox.hubspot.errors import HubSpotError, invalid
from sandbox.hubspot.limits import Limits
from sandbox.hubspot.people import Directory, Owner, User
from sandbox.hubspot.records import Record, Table
from sandbox.hubspot.schema import SCHEMAS, Value
from sandbox.hubspot.steps import Refused
from sandbox.hubspot.sync import Sync
from sandbox.scenario import Person
from sandbox.world import World

PHRASE = "Uninstall Salesforce"
MAIL_SUBJECT = "Reassign contacts, companies, and deals to HubSpot owners"
FIRST_RECORD_ID = 1_001
_ARTICLE_OBJECTS = ("contacts", "companies", "deals")


class HubSpot:
    """One HubSpot account, connected to Salesforce until a person disconnects it."""

    def __init__(self, world: World) -> None:
        self.world = world
        account = world.scenario.account
        self.limits = Limits(account, world.clock)
        directory = Directory(world.scenario, self._now())
        self.users: dict[str, User] = {user.email.lower(): user for user in directory.users}
        self.owners: dict[str, Owner] = {share.owner.id: share.owner for share in directory.shares}
        self.tables = {
            name: Table(schema, world.clock, account.index_lag) for name, schema in SCHEMAS.items()
        }
        for name in SCHEMAS:
            self._fill(name, directory)
        self.sync = Sync(world.clock, list(self.tables.values()), self._known_to_salesforce)
        self.disconnected_at: int | None = None
        self.disconnect_reason: str | None = None
        self.mail: dict[str, str] | None = None
        self.audit: list[dict[str, Any]] = []

    def _now(self) -> int:
        return int(self.world.clock.timestamp() * 1000)

    def _fill(self, name: str, directory: Directory) -> None:
        """Deal out the records of one object type among their owners, in random order."""
        table = self.tables[name]
        turns = [
            share.owner.id for share in directory.shares for _ in range(share.records.get(name, 0))
        ]
        self.world.random.shuffle(turns)
        now = self._now()
        for position, owner in enumerate(turns):
            age = (len(turns) - position) * 1_000
            table.add(
                Record(
                    FIRST_RECORD_ID + position,
                    owner,
                    created=now - 86_400_000 * 200 - age,
                    modified=now - 3_600_000 - age,
                    synced=now - 3_600_000 - age if table.schema.synced else None,
                )
            )

    def _known_to_salesforce(self, owner: str | None) -> bool:
        found = self.owners.get(owner or "")
        return found is not None and found.in_salesforce

    @property
    def connected(self) -> bool:
        """Whether the Salesforce integration is still installed at HubSpot."""
        return self.sync.connected

    def table(self, name: str) -> Table:
        """Return the records of *name*, with the sync's work up to now."""
        self.sync.catch_up()
        return self.tables[name]

    def salesforce_only(self) -> list[Owner]:
        """The owners that exist in Salesforce alone and were not deleted yet."""
        return [
            owner for owner in self.owners.values() if owner.from_salesforce and not owner.archived
        ]

    def check(self, table: Table, properties: Mapping[str, Any]) -> dict[str, Value]:
        """Return the changes that the API's *properties* mean, or raise HubSpot's 400."""
        changes: dict[str, Value] = {}
        for name, value in properties.items():
            if table.schema.kind(name) is None:
                raise invalid(
                    f"Property '{name}' does not exist", "PROPERTY_DOESNT_EXIST", propertyName=name
                )
            if name in table.schema.read_only:
                raise invalid(
                    f"'{name}' is a read only property; its value cannot be set.",
                    "READ_ONLY_VALUE",
                    propertyName=name,
                )
            if value is not None and not isinstance(value, str | int | float | bool):
                raise invalid(f"Invalid input JSON: '{name}' must be text", propertyName=name)
            changes[name] = None if value in (None, "") else str(value)
            if name == "hubspot_owner_id":
                self._check_owner(changes[name])
        return changes

    def _check_owner(self, value: Value) -> None:
        owner = self.owners.get(str(value))
        if value is not None and (owner is None or owner.archived):
            detail = f'[{{"isValid":false,"message":"{value} is not a valid owner ID"'
            raise HubSpotError(
                400,
                "VALIDATION_ERROR",
                f"Property values were not valid: {detail},"
                f'"error":"INVALID_OWNER_ID","name":"hubspot_owner_id"}}]',
                {
                    "errors": [
                        {
                            "message": f"{value} is not a valid owner ID",
                            "code": "INVALID_OWNER_ID",
                            "context": {"propertyName": ["hubspot_owner_id"]},
                        }
                    ]
                },
            )

    def write(self, table: Table, record: Record, changes: Mapping[str, Value]) -> None:
        """Change *record*, and let the sync react if it still runs."""
        old = record.owner
        table.write(record, changes)
        if record.owner != old:
            self.sync.owner_changed(table, record, old)

    def disconnect(self, person: Person, reason: str, phrase: str) -> None:
        """P1a–e by *person*; raise :class:`Refused` when HubSpot's pages would not do it."""
        self._require_admin(person)
        if not self.connected:
            raise Refused("not_connected", "Salesforce is not connected to this account.")
        if not reason.strip():
            raise Refused("reason_missing", "Choose a reason for the uninstall.")
        if phrase != PHRASE:
            raise Refused("wrong_phrase", f"Type “{PHRASE}” into the field, exactly so.")
        self.sync.stop()
        self.disconnected_at = self._now()
        self.disconnect_reason = reason.strip()
        if any(
            self.tables[name].owned(owner.id)
            for owner in self.salesforce_only()
            for name in _ARTICLE_OBJECTS
        ):
            self.mail = {
                "to": person.email,
                "subject": MAIL_SUBJECT,
                "at": self._moment(self._now()),
            }
        self.world.changed()

    def delete_salesforce_owners(self, person: Person) -> int:
        """P2d–e by *person*; return how many owners were deleted.

        Records that still point to one keep pointing to it, as nobody's.
        """
        self._require_admin(person)
        if self.connected:
            raise Refused("still_connected", "Disconnect Salesforce first.")
        gone = self.salesforce_only()
        if not gone:
            raise Refused("nothing_to_delete", "There are no Salesforce owners left.")
        for owner in gone:
            owner.archived = True
            owner.updated = self._now()
        self.note(person, "DELETE", "SALESFORCE_OWNERS")
        self.world.changed()
        return len(gone)

    def _require_admin(self, person: Person) -> None:
        user = self.users.get(person.email.lower())
        if user is None or not user.super_admin:
            raise Refused(
                "not_admin", f"{person.name} has no administrator permissions in HubSpot."
            )

    def note(self, person: Person, action: str, target: str) -> None:
        """Write a line of the account's audit log (the disconnect is not known to make one)."""
        user = self.users.get(person.email.lower())
        self.audit.append(
            {
                "id": str(len(self.audit) + 1),
                "category": "SETTING",
                "subCategory": target,
                "action": action,
                "targetObjectId": str(self.world.scenario.account.portal_id),
                "occurredAt": self._moment(self._now()),
                "actingUser": {
                    "userId": user.id if user else None,
                    "userEmail": person.email,
                },
            }
        )

    @staticmethod
    def _moment(milliseconds: int) -> str:
        return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds")

    def state(self) -> dict[str, Any]:
        """What the control API and the page show."""
        self.sync.catch_up()
        counts = {
            owner: {
                name: table.owned(owner)
                for name, table in self.tables.items()
                if table.owned(owner)
            }
            for owner in self.owners
        }
        return {
            "connected": self.connected,
            "disconnected_at": self._moment(self.disconnected_at) if self.disconnected_at else None,
            "disconnect_reason": self.disconnect_reason,
            "last_sync": self._moment(self.sync.last) if self.sync.last else None,
            "email_sent": self.mail is not None,
            "mail": self.mail,
            "portal_id": self.world.scenario.account.portal_id,
            "owners": [
                self._owner_state(owner, archived=False)
                for owner in self.owners.values()
                if not owner.archived
            ],
            "archived_owners": [
                self._owner_state(owner, archived=True)
                for owner in self.owners.values()
                if owner.archived
            ],
            "counts": {owner: found for owner, found in counts.items() if found},
            "limits": self.limits.state(),
        }

    @staticmethod
    def _owner_state(owner: Owner, archived: bool) -> dict[str, Any]:
        return {
            "id": owner.id,
            "name": owner.name,
            "email": owner.email,
            "type": owner.type,
            "archived": archived,
            "salesforce_only": owner.from_salesforce,
        }
