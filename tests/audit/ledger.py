"""A run's record as it is stored, the lines that anchor it, and what an attacker can do to both."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from bot.audit import verify
from bot.audit.channel import payload
from bot.audit.verify import Stored, StoredEvent, StoredRun
from bot.store.chain import Chain, body, parse
from bot.vendors.slack import Posted
from handlers import render
from handlers.i18n import translator
from handlers.ports import AuditEntry
from tests.workflows import journeys
from workflows.digest import canonical
from workflows.events import Recorded
from workflows.evolve import fold

KEY = bytes(range(32))
once = cache(verify.read)
"""Reads a text once: of thousands of histories almost all have almost all texts in common."""
KEYED = Chain([KEY])
EN = translator("en")
HISTORIES = {
    "with a copy": journeys.to_completed,
    "by the bot": journeys.to_deploying,
    "undone": journeys.to_recounting,
    "waived": journeys.to_removal_approval_waived,
}


def chained(run_id: str, history: Iterable[Recorded], chain: Chain) -> list[StoredEvent]:
    """Store a history as the engine does."""
    return _linked(((recorded, body(run_id, recorded)) for recorded in history), chain)


def _linked(written: Iterable[tuple[Recorded, str]], chain: Chain) -> list[StoredEvent]:
    prev, rows = chain.genesis, []
    for recorded, text in written:
        digest = chain.link(prev, text)
        rows.append(_row(recorded, text, prev, digest))
        prev = digest
    return rows


def _row(recorded: Recorded, text: str, prev: str, digest: str) -> StoredEvent:
    return StoredEvent(
        seq=recorded.seq,
        at=recorded.at.isoformat(timespec="microseconds"),
        type=recorded.event.type,
        actor=f"{recorded.actor.kind}:{recorded.actor.id}",
        body=text,
        prev=prev,
        hash=digest,
    )


def entry(history: Sequence[Recorded]) -> StoredRun:
    """Return a run's row as it is after *history*."""
    run = fold(history)
    return StoredRun(
        account=run.account.portal_id,
        started_at=run.started_at.isoformat(timespec="microseconds"),
        state=run.state.value,
        active=int(not run.state.final),
        version=run.version,
        frozen=run.frozen,
    )


