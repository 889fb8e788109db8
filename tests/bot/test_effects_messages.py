"""Messages: each is posted once, whatever happens in between; audit lines are complete."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.bot.rig import AUDIT, CHANNEL, Rig
from tests.workflows import journeys, samples
from tests.workflows.people import ROLES
from workflows import commands as c
from workflows import events as e
from workflows.effects import Effect
from workflows.rules.approval import shown
from workflows.text import N_
from workflows.values import Reason


def shown_events(rig: Rig) -> list[int]:
    """Return the numbers of the events that the audit channel shows, in order."""
    return [
        int(number)
        for one in rig.slack.shown
        if one.channel == AUDIT
        for number in one.payload["events"].split(",")
    ]


def starts(rig: Rig) -> None:
    rig.does(
        "UA",
        c.StartRun(
            run_id="R1",
            account=samples.ACCOUNT,
            reason=Reason.LEAVING_SALESFORCE,
            confirmed=frozenset({"P0a", "P0b", "P0c"}),
            eligible_approvers=("UC", "UD", "UE"),
        ),
    )


def test_a_run_lives_in_one_thread(rig: Rig) -> None:
    starts(rig)
    rig.settle()
    card = rig.slack.one("R1:card")
    assert (card.channel, card.thread_ts) == (CHANNEL, None)
    replies = [one for one in rig.slack.shown if one.channel == CHANNEL and one is not card]
    assert replies
    assert {one.thread_ts for one in replies} == {card.ts}
    prompt = rig.slack.one(f"prompt:{rig.run.prompt_version}")
    assert "approve" in prompt.actions
    assert shown_events(rig) == list(range(1, rig.run.version + 1))
    assert rig.effects("pending", "leased", "failed") == []


def test_what_was_answered_is_closed_in_place(rig: Rig) -> None:
    rig.adopt(journeys.to_approval())
    rig.settle()
    asked = rig.slack.one("prompt:2")
    assert "approve" in asked.actions
    rig.does("UC", c.Approve(shown=shown(rig.run)))
    rig.settle()
    assert asked.updates == 1, "the votes are shown"
    rig.does("UD", c.Approve(shown=shown(rig.run)))
    rig.settle()
    assert asked.actions == []
    assert rig.slack.one(f"prompt:{rig.run.prompt_version}").actions
    assert len({one.ts for one in rig.slack.shown}) == len(rig.slack.shown)


def test_the_card_is_kept_up_to_date_in_place(rig: Rig) -> None:
    rig.adopt(journeys.to_approval())
    rig.settle()
    card = rig.slack.one("R1:card")
    before = card.text, card.blocks
    rig.does("UA", c.HandOver(to="UB", to_roles=ROLES["UB"]))
    rig.settle()
    assert (card.text, card.blocks) != before
    assert len(rig.slack.keyed("R1:card")) == 1
    assert len(rig.slack.keyed("notice:3")) == 1


def test_what_shows_the_same_is_not_sent_again(rig: Rig) -> None:
    rig.adopt(journeys.to_approval())
    rig.settle()
    before = rig.slack.count("update")
    rig.ask(
        Effect(kind="card", key="card", lane="thread"),
        Effect(kind="prompt", key="prompt:2", lane="thread", data={"version": 2}),
    )
    rig.settle()
    assert rig.slack.count("update") == before


def test_a_prompt_of_the_past_is_not_posted(rig: Rig) -> None:
    rig.adopt(journeys.to_approval())
    rig.settle()
    rig.ask(Effect(kind="prompt", key="prompt:1", lane="thread", data={"version": 1}))
    rig.settle()
    assert rig.slack.keyed("prompt:1") == []


# --- kills and lost answers ----------------------------------------------------------------------

POSTS = ("R1:card", "R1:prompt:2", "R1:audit:")


def each_once(rig: Rig) -> None:
    keys = [one.key for one in rig.slack.shown]
    assert len(keys) == len(set(keys))
    assert len(rig.slack.keyed("R1:card")) == 1
    assert len(rig.slack.keyed(f"prompt:{rig.run.prompt_version}")) == 1
    assert shown_events(rig) == list(range(1, rig.run.version + 1))
    assert rig.effects("pending", "leased", "failed") == []


@pytest.mark.parametrize("applied", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("key", POSTS)
def test_each_message_is_posted_once_across_a_kill(rig: Rig, key: str, applied: bool) -> None:
    rig.slack.kill("post", about=key, applied=applied)
    starts(rig)
    rig.settle()
    assert rig.death.happened
    rig.restart()
    each_once(rig)


@pytest.mark.parametrize("applied", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("key", POSTS)
def test_each_message_is_posted_once_when_no_answer_comes(
    rig: Rig, key: str, applied: bool
) -> None:
    rig.slack.fail("post", about=key, applied=applied, unknown=True)
    starts(rig)
    rig.settle()
    rig.advance(timedelta(seconds=10))
    each_once(rig)


def test_an_update_that_died_is_made_again(rig: Rig) -> None:
    rig.adopt(journeys.to_approval())
    rig.settle()
    rig.slack.kill("update")
    rig.does("UC", c.Approve(shown=shown(rig.run)))
    rig.settle()
    rig.restart()
    assert "UC" in str(rig.slack.one("prompt:2").blocks)


def test_a_prompt_answered_before_its_answer_was_known_is_closed_too(rig: Rig) -> None:
    """Slack's reply is lost, but people see the message, and answer before it is looked up."""
    rig.adopt(journeys.to_planning(), work=False)
    rig.settle()
    rig.slack.fail("post", about="prompt:2", applied=True, unknown=True)
    rig.finds(c.RecordPlan(plan=samples.plan(rig.clock.now())))
    rig.settle()
    asked = rig.slack.one("prompt:2")
    assert asked.actions
    rig.does("UC", c.Decline(reason="Not this quarter"))
    rig.advance(timedelta(minutes=1))
    assert len(rig.slack.keyed("prompt:2")) == 1
    assert asked.actions == [], "old buttons stay open for ever"


