"""The one table of transitions: in which state which action is allowed, and where it may lead.

``decide`` refuses what is not in it, and fails loudly when a rule leads elsewhere. The diagram in
``docs/architecture.md`` is generated from it.
"""

from __future__ import annotations

from workflows import commands as c
from workflows.rules import approval, control, disconnect, mapping, owners, package, window
from workflows.states import ACTIVE, State

S = State
STAY = "stay"

# (state, action, rule, states it may lead to; STAY is the state itself)
TABLE = (
    (S.PLANNING, c.RecordPlan, approval.record_plan, (S.AWAITING_APPROVAL,)),
    (S.AWAITING_APPROVAL, c.AcknowledgeAdvice, approval.acknowledge, (STAY,)),
    (S.AWAITING_APPROVAL, c.RetakePlan, approval.retake_plan, (S.PLANNING,)),
    (S.AWAITING_APPROVAL, c.Approve, approval.approve, (STAY, S.DISCONNECTING)),
    (S.AWAITING_APPROVAL, c.Decline, approval.decline, (S.DECLINED,)),
    (S.AWAITING_APPROVAL, c.FireTimers, window.fire, (S.EXPIRED,)),
    (S.DISCONNECTING, c.ReportDisconnected, disconnect.report, (STAY,)),
    (S.DISCONNECTING, c.RecordSyncQuiet, disconnect.quiet, (STAY,)),
    (S.DISCONNECTING, c.RecordSyncRunning, disconnect.running, (STAY,)),
    (S.DISCONNECTING, c.RecordSyncUnreadable, disconnect.unreadable, (STAY,)),
    (S.DISCONNECTING, c.CheckNow, control.check_now, (STAY,)),
    (S.DISCONNECTING, c.RecordOwners, owners.record, (S.MAPPING_OWNERS, S.CHOOSING_DATA_COPY)),
    (S.MAPPING_OWNERS, c.MapOwner, mapping.map_owner, (STAY,)),
    (S.MAPPING_OWNERS, c.ImportMapping, mapping.import_mapping, (STAY,)),
    (S.MAPPING_OWNERS, c.RequestMappingFile, mapping.request_file, (STAY,)),
    (S.MAPPING_OWNERS, c.ExcludeOwner, mapping.exclude, (STAY,)),
    (S.MAPPING_OWNERS, c.IncludeOwner, mapping.include, (STAY,)),
    (S.MAPPING_OWNERS, c.ChooseObjects, mapping.choose_objects, (STAY,)),
    (S.MAPPING_OWNERS, c.MapRemaining, mapping.map_remaining, (STAY,)),
    (S.MAPPING_OWNERS, c.TakeSuggestions, mapping.take_suggestions, (STAY,)),
    (S.MAPPING_OWNERS, c.CheckNow, control.check_now, (STAY,)),
    (S.MAPPING_OWNERS, c.RecordOwners, owners.record, (STAY, S.CLEANING_UP_OWNERS)),
    (S.MAPPING_OWNERS, c.ConfirmMapping, mapping.confirm_mapping, (S.REASSIGNING,)),
    (S.MAPPING_OWNERS, c.UndoReassignment, owners.undo, (S.REASSIGNING,)),
    (S.REASSIGNING, c.PauseReassignment, owners.pause, (STAY,)),
    (S.REASSIGNING, c.ResumeReassignment, owners.resume, (STAY,)),
    (S.REASSIGNING, c.StopReassignment, owners.stop, (STAY,)),
    (S.REASSIGNING, c.RecordReassignmentWaiting, owners.waiting, (STAY,)),
    (S.REASSIGNING, c.RecordReassignmentGoesOn, owners.goes_on, (STAY,)),
    (S.REASSIGNING, c.RecordReassigned, owners.finished, (STAY,)),
    (S.REASSIGNING, c.RecordUndone, owners.undone, (STAY,)),
    (
        S.REASSIGNING,
        c.RecordOwners,
        owners.record,
        (STAY, S.MAPPING_OWNERS, S.CLEANING_UP_OWNERS),
    ),
    (S.REASSIGNING, c.RetryReassignment, owners.retry, (STAY,)),
    (S.REASSIGNING, c.ChangeMapping, owners.change_mapping, (S.MAPPING_OWNERS,)),
    (S.REASSIGNING, c.UndoReassignment, owners.undo, (STAY,)),
    (S.CLEANING_UP_OWNERS, c.ReportOwnersDeleted, owners.report_deleted, (STAY,)),
    (S.CLEANING_UP_OWNERS, c.RecordOwnersGone, owners.gone, (S.CHOOSING_DATA_COPY,)),
    (S.CLEANING_UP_OWNERS, c.RecordOwnersRemain, owners.remain, (STAY, S.CHOOSING_DATA_COPY)),
    (S.CLEANING_UP_OWNERS, c.RecordOwners, owners.record, (STAY, S.MAPPING_OWNERS)),
    (S.CLEANING_UP_OWNERS, c.CheckNow, control.check_now, (STAY,)),
    (S.CLEANING_UP_OWNERS, c.ChangeMapping, owners.change_mapping, (S.MAPPING_OWNERS,)),
    (S.CLEANING_UP_OWNERS, c.UndoReassignment, owners.undo, (S.REASSIGNING,)),
    (S.CHOOSING_DATA_COPY, c.RecordInventory, package.record, (STAY,)),
    (
        S.CHOOSING_DATA_COPY,
        c.RecordPackageAbsent,
        package.absent,
        (S.DATA_COPY_WINDOW, S.COMPLETED),
    ),
    (S.CHOOSING_DATA_COPY, c.CheckNow, control.check_now, (STAY,)),
    (S.CHOOSING_DATA_COPY, c.ReconsiderDataCopy, package.reconsider, (STAY,)),
    (S.CHOOSING_DATA_COPY, c.ChooseDataCopy, package.choose, (STAY, S.AWAITING_REMOVAL_APPROVAL)),
    (
        S.CHOOSING_DATA_COPY,
        c.ConfirmNoCopy,
        package.confirm_no_copy,
        (S.AWAITING_REMOVAL_APPROVAL,),
    ),
    (S.AWAITING_REMOVAL_APPROVAL, c.Approve, approval.approve, (STAY, S.REMOVING_PACKAGE)),
    (S.AWAITING_REMOVAL_APPROVAL, c.GiveConsent, approval.consent, (STAY, S.REMOVING_PACKAGE)),
    (S.AWAITING_REMOVAL_APPROVAL, c.Decline, approval.decline, (S.DECLINED,)),
    (
        S.AWAITING_REMOVAL_APPROVAL,
        c.ReconsiderDataCopy,
        package.reconsider,
        (S.CHOOSING_DATA_COPY,),
    ),
    (S.AWAITING_REMOVAL_APPROVAL, c.CheckNow, control.check_now, (STAY,)),
    (S.AWAITING_REMOVAL_APPROVAL, c.RecordInventory, package.record, (STAY,)),
    (
        S.AWAITING_REMOVAL_APPROVAL,
        c.RecordPackageAbsent,
        package.absent,
        (S.DATA_COPY_WINDOW, S.COMPLETED),
    ),
    (S.AWAITING_REMOVAL_APPROVAL, c.FireTimers, window.fire, (STAY,)),
    (
        S.REMOVING_PACKAGE,
        c.RecordInventory,
        package.record,
        (STAY, S.AWAITING_REMOVAL_APPROVAL),
    ),
    (S.REMOVING_PACKAGE, c.ReportUninstalled, package.report_uninstalled, (STAY,)),
    (S.REMOVING_PACKAGE, c.RemoveByBot, package.remove_by_bot, (STAY,)),
    (S.REMOVING_PACKAGE, c.ReconsiderDataCopy, package.reconsider, (S.CHOOSING_DATA_COPY,)),
    (S.REMOVING_PACKAGE, c.CheckNow, control.check_now, (STAY,)),
    (S.REMOVING_PACKAGE, c.RecordRemovalStalled, package.stalled, (STAY,)),
    (S.REMOVING_PACKAGE, c.RecordRemovalFailed, package.failed, (STAY,)),
    (
        S.REMOVING_PACKAGE,
        c.RecordPackageGone,
        package.package_gone,
        (S.DATA_COPY_WINDOW, S.COMPLETED),
    ),
    (S.DATA_COPY_WINDOW, c.ConfirmDownloaded, window.downloaded, (S.COMPLETED,)),
    (S.DATA_COPY_WINDOW, c.AskWhoElse, window.who_else, (STAY,)),
    (S.DATA_COPY_WINDOW, c.FireTimers, window.fire, (STAY, S.COMPLETED)),
    # At any time
    (ACTIVE, c.Cancel, control.cancel, (S.CANCELLED,)),
    (ACTIVE, c.HandOver, control.hand_over, (STAY,)),
    (ACTIVE, c.Freeze, control.freeze, (STAY,)),
    (ACTIVE, c.Unfreeze, control.unfreeze, (STAY,)),
    (ACTIVE, c.RecordBlocked, control.blocked, (STAY,)),
    (ACTIVE, c.RecordRecovered, control.recovered, (STAY,)),
    (ACTIVE, c.Retry, control.retry, (STAY,)),
    (ACTIVE, c.RecordCapabilityMissing, control.missing, (STAY,)),
)
