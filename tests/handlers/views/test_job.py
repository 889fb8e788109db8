"""The job's conversation: progress, waiting, stopping, what is left and why, the way back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from handlers.actions import Act, Ref
from handlers.ports import Progress
from handlers.render import card, progress_message, prompt_message
from tests.handlers import runs
from tests.handlers.runs import TARGET, Story, tell
from tests.handlers.views.looks import EN, ESCAPED, HOSTILE, acts, buttons, fits, shown
from workflows import commands as c
from workflows.prompts import Ask
from workflows.run import Run
from workflows.values import (
    Failure,
    OwnedRecords,
    Owner,
    Plan,
    Suggestion,
    SuggestionKind,
    Tally,
)

PROGRESS = Progress(done=1_234, total=5_000, failed=3, per_second=37.5)
AT_WORK = [Ask.WAIT_REASSIGNMENT, Ask.REASSIGNMENT_PAUSED, Ask.WAIT_STOP, Ask.WAIT_UNDO]


def waiting(ask: Ask = Ask.WAIT_REASSIGNMENT) -> Run:
    story = tell(ask)
    until = story.now + timedelta(hours=9)
    story.bot(
        c.RecordReassignmentWaiting(
            job=story.run.job, until=until, remaining=125_010, reserve=125_000
        )
    )
    return story.run


def failure(number: int, reason: str) -> Failure:
    return Failure(object_type="contacts", record_id=str(number), reason=reason, reference="c")


def ended(
    *tallies: Tally,
    failures: tuple[Failure, ...] = (),
    failure_count: int = 0,
    left: tuple[OwnedRecords, ...] | None = None,
) -> Run:
    """Return a run whose job ended like this, counted anew."""
    story = tell(Ask.WAIT_REASSIGNMENT)
    story.bot(
        c.RecordReassigned(
            job=story.run.job,
            tallies=tallies,
            failures=failures,
            failure_count=failure_count or len(failures),
        )
    )
    story.bot(c.RecordOwners(owners=story.owned if left is None else left, reading=story.reading()))
    assert story.ask is Ask.REASSIGNMENT_LEFT
    return story.run


def left_with(**counts: int) -> tuple[OwnedRecords, ...]:
    """Return the story's owners: the first with these records, the second with none."""
    first, second = runs.owners()
    return (
        first.model_copy(update={"counts": counts}),
        second.model_copy(update={"counts": {}}),
    )


# --- progress ------------------------------------------------------------------------------------


def test_progress_has_a_bar_and_the_numbers_beside_it() -> None:
    run = tell(Ask.WAIT_REASSIGNMENT).run
    text = shown(fits(progress_message(run, EN, PROGRESS)))
    for part in ("▓▓▓▓░", "24 %", "1,234 of 5,000", "3 records could not", "38 records a second"):
        assert part in text
    assert "about 2 minutes left" in text
    fits(progress_message(run, EN, replace(PROGRESS, per_second=0.0, done=0, total=0)))


def test_the_time_left_is_the_jobs_own_where_it_knows() -> None:
    run = tell(Ask.WAIT_REASSIGNMENT).run
    made = replace(PROGRESS, seconds_left=7_200.0)
    assert "38 records a second, about 2 hours left" in shown(progress_message(run, EN, made))
    made = replace(PROGRESS, seconds_left=7_200.0, per_second=0.0)
    text = shown(progress_message(run, EN, made))
    assert "about 2 hours left" in text
    assert "a second" not in text


@pytest.mark.parametrize(
    ("phase", "said"),
    [
        ("changing", "*Part 1 of 2:* the owners are changed"),
        ("checking", "*Part 2 of 2:* the owner histories are checked"),
        ("undoing", "*Records are given back*"),
    ],
)
def test_the_part_that_the_bar_is_about_is_named(phase: str, said: str) -> None:
    made = Progress(1, 4, 0, phase=phase)  # type: ignore[arg-type]
    for message in (progress_message, card):
        assert said in shown(message(tell(Ask.WAIT_REASSIGNMENT).run, EN, made))


