"""The engine: one transaction for delivery, events, effects and timers; late and early timers."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from bot.engine import Engine
from bot.errors import StoreError
from bot.store.base import Link
from bot.store.sqlite import SqliteStore
from tests.bot.faults import FakeClock
from tests.bot.rig import chained
from tests.workflows import journeys, samples
from tests.workflows.driver import START_QUESTIONS, Conversation
from tests.workflows.people import APPROVERS, ROLES
from workflows import commands as c
from workflows import events as e
from workflows.errors import Refused
from workflows.evolve import fold
from workflows.run import Run
from workflows.states import State
from workflows.timers import timers
from workflows.values import Actor, Policy, Reason


class Desk:
    """An engine on a database, without a worker."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.clock = FakeClock(samples.START)
        self.store = SqliteStore(path)
        self.engine = Engine(self.store, self.clock, samples.ACCOUNT.portal_id, wall=lambda: 100.0)

    def adopt(self, talk: Conversation) -> None:
        self.clock.time = talk.now
        links = chained("R1", talk.history)
        self.store.write(lambda transaction: transaction.append(talk.run, links))
        wanted = timers(talk.run)
        self.store.write(lambda transaction: transaction.set_timers("R1", wanted))

    def starts(self, run_id: str = "R1", key: str = "start", who: str = "UA") -> Run:
        action = c.StartRun(
            run_id=run_id,
            account=samples.ACCOUNT,
            reason=Reason.LEAVING_SALESFORCE,
            confirmed=START_QUESTIONS,
            eligible_approvers=APPROVERS,
            policy=Policy(quorum=2),
        )
        return self.engine.execute(run_id, self.command(who, action, None), key).run

    def command(self, who: str, action: c.Action, version: int | None) -> c.Command:
        actor = Actor(kind="person", id=who)
        return c.Command(actor=actor, roles=ROLES[who], version=version, action=action)

    @property
    def run(self) -> Run:
        run = self.engine.run("R1")
        assert run is not None
        return run

    def rows(self, query: str) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(self.path)) as db:
            return db.execute(query).fetchall()

    def tables(self) -> dict[str, list[tuple[object, ...]]]:
        names = ("events", "runs", "deliveries", "effects", "timers")
        return {name: self.rows(f"SELECT * FROM {name} ORDER BY 1, 2") for name in names}  # noqa: S608


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
    approve = desk.command("UC", c.Approve(), talk.run.prompt_version)
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
    approve = desk.command("UC", c.Approve(), talk.run.prompt_version)
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
        command = desk.command(who, c.Approve(), talk.run.prompt_version)
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
            "R1", desk.command("UA", c.Approve(), talk.run.prompt_version), "click:1"
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
    approve = desk.command("UC", c.Approve(), talk.run.prompt_version)
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


# --- timers --------------------------------------------------------------------------------------


def kinds(desk: Desk, since: int) -> list[str]:
    return [one.recorded.event.type for one in desk.store.history("R1")[since:]]


@pytest.fixture
def window(desk: Desk) -> Conversation:
    talk = journeys.to_window()
    desk.adopt(talk)
    return talk


def left(talk: Conversation, hours: float) -> timedelta:
    """Return how long it is until so many hours before the deadline."""
    assert talk.run.deadline is not None
    return talk.run.deadline - timedelta(hours=hours) - talk.now


def test_a_timer_fires_when_it_is_due_and_once(desk: Desk, window: Conversation) -> None:
    since = window.run.version
    desk.clock.time += left(window, 24) - timedelta(seconds=1)
    assert desk.engine.fire_due_timers() == 0
    desk.clock.time += timedelta(seconds=1)
    assert desk.engine.fire_due_timers() == 1
    assert desk.engine.fire_due_timers() == 0
    assert kinds(desk, since) == ["reminder_due"]
    assert desk.run.reminders_done == {24 * 3600}


def test_several_at_once_become_one_notice(desk: Desk, window: Conversation) -> None:
    since = window.run.version
    desk.clock.time += left(window, 3)
    assert desk.engine.fire_due_timers() == 3
    assert kinds(desk, since) == ["reminders_missed"]
    assert desk.engine.fire_due_timers() == 0


def test_the_latest_of_several_is_still_on_time(desk: Desk, window: Conversation) -> None:
    since = window.run.version
    desk.clock.time += left(window, 4) + timedelta(minutes=5)
    desk.engine.fire_due_timers()
    assert kinds(desk, since) == ["reminders_missed", "reminder_due"]


def test_a_clock_that_goes_back_fires_nothing_again(desk: Desk, window: Conversation) -> None:
    since = window.run.version
    desk.clock.time += left(window, 24)
    desk.engine.fire_due_timers()
    desk.clock.time -= timedelta(hours=10)
    assert desk.engine.fire_due_timers() == 0
    desk.clock.time += timedelta(hours=10)
    assert desk.engine.fire_due_timers() == 0
    assert kinds(desk, since) == ["reminder_due"]


def test_after_a_long_sleep_the_window_has_ended(desk: Desk, window: Conversation) -> None:
    since = window.run.version
    desk.clock.time += timedelta(days=9)
    desk.engine.fire_due_timers()
    assert kinds(desk, since) == ["reminders_missed", "window_ended", "run_completed"]
    assert desk.engine.active_run() is None
    assert desk.rows("SELECT count(*) FROM timers WHERE state = 'set'") == [(0,)]


def test_timers_fire_once_for_many_threads(desk: Desk, window: Conversation) -> None:
    desk.clock.time += left(window, 12)
    with ThreadPoolExecutor(8) as pool:
        fired = [pool.submit(desk.engine.fire_due_timers) for _ in range(8)]
    assert sum(one.result() for one in fired) == 2
    assert desk.run.reminders_done == {24 * 3600, 12 * 3600}


def test_what_is_answered_in_time_does_not_lapse(desk: Desk) -> None:
    talk = journeys.to_approval()
    desk.adopt(talk)
    version = talk.run.prompt_version
    for who in ("UC", "UD"):
        desk.engine.execute("R1", desk.command(who, c.Approve(), version), f"click:{who}")
    desk.clock.time += timedelta(days=3)
    assert desk.engine.fire_due_timers() == 0
    assert desk.run.state is State.DISCONNECTING


def test_approvals_lapse(desk: Desk) -> None:
    talk = journeys.to_approval()
    desk.adopt(talk)
    desk.clock.time += timedelta(hours=24)
    assert desk.engine.fire_due_timers() == 1
    assert desk.run.state is State.EXPIRED


def test_timers_fire_after_a_restart(desk: Desk, window: Conversation) -> None:
    desk.clock.time += left(window, 24)
    desk.store.close()
    again = Desk(desk.path)
    again.clock.time = desk.clock.time
    assert again.engine.fire_due_timers() == 1
    assert again.run.reminders_done == {24 * 3600}
    again.store.close()


# --- looking -------------------------------------------------------------------------------------


def test_the_audit_is_the_history_with_its_hashes(desk: Desk, window: Conversation) -> None:
    entries = desk.engine.audit("R1")
    links: list[Link] = chained("R1", window.history)
    assert [(one.recorded, one.hash) for one in entries] == [
        (one.recorded, one.hash) for one in links
    ]
    assert fold(one.recorded for one in entries) == desk.run
    assert desk.engine.audit_problems("R1") == []
    assert desk.engine.progress("R1") is None
    assert desk.engine.message_link("R1") is None
