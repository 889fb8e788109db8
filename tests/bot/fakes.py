"""Slack, HubSpot and Salesforce in memory; what can go wrong with them is in ``faults``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from slack_sdk.models.views import View

from bot.errors import VendorError
from bot.ports import (
    DailyUsage,
    ObjectKind,
    OwnerCensus,
    OwnerChange,
    RecordPage,
    Rejected,
    Removal,
    SalesforcePerson,
    Swap,
    Swapped,
)
from bot.vendors.slack import Attachment, Posted, Profile, Slack
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


@dataclass(frozen=True)
class Upload:
    """A file that was put into a thread."""

    channel: str
    thread_ts: str
    name: str
    content: bytes
    text: str
    alt: str = ""


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
        self.marks: dict[str, dict[str, Any]] = {}
        self.groups: dict[str, tuple[str, ...]] = {}
        self.files: list[Upload] = []
        self.homes: dict[str, list[View]] = {}
        self._number = 0

    # --- for tests

    def keyed(self, key: str) -> list[Shown]:
        """Return the messages that were posted with a key that ends so."""
        return [one for one in self.shown if one.key.endswith(key)]

    def shown_with(self, part: str) -> list[Shown]:
        """Return the messages whose key has this part."""
        return [one for one in self.shown if part in one.key]

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
        self,
        channel: str,
        *,
        thread_ts: str | None = None,
        oldest: float = 0.0,
        pages: int = 0,
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
    def publish_home(self, user: str, view: View) -> None:
        self.homes.setdefault(user, []).append(view)

    @fallible
    def upload(
        self,
        channel: str,
        thread_ts: str | None,
        name: str,
        content: bytes,
        text: str,
        *,
        alt: str = "",
        more: Sequence[Attachment] = (),
    ) -> None:
        self.files.append(Upload(channel, thread_ts or "", name, content, text, alt))
        for one in more:
            self.files.append(Upload(channel, thread_ts or "", one.name, one.content, "", one.alt))

    @fallible
    def uploaded(self, channel: str, thread_ts: str | None, name: str, oldest: float) -> bool:
        return any(one.name == name and one.thread_ts == (thread_ts or "") for one in self.files)

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
        known = Profile(user, self.locales.get(user, "en-US"), self.emails.get(user, ""), True)
        return replace(known, **self.marks.get(user, {}))

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
        self.lacking: tuple[str, ...] = ()
        self.super_admins: dict[str, bool] = {}
        self.usage: DailyUsage | None = DailyUsage(limit=1_000, used=400)
        self.synced: datetime | None = None
        self.before_write: Callable[[], None] = lambda: None
        self.between: Callable[[], None] = lambda: None
        self.histories: dict[tuple[str, str], list[str | None]] = {}
        self.deactivated: list[Owner] = []
        self.kinds: list[ObjectKind] = []
        self.company_owners: dict[str, dict[str, int]] = {}

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
    def owner_census(self) -> OwnerCensus:
        return OwnerCensus(
            tuple(self.owners), tuple(self.salesforce_owners), tuple(self.deactivated)
        )

    @fallible
    def custom_objects(self) -> tuple[ObjectKind, ...]:
        return tuple(self.kinds)

    @fallible
    def owners_of_companies(self, owner_id: str, sample: int = 100) -> dict[str, int]:
        return self.company_owners.get(owner_id, {})

    @fallible
    def count_by_owner(self, object_type: str, owner_ids: Sequence[str]) -> dict[str, int]:
        return {one: self.count_records(object_type, one) for one in owner_ids}

    def count_records(self, object_type: str, owner_id: str) -> int:
        return list(self.records.get(object_type, {}).values()).count(owner_id)

    @fallible
    def last_sync(self) -> datetime | None:
        return self.synced

    @fallible
    def lacking_to_write(self) -> tuple[str, ...]:
        return self.lacking

    @fallible
    def daily_usage(self) -> DailyUsage | None:
        return self.usage

    def known_usage(self) -> DailyUsage | None:
        return self.usage

    @fallible
    def records_of(self, object_type: str, owner_ids: Sequence[str], after: str = "") -> RecordPage:
        held = self.records[object_type]
        found = [one for one, owner in held.items() if owner in owner_ids]
        later = sorted((one for one in found if int(one) > int(after or 0)), key=int)
        return RecordPage({one: str(held[one]) for one in later[:200]}, len(found))

    def give(self, object_type: str, record_id: str, owner_id: str | None) -> None:
        """Change an owner, with its trace in the history."""
        history = self.histories.setdefault(
            (object_type, record_id), [self.records[object_type][record_id]]
        )
        history.insert(0, owner_id)
        self.records[object_type][record_id] = owner_id

    @fallible
    def swap_owners(
        self, object_type: str, swaps: Sequence[Swap], go: Callable[[], bool]
    ) -> Swapped:
        assert 0 < len(swaps) <= 100
        if not go():
            return Swapped(unclear=tuple(swap.record_id for swap in swaps))
        try:
            return self.swap_now(object_type, swaps)
        except VendorError as error:
            if not error.retryable:
                raise
            return Swapped(unclear=tuple(swap.record_id for swap in swaps), error=error)

    @fallible
    def swap_now(self, object_type: str, swaps: Sequence[Swap]) -> Swapped:
        """The two calls; what goes wrong in them goes wrong here."""
        self.before_write()
        there = {one.record_id: self.records[object_type].get(one.record_id, "") for one in swaps}
        self.between()
        changed, rejected = [], []
        for swap in swaps:
            if there[swap.record_id] != swap.old:
                continue
            if swap.record_id in self.refuses:
                rejected.append(Rejected(swap.record_id, self.refuses[swap.record_id], "corr-2"))
                continue
            self.give(object_type, swap.record_id, swap.new)
            self.writes.append((object_type, swap.record_id, swap.new))
            changed.append(swap.record_id)
        return Swapped(
            changed=tuple(changed),
            already=tuple(one.record_id for one in swaps if there[one.record_id] == one.new),
            elsewhere={
                one.record_id: there[one.record_id]
                for one in swaps
                if there[one.record_id] not in {one.old, one.new, ""}
            },
            gone=tuple(
                one.record_id for one in swaps if one.record_id not in self.records[object_type]
            ),
            rejected=tuple(rejected),
        )

    @fallible
    def owner_histories(
        self, object_type: str, record_ids: Sequence[str]
    ) -> dict[str, tuple[OwnerChange, ...]]:
        assert 0 < len(record_ids) <= 50
        return {
            one: tuple(
                OwnerChange(owner, samples.START) for owner in self.histories[object_type, one]
            )
            for one in record_ids
            if (object_type, one) in self.histories and one in self.records[object_type]
        }


class FakeSalesforce(Faulty):
    """The package, and what deployments became of it."""

    vendor = "salesforce"

    def __init__(self, clock: FakeClock, death: Death) -> None:
        super().__init__(death)
        self._clock = clock
        self.installed: Inventory | None = samples.inventory()
        self.users: dict[str, SalesforcePerson] = {}
        self.deployments: list[tuple[datetime, Removal]] = []
        self.rehearsals: list[tuple[datetime, Removal]] = []
        self.problems: tuple[Blocker, ...] = ()
        self.rehearsal_problems: tuple[Blocker, ...] = ()
        self.hidden = False
        """Whether the list of deployments shows none yet."""
        self.lasting = False
        """Whether deployments go on until :meth:`finish`."""

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
    def start_removal(self, *, rehearsal: bool = False) -> str:
        now = self._clock.now()
        begun = self.rehearsals if rehearsal else self.deployments
        name = f"0Af{'R' if rehearsal else ''}{len(begun) + 1}"
        told = Removal(
            name,
            "running",
            rehearsal=rehearsal,
            by="005BOT",
            components=1,
            created_at=now,
        )
        begun.append((now, told))
        if not self.lasting:
            self.finish()
        return name

    def finish(self) -> None:
        """Let every deployment of the bot that goes on come to its end."""
        now = self._clock.now()
        for begun, problems in (
            (self.rehearsals, self.rehearsal_problems),
            (self.deployments, self.problems),
        ):
            for number, (at, told) in enumerate(begun):
                if told.by != "005BOT" or told.completed_at is not None:
                    continue
                removed = not (told.rehearsal or problems)
                ended = replace(
                    told,
                    state="failed" if problems else "succeeded",
                    problems=problems,
                    done=0 if problems else 1,
                    errors=1 if problems else 0,
                    completed_at=now,
                )
                begun[number] = (at, ended)
                self.installed = None if removed else self.installed

    @fallible
    def find_removals(self, since: datetime, *, rehearsal: bool = False) -> tuple[Removal, ...]:
        listed = self.rehearsals if rehearsal else self.deployments
        return tuple(
            replace(removal, about_package=None, by="", problems=())
            for at, removal in listed
            if at >= since and not self.hidden
        )

    @fallible
    def removal(self, deployment_id: str) -> Removal:
        every = [*self.deployments, *self.rehearsals]
        return next(one for _, one in every if one.id == deployment_id)
