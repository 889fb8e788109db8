"""Following a job from outside: what is read how often, what is shown, when it ends."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest
from rich.console import Console

from bot.follow import (
    SECONDS_BETWEEN_LOOKS,
    JsonLines,
    Lines,
    Look,
    Picture,
    Screen,
    as_data,
    at_work,
    follow,
    picture,
    said,
    screen_for,
)
from bot.store.sqlite import SqliteStore
from handlers.i18n import translator
from handlers.ports import Progress
from tests.bot.store_contract import append
from tests.handlers import runs
from tests.workflows import journeys, samples
from tests.workflows.driver import Conversation
from workflows import commands as c
from workflows.prompts import Ask
from workflows.run import Run
from workflows.text import N_

EN, PL = translator("en"), translator("pl")
MADE = Progress(done=1_200, total=5_000, failed=2, per_second=40.0, seconds_left=95.0, job=1)


@dataclass
class Bot:
    """A store that another process writes: each look is one step of the script.

    A step is what happens before the next look; Ctrl-C is pressed when there are none left.
    """

    talk: Conversation
    script: list[Callable[[Bot], None]] = field(default_factory=list)
    made: Progress | None = None
    now: float = 100.0
    asked: list[str] = field(default_factory=list)

    @property
    def now_run(self) -> Run:
        run = self.talk.run
        assert run is not None
        return run

    def run(self, run_id: str) -> Run | None:
        self.asked.append("run")
        return self.talk.run

    def events(self, run_id: str, numbers: Iterable[int]) -> Sequence[object]:
        self.asked.append("events")
        return [one for one in self.talk.history if one.seq in set(numbers)]

    def progress(self, run_id: str) -> Progress | None:
        self.asked.append("progress")
        return self.made

    def wait(self, seconds: float) -> None:
        self.now += seconds
        if not self.script:
            raise KeyboardInterrupt
        self.script.pop(0)(self)

    def clock(self) -> float:
        return self.now

    def followed(self, screen: Screen) -> Run:
        return follow(self, self.now_run, screen, wait=self.wait, clock=self.clock)


class Kept:
    """A screen that keeps what it is shown."""

    def __init__(self) -> None:
        self.looks: list[Look] = []
        self.open = 0

    def __enter__(self) -> Kept:
        self.open += 1
        return self

    def __exit__(self, *_: object) -> None:
        self.open -= 1

    def show(self, look: Look) -> None:
        assert self.open == 1
        self.looks.append(look)


def told(done: int) -> Callable[[Bot], None]:
    """The job tells its progress."""
    return lambda bot: setattr(bot, "made", replace(MADE, done=done))


def nothing(_: Bot) -> None:
    pass


def finishes(bot: Bot) -> None:
    bot.talk.bot.finishes_the_job()


def counts_nothing(bot: Bot) -> None:
    bot.talk.bot.counts(samples.emptied())


def counts_rest(bot: Bot) -> None:
    bot.talk.bot.counts((samples.owned(samples.SAM, contacts=2, deals=0),))


# --- when it ends --------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [counts_nothing, counts_rest])
def test_it_ends_with_the_jobs_count(count: Callable[[Bot], None]) -> None:
    bot = Bot(journeys.to_reassigning(), [told(10), told(20), finishes, count])
    screen = Kept()
    run = bot.followed(screen)
    assert run == bot.talk.run
    assert not at_work(run)
    assert [look.run.job_state for look in screen.looks][:4] == ["running"] * 3 + ["counting"]
    assert [look.progress and look.progress.done for look in screen.looks[:3]] == [None, 10, 20]
    assert screen.open == 0


def test_ctrl_c_ends_it_and_the_job_goes_on() -> None:
    bot = Bot(journeys.to_reassigning(), [told(10)])
    screen = Kept()
    run = bot.followed(screen)
    assert run.job_state == "running"
    assert screen.looks[-1].progress == replace(MADE, done=10)
    assert screen.open == 0


def test_ctrl_c_at_the_very_first_reading_ends_it_too() -> None:
    class Impatient(Bot):
        def progress(self, run_id: str) -> Progress | None:
            raise KeyboardInterrupt

    bot = Impatient(journeys.to_reassigning())
    assert bot.followed(Kept()) == bot.now_run


@pytest.mark.parametrize(
    "journey",
    [journeys.to_leftovers, journeys.to_cleanup, journeys.to_window, journeys.to_cancelled],
)
def test_where_no_job_is_to_come_it_shows_the_run_once(journey: journeys.Journey) -> None:
    bot, screen = Bot(journey()), Kept()
    bot.followed(screen)
    assert len(screen.looks) == 1
    assert bot.asked == []


def test_a_job_that_has_not_begun_is_waited_for() -> None:
    def begins(bot: Bot) -> None:
        bot.talk = journeys.to_reassigning()

    bot = Bot(journeys.to_mapping(), [nothing, begins, finishes, counts_nothing])
    screen = Kept()
    bot.followed(screen)
    states = [look.run.state.value for look in screen.looks]
    assert states[0] == "mapping_owners"
    assert states[-1] == "cleaning_up_owners"


def test_a_paused_job_is_not_over() -> None:
    def pauses(bot: Bot) -> None:
        bot.talk.anna.does(c.PauseReassignment())

    bot = Bot(journeys.to_reassigning(), [pauses, nothing])
    assert bot.followed(Kept()).job_state == "paused"


# --- a backup, and a removal ---------------------------------------------------------------------

TAKING = Progress(
    done=1_200,
    total=5_000,
    failed=0,
    per_second=40.0,
    phase="backing_up",
    job=1,
    label="HubSpot_Inc__X__c",
    part=3,
    parts=7,
    step="reading",
)
REMOVING = Progress(done=5, total=10, failed=2, phase="removing", job=1, label="In [red]Progress")


@dataclass
class Told:
    """A run of the views' own stories, followed while its bot does *script*."""

    story: runs.Story
    script: list[Callable[[Told], None]]
    made: Progress | None = None
    now: float = 0.0

    def run(self, run_id: str) -> Run | None:
        return self.story.run

    def events(self, run_id: str, numbers: Iterable[int]) -> Sequence[object]:
        return [one for one in self.story.history if one.seq in set(numbers)]

    def progress(self, run_id: str) -> Progress | None:
        return self.made

    def wait(self, seconds: float) -> None:
        self.now += seconds
        if not self.script:
            raise KeyboardInterrupt
        self.script.pop(0)(self)

    def followed(self) -> list[Look]:
        screen = Kept()
        follow(self, self.story.run, screen, wait=self.wait, clock=lambda: self.now)
        return screen.looks


