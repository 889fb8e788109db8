"""Slack, HubSpot and Salesforce in memory; what can go wrong with them is in ``faults``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.ports import DailyUsage, Reassigned, Rejected, Removal, SalesforcePerson
from bot.vendors.slack import Posted, Profile, Slack
from handlers.render import Message
from tests.bot.faults import Death, FakeClock, Faulty, fallible
from tests.workflows import samples
from workflows.values import (
    CORE_OBJECTS,
    Account,
    Blocker,
    Inventory,
    OwnedRecords,
    Owner,
    Package,
)

LOCKED = 60
"""Slack takes nothing back in the last seconds before a scheduled message's time."""


@dataclass
class Shown:
    """A message that people see in Slack."""

    channel: str
    ts: str
    text: str
    blocks: list[dict[str, Any]]
    thread_ts: str | None = None
    broadcast: bool = False
    key: str = ""
    payload: dict[str, Any] = field(default_factory=dict)
    scheduled: bool = False
    updates: int = 0

    @property
    def actions(self) -> list[str]:
        """The action ids of its buttons."""
        return [
            element["action_id"]
            for block in self.blocks
            if block["type"] == "actions"
            for element in block["elements"]
        ]


@dataclass
class Lying:
    """A message that lies scheduled."""

    channel: str
    text: str
    post_at: int
    thread_ts: str | None


class FakeSlack(Faulty, Slack):
    """What was posted, and what lies scheduled."""

    vendor = "slack"

    def __init__(self, clock: FakeClock, death: Death) -> None:
        super().__init__(death)
        self._clock = clock
        self.shown: list[Shown] = []
        self.lying: dict[str, Lying] = {}
        self.locales: dict[str, str] = {}
        self.emails: dict[str, str] = {}
        self.groups: dict[str, tuple[str, ...]] = {}
        self._number = 0

    # --- for tests

    def keyed(self, key: str) -> list[Shown]:
        """Return the messages that were posted with a key that ends so."""
        return [one for one in self.shown if one.key.endswith(key)]

    def one(self, key: str) -> Shown:
        """Return the one message with this key."""
        (found,) = self.keyed(key)
        return found

    def reminders(self, channel: str) -> list[Shown]:
        """Return the reminders in a channel, from the bot and from Slack."""
        return [
            one
            for one in self.shown
            if one.channel == channel and (one.scheduled or ":reminder:" in one.key)
        ]

    def post_due(self) -> None:
        """Post what lies scheduled and whose time has come."""
        with self.lock:
            now = self._clock.now().timestamp()
            for name, one in sorted(self.lying.items(), key=lambda item: item[1].post_at):
                if one.post_at <= now:
                    del self.lying[name]
                    self._add(one.channel, one.text, [], one.thread_ts, scheduled=True)

    def _add(
        self,
        channel: str,
        text: str,
        blocks: list[dict[str, Any]],
        thread_ts: str | None,
        **more: Any,
    ) -> Shown:
        self._number += 1
        ts = f"{self._clock.now().timestamp():.0f}.{self._number:06d}"
        shown = Shown(channel, ts, text, blocks, thread_ts, **more)
        self.shown.append(shown)
        return shown

    # --- as the Web API

    @fallible
    def who_am_i(self) -> str:
        return "https://acme.slack.com/"

    @fallible
    def check_channel(self, channel: str) -> str:
        return channel

    @fallible
    def post(
        self,
        channel: str,
        message: Message,
        key: str,
        *,
        thread_ts: str | None = None,
        broadcast: bool = False,
        payload: dict[str, Any] | None = None,
    ) -> Posted:
        shown = self._add(
            channel,
            message.text,
            message.blocks,
            thread_ts,
            broadcast=broadcast,
            key=key,
            payload=payload or {},
        )
        return Posted(channel, shown.ts, message.text, key)

    @fallible
    def update(self, channel: str, ts: str, message: Message) -> bool:
        for one in self.shown:
            if (one.channel, one.ts) == (channel, ts):
                one.text, one.blocks = message.text, message.blocks
                one.updates += 1
                return True
        return False

    def messages(
        self, channel: str, *, thread_ts: str | None = None, oldest: float = 0.0
    ) -> Iterator[Posted]:
        yield from self.history(channel, thread_ts, oldest)

    @fallible
    def history(self, channel: str, thread_ts: str | None, oldest: float) -> list[Posted]:
        return [
            Posted(one.channel, one.ts, one.text, one.key, {"key": one.key, **one.payload}, True)
            for one in self.shown
            if one.channel == channel
            and float(one.ts) > oldest
            and (thread_ts in {one.thread_ts, one.ts} or (thread_ts is None and not one.thread_ts))
        ]

    @fallible
    def schedule(self, channel: str, text: str, post_at: int, thread_ts: str | None) -> str:
        assert post_at > self._clock.now().timestamp(), "time_in_past"
        self._number += 1
        name = f"Q{self._number}"
        self.lying[name] = Lying(channel, text, post_at, thread_ts)
        return name

    @fallible
    def scheduled_ids(self, channel: str) -> dict[str, tuple[int, str]]:
        return {
            name: (one.post_at, one.text)
            for name, one in self.lying.items()
            if one.channel == channel
        }

    @fallible
    def unschedule(self, channel: str, scheduled_id: str) -> bool:
        one = self.lying.get(scheduled_id)
        if one is None or one.post_at - self._clock.now().timestamp() < LOCKED:
            return False
        del self.lying[scheduled_id]
        return True

    @fallible
    def direct(self, user: str) -> str:
        return f"D{user}"

    @fallible
    def profile(self, user: str) -> Profile:
        return Profile(user, self.locales.get(user, "en-US"), self.emails.get(user, ""), True)

    @fallible
    def group_members(self, group: str) -> tuple[str, ...]:
        return self.groups[group]


