"""What stands against the package's uninstall, as lists: what surely does, then what may."""

from __future__ import annotations

from collections.abc import Sequence

from handlers.i18n import Translator
from handlers.views import words
from handlers.views.parts import listing
from workflows.values import Blocker, Inventory


def problem_lines(
    items: Sequence[Blocker], tr: Translator, inventory: Inventory | None
) -> list[str]:
    """List *items*, each with its link into Setup and what to do; empty for none."""
    sure = words.blockers((item for item in items if item.sure), tr, inventory)
    maybe = words.blockers((item for item in items if not item.sure), tr, inventory)
    lines = listing(sure, tr, most=10)
    if maybe:
        lines += [tr("*May block, or go with the package by itself:*"), *listing(maybe, tr, most=5)]
    return lines
