"""The 48 hours in Slack: *I have downloaded it*, and what messages say of the time that is left."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from handlers.actions import Act, Modal, Ref
from handlers.i18n import Translator
from handlers.modals.window import WHERE, WHERE_MOST, downloaded
from handlers.payload import Metadata
from handlers.ports import AuditEntry
from handlers.render import (
    audit_line,
    card,
    missed_reminders,
    notice,
    prompt_message,
    reminder,
    scheduled_reminder,
)
from handlers.views.messages.window import asked_who_else, outcome, reminder_mark, unreached
from tests.handlers import payloads
from tests.handlers.desk import Answer, Desk, plain, words_of
from tests.handlers.engine import STRANGER
from tests.handlers.runs import ADMIN, APPROVERS, OTHER_ADMIN, tell
from tests.handlers.views.looks import EN, HOSTILE, PL, fits, shown
from workflows import commands as c
from workflows import events as e
from workflows.checklist import Mark, checklist
from workflows.prompts import Ask
from workflows.run import Run
from workflows.states import State
from workflows.timers import timers, window_end
from workflows.values import BOT, Actor, Role

both = pytest.mark.parametrize("tr", [EN, PL], ids=["en", "pl"])


@pytest.fixture
def desk() -> Desk:
    return Desk(tell(Ask.DOWNLOAD_COPY))


def fill(desk: Desk, where: str | None, who: str = ADMIN) -> Answer:
    """Open the modal, and submit it with this in it."""
    desk.click(who, Act.OPEN_DOWNLOADED)
    return desk.submit(who, {WHERE: payloads.text(where)})


def places(desk: Desk) -> list[str]:
    """Return what the record says of where the copy was put."""
    recorded = desk.engine.histories[desk.engine.one.id]
    return [one.event.where for one in recorded if isinstance(one.event, e.DownloadConfirmed)]


# --- where it was put ----------------------------------------------------------------------------


def test_where_the_copy_lies_goes_into_the_record_and_the_audit_line(desk: Desk) -> None:
    assert fill(desk, "  Vault, shelf 3 ").ack == {}
    run = desk.engine.one
    assert (run.state, run.downloaded, run.copy_location) == (
        State.COMPLETED,
        True,
        "Vault, shelf 3",
    )
    proof = run.evidence["download"]
    assert (proof.kind, proof.by.id) == ("attested", ADMIN)
    step = next(one for one in checklist(run) if one.name == "download")
    assert step.mark is Mark.ATTESTED
    recorded = next(
        one for one in desk.engine.histories[run.id] if isinstance(one.event, e.DownloadConfirmed)
    )
    line = audit_line(AuditEntry(recorded, "0" * 64), run.id, EN).text
    assert "Vault, shelf 3" in line
    assert f"<@{ADMIN}>" in line


@pytest.mark.parametrize(
    "typed", [None, "", "   ", "\n\t ", "\u00a0\u2003", "\u200b\u200b", "\u202e \u2069", "\x00"]
)
def test_what_shows_nothing_is_refused_at_its_input(desk: Desk, typed: str | None) -> None:
    answer = fill(desk, typed)
    assert "Enter a place" in answer.errors[WHERE]
    assert desk.engine.one.state is State.DATA_COPY_WINDOW
    assert places(desk) == []


@pytest.mark.parametrize(("length", "taken"), [(1, True), (500, True), (501, False)])
def test_as_long_as_the_input_takes_and_no_longer(desk: Desk, length: int, taken: bool) -> None:
    answer = fill(desk, "ż" * length)
    assert places(desk) == (["ż" * length] if taken else [])
    if not taken:
        assert "500" in answer.errors[WHERE]
    (field,) = (one for one in desk.modal["blocks"] if one["type"] == "input")
    assert field["element"]["max_length"] == WHERE_MOST


@pytest.mark.parametrize("tr", [EN, PL], ids=["en", "pl"])
@pytest.mark.parametrize(
    "typed",
    [
        HOSTILE,
        "a\nb\r\n<!here>\x07 *c*",
        "<" * 500,
        "`" * 500,
        "שרת הגיבויים, מדף 3",
        "safe\u202e<!channel>",
    ],
)
def test_nothing_that_is_typed_pings_breaks_a_line_or_a_limit(
    desk: Desk, typed: str, tr: Translator
) -> None:
    assert fill(desk, typed).ack == {}
    run = desk.engine.one
    (where,) = places(desk)
    assert not set(where) & set("\n\r\x07\u202e")
    shown = [fits(prompt_message(run, tr, None)), fits(card(run, tr, None))]
    recorded = desk.engine.histories[run.id]
    said = [audit_line(AuditEntry(one, "0" * 64), run.id, tr).text for one in recorded]
    said += [outcome(run, tr), *(words_of(one.blocks) for one in shown)]
    for text in said:
        for ping in ("<!channel>", "<!here>", "<@U0EVIL>", "<https://evil.example"):
            assert ping not in text
    if typed.startswith("ש"):
        assert where == typed
        assert typed in outcome(run, tr)


# --- once, and by whom ---------------------------------------------------------------------------


def test_a_double_submit_completes_once(desk: Desk) -> None:
    desk.click(ADMIN, Act.OPEN_DOWNLOADED)
    view = desk.modal
    first = desk.submit(ADMIN, {WHERE: payloads.text("the vault")})
    desk.modal = view
    assert desk.submit(ADMIN, {WHERE: payloads.text("the vault")}).steps == first.steps
    assert places(desk) == ["the vault"]


def test_a_second_administrator_who_submits_later_is_told_that_it_is_over(desk: Desk) -> None:
    desk.click(ADMIN, Act.OPEN_DOWNLOADED)
    firsts = desk.modal
    desk.modal = {}
    desk.click(OTHER_ADMIN, Act.OPEN_DOWNLOADED)
    seconds = {**desk.modal, "id": "V222"}
    desk.modal = firsts
    desk.submit(ADMIN, {WHERE: payloads.text("the vault")})
    desk.modal = seconds
    answer = desk.submit(OTHER_ADMIN, {WHERE: payloads.text("my laptop")})
    assert "This run is over" in answer.text
    assert "It is downloaded" not in str(answer.view)
    assert places(desk) == ["the vault"]


def test_a_package_that_another_hand_removed_promises_no_copy() -> None:
    story = tell(Ask.APPROVE_REMOVAL)
    gone = c.RecordPackageAbsent(last_seen_at=story.now, reading=story.reading("no row"))
    run = story.bot(gone).run
    assert run.state is State.DATA_COPY_WINDOW
    for told in (prompt_message(run, EN, None), reminder(run, 3_600, EN)):
        assert "nobody knows whether a copy of its data was saved" in shown(told)
    approved = tell(Ask.DOWNLOAD_COPY).run
    assert "nobody knows" not in shown(prompt_message(approved, EN, None))


def test_a_button_pressed_when_the_window_is_over_is_refused(desk: Desk) -> None:
    old = desk.ref
    end = timers(desk.engine.one)[-1].due
    desk.clock.time = end
    desk.engine.execute(desk.engine.one.id, _fired(end), "timer")
    assert desk.engine.one.downloaded is False
    assert "This run is over" in desk.click(ADMIN, Act.OPEN_DOWNLOADED, old).said
    assert "This run is over" in desk.click(OTHER_ADMIN, Act.WHO_ELSE, old).said
    assert places(desk) == []


def test_a_modal_left_open_beyond_the_end_is_refused(desk: Desk) -> None:
    desk.click(ADMIN, Act.OPEN_DOWNLOADED)
    end = timers(desk.engine.one)[-1].due
    desk.clock.time = end
    desk.engine.execute(desk.engine.one.id, _fired(end), "timer")
    answer = desk.submit(ADMIN, {WHERE: payloads.text("the vault")})
    assert "This run is over" in answer.text
    assert desk.engine.one.evidence["download"].kind == "missed"


def _fired(at: datetime) -> c.Command:
    fired = c.FireTimers(due=(c.DueTimer(kind="window_end", due=at),))
    return c.Command(actor=BOT, action=fired)


def test_a_button_of_an_older_question_is_refused(desk: Desk) -> None:
    run = desk.engine.one
    older = Ref(run.id, run.prompt_version - 1)
    assert "no longer open" in desk.click(ADMIN, Act.OPEN_DOWNLOADED, older).said


def test_only_administrators_confirm(desk: Desk) -> None:
    for person in (STRANGER, APPROVERS[0]):
        assert "Only administrators" in desk.click(person, Act.OPEN_DOWNLOADED).said
    desk.click(ADMIN, Act.OPEN_DOWNLOADED)
    answer = desk.submit(STRANGER, {WHERE: payloads.text("my laptop")})
    assert "Only administrators" in answer.text
    assert places(desk) == []


def test_whoever_takes_over_meanwhile_the_modal_still_counts(desk: Desk) -> None:
    desk.click(ADMIN, Act.OPEN_DOWNLOADED)
    roles = frozenset({Role.ADMINISTRATOR})
    over = c.HandOver(to=OTHER_ADMIN, to_roles=roles)
    command = c.Command(actor=Actor(kind="person", id=ADMIN), roles=roles, action=over)
    desk.engine.execute(desk.engine.one.id, command, "hand over")
    assert desk.submit(ADMIN, {WHERE: payloads.text("the vault")}).ack == {}
    assert places(desk) == ["the vault"]


def test_while_frozen_what_was_typed_is_kept(desk: Desk) -> None:
    desk.click(ADMIN, Act.OPEN_DOWNLOADED)
    modal = desk.modal
    desk.slash(ADMIN, "freeze")
    desk.modal = modal
    answer = desk.submit(ADMIN, {WHERE: payloads.text("the vault")})
    assert "frozen" in answer.text
    assert desk.modal["callback_id"] == Modal.DOWNLOADED
    assert places(desk) == []


# --- what is said of the time --------------------------------------------------------------------


def window(noticed: timedelta) -> Run:
    """A run whose package was missing that long after the last reading that saw it."""
    story = tell(Ask.WAIT_REMOVAL)
    seen = story.now
    story.wait(noticed)
    reading = story.reading("no row")
    story.bot(c.RecordPackageGone(last_seen_at=seen, reading=reading))
    assert story.run.deadline == seen + timedelta(hours=48)
    return story.run


def every_text(run: Run, tr: Translator) -> Iterator[str]:
    """Yield what each message and modal of the 48 hours says."""
    yield words_of(prompt_message(run, tr, None).blocks)
    yield words_of(reminder(run, 3_600, tr).blocks)
    yield words_of(missed_reminders(run, (3_600,), tr).blocks)
    yield words_of(asked_who_else(run, "x", tr).blocks)
    yield words_of(unreached(run, ADMIN, "user_disabled", tr).blocks)
    yield words_of(plain(downloaded(run, Metadata(Ref(run.id, 1)), tr))["blocks"])


@both
def test_the_copy_may_be_gone_from_the_first_limit_and_surely_is_from_the_second(
    tr: Translator,
) -> None:
    run = window(timedelta(minutes=20))
    assert run.deadline is not None
    end = window_end(run, run.deadline)
    assert end - run.deadline == timedelta(minutes=20)
    for text in every_text(run, tr):
        assert text.index(tr.moment(run.deadline)) < text.index(tr.moment(end))
    if tr is EN:
        assert all("has to look at once" in text for text in every_text(run, tr))


@both
def test_a_removal_noticed_after_the_deadline_asks_to_look_at_once(tr: Translator) -> None:
    run = window(timedelta(hours=50))
    assert [timer.kind for timer in timers(run)] == ["window_end"], "nothing was missed"
    if tr is EN:
        for text in every_text(run, tr):
            assert "may be gone already" in text
            assert "Look at once" in text
    assert run.deadline is not None
    shown = words_of(fits(prompt_message(run, tr, None)).blocks)
    assert tr.moment(window_end(run, run.deadline)) in shown


@pytest.mark.parametrize("noticed", [0, 59])
def test_where_both_limits_are_shown_alike_it_is_gone_for_good(noticed: int) -> None:
    run = window(timedelta(seconds=noticed))
    assert run.deadline is not None
    assert run.deadline.second == 0
    assert all("gone for good" in text for text in every_text(run, EN))


def test_late_reminders_are_no_longer_promised() -> None:
    shown = words_of(prompt_message(window(timedelta(hours=40)), EN, None).blocks)
    assert "4 hours, 1 hour, 15 minutes" in shown
    assert "24 hours" not in shown


@pytest.mark.parametrize(
    ("before", "length"),
    [(86_400, "24H"), (14_400, "4H"), (900, "15M"), (5_400, "1H30M"), (61, "1M1S"), (1, "1S")],
)
def test_what_lies_in_slack_has_one_name_in_every_language(before: int, length: str) -> None:
    run = window(timedelta())
    mark = reminder_mark(run, before)
    assert mark == f"`{run.id}/PT{length}`"
    for tr in (EN, PL):
        assert scheduled_reminder(run, before, tr).endswith(mark)


def test_whoever_cannot_be_written_to_is_named_and_others_are_called() -> None:
    run = window(timedelta())
    told = words_of(fits(unreached(run, ADMIN, HOSTILE, EN)).blocks)
    assert f"<@{ADMIN}>" in told
    assert all(f"<@{person}>" in told for person in APPROVERS)
    assert "<!channel>" not in told
    others = words_of(unreached(run, APPROVERS[0], "user_disabled", EN).blocks)
    assert f"<@{APPROVERS[1]}>" not in others


# --- in everybody's own time ---------------------------------------------------------------------


def _texts(value: Any, kind: str = "") -> Iterator[tuple[str, str]]:
    """Yield every text with the kind of its object: mrkdwn, plain_text."""
    if isinstance(value, dict):
        own = str(value.get("type", kind))
        for name, item in value.items():
            if isinstance(item, str):
                yield own, item
            else:
                yield from _texts(item, own if name == "text" else "")
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


@both
@pytest.mark.parametrize("ask", list(Ask), ids=lambda ask: ask.value)
def test_every_time_stands_where_slack_shows_it_in_the_readers_zone(
    ask: Ask, tr: Translator
) -> None:
    story = tell(ask)
    run = story.run
    shown: list[Any] = [prompt_message(run, tr, None).blocks, card(run, tr, None).blocks]
    shown += [notice(run, one, tr).blocks for one in story.history]
    if run.deadline is not None:
        shown.append(plain(downloaded(run, Metadata(Ref(run.id, 1)), tr)))
        shown.append(reminder(run, 3_600, tr).blocks)
    for kind, text in _texts(shown):
        assert "<!date" not in text or kind == "mrkdwn", f"{kind} shows no date: {text}"
        assert not _naked(text), text
        assert all(_zoned(fallback) for fallback in re.findall(r"<!date\^[^|>]*\|([^>]*)>", text))


def _zoned(fallback: str) -> bool:
    return re.search(r"(UTC|Z|[+-]\d\d:\d\d)$", fallback) is not None


def _naked(text: str) -> bool:
    """Say whether a time stands in a text that is in no zone, or in nobody's own."""
    outside = re.sub(r"<!date\^[^>]*>", "", text)
    return bool(re.search(r"\d{1,2}:\d\d|\d{4}-\d\d-\d\d", outside))


@both
def test_a_fallback_names_its_zone_whatever_the_moment_came_in(tr: Translator) -> None:
    at = datetime(2026, 11, 24, 12, 30, tzinfo=UTC)
    for zone in ("UTC", "Europe/Warsaw", "America/New_York", "Asia/Kolkata"):
        written = tr.moment(at.astimezone(ZoneInfo(zone)))
        assert written == tr.moment(at)
        assert written.endswith("12:30 UTC>")
        assert f"<!date^{int(at.timestamp())}^" in written
    assert tr.moment(at + timedelta(seconds=59.9)) >= tr.moment(at), "never later than it is"