def tells(made: Progress) -> Callable[[Told], None]:
    return lambda told: setattr(told, "made", made)


def test_a_backup_is_followed_until_it_is_verified() -> None:
    def verified(told: Told) -> None:
        runs.backup_ended(told.story)

    ahead = replace(TAKING, done=2_000)
    looks = Told(runs.tell(Ask.WAIT_BACKUP), [tells(TAKING), tells(ahead), verified]).followed()
    assert [look.progress for look in looks] == [None, TAKING, ahead, None]
    assert [as_data(look)["backup"] for look in looks] == [1, 1, 1, None]
    assert looks[-1].run.current_backup is not None


def test_a_removal_is_followed_until_the_package_is_gone() -> None:
    def gone(told: Told) -> None:
        runs.package_gone(told.story)

    rehearsing = replace(REMOVING, phase="rehearsing")
    looks = Told(runs.removing(), [tells(rehearsing), tells(REMOVING), gone]).followed()
    assert [look.progress for look in looks] == [None, rehearsing, REMOVING, None]
    assert [as_data(look)["removal"] for look in looks] == [1, 1, 1, None]
    assert looks[-1].run.state.final


def test_the_progress_of_an_earlier_backup_is_not_shown() -> None:
    old = replace(TAKING, job=9)
    assert {
        look.progress for look in Told(runs.tell(Ask.WAIT_BACKUP), [tells(old)]).followed()
    } == {None}


def test_a_run_that_ended_beside_its_backup_is_not_followed() -> None:
    story = runs.tell(Ask.WAIT_BACKUP).person(c.Cancel())
    assert len(Told(story, []).followed()) == 1


@pytest.mark.parametrize(
    ("made", "least"),
    [(TAKING, 30.0), (replace(TAKING, step="waiting"), 600.0), (REMOVING, 600.0)],
)
def test_salesforce_is_given_more_time_than_the_bot(made: Progress, least: float) -> None:
    removing = made.phase == "removing"
    run = (runs.removing() if removing else runs.tell(Ask.WAIT_BACKUP)).run
    assert "No news" not in " ".join(said(Look(run, made, least - 1), EN))
    assert "No news" in " ".join(said(Look(run, made, least), EN))


