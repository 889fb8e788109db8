"""Thousands of mechanical changes of a stored history: each is found, or found by its anchors."""

from __future__ import annotations

import pytest

from bot.audit.channel import compare
from bot.audit.verify import Stored, problems
from bot.store.chain import PLAIN, Chain
from tests.attacks import Cases
from tests.audit.ledger import (
    HISTORIES,
    KEYED,
    lines,
    rewritten,
    stored,
    tamperings,
)

CHAINS = {"plain": PLAIN, "keyed": KEYED}


def unanchored(record: Stored, original: Stored) -> tuple[str, ...]:
    hashes = {row.seq: row.hash for row in record.events}
    return compare(original.run_id, hashes, (), lines(original)).problems


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
    passed = 0
    for one in rewritten(record, PLAIN):
        passed += not problems(one.record, PLAIN)
        if one.record.events != record.events:
            assert unanchored(one.record, record), one.what
            cases.add()
    assert passed > 100, "this is the reason for anchors and keys"


@pytest.mark.attack("6", "the end cut off, all else made to fit: found by the audit channel")
@pytest.mark.parametrize("chain", CHAINS)
def test_an_end_that_is_cut_off_whole_is_shown_by_the_channel(chain: str, cases: Cases) -> None:
    """Neither a chain nor its key tells that more came after."""
    record = stored("with a copy", CHAINS[chain])
    for one in rewritten(record, CHAINS[chain]):
        if "cut off" in one.what:
            assert problems(one.record, CHAINS[chain]) == [], "docs/audit.md says otherwise"
            assert unanchored(one.record, record), one.what
            cases.add()


def test_a_history_that_is_gone_altogether_is_missing() -> None:
    record = stored("with a copy", KEYED)
    assert "the run's entry is missing" in problems(Stored(record.run_id, [], None), KEYED)
    assert compare(record.run_id, {}, (), lines(record)).problems
