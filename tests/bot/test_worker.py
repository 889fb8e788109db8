"""The worker: what an effect's end means, retries, incidents, kills and clean ends."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bot.engine import Engine
from bot.errors import StoreError
from bot.store.base import PostedMessage, QueuedEffect, ScheduledMessage, Transaction
from bot.store.sqlite import SqliteStore
from bot.worker import GIVE_UP_AFTER, TELL_AFTER, Again, Done, Worker
from tests.bot.fakes import FakeClock, Killed, vendor_error
from tests.bot.rig import chained
from tests.workflows import journeys, samples
from tests.workflows.driver import ROLES
from workflows import commands as c
from workflows import events as e
from workflows.effects import Effect, Lane
from workflows.errors import SunsetError
from workflows.text import N_
from workflows.values import Actor

Answer = Done | Again | BaseException
SOON = 5.0


def wait_for(reached: Callable[[], object]) -> None:
    end = time.monotonic() + SOON
    while not reached():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.002)


class Workshop:
    """A worker whose one handler answers what the test says; ``did`` holds what it was given.

    Only what the test itself asked for counts; messages that the rules ask for are done silently.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.did: list[list[QueuedEffect]] = []
        self.asked: set[str] = set()
        self.answers: deque[Answer | Callable[[], Answer]] = deque()
        self.ahead = 0.0
        self.open()

    def open(self) -> None:
        self.store = SqliteStore(self.path)
        self.engine = Engine(
            self.store, FakeClock(samples.START), samples.ACCOUNT.portal_id, wall=self.wall
        )
        kinds = ("take_plan", "count_owners", "card", "prompt", "notice", "audit_line")
        self.worker = Worker(
            self.store, self.engine, dict.fromkeys(kinds, self.handle), wall=self.wall
        )
        self.engine.on_commit(self.worker.wake)

    def reopen(self) -> None:
        """Start a new process on the same file."""
        self.close()
        self.open()
        self.worker.start()

    def close(self) -> None:
        self.worker.stop()
        self.store.close()

    def wall(self) -> float:
        return time.time() + self.ahead

    def handle(self, effects: list[QueuedEffect]) -> Done | Again:
        if effects[0].key not in self.asked:
            return Done()
        self.did.append(effects)
        answer = self.answers.popleft() if self.answers else Done()
        if callable(answer):
            answer = answer()
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def queue(self, kind: str, key: str = "", lane: Lane = "job", due: float = 0.0) -> None:
        asked = [Effect(kind=kind, key=key or kind, lane=lane)]
        self.asked.add(asked[0].key)
        self.store.write(lambda transaction: transaction.add_effects("R1", 1, asked, due))
        self.worker.wake()

    def effect(self, key: str) -> dict[str, Any]:
        """Return the latest effect with this key, as it is stored."""
        with closing(sqlite3.connect(self.path)) as db:
            db.row_factory = sqlite3.Row
            row = db.execute(
                "SELECT * FROM effects WHERE key = ? ORDER BY id DESC LIMIT 1", [key]
            ).fetchone()
        return dict(row)

    def ends(self, key: str, state: str = "done") -> None:
        wait_for(lambda: self.effect(key)["state"] == state)

    def attempts(self, number: int) -> None:
        """Wait until the handler was called so often, and its end was recorded."""
        wait_for(lambda: len(self.did) >= number)
        wait_for(lambda: self.effect(self.did[-1][0].key)["state"] != "leased")

    def hurry(self, key: str) -> None:
        """Let the time come for an effect that waits."""
        self.ahead += max(0.0, self.effect(key)["due"] - self.wall()) + 0.001
        self.worker.wake()

    def events(self) -> list[e.Event]:
        return [item.recorded.event for item in self.store.history("R1")]

    def blocks(self) -> list[e.Blocked]:
        return [event for event in self.events() if isinstance(event, e.Blocked)]

    def retries(self) -> None:
        actor = Actor(kind="person", id="UA")
        command = c.Command(actor=actor, roles=ROLES["UA"], action=c.Retry())
        self.engine.execute("R1", command, "click:retry")


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Workshop]:
    made = Workshop(tmp_path / "sunset.db")
    talk = journeys.to_planning()
    links = chained("R1", talk.history)
    made.store.write(lambda transaction: transaction.append(talk.run, links))
    made.worker.start()
    yield made
    made.close()


