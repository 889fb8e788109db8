"""P3 and P4: removed by a person who keeps a copy, removed by the bot, removed by somebody else."""

from __future__ import annotations

import time

from handlers.actions import Act, Modal
from sandbox.client import Values
from sandbox.walk_ids import PHRASE, VALUE, Block
from tests.death import company
from tests.death.stage import Stage
from tests.death.steps import (
    ADA,
    BEN,
    CYD,
    FAY,
    HOUR,
    approve,
    backs_up,
    confirms_no_copy,
    consents,
    disconnects,
    freezes,
    hands_over,
    keeps_a_copy,
    reports_the_disconnect,
    starts,
    wants_no_copy,
)

SECOND_LOOK = 130
"""So long a request without an answer is looked for (bot/effects/removal.py, LOOK_FOR)."""


# --- with a copy ---------------------------------------------------------------------------------


def go_keep(stage: Stage) -> None:
    """The whole procedure, with the copy kept and downloaded."""
    starts(stage)
    stage.looks_home(ADA)
    planned = stage.next("plan_recorded")
    stage.press(ADA, Act.RETAKE_PLAN, stage.next("plan_requested"))
    stage.wait(planned, "the second plan")
    freezes(stage)
    stage.press(BEN, Act.APPROVE, stage.next("approved"))
    stage.press(BEN, Act.WITHDRAW, stage.next("approval_withdrawn"))
    soon = stage.next("approvals_lapse_soon")
    stage.advance(19 * HOUR)
    stage.wait(soon, "the notice that approvals lapse")
    approve(stage)
    hands_over(stage, ADA, FAY)
    hands_over(stage, FAY, ADA)
    refuted = stage.next("disconnect_refuted")
    reports_the_disconnect(stage)
    stage.advance(60)
    stage.wait(refuted, "the sync to be found running")
    _blocked(stage)
    _kept(stage)
    _uninstalled(stage)
    _window(stage)


def _blocked(stage: Stage) -> None:
    """HubSpot refuses the token once, and Salesforce is away for a while."""
    stage.fault("hubspot", "^POST .*/contacts/search", "unauthorized", times=1_000)
    blocked = stage.next("blocked")
    stage.page.hubspot.disconnect(ADA, "We leave Salesforce", PHRASE)
    reports_the_disconnect(stage)
    stage.wait(blocked, "the run to be blocked")
    stage.clear_faults()
    stage.fault("salesforce", "/tooling/composite", "500", times=1_000)
    blocked = stage.next("blocked")
    stage.press(ADA, Act.RETRY, stage.next("retried"))
    stage.wait(blocked, "the run to say that Salesforce is away")
    recovered, listed = stage.next("recovered"), stage.next("inventory_recorded")
    stage.clear_faults()
    stage.wait(recovered, "the run to recover")
    stage.wait(listed, "the inventory")


def _kept(stage: Stage) -> None:
    """A backup is stopped and made; the copy is chosen, twice; approvals lapse."""
    stage.fault("salesforce", "^POST .*/jobs/query", "500", times=1_000)
    stage.press(ADA, Act.START_BACKUP, stage.next("backup_started"))
    stage.press(ADA, Act.STOP_BACKUP, stage.next("backup_stopped"))
    stage.clear_faults()
    backs_up(stage)
    keeps_a_copy(stage)
    stage.press(ADA, Act.RECONSIDER, stage.next("data_copy_reopened"))
    keeps_a_copy(stage)
    consents(stage)
    lapsed = stage.next("approvals_lapsed")
    stage.advance(25 * HOUR)
    stage.wait(lapsed, "the approvals to lapse")
    consents(stage)
    compared = stage.next("inventory_reconfirmed")
    approve(stage)
    stage.wait(compared, "the comparison")


def _uninstalled(stage: Stage) -> None:
    """The comparison lapses; Uninstall is said to be pressed and was not; then it is."""
    lapsed = stage.next("comparison_lapsed")
    stage.advance(25 * HOUR)
    stage.wait(lapsed, "the comparison to lapse")
    compared = stage.next("inventory_reconfirmed")
    stage.press(ADA, Act.CHECK_NOW, stage.next("check_requested"))
    stage.wait(compared, "the second comparison")
    stalled = stage.next("removal_stalled")
    stage.press(ADA, Act.REPORT_UNINSTALLED, stage.next("uninstall_reported"))
    stage.advance(HOUR / 3)
    stage.wait(stalled, "the uninstall to stall")
    stage.uninstall(ADA)
    gone = stage.next("package_removed")
    stage.press(ADA, Act.REPORT_UNINSTALLED, stage.next("uninstall_reported"))
    stage.wait(gone, "the package to be gone")


def _window(stage: Stage) -> None:
    """Two reminders come; the copy is downloaded before the third."""
    stage.calm()
    hands_over(stage, ADA, FAY)
    stage.calm()
    stage.press(FAY, Act.WHO_ELSE, stage.next("help_requested"))
    for before in (24 * HOUR, 4 * HOUR):
        due = stage.next("reminder_due")
        stage.advance_to(stage.deadline - before + 1)
        stage.wait(due, "a reminder")
        stage.calm()
    values: Values = {Block.WHERE: {VALUE: "Vault, box 12"}}
    over = stage.next("run_completed")
    stage.fill(FAY, Act.OPEN_DOWNLOADED, Modal.DOWNLOADED, values, over)


