"""What others do to the records of a batch just before it: the faults interfere and archive.

Which records and which owner is decided by the scenario's seed and the request alone.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from random import Random

from sandbox.hubspot.door import Visit
from sandbox.hubspot.history import by_hand
from sandbox.hubspot.people import Owner
from sandbox.hubspot.records import Table
from sandbox.hubspot.schema import OWNER
from sandbox.hubspot.service import HubSpot


def before(
    hubspot: HubSpot,
    table: Table,
    here: Visit,
    asked: Sequence[int],
    targets: Collection[str] = (),
) -> None:
    """Do what the fault says to some of the records *asked*, and tell the log.

    *targets* are the owners that the request is going to set.
    """
    fault = here.fault
    if fault is None or fault.kind not in ("interfere", "archive"):
        return
    alive = sorted({key for one in asked if (key := table.find(one)) is not None})
    random = Random(f"{hubspot.world.scenario.seed} {fault.kind} {table.schema.name} {alive}")
    struck = sorted(random.sample(alive, min(fault.count, len(alive))))
    if fault.kind == "archive":
        for key in struck:
            table.archive(key)
        here.detail["archived"] = [str(key) for key in struck]
    elif struck and (owner := _newcomer(hubspot, table, struck, targets, random)) is not None:
        source = by_hand(owner.user_id) if owner.user_id else hubspot.hand
        hubspot.write(table, struck, {OWNER: owner.id}, source)
        here.detail["interfered"] = {"ids": [str(key) for key in struck], "owner": owner.id}
    hubspot.world.changed()


def _newcomer(
    hubspot: HubSpot, table: Table, struck: list[int], targets: Collection[str], random: Random
) -> Owner | None:
    """Return an active owner who is no target and has none of the records; None without one."""
    taken = {table.owner_of(key) for key in struck} | set(targets)
    free = [owner for owner in hubspot.active_owners() if owner.id not in taken]
    return random.choice(free) if free else None
