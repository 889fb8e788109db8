"""What the slash command answers: pure functions to a text and blocks, seen by one person."""

from __future__ import annotations

from collections.abc import Sequence

from slack_sdk.models.blocks import Block, ButtonElement

from handlers.actions import COMMAND, Act, Ref
from handlers.i18n import Translator
from handlers.ports import UNCHECKED, AuditEntry, ReportAnswer
from handlers.views import asks, buttons, words
from handlers.views.messages.approval import to_reassign
from handlers.views.messages.frame import held, waiting
from handlers.views.parts import actions, button, context, link, listing, outside, people, section
from workflows.prompts import prompt
from workflows.rules.approval import plan_bound
from workflows.run import Run

NO_RUN = Ref("new", 0)
"""What the start button carries: there is no run yet."""


def start_button(tr: Translator) -> ButtonElement:
    """Make the button that opens the start modal."""
    return button(tr("Start the uninstall…"), Act.OPEN_START, NO_RUN, style="primary")


def status(run: Run, url: str | None, tr: Translator) -> tuple[str, list[Block]]:
    """Say where a run is: its question, who is waited for, what happens next."""
    asked = prompt(run)
    text = tr(
        "*{title}* (run {run}: {state})",
        title=asks.title(run, asked.ask, tr),
        run=f"`{outside(run.id)}`",
        state=words.state(run.state, tr),
    )
    blocks = [
        section(text),
        *held(run, tr),
        context(*waiting(run, asked, tr)),
        context(asks.then(run, asked.ask, tr)),
        actions(link(tr("Open the thread"), url)),
    ]
    return text, [block for block in blocks if block is not None]


def report_asked(answer: ReportAnswer, tr: Translator) -> str:
    """Say that a plan report is on its way."""
    if answer == "under_way":
        return tr(
            "Your plan report is being made already. It comes as a direct message from Sunset."
        )
    return tr(
        "The plan report is being made. It comes as a direct message from Sunset. Sunset only "
        "reads: nothing is changed, and nothing begins."
    )


def reports_for(administrators: Sequence[str], tr: Translator) -> str:
    """Say politely who may ask for a plan report."""
    if not administrators:
        return tr("A plan report is made for administrators of Sunset only.")
    asked = people(administrators, tr)
    return tr(
        "A plan report is made for administrators of Sunset only: {people} can ask for one and "
        "send it on to you.",
        people=asked,
    )


def plan(run: Run, url: str | None, tr: Translator, told: str = "") -> tuple[str, list[Block]]:
    """Show the plan of the active run in a few lines, with a button for the details.

    *told* is about a report that stands by itself; it stands below.
    """
    below = context(told) if told else None
    if run.plan is None:
        text = tr("The plan is being made; it appears in the thread in a moment.")
        row = actions(link(tr("Open the thread"), url))
        return _said(text, told), [
            block for block in (section(text), row, below) if block is not None
        ]
    text = tr(
        "*The plan* {digest}, read {when}; nothing was changed by it.",
        digest=words.short(plan_bound(run)),
        when=tr.moment(run.plan.taken_at),
    )
    lines = [text, to_reassign(run.plan, tr)]
    found = run.plan.inventory
    if found is None:
        lines.append(tr("The package is not installed in Salesforce."))
    else:
        lines.append(words.components(found, tr))
        lines.append(
            tr.plural("{count} blocker found", "{count} blockers found", len(found.blockers))
        )
    row = actions(buttons.make(Act.OPEN_PLAN, run, tr), link(tr("Open the thread"), url))
    shown = (section("\n".join(lines)), row, below)
    return _said(text, told), [block for block in shown if block is not None]


def _said(text: str, told: str) -> str:
    return f"{text} {told}".strip()


def no_plan(tr: Translator, told: str = "", *, may_start: bool) -> tuple[str, list[Block]]:
    """Say that a plan comes with a run; *told* is about a report that stands by itself."""
    text = tr(
        "No run is active, so there is no plan. Starting a run makes one first. That only reads; "
        "nothing is changed before the approvers have agreed."
    )
    row = actions(start_button(tr)) if may_start else None
    below = section(told) if told else None
    return _said(text, told), [block for block in (section(text), below, row) if block is not None]


def no_run(tr: Translator, last: Run | None) -> str:
    """Say that no run is active, and how the last one ended."""
    text = tr("No run is active.")
    if last is not None:
        text += " " + tr(
            "The last one, {run}, is over: {state}.",
            run=f"`{outside(last.id)}`",
            state=words.state(last.state, tr),
        )
    return text + " " + tr("Administrators start one with {command}.", command=f"`{COMMAND}`")


def audit(
    run: Run, history: Sequence[AuditEntry], problems: Sequence[str], channel: str, tr: Translator
) -> str:
    """Say how long the audit log of a run is, and whether its chain is intact."""
    last = f"`{outside(history[-1].hash)}`" if history else "–"
    lines = [
        tr.plural(
            "*Audit log of run {run}:* {count} event",
            "*Audit log of run {run}:* {count} events",
            len(history),
            run=f"`{outside(run.id)}`",
        ),
        tr("Last hash: {hash}", hash=last),
    ]
    if problems and all(problem.startswith(UNCHECKED) for problem in problems):
        lines.append(tr("⚠️ *The chain cannot be checked* as the bot is set up now:"))
        lines += listing([outside(problem, 250) for problem in problems], tr)
    elif problems:
        lines.append(
            tr.plural(
                "⛔ *The chain is broken* ({count} problem). Somebody changed the stored history:",
                "⛔ *The chain is broken* ({count} problems). Somebody changed the stored history:",
                len(problems),
            )
        )
        lines += listing([outside(problem, 250) for problem in problems], tr)
    else:
        lines.append(tr("✅ The chain is intact: every event fits to the one before."))
    if channel:
        lines.append(tr("Each event is a line in {channel}.", channel=f"<#{outside(channel)}>"))
    return "\n".join(lines)


def help_text(tr: Translator) -> str:
    """Name every sub-command."""
    rows = (
        ("", tr("start an uninstall, or see where the active one is")),
        ("plan", tr("a report of what an uninstall would mean; it only reads")),
        ("status", tr("where the run is, and who is waited for")),
        ("cancel", tr("end the run; says first what cannot be undone")),
        ("handover @user", tr("make another administrator responsible")),
        ("freeze [reason]", tr("let nothing leave Sunset until it is unfrozen")),
        ("unfreeze", tr("let the run go on")),
        ("audit", tr("how long the audit log is, and whether it is intact")),
        ("help", tr("this list")),
    )
    title = tr("*Sunset* takes the HubSpot–Salesforce integration down, step by step.")
    return "\n".join([title, *(f"`{f'{COMMAND} {word}'.strip()}` – {said}" for word, said in rows)])


def stranger(administrators: Sequence[str], tr: Translator) -> str:
    """Tell somebody who has no part in it what this is, and whom to ask."""
    text = tr(
        "Sunset takes the HubSpot–Salesforce integration down. It answers to its administrators "
        "and approvers only."
    )
    if not administrators:
        return text + " " + tr("Ask the operator of Sunset if you need to take part.")
    asked = people(administrators, tr)
    return text + " " + tr("Ask {people} if you need to take part.", people=asked)
