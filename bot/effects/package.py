"""The Salesforce package: its inventory, and the watch for its absence (P3)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from bot.effects.context import Context
from bot.errors import VendorError
from bot.store.base import QueuedEffect
from bot.vendors.salesforce_http import not_available
from bot.worker import Again, Done
from workflows import commands as c
from workflows.errors import SunsetError
from workflows.run import Run
from workflows.states import State
from workflows.text import N_
from workflows.values import Inventory, Reading

INSTALLED = "Salesforce Tooling API: InstalledSubscriberPackage"
WRITTEN = "Salesforce REST API: COUNT() by SystemModstamp"
STALLED_AFTER = timedelta(minutes=15)
"""An uninstall that was pressed so long ago and shows no effect seems to have failed."""
FRESH = timedelta(hours=1)
"""So long after a question was asked its answer may come at any moment."""
SECOND_LOOK = 5.0
_WATCHED = frozenset(
    {State.CHOOSING_DATA_COPY, State.AWAITING_REMOVAL_APPROVAL, State.REMOVING_PACKAGE}
)


class PackageWork:
    """Reads the package, and watches for its absence."""

    def __init__(self, context: Context) -> None:
        self._x = context
        self._looked: dict[str, datetime] = {}
        """When the watch last saw a run's package: too often to be an event each time."""

    def take_inventory(self, effects: list[QueuedEffect]) -> Done | Again:
        """Read what the package holds now."""
        effect, run = effects[0], self._x.run(effects[0].run_id)
        if run.state.final:
            return Done()
        began = self._x.clock.now()
        inventory = self._x.salesforce.inventory()
        if inventory is None:
            return self._absent(run, effect, began)
        reading = sighting(inventory, began)
        read = c.RecordInventory(inventory=inventory, reading=reading, version=run.version)
        return Done(commands=(*outdated(self._x, run), read))

    def watch(self, effects: list[QueuedEffect]) -> Done | Again:
        """Look once for the package, from its inventory until it is gone.

        Somebody else may uninstall it while approvals are pending, and the data copy's deadline
        counts from the last reading that saw it.
        """
        effect, run = effects[0], self._x.run(effects[0].run_id)
        if run.state not in _WATCHED:
            return Done()
        # The time is taken before the reading, never after: the deadline counts from it.
        now = self._x.clock.now()
        if self._x.salesforce.installed_package() is None:
            return self._absent(run, effect, now)
        self._looked[run.id] = now
        return Again(self._pause(run, now), {"last_seen": now.isoformat()}, self._stalled(run, now))

    def _absent(self, run: Run, effect: QueuedEffect, now: datetime) -> Done | Again:
        """Prove that the package is gone: where it was seen before, two readings do."""
        memo = dict(effect.memo)
        if run.last_seen_at is not None and "absent" not in memo:
            interval = self._x.settings.sunset_poll_interval.total_seconds()
            return Again(min(interval, SECOND_LOOK), {**memo, "absent": now.isoformat()})
        if run.last_seen_at is not None:
            self._refuse_elsewhere(run)
        first = memo.get("absent", now.isoformat())[:19]
        since = datetime.fromisoformat(memo["absent"]) if "absent" in memo else now
        says = N_("absent {first} and {second}", first=first, second=now.isoformat()[:19])
        if "absent" not in memo:
            says = N_("the package is not installed")
        reading = self._x.reading(INSTALLED, says)
        # The last look, not the latest time: the clock may have been set back in between.
        seen = self._looked.get(run.id)
        if seen is None and memo.get("last_seen"):
            seen = datetime.fromisoformat(memo["last_seen"])
        if run.state is not State.REMOVING_PACKAGE:
            absent = c.RecordPackageAbsent(reading=reading, last_seen_at=seen, absent_since=since)
            return Done(commands=(absent,))
        gone = c.RecordPackageGone(
            last_seen_at=seen or _seen(run), reading=reading, absent_since=since
        )
        return Done(commands=(gone,))

    def _refuse_elsewhere(self, run: Run) -> None:
        """Raise if this is not the org, or the namespace, in which the package was seen."""
        planned = run.plan.inventory if run.plan else None
        seen = run.inventory or planned
        if seen is None:
            return
        here = self._x.package_data.origin()
        same_org = not seen.org_id or here.org_id[:15] == seen.org_id[:15]
        if same_org and here.namespace.lower() == seen.package.namespace.lower():
            return
        raise SunsetError(
            "salesforce_other_org",
            N_(
                "The package was seen in org {org} as {namespace}; the bot is connected to org "
                "{here}, where it looks for {looked}.",
                org=seen.org_id,
                namespace=seen.package.namespace,
                here=here.org_id,
                looked=here.namespace,
            ),
            N_("Connect the bot to that org again (SALESFORCE_… settings), then try again."),
        )

    def _pause(self, run: Run, now: datetime) -> float:
        """Return the seconds until the next look: each costs a request, for days."""
        interval = self._x.settings.sunset_poll_interval
        followed = run.bot_removing and run.deployed_at is None
        if run.state is not State.REMOVING_PACKAGE or followed:
            rarely = min(15 * interval, timedelta(minutes=15))
        elif now - run.since < FRESH:
            rarely = interval
        else:
            rarely = min(5 * interval, timedelta(minutes=5))
        return max(interval, rarely).total_seconds()

    def _stalled(self, run: Run, now: datetime) -> tuple[c.Action, ...]:
        """Tell that an uninstall seems to have failed, with what blocks it now."""
        # A deployment that is on its way is followed; this is for one that says it is done.
        reported = run.deployed_at if run.bot_removing else run.uninstall_reported_at
        if reported is not None and run.thawed_at is not None:
            reported = max(reported, run.thawed_at)
        if reported is None or now - reported < STALLED_AFTER:
            return ()
        inventory = self._x.salesforce.inventory()
        if inventory is None:
            return ()
        reading = sighting(inventory, now)
        return (c.RecordRemovalStalled(blockers=inventory.blockers, reading=reading),)


def outdated(context: Context, run: Run) -> tuple[c.Action, ...]:
    """Look for records that were written after the backup that alone will hold them.

    Only where the package is about to go without a copy, and nobody waived the backup.
    """
    backup = run.current_backup
    about_to_go = run.state is State.REMOVING_PACKAGE and run.keep_copy is False
    if not about_to_go or backup is None or run.current_waiver or run.inventory is None:
        return ()
    names = [item.name for item in run.inventory.objects]
    changed = _written_since(context, names, backup.began)
    if not changed:
        return ()
    says = N_("{count} records were written after the backup", count=changed)
    return (c.RecordBackupOutdated(changed=changed, reading=context.reading(WRITTEN, says)),)


def _written_since(context: Context, names: Iterable[str], since: datetime) -> int:
    changed = 0
    for name in names:
        try:
            changed += context.package_data.count(name, changed_since=since)
        except VendorError as error:
            # What the bot's user may not read was not in the backup either, and was waived.
            if not not_available(error):
                raise
    return changed


def sighting(inventory: Inventory, began: datetime) -> Reading:
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
    """Return when a recorded reading last saw the package; older histories tell it less well."""
    if run.last_seen_at is not None:
        return run.last_seen_at
    inventory = run.evidence.get("inventory")
    return inventory.reading.at if inventory and inventory.reading else run.started_at
