"""Fresh counts of what is left, and the check that the Salesforce owners are gone (P2b–e)."""

from __future__ import annotations

from datetime import timedelta

from bot.effects.context import Context
from bot.effects.counting import counted_owners
from bot.effects.plan import Optional
from bot.store.base import QueuedEffect
from bot.worker import Again, Done
from workflows import commands as c
from workflows.run import Run
from workflows.states import State
from workflows.text import N_
from workflows.values import CORE_OBJECTS, OTHER_OBJECTS, Reading

INDEX_LAG_SECONDS = 2.0
"""HubSpot's search sees a write some moments late (facts/hubspot.md): count a little later."""
PATIENCE = timedelta(minutes=1)
"""How long owners may still be listed after their deletion was reported."""


class OwnerChecks:
    """Counts, and looks whether owners are still listed."""

    def __init__(self, context: Context) -> None:
        self._x = context

    def count(self, effects: list[QueuedEffect]) -> Done | Again:
        """Count the records of every Salesforce-only owner anew."""
        effect = effects[0]
        run = self._x.run(effect.run_id)
        if run.state.final:
            return Done()
        if not effect.memo:
            return Again(INDEX_LAG_SECONDS, {"waited": True})
        optional = Optional()
        # Whatever happens during the count is later than what it says.
        began = self._x.now(run.since)
        self._x.owners.refresh()
        owners = counted_owners(
            self._x, run.objects, optional, others=others(run), settled=run.mapping
        ).owners
        total = sum(owned.total for owned in owners if owned.owner.id not in run.excluded)
        says = N_(
            "{owners} Salesforce-only owners, {records} records", owners=len(owners), records=total
        )
        reading = Reading(at=began, source="HubSpot owners and search", says=says)
        return Done(commands=(*optional.missing, c.RecordOwners(owners=owners, reading=reading)))

    def watch_gone(self, effects: list[QueuedEffect]) -> Done | Again:
        """Look whether any Salesforce-only owner of the run is still listed."""
        run = self._x.run(effects[0].run_id)
        if run.state is not State.CLEANING_UP_OWNERS or run.cleanup_reported_at is None:
            return Done()
        listed = self._x.hubspot.owner_census().salesforce_only
        # Whoever an administrator excluded is no Salesforce-only owner, whatever it looks like.
        left = tuple(one.owner for one in listed if one.owner.id not in run.excluded)
        if not left:
            says = N_("no Salesforce-only owner is listed")
            reading = self._x.reading("HubSpot owners", says, run.cleanup_reported_at)
            return Done(commands=(c.RecordOwnersGone(reading=reading),))
        if self._x.clock.now() - run.cleanup_reported_at < min(
            PATIENCE, 3 * self._x.settings.sunset_poll_interval
        ):
            return Again(min(5.0, self._x.settings.sunset_poll_interval.total_seconds()))
        says = N_("{owners} Salesforce-only owners are still listed", owners=len(left))
        reading = self._x.reading("HubSpot owners", says, run.cleanup_reported_at)
        return Done(commands=(c.RecordOwnersRemain(owners=left, reading=reading),))


def others(run: Run) -> tuple[str, ...]:
    """Return the object types that are counted and offered, but not to be reassigned (yet)."""
    custom = run.plan.labels if run.plan else {}
    every = dict.fromkeys((*CORE_OBJECTS, *OTHER_OBJECTS, *custom))
    return tuple(kind for kind in every if kind not in run.objects)