# --- ends ----------------------------------------------------------------------------------------


def test_what_was_done_is_recorded_with_its_end(shop: Workshop) -> None:
    card = PostedMessage("card", "C1", "1.1", "d")
    lying = ScheduledMessage("900:UA", "C1", "Q1", 1)
    shop.answers.append(
        Done(
            commands=(c.RecordPlan(plan=samples.plan(samples.START)),),
            messages=(card,),
            scheduled=(lying,),
        )
    )
    shop.queue("take_plan")
    shop.ends("take_plan")
    assert isinstance(shop.events()[-1], e.PlanRecorded)
    assert shop.store.message("R1", "card") == card
    assert shop.store.scheduled("R1", "900:UA") == lying
    shop.answers.append(Done(unscheduled=("900:UA",)))
    shop.queue("count_owners")
    shop.ends("count_owners")
    assert shop.store.scheduled("R1", "900:UA") is None


def test_again_gives_the_memo_back_later(shop: Workshop) -> None:
    shop.answers += [Again(60.0, {"seen": "1"}), Done()]
    shop.queue("take_plan")
    shop.attempts(1)
    assert 55 < shop.effect("take_plan")["due"] - shop.wall() <= 60
    shop.hurry("take_plan")
    shop.ends("take_plan")
    second = shop.did[1][0]
    assert (second.memo, second.attempts, second.lease) == ({"seen": "1"}, 0, 1)


def test_commands_of_again_are_recorded_now(shop: Workshop) -> None:
    blocked = c.RecordBlocked(code="x", problem=N_("It is so."), remedy=N_("Mend it."))
    shop.answers.append(Again(60.0, {}, (blocked,)))
    shop.queue("take_plan")
    shop.attempts(1)
    assert [block.code for block in shop.blocks()] == ["x"]
    assert shop.effect("take_plan")["state"] == "pending"


def test_a_result_that_no_longer_matters_is_dropped(shop: Workshop) -> None:
    shop.answers.append(Done(commands=(c.RecordUndone(job=3, restored=0, left_alone=0),)))
    shop.queue("take_plan")
    shop.ends("take_plan")
    assert len(shop.events()) == 1


def test_a_result_for_a_run_that_is_over_is_dropped(shop: Workshop) -> None:
    def cancelled() -> Answer:
        actor = Actor(kind="person", id="UA")
        cancel = c.Command(actor=actor, roles=ROLES["UA"], action=c.Cancel())
        shop.engine.execute("R1", cancel, "click:cancel")
        return Done(commands=(c.RecordPlan(plan=samples.plan(samples.START)),))

    shop.answers.append(cancelled)
    shop.queue("take_plan")
    shop.ends("take_plan")
    assert isinstance(shop.events()[-1], e.Cancelled)


# --- errors --------------------------------------------------------------------------------------


def test_a_passing_error_is_tried_again_later_and_later(shop: Workshop) -> None:
    shop.answers += [vendor_error("hubspot")] * 6
    shop.queue("take_plan")
    pauses = []
    for number in range(1, 7):
        shop.attempts(number)
        pauses.append(shop.effect("take_plan")["due"] - shop.wall())
        told = [block.code for block in shop.blocks()]
        assert told == (["hubspot_unavailable"] if number >= TELL_AFTER else [])
        shop.hurry("take_plan")
    shop.ends("take_plan")
    assert [effects[0].attempts for effects in shop.did] == list(range(7))
    assert all(0.5 < pause <= 75 for pause in pauses)
    assert pauses[5] > 4 * pauses[0]


def test_a_vendor_that_says_when_is_believed(shop: Workshop) -> None:
    shop.answers.append(vendor_error("hubspot", retry_after=500.0))
    shop.queue("take_plan")
    shop.attempts(1)
    assert 490 < shop.effect("take_plan")["due"] - shop.wall() <= 500


