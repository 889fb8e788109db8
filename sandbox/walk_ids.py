"""The ids by which the walk finds the bot's buttons, modals and inputs.

The sandbox imports nothing of the bot: these are what a person would recognise by their labels,
which differ by language.
"""

from __future__ import annotations

from enum import StrEnum

COMMAND = "/uninstall-salesforce"
PHRASE = "Uninstall Salesforce"
VALUE = "value"
"""``action_id`` of every input in a modal."""


class Act(StrEnum):
    """``action_id`` of the buttons and pickers."""

    ACKNOWLEDGE_ADVICE = "acknowledge_advice"
    APPROVE = "approve"
    TAKE_SUGGESTIONS = "take_suggestions"
    CONFIRM_MAPPING = "confirm_mapping"
    PAUSE = "pause_reassignment"
    RESUME = "resume_reassignment"
    RETRY_REASSIGNMENT = "retry_reassignment"
    OWNERS_DELETED = "report_owners_deleted"
    CONFIRM_NO_COPY = "confirm_no_copy"
    UNINSTALLED = "report_uninstalled"
    REMOVE_BY_BOT = "remove_by_bot"
    WHO_ELSE = "ask_who_else"
    RETRY = "retry"
    UNFREEZE = "unfreeze"
    OPEN_PLAN = "open_plan"
    OPEN_DISCONNECT = "open_disconnect"
    OPEN_MAPPING = "open_mapping"
    OPEN_FAILURES = "open_failures"
    OPEN_INVENTORY = "open_inventory"
    OPEN_DATA_COPY = "open_data_copy"
    OPEN_CONSENT = "open_consent"
    OPEN_DOWNLOADED = "open_downloaded"
    OPEN_HAND_OVER = "open_hand_over"
    OPEN_CANCEL = "open_cancel"
    PICK_TARGET = "pick_target"
    PICK_REMAINING = "pick_remaining"
    PAGE_NEXT = "page_next"


class Form(StrEnum):
    """``callback_id`` of the modals."""

    START = "start"
    PLAN = "plan"
    DISCONNECT = "disconnect"
    MAPPING = "mapping"
    FAILURES = "failures"
    INVENTORY = "inventory"
    DATA_COPY = "data_copy"
    CONSENT = "consent"
    DOWNLOADED = "downloaded"
    HAND_OVER = "hand_over"


class Block(StrEnum):
    """``block_id`` of the inputs in the modals."""

    SUBSCRIPTION = "P0a"
    PERMISSION = "P0b"
    ADVICE = "P0c"
    REASON = "reason"
    NOTE = "note"
    APPROVERS = "approvers"
    MAPPINGS = "mappings"
    HUBSPOT_REASON = "P1d-reason"
    TYPED = "P1d-phrase"
    COPY = "P3d"
    BACKUP = "backup"
    CONSENT = "P3e"
    WHERE = "P4"
    TO = "to"


SAVED_MAPPINGS = ["contacts", "companies", "deals"]
TARGET = "target:"
"""How the ids of the pickers' blocks begin: `target:<old owner>:<chosen owner>:<turn>`."""
