"""What happened, in order: every event a line, several alike in a row one line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from bot.reporting.model import Entry
from bot.reporting.plain import plain
from bot.store.base import Link
from handlers.i18n import Translator
from handlers.views.describe import describe

MOST = 400
"""Lines; of more, the first and the last half are shown."""
ALIKE = 4
"""So many events of one kind by one actor in a row become one line."""
_NEVER = frozenset({"approved", "blocked", "reassignment_finished", "reminder_due"})
"""Kinds that are each worth a line."""


def chronicle(
    history: Sequence[Link], names: Mapping[str, str], tr: Translator
) -> tuple[tuple[Entry, ...], int]:
    """Return the lines, and how many in the middle were left out."""
    entries = list(_entries(history, names, tr))
    left_out = max(0, len(entries) - MOST)
    if not left_out:
        return tuple(entries), 0
    half = MOST // 2
    return (*entries[:half], *entries[-half:]), left_out


def _entries(history: Sequence[Link], names: Mapping[str, str], tr: Translator) -> Iterator[Entry]:
    for (kind, _), found in groupby(history, _likeness):
        alike = list(found)
        if len(alike) < ALIKE or kind in _NEVER:
            yield from (_entry([link], names, tr) for link in alike)
        else:
            yield _entry(alike, names, tr)


def _likeness(link: Link) -> tuple[str, str]:
    recorded = link.recorded
    return recorded.event.type, f"{recorded.actor.kind}:{recorded.actor.id}"


def _entry(alike: list[Link], names: Mapping[str, str], tr: Translator) -> Entry:
    first, last = alike[0].recorded, alike[-1]
    return Entry(
        first=first.seq,
        last=last.recorded.seq,
        at=first.at,
        until=last.recorded.at,
        by=first.actor,
        type=first.event.type,
        text=plain(describe(first.event, tr), names),
        hash=last.hash,
    )
