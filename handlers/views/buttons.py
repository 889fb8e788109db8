"""The buttons of a prompt: exactly those whose action the rules would take now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Literal

from slack_sdk.models.blocks import ButtonElement, ConfirmObject

from handlers.actions import Act, Ref
from handlers.i18n import Translator
from handlers.views.parts import button, sure
from workflows.prompts import Prompt
from workflows.rules.approval import shown
from workflows.run import Run
from workflows.states import State
from workflows.text import N_, Text
from workflows.values import SuggestionKind

ACT_OF: dict[str, Act] = {
    "AcknowledgeAdvice": Act.ACKNOWLEDGE_ADVICE,
    "Approve": Act.APPROVE,
    "WithdrawApproval": Act.WITHDRAW,
    "Decline": Act.OPEN_DECLINE,
    "RetakePlan": Act.RETAKE_PLAN,
    "ReportDisconnected": Act.OPEN_DISCONNECT,
    "MapOwner": Act.OPEN_MAPPING,
    "MapRemaining": Act.OPEN_MAPPING,
    "ExcludeOwner": Act.OPEN_MAPPING,
    "IncludeOwner": Act.OPEN_MAPPING,
    "ImportMapping": Act.OPEN_MAPPING_FILE,
    "RequestMappingFile": Act.REQUEST_MAPPING_FILE,
    "ChooseObjects": Act.OPEN_OBJECTS,
    "TakeSuggestions": Act.TAKE_SUGGESTIONS,
    "ConfirmMapping": Act.CONFIRM_MAPPING,
    "PauseReassignment": Act.PAUSE,
    "StopReassignment": Act.STOP,
    "ResumeReassignment": Act.RESUME,
    "RetryReassignment": Act.RETRY_REASSIGNMENT,
    "ChangeMapping": Act.CHANGE_MAPPING,
    "UndoReassignment": Act.OPEN_UNDO,
    "ReportOwnersDeleted": Act.REPORT_OWNERS_DELETED,
    "ChooseDataCopy": Act.OPEN_DATA_COPY,
    "StartBackup": Act.START_BACKUP,
    "StopBackup": Act.STOP_BACKUP,
    "WaiveBackup": Act.OPEN_WAIVER,
    "ConfirmNoCopy": Act.CONFIRM_NO_COPY,
    "ReconsiderDataCopy": Act.RECONSIDER,
    "GiveConsent": Act.OPEN_CONSENT,
    "ReportUninstalled": Act.REPORT_UNINSTALLED,
    "RemoveByBot": Act.REMOVE_BY_BOT,
    "ConfirmDownloaded": Act.OPEN_DOWNLOADED,
    "AskWhoElse": Act.WHO_ELSE,
    "CheckNow": Act.CHECK_NOW,
}
"""Which button stands for which choice of a prompt (`workflows.prompts`)."""

_LABELS = {
    Act.ACKNOWLEDGE_ADVICE: N_("Uninstall all the same"),
    Act.APPROVE: N_("Approve"),
    Act.WITHDRAW: N_("Withdraw my approval"),
    Act.OPEN_DECLINE: N_("Decline…"),
    Act.RETAKE_PLAN: N_("Make the plan anew"),
    Act.OPEN_DISCONNECT: N_("I have disconnected it…"),
    Act.OPEN_MAPPING: N_("Choose owners…"),
    Act.OPEN_MAPPING_FILE: N_("As a file…"),
    Act.REQUEST_MAPPING_FILE: N_("Download the list"),
    Act.OPEN_OBJECTS: N_("Other object types…"),
    Act.TAKE_SUGGESTIONS: N_("Take the suggestions"),
    Act.CONFIRM_MAPPING: N_("Reassign now"),
    Act.PAUSE: N_("Pause"),
    Act.STOP: N_("Stop"),
    Act.RESUME: N_("Resume"),
    Act.RETRY_REASSIGNMENT: N_("Try these again"),
    Act.CHANGE_MAPPING: N_("Choose other owners"),
    Act.OPEN_UNDO: N_("Give back…"),
    Act.REPORT_OWNERS_DELETED: N_("I have deleted them"),
    Act.OPEN_DATA_COPY: N_("Choose…"),
    Act.START_BACKUP: N_("Back up the data"),
    Act.STOP_BACKUP: N_("Stop the backup"),
    Act.OPEN_WAIVER: N_("Waive the backup…"),
    Act.CONFIRM_NO_COPY: N_("Do not save a copy"),
    Act.RECONSIDER: N_("Choose again"),
    Act.OPEN_CONSENT: N_("Give consent…"),
    Act.REPORT_UNINSTALLED: N_("I have pressed Uninstall"),
    Act.REMOVE_BY_BOT: N_("Let Sunset remove it"),
    Act.OPEN_DOWNLOADED: N_("I have downloaded it"),
    Act.WHO_ELSE: N_("Who else can?"),
    Act.CHECK_NOW: N_("Check now"),
    Act.RETRY: N_("Try again"),
    Act.UNFREEZE: N_("Unfreeze"),
    Act.OPEN_PLAN: N_("Plan in detail…"),
    Act.OPEN_FAILURES: N_("Failures…"),
    Act.OPEN_INVENTORY: N_("What is deleted…"),
    Act.OPEN_HAND_OVER: N_("Hand over…"),
    Act.OPEN_CANCEL: N_("Cancel the run…"),
}
_SUGGESTED: dict[SuggestionKind, Text] = {
    "manager": N_("Take the managers"),
    "same_name": N_("Take the same names"),
    "same_team": N_("Take the same team"),
    "companies": N_("Take by companies"),
}
_PRIMARY = frozenset(
    {
        Act.APPROVE,
        Act.OPEN_DISCONNECT,
        Act.CONFIRM_MAPPING,
        Act.RETRY_REASSIGNMENT,
        Act.RESUME,
        Act.REPORT_OWNERS_DELETED,
        Act.OPEN_DATA_COPY,
        Act.REPORT_UNINSTALLED,
        Act.OPEN_DOWNLOADED,
    }
)
_DESTROYS = frozenset({Act.CONFIRM_NO_COPY, Act.REMOVE_BY_BOT})


def ref_of(run: Run) -> Ref:
    """Return the reference to the run and the prompt that is in force."""
    return Ref(run.id, run.prompt_version)


def make(act: Act, run: Run, tr: Translator) -> ButtonElement:
    """Make the button *act* for *run*, with a confirm dialog where much hangs on it."""
    style: Literal["primary", "danger"] | None = None
    if act in _DESTROYS:
        style = "danger"
    elif act in _PRIMARY or _comes_first(act, run):
        style = "primary"
    label = tr.text(_LABELS[act])
    if act is Act.CHANGE_MAPPING and run.state is State.CLEANING_UP_OWNERS:
        label = tr("Reassign these too")
    ref = ref_of(run)
    if act is Act.CONFIRM_MAPPING:
        ref = Ref(ref.run_id, ref.version, run.mapping_version)
    elif act is Act.APPROVE:
        ref = Ref(ref.run_id, ref.version, digest=shown(run))
    return button(label, act, ref, style=style, confirm=_dialog(act, run, tr))


def _comes_first(act: Act, run: Run) -> bool:
    """Say whether a button is the step that everything else waits for."""
    if act is Act.OPEN_MAPPING:
        return bool(run.unmapped)
    return act is Act.START_BACKUP and run.no_copy_proposed


def of_prompt(run: Run, asked: Prompt, tr: Translator, *more: Act) -> list[ButtonElement]:
    """Make the buttons of the prompt in force, then those that only show *more*.

    While a run is frozen every answer would be refused, so only *more* and Unfreeze are shown.
    Suggestions have one button for each kind of them.
    """
    acts = [] if run.frozen else [ACT_OF[choice] for choice in asked.choices]
    if run.frozen:
        acts.append(Act.UNFREEZE)
    elif run.blocked is not None:
        acts.insert(0, Act.RETRY)
    made: list[ButtonElement] = []
    for act in _once([*acts, *more]):
        several = act is Act.TAKE_SUGGESTIONS
        made += _suggestions(run, tr) if several else [make(act, run, tr)]
    return made


def _suggestions(run: Run, tr: Translator) -> list[ButtonElement]:
    """Make a button for each kind of suggestion that is open, with how many it would take."""
    open_ones = Counter(owned.suggestion.why for owned in run.suggested if owned.suggestion)
    return [_suggestion(kind, open_ones[kind], run, tr) for kind in _SUGGESTED if open_ones[kind]]


def _suggestion(kind: SuggestionKind, number: int, run: Run, tr: Translator) -> ButtonElement:
    label = f"{tr.text(_SUGGESTED[kind])} ({tr.number(number)})"
    made = button(label, Act.TAKE_SUGGESTIONS, ref_of(run))
    # Slack takes no two elements of one id in a block.
    made.action_id = f"{Act.TAKE_SUGGESTIONS.value}:{kind}"
    return made


def _once(acts: Iterable[Act]) -> list[Act]:
    return list(dict.fromkeys(acts))


def _dialog(act: Act, run: Run, tr: Translator) -> ConfirmObject | None:
    no = tr("Not yet")
    match act:
        case Act.CONFIRM_MAPPING:
            text = tr.plural(
                "{count} record gets a new owner in HubSpot. It can be given back until the "
                "Salesforce owners are deleted.",
                "{count} records get new owners in HubSpot. They can be given back until the "
                "Salesforce owners are deleted.",
                run.records_left,
            )
            return sure(tr("Reassign now?"), text, tr("Reassign"), no)
        case Act.STOP if run.job_state == "undoing":
            text = tr(
                "No further record is given back. What was given back stays so; the owners are "
                "counted anew, and then you can choose again."
            )
            return sure(tr("Stop giving back?"), text, tr("Stop it"), no)
        case Act.STOP:
            text = tr(
                "The job ends here. What it has changed stays changed; it is checked, and what is "
                "left is counted. After that you can go on, or give records back. To hold the job "
                "for a while, pause it instead."
            )
            return sure(tr("Stop the reassignment?"), text, tr("Stop it"), no)
        case Act.REPORT_OWNERS_DELETED:
            text = tr(
                "You have pressed “Delete Salesforce owners” and “Got it” in HubSpot. "
                "Sunset cannot give records back after this."
            )
            return sure(tr("Are they deleted?"), text, tr("Yes, deleted"), no)
        case Act.RETAKE_PLAN:
            text = tr("Approvals given so far no longer count.")
            return sure(tr("Make the plan anew?"), text, tr("Make it anew"), no)
        case _:
            return _package_dialog(act, run, tr, no)


def _package_dialog(act: Act, run: Run, tr: Translator, no: str) -> ConfirmObject | None:
    match act:
        case Act.APPROVE:
            return _approval_dialog(run, tr, no)
        case Act.RECONSIDER if run.keep_copy is not None:
            text = tr("Approvals and consent given so far no longer count.")
            return sure(tr("Choose again?"), text, tr("Choose again"), no)
        case Act.STOP_BACKUP:
            text = tr(
                "What was taken so far stays on the machine that Sunset runs on, but it is not "
                "complete and does not count."
            )
            return sure(tr("Stop the backup?"), text, tr("Stop it"), no)
        case Act.CONFIRM_NO_COPY:
            text = tr("Without the copy the package's data can never be reached again.")
            if run.current_backup is None:
                text += " " + tr("There is no backup of it.")
            else:
                text += " " + tr("What is not in the backup is gone for good.")
            return sure(tr("Do not save a copy?"), text, tr("Do not save"), no, danger=True)
        case Act.REMOVE_BY_BOT:
            text = tr(
                "Sunset rehearses the removal, then removes the package with all its components "
                "and their data through the Metadata API. Salesforce keeps nothing. Once the "
                "deployment has begun, it cannot be stopped or undone."
            )
            return sure(tr("Remove the package?"), text, tr("Remove it"), no, danger=True)
        case Act.REPORT_UNINSTALLED:
            text = tr("You have pressed “Uninstall” in Salesforce Setup, with the approved choice.")
            return sure(tr("Is it pressed?"), text, tr("Yes, pressed"), no)
        case _:
            return None


def _approval_dialog(run: Run, tr: Translator, no: str) -> ConfirmObject:
    if run.inventory is None:
        text = tr(
            "You approve plan {digest}. With the last approval a person disconnects Salesforce in "
            "HubSpot; the integration's settings and field mappings are then gone for good.",
            digest=shown(run),
        )
        return sure(tr("Approve the plan?"), text, tr("Approve"), no)
    text = tr(
        "You approve removal {digest}. The package is then uninstalled; its components and "
        "objects are deleted for good.",
        digest=shown(run),
    )
    return sure(tr("Approve the removal?"), text, tr("Approve"), no)
