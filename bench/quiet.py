"""The bot without Slack: engine, database, worker and HubSpot's adapter, put together as they run.

The benchmark of the bulk reassignment and its fault runs drive it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

from bench.histories import ADA, APPROVERS, ROLES
from bench.processes import Failed
from bot.backup.source import Source
from bot.effects.context import Context
from bot.effects.owners import OwnerChecks
from bot.effects.package import PackageWork
from bot.effects.reassignment import Reassignment
from bot.effects.removal import Removal
from bot.engine import Engine
from bot.owners import OwnerList
from bot.people import People
from bot.ports import Clock, HubSpotPort, SalesforcePort
from bot.settings import Settings
from bot.store.base import QueuedEffect, Store
from bot.vendors.slack import Slack, web_client
from bot.worker import Again, Done, Handler, Worker
from handlers import render
from handlers.i18n import translator
from workflows import commands as c
from workflows.rules.approval import shown
from workflows.run import Run
from workflows.text import N_
from workflows.values import (
    BOT,
    CORE_OBJECTS,
    Account,
    Actor,
    Assignment,
    OwnedRecords,
    Owner,
    Plan,
    Reading,
    Reason,
)

LOOK_SECONDS = 0.02
SILENT = (
    *("card", "close_prompt", "notice", "audit_line", "take_plan", "watch_sync"),
    *("result_file", "mapping_file", "inventory_file"),
)
Mapped = Callable[[tuple[OwnedRecords, ...], tuple[Owner, ...]], Mapping[str, Assignment]]


@dataclass(frozen=True)
class Parts:
    """What the bot is put together from; ``wall`` is the time by which effects are due."""

    settings: Settings
    store: Store
    hubspot: HubSpotPort
    salesforce: SalesforcePort
    package_data: Source
    clock: Clock
    account: Account
    wall: Callable[[], float] = time.time


def _nothing(effects: list[QueuedEffect]) -> Done:
    return Done()


class QuietBot:
    """One run of a bot that tells nobody; its messages are made and thrown away."""

    def __init__(self, run_id: str, parts: Parts, handlers: Mapping[str, Handler] = {}) -> None:
        settings = parts.settings
        self.run_id = run_id
        self.parts = parts
        self.store = parts.store
        self.engine = Engine(parts.store, parts.clock, parts.account.portal_id, wall=parts.wall)
        token = settings.slack_bot_token.get_secret_value()
        slack = Slack(web_client(token, settings.slack_api_url))
        self._people = People(settings, slack)
        self._translator = translator("en")
        self.context = Context(
            settings=settings,
            store=parts.store,
            engine=self.engine,
            clock=parts.clock,
            slack=slack,
            hubspot=parts.hubspot,
            salesforce=parts.salesforce,
            package_data=parts.package_data,
            translator=self._translator,
            people=self._people,
            owners=OwnerList(parts.hubspot.active_owners),
            stopping=lambda: self.worker.stopping,
        )
        job, package = Reassignment(self.context), PackageWork(self.context)
        mine: dict[str, Handler] = {
            **dict.fromkeys(SILENT, _nothing),
            "prompt": self._prompt,
            "reassign": job.reassign,
            "undo": job.undo,
            "count_owners": OwnerChecks(self.context).count,
            "take_inventory": package.take_inventory,
            "watch_package": package.watch,
            "remove_package": Removal(self.context).remove,
        }
        self.worker = Worker(self.store, self.engine, {**mine, **handlers}, wall=parts.wall)
        self.engine.on_commit(self.worker.wake)

    def _prompt(self, effects: list[QueuedEffect]) -> Done | Again:
        """Make the message as it would be posted."""
        render.prompt_message(self.run, self._translator, self.engine.progress(self.run_id))
        return Done()

    def close(self) -> None:
        """End it; nothing is left running."""
        self.worker.stop()
        self._people.close()
        self.store.close()

    # --- the run ---------------------------------------------------------------------------------

    @property
    def run(self) -> Run:
        """The run as it is stored."""
        run = self.engine.run(self.run_id)
        if run is None:
            raise Failed("The run is gone.")
        return run

    def does(self, actor: Actor, action: c.Action) -> None:
        """Let somebody do something, answering the prompt now in force."""
        run = self.engine.run(self.run_id)
        command = c.Command(
            actor=actor,
            roles=ROLES if actor.kind == "person" else frozenset(),
            version=run.prompt_version if run else None,
            action=action,
        )
        self.engine.execute(self.run_id, command, f"{time.time_ns()}:{next(_KEYS)}")

    def wait(self, reached: Callable[[Run], bool], seconds: float, what: str = "its end") -> None:
        """Wait until *reached* (:class:`Failed` if the run is blocked before, or it is late)."""
        deadline = time.perf_counter() + seconds
        while not reached(self.run):
            blocked = self.run.blocked
            if blocked is not None:
                raise Failed(f"The run is blocked: {blocked.problem}")
            if time.perf_counter() > deadline:
                raise Failed(f"The job did not come to {what} in time.")
            time.sleep(LOOK_SECONDS)

    # --- on the way to the mapping ---------------------------------------------------------------

    def start_run(self) -> tuple[Owner, ...]:
        """Plan, approve, disconnect and count, all at once; return who can be given records.

        The account's Salesforce integration must be disconnected already.
        """
        census = self.parts.hubspot.owner_census()
        counted = self._counted(census.salesforce_only)
        self.does(
            ADA,
            c.StartRun(
                run_id=self.run_id,
                account=self.parts.account,
                reason=Reason.LEAVING_SALESFORCE,
                confirmed=frozenset({"P0a", "P0b", "P0c"}),
                eligible_approvers=tuple(person.id for person in APPROVERS),
            ),
        )
        now = self.parts.clock.now()
        self.does(
            BOT,
            c.RecordPlan(plan=Plan(account=self.parts.account, owners=counted, taken_at=now)),
        )
        for person in APPROVERS:
            self.does(person, c.Approve(shown=shown(self.run)))
        self.does(
            ADA,
            c.ReportDisconnected(
                reason="leaving",
                phrase="Uninstall Salesforce",
                saved_mappings=frozenset(CORE_OBJECTS),
            ),
        )
        reading = Reading(at=self.parts.clock.now(), source="quiet", says=N_("quiet"))
        self.does(BOT, c.RecordSyncQuiet(reading=reading))
        self.does(BOT, c.RecordOwners(owners=counted, reading=reading))
        return census.active

    def map(self, assignments: Mapping[str, Assignment]) -> None:
        """Choose who gets whose records: Salesforce-only owner's id -> assignment."""
        for owner_id, assignment in assignments.items():
            target, *others = assignment.targets
            mapped: dict[str, Any] = {"others": tuple(others), "kinds": assignment.kinds}
            self.does(ADA, c.MapOwner(owner_id=owner_id, target=target, **mapped))

    def _counted(self, owners: Iterable[OwnedRecords]) -> tuple[OwnedRecords, ...]:
        found = tuple(owners)
        ids = [owned.owner.id for owned in found]
        by_kind = {kind: self.parts.hubspot.count_by_owner(kind, ids) for kind in CORE_OBJECTS}
        return tuple(
            owned.model_copy(
                update={"counts": {kind: by_kind[kind][owned.owner.id] for kind in CORE_OBJECTS}}
            )
            for owned in found
        )


_KEYS = count()
