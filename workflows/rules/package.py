"""Step 3: the inventory, the data-copy choice, the removal and its proof (P3)."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from workflows import commands as c
from workflows import events as e
from workflows.digest import canonical, digest
from workflows.errors import Refused
from workflows.run import Run
from workflows.states import State
from workflows.text import N_
from workflows.values import CustomObject, Inventory

NOT_APPROVED = frozenset({"blockers", "incomplete", "org_url", "permission_sets", "folders"})
"""Parts of an inventory outside its digest: what is approved is what goes, and a blocker or an
assignment that somebody removes meanwhile takes nothing away from that."""


def inventory_digest(inventory: Inventory) -> str:
    """SHA-256 of what would be deleted: package, components, objects with their exact counts."""
    steady = inventory.model_copy(update={"objects": _steady(inventory)})
    return digest(steady, leave_out=NOT_APPROVED)


def removal_digest(inventory: str, *, keep: bool, backup: str = "", waiver: str = "") -> str:
    """SHA-256 of what the removal's approvers see.

    The inventory's digest, the data-copy choice, the backup's manifest, and who waived it why.
    """
    data = {"inventory": inventory, "keep": keep, "backup": backup, "waiver": waiver}
    return hashlib.sha256(canonical(data).encode()).hexdigest()


def record(run: Run, action: c.RecordInventory, command: c.Command, now: datetime) -> list[e.Event]:
    """Take an inventory in; once it was approved, compare it with what was approved."""
    fresh = inventory_digest(action.inventory)
    if run.state is State.CHOOSING_DATA_COPY:
        return [
            e.InventoryRecorded(inventory=action.inventory, digest=fresh, reading=action.reading)
        ]
    if run.removal_begun or run.inventory is None or run.keep_copy is None:
        return []
    if fresh == inventory_digest(run.inventory):
        waited_for = run.state is State.REMOVING_PACKAGE and _begun_since(run, action)
        events: list[e.Event] = []
        if not same_listing(run.inventory, action.inventory):
            events.append(e.InventoryReread(inventory=action.inventory, reading=action.reading))
        if waited_for and not run.bot_removing:
            events.append(e.InventoryReconfirmed(digest=fresh, reading=action.reading))
        return events
    was, now_is = _lines(run.inventory), _lines(action.inventory)
    # Without a copy the choice is asked anew: the backup is not of what would be deleted now.
    bound = _bound(run, fresh, keep=True) if run.keep_copy else ""
    return [
        e.InventoryChanged(
            inventory=action.inventory,
            digest=bound,
            added=tuple(sorted(now_is - was)),
            removed=tuple(sorted(was - now_is)),
            reading=action.reading,
        )
    ]


def _begun_since(run: Run, action: c.RecordInventory) -> bool:
    """Say whether a reading began after the question that it answers was asked.

    What was read before the gate passed says nothing about the time since; nor does what was read
    before the last comparison. The run's version tells, whatever a clock says.
    """
    if action.version is not None:
        return action.version >= run.prompt_version
    newer = run.compared_at is None or action.reading.at > run.compared_at
    return newer and action.reading.at >= run.since


def absent(
    run: Run, action: c.RecordPackageAbsent, command: c.Command, now: datetime
) -> list[e.Event]:
    """Nothing is installed: either it never was, or somebody else removed it meanwhile."""
    seen = [at for at in (run.last_seen_at, action.last_seen_at) if at is not None]
    if not seen:
        return [e.PackageAbsent(reading=action.reading), e.RunCompleted()]
    # What lies in the future was read before the clock was set back.
    past = [at for at in seen if at <= (action.absent_since or action.reading.at)]
    gone = c.RecordPackageGone(
        last_seen_at=max(past, default=min(seen)),
        reading=action.reading,
        absent_since=action.absent_since,
    )
    return package_gone(run, gone, command, now)


def choose(run: Run, action: c.ChooseDataCopy, command: c.Command, now: datetime) -> list[e.Event]:
    """Take the data-copy choice (P3d); *do not save* is asked a second time."""
    needs_inventory(run)
    refuse_while_backing_up(run)
    if not action.keep:
        return [e.NoCopyProposed()]
    return [_chosen(run, keep=True)]


def confirm_no_copy(run: Run, action: c.Action, command: c.Command, now: datetime) -> list[e.Event]:
    """Take the second confirmation of *do not save a copy*: only with a backup, or a waiver."""
    needs_inventory(run)
    refuse_while_backing_up(run)
    if not run.no_copy_proposed:
        raise Refused(
            "nothing_to_confirm",
            N_("Nobody chose to do without the copy."),
            N_("Make the choice first."),
        )
    _refuse_unsecured(run)
    return [_chosen(run, keep=False)]


def reconsider(run: Run, action: c.Action, command: c.Command, now: datetime) -> list[e.Event]:
    """Open the data-copy choice again, as long as nothing was pressed."""
    needs_inventory(run)
    refuse_while_backing_up(run)
    if run.uninstall_reported_at is not None or run.bot_removing:
        raise Refused(
            "removal_started",
            N_("The removal has started; the choice cannot be changed any more."),
            N_("Wait for its result in the thread."),
        )
    return [e.DataCopyReopened()]


def report_uninstalled(
    run: Run, action: c.Action, command: c.Command, now: datetime
) -> list[e.Event]:
    """Take in that *Uninstall* was pressed (P3f); the bot looks for the package's absence."""
    _ready_for_removal(run)
    return [e.UninstallReported()]


