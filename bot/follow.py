"""``sunset runs show ID --follow``: how a job, backup or removal goes, from the database alone.

The bot runs in another process and must not notice: each look is one row of progress and, by its
number, the event that may have come; the run is read anew only after one. The ledger is not read.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from types import TracebackType
from typing import Any, Protocol, Self, TextIO

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from bot.report import unmarked
from bot.terminal import Harmless
from handlers.i18n import Translator
from handlers.ports import Progress
from handlers.views import asks, words
from handlers.views.messages.frame import blocked_lines
from handlers.views.messages.progress import (
    aside_lines,
    numbers,
    phase,
    speed_lines,
    total_known,
    waiting_lines,
)
from handlers.views.parts import percent
from workflows.prompts import prompt
from workflows.run import Run
from workflows.states import State

SECONDS_BETWEEN_LOOKS = 0.5
SECONDS_BETWEEN_LINES = 5.0
"""How often numbers alone are worth a line where lines cannot be drawn over."""
SECONDS_OF_SILENCE = 30.0
"""A job tells its progress about once a second; after so long it is worth a word."""
SECONDS_OF_PATIENCE = 600.0
"""The same where Salesforce is waited for: it may say nothing new for minutes."""
BEFORE_THE_JOB = frozenset(
    {State.PLANNING, State.AWAITING_APPROVAL, State.DISCONNECTING, State.MAPPING_OWNERS}
)
_MOVING = frozenset({"running", "stopping", "undoing", "ending_undo"})


class Source(Protocol):
    """What is read of a store (:class:`bot.store.base.Store`)."""

    def run(self, run_id: str) -> Run | None:
        """Return a run."""
        ...

    def events(self, run_id: str, numbers: Iterable[int]) -> Sequence[object]:
        """Return those of a run's events that have these numbers."""
        ...

    def progress(self, run_id: str) -> Progress | None:
        """Return how far the run's job was when it last told."""
        ...


@dataclass(frozen=True)
class Look:
    """A run at one moment, and the progress of its job while one is at work.

    ``silent`` is for how many seconds a job that should be moving has told nothing new.
    """

    run: Run
    progress: Progress | None
    silent: float = 0.0


