"""What each prompt is called, and what happens after it; shared by card, prompts and App Home."""

from __future__ import annotations

from handlers.i18n import Translator
from workflows.prompts import Ask, Prompt
from workflows.run import Run
from workflows.states import State
from workflows.text import N_

_TITLES = {
    Ask.WAIT_PLAN: N_("Making the plan"),
    Ask.ACKNOWLEDGE_ADVICE: N_("Is uninstalling really the answer?"),
    Ask.APPROVE_PLAN: N_("Approve the plan"),
    Ask.DISCONNECT: N_("Disconnect Salesforce in HubSpot"),
    Ask.WAIT_SYNC: N_("Checking that the sync is quiet"),
    Ask.WAIT_OWNERS: N_("Counting the records of Salesforce-only owners"),
    Ask.MAP_OWNERS: N_("Choose a HubSpot owner for each Salesforce-only owner"),
    Ask.WAIT_REASSIGNMENT: N_("Reassigning records"),
    Ask.REASSIGNMENT_PAUSED: N_("The reassignment is paused"),
    Ask.WAIT_STOP: N_("Stopping the reassignment"),
    Ask.WAIT_COUNT: N_("Counting what is left"),
    Ask.REASSIGNMENT_LEFT: N_("Some records still belong to Salesforce-only owners"),
    Ask.WAIT_UNDO: N_("Giving records back to their old owners"),
    Ask.DELETE_OWNERS: N_("Delete the Salesforce owners in HubSpot"),
    Ask.WAIT_OWNERS_GONE: N_("Checking that the Salesforce owners are gone"),
    Ask.WAIT_INVENTORY: N_("Reading the package in Salesforce"),
    Ask.CHOOSE_DATA_COPY: N_("Save a copy of the package's data?"),
    Ask.CONFIRM_NO_COPY: N_("Really do not save a copy?"),
    Ask.WAIT_BACKUP: N_("Backing up the package's data"),
    Ask.APPROVE_REMOVAL: N_("Approve the removal of the package"),
    Ask.WAIT_RECONFIRMATION: N_("Comparing the package with what was approved"),
    Ask.COMPARE_AGAIN: N_("Compare the package again before it is uninstalled"),
    Ask.REMOVE_PACKAGE: N_("Uninstall the package in Salesforce"),
    Ask.WAIT_REMOVAL: N_("Checking that the package is gone"),
    Ask.DOWNLOAD_COPY: N_("Download the copy of the package's data"),
}
_ENDS = {
    State.COMPLETED: N_("The uninstall is completed"),
    State.DECLINED: N_("The uninstall was declined"),
    State.CANCELLED: N_("The uninstall was cancelled"),
    State.EXPIRED: N_("The request expired: nobody approved in time"),
}
_THEN = {
    Ask.WAIT_PLAN: N_("Sunset only reads. Then the approvers decide on the plan."),
    Ask.ACKNOWLEDGE_ADVICE: N_("If you insist, the approvers are asked about the plan."),
    Ask.APPROVE_PLAN: N_("Then a person disconnects Salesforce in HubSpot."),
    Ask.DISCONNECT: N_("Then Sunset checks that the sync is quiet."),
    Ask.WAIT_SYNC: N_("Then the records of Salesforce-only owners are counted anew."),
    Ask.WAIT_OWNERS: N_("Then their records are reassigned, if there are any."),
    Ask.MAP_OWNERS: N_("When each has a HubSpot owner and you confirm, Sunset reassigns them."),
    Ask.WAIT_REASSIGNMENT: N_("Then Sunset counts anew what is left."),
    Ask.WAIT_STOP: N_("Then Sunset counts anew what is left."),
    Ask.REASSIGNMENT_PAUSED: N_("It goes on where it was held when somebody resumes it."),
    Ask.WAIT_COUNT: N_("When nothing is left, the Salesforce owners can be deleted."),
    Ask.REASSIGNMENT_LEFT: N_("When nothing is left, the Salesforce owners can be deleted."),
    Ask.WAIT_UNDO: N_("Then the HubSpot owners can be chosen again."),
    Ask.DELETE_OWNERS: N_("Then Sunset checks that they are gone."),
    Ask.WAIT_OWNERS_GONE: N_("Then the package in Salesforce is read."),
    Ask.WAIT_INVENTORY: N_("Then somebody chooses whether a copy of its data is saved."),
    Ask.CHOOSE_DATA_COPY: N_("Then the approvers decide on the removal."),
    Ask.CONFIRM_NO_COPY: N_("Then the approvers decide on the removal."),
    Ask.WAIT_BACKUP: N_("When the backup is verified, the choice about the copy goes on."),
    Ask.APPROVE_REMOVAL: N_("Then Sunset reads the package again, and it is uninstalled."),
    Ask.WAIT_RECONFIRMATION: N_("If nothing has changed, the package can be uninstalled."),
    Ask.COMPARE_AGAIN: N_("If nothing has changed, the package can be uninstalled."),
    Ask.REMOVE_PACKAGE: N_("Then Sunset checks that the package is gone."),
    Ask.WAIT_REMOVAL: N_("With a saved copy, the time for downloading it begins then."),
    Ask.DOWNLOAD_COPY: N_("Then the run is completed."),
    Ask.OVER: N_("Nothing more happens."),
}


_JOBS = frozenset({Ask.WAIT_REASSIGNMENT, Ask.WAIT_UNDO})


def title(run: Run, ask: Ask, tr: Translator) -> str:
    """Name what is asked now; for a run that is over, how it ended."""
    if run.waits_until is not None and ask in _JOBS:
        return tr("Waiting for HubSpot's daily limit")
    if ask is Ask.WAIT_STOP and run.job_state == "ending_undo":
        return tr("Stopping to give records back")
    if ask is Ask.CONFIRM_NO_COPY and not run.secured:
        return tr("Without a copy, a backup is needed first")
    if ask is Ask.WAIT_REMOVAL and run.bot_removing:
        return tr("Sunset removes the package")
    return tr.text(_ENDS[run.state] if run.state.final else _TITLES[ask])


def then(run: Run, ask: Ask, tr: Translator) -> str:
    """Say what happens next."""
    if ask is Ask.WAIT_REMOVAL and run.keep_copy is False:
        return tr("Then the run is completed.")
    return tr.text(_THEN[ask])


def deadline(run: Run, asked: Prompt, tr: Translator) -> str | None:
    """Say by when an answer is needed, or return None where there is no hurry.

    Of the copy's end the earliest is told, although the run waits until it surely is over.
    """
    if asked.ask is not Ask.DOWNLOAD_COPY:
        due = asked.due
        if due is None or asked.ask is Ask.REMOVE_PACKAGE:
            return None  # its message says how long the comparison counts
        return tr("Approvals lapse {when}.", when=tr.moment(due))
    if run.deadline is None:
        return None
    when = tr.moment(run.deadline)
    return tr("The data copy can be downloaded until {when}.", when=when)
