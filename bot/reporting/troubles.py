"""What went wrong in a run, and how each of it ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from bot.reporting.model import Trouble
from bot.reporting.phases import states
from bot.reporting.plain import plain
from handlers.i18n import Translator
from handlers.views.describe import describe
from workflows import events as e
from workflows.run import Run

Step: TypeAlias = tuple[e.Recorded, Run | None, Run]
Ends = Callable[[e.Recorded, Run | None, Run], bool]
MOST = 100
"""Troubles that are told one by one, the first ones."""


def troubles(
    history: Sequence[e.Recorded], names: Mapping[str, str], tr: Translator
) -> tuple[Trouble, ...]:
    """Return what went wrong, oldest first; without an end where nothing is recorded of it."""
    steps = list(states(history))
    found: list[Trouble] = []
    for number, (recorded, _before, _after) in enumerate(steps):
        ends = _ends(recorded)
        if ends is not None and len(found) < MOST:
            later = steps[number + 1 :]
            end = next((one for one, was, now in later if ends(one, was, now)), None)
            found.append(_trouble(recorded, end, names, tr))
    return tuple(found)


def _trouble(
    recorded: e.Recorded, end: e.Recorded | None, names: Mapping[str, str], tr: Translator
) -> Trouble:
    told = Trouble(
        seq=recorded.seq,
        at=recorded.at,
        type=recorded.event.type,
        text=_told(recorded.event, names, tr),
    )
    if end is None:
        return told
    ended = {
        "ended_seq": end.seq,
        "ended_at": end.at,
        "ended_by": end.actor,
        "ended_text": plain(describe(end.event, tr), names),
    }
    return told.model_copy(update=ended)


def _told(event: e.Event, names: Mapping[str, str], tr: Translator) -> str:
    said = plain(describe(event, tr), names)
    if isinstance(event, e.Blocked) and event.reference:
        return said + " " + tr("Reference: {reference}", reference=event.reference[:80])
    return said


def _ends(recorded: e.Recorded) -> Ends | None:
    """Return what tells the end of this trouble; None for an event that is none."""
    event = recorded.event
    match event:
        case e.Blocked():
            return _no_longer(lambda run: run.blocked is not None)
        case e.Frozen():
            return _no_longer(lambda run: run.frozen)
        case e.DisconnectRefuted():
            return _one_of(e.DisconnectVerified, e.DisconnectUnverifiable)
        case e.DisconnectUnverifiable():
            return _never
        case e.OwnersRemain():
            return _one_of(e.OwnersDeletionVerified)
        case e.ReassignmentFinished() if _short(event):
            return _one_of(e.ReassignmentFinished, e.ReassignmentUndone, e.OwnersDeletionVerified)
        case e.ReassignmentWaits():
            return _no_longer(lambda run: run.waits_until is not None)
        case e.ReassignmentUndone(left_alone=count) if count:
            return _one_of(e.ReassignmentFinished, e.ReassignmentUndone)
        case e.RemovalStalled() | e.RemovalFailed():
            return _one_of(e.PackageRemoved)
        case e.InventoryChanged() | e.ApprovalsLapsed() | e.ApprovalVoided():
            return _one_of(e.GatePassed)
        case e.BackupOutdated():
            return _one_of(e.BackupVerified, e.BackupWaived, e.PackageRemoved)
        case e.CapabilityMissing() | e.RemindersMissed() | e.WindowEnded():
            return _never
        case _:
            return None


def _short(event: e.ReassignmentFinished) -> bool:
    """Say whether a job left something undone, or overwrote somebody's change."""
    return any(one.failed + one.left_alone + one.overwritten for one in event.tallies)


def _no_longer(holds: Callable[[Run], bool]) -> Ends:
    return lambda _recorded, _before, after: not holds(after)


def _one_of(*kinds: type[e.Event]) -> Ends:
    return lambda recorded, *_: isinstance(recorded.event, kinds)


def _never(*_: object) -> bool:
    return False