def remove_by_bot(run: Run, action: c.Action, command: c.Command, now: datetime) -> list[e.Event]:
    """Let the bot deploy the removal; only where no copy is kept, since this route keeps none."""
    if run.keep_copy is not False:
        raise Refused(
            "copy_wanted",
            N_("A copy of the data is wanted; only Salesforce Setup offers it."),
            N_("Press Uninstall in Salesforce Setup, as the steps in the thread say."),
        )
    _ready_for_removal(run)
    _refuse_unsecured(run)
    return [e.BotRemovalStarted(attempt=run.bot_removal + 1)]


def package_gone(
    run: Run, action: c.RecordPackageGone, command: c.Command, now: datetime
) -> list[e.Event]:
    """Note the proof; with a copy, the 48 hours count from the last reading that saw it.

    Whoever uninstalled it before *do not save a copy* was approved may have saved one.
    """
    # A clock that was ahead for a while dates a sighting after the absence that followed it.
    last_seen = min(action.last_seen_at, action.absent_since or action.reading.at)
    if run.keep_copy is False and "removal" in run.passed:
        gone = e.PackageRemoved(last_seen_at=last_seen, reading=action.reading)
        return [gone, e.RunCompleted()]
    deadline = last_seen + timedelta(seconds=run.policy.window)
    return [e.PackageRemoved(last_seen_at=last_seen, reading=action.reading, deadline=deadline)]


def stalled(
    run: Run, action: c.RecordRemovalStalled, command: c.Command, now: datetime
) -> list[e.Event]:
    """The package is still there: the uninstall seems to have failed."""
    pressed = run.deployed_at if run.bot_removing else run.uninstall_reported_at
    if pressed is None or action.reading.at < pressed:
        return []  # what was read before says nothing about the uninstall that was pressed since
    return [e.RemovalStalled(blockers=action.blockers, reading=action.reading)]


def failed(
    run: Run, action: c.RecordRemovalFailed, command: c.Command, now: datetime
) -> list[e.Event]:
    """Salesforce refused the bot's removal."""
    if not run.bot_removing:
        return []
    return [
        e.RemovalFailed(
            problems=action.problems, reference=action.reference, rehearsal=action.rehearsal
        )
    ]


def rehearsed(
    run: Run, action: c.RecordRehearsal, command: c.Command, now: datetime
) -> list[e.Event]:
    """Note how the rehearsal of the bot's removal ended."""
    if not _attempts(run, action.attempt) or run.rehearsal:
        return []
    return [
        e.RemovalRehearsed(
            attempt=action.attempt,
            outcome=action.outcome,
            reference=action.reference,
            why=action.why,
        )
    ]


