"""The chain: plain or keyed, and what a missing key does."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bot.audit.verify import problems, verdict
from bot.engine import Engine
from bot.errors import SettingsError
from bot.store.chain import PLAIN, Chain, KeyMissing, fingerprint, parse_strictly
from bot.store.sqlite import SqliteStore
from tests.audit.ledger import KEY, KEYED, stored
from tests.bot.faults import FakeClock
from tests.bot.rig import settings
from tests.workflows import samples
from workflows import commands as c
from workflows.rules.approval import CONFIRMATIONS
from workflows.run import Run
from workflows.values import Actor, Reason, Role


def begin(store: SqliteStore) -> Run:
    engine = Engine(store, FakeClock(samples.START), samples.ACCOUNT.portal_id)
    return engine.execute("R1", starting(), "start").run


def starting() -> c.Command:
    start = c.StartRun(
        run_id="R1",
        account=samples.ACCOUNT,
        reason=Reason.OTHER,
        confirmed=frozenset(CONFIRMATIONS),
        eligible_approvers=("UC", "UD"),
    )
    return c.Command(actor=Actor(kind="person", id="UA"), roles=frozenset(Role), action=start)


def freeze(store: SqliteStore, key: str) -> None:
    engine = Engine(store, FakeClock(samples.START), samples.ACCOUNT.portal_id)
    command = c.Command(
        actor=Actor(kind="person", id="UA"), roles=frozenset(Role), action=c.Freeze(reason="")
    )
    engine.execute("R1", command, key)


def test_a_run_keeps_the_key_it_was_begun_with(tmp_path: Path) -> None:
    path = tmp_path / "sunset.db"
    store = SqliteStore(path, KEYED)
    begin(store)
    store.close()
    later = SqliteStore(path, Chain([b"n" * 32, KEY]))
    freeze(later, "a")
    assert later.problems("R1") == []
    assert later.history("R1")[-1].hash.endswith(fingerprint(KEY))
    later.close()


def test_without_its_key_nothing_is_added_and_nothing_called_intact(tmp_path: Path) -> None:
    path = tmp_path / "sunset.db"
    store = SqliteStore(path, KEYED)
    begin(store)
    store.close()
    for chain in (PLAIN, Chain([b"n" * 32])):
        other = SqliteStore(path, chain)
        before = len(other.history("R1"))
        with pytest.raises(KeyMissing):
            freeze(other, "b")
        assert len(other.history("R1")) == before
        (problem,) = other.problems("R1")
        assert problem.startswith("cannot be checked")
        assert fingerprint(KEY) in problem
        assert verdict([problem]) == "unchecked"
        with pytest.raises(KeyMissing):
            other.require_keys()
        other.close()
    with closing(SqliteStore(path, KEYED)) as store:
        store.require_keys()


def test_a_plain_run_goes_on_plainly_and_is_told(tmp_path: Path) -> None:
    path = tmp_path / "sunset.db"
    store = SqliteStore(path)
    begin(store)
    store.close()
    keyed = SqliteStore(path, KEYED)
    freeze(keyed, "c")
    (problem,) = keyed.problems("R1")
    assert problem == "cannot be checked: the chain was made without a key, though one is set"
    keyed.close()
    assert SqliteStore(path).problems("R1") == []


def test_what_is_not_even_text_is_named(tmp_path: Path) -> None:
    path = tmp_path / "sunset.db"
    with closing(SqliteStore(path)) as store:
        begin(store)
    alter(path, "UPDATE events SET body = CAST(x'7bff7d' AS TEXT)")
    alter(path, "UPDATE runs SET account = CAST(x'ff' AS TEXT)")
    with closing(SqliteStore(path)) as store:
        told = ["event 1 is not what was recorded", "event 1 cannot be read"]
        assert store.problems("R1") == told
        assert store.mentioned() == ["R1"]


@pytest.mark.parametrize("left", ["deliveries", "effects", "timers"])
def test_a_run_of_which_little_is_left_is_not_overlooked(tmp_path: Path, left: str) -> None:
    path = tmp_path / "sunset.db"
    with closing(SqliteStore(path)) as store:
        begin(store)
    alter(path, "INSERT INTO timers (run_id, kind, due) VALUES ('R1', 'any', '2026')")
    for table in {"events", "runs", "deliveries", "effects", "timers"} - {left}:
        column = "id" if table == "runs" else "run_id"
        alter(path, f"DELETE FROM {table} WHERE {column} = 'R1'")  # noqa: S608 - fixed names
    with closing(SqliteStore(path)) as store:
        assert store.run_ids() == []
        assert store.mentioned() == ["R1"]
        assert "the run's entry is missing" in store.problems("R1")


def alter(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DROP TRIGGER IF EXISTS events_are_final")
        connection.execute("DROP TRIGGER IF EXISTS events_stay")
        connection.execute(statement)


def test_the_settings_give_the_keys(tmp_path: Path) -> None:
    told = settings(
        tmp_path / "s.db",
        sunset_audit_key="ab" * 32,
        sunset_audit_former_keys=f"{'cd' * 32}, {'ef' * 32}",
    )
    assert told.audit_keys == (b"\xab" * 32, b"\xcd" * 32, b"\xef" * 32)
    assert settings(tmp_path / "s.db").audit_keys == ()


@pytest.mark.parametrize("key", ["short", "zz" * 32, "ab" * 31, "ab" * 65, "ab" * 32 + ",x"])
def test_what_is_no_key_is_refused_and_not_shown(tmp_path: Path, key: str) -> None:
    with pytest.raises(SettingsError) as refused:
        settings(tmp_path / "s.db", sunset_audit_key=key)
    told = f"{refused.value.problem} {refused.value.remedy}"
    assert "SUNSET_AUDIT_KEY" in str(refused.value)
    assert key not in told


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        '{"run":"R1"}',
        "[" * 5_000,
        '{"run":NaN}',
        '{"run":1e3}',
        '{"run":9007199254740992}',
        '{"run":' + "9" * 5_000 + "}",
        '{"run":"\\ud800"}',
        '{"run":"R1","run":"R1"}',
    ],
)
def test_what_is_no_event_is_refused(text: str) -> None:
    with pytest.raises((ValueError, RecursionError)):
        parse_strictly(text)


def test_an_event_reads_back() -> None:
    for row in stored("with a copy", PLAIN).events:
        assert parse_strictly(row.body)[1].seq == row.seq
    assert problems(stored("with a copy", PLAIN), PLAIN) == []
