"""Short scripted runs that end at a wanted state, for tests that begin there."""

from __future__ import annotations

from datetime import timedelta
from typing import Protocol

from tests.workflows import samples
from tests.workflows.driver import Conversation
from workflows.states import State
from workflows.values import Policy, Reason


class Journey(Protocol):
    """Brings a new run to a state or moment."""

    def __call__(self, policy: Policy | None = None) -> Conversation: ...


def to_planning(
    policy: Policy | None = None, *, reason: Reason = Reason.LEAVING_SALESFORCE
) -> Conversation:
    talk = Conversation()
    talk.anna.starts(reason, policy=policy)
    return talk


def to_approval(policy: Policy | None = None, *, installed: bool = True) -> Conversation:
    """The plan is made; it saw the package *installed*, or did not."""
    talk = to_planning(policy)
    talk.wait(minutes=2)
    talk.bot.plans(installed=installed)
    return talk


def to_disconnecting(policy: Policy | None = None, *, installed: bool = True) -> Conversation:
    talk = to_approval(policy, installed=installed)
    talk.wait(hours=1)
    talk.carl.approves()
    talk.dora.approves()
    return talk


def to_disconnected(policy: Policy | None = None, *, installed: bool = True) -> Conversation:
    """Disconnected and verified; the owners are being counted."""
    talk = to_disconnecting(policy, installed=installed)
    talk.wait(minutes=20)
    talk.anna.reports_the_disconnect()
    talk.wait(minutes=10)
    talk.bot.finds_the_sync_quiet()
    return talk


def to_mapping(policy: Policy | None = None) -> Conversation:
    talk = to_disconnected(policy)
    talk.bot.counts(samples.OWNERS)
    return talk


def to_reassigning(policy: Policy | None = None) -> Conversation:
    talk = to_mapping(policy)
    talk.anna.takes_the_suggestions()
    talk.anna.maps_the_rest_to(samples.HUGO)
    talk.anna.confirms_the_mapping()
    return talk


def to_paused(policy: Policy | None = None) -> Conversation:
    talk = to_reassigning(policy)
    talk.anna.pauses()
    return talk


def to_waiting_for_the_limit(policy: Policy | None = None) -> Conversation:
    """The day's requests are used up but for the reserve."""
    talk = to_reassigning(policy)
    talk.wait(minutes=3)
    talk.bot.waits_for_the_limit()
    return talk


def to_stopping(policy: Policy | None = None) -> Conversation:
    talk = to_reassigning(policy)
    talk.anna.stops()
    return talk


def to_counting(policy: Policy | None = None) -> Conversation:
    """The job was stopped and has ended; what is left is being counted."""
    talk = to_stopping(policy)
    talk.wait(minutes=1)
    talk.bot.finishes_the_job(failures=2, changed=3)
    return talk


def to_leftovers(policy: Policy | None = None) -> Conversation:
    """The job has ended, and a fresh count still finds records."""
    talk = to_reassigning(policy)
    talk.bot.finishes_the_job(failures=2)
    talk.bot.counts((samples.owned(samples.SAM, contacts=2, deals=0),))
    return talk


def to_undoing(policy: Policy | None = None) -> Conversation:
    """Sam's contacts alone are given back."""
    talk = to_leftovers(policy)
    talk.anna.undoes(samples.SAM, "contacts")
    return talk


def to_ending_undo(policy: Policy | None = None) -> Conversation:
    """The undo was stopped."""
    talk = to_undoing(policy)
    talk.anna.stops()
    return talk


def to_recounting(policy: Policy | None = None) -> Conversation:
    """Something was given back; the owners are counted anew."""
    talk = to_undoing(policy)
    talk.wait(minutes=1)
    talk.bot.finishes_the_undo(left_alone=1)
    return talk


def to_mapping_with_others(policy: Policy | None = None) -> Conversation:
    """Mapping, where tickets, calls and a custom object were counted too."""
    talk = to_disconnected(policy)
    talk.bot.counts(samples.WITH_OTHERS)
    return talk


def to_mapping_with_choices(policy: Policy | None = None) -> Conversation:
    """An owner is excluded, tickets are chosen, and Sam's records go to two people."""
    talk = to_mapping_with_others(policy)
    talk.anna.chooses("tickets")
    talk.anna.excludes(samples.QUEUE)
    talk.anna.maps(samples.SAM, samples.HUGO, samples.HELEN, deals=samples.HELEN)
    return talk


