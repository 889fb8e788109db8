"""The sandbox's faults, each with a likelihood that some dozen calls meet."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tests.reassign.stage import Stage

ANY, READ, UPDATE = "/(search|batch/read|batch/update)$", "/batch/read$", "/batch/update$"

FAULTS: dict[str, tuple[tuple[str, dict[str, Any]], ...]] = {
    "429": ((ANY, {"share": 0.1}),),
    "500": ((ANY, {"share": 0.2}),),
    "502": ((ANY, {"share": 0.2}),),
    "timeout": ((ANY, {"share": 0.2}),),
    "lost_reply": ((ANY, {"share": 0.2}),),
    "part_failure": ((UPDATE, {"share": 0.5, "count": 3}),),
    "garbled": ((ANY, {"share": 0.2}),),
    "locked": ((ANY, {"share": 0.1}),),
    "migrating": ((ANY, {"share": 0.1, "delay": 1}),),
    "interfere": ((READ, {"share": 0.3, "count": 3}), (UPDATE, {"share": 0.6, "count": 3})),
    "archive": ((READ, {"share": 0.3, "count": 3}), (UPDATE, {"share": 0.6, "count": 3})),
}


def strike(stage: Stage, *kinds: str, weight: float = 1.0) -> None:
    for kind in kinds:
        for match, how in FAULTS[kind]:
            share = how["share"] * weight
            stage.fault(match, kind, **{**how, "share": share, "times": 10_000})


def struck(stage: Stage) -> Counter[str]:
    counts: Counter[str] = Counter()
    for one in stage.world.faults():
        counts[one["kind"]] += one["struck"]
    return counts