def deploying(
    run: Run, action: c.RecordRemovalDeploying, command: c.Command, now: datetime
) -> list[e.Event]:
    """Note the point of no return, before it is passed."""
    if not _attempts(run, action.attempt) or run.deploying is not None:
        return []
    return [e.RemovalDeploying(attempt=action.attempt, known=action.known, user=action.user)]


def held(run: Run, action: c.RecordRemovalHeld, command: c.Command, now: datetime) -> list[e.Event]:
    """Note that nothing was deployed after all."""
    if not _attempts(run, action.attempt) or run.deploying is None or run.deployed_at is not None:
        return []
    return [e.RemovalHeld(attempt=action.attempt)]


def deployed(
    run: Run, action: c.RecordRemovalDeployed, command: c.Command, now: datetime
) -> list[e.Event]:
    """Note that Salesforce calls the bot's deployment a success."""
    if not _attempts(run, action.attempt) or run.deployed_at is not None:
        return []
    return [e.RemovalDeployed(attempt=action.attempt, reference=action.reference)]


def _attempts(run: Run, attempt: int) -> bool:
    return run.bot_removing and run.bot_removal == attempt


def same_listing(one: Inventory | None, other: Inventory | None) -> bool:
    """Say whether two inventories are the same list for a reader: estimates may differ."""
    if one is None or other is None:
        return one is other
    return _shown(one) == _shown(other)


def _shown(inventory: Inventory) -> Inventory:
    return inventory.model_copy(update={"objects": _steady(inventory), "incomplete": ()})


def _chosen(run: Run, *, keep: bool) -> e.DataCopyChosen:
    return e.DataCopyChosen(keep=keep, digest=_bound(run, run.inventory_digest, keep=keep))


def _bound(run: Run, inventory: str, *, keep: bool) -> str:
    """Return what approvals are bound to, for the package as *inventory* (a digest) lists it."""
    backup, waiver = run.backup, run.waiver
    return removal_digest(
        inventory,
        keep=keep,
        backup=backup.manifest_sha256 if backup and run.backup_of == inventory else "",
        waiver=f"{waiver.by} {waiver.reason}" if waiver and run.waiver_of == inventory else "",
    )


def _refuse_unsecured(run: Run) -> None:
    if not run.secured:
        raise Refused(
            "backup_required",
            N_("No copy is saved, and there is no complete backup of the package's data."),
            N_("Let Sunset back the data up first, or ask an approver to waive that."),
        )


def refuse_while_backing_up(run: Run) -> None:
    """Refuse what would change under a backup that is being made."""
    if run.backing_up is not None:
        raise Refused(
            "backup_running",
            N_("The package's data is being backed up."),
            N_("Wait until the backup is verified, or stop it in the thread."),
        )


def needs_inventory(run: Run) -> None:
    """Refuse what needs to know what would be deleted."""
    if run.inventory is None:
        raise Refused(
            "inventory_pending",
            N_("The package is still being read."),
            N_("Wait for the list of what would be deleted."),
        )


def _ready_for_removal(run: Run) -> None:
    if not run.reconfirmed and run.compared_at is not None:
        raise Refused(
            "comparison_lapsed",
            N_("The comparison with what was approved is too old; the package may have changed."),
            N_("Press “Check now” in the thread; when nothing has changed, go on."),
        )
    if not run.reconfirmed:
        raise Refused(
            "not_reconfirmed",
            N_("The package is being compared with what was approved."),
            N_("Wait for the result in the thread before anything is pressed."),
        )
    if run.uninstall_reported_at is not None or run.bot_removing:
        raise Refused(
            "removal_started",
            N_("The removal was started already; the bot is watching for its result."),
            N_("Wait for the result in the thread."),
        )


def _steady(inventory: Inventory) -> tuple[CustomObject, ...]:
    """Return the objects without estimates, which are another number every time."""
    return tuple(
        item.model_copy(update={"records": None}) if item.estimated else item
        for item in inventory.objects
    )


def _lines(inventory: Inventory) -> set[str]:
    lines = {f"{part.type} {part.name}" for part in inventory.components}
    lines |= {f"{item.name}: {item.records}" for item in _steady(inventory)}
    package = inventory.package
    return lines | {f"{package.name} {package.version} ({package.namespace})"}
