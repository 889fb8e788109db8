"""What the tests of the removal by the bot have in common."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from bot.effects.removal import NO_REHEARSAL
from bot.errors import VendorError
from bot.ports import Removal
from tests.bot.rig import Rig
from tests.workflows import journeys
from tests.workflows.driver import Conversation
from workflows import commands as c
from workflows import events as e
from workflows.states import State
from workflows.text import N_
from workflows.values import Inventory

SHORT = timedelta(seconds=5)


def ready(inventory: Inventory | None = None) -> Conversation:
    """No copy is kept, the backup is waived, and everything is approved."""
    talk = journeys.to_inventory_pending()
    talk.wait(minutes=1)
    talk.bot.reads_the_package(inventory)
    talk.anna.keeps_no_copy()
    talk.carl.waives_the_backup()
    talk.anna.confirms_no_copy()
    journeys.approved(talk)
    talk.bot.reads_the_package(inventory)
    return talk


def starts(rig: Rig) -> None:
    rig.does("UA", c.RemoveByBot())


def completed(rig: Rig) -> Callable[[], bool]:
    return lambda: rig.run.state is State.COMPLETED


def ends(rig: Rig) -> None:
    rig.until(completed(rig), most=120)


def rehearsed(rig: Rig) -> e.RemovalRehearsed:
    (event,) = rig.happened(e.RemovalRehearsed)
    assert isinstance(event, e.RemovalRehearsed)
    return event


def passes(rig: Rig, time: timedelta, step: timedelta = SHORT) -> None:
    """Let time pass in small steps, so that everything happens when it is due."""
    end = rig.clock.now() + time
    while rig.clock.now() < end:
        rig.advance(step)


def another(rig: Rig, name: str = "0AfX", **told: Any) -> Removal:
    """Return a deployment of somebody else's that runs."""
    known: dict[str, Any] = {"by": "005EVE", "created_at": rig.clock.now(), **told}
    return Removal(name, "running", **known)


def no_rehearsal() -> VendorError:
    return VendorError(
        "salesforce", NO_REHEARSAL, N_("Not here: {message}", message="NOPE: no"), N_("Go on.")
    )
