"""Step 3, the backup: made and verified by the bot, or waived by an approver (P3d)."""

from __future__ import annotations

from datetime import datetime

from workflows import commands as c
from workflows import events as e
from workflows.errors import Refused
from workflows.rules.approval import refuse_own_word
from workflows.rules.package import needs_inventory, refuse_while_backing_up
from workflows.run import Run
from workflows.text import N_


def start(run: Run, action: c.Action, command: c.Command, now: datetime) -> list[e.Event]:
    """Begin a backup of what the inventory lists."""
    needs_inventory(run)
    refuse_while_backing_up(run)
    return [e.BackupStarted(number=run.backups + 1, of=run.inventory_digest)]


def stop(run: Run, action: c.Action, command: c.Command, now: datetime) -> list[e.Event]:
    """End the backup that is being made; the choice is open again."""
    if run.backing_up is None:
        raise Refused(
            "no_backup_running",
            N_("No backup is being made."),
            N_("Look at the latest message in the thread."),
        )
    return [e.BackupStopped()]


def record(run: Run, action: c.RecordBackup, command: c.Command, now: datetime) -> list[e.Event]:
    """Take a finished backup in, unless it was stopped meanwhile."""
    task = run.backing_up
    if task is None or task.number != action.number:
        return []
    return [
        e.BackupVerified(
            number=task.number, of=task.of, backup=action.backup, reading=action.reading
        )
    ]


def waive(run: Run, action: c.WaiveBackup, command: c.Command, now: datetime) -> list[e.Event]:
    """Let an approver do without the backup, with a reason, for what is listed now."""
    needs_inventory(run)
    refuse_own_word(run, command.actor.id)
    refuse_while_backing_up(run)
    if not run.no_copy_proposed or run.secured:
        raise Refused(
            "nothing_to_waive",
            N_("No backup is required here."),
            N_("Look at the latest message in the thread."),
        )
    if not action.reason.strip():
        raise Refused(
            "reason_missing",
            N_("A reason is needed to do without the backup."),
            N_("Write one sentence that explains it a year from now."),
        )
    return [e.BackupWaived(of=run.inventory_digest, reason=action.reason.strip())]


def outdated(
    run: Run, action: c.RecordBackupOutdated, command: c.Command, now: datetime
) -> list[e.Event]:
    """Ask anew when records were written after the backup and nothing else keeps them."""
    if run.keep_copy is not False or run.current_backup is None or run.current_waiver:
        return []
    if run.removal_begun:
        return []  # it is too late to ask anybody
    return [e.BackupOutdated(changed=action.changed, reading=action.reading)]
