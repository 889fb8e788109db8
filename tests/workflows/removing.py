"""The promises of steps 3 and 4, as checks of each event and of a run: nothing goes unsecured."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.workflows.people import own_word
from workflows import commands as c
from workflows import events as e
from workflows.decide import ALLOWED
from workflows.effects import effects
from workflows.rules.package import inventory_digest, removal_digest
from workflows.run import Run
from workflows.states import State
from workflows.timers import reminders, timers
from workflows.values import Inventory

WATCHED = frozenset(
    {State.CHOOSING_DATA_COPY, State.AWAITING_REMOVAL_APPROVAL, State.REMOVING_PACKAGE}
)
"""Where somebody else may remove the package any time."""
Shown = tuple[str, bool, str, tuple[str, str] | None]
"""What approvals are bound to: inventory, choice, the backup's manifest, who waived it and why."""


class PackageWatch:
    """Follows what secures the package's data, and when the package was seen, event by event."""

    def __init__(self) -> None:
        self.seen: datetime | None = None
        """The last recorded reading that saw the package."""
        self.sighted: datetime | None = None
        """The last reading that saw it, whether it made anything happen or not."""
        self.backups = 0
        self.making: e.BackupStarted | None = None
        self.made: e.BackupVerified | None = None
        self.waived: tuple[e.BackupWaived, str] | None = None
        """The waiver, and whose."""
        self.bound: dict[str, Shown] = {}
        """What was shown for each digest that approvals were ever bound to."""

    def keeps(self, inventory: Inventory | None) -> bool:
        """Say whether the data of just this package is backed up completely, or that is waived."""
        assert inventory is not None
        of = inventory_digest(inventory)
        backed_up = self.made is not None and self.made.of == of and not self.made.backup.hidden
        return backed_up or (self.waived is not None and self.waived[0].of == of)

    def shown(self, run: Run) -> Shown:
        """Return what the approvers see: only what belongs to the package as it is now."""
        assert run.inventory is not None
        assert run.keep_copy is not None
        of = inventory_digest(run.inventory)
        made = self.made.backup.manifest_sha256 if self.made and self.made.of == of else ""
        waived = None
        if self.waived and self.waived[0].of == of:
            waived = self.waived[1], self.waived[0].reason
        return of, run.keep_copy, made, waived

    def noticed(self, at: State, action: c.Action | None) -> None:
        """Take in that an action of the bot's saw the package, in a run at this state."""
        if (at, type(action)) not in ALLOWED:
            return
        if isinstance(action, c.RecordInventory | c.RecordRemovalStalled):
            self.sighted = later(self.sighted, action.reading.at)

    def check(
        self, before: Run, recorded: e.Recorded, run: Run, action: c.Action | None = None
    ) -> None:
        """Check one event of step 3 or 4 against the run before and after it."""
        self._check_backup(before, recorded)
        self._check_secured(before, recorded.event, run)
        self._check_sight(recorded.event, run)
        self._check_removal(before, recorded, action)
        if isinstance(recorded.event, e.PackageRemoved):
            check_window(run)
        check_unblocked(before, recorded, run)

    def _check_backup(self, before: Run, recorded: e.Recorded) -> None:
        """One backup is made at a time, and none is recorded that was stopped or superseded."""
        event = recorded.event
        match event:
            case e.BackupStarted():
                assert self.making is None
                assert before.inventory is not None
                assert (event.number, event.of) == (self.backups + 1, digest_of(before))
                self.making, self.backups = event, event.number
            case e.BackupStopped():
                assert self.making is not None
                self.making = None
            case e.BackupVerified():
                assert self.making is not None
                assert (event.number, event.of) == (self.making.number, self.making.of)
                self.making, self.made = None, event
            case e.BackupWaived():
                assert recorded.actor.kind == "person"
                assert recorded.actor.id not in own_word(before)
                assert before.no_copy_proposed
                assert event.of == digest_of(before)
                assert event.reason.strip()
                assert not self.keeps(before.inventory)
                self.waived = event, recorded.actor.id
            case e.BackupOutdated():
                assert before.keep_copy is False
                assert not under_way(before)
                assert self.made is not None
                self.made = None
            case e.PackageRemoved():
                self.making = None

    def _check_secured(self, before: Run, event: e.Event, run: Run) -> None:
        """Without a copy nothing is approved or removed by the bot, unless it is secured."""
        match event:
            case e.DataCopyChosen(keep=False) | e.BotRemovalStarted():
                assert self.keeps(before.inventory)
            case e.GatePassed(gate="removal"):
                assert before.keep_copy or self.keeps(before.inventory)
            case _:
                pass
        if isinstance(event, e.DataCopyChosen | e.InventoryChanged) and run.removal_digest:
            shown = self.shown(run)
            assert self.bound.setdefault(run.removal_digest, shown) == shown
            assert list(self.bound.values()).count(shown) == 1

    def _check_sight(self, event: e.Event, run: Run) -> None:
        """The last sighting is the one recorded last, also of a plan that was retaken."""
        match event:
            case e.PlanRecorded() if event.plan.inventory is not None:
                self.seen = event.plan.taken_at
            case (
                e.InventoryRecorded()
                | e.InventoryReconfirmed()
                | e.InventoryReread()
                | e.InventoryChanged()
                | e.RemovalStalled()
            ):
                self.seen = event.reading.at
            case _:
                pass
        if self.seen is not None:
            self.sighted = later(self.sighted, self.seen)
        assert run.last_seen_at == self.seen

    def _check_removal(self, before: Run, recorded: e.Recorded, action: c.Action | None) -> None:
        event = recorded.event
        match event:
            case e.PackageAbsent():
                assert self.seen is None, "there was a package"
            case e.RemovalRehearsed():
                assert (before.bot_removing, before.bot_removal) == (True, event.attempt)
                assert not before.rehearsal, "a removal is rehearsed once"
            case e.RemovalDeployed():
                assert (before.bot_removing, before.bot_removal) == (True, event.attempt)
                assert before.deployed_at is None, "a removal is deployed once"
            case e.RemovalStalled():
                pressed = before.uninstall_reported_at
                if before.bot_removing:
                    pressed = before.deployed_at or before.since
                assert pressed is not None
                assert event.reading.at >= pressed
            case e.PackageRemoved():
                assert self.seen is not None
                assert event.last_seen_at <= event.reading.at <= recorded.at
                if isinstance(action, c.RecordPackageAbsent):
                    known = {self.seen, action.last_seen_at or self.seen}
                    since = action.absent_since or action.reading.at
                    past = [at for at in known if at <= since] or [since]
                    assert event.last_seen_at == max(past)
            case e.WindowEnded():
                assert before.missing_at is not None
                assert recorded.at >= before.missing_at + window(before)