@pytest.mark.parametrize(
    ("made", "parts"),
    [
        (
            TAKING,
            [
                "Backing up the package's data",
                "Backing up object 3 of 7: HubSpot_Inc__X__c: reading the records",
                "24 %",
                "1,200 of 5,000 records",
                "still to come are not counted yet",
                "40 records a second",
            ],
        ),
        (replace(TAKING, part=7), ["40 records a second, about 2 minutes left"]),
        (replace(TAKING, total=0), ["1,200 records so far"]),
        (
            REMOVING,
            [
                "The package is being removed",
                "50 %",
                "5 of 10 components",
                "2 errors so far.",
                "Salesforce says: In [red]Progress",
            ],
        ),
        (replace(REMOVING, total=0, done=0), ["Salesforce has not said yet"]),
    ],
)
def test_backup_and_removal_are_said_alike_on_both_screens(
    made: Progress, parts: list[str]
) -> None:
    removing = made.phase == "removing"
    shown = Look((runs.removing() if removing else runs.tell(Ask.WAIT_BACKUP)).run, made)
    for text in (" · ".join(said(shown, EN)), drawn(shown, 200)):
        flat = " ".join(text.split())
        for part in parts:
            assert part in flat
        assert "*" not in flat
        assert "`" not in flat
        assert made.total or " %" not in flat


# --- what it costs -------------------------------------------------------------------------------


def test_a_look_reads_one_row_of_progress_and_asks_for_the_next_event() -> None:
    bot = Bot(journeys.to_reassigning(), [told(number) for number in range(10)])
    started = bot.now
    bot.followed(Kept())
    assert bot.asked == ["progress", *["events", "progress"] * 10]
    assert bot.now - started == pytest.approx(11 * SECONDS_BETWEEN_LOOKS)
    assert SECONDS_BETWEEN_LOOKS >= 0.5, "at most twice a second"


def test_the_run_is_read_anew_only_after_an_event() -> None:
    bot = Bot(journeys.to_reassigning(), [nothing, nothing, finishes, nothing, counts_nothing])
    bot.followed(Kept())
    assert bot.asked.count("run") == 2


def test_the_sqlite_store_is_followed_by_another_process(tmp_path: Path) -> None:
    talk = journeys.to_reassigning()
    writing = SqliteStore(tmp_path / "sunset.db")
    append(writing, talk)
    reading = SqliteStore(tmp_path / "sunset.db")
    run = reading.run("R1")
    assert run is not None
    screen = Kept()

    def steps() -> Iterator[None]:
        writing.write(lambda transaction: transaction.save_progress("R1", MADE))
        yield
        since = len(talk.history)
        talk.bot.finishes_the_job()
        talk.bot.counts(samples.emptied())
        append(writing, talk, since=since)
        yield

    script = steps()
    try:
        seen = follow(
            reading, run, screen, wait=lambda _: next(script), clock=iter(range(99)).__next__
        )
    finally:
        reading.close()
        writing.close()
    assert screen.looks[1].progress == MADE
    assert seen.state == "cleaning_up_owners"


# --- what is shown -------------------------------------------------------------------------------


def look(made: Progress | None = MADE, *actions: c.Action, silent: float = 0.0) -> Look:
    talk = journeys.to_reassigning()
    for action in actions:
        if action.by == "bot":
            talk.bot.does(action)
        else:
            talk.anna.does(action)
    assert talk.run is not None
    return Look(talk.run, made, silent)


def drawn(shown: Look, width: int = 100) -> str:
    console = Console(file=io.StringIO(), width=width, force_terminal=False)
    with console.capture() as captured:
        console.print(picture(shown, EN))
    return captured.get()


def waiting() -> c.RecordReassignmentWaiting:
    until = samples.START + timedelta(days=1)
    return c.RecordReassignmentWaiting(job=1, until=until, remaining=10, reserve=10)


BLOCKED = c.RecordBlocked(
    code="x", problem=N_("HubSpot says {what}.", what="[red]no\x1b[2J"), remedy=N_("Mend it.")
)


@pytest.mark.parametrize(
    ("shown", "parts"),
    [
        (
            look(),
            [
                "Reassigning records",
                "Part 1 of 2: the owners are changed",
                "24 %",
                "1,200 of 5,000 records",
                "40 records a second, about 2 minutes left",
                "2 records could not be changed",
            ],
        ),
        (look(None), ["Reassigning records"]),
        (look(replace(MADE, phase="checking")), ["Part 2 of 2: the owner histories are checked"]),
        (look(MADE, c.PauseReassignment()), ["The reassignment is paused", "1,200 of 5,000"]),
        (
            look(MADE, waiting()),
            ["Waiting for HubSpot's daily limit", "goes on by itself", "Nothing is lost"],
        ),
        (look(MADE, c.Freeze()), ["The run is frozen."]),
        (look(MADE, BLOCKED), ["This step cannot go on: HubSpot says [red]no", "Mend it."]),
        (look(silent=75.0), ["No news from the job for 1 minute: is the bot running?"]),
    ],
)
def test_both_kinds_of_screen_say_the_same(shown: Look, parts: list[str]) -> None:
    for text in (" · ".join(said(shown, EN)), drawn(shown, 200)):
        flat = " ".join(text.split())
        for part in (shown.run.id, *parts):
            assert part in flat
        assert "*" not in flat
        assert "<!" not in flat
        assert "\x1b" not in flat


