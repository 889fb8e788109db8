"""Runs with long histories, written as the program writes them: command by command, by the rules.

A large company maps its Salesforce-only owners, changes its mind, counts again, freezes, hands
over, and is blocked now and then. No event is made up: each is what the rules decide.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count, islice
from pathlib import Path

from bot.engine import Engine
from bot.store.base import Transaction
from bot.store.sqlite import SqliteStore
from workflows import commands as c
from workflows.rules.approval import shown
from workflows.run import Run
from workflows.text import N_
from workflows.values import (
    BOT,
    Account,
    Actor,
    OwnedRecords,
    Owner,
    Plan,
    Reading,
    Reason,
    Role,
)

RUN_ID = "bench"
ACCOUNT = Account(portal_id="4711008", time_zone="Europe/Warsaw")
START = datetime(2026, 3, 2, 9, tzinfo=UTC)
ADA, FAY = (Actor(kind="person", id=name) for name in ("U0ADA00001", "U0FAY00001"))
APPROVERS = tuple(Actor(kind="person", id=name) for name in ("U0BEN00001", "U0CYD00001"))
TARGETS = tuple(Owner(id=str(500 + n), name=f"Hub Owner {n}") for n in range(40))
OWNERS = tuple(
    OwnedRecords(
        owner=Owner(id=str(9000 + n), name=f"Salesforce User {n}", email=f"sf{n}@example.com"),
        why="no_hubspot_user",
        counts={"contacts": 40 + n, "companies": n % 7, "deals": n % 11},
    )
    for n in range(200)
)
ROLES = frozenset({Role.ADMINISTRATOR, Role.APPROVER})
COMMANDS_TOGETHER = 200
EVERY = 500
"""A fresh count of all owners is as long as hundreds of other events, and as rare."""

APPROVAL = c.Approve(shown="0" * c.SHOWN_CHARACTERS)
"""Stands for the approval of what the run shows then."""


class Clock:
    """A clock that is half a minute later whenever it is looked at."""

    def __init__(self) -> None:
        self._now = START

    def now(self) -> datetime:
        """Return the time."""
        self._now += timedelta(seconds=30)
        return self._now


def write(path: Path, events: int) -> None:
    """Write a run of so many events into a new database at *path*."""
    store = SqliteStore(path)
    engine = Engine(store, Clock(), ACCOUNT.portal_id)
    said = _commands()
    keys = count()

    def some(transaction: Transaction) -> int:
        version = 0
        for actor, action in islice(said, COMMANDS_TOGETHER):
            before = transaction.load(RUN_ID)
            run = before[0] if before else None
            if run is not None and run.version >= events:
                break
            command = _command(run, actor, action)
            version = engine.apply(transaction, RUN_ID, command, str(next(keys))).run.version
        return version

    while 0 < store.write(some) < events:
        pass
    store.close()


def _command(run: Run | None, actor: Actor, action: c.Action) -> c.Command:
    if action is APPROVAL and run is not None:
        action = c.Approve(shown=shown(run))
    return c.Command(
        actor=actor,
        roles=ROLES if actor.kind == "person" else frozenset(),
        version=run.prompt_version if run else None,
        action=action,
    )


def _commands() -> Iterator[tuple[Actor, c.Action]]:
    yield from _until_mapping()
    for number in count():
        yield from _in_mapping(number)


def _reading(number: int) -> Reading:
    at = START + timedelta(hours=1 + number)
    return Reading(at=at, source="HubSpot", says=N_("{count} owners.", count=number))


def _until_mapping() -> Iterator[tuple[Actor, c.Action]]:
    yield (
        ADA,
        c.StartRun(
            run_id=RUN_ID,
            account=ACCOUNT,
            reason=Reason.LEAVING_SALESFORCE,
            confirmed=frozenset({"P0a", "P0b", "P0c"}),
            eligible_approvers=tuple(person.id for person in APPROVERS),
        ),
    )
    plan = Plan(account=ACCOUNT, owners=OWNERS, active_owners=len(TARGETS), taken_at=START)
    yield BOT, c.RecordPlan(plan=plan)
    for person in APPROVERS:
        yield person, APPROVAL
    yield (
        ADA,
        c.ReportDisconnected(
            reason="leaving",
            phrase="Uninstall Salesforce",
            saved_mappings=frozenset({"contacts", "companies", "deals"}),
        ),
    )
    yield BOT, c.RecordSyncQuiet(reading=_reading(1))
    yield BOT, c.RecordOwners(owners=OWNERS, reading=_reading(2))


def _in_mapping(number: int) -> Iterator[tuple[Actor, c.Action]]:
    """Make about ten events, most of them picks."""
    for pick in range(number * 8, number * 8 + 8):
        owner = OWNERS[pick % len(OWNERS)].owner
        target = TARGETS[(pick + pick // len(OWNERS)) % len(TARGETS)]
        yield (ADA if pick % 3 else FAY), c.MapOwner(owner_id=owner.id, target=target)
    match number % 4:
        case 0:
            yield ADA, c.CheckNow()
        case 1:
            yield FAY, c.Freeze(reason="Quarter's end")
            yield ADA, c.Unfreeze()
        case 2:
            to = FAY if number % 8 == 2 else ADA
            yield ADA, c.HandOver(to=to.id, to_roles=frozenset({Role.ADMINISTRATOR}))
        case _:
            yield (
                BOT,
                c.RecordBlocked(
                    code="hubspot_unreachable",
                    problem=N_("HubSpot cannot be reached ({reason}).", reason="timeout"),
                    remedy=N_("The bot keeps trying."),
                ),
            )
            yield ADA, c.Retry()
    if number % (EVERY // 10) == 0:
        yield BOT, c.RecordOwners(owners=OWNERS, reading=_reading(number))
