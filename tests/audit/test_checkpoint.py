"""Checkpoints: once a day to each approver, whatever happens in between."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.audit.checkpoint import Checkpoints
from bot.store.chain import Chain
from tests.bot.fakes import Shown
from tests.bot.faults import Killed
from tests.bot.rig import Rig
from tests.workflows import journeys
from workflows import commands as c

DAY = timedelta(days=1)


class Post:
    """A rig with a run that waits for its approvals, and its checkpoints."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        rig.adopt(journeys.to_disconnecting())
        rig.settle()
        self.open()

    def open(self) -> None:
        """Begin as after a start of the program."""
        rig = self.rig
        self.checkpoints = Checkpoints(rig.store, rig.slack, rig.clock, rig.context.translator)

    @property
    def people(self) -> tuple[str, ...]:
        run = self.rig.run
        return run.approvers or run.eligible_approvers

    @property
    def sent(self) -> list[Shown]:
        return self.rig.slack.shown_with(":checkpoint:")

    def later(self, by: timedelta) -> None:
        self.rig.clock.time += by
        self.checkpoints.look()


@pytest.fixture
def post(tmp_path: Path) -> Iterator[Post]:
    rig = Rig(tmp_path)
    yield Post(rig)
    rig.stop()


def test_once_a_day_to_each_approver(post: Post) -> None:
    post.checkpoints.look()
    assert post.sent == [], "not on the first day"
    post.later(DAY)
    post.later(timedelta(minutes=1))
    assert [one.channel for one in post.sent] == [f"D{person}" for person in post.people]
    last = post.rig.store.history(post.rig.run_id)[-1]
    assert f"*#{last.recorded.seq}*" in post.sent[0].text
    assert last.hash in post.sent[0].text
    post.later(DAY)
    assert len(post.sent) == 2 * len(post.people)


def test_three_days_asleep_are_one_checkpoint(post: Post) -> None:
    post.later(3 * DAY + timedelta(hours=1))
    assert len(post.sent) == len(post.people)


def test_a_lost_answer_is_looked_up(post: Post) -> None:
    post.rig.slack.fail("post", unknown=True, applied=True)
    post.later(DAY)
    post.checkpoints.look()
    assert len(post.sent) == len(post.people)


def test_what_was_not_sent_is_sent_at_the_next_look(post: Post) -> None:
    post.rig.slack.fail("post")
    post.later(DAY)
    assert len(post.sent) == len(post.people) - 1
    post.checkpoints.look()
    assert len(post.sent) == len(post.people)


@pytest.mark.attack("2", "killed while a checkpoint is sent")
@pytest.mark.parametrize("applied", [False, True])
def test_killed_while_it_is_sent(post: Post, applied: bool) -> None:
    post.rig.slack.kill("post", applied=applied)
    with pytest.raises(Killed):
        post.later(DAY)
    post.rig.restart()
    post.open()
    post.checkpoints.look()
    assert sorted(one.channel for one in post.sent) == sorted(f"D{one}" for one in post.people)


def test_who_cannot_be_written_to_is_asked_once_and_the_others_get_theirs(post: Post) -> None:
    post.rig.slack.fail("direct", retryable=False)
    post.later(DAY)
    post.checkpoints.look()
    assert len(post.sent) == len(post.people) - 1


def test_without_the_right_to_look_it_is_sent_again(post: Post) -> None:
    post.rig.slack.fail("post", unknown=True, applied=True)
    post.rig.slack.fail("history", retryable=False, missing="im:history")
    post.later(DAY)
    post.checkpoints.look()
    assert len(post.sent) == len(post.people) + 1, "two are better than none"


def test_a_frozen_run_waits(post: Post) -> None:
    post.rig.does("UA", c.Freeze(reason=""))
    post.later(DAY)
    assert post.sent == []


def test_one_more_at_the_end(post: Post) -> None:
    post.rig.does("UA", c.Cancel(reason=""))
    post.checkpoints.look()
    post.later(DAY)
    assert len(post.sent) == len(post.people)
    post.later(30 * DAY)
    post.open()
    post.checkpoints.look()
    assert len(post.sent) == len(post.people)


def test_with_a_key_its_fingerprint_is_in_the_hash(tmp_path: Path) -> None:
    rig = Rig(tmp_path, sunset_audit_key="ab" * 32)
    try:
        chain = Chain(rig.settings.audit_keys)
        assert chain.keyed
        assert chain.genesis.partition(".")[2]
    finally:
        rig.stop()
