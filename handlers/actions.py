"""The ids that tie what is shown to what is listened for, and the only thing a button carries.

A button's ``value`` names the run and the version of the prompt it answers: identifiers, never
state. What they mean is looked up again on every click.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from workflows.commands import SHOWN_CHARACTERS

COMMAND = "/uninstall-salesforce"


class Act(StrEnum):
    """``action_id`` of every interactive element in messages and in the App Home."""

    # Buttons that are an answer by themselves
    ACKNOWLEDGE_ADVICE = "acknowledge_advice"
    RETAKE_PLAN = "retake_plan"
    APPROVE = "approve"
    WITHDRAW = "withdraw"
    TAKE_SUGGESTIONS = "take_suggestions"
    CONFIRM_MAPPING = "confirm_mapping"
    REQUEST_MAPPING_FILE = "request_mapping_file"
    PAUSE = "pause_reassignment"
    STOP = "stop_reassignment"
    RESUME = "resume_reassignment"
    RETRY_REASSIGNMENT = "retry_reassignment"
    CHANGE_MAPPING = "change_mapping"
    REPORT_OWNERS_DELETED = "report_owners_deleted"
    CONFIRM_NO_COPY = "confirm_no_copy"
    START_BACKUP = "start_backup"
    STOP_BACKUP = "stop_backup"
    RECONSIDER = "reconsider_data_copy"
    REPORT_UNINSTALLED = "report_uninstalled"
    REMOVE_BY_BOT = "remove_by_bot"
    WHO_ELSE = "ask_who_else"
    CHECK_NOW = "check_now"
    RETRY = "retry"
    UNFREEZE = "unfreeze"
    # Buttons that open a modal
    OPEN_PLAN = "open_plan"
    OPEN_DECLINE = "open_decline"
    OPEN_DISCONNECT = "open_disconnect"
    OPEN_MAPPING = "open_mapping"
    OPEN_MAPPING_FILE = "open_mapping_file"
    OPEN_OBJECTS = "open_objects"
    OPEN_SPLIT = "open_split"
    OPEN_UNDO = "open_undo"
    OPEN_FAILURES = "open_failures"
    OPEN_INVENTORY = "open_inventory"
    OPEN_DATA_COPY = "open_data_copy"
    OPEN_WAIVER = "open_waiver"
    OPEN_CONSENT = "open_consent"
    OPEN_DOWNLOADED = "open_downloaded"
    OPEN_HAND_OVER = "open_hand_over"
    OPEN_CANCEL = "open_cancel"
    OPEN_START = "open_start"
    # Elements inside modals
    PICK_TARGET = "pick_target"
    PICK_REMAINING = "pick_remaining"
    EXCLUDE_OWNER = "exclude_owner"
    INCLUDE_OWNER = "include_owner"
    PICK_SPLIT = "pick_split"
    PAGE_BACK = "page_back"
    PAGE_NEXT = "page_next"
    # Buttons that only lead elsewhere (a URL); Slack still delivers the click
    LINK = "link"


class Modal(StrEnum):
    """``callback_id`` of every modal."""

    START = "start"
    PLAN = "plan"
    DECLINE = "decline"
    DISCONNECT = "disconnect"
    MAPPING = "mapping"
    MAPPING_FILE = "mapping_file"
    OBJECTS = "objects"
    SPLIT = "split"
    UNDO = "undo"
    FAILURES = "failures"
    INVENTORY = "inventory"
    DATA_COPY = "data_copy"
    WAIVER = "waiver"
    CONSENT = "consent"
    DOWNLOADED = "downloaded"
    HAND_OVER = "hand_over"
    CANCEL = "cancel"


_REF = re.compile(
    r"([A-Za-z0-9-]{1,64})\.([0-9]{1,9})(?:\.([0-9]{1,9}))?"
    rf"(?:\.([0-9a-f]{{{SHOWN_CHARACTERS}}}))?"
)


@dataclass(frozen=True)
class Ref:
    """What a button or modal refers to: a run, and the version of the prompt it answers.

    ``shown`` numbers the state of something inside the prompt that the person saw (the mapping);
    ``digest`` is the beginning of the digest of what they saw (the plan, the removal).
    """

    run_id: str
    version: int
    shown: int = 0
    digest: str = ""

    def __str__(self) -> str:
        more = f".{self.shown}" if self.shown else ""
        return f"{self.run_id}.{self.version}{more}" + (f".{self.digest}" if self.digest else "")

    @classmethod
    def parse(cls, value: str) -> Ref:
        """Read a reference back; anything else is a :class:`ValueError`."""
        match = _REF.fullmatch(value)
        if match is None:
            raise ValueError("not a reference to a run")
        return cls(match[1], int(match[2]), int(match[3] or 0), match[4] or "")
