"""What every prompt's message has around its body: who is asked, what is held, what comes next."""

from __future__ import annotations

from slack_sdk.models.blocks import Block, ButtonElement

from handlers.i18n import Translator
from handlers.views import asks
from handlers.views.parts import (
    Message,
    actions,
    clip,
    context,
    header,
    mention,
    message,
    outside,
    people,
    section,
)
from workflows.prompts import Prompt
from workflows.run import Run


def frame(
    run: Run,
    tr: Translator,
    asked: Prompt,
    body: list[Block],
    buttons: list[ButtonElement],
) -> Message:
    """Put the message of a prompt together."""
    title = asks.title(run, asked.ask, tr)
    who = people(asked.people, tr) if asked.people else ""
    name = outside(run.id, 64)
    if who:
        text = tr("{people}: {title} (run {run})", people=who, title=title, run=name)
    else:
        text = tr("{title} (run {run})", title=title, run=name)
    return message(
        text,
        header(title),
        *held(run, tr),
        context(*waiting(run, asked, tr)),
        *body,
        actions(*buttons),
        context(f"➡️ {asks.then(run, asked.ask, tr)}"),
    )


def waiting(run: Run, asked: Prompt, tr: Translator) -> list[str]:
    """Say who is waited for, since when, and until when."""
    when = tr.moment(asked.since)
    if run.frozen:
        shown = [tr("On hold: the run is frozen.")]
    elif asked.people:
        shown = [
            tr("Waiting for {people} since {when}.", people=people(asked.people, tr), when=when)
        ]
    elif asked.of == "bot":
        shown = [tr("Sunset is at work since {when}; nobody has to do anything.", when=when)]
    elif asked.of == "nobody":
        shown = [tr("Over since {when}.", when=when)]
    else:
        shown = [tr("Waiting since {when}.", when=when)]
    deadline = asks.deadline(run, asked, tr)
    return [*shown, deadline] if deadline else shown


def held(run: Run, tr: Translator) -> list[Block]:
    """Say that a run is frozen, or what blocks it and what to do about it."""
    blocks: list[Block] = []
    if run.frozen:
        # The command line's own identity is no user of Slack.
        by = outside(run.frozen_by, 80) if "@" in run.frozen_by else mention(run.frozen_by)
        blocks.append(
            section(
                tr(
                    "🧊 *Frozen* by {who}: nothing leaves Sunset until somebody else, an "
                    "administrator or an approver, unfreezes the run.",
                    who=by,
                )
            )
        )
    if run.blocked is not None:
        blocks.append(section("\n".join(blocked_lines(run, tr))))
    return blocks


def blocked_lines(run: Run, tr: Translator) -> list[str]:
    """Say what blocks the present step: the problem, the remedy, the reference."""
    block = run.blocked
    if block is None:
        return []
    problem = clip(tr.text(block.problem), 1_200)
    remedy = clip(tr.text(block.remedy), 1_200)
    lines = [
        tr("⛔ *This step cannot go on:* {problem}", problem=problem),
        tr("*What to do:* {remedy}", remedy=remedy),
    ]
    if block.reference:
        lines.append(tr("Reference: {reference}", reference=outside(block.reference, 120)))
    return lines
