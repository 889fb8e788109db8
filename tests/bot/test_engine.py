"""The engine: one transaction for delivery, events, effects and timers."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bot.engine import Engine
from bot.errors import StoreError
from bot.store.base import Link
from tests.bot.desk import Desk
from tests.bot.rig import chained
from tests.bot.store_contract import lease, settle
from tests.workflows import journeys, samples
from workflows import commands as c
from workflows import events as e
from workflows.errors import Refused
from workflows.evolve import fold
from workflows.rules.approval import shown
from workflows.states import State


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path / "sunset.db")
    yield made
    made.store.close()


# --- commands ------------------------------------------------------------------------------------


def test_a_command_is_recorded_with_everything_that_follows(desk: Desk) -> None:
    woken: list[int] = []
    desk.engine.on_commit(lambda: woken.append(1))
    run = desk.starts()
    assert run.state is State.PLANNING
    assert run == desk.run == desk.engine.active_run()
    assert [run] == desk.engine.runs()
    assert desk.rows("SELECT key, run_id, first, last FROM deliveries") == [("start", "R1", 1, 1)]
    assert desk.rows("SELECT key, due FROM effects ORDER BY id") == [
        ("audit:1", 100.0),
        ("card", 100.0),
        ("prompt:1", 100.0),
        ("take_plan", 100.0),
    ]
    assert woken


def test_the_same_delivery_twice_happens_once(desk: Desk) -> None:
    talk = journeys.to_approval()
    desk.adopt(talk)
    approve = desk.command("UC", c.Approve(shown=shown(talk.run)), talk.run.prompt_version)
    first = desk.engine.execute("R1", approve, "click:1")
    before = desk.tables()
    second = desk.engine.execute("R1", approve, "click:1")
    assert (first.repeated, len(first.events)) == (False, 1)
    assert (second.repeated, second.events) == (True, ())
    assert second.run == first.run
    assert desk.tables() == before


def test_a_repeated_delivery_is_recognised_after_a_restart(desk: Desk) -> None:
    desk.starts()
    desk.store.close()
    again = Desk(desk.path)
    outcome = again.engine.execute("R1", again.command("UA", c.Freeze(), None), "start")
    assert (outcome.repeated, outcome.run.version) == (True, 1)
    again.store.close()


def test_the_same_delivery_from_two_threads_happens_once(desk: Desk) -> None:
    talk = journeys.to_approval()
    desk.adopt(talk)
    approve = desk.command("UC", c.Approve(shown=shown(talk.run)), talk.run.prompt_version)
    with ThreadPoolExecutor(8) as pool:
        futures = [pool.submit(desk.engine.execute, "R1", approve, "click:1") for _ in range(8)]
    outcomes = [future.result() for future in futures]
    assert sorted(outcome.repeated for outcome in outcomes) == [False] + [True] * 7
    assert desk.run.votes.keys() == {"UC"}


def test_two_votes_at_once_both_count(desk: Desk) -> None:
    talk = journeys.to_approval()
    desk.adopt(talk)
    barrier = threading.Barrier(3)

    def vote(who: str) -> str:
        command = desk.command(who, c.Approve(shown=shown(talk.run)), talk.run.prompt_version)
        barrier.wait()
        try:
            return desk.engine.execute("R1", command, f"click:{who}").run.state.value
        except Refused as refused:
            return refused.code

    with ThreadPoolExecutor(3) as pool:
        answers = sorted(pool.map(vote, ("UC", "UD", "UE")))
    assert answers == ["awaiting_approval", "disconnecting", "stale_prompt"]
    (passed,) = [
        one for one in desk.store.history("R1") if one.recorded.event.type == "gate_passed"
    ]
    assert isinstance(passed.recorded.event, e.GatePassed)
    assert len(passed.recorded.event.approvers) == 2
    assert desk.store.problems("R1") == []


def test_a_refused_command_leaves_nothing(desk: Desk) -> None:
    talk = journeys.to_approval()
    desk.adopt(talk)
    before = desk.tables()
    with pytest.raises(Refused):
        desk.engine.execute(
            "R1",
            desk.command("UA", c.Approve(shown=shown(talk.run)), talk.run.prompt_version),
            "click:1",
        )
    with pytest.raises(Refused):
        desk.engine.execute("R9", desk.command("UA", c.Freeze(), None), "click:2")
    assert desk.tables() == before


def test_of_two_starts_one_is_refused(desk: Desk) -> None:
    def start(run_id: str) -> str:
        try:
            return desk.starts(run_id, f"start:{run_id}").state.value
        except Refused as refused:
            return refused.code

    with ThreadPoolExecutor(4) as pool:
        answers = sorted(pool.map(start, ("R1", "R2", "R3", "R4")))
    assert answers == ["planning", "run_active", "run_active", "run_active"]
    (run,) = desk.engine.runs()
    assert desk.rows("SELECT run_id FROM deliveries") == [(run.id,)]
    assert {row[0] for row in desk.rows("SELECT run_id FROM effects")} == {run.id}


class LostCommits(sqlite3.Connection):
    """The disk fails when a transaction is to be made durable."""

    lost = False

    def execute(self, sql: str, *more: object) -> sqlite3.Cursor:
        if self.lost and sql == "COMMIT":
            raise sqlite3.OperationalError("database or disk is full")
        return super().execute(sql, *more)  # type: ignore[arg-type]


def test_a_lost_commit_records_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connect: Callable[..., sqlite3.Connection] = sqlite3.connect
    monkeypatch.setattr(
        sqlite3, "connect", lambda *given, **more: connect(*given, factory=LostCommits, **more)
    )
    desk = Desk(tmp_path / "sunset.db")
    talk = journeys.to_approval()
    desk.adopt(talk)
    approve = desk.command("UC", c.Approve(shown=shown(talk.run)), talk.run.prompt_version)
    before = desk.tables()
    monkeypatch.setattr(LostCommits, "lost", True)
    with pytest.raises(StoreError) as caught:
        desk.engine.execute("R1", approve, "click:1")
    assert "nothing was recorded" in str(caught.value.problem)
    assert desk.tables() == before
    assert desk.run == talk.run
    monkeypatch.setattr(LostCommits, "lost", False)
    outcome = desk.engine.execute("R1", approve, "click:1")
    assert (outcome.repeated, list(outcome.run.votes)) == (False, ["UC"])
    desk.store.close()


class Counting(sqlite3.Connection):
    """Counts what is made durable."""

    commits = 0

    def execute(self, sql: str, *more: object) -> sqlite3.Cursor:
        Counting.commits += sql == "COMMIT"
        return super().execute(sql, *more)  # type: ignore[arg-type]


def test_fifty_people_clicking_share_commits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect: Callable[..., sqlite3.Connection] = sqlite3.connect
    monkeypatch.setattr(
        sqlite3, "connect", lambda *given, **more: connect(*given, factory=Counting, **more)
    )
    desk = Desk(tmp_path / "sunset.db")
    desk.adopt(journeys.to_mapping())
    holding, go = threading.Event(), threading.Event()

    def hold_on(_: object) -> None:
        holding.set()
        go.wait(10)

    hold = threading.Thread(target=lambda: desk.store.write(hold_on))
    hold.start()
    assert holding.wait(5)
    version = desk.run.prompt_version

    def click(number: int) -> int:
        target = samples.HELEN if number % 2 else samples.HUGO
        action = c.MapOwner(owner_id=samples.SAM.id, target=target)
        command = desk.command("UA", action, version)
        return desk.engine.execute("R1", command, f"click:{number}").run.version

    with ThreadPoolExecutor(50) as pool:
        clicks = [pool.submit(click, number) for number in range(50)]
        while desk.store._writer._queue.qsize() < 50:
            pass
        Counting.commits = 0
        go.set()
        for one in clicks:
            one.result(10)
    hold.join()
    assert Counting.commits <= 3
    (deliveries,) = desk.rows("SELECT count(*) FROM deliveries")
    assert deliveries == (50,)
    assert desk.store.problems("R1") == []
    desk.store.close()


def test_many_refreshes_of_one_message_become_few(desk: Desk) -> None:
    """Each vote changes the card and the prompt; the rest is due at once."""
    now = 100.0
    engine = Engine(
        desk.store, desk.clock, samples.ACCOUNT.portal_id, wall=lambda: now, refresh_pause=2.0
    )
    talk = journeys.to_mapping()
    desk.adopt(talk)

    def maps(number: int) -> None:
        target = samples.HELEN if number % 2 else samples.HUGO
        action = c.MapOwner(owner_id=samples.SUE.id, target=target)
        command = desk.command("UA", action, talk.run.prompt_version)
        engine.execute("R1", command, f"click:{number}")

    def due() -> dict[object, object]:
        settled = desk.rows("SELECT key, due FROM effects WHERE state = 'pending'")
        return {key: at for key, at in settled if not str(key).startswith("audit")}

    prompt = f"prompt:{talk.run.prompt_version}"
    maps(0)
    assert due() == {"card": 100.0, prompt: 100.0}
    while leased := lease(desk.store, 100.0):
        settle(desk.store, *leased)
    maps(1)
    maps(2)
    assert due()["card"] == 102.0
    assert {at for _, at in desk.rows("SELECT seq, due FROM effects WHERE lane = 'audit'")} == {
        100.0
    }
    now = 103.0
    maps(3)
    assert due()["card"] == 102.0, "asking again delays nothing"


# --- looking -------------------------------------------------------------------------------------


def test_the_audit_is_the_history_with_its_hashes(desk: Desk) -> None:
    talk = journeys.to_window()
    desk.adopt(talk)
    entries = desk.engine.audit("R1")
    links: list[Link] = chained("R1", talk.history)
    assert [(one.recorded, one.hash) for one in entries] == [
        (one.recorded, one.hash) for one in links
    ]
    assert fold(one.recorded for one in entries) == desk.run
    assert desk.engine.audit_problems("R1") == []
    assert desk.engine.progress("R1") is None
    assert desk.engine.message_link("R1") is None