# --- faults --------------------------------------------------------------------------------------


def test_messages_keep_their_order_while_slack_is_away(rig: Rig) -> None:
    rig.adopt(journeys.to_approval())
    rig.settle()
    rig.slack.fail("post", times=3)
    rig.does("UA", c.HandOver(to="UB", to_roles=ROLES["UB"]))
    rig.does("UB", c.Freeze())
    rig.does("UC", c.Unfreeze())
    for _ in range(6):
        rig.advance(timedelta(minutes=2))
    notices = [one.key for one in rig.slack.shown if ":notice:" in one.key]
    assert notices == ["R1:notice:3", "R1:notice:4", "R1:notice:5"]
    assert shown_events(rig) == [2, 3, 4, 5]


def test_without_the_right_to_read_back_everything_else_goes_on(rig: Rig) -> None:
    rig.slack.fail("history", missing="channels:history", times=50)
    rig.slack.fail("post", times=3)
    starts(rig)
    for _ in range(4):
        rig.advance(timedelta(minutes=2))
    assert len(rig.slack.keyed("R1:card")) == 1
    assert shown_events(rig) == list(range(1, rig.run.version + 1))
    assert rig.effects("pending", "leased", "failed") == []


def test_a_deleted_message_does_not_stop_the_run(rig: Rig) -> None:
    rig.adopt(journeys.to_approval())
    rig.settle()
    rig.slack.shown.remove(rig.slack.one("prompt:2"))
    rig.does("UC", c.Approve(shown=shown(rig.run)))
    rig.does("UD", c.Approve(shown=shown(rig.run)))
    rig.settle()
    assert rig.slack.one(f"prompt:{rig.run.prompt_version}").actions
    assert rig.effects("failed") == []


def test_many_audit_lines_are_posted_together_in_order(rig: Rig) -> None:
    talk = journeys.to_mapping()
    rig.adopt(talk)
    rig.settle()
    since = rig.run.version
    rig.slack.fail("post")
    rig.does("UA", c.TakeSuggestions())
    rig.does("UA", c.MapRemaining(target=samples.HUGO))
    rig.does("UA", c.ConfirmMapping(shown=rig.run.mapping_version))
    rig.until(lambda: rig.happened(e.ReassignmentFinished))
    rig.advance(timedelta(minutes=1))
    lines = [one for one in rig.slack.shown if one.channel == AUDIT]
    assert shown_events(rig) == list(range(since, rig.run.version + 1))
    assert all(
        one.text.count("\n") + 1 == len(one.payload["events"].split(",")) <= 20 for one in lines
    )


# --- frozen --------------------------------------------------------------------------------------


def test_of_a_frozen_run_nothing_new_leaves_the_bot(rig: Rig) -> None:
    rig.adopt(journeys.to_approval())
    rig.settle()
    rig.does("UA", c.Freeze(reason="audit week"))
    rig.settle()
    assert len(rig.slack.keyed("notice:3")) == 1, "that it is frozen is told"
    assert "unfreeze" in rig.slack.one("R1:card").actions
    before = len(rig.slack.calls)
    rig.does("UA", c.HandOver(to="UB", to_roles=ROLES["UB"]))
    rig.finds(c.RecordBlocked(code="x", problem=N_("So it is."), remedy=N_("Mend it.")))
    rig.advance(timedelta(hours=1))
    assert len(rig.slack.calls) == before
    rig.does("UC", c.Unfreeze())
    rig.settle()
    assert len(rig.slack.keyed("notice:4")) == 1
    assert shown_events(rig) == [2, 3, 4, 5, 6]