def under_way(run: Run) -> bool:
    """Say whether the package goes, or is gone already: what is read of it now is no change."""
    return run.uninstall_reported_at is not None or run.deployed_at is not None


def check_window(run: Run) -> None:
    """Whenever the package went, the deadline is not too late, and the end not too early."""
    assert run.removed_at is not None
    assert run.missing_at is not None
    if run.keep_copy is False and "removal" in run.passed:
        assert run.deadline is None
        return
    assert run.deadline == run.removed_at + window(run)
    [end] = [timer.due for timer in timers(run) if timer.kind == "window_end"]
    assert end >= run.deadline
    for truly in (run.removed_at, run.missing_at):
        assert run.deadline <= truly + window(run) <= end
    for before in reminders(run):
        assert run.missing_at < run.deadline - timedelta(seconds=before) < run.deadline


def check_unblocked(before: Run, recorded: e.Recorded, run: Run) -> None:
    """What a block has ended is asked for again, however the block went, but by itself."""
    went_on = run.blocked is None and not isinstance(recorded.event, e.Recovered)
    if before.blocked is None or not went_on or not {before.state, run.state} <= WATCHED:
        return
    asked = {effect.key for effect in effects(before, recorded, run)}
    assert "watch_package" in asked, "nobody looks whether the package is still there"
    if run.backing_up is not None:
        assert f"back_up:{run.backing_up.number}" in asked, "nobody makes the backup"


def check_package_of(run: Run) -> None:
    """What is said of backup, choice and window fits together."""
    if run.backing_up is not None and not run.state.final:
        assert run.state is State.CHOOSING_DATA_COPY, "a backup of what is not asked about"
        assert run.backing_up.number == run.backups
    if run.deployed_at is not None and not run.state.final:
        assert run.bot_removing, "nothing is deployed that is not being removed"
    if run.state is State.CHOOSING_DATA_COPY:
        assert (run.keep_copy, run.removal_digest) == (None, "")
    if run.state in {State.AWAITING_REMOVAL_APPROVAL, State.REMOVING_PACKAGE}:
        assert run.keep_copy is not None
        assert run.keep_copy or run.secured
        assert not run.no_copy_proposed
    if run.state is State.DATA_COPY_WINDOW:
        check_window(run)
    elif run.waiver is not None and not run.state.final:
        assert run.waiver.by not in own_word(run), "waived on their own word"


def digest_of(run: Run) -> str:
    """Compute the digest of the inventory in force from the inventory itself."""
    assert run.inventory is not None
    return inventory_digest(run.inventory)


def removal_digest_of(run: Run) -> str:
    """Compute the digest that removal approvals are bound to from what is shown itself."""
    assert run.keep_copy is not None
    of = digest_of(run)
    backup = run.backup if run.backup_of == of else None
    waiver = run.waiver if run.waiver_of == of else None
    return removal_digest(
        of,
        keep=run.keep_copy,
        backup=backup.manifest_sha256 if backup else "",
        waiver=f"{waiver.by} {waiver.reason}" if waiver else "",
    )


def window(run: Run) -> timedelta:
    """Return how long a copy is kept."""
    return timedelta(seconds=run.policy.window)


def later(one: datetime | None, other: datetime) -> datetime:
    return other if one is None else max(one, other)