@pytest.mark.parametrize("width", [20, 60, 200])
def test_any_width_and_any_numbers_can_be_drawn(width: int) -> None:
    for made in (
        MADE,
        Progress(0, 0, 0, job=1),
        Progress(9, 3, 0, job=1),
        Progress(1, 10**9, 10**6, job=1),
    ):
        assert drawn(look(made), width)


def test_silence_is_told_only_where_something_should_move() -> None:
    bot, screen = Bot(journeys.to_reassigning(), [told(1)] + [nothing] * 70), Kept()
    bot.followed(screen)
    assert screen.looks[-1].silent >= 30
    bot = Bot(journeys.to_reassigning(), [nothing] * 70)
    bot.talk.anna.does(c.PauseReassignment())
    paused = Kept()
    bot.followed(paused)
    assert {one.silent for one in paused.looks} == {0.0}


def test_news_end_the_silence() -> None:
    bot = Bot(journeys.to_reassigning(), [*[nothing] * 70, told(5), nothing])
    screen = Kept()
    bot.followed(screen)
    assert max(one.silent for one in screen.looks) >= 30
    assert screen.looks[-1].silent == pytest.approx(SECONDS_BETWEEN_LOOKS)


# --- the screens ---------------------------------------------------------------------------------


def test_lines_come_at_once_for_events_and_now_and_then_for_numbers() -> None:
    console = Console(file=io.StringIO(), width=60)
    script = [told(number) for number in range(40)] + [finishes, counts_nothing]
    bot = Bot(journeys.to_reassigning(), [*script])
    assert isinstance(console.file, io.StringIO)
    bot.followed(Lines(console, EN, bot.clock))
    lines = console.file.getvalue().splitlines()
    assert 5 <= len(lines) <= 8, "20 seconds of numbers, two events"
    assert all(line.startswith(bot.now_run.id) for line in lines), "each is one line"
    assert "Counting what is left" in lines[-2]


def test_one_json_line_for_each_change() -> None:
    file = io.StringIO()
    bot = Bot(
        journeys.to_reassigning(),
        [nothing, told(10), nothing, nothing, told(20), finishes, counts_nothing],
    )
    bot.followed(JsonLines(file))
    lines = [json.loads(line) for line in file.getvalue().splitlines()]
    assert [line["progress"] and line["progress"]["done"] for line in lines] == [
        None,
        10,
        20,
        20,
        None,
    ]
    assert [line["job_state"] for line in lines][2:4] == ["running", "counting"]
    assert lines[0]["asked"] == "wait_reassignment"
    assert lines[-1]["state"] == "cleaning_up_owners"
    assert lines[1]["progress"] == {
        "done": 10,
        "total": 5_000,
        "failed": 2,
        "per_second": 40.0,
        "phase": "changing",
        "seconds_left": 95.0,
        "job": 1,
        "label": "",
        "part": 0,
        "parts": 0,
        "step": "",
    }


def test_what_holds_a_job_is_in_the_json() -> None:
    data = as_data(look(MADE, waiting(), BLOCKED, c.Freeze()))
    assert data["waits_until"] == (samples.START + timedelta(days=1)).isoformat()
    assert (data["blocked"], data["frozen"]) == ("x", True)


def test_a_terminal_is_drawn_over_and_keeps_the_last_look() -> None:
    file = io.StringIO()
    console = Console(file=file, force_terminal=True, width=100, _environ={"TERM": "xterm"})
    bot = Bot(journeys.to_reassigning(), [told(10), told(20)])
    screen = screen_for(console, EN, bot.clock)
    assert isinstance(screen, Picture)
    bot.followed(screen)
    after = file.getvalue().rpartition("\x1b[2K")[2]
    assert "20 of 5,000 records" in after
    assert "10 of 5,000 records" in file.getvalue()
    assert "\x1b[?25h" in file.getvalue(), "the cursor is shown again"


@pytest.mark.parametrize("environ", [{"TERM": "dumb"}, {"TERM": "unknown"}])
def test_a_dumb_terminal_gets_lines(environ: dict[str, str]) -> None:
    console = Console(file=io.StringIO(), force_terminal=True, _environ=environ)
    assert isinstance(screen_for(console, EN, lambda: 0.0), Lines)


def test_no_terminal_gets_lines() -> None:
    console = Console(file=io.StringIO(), force_terminal=False)
    assert isinstance(screen_for(console, PL, lambda: 0.0), Lines)
