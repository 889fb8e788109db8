"""The state diagram (Mermaid), generated from the transition table."""

from __future__ import annotations

import sys

from workflows.states import ACTIVE, FINAL, State
from workflows.transitions import STAY, TABLE


def mermaid() -> str:
    """Return the table as a Mermaid state diagram; actions that stay in a state are left out."""
    arrows: dict[tuple[State, State], list[str]] = {}
    for states, action, _, targets in TABLE:
        if states is ACTIVE:
            continue
        for target in targets:
            if target == STAY:
                continue
            arrow = (State(str(states)), State(str(target)))
            arrows.setdefault(arrow, []).append(action.__name__)
    lines = ["stateDiagram-v2", f"    [*] --> {State.PLANNING}: StartRun"]
    lines += [
        f"    {start} --> {end}: {', '.join(actions)}" for (start, end), actions in arrows.items()
    ]
    lines += [f"    {state} --> {State.CANCELLED}: Cancel" for state in ACTIVE]
    lines += [f"    {state} --> [*]" for state in State if state in FINAL]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(mermaid())
