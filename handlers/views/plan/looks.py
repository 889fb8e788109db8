"""What is being looked at while a plan is made, in the order in which it is looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

What = Literal["account", "owners", "records", "suggestions", "package", "costs"]
ORDER: tuple[What, ...] = ("account", "owners", "records", "suggestions", "package", "costs")


@dataclass(frozen=True)
class Look:
    """One look: what at. Of records: of which object type, the *number*-th of *types*."""

    what: What
    kind: str = ""
    number: int = 0
    types: int = 0


def unheard(_: Look) -> None:
    """Take note of nothing, where nobody is waiting."""
