"""The timeline: when the run was in which state, and what is marked on it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from bot.reporting.model import Moment, MomentKind, Phase, Span, Trouble
from workflows import events as e
from workflows.evolve import evolve
from workflows.run import Run

BLOCKED, FROZEN = "blocked", "frozen"
MOST_MOMENTS = 300


def states(history: Sequence[e.Recorded]) -> Iterator[tuple[e.Recorded, Run | None, Run]]:
    """Yield each event with the run before and after it."""
    run: Run | None = None
    for recorded in history:
        before, run = run, evolve(run, recorded)
        yield recorded, before, run


def phases(history: Sequence[e.Recorded]) -> tuple[Phase, ...]:
    """Return the states in the order in which they were first entered, then what held the run up.

    Final states last no time and are not among them.
    """
    spans: dict[str, list[tuple[datetime, datetime | None]]] = {}
    held: dict[str, list[tuple[datetime, datetime | None]]] = {BLOCKED: [], FROZEN: []}
    for recorded, before, after in states(history):
        was, now = before.state if before else None, after.state
        if was is not now:
            _close(spans.get(was.value, []) if was else [], recorded.at)
            if not now.final:
                spans.setdefault(now.value, []).append((recorded.at, None))
        for name, had, has in (
            (BLOCKED, before is not None and before.blocked is not None, after.blocked is not None),
            (FROZEN, before is not None and before.frozen, after.frozen),
        ):
            if has and not had:
                held[name].append((recorded.at, None))
            elif had and not has:
                _close(held[name], recorded.at)
    return tuple(
        Phase(name=name, spans=tuple(Span(began=began, ended=ended) for began, ended in found))
        for name, found in (*spans.items(), *held.items())
        if found
    )


def _close(spans: list[tuple[datetime, datetime | None]], at: datetime) -> None:
    if spans:
        # A clock that was set back must not end a time before it began.
        spans[-1] = (spans[-1][0], max(at, spans[-1][0]))


def moments(history: Sequence[e.Recorded], troubles: Sequence[Trouble]) -> tuple[Moment, ...]:
    """Return what is marked: evidence, approvals, troubles, the data copy's deadline."""
    found: list[Moment] = []
    wrong = {trouble.seq for trouble in troubles}
    for recorded, before, after in states(history):
        event, phase = recorded.event, (before or after).state.value
        kind = _kind(event, before, after, recorded.seq in wrong)
        if kind is not None:
            found.append(Moment(at=recorded.at, phase=phase, kind=kind, seq=recorded.seq))
        if isinstance(event, e.PackageRemoved) and event.deadline is not None:
            end = Moment(
                at=event.deadline, phase=after.state.value, kind="deadline", seq=recorded.seq
            )
            found.append(end)
    return tuple(found[:MOST_MOMENTS])


def _kind(event: e.Event, before: Run | None, after: Run, wrong: bool) -> MomentKind | None:
    if wrong:
        return "trouble"
    if isinstance(event, e.GatePassed):
        return "approved"
    known = before.evidence if before else {}
    new = {proof.kind for step, proof in after.evidence.items() if known.get(step) != proof}
    if "verified" in new:
        return "verified"
    return "attested" if "attested" in new else None
