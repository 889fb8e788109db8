"""The plan: a read-only look at everything before anything is asked (P0, P3c)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import structlog

from bot.effects.context import Context
from bot.effects.counting import counted_owners
from bot.errors import VendorError
from bot.reassign.gate import reserve_of
from bot.store.base import QueuedEffect
from bot.worker import Again, Done
from handlers.views.plan.looks import Look, unheard
from workflows import commands as c
from workflows.forecast import forecast, totals
from workflows.states import State
from workflows.text import N_, Text
from workflows.values import CORE_OBJECTS, OTHER_OBJECTS, Forecast, Inventory, OwnedRecords, Plan

log = structlog.get_logger(__name__)
T = TypeVar("T")


class Optional:
    """Asks for what the procedure can do without; notes once what is not granted."""

    def __init__(self) -> None:
        self.missing: list[c.RecordCapabilityMissing] = []

    def ask(self, capability: str, consequence: Text, call: Callable[[], T]) -> T | None:
        """Return what *call* returns; None, and a note, where it is not granted."""
        try:
            return call()
        except VendorError as error:
            if not error.missing:
                raise
            log.warning("capability_missing", capability=capability, missing=error.missing)
            note = c.RecordCapabilityMissing(capability=capability, problem=consequence)
            if note not in self.missing:
                self.missing.append(note)
            return None


class Planning:
    """Makes the plan."""

    def __init__(self, context: Context) -> None:
        self._x = context

    def take(self, effects: list[QueuedEffect]) -> Done | Again:
        """Look at HubSpot and Salesforce and record the plan."""
        run = self._x.run(effects[0].run_id)
        if run.state is not State.PLANNING:
            return Done()
        plan, missing = self.make(run.requester)
        return Done(commands=(*missing, c.RecordPlan(plan=plan)))

    def make(
        self, requester: str, tell: Callable[[Look], None] = unheard
    ) -> tuple[Plan, list[c.RecordCapabilityMissing]]:
        """Make a plan; *requester* is a Slack user id, or '' where nobody asks in Slack.

        *tell* is called before each look; what it raises ends the making.
        """
        tell(Look("account"))
        began = self._x.clock.now()
        optional = Optional()
        hubspot = self._x.hubspot
        account = hubspot.account()
        self._x.owners.refresh()
        self._writing(optional)
        labels = self._custom_objects(optional)
        others = (*OTHER_OBJECTS, *labels)
        counted = counted_owners(self._x, CORE_OBJECTS, optional, others=others, tell=tell)
        tell(Look("package"))
        inventory: Inventory | None = self._x.salesforce.inventory()
        tell(Look("costs"))
        plan = Plan(
            account=account,
            owners=counted.owners,
            deactivated=counted.deactivated,
            labels=labels,
            active_owners=len(self._x.owners.all()),
            inventory=inventory,
            requester_is_super_admin=self._super_admin(requester, optional),
            forecast=self._forecast(counted.owners, optional),
            taken_at=began,
        )
        return plan, optional.missing

    def _super_admin(self, requester: str, optional: Optional) -> bool | None:
        if not requester:
            return None
        email = optional.ask(
            "slack_email",
            N_("Slack does not show e-mails, so P0b cannot be checked against HubSpot."),
            lambda: self._x.people.email(requester),
        )
        if not email:
            return None
        return optional.ask(
            "hubspot_users",
            N_("HubSpot users cannot be read, so P0b (administrator rights) is taken on trust."),
            lambda: self._x.hubspot.is_super_admin(email),
        )

    def _writing(self, optional: Optional) -> None:
        """Say before anybody approves that the token may not write (P2b), where HubSpot tells."""
        if lacking := self._x.hubspot.lacking_to_write():
            log.warning("capability_missing", capability="hubspot_write", missing=lacking)
            problem = N_(
                "The HubSpot token lacks {scopes}: no record can be reassigned until somebody adds "
                "them to the key.",
                scopes=", ".join(lacking),
            )
            optional.missing.append(
                c.RecordCapabilityMissing(capability="hubspot_write", problem=problem)
            )

    def _custom_objects(self, optional: Optional) -> dict[str, str]:
        kinds = optional.ask(
            "hubspot_custom_objects",
            N_("Custom objects cannot be listed; their records are not counted."),
            self._x.hubspot.custom_objects,
        )
        return {kind.name: kind.label for kind in kinds or ()}

    def _forecast(self, owners: tuple[OwnedRecords, ...], optional: Optional) -> Forecast:
        usage = optional.ask(
            "hubspot_daily_usage",
            N_("The account does not tell its daily API usage; it is left out of the forecast."),
            self._x.hubspot.daily_usage,
        )
        mapped = sum(1 for owned in owners if owned.total)
        per_second = self._x.settings.sunset_hubspot_requests / 10
        return forecast(totals(owners), mapped, per_second=per_second).model_copy(
            update={
                "daily_limit": usage.limit if usage else None,
                "daily_remaining": max(0, usage.limit - usage.used) if usage else None,
                "daily_reserve": reserve_of(usage, self._x.settings.sunset_hubspot_reserve),
                "resets_at": usage.resets_at if usage else None,
            }
        )