def to_all_excluded(policy: Policy | None = None) -> Conversation:
    """Every owner with records is excluded; the fresh count that leads on is being made."""
    talk = to_mapping(policy)
    for owned in samples.OWNERS:
        talk.anna.excludes(owned.owner)
    return talk


def to_cleanup_with_excluded(policy: Policy | None = None) -> Conversation:
    """The queue still owns records, and is to keep them."""
    talk = to_mapping_with_choices(policy)
    talk.anna.maps_the_rest_to(samples.HUGO)
    talk.anna.confirms_the_mapping()
    talk.wait(minutes=30)
    talk.bot.finishes_the_job(changed=9)
    talk.bot.counts((*samples.emptied(samples.OWNERS[:2]), samples.WITH_OTHERS[2]))
    return talk


def to_cleanup(policy: Policy | None = None) -> Conversation:
    talk = to_reassigning(policy)
    talk.wait(minutes=30)
    talk.bot.finishes_the_job()
    talk.bot.counts(samples.emptied())
    return talk


def to_inventory_pending(policy: Policy | None = None) -> Conversation:
    """Choosing the data copy, but the package is still being read."""
    talk = to_cleanup(policy)
    talk.wait(hours=1)
    talk.anna.reports_the_owners_deleted()
    talk.bot.finds_the_owners_gone()
    return talk


def to_package_unseen(policy: Policy | None = None) -> Conversation:
    """Nothing is to be reassigned, and the plan saw no package; it is looked for once more."""
    talk = to_disconnected(policy, installed=False)
    talk.wait(minutes=1)
    talk.bot.counts(())
    return talk


def to_data_copy_choice(policy: Policy | None = None) -> Conversation:
    talk = to_inventory_pending(policy)
    talk.wait(minutes=1)
    talk.bot.reads_the_package()
    return talk


def to_removal_approval(policy: Policy | None = None) -> Conversation:
    talk = to_data_copy_choice(policy)
    talk.anna.keeps_a_copy()
    return talk


def to_no_copy_proposed(policy: Policy | None = None) -> Conversation:
    """*Do not save a copy* was chosen; there is no backup."""
    talk = to_data_copy_choice(policy)
    talk.anna.keeps_no_copy()
    return talk


def to_backing_up(policy: Policy | None = None) -> Conversation:
    """The package's data is being backed up, before anything is chosen."""
    talk = to_data_copy_choice(policy)
    talk.anna.starts_a_backup()
    return talk


def to_backed_up(policy: Policy | None = None) -> Conversation:
    """No copy is wanted, and there is a complete backup."""
    talk = to_no_copy_proposed(policy)
    talk.anna.starts_a_backup()
    talk.wait(minutes=9)
    talk.bot.backs_up(ago=timedelta(minutes=8))
    return talk


def to_backed_up_in_part(policy: Policy | None = None) -> Conversation:
    """No copy is wanted, and the backup lacks what the bot may not read."""
    talk = to_no_copy_proposed(policy)
    talk.anna.starts_a_backup()
    talk.wait(minutes=9)
    talk.bot.backs_up(hidden=2)
    return talk


def to_waived(policy: Policy | None = None) -> Conversation:
    """No copy is wanted, and Dora waived the backup."""
    talk = to_no_copy_proposed(policy)
    talk.dora.waives_the_backup()
    return talk


def to_removal_approval_without_copy(policy: Policy | None = None) -> Conversation:
    talk = to_backed_up(policy)
    talk.anna.confirms_no_copy()
    return talk


def to_removal_approval_waived(policy: Policy | None = None) -> Conversation:
    """Without a copy, and without a backup."""
    talk = to_waived(policy)
    talk.anna.confirms_no_copy()
    return talk


def approved(talk: Conversation) -> Conversation:
    """Consent, and two approvals of the removal."""
    talk.wait(hours=1)
    talk.anna.consents()
    talk.carl.approves()
    talk.dora.approves()
    return talk


def to_reconfirmation(policy: Policy | None = None) -> Conversation:
    """The removal is approved; the package is being compared with what was approved."""
    return approved(to_removal_approval(policy))