def test_what_the_check_is_for_is_said() -> None:
    text = shown(prompt_message(tell(Ask.WAIT_REASSIGNMENT).run, EN, None))
    assert (
        "Sunset reads the history of each record's owner to find those that somebody else gave "
        "away between its reading and its write" in text
    )
    assert "has not reported its progress yet" in text


@pytest.mark.parametrize("ask", AT_WORK)
def test_a_job_at_work_shows_its_progress_in_both_places(ask: Ask) -> None:
    run = tell(ask).run
    for message in (progress_message(run, EN, PROGRESS), card(run, EN, PROGRESS)):
        assert "1,234 of 5,000 records" in shown(fits(message))


@pytest.mark.parametrize("ask", [Ask.REASSIGNMENT_PAUSED, Ask.WAIT_STOP])
def test_a_job_that_is_held_has_no_rate(ask: Ask) -> None:
    assert "a second" not in shown(progress_message(tell(ask).run, EN, PROGRESS))


def test_a_frozen_job_has_no_rate() -> None:
    run = tell(Ask.WAIT_REASSIGNMENT).person(c.Freeze()).run
    assert "a second" not in shown(progress_message(run, EN, PROGRESS))


@pytest.mark.parametrize("ask", [Ask.WAIT_REASSIGNMENT, Ask.WAIT_UNDO])
def test_waiting_for_the_daily_limit_says_until_when_and_that_nothing_is_lost(ask: Ask) -> None:
    run = waiting(ask)
    assert run.waits_until is not None
    for message in (progress_message(run, EN, PROGRESS), card(run, EN, PROGRESS)):
        text = shown(fits(message))
        assert "Waiting for HubSpot's daily limit" in text
        assert f"goes on by itself {EN.moment(run.waits_until)}" in text
        assert "reserve that is left to the account's other integrations" in text
        assert "Nothing is lost" in text
        assert "a second" not in text


def test_an_undo_says_what_it_is_limited_to() -> None:
    story = tell(Ask.REASSIGNMENT_LEFT, Story(owned=runs.owners(2, HOSTILE)))
    story.person(c.UndoReassignment(owner_id="100", object_type="deals"))
    text = shown(fits(prompt_message(story.run, EN, None)))
    assert f"*Only the records of:* {ESCAPED}" in text
    assert "*Only this object type:* deals" in text
    assert "still the one that Sunset wrote" in text


# --- what is left --------------------------------------------------------------------------------


def test_what_is_left_stands_by_old_owner_and_type_with_the_reason() -> None:
    run = ended(
        Tally(owner_id="100", object_type="contacts", changed=20, failed=2),
        failures=(failure(1, "bad"), failure(2, "bad")),
        left=left_with(contacts=5, deals=1),
    )
    text = shown(fits(prompt_message(run, EN, None)))
    for part in (
        "6 records still belong to Salesforce-only owners",
        "Sam Sales 0: 5 contacts (refused: 2), 1 deal",
        "1 other owner has no record any more",
        "2 × “bad”, for example contacts `1`",
        "4 of them were not reached by the job, or have come to their owners since",
        "*Try these again* takes all of them",
    ):
        assert part in text
    assert Act.RETRY_REASSIGNMENT in acts(prompt_message(run, EN, None))


def test_failures_are_grouped_by_reason_the_most_frequent_first() -> None:
    reasons = [HOSTILE] * 3 + ["rare"] + [f"reason {n}" for n in range(20) for _ in range(2)]
    run = ended(
        failures=tuple(failure(number, reason) for number, reason in enumerate(reasons)),
        failure_count=5_000,
    )
    text = shown(fits(prompt_message(run, EN, None)))
    assert text.index(f"3 × “{ESCAPED}") < text.index("2 × “reason 0”")
    assert "*5,000 records were refused by HubSpot, by reason:*" in text
    assert "… and 16 more (in the file in the thread)" in text
    assert "“rare”" not in text
    assert "Grouped here are the first 44; the file in the thread lists them all." in text
    assert "<!channel" not in text


