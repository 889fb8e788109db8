"""Arming the sandbox's faults."""

from __future__ import annotations

from typing import Any

from sandbox.scenario import Fault
from sandbox.world import World


def fault(world: World, service: str, match: str, kind: str, **more: Any) -> None:
    data = {"service": service, "match": match, "kind": kind, **more}
    world.add_fault(Fault.model_validate(data))
