"""Is a run's stored history what was recorded? Pure: rows in, sentences out.

What a chain of hashes proves: nothing was changed, left out or put in between without computing
every later hash anew. Who can write the database can do that, unless the chain is keyed; then the
ends of the history, which lie in the audit channel and in the checkpoints, are what shows it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from bot.store.chain import Chain, KeyMissing, body, parse_strictly
from handlers.ports import UNCHECKED
from workflows.events import Recorded
from workflows.evolve import fold
from workflows.run import Run


@dataclass(frozen=True)
class StoredEvent:
    """A row of the table of events, as it stands there."""

    seq: int
    at: str
    type: str
    actor: str
    body: str
    prev: str
    hash: str


@dataclass(frozen=True)
class StoredRun:
    """A row of the table of runs; ``frozen`` is whether a freeze is noted."""

    account: str
    started_at: str
    state: str
    active: int
    version: int
    frozen: bool


@dataclass(frozen=True)
class Stored:
    """Everything about one run that its history must agree with.

    ``speaks_of`` is the highest event number that another table speaks of, by table. ``snapshot``
    is the folded run that is kept, if it counts.
    """

    run_id: str
    events: Sequence[StoredEvent]
    run: StoredRun | None
    speaks_of: Mapping[str, int] = field(default_factory=dict)
    snapshot: Run | None = None


def verdict(found: Sequence[str]) -> Literal["intact", "changed", "unchecked"]:
    """Say in a word what :func:`problems` found: nothing, a change, or that it lacks something."""
    if not found:
        return "intact"
    return "unchecked" if all(one.startswith(UNCHECKED) for one in found) else "changed"


def problems(stored: Stored, chain: Chain) -> list[str]:
    """Return a sentence for each thing that does not fit; empty: the history is intact."""
    found = list(_chain(stored, chain))
    history, unreadable = _readings(stored)
    found += unreadable
    found += _ends(stored)
    # What cannot be read cannot be folded, and was told above.
    return found or _folded(stored, history)


def _chain(stored: Stored, chain: Chain) -> Iterable[str]:
    prev, expected = "", 1
    for row in stored.events:
        if row.seq != expected:
            yield f"event {expected} is missing (the next one is {row.seq})"
        follows = row.prev == prev if prev else chain.begins(row.prev)
        if not follows:
            yield f"event {row.seq} does not follow the one before it"
        try:
            if chain.link(row.prev, row.body) != row.hash:
                yield f"event {row.seq} is not what was recorded"
        except KeyMissing as error:
            yield f"{UNCHECKED}: {error}"
            return
        except UnicodeEncodeError:
            yield f"event {row.seq} is not what was recorded"
        prev, expected = row.hash, row.seq + 1
    if chain.keyed and stored.events and "." not in stored.events[0].prev:
        yield f"{UNCHECKED}: the chain was made without a key, though one is set"


def _readings(stored: Stored) -> tuple[list[Recorded], list[str]]:
    """Read every text; compare it with its columns."""
    history: list[Recorded] = []
    found: list[str] = []
    for row in stored.events:
        recorded, meant = read(row.body)
        told = (stored.run_id, row.seq, row.at, row.type, row.actor, row.body)
        if recorded is None:
            found.append(f"event {row.seq} cannot be read")
            continue
        history.append(recorded)
        if told != meant:
            found.append(f"event {row.seq} has columns that contradict its text")
    return history, found


def read(text: str) -> tuple[Recorded | None, tuple[str, int, str, str, str, str] | None]:
    """Read an event's text; return it with its run and what stands beside it in the columns.

    None where it is no event, or one that the bot does not write in this way.
    """
    try:
        run_id, recorded = parse_strictly(text)
        written = body(run_id, recorded)
        if _older(json.loads(text), json.loads(written)):
            written = text
    except (ValueError, OverflowError, RecursionError):
        return None, None
    return recorded, (
        run_id,
        recorded.seq,
        recorded.at.isoformat(timespec="microseconds"),
        recorded.event.type,
        f"{recorded.actor.kind}:{recorded.actor.id}",
        written,
    )


def _older(stored: Any, written: Any) -> bool:
    """Say whether *stored* is *written* without fields that events were given later."""
    if isinstance(stored, dict) and isinstance(written, dict):
        return all(name in written and _older(stored[name], written[name]) for name in stored)
    if isinstance(stored, list) and isinstance(written, list):
        return len(stored) == len(written) and all(map(_older, stored, written))
    return bool(type(stored) is type(written) and stored == written)


def _ends(stored: Stored) -> Iterable[str]:
    """Compare the end of a history with what else was written together with its events."""
    last = stored.events[-1].seq if stored.events else 0
    if stored.run is None:
        yield "the run's entry is missing"
    elif stored.run.version != last:
        yield f"the history ends at {last}, but {stored.run.version} were recorded"
    for table, most in stored.speaks_of.items():
        if most > last:
            yield f"the history ends at {last}, but {table} speak of event {most}"


def _folded(stored: Stored, history: Sequence[Recorded]) -> list[str]:
    """Fold a history that is whole, and compare it with what is kept of the run."""
    try:
        run = fold(history)
    except Exception as error:
        return [f"the events make no run ({type(error).__name__})"]
    found = []
    if run.id != stored.run_id:
        found.append(f"the first event began {run.id}")
    if stored.run is not None and stored.run != _entry(run):
        found.append("the run's entry is not what the events make")
    kept = stored.snapshot
    if kept is not None:
        until = [recorded for recorded in history if recorded.seq <= kept.version]
        if not until or fold(until) != kept:
            found.append(f"the snapshot at event {kept.version} is not what the events make")
    return found


def _entry(run: Run) -> StoredRun:
    return StoredRun(
        account=run.account.portal_id,
        started_at=run.started_at.isoformat(timespec="microseconds"),
        state=run.state.value,
        active=int(not run.state.final),
        version=run.version,
        frozen=run.frozen,
    )