def test_reasons_that_differ_in_the_records_own_id_alone_are_one() -> None:
    dirty = [failure(n, f"Contact {n}: rule {n}0 is broken ({n}).") for n in (12, 34, 56)]
    other = failure(7, "Contact 7 was merged into 12.")
    text = shown(fits(prompt_message(ended(failures=(*dirty, other)), EN, None)))
    # The rule's number only begins like the id.
    for number in (12, 34, 56):
        assert f"rule {number}0 is broken" in text
    same = [failure(n, f"Contact {n} breaks a rule of the account ({n}).") for n in (12, 34, 56)]
    run = ended(failures=(*same, other))
    text = shown(fits(prompt_message(run, EN, None)))
    assert "• 3 × “Contact … breaks a rule of the account (…).”, for example contacts `12`" in text
    assert "• “Contact 7 was merged into 12.”: contacts `7`" in text
    assert [one.reason for one in run.failures] == [one.reason for one in (*same, other)]


def test_what_changed_hands_and_what_was_left_alone_is_told_apart() -> None:
    run = ended(
        Tally(owner_id="100", object_type="deals", changed=7, left_alone=3, overwritten=1),
        Tally(owner_id="101", object_type="deals", overwritten=1),
    )
    text = shown(prompt_message(run, EN, None))
    assert "• deals: 7 changed, 3 left alone\n" in text
    assert "Left alone: their owner was no longer the planned one" in text
    assert "2 records changed hands between Sunset's reading and its write" in text


def test_types_without_any_result_are_left_out() -> None:
    nothing = Tally(owner_id="100", object_type="deals")
    text = shown(prompt_message(ended(nothing, left=left_with(contacts=1)), EN, None))
    assert "no record was changed" in text
    assert "deals" not in text
    taken = Tally(owner_id="100", object_type="deals", overwritten=1)
    text = shown(prompt_message(ended(taken, left=left_with(contacts=1)), EN, None))
    assert "1 record changed hands" in text
    assert "no record was changed" not in text
    some = Tally(owner_id="100", object_type="contacts", failed=2)
    text = shown(prompt_message(ended(some, nothing, left=left_with(contacts=1)), EN, None))
    assert "• contacts: 2 failed\n" in text
    assert "deals" not in text


def test_where_nothing_failed_nothing_is_to_be_put_right() -> None:
    text = shown(prompt_message(ended(left=left_with(contacts=1)), EN, None))
    assert "1 of them was not reached by the job" in text
    assert "put right" not in text
    assert "Left alone" not in text


def test_a_new_salesforce_owner_is_not_tried_again_without_a_choice() -> None:
    new = OwnedRecords(owner=Owner(id="777", name=HOSTILE), why="queue", counts={"deals": 2})
    run = ended(left=(*left_with(contacts=1), new))
    message = fits(prompt_message(run, EN, None))
    assert Act.RETRY_REASSIGNMENT not in acts(message)
    assert "For 1 owner no HubSpot owner is confirmed" in shown(message)
    assert "Try these again" not in shown(message)


def test_custom_objects_go_by_the_name_that_people_gave_them() -> None:
    story = Story(owned=tuple(o.model_copy(update={"suggestion": None}) for o in runs.owners(1)))
    story.bot(
        c.RecordPlan(
            plan=Plan(
                account=story.run.account,
                owners=story.owned,
                labels={"2-77": "Ships"},
                taken_at=story.now,
            )
        )
    )
    story = tell(Ask.WAIT_REASSIGNMENT, story)
    story.bot(
        c.RecordReassigned(
            job=story.run.job, tallies=(Tally(owner_id="100", object_type="2-77", changed=4),)
        )
    )
    assert "Ships: 4 changed" in shown(prompt_message(story.run, EN, None))