# --- without one ---------------------------------------------------------------------------------


def go_discard(stage: Stage) -> None:
    """The bot removes the package: after a waiver, a change, and a backup that became outdated."""
    starts(stage, "sync_problem")
    stage.press(ADA, Act.ACKNOWLEDGE_ADVICE, stage.next("advice_acknowledged"))
    listed = stage.next("inventory_recorded")
    approve(stage)
    disconnects(stage)
    stage.wait(listed, "the inventory")
    _waived(stage)
    changed = stage.next("inventory_changed")
    company.grow(stage)
    consents(stage)
    approve(stage)
    stage.wait(changed, "the change to be found")
    _secured(stage)
    company.write(stage, 7)
    written = time.time()
    outdated = stage.next("backup_outdated")
    approve(stage)
    stage.wait(outdated, "the backup to be out of date")
    # Salesforce tells whole seconds: what was written in the one in which the next backup begins
    # would be after it.
    stage.wait(lambda: time.time() >= written + 1, "the second to pass")
    compared = stage.next("inventory_reconfirmed")
    _secured(stage)
    approve(stage)
    stage.wait(compared, "the comparison")
    _removed(stage)


def _waived(stage: Stage) -> None:
    wants_no_copy(stage)
    values: Values = {"reason": {VALUE: "All of it is in the warehouse."}}
    stage.fill(BEN, Act.OPEN_WAIVER, Modal.WAIVER, values, stage.next("backup_waived"))
    confirms_no_copy(stage)


def _secured(stage: Stage) -> None:
    backs_up(stage)
    confirms_no_copy(stage)
    consents(stage)


def _removed(stage: Stage) -> None:
    """A layout is in the way at first; then a deployment is asked for that never arrives."""
    failed = stage.next("removal_failed")
    stage.press(ADA, Act.REMOVE_BY_BOT, stage.next("bot_removal_started"))
    stage.soon(failed, "the rehearsal to fail", SECOND_LOOK)
    (blocker,) = stage.page.salesforce.state()["blockers"]
    stage.page.salesforce.resolve(blocker["id"])
    reread = stage.next("inventory_reread")
    stage.press(ADA, Act.CHECK_NOW, stage.next("check_requested"))
    stage.wait(reread, "the inventory without what was in the way")
    stage.fault("salesforce", "^POST .*/deployRequest", "timeout", after=1, delay=0.2)
    over = stage.next("run_completed")
    stage.press(ADA, Act.REMOVE_BY_BOT, stage.next("bot_removal_started"))
    stage.soon(over, "the end", SECOND_LOOK)


# --- other ends ----------------------------------------------------------------------------------


def go_ends(stage: Stage) -> None:
    """Four runs: declined, expired, ended by the window, and one that finds no package."""
    starts(stage)
    values: Values = {"reason": {VALUE: "Not this year."}}
    stage.fill(BEN, Act.OPEN_DECLINE, Modal.DECLINE, values, stage.next("declined"))
    stage.calm()
    starts(stage)
    # A question that is over before it was asked is not asked any more.
    stage.calm()
    over = stage.next("run_expired")
    stage.advance(25 * HOUR)
    stage.wait(over, "the run to expire")
    stage.calm()
    _by_somebody_else(stage)
    stage.calm()
    _nothing_there(stage)


def _by_somebody_else(stage: Stage) -> None:
    """An approver leaves; the sync cannot be read; somebody uninstalls; nobody downloads."""
    starts(stage, "leaving_salesforce", BEN, CYD, FAY)
    stage.press(BEN, Act.APPROVE, stage.next("approved"))
    voided = stage.next("approval_voided")
    stage.deactivate(BEN)
    stage.press(CYD, Act.APPROVE, voided)
    stage.press(FAY, Act.APPROVE, stage.next("gate_passed"))
    unreadable, listed = stage.next("disconnect_unverifiable"), stage.next("inventory_recorded")
    with stage.without_scope("crm.objects.contacts.read"):
        stage.page.hubspot.disconnect(ADA, "We leave Salesforce", PHRASE)
        reports_the_disconnect(stage)
        stage.wait(unreadable, "the sync to be unreadable")
    stage.wait(listed, "the inventory")
    stage.calm("watch_package")
    stage.uninstall(ADA)
    gone = stage.next("package_removed")
    stage.press(ADA, Act.CHECK_NOW, stage.next("check_requested"))
    stage.wait(gone, "the package to be gone")
    stage.calm()
    missed = stage.next("reminders_missed")
    stage.advance_to(stage.deadline - 23 * HOUR)
    stage.wait(missed, "the reminders to be missed")
    stage.calm()
    over = stage.next("run_completed")
    stage.advance_to(stage.deadline + 60)
    stage.wait(over, "the window to end")


def _nothing_there(stage: Stage) -> None:
    """The package is gone already: nothing is to be removed."""
    over = stage.next("run_completed")
    starts(stage, "leaving_salesforce", CYD, FAY)
    approve(stage, CYD, FAY)
    reports_the_disconnect(stage)
    stage.wait(over, "the end")
