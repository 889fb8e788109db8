"""The states of a run (design.md, "The run")."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """Where a run is; each active state waits for one thing."""

    PLANNING = "planning"
    AWAITING_APPROVAL = "awaiting_approval"
    DISCONNECTING = "disconnecting"
    MAPPING_OWNERS = "mapping_owners"
    REASSIGNING = "reassigning"
    CLEANING_UP_OWNERS = "cleaning_up_owners"
    CHOOSING_DATA_COPY = "choosing_data_copy"
    AWAITING_REMOVAL_APPROVAL = "awaiting_removal_approval"
    REMOVING_PACKAGE = "removing_package"
    DATA_COPY_WINDOW = "data_copy_window"
    COMPLETED = "completed"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    EXPIRED = "expired"

    @property
    def final(self) -> bool:
        """Whether the run is over."""
        return self in FINAL


FINAL = frozenset({State.COMPLETED, State.DECLINED, State.CANCELLED, State.EXPIRED})
ACTIVE = tuple(state for state in State if state not in FINAL)