def stored(name: str, chain: Chain) -> Stored:
    """Return one of the histories, stored with *chain*."""
    history = HISTORIES[name]().history
    run_id = fold(history).id
    last = len(history)
    return Stored(
        run_id,
        chained(run_id, history, chain),
        entry(history),
        {"deliveries": last, "effects": last},
        fold(history[: last // 2]),
    )


def lines(record: Stored, together: int = 4) -> list[Posted]:
    """Return the audit channel as the bot wrote it."""
    found = []
    for start in range(0, len(record.events), together):
        rows = record.events[start : start + together]
        texts = [
            render.audit_line(AuditEntry(parse(row.body), row.hash), record.run_id, EN).text
            for row in rows
        ]
        hashes = {row.seq: row.hash for row in rows}
        found.append(
            Posted(
                "C0AUDIT",
                f"{start}.0",
                "\n".join(texts),
                payload=dict(payload(record.run_id, hashes)),
                own=True,
            )
        )
    return found


# --- the attacker --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Tampering:
    """What was done to a record, in words, and the record after it."""

    what: str
    record: Stored


def tamperings(record: Stored) -> Iterator[Tampering]:
    """Yield every mechanical change of the stored rows that leaves the other rows as they are."""
    rows = list(record.events)
    for number, row in enumerate(rows):
        for what, text in changed_texts(row.body):
            yield _with(record, number, replace(row, body=text), f"{row.seq}: {what}")
        for column, value in changed_columns(row):
            changed = replace(row, **{column: value})
            yield _with(record, number, changed, f"{row.seq}: column {column}")
        yield _rows(record, rows[:number] + rows[number + 1 :], f"{row.seq}: removed")
        yield _rows(record, rows[: number + 1] + rows[number:], f"{row.seq}: twice")
        again = [*rows[:number], row, replace(row, seq=row.seq + 1), *rows[number + 1 :]]
        yield _rows(record, again, f"{row.seq}: twice, counted on")
        yield _rows(record, rows[:number], f"cut off from {row.seq} on")
        yield _rows(record, rows[number + 1 :], f"cut off up to {row.seq}")
        if number + 1 < len(rows):
            swapped = [*rows[:number], rows[number + 1], row, *rows[number + 2 :]]
            yield _rows(record, swapped, f"{row.seq}: swapped with the next")
            renumbered = [
                *rows[:number],
                replace(rows[number + 1], seq=row.seq),
                replace(row, seq=row.seq + 1),
                *rows[number + 2 :],
            ]
            yield _rows(record, renumbered, f"{row.seq}: swapped with the next, renumbered")
    assert record.run is not None
    for column, value in changed_entry(record.run):
        yield Tampering(
            f"entry {column}", replace(record, run=replace(record.run, **{column: value}))
        )
    yield Tampering("the entry is gone", replace(record, run=None))
    assert record.snapshot is not None
    forged = record.snapshot.model_copy(update={"requester": "U0MALLORY"})
    yield Tampering("a forged snapshot", replace(record, snapshot=forged))
    yield Tampering("another run's name", replace(record, run_id="R-other"))


def rewritten(record: Stored, chain: Chain) -> Iterator[Tampering]:
    """Yield what an attacker does who computes everything anew that the chain does not keep secret.

    Texts are changed so that they still read as events; then every later hash, the run's row and
    the other tables are made to fit. What the rules cannot fold is left out: that shows by itself.
    """
    texts = [row.body for row in record.events]
    for number, text in enumerate(texts):
        for what, changed in changed_texts(text):
            made = _made(record, [*texts[:number], changed, *texts[number + 1 :]], chain)
            if made is not None:
                yield Tampering(f"{number + 1}: {what}", made)
        made = _made(record, _inserted(texts, number), chain)
        if made is not None:
            yield Tampering(f"one more after {number + 1}", made)
        if number:
            made = _made(record, texts[:number], chain)
            if made is not None:
                yield Tampering(f"cut off from {number + 1} on, all else made to fit", made)


def _inserted(texts: Sequence[str], number: int) -> list[str]:
    """Put in, after an event, one that the rules can fold anywhere; count on after it."""
    data = json.loads(texts[number])
    added = {**data, "event": {"type": "check_requested"}}
    later = [json.loads(text) for text in texts[number + 1 :]]
    counted = [{**one, "seq": one["seq"] + 1} for one in (added, *later)]
    counted[0]["seq"] = data["seq"] + 1
    return [*texts[: number + 1], *map(canonical, counted)]


def _made(record: Stored, texts: Sequence[str], chain: Chain) -> Stored | None:
    read = [once(text) for text in texts]
    history = [recorded for recorded, _ in read if recorded is not None]
    if [one.seq for one in history] != list(range(1, len(texts) + 1)):
        return None
    try:
        run = fold(history)
    except Exception:  # an impossible history
        return None
    if run.id != record.run_id:
        return None
    rows = _linked(zip(history, texts, strict=True), chain)
    last = len(rows)
    return Stored(record.run_id, rows, entry(history), {"deliveries": last, "effects": last}, None)


def _with(record: Stored, number: int, row: StoredEvent, what: str) -> Tampering:
    return _rows(record, [*record.events[:number], row, *record.events[number + 1 :]], what)


def _rows(record: Stored, rows: Sequence[StoredEvent], what: str) -> Tampering:
    return Tampering(what, replace(record, events=rows))


def changed_columns(row: StoredEvent) -> Iterator[tuple[str, Any]]:
    """Yield another value for each column."""
    yield "seq", row.seq + 1_000
    yield "at", row.at.replace("2026", "2025")
    for column in ("type", "actor"):
        yield column, getattr(row, column) + "x"
    for column in ("prev", "hash"):
        told = getattr(row, column)
        yield column, ("1" if told[0] != "1" else "2") + told[1:]
        yield column, ""


def changed_entry(run: StoredRun) -> Iterator[tuple[str, Any]]:
    """Yield another value for each column of the run's row."""
    yield "account", run.account + "1"
    yield "started_at", run.started_at.replace("2026", "2025")
    yield "state", "mapping_owners" if run.state != "mapping_owners" else "completed"
    yield "active", 1 - run.active
    yield "version", run.version - 1
    yield "version", run.version + 1
    yield "frozen", not run.frozen


def changed_texts(text: str) -> Iterator[tuple[str, str]]:
    """Yield an event's text with each leaf changed, each field dropped, and written otherwise."""
    data = json.loads(text)
    for path, other in _changes(data):
        yield f"{path} changed", canonical(_put(data, path, other))
    for path in _fields(data):
        yield f"{path} dropped", canonical(_drop(data, path))
    yield "a field added", canonical({**data, "zz": 1})
    yield "spaces", json.dumps(data, sort_keys=True, ensure_ascii=False)
    yield "a key twice", text[:-1] + ',"run":' + json.dumps(data["run"]) + "}"
    yield "a float", text.replace('"seq":', '"seq":0.0e1,"sep":', 1)
    yield "cut short", text[:-1]
    yield "a byte more", text + " "


Path = tuple[str | int, ...]


def _changes(data: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    match data:
        case dict():
            for key, value in data.items():
                yield from _changes(value, (*path, key))
        case list():
            for number, value in enumerate(data):
                yield from _changes(value, (*path, number))
            if data:
                yield path, data[:-1]
                yield path, [*data, data[-1]]
            if len(data) > 1:
                yield path, data[::-1]
        case bool():
            yield path, not data
        case int():
            yield path, data + 1
        case str():
            yield path, _other(data)
        case None:
            yield path, "x"


def _other(text: str) -> str:
    # Moments stay moments, so that the forgery is one that still reads.
    return text.replace("2026-", "2025-", 1) if text.startswith("2026-") else text + "x"


def _fields(data: Any, path: Path = ()) -> Iterator[Path]:
    if isinstance(data, dict):
        for key, value in data.items():
            yield (*path, key)
            yield from _fields(value, (*path, key))


def _put(data: Any, path: Path, value: Any) -> Any:
    if not path:
        return value
    head, *rest = path
    copy: Any = dict(data) if isinstance(data, dict) else list(data)
    copy[head] = _put(data[head], tuple(rest), value)
    return copy


def _drop(data: Any, path: Path) -> Any:
    copy = dict(data)
    head, *rest = path
    if rest:
        copy[head] = _drop(data[head], tuple(rest))
    else:
        del copy[head]
    return copy
