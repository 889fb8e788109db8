"""What the picture of a plan report shows: a bar for each owner, a part for each object type."""

from __future__ import annotations

from dataclasses import dataclass

from handlers.i18n import Translator, flattened
from handlers.views import words
from handlers.views.words import summed
from workflows.values import CORE_OBJECTS, OwnedRecords, Plan

MOST_BARS = 15
"""Owners with a bar of their own; of more, the last bar adds the rest up."""
OTHERS = "others"
SERIES = (*CORE_OBJECTS, OTHERS)
"""The parts of a bar, in order; the last one is what is not reassigned unless it is chosen."""


@dataclass(frozen=True)
class Bar:
    """One bar: names to try in turn (one may have no letters that can be drawn), and its parts."""

    names: tuple[str, ...]
    parts: tuple[int, ...]

    @property
    def total(self) -> int:
        """The records of all parts."""
        return sum(self.parts)


@dataclass(frozen=True)
class Chart:
    """The picture in words: its title, what each part is called with its sum, and the bars."""

    title: str
    legend: tuple[tuple[str, int], ...]
    bars: tuple[Bar, ...]


def chart(plan: Plan, tr: Translator) -> Chart:
    """Return what the picture of *plan* shows, the owner with most records first."""
    bars = sorted((_bar(owned) for owned in plan.owners), key=lambda one: -one.total)
    bars = [one for one in bars if one.total]
    if len(bars) > MOST_BARS:
        rest = bars[MOST_BARS - 1 :]
        parts = tuple(sum(one.parts[place] for one in rest) for place in range(len(SERIES)))
        name = tr.plural("{count} other owner", "{count} other owners", len(rest))
        bars = [*bars[: MOST_BARS - 1], Bar((name,), parts)]
    sums = {**summed(plan.owners), OTHERS: sum(summed(plan.owners, other=True).values())}
    names = {kind: words.object_name(kind, tr) for kind in CORE_OBJECTS}
    names[OTHERS] = tr("other types (left alone unless chosen)")
    return Chart(
        tr("Records of Salesforce-only owners"),
        tuple((names[kind], sums[kind]) for kind in SERIES),
        tuple(bars),
    )


def _bar(owned: OwnedRecords) -> Bar:
    owner = owned.owner
    parts = [owned.counts.get(kind, 0) for kind in CORE_OBJECTS]
    names = tuple(name for name in (owner.name, owner.email) if name)
    return Bar((*names, f"#{owner.id}"), (*parts, sum(owned.other_counts.values())))


def alternative(shown: Chart, tr: Translator, most: int = 1_000) -> str:
    """Say in plain text what the picture shows, for those who do not see it."""
    legend = ", ".join(f"{name}: {tr.number(count)}" for name, count in shown.legend if count)
    bars = "; ".join(f"{one.names[0]}: {tr.number(one.total)}" for one in shown.bars)
    none = tr("no records")
    said = flattened(f"{shown.title}. {legend or none}. {bars}").strip()
    return said if len(said) <= most else said[: most - 1].rstrip() + "…"
