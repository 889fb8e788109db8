"""The audit channel against the database, in both directions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.audit.channel import Compared, compare, ranges, told_of
from bot.vendors.slack import Posted
from tests.attacks import Cases
from tests.audit.ledger import KEYED, lines, stored
from tests.bot.rig import AUDIT, Rig
from tests.workflows import journeys
from workflows import commands as c

RECORD = stored("with a copy", KEYED)
HASHES = {row.seq: row.hash for row in RECORD.events}
SHOWN = lines(RECORD)


def against(posted: list[Posted], waiting: tuple[int, ...] = ()) -> Compared:
    return compare(RECORD.run_id, HASHES, waiting, posted)


@pytest.mark.attack("6", "lines of the audit channel deleted, edited, forged, doubled")
def test_every_line_that_is_deleted_or_changed_is_found(cases: Cases) -> None:
    for number, message in enumerate(SHOWN):
        others = [*SHOWN[:number], *SHOWN[number + 1 :]]
        text = message.text.split("\n")
        seqs = [int(one) for one in (message.payload or {})["events"].split(",")]
        assert against(others).problems, "deleted"
        assert not set(seqs) & set(against(others).anchored)
        edited = replace(message, text=message.text.replace("·", "!"), edited=True)
        assert "were edited" in against([*others, edited]).problems[0]
        for place, seq in enumerate(seqs):
            # Done by one who could hide that it was edited.
            for forged in (
                "\n".join([*text[:place], *text[place + 1 :]]),
                message.text.replace(HASHES[seq][:16], "0" * 16),
                message.text.replace(f"*#{seq}*", f"*#{seq + 900}*"),
            ):
                assert against([*others, replace(message, text=forged)]).problems, forged
                cases.add()
        hidden = {**(message.payload or {}), "hashes": ",".join("0" * 64 for _ in seqs)}
        assert against([*others, replace(message, payload=hidden)]).problems
        cases.add(3)


def test_a_line_that_somebody_else_wrote_is_named() -> None:
    forged = replace(SHOWN[0], own=False, payload=None, user="U0MALLORY")
    assert against([*SHOWN, forged]).problems == (
        "a line about this run was written by U0MALLORY, not by the bot",
    )


def test_what_is_about_other_things_is_nobodys_business() -> None:
    chat = Posted("C0AUDIT", "1.0", "what is `R1` *#4* about?", user="U0ANNA")
    other = [
        replace(one, text=one.text.replace(RECORD.run_id, "R-other"), payload={"run": "R-other"})
        for one in SHOWN
    ]
    assert against([*SHOWN, chat, *other]).problems == ()


def test_a_line_about_an_event_that_is_not_there() -> None:
    fewer = {seq: one for seq, one in HASHES.items() if seq < 5}
    found = compare(RECORD.run_id, fewer, (), SHOWN)
    last = max(HASHES)
    assert found.problems == (
        f"the channel has lines for events 5–{last}, which the database does not have",
    )
    assert told_of(SHOWN) == {RECORD.run_id}


def test_what_is_on_its_way_is_not_missing() -> None:
    last = SHOWN[-1]
    seqs = tuple(int(one) for one in (last.payload or {})["events"].split(","))
    found = against(SHOWN[:-1], seqs)
    assert found.problems == ()
    assert found.waiting == seqs


def test_two_lines_for_an_event_are_noted() -> None:
    found = against([*SHOWN, SHOWN[0]])
    assert found.problems == ()
    assert found.notes[0] == "event 1 has two lines"


def test_ranges() -> None:
    assert ranges([5, 1, 2, 3, 9, 5]) == [(1, 3), (5, 5), (9, 9)]


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    yield made
    made.stop()


def test_what_the_bot_writes_is_what_is_compared(rig: Rig) -> None:
    rig.adopt(journeys.to_approval())
    rig.settle()
    rig.does("UA", c.Freeze(reason="a look"))
    rig.settle()
    # What was adopted was told before: only what came after has its lines here.
    hashes = {
        item.recorded.seq: item.hash
        for item in rig.store.history(rig.run_id)
        if item.recorded.seq in shown_in(rig)
    }
    found = compare(rig.run_id, hashes, (), rig.slack.messages(AUDIT))
    assert found.problems == ()
    assert set(found.anchored) == shown_in(rig)
    assert len(found.anchored) > 1


def shown_in(rig: Rig) -> set[int]:
    told = [one.payload["events"] for one in rig.slack.shown if one.channel == AUDIT]
    return {int(seq) for numbers in told for seq in numbers.split(",")}
