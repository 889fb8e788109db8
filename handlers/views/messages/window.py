"""The 48 hours (P4): the prompt to download, reminders, and those that were missed.

A text may be read at any time: what it says of the deadline holds before it and after it.
"""

from __future__ import annotations

from datetime import datetime

from slack_sdk.models.blocks import Block

from handlers.actions import Act
from handlers.i18n import Translator
from handlers.views import words
from handlers.views.buttons import make
from handlers.views.parts import Message, actions, mention, message, outside, people
from handlers.views.parts import sections as packed
from workflows.run import Run
from workflows.states import State
from workflows.timers import reminders, window_end


def download(run: Run, tr: Translator) -> list[Block]:
    """Say by when the copy has to be downloaded, where, and who is reminded when (P4)."""
    first, *more = limits(run, tr)
    lines = [f"⚠️ `P4` *{first}* {' '.join(more)}".rstrip(), *how_lines(tr)]
    ahead = [
        words.lead(before, tr) for before in reminders(run) if before not in run.reminders_done
    ]
    if ahead:
        when = ", ".join(ahead)
        lines.append(tr("Sunset still reminds you this long before the end: {when}.", when=when))
    return list(packed(lines))


def limits(run: Run, tr: Translator) -> list[str]:
    """Say until when the copy is surely there, and from when on it is surely gone.

    The removal lies between the last reading that saw the package and the first that did not; each
    of the two plus the window is a limit. Where it was noticed after the first, it is urgent. Two
    in the same minute look alike, and are told as one: the first.
    """
    if run.deadline is None:
        return [_deadline(run, tr)]
    if not copy_approved(run):
        return [*_unknown_copy(tr), *_limits(run, run.deadline, tr)]
    return _limits(run, run.deadline, tr)


def copy_approved(run: Run) -> bool:
    """Say whether a copy was to be saved; else the package was removed by another hand, unasked."""
    return run.keep_copy is True and "removal" in run.passed


def _unknown_copy(tr: Translator) -> list[str]:
    return [
        tr(
            "The package was removed before its removal was approved here, so nobody knows whether "
            "a copy of its data was saved. If one was:"
        )
    ]


def _limits(run: Run, deadline: datetime, tr: Translator) -> list[str]:
    end = window_end(run, deadline)
    if end.replace(second=0, microsecond=0) <= deadline:
        return [_deadline(run, tr), tr("After that it is gone for good.")]
    if run.missing_at is not None and run.missing_at >= deadline:
        return [
            tr("The removal was noticed late: the data copy may be gone already."),
            tr(
                "It was kept until {when} at least, and is surely gone after {end}. Look at once "
                "whether it can still be downloaded.",
                when=tr.moment(deadline),
                end=tr.moment(end),
            ),
        ]
    return [
        _deadline(run, tr),
        tr(
            "After that it may be gone, and after {end} it surely is: whoever comes late has to "
            "look at once.",
            end=tr.moment(end),
        ),
    ]


def how_lines(tr: Translator) -> list[str]:
    """Say how the copy is downloaded."""
    return [
        tr(
            "Whoever pressed *Uninstall* in Salesforce gets a mail with a link to the export. It "
            "also stands in Setup on the page *Installed Packages*, under *Uninstalled Packages*, "
            "for those who may download packages there."
        ),
        tr("Put the file in a safe place, then say here where it lies."),
    ]


def reminder(run: Run, before: int, tr: Translator) -> Message:
    """Remind of the deadline, *before* seconds ahead of it, with buttons."""
    heading = _left(before, tr)
    lines = [
        f"⏰ *{heading}*",
        " ".join(limits(run, tr)),
        tr("{who} is responsible.", who=mention(run.responsible)),
        *how_lines(tr),
    ]
    return message(
        _with_run(run, f"⏰ {heading}", tr),
        *packed(lines),
        actions(make(Act.OPEN_DOWNLOADED, run, tr), make(Act.WHO_ELSE, run, tr)),
    )


def scheduled_reminder(run: Run, before: int, tr: Translator) -> str:
    """Remind in plain mrkdwn, for a message that lies in Slack beforehand (no buttons).

    It ends in :func:`reminder_mark`, by which it is recognised in Slack. Nothing in it may change
    while the run waits, such as who is responsible.
    """
    return " ".join(
        (
            f"⏰ *{_left(before, tr)}*",
            _deadline(run, tr),
            tr(
                "Answer in the thread of run {run}, or see `/uninstall-salesforce status`.",
                run=outside(run.id, 64),
            ),
            reminder_mark(run, before),
        )
    )


