"""The timeline as a drawing: when the run was in which state, and what happened in between.

It is read without colours: each row has its name, each kind of mark a shape of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from babel.dates import format_datetime

from bot.reporting.model import MomentKind, Report
from bot.reporting.phases import BLOCKED, FROZEN
from bot.reporting.templates import filled
from handlers.i18n import Translator

WIDTH, NAMES, RIGHT = 900, 250, 30
TOP, ROW, BAR = 34, 30, 16
LEGEND = 30
THINNEST = 3.0
"""Pixels; a state that lasted a minute in a month is still seen."""
MOST_TICKS = 6
_STEPS = tuple(
    timedelta(seconds=seconds)
    for seconds in (
        *(60, 120, 300, 600, 1_200, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400),
        *(2 * 86_400, 7 * 86_400, 14 * 86_400, 28 * 86_400, 56 * 86_400, 182 * 86_400),
    )
)
_CLASSES = {BLOCKED: "blocked", FROZEN: "frozen"}


@dataclass(frozen=True)
class _Bar:
    x: float
    y: float
    width: float
    kind: str


@dataclass(frozen=True)
class _Sign:
    x: float
    y: float
    kind: MomentKind


@dataclass(frozen=True)
class _Tick:
    x: float
    text: str


@dataclass(frozen=True)
class _Row:
    y: float
    name: str


@dataclass(frozen=True)
class _Legend:
    x: float
    kind: MomentKind
    text: str


def timeline(report: Report, names: Sequence[str], tr: Translator) -> tuple[str, str] | None:
    """Return the SVG and its text; *names* are the phases'. None: nothing lasted any time."""
    start = report.run.started_at
    rows = {phase.name for phase in report.phases}
    over = report.run.ended_at
    # The data copy may have been downloaded long before its end, which is then left out.
    marked = [
        one for one in report.moments if one.phase in rows and (over is None or one.at <= over)
    ]
    stops = [span.ended for phase in report.phases for span in phase.spans if span.ended]
    end = max([over or report.run.last_at, *stops, *(m.at for m in marked)])
    if not report.phases or end <= start:
        return None

    def x(at: datetime) -> float:
        share = (min(max(at, start), end) - start) / (end - start)
        return round(NAMES + share * (WIDTH - NAMES - RIGHT), 1)

    places = {phase.name: TOP + number * ROW for number, phase in enumerate(report.phases)}
    bars = [
        _Bar(
            x(span.began),
            places[phase.name] + (ROW - BAR) / 2,
            max(THINNEST, round(x(span.ended or end) - x(span.began), 1)),
            _CLASSES.get(phase.name, "state"),
        )
        for phase in report.phases
        for span in phase.spans
    ]
    signs = [_Sign(x(one.at), places[one.phase] + ROW / 2, one.kind) for one in marked]
    bottom = TOP + ROW * len(report.phases)
    alt = _told(report, names, tr)
    svg = filled(
        "timeline.svg",
        width=WIDTH,
        height=bottom + LEGEND + 8,
        bottom=bottom,
        left=NAMES,
        right=WIDTH - RIGHT,
        bar=BAR,
        title=tr("Timeline of the run"),
        alt=alt,
        rows=[
            _Row(places[phase.name] + ROW / 2, name)
            for phase, name in zip(report.phases, names, strict=True)
        ],
        ticks=[_Tick(x(at), text) for at, text in _ticks(start, end, tr)],
        bars=bars,
        signs=signs,
        legend=_legend({one.kind for one in signs}, tr),
        legend_y=bottom + LEGEND - 6,
    )
    return svg, alt


def _ticks(start: datetime, end: datetime, tr: Translator) -> list[tuple[datetime, str]]:
    """Return round times between the two, few enough to be read."""
    length = end - start
    step = next((one for one in _STEPS if length / one <= MOST_TICKS), _STEPS[-1])
    pattern = "d MMM" if step >= timedelta(days=1) else "d MMM HH:mm"
    midnight = start.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    at = midnight + -(-(start - midnight) // step) * step
    found: list[tuple[datetime, str]] = []
    while at <= end and len(found) <= 2 * MOST_TICKS:
        found.append((at, format_datetime(at, pattern, tzinfo=UTC, locale=tr.language)))
        at += step
    return found


def _legend(kinds: set[MomentKind], tr: Translator) -> list[_Legend]:
    words: dict[MomentKind, str] = {
        "verified": tr("verified"),
        "attested": tr("attested"),
        "approved": tr("approved"),
        "trouble": tr("trouble"),
        "deadline": tr("end of the data copy"),
    }
    return [
        _Legend(NAMES + 8 + number * 128, kind, words[kind])
        for number, kind in enumerate(kind for kind in words if kind in kinds)
    ]


def _told(report: Report, names: Sequence[str], tr: Translator) -> str:
    return tr(
        "{count} parts from {start} to {end}: {names}. The table below has their times.",
        count=len(names),
        start=_day(report.run.started_at, tr),
        end=_day(report.run.ended_at or report.run.last_at, tr),
        names=", ".join(names),
    )


def _day(at: datetime, tr: Translator) -> str:
    return format_datetime(at.astimezone(UTC), "d MMM y", locale=tr.language)