def test_what_was_left_out_is_said_before_the_owners_are_deleted() -> None:
    story = tell(Ask.MAP_OWNERS, Story(owned=runs.owners(3, HOSTILE)))
    story.person(c.ExcludeOwner(owner_id="102"))
    runs.finished(runs.mapped(story), failures=0)
    empty = tuple(
        owned.model_copy(update={"counts": owned.counts if owned.owner.id == "102" else {}})
        for owned in story.owned
    )
    story.bot(c.RecordOwners(owners=empty, reading=story.reading()))
    assert story.ask is Ask.DELETE_OWNERS
    message = fits(prompt_message(story.run, EN, None))
    text = shown(message)
    assert "Not chosen, and still theirs: 8 tickets" in text
    assert "Excluded, so their records stay theirs" in text
    assert f"{ESCAPED}" in text
    labels = [item["text"]["text"] for item in buttons(message)]
    assert "Reassign these too" in labels


# --- buttons -------------------------------------------------------------------------------------

KINDS: tuple[SuggestionKind, ...] = ("manager", "same_name", "same_team", "companies")


def suggesting(*kinds: SuggestionKind) -> Story:
    owned = tuple(
        one.model_copy(update={"suggestion": Suggestion(target=TARGET, why=kind)})
        for one, kind in zip(runs.owners(len(kinds)), kinds, strict=True)
    )
    return tell(Ask.MAP_OWNERS, Story(owned=owned))


def labels(story: Story) -> dict[str, str]:
    message = fits(prompt_message(story.run, EN, None))
    return {item["action_id"]: item["text"]["text"] for item in buttons(message)}


def test_each_kind_of_suggestion_has_a_button_with_its_number() -> None:
    shown_labels = labels(suggesting("companies", "manager", "manager", "same_name", "same_team"))
    taken = {key: text for key, text in shown_labels.items() if key.startswith("take_suggestions")}
    assert taken == {
        "take_suggestions:manager": "Take the managers (2)",
        "take_suggestions:same_name": "Take the same names (1)",
        "take_suggestions:same_team": "Take the same team (1)",
        "take_suggestions:companies": "Take by companies (1)",
    }


def test_only_suggestions_that_are_open_have_a_button() -> None:
    story = suggesting("manager", "same_name").person(c.TakeSuggestions(why="manager"))
    assert [key for key in labels(story) if key.startswith("take_suggestions")] == [
        "take_suggestions:same_name"
    ]


def test_all_buttons_of_a_message_have_ids_of_their_own() -> None:
    story = suggesting(*KINDS)
    message = prompt_message(story.run, EN, None)
    ids = [item["action_id"] for item in buttons(message)]
    assert len(ids) == len(set(ids))
    ref = Ref(story.run.id, story.run.prompt_version)
    assert {item["value"] for item in buttons(message)} == {str(ref)}


def test_the_ways_to_map_stand_side_by_side() -> None:
    assert list(labels(suggesting("manager")).values())[:4] == [
        "Choose owners…",
        "As a file…",
        "Download the list",
        "Other object types…",
    ]


def test_stopping_an_undo_speaks_of_giving_back() -> None:
    story = tell(Ask.WAIT_UNDO)
    message = fits(prompt_message(story.run, EN, None))
    (stop,) = (item for item in buttons(message) if item["action_id"] == Act.STOP)
    assert "What was given back stays so" in stop["confirm"]["text"]["text"]
    run = story.person(c.StopReassignment()).run
    for shown_now in (prompt_message(run, EN, PROGRESS), card(run, EN, PROGRESS)):
        text = shown(fits(shown_now))
        assert "Stopping to give records back" in text
        assert "histories" not in text
        assert "a second" not in text


def test_stopping_says_what_happens() -> None:
    for ask in (Ask.WAIT_REASSIGNMENT, Ask.REASSIGNMENT_PAUSED):
        message = prompt_message(tell(ask).run, EN, None)
        (stop,) = (item for item in buttons(message) if item["action_id"] == Act.STOP)
        text = stop["confirm"]["text"]["text"]
        assert "What it has changed stays changed" in text
        assert not text.endswith("…"), "it is shown whole"