def test_after_a_passing_error_the_memo_is_kept(shop: Workshop) -> None:
    shop.answers += [Again(0.0, {"seen": "1"}), vendor_error("hubspot")]
    shop.queue("take_plan")
    shop.attempts(2)
    shop.hurry("take_plan")
    shop.ends("take_plan")
    assert [(one[0].memo, one[0].attempts) for one in shop.did] == [
        ({}, 0),
        ({"seen": "1"}, 0),
        ({"seen": "1"}, 1),
    ]


@pytest.mark.parametrize("lane", ["thread", "audit", "reminders"])
def test_a_message_that_fails_does_not_block_the_run(shop: Workshop, lane: Lane) -> None:
    shop.answers += [vendor_error("slack")] * (TELL_AFTER + 1)
    shop.queue("card", lane=lane)
    for number in range(1, TELL_AFTER + 2):
        shop.attempts(number)
        shop.hurry("card")
    shop.ends("card")
    assert shop.blocks() == []


def test_a_lasting_error_blocks_until_somebody_retries(shop: Workshop) -> None:
    shop.answers.append(vendor_error("hubspot", "hubspot_unauthorized", retryable=False))
    shop.queue("take_plan")
    shop.ends("take_plan", "failed")
    (block,) = shop.blocks()
    assert (block.code, block.reference) == ("hubspot_unauthorized", "corr-1")
    assert str(block.remedy)
    run = shop.store.run("R1")
    assert run is not None
    assert run.blocked is not None
    shop.retries()
    shop.ends("take_plan")
    assert [effects[0].attempts for effects in shop.did] == [0, 0]


def test_a_refusal_of_ours_blocks_too(shop: Workshop) -> None:
    shop.answers.append(SunsetError("target_inactive", N_("Gone."), N_("Choose another.")))
    shop.queue("take_plan")
    shop.ends("take_plan", "failed")
    assert [block.code for block in shop.blocks()] == ["target_inactive"]


def test_what_nobody_foresaw_is_tried_a_few_times_then_told(shop: Workshop) -> None:
    shop.answers += [ZeroDivisionError("xoxb-secret")] * GIVE_UP_AFTER
    shop.queue("take_plan")
    for number in range(1, GIVE_UP_AFTER):
        shop.attempts(number)
        shop.hurry("take_plan")
    shop.ends("take_plan", "failed")
    (block,) = shop.blocks()
    assert block.code == "incident"
    assert len(block.reference) == 8
    assert block.reference in str(block.problem)
    assert "secret" not in str(block)


def test_an_effect_of_a_newer_version_is_told(shop: Workshop) -> None:
    shop.queue("brew_coffee")
    shop.ends("brew_coffee", "failed")
    assert [block.code for block in shop.blocks()] == ["effect_unknown"]


def test_the_same_block_is_told_once(shop: Workshop) -> None:
    shop.answers += [vendor_error("hubspot")] * (TELL_AFTER + 3)
    shop.queue("take_plan")
    for number in range(1, TELL_AFTER + 4):
        shop.attempts(number)
        shop.hurry("take_plan")
    shop.ends("take_plan")
    assert len(shop.blocks()) == 1


# --- together and apart --------------------------------------------------------------------------


def test_effects_that_were_leased_together_end_together(shop: Workshop) -> None:
    shop.worker.stop()
    for number in range(5):
        shop.queue("audit_line", f"audit:{number}", "audit")
    shop.answers += [vendor_error("slack"), Done()]
    shop.reopen()
    shop.attempts(1)
    assert [len(one) for one in shop.did] == [5]
    assert {shop.effect(f"audit:{number}")["attempts"] for number in range(5)} == {1}
    shop.hurry("audit:0")
    shop.ends("audit:4")
    assert [len(one) for one in shop.did] == [5, 5]


def test_one_lane_goes_one_by_one_and_lanes_side_by_side(shop: Workshop) -> None:
    gate = threading.Event()
    under_way: list[str] = []

    def slow() -> Answer:
        under_way.append("x")
        gate.wait(SOON)
        return Done()

    shop.answers += [slow] * 4
    shop.queue("card", lane="thread")
    shop.queue("notice", lane="thread")
    shop.queue("take_plan")
    shop.queue("count_owners")
    wait_for(lambda: len(under_way) == 3)
    time.sleep(0.05)
    assert sorted(one[0].key for one in shop.did) == ["card", "count_owners", "take_plan"]
    gate.set()
    shop.ends("notice")


