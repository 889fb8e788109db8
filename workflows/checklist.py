"""The procedure as a checklist: every step with its ids, and how it is known to be done."""

from __future__ import annotations

from enum import StrEnum

from workflows.base import Value
from workflows.run import Run
from workflows.states import State
from workflows.values import Evidence


class Mark(StrEnum):
    """What a step's line shows."""

    VERIFIED = "verified"
    ATTESTED = "attested"
    SKIPPED = "skipped"
    MISSED = "missed"
    WAITING = "waiting"
    OPEN = "open"


class Step(Value):
    """One line of the checklist; ``ids`` are the procedure's step ids."""

    name: str
    ids: tuple[str, ...]
    mark: Mark
    evidence: Evidence | None = None


STEPS: tuple[tuple[str, tuple[str, ...], State], ...] = (
    ("plan_approval", ("P0a", "P0b", "P0c"), State.AWAITING_APPROVAL),
    ("disconnect", ("P1a", "P1b", "P1c", "P1d", "P1e"), State.DISCONNECTING),
    ("reassign", ("P2a", "P2b"), State.REASSIGNING),
    ("cleanup", ("P2c", "P2d", "P2e"), State.CLEANING_UP_OWNERS),
    ("inventory", ("P3c",), State.CHOOSING_DATA_COPY),
    ("data_copy", ("P3d",), State.CHOOSING_DATA_COPY),
    ("removal_approval", ("P3e",), State.AWAITING_REMOVAL_APPROVAL),
    ("removal", ("P3a", "P3b", "P3f"), State.REMOVING_PACKAGE),
    ("download", ("P4",), State.DATA_COPY_WINDOW),
)


def checklist(run: Run) -> list[Step]:
    """Return the procedure's steps, in order, as they stand in *run*."""
    return [_step(run, name, ids, state) for name, ids, state in STEPS]


def _step(run: Run, name: str, ids: tuple[str, ...], state: State) -> Step:
    evidence = run.evidence.get(name)
    if evidence is not None:
        return Step(name=name, ids=ids, mark=Mark(evidence.kind), evidence=evidence)
    early = {State.PLANNING: State.AWAITING_APPROVAL, State.MAPPING_OWNERS: State.REASSIGNING}
    present = early.get(run.state, run.state)
    return Step(name=name, ids=ids, mark=Mark.WAITING if present is state else Mark.OPEN)
