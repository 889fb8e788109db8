"""How far a job is: the same lines on the control card, in the prompt, and on the terminal."""

from __future__ import annotations

from datetime import timedelta

from slack_sdk.models.blocks import Block

from handlers.i18n import Translator
from handlers.ports import Progress
from handlers.views.parts import bar, percent, section
from handlers.views.parts import sections as packed
from workflows.run import Run


def progress(run: Run, tr: Translator, made: Progress | None) -> list[Block]:
    """Show how far the job is: phase, bar, done of total, rate, time left, failures."""
    if made is None:
        return [section(tr("The job has not reported its progress yet."))]
    lines = [
        phase(made, tr),
        f"`{bar(made.done, made.total)}` {tr.number(percent(made.done, made.total))} %",
        tr(
            "{done} of {total} records",
            done=tr.number(made.done),
            total=tr.number(made.total),
        ),
    ]
    if made.failed:
        lines.append(failed_line(made, tr))
    return list(packed([*lines, *speed_lines(run, made, tr)]))


def phase(made: Progress, tr: Translator) -> str:
    """Name the part of the job that the numbers are about; each has a bar of its own."""
    match made.phase:
        case "checking":
            return tr("*Part 2 of 2:* the owner histories are checked")
        case "undoing":
            return tr("*Records are given back*")
        case _:
            return tr("*Part 1 of 2:* the owners are changed")


def failed_line(made: Progress, tr: Translator) -> str:
    """Say how many records could not be changed."""
    return tr.plural(
        "{count} record could not be changed.",
        "{count} records could not be changed.",
        made.failed,
    )


def speed_lines(run: Run, made: Progress, tr: Translator) -> list[str]:
    """Say how fast the job is and how long its present part still takes, as far as is known.

    Nothing is said of a job that is held, or waits.
    """
    held = run.frozen or run.blocked is not None or run.waits_until is not None
    ending = run.job_state in {"stopping", "ending_undo"} and made.phase != "checking"
    if held or ending or run.job_state in {"paused", "finished"}:
        return []
    seconds = made.seconds_left
    if seconds is None and made.per_second > 0:
        seconds = max(0, made.total - made.done) / made.per_second
    left = None if seconds is None else tr.duration(timedelta(seconds=max(0.0, seconds)))
    rate = tr.number(max(1, round(made.per_second))) if made.per_second > 0 else None
    if rate and left:
        return [tr("{rate} records a second, about {left} left", rate=rate, left=left)]
    if left:
        return [tr("about {left} left", left=left)]
    return [tr("{rate} records a second", rate=rate)] if rate else []


def waiting_lines(run: Run, tr: Translator) -> list[str]:
    """Say that the job waits for the daily limit: until when, why, and what becomes of it."""
    if run.waits_until is None:
        return []
    when = tr.moment(run.waits_until)
    return [
        tr("⏳ *Waiting for HubSpot's daily limit.* Sunset goes on by itself {when}.", when=when),
        tr(
            "Today's requests are used up, except for the reserve that is left to the account's "
            "other integrations. Nothing is lost: what was done stays done and is not done again."
        ),
    ]
