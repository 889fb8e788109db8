"""How far a job, a backup or a removal is: alike on the card, in the prompt, on the terminal."""

from __future__ import annotations

from datetime import timedelta

from slack_sdk.models.blocks import Block

from handlers.i18n import Translator
from handlers.ports import Progress
from handlers.views.parts import bar, code, outside, percent, section
from handlers.views.parts import sections as packed
from workflows.prompts import Ask
from workflows.run import Run
from workflows.text import N_

_JOB = frozenset({"changing", "checking", "undoing"})
_REMOVAL = frozenset({"rehearsing", "waiting", "removing"})
_BEFORE_READING = frozenset({"planning", "checking", "waiting"})
_PHASES: dict[Ask, frozenset[str]] = {
    Ask.WAIT_REASSIGNMENT: _JOB,
    Ask.REASSIGNMENT_PAUSED: _JOB,
    Ask.WAIT_STOP: _JOB,
    Ask.WAIT_UNDO: _JOB,
    Ask.WAIT_BACKUP: frozenset({"backing_up"}),
    Ask.WAIT_REMOVAL: _REMOVAL,
}
"""Which progress belongs to which prompt."""
_STEPS = {
    "planning": N_("looking what there is to back up"),
    "checking": N_("checking what is on the disk already"),
    "waiting": N_("waiting for Salesforce's query"),
    "reading": N_("reading the records"),
    "verifying": N_("reading the file back, and counting anew"),
    "done": N_("done"),
}


def of_ask(ask: Ask, made: Progress | None) -> Progress | None:
    """Return *made* if it is about what *ask* waits for."""
    return made if made is not None and made.phase in _PHASES.get(ask, ()) else None


def progress(run: Run, tr: Translator, made: Progress | None) -> list[Block]:
    """Show how far it is: phase, bar, done of total, rate, time left, failures."""
    if made is None:
        return [section(tr("The job has not reported its progress yet."))]
    lines = [phase(made, tr)]
    if total_known(made):
        drawn = f"`{bar(made.done, made.total)}`"
        lines.append(f"{drawn} {tr.number(percent(made.done, made.total))} %")
    if made.phase != "waiting":
        lines.append(numbers(made, tr))
    lines += aside_lines(made, tr)
    return list(packed([*lines, *speed_lines(run, made, tr)]))


def phase(made: Progress, tr: Translator) -> str:
    """Name the part of the work that the numbers are about; each has a bar of its own."""
    match made.phase:
        case "checking":
            return tr("*Part 2 of 2:* the owner histories are checked")
        case "undoing":
            return tr("*Records are given back*")
        case "backing_up":
            return _table(made, tr)
        case "rehearsing":
            return tr("*The removal is rehearsed:* nothing is deleted by this")
        case "waiting":
            return tr(
                "⏳ *Sunset waits:* another deployment, {deployment}, is under way in Salesforce "
                "(Setup › Deployment Status) and may be about the package. Sunset goes on by "
                "itself when that has ended.",
                deployment=code(made.label, 18),
            )
        case "removing":
            return tr("*The package is being removed*")
        case _:
            return tr("*Part 1 of 2:* the owners are changed")


def _table(made: Progress, tr: Translator) -> str:
    """Name the object that is being backed up, and what is done with it."""
    step = tr.text(_STEPS[made.step]) if made.step in _STEPS else outside(made.step, 40) or "–"
    if not made.label:
        return tr("*The backup is prepared:* {step}", step=step)
    name = code(made.label, 120)
    if not made.part:
        return tr("*Backing up* {object}: {step}", object=name, step=step)
    return tr(
        "*Backing up object {part} of {parts}:* {object}: {step}",
        part=tr.number(made.part),
        parts=tr.number(made.parts),
        object=name,
        step=step,
    )


def total_known(made: Progress) -> bool:
    """Say whether there is a share to show; a reassignment's total is always known.

    Of an object that is backed up, only its query tells how many records it has.
    """
    return made.phase in _JOB or (made.total > 0 and made.step not in _BEFORE_READING)


def numbers(made: Progress, tr: Translator) -> str:
    """Say how much is done, and of how much where that is known."""
    if not total_known(made):
        if made.phase in _REMOVAL:
            return tr("Salesforce has not said yet how much there is to do.")
        return tr.plural("{count} record so far", "{count} records so far", made.done)
    done, total = tr.number(made.done), tr.number(made.total)
    if made.phase in _REMOVAL:
        return tr("{done} of {total} components", done=done, total=total)
    if _objects_to_come(made):
        return tr(
            "{done} of {total} records; those of the objects still to come are not counted yet",
            done=done,
            total=total,
        )
    return tr("{done} of {total} records", done=done, total=total)


def _objects_to_come(made: Progress) -> bool:
    return made.phase == "backing_up" and made.part < made.parts


def aside_lines(made: Progress, tr: Translator) -> list[str]:
    """Say what failed so far, and what Salesforce says that it is doing."""
    lines = [failed_line(made, tr)] if made.failed else []
    if made.phase in _REMOVAL and made.phase != "waiting" and made.label:
        lines.append(tr("Salesforce says: {state}", state=outside(made.label, 200)))
    return lines


def failed_line(made: Progress, tr: Translator) -> str:
    """Say how many records could not be changed, or what Salesforce refused so far."""
    if made.phase in _REMOVAL:
        return tr.plural("{count} error so far.", "{count} errors so far.", made.failed)
    return tr.plural(
        "{count} record could not be changed.",
        "{count} records could not be changed.",
        made.failed,
    )


def speed_lines(run: Run, made: Progress, tr: Translator) -> list[str]:
    """Say how fast it is and how long the present part still takes, as far as is known.

    Nothing is said of what is held, or waits.
    """
    if made.phase in _REMOVAL or _held(run, made):
        return []
    seconds = made.seconds_left
    foreseeable = total_known(made) and not _objects_to_come(made)
    if seconds is None and made.per_second > 0 and foreseeable:
        seconds = max(0, made.total - made.done) / made.per_second
    left = None if seconds is None else tr.duration(timedelta(seconds=max(0.0, seconds)))
    rate = tr.number(max(1, round(made.per_second))) if made.per_second > 0 else None
    if rate and left:
        return [tr("{rate} records a second, about {left} left", rate=rate, left=left)]
    if left:
        return [tr("about {left} left", left=left)]
    return [tr("{rate} records a second", rate=rate)] if rate else []


def _held(run: Run, made: Progress) -> bool:
    if run.frozen or run.blocked is not None:
        return True
    if made.phase not in _JOB:
        return False
    ending = run.job_state in {"stopping", "ending_undo"} and made.phase != "checking"
    return run.waits_until is not None or ending or run.job_state in {"paused", "finished"}


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