def reminder_mark(run: Run, before: int) -> str:
    """Write which reminder of which run a text is, the same in every language: `` `R1/PT4H` ``.

    A message that Slack posts at a set time can carry no metadata (facts/slack.md), so this is the
    only name that it has. The length is written as in SUNSET_REMINDERS.
    """
    hours, rest = divmod(before, 3_600)
    minutes, seconds = divmod(rest, 60)
    parts = ((hours, "H"), (minutes, "M"), (seconds, "S"))
    length = "".join(f"{number}{unit}" for number, unit in parts if number)
    return f"`{outside(run.id, 64)}/PT{length}`"


def missed_reminders(run: Run, befores: tuple[int, ...], tr: Translator) -> Message:
    """Say once, and honestly, which reminders nobody sent."""
    heading = tr.plural(
        "⚠️ *{count} reminder of the data copy was missed.*",
        "⚠️ *{count} reminders of the data copy were missed.*",
        len(befores),
    )
    leads = [words.lead(before, tr) for before in sorted(befores, reverse=True)]
    lines = [
        heading,
        tr(
            "Due this long before the end, and sent neither by Sunset nor by Slack: {leads}.",
            leads=", ".join(leads),
        ),
    ]
    if run.state is not State.DATA_COPY_WINDOW:
        lines.append(outcome(run, tr))
        return message(_with_run(run, heading, tr), *packed(lines))
    lines += [" ".join(limits(run, tr)), *how_lines(tr)]
    return message(
        _with_run(run, heading, tr),
        *packed(lines),
        actions(make(Act.OPEN_DOWNLOADED, run, tr), make(Act.WHO_ELSE, run, tr)),
    )


def unreached(run: Run, person: str, reason: str, tr: Translator) -> Message:
    """Say that somebody gets no reminders of their own, *reason* being Slack's word for why."""
    heading = tr(
        "⚠️ {who} cannot be written to directly ({reason}), so the reminders of the data copy do "
        "not reach them there.",
        who=mention(person),
        reason=outside(reason, 60),
    )
    lines = [heading, " ".join(limits(run, tr))]
    if person == run.responsible:
        others = [run.requester, *sorted(run.were_responsible), *run.eligible_approvers]
        called = [other for other in dict.fromkeys(others) if other != person]
        lines.append(
            tr(
                "Somebody else has to watch the time: {people}. Another administrator can take the "
                "run over with “Hand over…” on the card.",
                people=people(called, tr, most=20) if called else "–",
            )
        )
    return message(_with_run(run, heading, tr), *packed(lines))


def asked_who_else(run: Run, asker: str, tr: Translator) -> Message:
    """Pass on the question who else can download the copy."""
    others = [run.requester, *sorted(run.were_responsible), *run.eligible_approvers]
    known = list(dict.fromkeys([run.responsible, *others]))
    called = ", ".join(mention(person) for person in known[:20] if mention(person) != asker)
    heading = tr("🙋 {who} asks: who else can download the data copy?", who=asker)
    lines = [
        heading,
        " ".join(limits(run, tr)),
        *how_lines(tr),
        tr(
            "Whoever can: download it and press the button. Another administrator can take the run "
            "over with “Hand over…” on the card. {people}",
            people=called,
        ),
    ]
    return message(
        _with_run(run, heading, tr),
        *packed(lines),
        actions(make(Act.OPEN_DOWNLOADED, run, tr)),
    )


def outcome(run: Run, tr: Translator) -> str:
    """Say what became of the copy of the package's data."""
    if run.evidence.get("removal") is None or run.removed_at is None:
        return _not_removed(run, tr)
    if run.keep_copy is False and run.deadline is None:
        return tr("No copy was saved, as was approved.")
    if run.downloaded:
        where = outside(run.copy_location, 1_000)
        return tr("The copy was downloaded. It lies here: {where}", where=where)
    if run.downloaded is False:
        return tr(
            "⚠️ The time is over and no download was confirmed; what was not downloaded cannot be "
            "reached any more."
        )
    return tr("⚠️ {deadline} Nobody is reminded of it any more.", deadline=_deadline(run, tr))


def _not_removed(run: Run, tr: Translator) -> str:
    proof = run.evidence.get("data_copy")
    if proof is not None and proof.kind == "skipped":
        return tr("There was no package, so there is no data to copy.")
    return tr("The package was not removed in this run, so its data is still there.")


def _left(before: int, tr: Translator) -> str:
    left = words.lead(before, tr)
    return tr("Time left to download the copy of the package's data: {left}.", left=left)


def _deadline(run: Run, tr: Translator) -> str:
    if run.deadline is None:
        return tr("No time is set for the download.")
    when = tr.moment(run.deadline)
    return tr("The data copy can be downloaded until {when}.", when=when)


def _with_run(run: Run, text: str, tr: Translator) -> str:
    return tr("{text} (run {run})", text=text, run=outside(run.id, 64))
