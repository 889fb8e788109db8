"""The Salesforce package: inventory, watch for its absence, removal through the API (P3)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from bot.effects.context import Context
from bot.store.base import QueuedEffect
from bot.worker import Again, Done
from workflows import commands as c
from workflows.rules.package import inventory_digest
from workflows.run import Run
from workflows.states import State
from workflows.text import N_
from workflows.values import Inventory, Reading

INSTALLED = "Salesforce Tooling API: InstalledSubscriberPackage"
STALLED_AFTER = timedelta(minutes=15)
"""An uninstall that was pressed so long ago and shows no effect seems to have failed."""
DEPLOY_PAUSE = 2.0
CLOCK_SKEW = timedelta(minutes=10)
"""How far Salesforce's clock may be behind ours when a deployment of ours is looked up."""


class PackageWork:
    """Reads the package, watches for its absence, removes it where that is approved."""

    def __init__(self, context: Context) -> None:
        self._x = context

    def take_inventory(self, effects: list[QueuedEffect]) -> Done | Again:
        """Read what the package holds now."""
        if self._x.run(effects[0].run_id).state.final:
            return Done()
        began = self._x.clock.now()
        inventory = self._x.salesforce.inventory()
        if inventory is None:
            reading = self._x.reading(INSTALLED, N_("the package is not installed"))
            absent = c.RecordPackageAbsent(reading=reading)
            run = self._x.run(effects[0].run_id)
            if run.state is State.REMOVING_PACKAGE:
                gone = c.RecordPackageGone(last_seen_at=_seen(run), reading=reading)
                return Done(commands=(gone,))
            return Done(commands=(absent,))
        return Done(
            commands=(
                c.RecordInventory(inventory=inventory, reading=self._there(inventory, began)),
            )
        )

    def watch(self, effects: list[QueuedEffect]) -> Done | Again:
        """Look once for the package; two readings in a row without it prove that it is gone."""
        effect, run = effects[0], self._x.run(effects[0].run_id)
        if run.state is not State.REMOVING_PACKAGE:
            return Done()
        memo = dict(effect.memo)
        pause = self._x.settings.sunset_poll_interval.total_seconds()
        # The time is taken before the reading, never after: the deadline counts from it.
        now = self._x.clock.now()
        if self._x.salesforce.installed_package() is not None:
            memo = {"last_seen": now.isoformat()}
            return self._still_there(run, now) or Again(pause, memo)
        last_seen = (
            datetime.fromisoformat(memo["last_seen"]) if memo.get("last_seen") else _seen(run)
        )
        if "absent" not in memo:
            return Again(min(pause, 5.0), {**memo, "absent": now.isoformat()})
        says = N_("absent {first} and {second}", first=memo["absent"][:19], second=_iso(now))
        reading = self._x.reading(INSTALLED, says)
        return Done(commands=(c.RecordPackageGone(last_seen_at=last_seen, reading=reading),))

    def _still_there(self, run: Run, now: datetime) -> Again | None:
        reported = run.since if run.bot_removing else run.uninstall_reported_at
        if reported is not None and run.thawed_at is not None:
            reported = max(reported, run.thawed_at)
        if reported is None or now - reported < STALLED_AFTER:
            return None
        inventory = self._x.salesforce.inventory()
        if inventory is None:
            return None
        stalled = c.RecordRemovalStalled(
            blockers=inventory.blockers, reading=self._there(inventory, now)
        )
        pause = self._x.settings.sunset_poll_interval.total_seconds()
        return Again(pause, {"last_seen": now.isoformat()}, (stalled,))

    def remove(self, effects: list[QueuedEffect]) -> Done | Again:
        """Deploy the removal, once; what became of a lost reply is looked up, never redone."""
        effect, run = effects[0], self._x.run(effects[0].run_id)
        if run.state is not State.REMOVING_PACKAGE or not run.bot_removing:
            return Done()
        memo = dict(effect.memo)
        if "deployment" in memo:
            return self._follow(memo)
        if "checked" not in memo:
            return self._about_to(run)
        found = self._x.salesforce.find_removal(run.since - CLOCK_SKEW)
        foreign = {*run.failed_removals, *memo.get("foreign", [])}
        if found is not None and found.id not in foreign:
            return Again(DEPLOY_PAUSE, {**memo, "deployment": found.id})
        # Looking took a while; what was decided meanwhile counts.
        run = self._x.run(run.id)
        if run.state is not State.REMOVING_PACKAGE or not run.bot_removing:
            return Done()
        if run.frozen or self._x.stopping():
            return Again(DEPLOY_PAUSE, memo)
        started = self._x.salesforce.start_removal()
        return Again(DEPLOY_PAUSE, {**memo, "deployment": started, "ours": started})

    def _about_to(self, run: Run) -> Done | Again:
        """Read the package once more; go on only if it is exactly what was approved."""
        began = self._x.clock.now()
        inventory = self._x.salesforce.inventory()
        if inventory is None:
            return Done()
        approved = run.inventory is not None and inventory_digest(run.inventory)
        if inventory_digest(inventory) != approved:
            reading = self._there(inventory, began)
            return Done(commands=(c.RecordInventory(inventory=inventory, reading=reading),))
        return Again(0.0, {"checked": self._x.clock.now().isoformat()})

    def _follow(self, memo: dict[str, Any]) -> Done | Again:
        removal = self._x.salesforce.removal(memo["deployment"])
        if removal.state == "running":
            return Again(DEPLOY_PAUSE, dict(memo))
        if removal.state == "succeeded":
            # Ours is done, even where the list shows it a moment late; the watch will see.
            ours = memo.get("ours") == memo["deployment"]
            if ours or self._x.salesforce.installed_package() is None:
                return Done()
            # It succeeded, and the package is there: that was somebody else's deployment.
            memo = dict(memo)
            foreign = [*memo.get("foreign", []), memo.pop("deployment")]
            return Again(DEPLOY_PAUSE, {**memo, "foreign": foreign})
        failed = c.RecordRemovalFailed(problems=removal.problems, reference=removal.id)
        return Done(commands=(failed,))

    def _there(self, inventory: Inventory, began: datetime) -> Reading:
        """Note what was read; the time is when reading began, never later than the truth."""
        package = inventory.package
        says = N_(
            "{name} {version}: {components} components, {objects} objects",
            name=package.name,
            version=package.version,
            components=len(inventory.components),
            objects=len(inventory.objects),
        )
        return Reading(at=began, source=INSTALLED, says=says)


def _seen(run: Run) -> datetime:
    """Return when a reading of this run last saw the package."""
    inventory = run.evidence.get("inventory")
    return inventory.reading.at if inventory and inventory.reading else run.since


def _iso(moment: datetime) -> str:
    return moment.isoformat()[:19]
