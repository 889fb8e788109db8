"""What the worker says of effects that did not come to a good end, or came late."""

from __future__ import annotations

from bot.errors import VendorError
from bot.store.base import QueuedEffect
from workflows import commands as c
from workflows.effects import Effect
from workflows.errors import SunsetError
from workflows.text import N_


def blocked(error: SunsetError, effect: QueuedEffect) -> c.RecordBlocked:
    """Say in the run that an effect cannot go on, and what to do about it."""
    return c.RecordBlocked(
        code=error.code,
        problem=error.problem,
        remedy=error.remedy,
        reference=error.reference,
        job=effect.key,
    )


def late(effect: QueuedEffect) -> Effect:
    """Say in the thread that what was to be told there was held up, once it goes on."""
    return Effect(kind="notice", key=f"late:{effect.seq}", lane="thread", data={"late": effect.seq})


def without(error: VendorError) -> c.RecordCapabilityMissing:
    """Say once in the run what cannot be told or sent here; the procedure goes on without it."""
    return c.RecordCapabilityMissing(
        capability=f"{error.vendor}:{error.missing}", problem=error.problem
    )


def incident(reference: str) -> SunsetError:
    """Say that something happened which nobody foresaw; the log has it under *reference*."""
    return SunsetError(
        "incident",
        N_("Something went wrong that was not foreseen (incident {incident}).", incident=reference),
        N_("Give the incident's id to the operator; then try again."),
        reference=reference,
    )


def unknown(kind: str) -> SunsetError:
    """Say that there is no handler for this kind of effect."""
    return SunsetError(
        "effect_unknown",
        N_("This version of the bot does not know how to do: {kind}.", kind=kind),
        N_("Ask the operator to install the version that recorded it, or a newer one."),
    )
