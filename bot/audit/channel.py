"""The audit channel against the database, in both directions. Pure.

Every line carries its event's number and the beginning of its hash in the text, and the whole hash
in the message's metadata (:mod:`bot.effects.messages`). Who rewrites the database cannot take the
lines back; who has the bot's token can edit and delete them, but not the database.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.vendors.slack import Posted
from handlers.views.messages.audit import HASH_CHARACTERS

_LINE = re.compile(r"`(?P<run>[^`\s]+)` \*#(?P<seq>\d{1,9})\* .*`(?P<hash>[0-9a-f]{12,64})`")


@dataclass(frozen=True)
class Compared:
    """What the channel says about a run.

    ``anchored`` are the numbers of the events whose line is there and right; ``waiting`` those
    whose line is still to be posted. ``problems`` are to be explained by somebody.
    """

    anchored: tuple[int, ...] = ()
    waiting: tuple[int, ...] = ()
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def payload(run_id: str, hashes: Mapping[int, str]) -> dict[str, str]:
    """Return what a message of audit lines carries unseen: event number -> hash, of one run."""
    return {
        "run": run_id,
        "events": ",".join(map(str, hashes)),
        "hashes": ",".join(hashes.values()),
    }


def compare(
    run_id: str, hashes: Mapping[int, str], waiting: Collection[int], posted: Iterable[Posted]
) -> Compared:
    """Compare the events of a run (number -> hash) with what the channel shows.

    *waiting* are the numbers of the events whose lines are known to be on their way.
    """
    problems: list[str] = []
    notes: list[str] = []
    there: set[int] = set()
    unknown: set[int] = set()
    for message in posted:
        told = _told(message, run_id)
        if told is None:
            continue
        if not message.own:
            who = message.user or "somebody else"
            problems.append(f"a line about this run was written by {who}, not by the bot")
            continue
        if message.edited:
            problems.append(f"the lines of {_ranges(told)} were edited in Slack")
            continue
        for seq, claims in told.items():
            wrong = _wrong(seq, claims, hashes)
            if seq not in hashes:
                unknown.add(seq)
            elif wrong:
                problems.append(wrong)
            elif seq in there:
                notes.append(f"event {seq} has two lines")
            else:
                there.add(seq)
    if unknown:
        gone = _ranges(unknown)
        problems.append(f"the channel has lines for {gone}, which the database does not have")
    late = tuple(sorted(seq for seq in hashes if seq not in there and seq in waiting))
    missing = [seq for seq in hashes if seq not in there and seq not in waiting]
    if missing and not problems:
        problems.append(f"no line for {_ranges(missing)}: deleted, hidden, or never posted")
    elif missing:
        problems.append(f"no right line for {_ranges(missing)}")
    return Compared(tuple(sorted(there)), late, tuple(problems), tuple(notes))


def told_of(posted: Iterable[Posted]) -> set[str]:
    """Return the ids of the runs that the channel tells of, whoever wrote that."""
    runs: set[str] = set()
    for message in posted:
        lines = map(_LINE.search, message.text.split("\n"))
        runs |= {match["run"] for match in lines if match}
        unseen = message.payload or {}
        if message.own and "events" in unseen:
            runs.add(str(unseen.get("run", "")))
    return runs


def _told(message: Posted, run_id: str) -> dict[int, tuple[str, ...]] | None:
    """Return what a message claims of a run: event number -> hashes; None: nothing.

    The text and the unseen metadata both speak; somebody may have changed one of them.
    """
    claims: dict[int, tuple[str, ...]] = {}
    for line in message.text.split("\n"):
        match = _LINE.search(line)
        if match and match["run"] == run_id:
            seq = int(match["seq"])
            claims[seq] = (*claims.get(seq, ()), match["hash"])
    unseen = message.payload or {}
    if message.own and unseen.get("run") == run_id and "events" in unseen:
        numbers = [int(one) for one in str(unseen["events"]).split(",") if one.isdigit()]
        whole = str(unseen.get("hashes", "")).split(",") if unseen.get("hashes") else []
        # What the metadata names and the text does not say was taken out of the text.
        for seq in numbers:
            claims.setdefault(seq, ("",))
        for seq, one in zip(numbers, whole, strict=False):
            claims[seq] = (*claims[seq], one)
    return claims or None


def _wrong(seq: int, claims: Sequence[str], hashes: Mapping[int, str]) -> str:
    own = hashes.get(seq, "")
    for claim in claims:
        if not claim or not own.startswith(claim):
            stored, said = own[:HASH_CHARACTERS], claim[:HASH_CHARACTERS]
            return f"event {seq} is {stored}…, its line says {said}…"
    return ""


def ranges(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """Return ascending numbers as ranges (first, last)."""
    found: list[tuple[int, int]] = []
    for number in sorted(set(numbers)):
        if found and found[-1][1] == number - 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return found


def _ranges(numbers: Iterable[int]) -> str:
    told = ", ".join(str(a) if a == b else f"{a}–{b}" for a, b in ranges(numbers))
    return f"event {told}" if told.isdigit() else f"events {told}"
