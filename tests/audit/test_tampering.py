"""Thousands of mechanical changes of a stored history: each is found, or found by its anchors."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.audit import verify
from bot.audit.channel import compare, told_of
from bot.audit.verify import Stored, problems
from bot.store.chain import PLAIN, Chain
from bot.vendors.slack import Posted
from tests.attacks import Cases
from tests.audit.ledger import (
    HISTORIES,
    KEY,
    KEYED,
    lines,
    once,
    rewritten,
    stored,
    tamperings,
)

CHAINS = {"plain": PLAIN, "keyed": KEYED}


@pytest.fixture(autouse=True)
def read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify, "read", once)


def unanchored(record: Stored, run_id: str, posted: list[Posted]) -> tuple[str, ...]:
    hashes = {row.seq: row.hash for row in record.events}
    return compare(run_id, hashes, (), posted).problems


@pytest.mark.parametrize("name", HISTORIES)
@pytest.mark.parametrize("chain", CHAINS)
def test_untouched_it_is_intact_and_anchored(name: str, chain: str) -> None:
    record = stored(name, CHAINS[chain])
    assert problems(record, CHAINS[chain]) == []
    hashes = {row.seq: row.hash for row in record.events}
    found = compare(record.run_id, hashes, (), lines(record))
    assert found.problems == ()
    assert found.anchored == tuple(hashes)


@pytest.mark.attack("6", "each field of each event, order, gaps, ends, copies")
@pytest.mark.parametrize(
    ("name", "chain"), [*((name, "plain") for name in HISTORIES), ("with a copy", "keyed")]
)
def test_every_change_of_the_rows_is_found(name: str, chain: str, cases: Cases) -> None:
    record = stored(name, CHAINS[chain])
    for one in tamperings(record):
        assert problems(one.record, CHAINS[chain]), one.what
        cases.add()


@pytest.mark.attack("6", "changed, and all hashes computed anew, without the key")
@pytest.mark.parametrize("own", [PLAIN, Chain([b"m" * 32])], ids=["plain", "another key"])
@pytest.mark.parametrize("name", ["with a copy"])
def test_without_the_key_no_rewriting_passes(name: str, own: Chain, cases: Cases) -> None:
    record = stored(name, KEYED)
    for one in rewritten(record, own):
        assert problems(one.record, KEYED), one.what
        cases.add()


@pytest.mark.attack("6", "a chain without a key rewritten whole: found by the audit channel")
@pytest.mark.parametrize("name", ["by the bot"])
def test_what_the_database_alone_cannot_show_the_channel_shows(name: str, cases: Cases) -> None:
    """Who writes the database can compute plain SHA-256 too; docs/audit.md says so."""
    record = stored(name, PLAIN)
    posted = lines(record)
    passed = 0
    for one in rewritten(record, PLAIN):
        passed += not problems(one.record, PLAIN)
        if one.record.events != record.events:
            assert unanchored(one.record, record.run_id, posted), one.what
            cases.add()
    assert passed > 100, "this is the reason for anchors and keys"


@pytest.mark.attack("6", "the end cut off, all else made to fit: found by the audit channel")
@pytest.mark.parametrize("chain", CHAINS)
def test_an_end_that_is_cut_off_whole_is_shown_by_the_channel(chain: str, cases: Cases) -> None:
    """Neither a chain nor its key tells that more came after."""
    record = stored("with a copy", CHAINS[chain])
    posted = lines(record)
    for one in rewritten(record, CHAINS[chain]):
        if "cut off" in one.what:
            assert problems(one.record, CHAINS[chain]) == [], "docs/audit.md says otherwise"
            assert unanchored(one.record, record.run_id, posted), one.what
            cases.add()


@pytest.mark.attack("6", "a chain without a key rewritten whole: found by the audit channel")
def test_a_former_key_that_was_stolen_is_as_good_as_none(cases: Cases) -> None:
    """While it is in the settings; docs/audit.md says so."""
    record, posted = stored("waived", KEYED), lines(stored("waived", KEYED))
    stolen, passed = b"m" * 32, 0
    for one in rewritten(record, Chain([stolen])):
        assert problems(one.record, Chain([KEY]))
        passed += not problems(one.record, Chain([KEY, stolen]))
        assert unanchored(one.record, record.run_id, posted), one.what
        cases.add()
    assert passed > 100


def test_a_history_that_is_gone_altogether_is_missing() -> None:
    record = stored("with a copy", KEYED)
    assert "the run's entry is missing" in problems(Stored(record.run_id, [], None), KEYED)
    assert compare(record.run_id, {}, (), lines(record)).problems
    assert told_of(lines(record)) == {record.run_id}, "also where no table tells of it"


@pytest.mark.attack("6", "each field of each event, order, gaps, ends, copies")
def test_events_of_another_run_are_found(cases: Cases) -> None:
    record, other = stored("with a copy", PLAIN), stored("waived", PLAIN)
    moved = [replace(row, body=row.body.replace(other.run_id, "R-else", 1)) for row in other.events]
    for number in range(len(record.events)):
        mixed = [*record.events[:number], *moved[number : number + 1]]
        mixed += record.events[number + 1 :]
        assert problems(replace(record, events=mixed), PLAIN)
        cases.add()