def test_a_waiting_queue_is_not_asked_for_all_the_time(shop: Workshop) -> None:
    looks: list[float] = []
    lease = shop.store.write

    def counting(function: Callable[[Transaction], Any]) -> Any:
        looks.append(time.monotonic())
        return lease(function)

    shop.answers.append(vendor_error("slack", retry_after=600.0))
    shop.queue("card", lane="thread")
    shop.attempts(1)
    shop.queue("notice", lane="thread")
    time.sleep(0.1)
    shop.store.write = counting  # type: ignore[method-assign]
    time.sleep(0.5)
    assert len(looks) <= 3, "what waits behind another costs nothing"


# --- storage that fails --------------------------------------------------------------------------


def test_an_end_that_could_not_be_recorded_is_looked_up_again(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = shop.store.write

    def lost() -> Answer:
        monkeypatch.setattr(shop.store, "write", failing)
        return Done()

    def failing(function: Callable[[Transaction], Any]) -> Any:
        if not threading.current_thread().name.startswith("effect"):
            return write(function)
        monkeypatch.undo()
        raise StoreError("store_unavailable", N_("Locked."), N_("Wait."))

    shop.answers.append(lost)
    shop.queue("take_plan")
    wait_for(lambda: shop.did)
    end = time.monotonic() + 3
    while len(shop.did) < 2 and time.monotonic() < end:
        shop.ahead += 30
        shop.worker.wake()
        time.sleep(0.02)
    assert len(shop.did) == 2, "the effect is lost until the next start"
    assert shop.did[1][0].attempts == 1
    shop.ends("take_plan")


def test_the_worker_outlives_a_database_that_is_away(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(function: Callable[[Transaction], Any]) -> Any:
        raise StoreError("store_unavailable", N_("Locked."), N_("Wait."))

    monkeypatch.setattr(shop.store, "write", failing)
    shop.worker.wake()
    time.sleep(0.05)
    monkeypatch.undo()
    shop.queue("take_plan")
    shop.ends("take_plan")


# --- ends of the process -------------------------------------------------------------------------


def test_what_was_under_way_when_the_process_died_is_tried_again(shop: Workshop) -> None:
    shop.answers.append(Killed())
    shop.queue("take_plan")
    wait_for(lambda: shop.did)
    assert shop.effect("take_plan")["state"] == "leased"
    shop.reopen()
    shop.ends("take_plan")
    assert [effects[0].attempts for effects in shop.did] == [0, 1]


def test_a_result_that_was_not_recorded_is_recorded_once(shop: Workshop) -> None:
    plan = c.RecordPlan(plan=samples.plan(samples.START))
    shop.answers += [Killed(), Done(commands=(plan,))]
    shop.queue("take_plan")
    wait_for(lambda: shop.did)
    shop.reopen()
    shop.ends("take_plan")
    assert [event.type for event in shop.events()] == ["run_started", "plan_recorded"]  # type: ignore[attr-defined]


def test_a_clean_stop_lets_what_is_under_way_finish(shop: Workshop) -> None:
    begun, gate = threading.Event(), threading.Event()

    def slow() -> Answer:
        begun.set()
        gate.wait(SOON)
        return Done()

    shop.answers.append(slow)
    shop.queue("take_plan")
    assert begun.wait(SOON)
    stopping = threading.Thread(target=shop.worker.stop)
    stopping.start()
    wait_for(lambda: shop.worker.stopping)
    shop.queue("count_owners")
    gate.set()
    stopping.join(SOON)
    assert not stopping.is_alive()
    assert shop.effect("take_plan")["state"] == "done"
    assert shop.effect("count_owners")["state"] == "pending"
    with closing(sqlite3.connect(shop.path)) as db:
        assert db.execute("SELECT count(*) FROM effects WHERE state = 'leased'").fetchone() == (0,)


def test_idle_means_that_nothing_is_due(shop: Workshop) -> None:
    gate = threading.Event()

    def slow() -> Answer:
        gate.wait(SOON)
        return Again(600.0)

    shop.answers.append(slow)
    shop.queue("take_plan")
    wait_for(lambda: shop.did)
    assert not shop.worker.idle()
    gate.set()
    wait_for(shop.worker.idle)