class FakeHubSpot(Faulty):
    """Owners and records. ``writes`` holds every change of a record that was made."""

    vendor = "hubspot"

    def __init__(self, death: Death) -> None:
        super().__init__(death)
        self.owners: list[Owner] = list(samples.HUBSPOT_OWNERS)
        self.salesforce_owners: list[OwnedRecords] = [
            one.model_copy(update={"counts": {}, "suggestion": None}) for one in samples.OWNERS
        ]
        self.records: dict[str, dict[str, str | None]] = {kind: {} for kind in CORE_OBJECTS}
        self.writes: list[tuple[str, str, str]] = []
        self.refuses: dict[str, str] = {}
        self.super_admins: dict[str, bool] = {}
        self.usage: DailyUsage | None = DailyUsage(limit=1_000, used=400)
        self.synced: datetime | None = None
        self.before_write: Callable[[], None] = lambda: None

    def fill(self, kind: str, owner: Owner, records: int, start: int = 1) -> list[str]:
        """Give an owner records; return their ids."""
        ids = [str(number) for number in range(start, start + records)]
        self.records[kind] |= dict.fromkeys(ids, owner.id)
        return ids

    @fallible
    def account(self) -> Account:
        return samples.ACCOUNT

    @fallible
    def is_super_admin(self, email: str) -> bool | None:
        return self.super_admins.get(email)

    @fallible
    def active_owners(self) -> tuple[Owner, ...]:
        return tuple(self.owners)

    @fallible
    def salesforce_only_owners(self) -> tuple[OwnedRecords, ...]:
        return tuple(self.salesforce_owners)

    @fallible
    def count_by_owner(self, object_type: str, owner_ids: Sequence[str]) -> dict[str, int]:
        return {one: self.count_records(object_type, one) for one in owner_ids}

    def count_records(self, object_type: str, owner_id: str) -> int:
        return list(self.records.get(object_type, {}).values()).count(owner_id)

    @fallible
    def last_sync(self) -> datetime | None:
        return self.synced

    @fallible
    def daily_usage(self) -> DailyUsage | None:
        return self.usage

    @fallible
    def record_ids(
        self, object_type: str, owner_ids: Sequence[str], after: str = ""
    ) -> dict[str, str]:
        held = self.records[object_type]
        found = [one for one, owner in held.items() if owner in owner_ids]
        later = sorted((one for one in found if int(one) > int(after or 0)), key=int)
        return {one: str(held[one]) for one in later[:200]}

    @fallible
    def owners_of(self, object_type: str, record_ids: Sequence[str]) -> dict[str, str | None]:
        assert len(record_ids) <= 100
        there = self.records[object_type]
        return {one: there[one] for one in record_ids if one in there}

    @fallible
    def reassign(self, object_type: str, record_ids: Iterable[str], owner_id: str) -> Reassigned:
        self.before_write()
        asked = list(record_ids)
        assert len(asked) <= 100
        changed = [one for one in asked if one not in self.refuses]
        self.records[object_type] |= dict.fromkeys(changed, owner_id)
        self.writes += [(object_type, one, owner_id) for one in changed]
        return Reassigned(
            tuple(changed),
            tuple(
                Rejected(one, self.refuses[one], "corr-2") for one in asked if one in self.refuses
            ),
        )


class FakeSalesforce(Faulty):
    """The package, and what deployments became of it."""

    vendor = "salesforce"

    def __init__(self, clock: FakeClock, death: Death) -> None:
        super().__init__(death)
        self._clock = clock
        self.installed: Inventory | None = samples.inventory()
        self.users: dict[str, SalesforcePerson] = {}
        self.deployments: list[tuple[datetime, Removal]] = []
        self.problems: tuple[Blocker, ...] = ()

    @fallible
    def installed_package(self) -> Package | None:
        return self.installed.package if self.installed else None

    @fallible
    def inventory(self) -> Inventory | None:
        return self.installed

    @fallible
    def people(self, emails: Iterable[str]) -> dict[str, SalesforcePerson]:
        return {email: self.users[email] for email in emails if email in self.users}

    @fallible
    def start_removal(self) -> str:
        name = f"0Af{len(self.deployments) + 1}"
        if self.problems:
            removal = Removal(name, "failed", self.problems)
        else:
            removal = Removal(name, "succeeded")
            self.installed = None
        self.deployments.append((self._clock.now(), removal))
        return name

    @fallible
    def find_removal(self, since: datetime) -> Removal | None:
        found = [removal for at, removal in self.deployments if at >= since]
        return found[-1] if found else None

    @fallible
    def removal(self, deployment_id: str) -> Removal:
        return next(one for _, one in self.deployments if one.id == deployment_id)