class Screen(Protocol):
    """Where a look is shown."""

    def __enter__(self) -> Self:
        """Begin."""
        ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End."""
        ...

    def show(self, look: Look) -> None:
        """Show a look; it may be the same as the one before."""
        ...


def at_work(run: Run) -> bool:
    """Say whether a job, backup or removal is under way, held or not; a job with its count."""
    if run.backing_up is not None or run.bot_removing:
        return not run.state.final
    return run.state is State.REASSIGNING and run.job_state not in {"", "finished"}


def follow(
    source: Source,
    run: Run,
    screen: Screen,
    *,
    wait: Callable[[float], object],
    clock: Callable[[], float],
) -> Run:
    """Show *run* until what is at work is over, or until Ctrl-C; return it as it was seen last.

    A run whose job has not begun is waited for. *wait* and *clock* are in seconds.
    """
    heard, last = clock(), None
    begun = False
    try:
        with screen:
            while True:
                made = source.progress(run.id) if at_work(run) else None
                made = made if made and made.of(run) else None
                told = (run.version, made)
                if told != last or not _moving(run):
                    heard, last = clock(), told
                screen.show(Look(run, made, clock() - heard))
                begun = begun or at_work(run)
                if not at_work(run) and (begun or run.state not in BEFORE_THE_JOB):
                    break
                wait(SECONDS_BETWEEN_LOOKS)
                run = _newest(source, run)
    except KeyboardInterrupt:
        # The person has seen enough; the job goes on.
        pass
    return run


def _newest(source: Source, run: Run) -> Run:
    if not source.events(run.id, [run.version + 1]):
        return run
    return source.run(run.id) or run


def _moving(run: Run) -> bool:
    held = run.frozen or run.blocked is not None or run.waits_until is not None
    moving = run.state is not State.REASSIGNING or run.job_state in _MOVING
    return at_work(run) and moving and not held


def _patience(made: Progress | None) -> float:
    """Return after how many seconds without news the bot may be down."""
    waits = made and (made.step == "waiting" or made.phase in {"rehearsing", "waiting", "removing"})
    return SECONDS_OF_PATIENCE if waits else SECONDS_OF_SILENCE


def screen_for(console: Console, tr: Translator, clock: Callable[[], float]) -> Screen:
    """Return what *console* can show: a picture that is drawn over, or line after line."""
    if console.is_terminal and not console.is_dumb_terminal:
        return Picture(console, tr)
    return Lines(console, tr, clock)


class Picture:
    """Draws the newest look over the one before; the last one stays."""

    def __init__(self, console: Console, tr: Translator) -> None:
        self._tr = tr
        self._live = Live(console=console, auto_refresh=False)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def show(self, look: Look) -> None:
        """Draw it."""
        self._live.update(Harmless(picture(look, self._tr)), refresh=True)


class Lines:
    """Prints a line when something has happened, and now and then the numbers."""

    def __init__(self, console: Console, tr: Translator, clock: Callable[[], float]) -> None:
        self._console = console
        self._tr = tr
        self._clock = clock
        self._version = -1
        self._line = ""
        self._printed = float("-inf")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def show(self, look: Look) -> None:
        """Print it, if it is news."""
        line = " · ".join(said(look, self._tr))
        happened = look.run.version != self._version
        now = self._clock()
        if line == self._line or not (happened or now - self._printed >= SECONDS_BETWEEN_LINES):
            return
        self._version, self._line, self._printed = look.run.version, line, now
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)


class JsonLines:
    """Writes one line of JSON for each change."""

    def __init__(self, file: TextIO | None = None) -> None:
        self._file = file or sys.stdout
        self._line = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def show(self, look: Look) -> None:
        """Write it, if it is another one than before."""
        line = json.dumps(as_data(look))
        if line != self._line:
            self._line = line
            self._file.write(line + "\n")
            self._file.flush()


def as_data(look: Look) -> dict[str, Any]:
    """Return a look for programs."""
    run = look.run
    return {
        "run": run.id,
        "event": run.version,
        "state": run.state.value,
        "asked": prompt(run).ask.value,
        "job": run.job,
        "job_state": run.job_state,
        "backup": run.backing_up.number if run.backing_up else None,
        "removal": run.bot_removal if run.bot_removing else None,
        "waits_until": run.waits_until.isoformat() if run.waits_until else None,
        "frozen": run.frozen,
        "blocked": run.blocked.code if run.blocked else None,
        "records_left": run.records_left,
        "progress": asdict(look.progress) if look.progress else None,
    }


# --- what is shown -------------------------------------------------------------------------------


def said(look: Look, tr: Translator) -> list[str]:
    """Say everything about a look in plain words, the most important first."""
    run, made = look.run, look.progress
    told = [run.id, words.state(run.state, tr), asks.title(run, prompt(run).ask, tr)]
    if made is not None:
        share = [_share(made, tr)] if total_known(made) else []
        told += [unmarked(phase(made, tr)), *share, numbers(made, tr)]
        told += speed_lines(run, made, tr)
        told += [unmarked(line) for line in aside_lines(made, tr)]
    return told + _asides(look, tr)


def _share(made: Progress, tr: Translator) -> str:
    return f"{tr.number(percent(made.done, made.total))} %"


def _asides(look: Look, tr: Translator) -> list[str]:
    """Say why nothing moves, if nothing does."""
    run = look.run
    lines = [tr("The run is frozen.")] if run.frozen else []
    lines += [unmarked(line) for line in [*blocked_lines(run, tr), *waiting_lines(run, tr)]]
    if look.silent >= _patience(look.progress):
        for_long = tr.duration(timedelta(seconds=look.silent))
        lines.append(tr("No news from the job for {time}: is the bot running?", time=for_long))
    return lines


def picture(look: Look, tr: Translator) -> RenderableType:
    """Draw a look."""
    run, made = look.run, look.progress
    asked = asks.title(run, prompt(run).ask, tr)
    rows: list[RenderableType] = [
        Text(f"{run.id} · {words.state(run.state, tr)}", style="bold"),
        Text(asked),
    ]
    if made is not None:
        rows += [Text(unmarked(phase(made, tr))), _bar(made, tr)]
        rows += [Text(line) for line in speed_lines(run, made, tr)]
        style = "red" if made.failed else ""
        rows += [Text(unmarked(line), style=style) for line in aside_lines(made, tr)]
    rows += [Text(line, style="yellow") for line in _asides(look, tr)]
    return Group(*rows)


def _bar(made: Progress, tr: Translator) -> RenderableType:
    if not total_known(made):
        return Text(numbers(made, tr))
    row = Table.grid(padding=(0, 1))
    shown = ProgressBar(total=max(1, made.total), completed=made.done, width=40)
    row.add_row(shown, Text(_share(made, tr)), Text(numbers(made, tr)))
    return row
