"""The HubSpot account: what it holds and what its people can do to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sandbox.hubspot import filling
from sandbox.hubspot.errors import HubSpotError, invalid
from sandbox.hubspot.history import Source, by_hand
from sandbox.hubspot.limits import Limits
from sandbox.hubspot.people import Directory, Owner, User
from sandbox.hubspot.records import Table
from sandbox.hubspot.schema import OWNER, SCHEMAS, Schema, Value, custom
from sandbox.hubspot.steps import Refused
from sandbox.hubspot.sync import Sync
from sandbox.scenario import Person
from sandbox.world import World

PHRASE = "Uninstall Salesforce"
MAIL_SUBJECT = "Reassign contacts, companies, and deals to HubSpot owners"
_ARTICLE_OBJECTS = ("contacts", "companies", "deals")


class HubSpot:
    """One HubSpot account, connected to Salesforce until a person disconnects it."""

    def __init__(self, world: World) -> None:
        self.world = world
        account = world.scenario.account
        self.limits = Limits(account, world.clock)
        self.scopes_missing = frozenset(account.scopes_missing)
        self.tells_scopes = True
        """Whether the token's scopes can be asked for, as those of a private app's token can."""
        self.begun = self._now()
        directory = Directory(world.scenario, self.begun)
        self.users: dict[str, User] = {user.email.lower(): user for user in directory.users}
        self.owners: dict[str, Owner] = {share.owner.id: share.owner for share in directory.shares}
        self.custom = {
            said.name: custom(said, number, account.portal_id)
            for number, said in enumerate(world.scenario.custom_objects)
        }
        schemas = [*SCHEMAS.values(), *self.custom.values()]
        self._aliases = {alias: schema for schema in schemas for alias in schema.aliases}
        self.tables = filling.tables(
            schemas, directory, world.clock, account.index_lag, world.random
        )
        self.sync = Sync(world.clock, list(self.tables.values()), self._known_to_salesforce)
        self.disconnected_at: int | None = None
        self.disconnect_reason: str | None = None
        self.mail: dict[str, str] | None = None
        self.audit: list[dict[str, Any]] = []

    def _now(self) -> int:
        return int(self.world.clock.timestamp() * 1000)

    def _known_to_salesforce(self, owner: str | None) -> bool:
        found = self.owners.get(owner or "")
        return found is not None and found.in_salesforce

    @property
    def connected(self) -> bool:
        """Whether the Salesforce integration is still installed at HubSpot."""
        return self.sync.connected

    def schema(self, object_type: str) -> Schema | None:
        """Return the schema of a path's object type: plural, singular or id; `p_…` if custom."""
        return self._aliases.get(object_type.lower())

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
            if name == OWNER:
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

    def write(
        self, table: Table, keys: Sequence[int], changes: Mapping[str, Value], source: Source
    ) -> None:
        """Change the records *keys*, and let the sync react if it still runs."""
        if not (self.connected and OWNER in changes):
            table.write(keys, changes, source)
            return
        old = [table.owner_of(key) for key in keys]
        table.write(keys, changes, source)
        for key, before in zip(keys, old, strict=True):
            if table.owner_of(key) != before:
                self.sync.owner_changed(table, key, before)

    @property
    def hand(self) -> Source:
        """The source of what people do by hand: the account's first administrator does it."""
        users = self.users.values()
        first = next((user for user in users if user.super_admin), next(iter(users)))
        return by_hand(first.id)

    def active_owners(self) -> list[Owner]:
        """The owners of HubSpot's own who can be given records."""
        return [
            owner
            for owner in self.owners.values()
            if not owner.archived and not owner.from_salesforce
        ]

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

    def deactivate(self, owner_id: str) -> None:
        """Deactivate the user behind an owner: the owner is archived, the records stay."""
        owner = self.owners.get(owner_id)
        if owner is None or owner.user_id is None or owner.email is None:
            raise Refused("unknown_owner", f"No active HubSpot user is the owner {owner_id}.")
        self.users.pop(owner.email.lower(), None)
        owner.user_id = None
        owner.archived = True
        owner.updated = self._now()
        self.world.changed()

    def set_super_admin(self, person: Person, super_admin: bool) -> None:
        """Make *person* a super admin, or take that away; refused without a HubSpot login."""
        user = self.users.get(person.email.lower())
        if user is None:
            raise Refused("no_login", f"{person.name} has no HubSpot login.")
        user.super_admin = super_admin

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