def to_removing(policy: Policy | None = None) -> Conversation:
    talk = to_reconfirmation(policy)
    talk.bot.reads_the_package()
    return talk


def to_removing_without_copy(policy: Policy | None = None) -> Conversation:
    talk = approved(to_removal_approval_without_copy(policy))
    talk.bot.reads_the_package()
    return talk


def to_removing_by_bot(policy: Policy | None = None) -> Conversation:
    talk = to_removing_without_copy(policy)
    talk.wait(minutes=10)
    talk.anna.lets_the_bot_remove_it()
    return talk


def to_deploying(policy: Policy | None = None) -> Conversation:
    """The bot's deployment is under way: the point of no return is passed."""
    talk = to_removing_by_bot(policy)
    talk.bot.rehearses()
    talk.bot.begins_to_deploy()
    return talk


def to_compare_again(policy: Policy | None = None) -> Conversation:
    """The comparison with what was approved is too old."""
    talk = to_removing(policy)
    talk.wait(days=1)
    talk.bot.fires()
    return talk


def to_uninstall_reported(policy: Policy | None = None) -> Conversation:
    talk = to_removing(policy)
    talk.wait(minutes=10)
    talk.anna.reports_the_uninstall()
    return talk


def to_window(policy: Policy | None = None) -> Conversation:
    talk = to_uninstall_reported(policy)
    talk.wait(minutes=5)
    talk.bot.finds_the_package_gone()
    return talk


def to_completed(policy: Policy | None = None) -> Conversation:
    talk = to_window(policy)
    talk.wait(hours=3)
    talk.anna.downloaded()
    return talk


def to_declined(policy: Policy | None = None) -> Conversation:
    talk = to_approval(policy)
    talk.carl.declines()
    return talk


def to_cancelled(policy: Policy | None = None) -> Conversation:
    talk = to_approval(policy)
    talk.anna.cancels("changed our minds")
    return talk


def to_expired(policy: Policy | None = None) -> Conversation:
    talk = to_approval(policy)
    talk.wait(hours=25)
    talk.bot.fires()
    return talk


JOURNEYS: dict[State, Journey] = {
    State.PLANNING: to_planning,
    State.AWAITING_APPROVAL: to_approval,
    State.DISCONNECTING: to_disconnecting,
    State.MAPPING_OWNERS: to_mapping,
    State.REASSIGNING: to_reassigning,
    State.CLEANING_UP_OWNERS: to_cleanup,
    State.CHOOSING_DATA_COPY: to_data_copy_choice,
    State.AWAITING_REMOVAL_APPROVAL: to_removal_approval,
    State.REMOVING_PACKAGE: to_removing,
    State.DATA_COPY_WINDOW: to_window,
    State.COMPLETED: to_completed,
    State.DECLINED: to_declined,
    State.CANCELLED: to_cancelled,
    State.EXPIRED: to_expired,
}
"""One way to each state."""

MOMENTS: dict[str, Journey] = {
    **{state.value: journey for state, journey in JOURNEYS.items()},
    "disconnected": to_disconnected,
    "mapping_with_choices": to_mapping_with_choices,
    "all_excluded": to_all_excluded,
    "paused": to_paused,
    "waiting_for_the_limit": to_waiting_for_the_limit,
    "stopping": to_stopping,
    "counting": to_counting,
    "leftovers": to_leftovers,
    "undoing": to_undoing,
    "ending_undo": to_ending_undo,
    "recounting": to_recounting,
    "cleanup_with_excluded": to_cleanup_with_excluded,
    "inventory_pending": to_inventory_pending,
    "package_unseen": to_package_unseen,
    "no_copy_proposed": to_no_copy_proposed,
    "backing_up": to_backing_up,
    "backed_up": to_backed_up,
    "backed_up_in_part": to_backed_up_in_part,
    "waived": to_waived,
    "removal_approval_without_copy": to_removal_approval_without_copy,
    "removal_approval_waived": to_removal_approval_waived,
    "reconfirmation": to_reconfirmation,
    "removing_without_copy": to_removing_without_copy,
    "removing_by_bot": to_removing_by_bot,
    "deploying": to_deploying,
    "compare_again": to_compare_again,
    "uninstall_reported": to_uninstall_reported,
}
"""Every state, and the moments inside states that ask something else."""
