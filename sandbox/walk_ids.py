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
    REQUEST_FILE = "request_mapping_file"
    PAUSE = "pause_reassignment"
    RESUME = "resume_reassignment"
    RETRY_REASSIGNMENT = "retry_reassignment"
    OWNERS_DELETED = "report_owners_deleted"
    CONFIRM_NO_COPY = "confirm_no_copy"
    START_BACKUP = "start_backup"
    STOP_BACKUP = "stop_backup"
    UNINSTALLED = "report_uninstalled"
    REMOVE_BY_BOT = "remove_by_bot"
    WHO_ELSE = "ask_who_else"
    RETRY = "retry"
    UNFREEZE = "unfreeze"
    OPEN_PLAN = "open_plan"
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
    PICK_TARGET = "pick_target"
    PICK_REMAINING = "pick_remaining"
    EXCLUDE = "exclude_owner"
    INCLUDE = "include_owner"
    PICK_SPLIT = "pick_split"
    PICK_UNDO_OWNER = "pick_undo_owner"
    PAGE_NEXT = "page_next"


class Form(StrEnum):
    """``callback_id`` of the modals."""

    START = "start"
    PLAN = "plan"
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
    FILE = "file"
    SCOPE = "scope"
    OWNER = "owner"
    COPY = "P3d"
    CONSENT = "P3e"
    WHERE = "P4"
    TO = "to"


SAVED_MAPPINGS = ["contacts", "companies", "deals"]
TARGET = "target:"
"""How the ids of the pickers' blocks begin: `target:<old owner>:<chosen owner>:<turn>`."""
OF_KIND = f"{Act.TAKE_SUGGESTIONS}:"
"""How the ids of the buttons begin that take the suggestions of one kind."""
TARGETS, KIND = "targets:", "kind:"
"""How the ids of the inputs begin in the modal of several: `targets:<old owner>`, `kind:<type>`."""
OBJECTS = "objects:"
"""How the ids of the blocks begin that offer further object types."""
PART = "part"
"""The choice in the undo's modal that is limited to what is chosen below it."""
