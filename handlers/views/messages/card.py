"""The control card at the top of a run's thread: where the run is, at one look."""

from __future__ import annotations

from slack_sdk.models.blocks import ActionsBlock, Block

from handlers.actions import Act
from handlers.i18n import Translator
from handlers.ports import Progress
from handlers.views import asks, backup, words
from handlers.views.buttons import make
from handlers.views.messages.frame import held, waiting
from handlers.views.messages.progress import of_ask, waiting_lines
from handlers.views.messages.progress import progress as progress_blocks
from handlers.views.messages.window import outcome
from handlers.views.parts import (
    Message,
    actions,
    context,
    fields,
    header,
    mention,
    message,
    outside,
    section,
)
from handlers.views.parts import sections as packed
from workflows.checklist import checklist
from workflows.prompts import Prompt, prompt
from workflows.run import Run


def card(run: Run, tr: Translator, made: Progress | None) -> Message:
    """Show the whole run."""
    asked = prompt(run)
    now = asks.title(run, asked.ask, tr)
    text = tr(
        "Uninstall of the HubSpot–Salesforce integration, run {run}: {now}",
        run=outside(run.id, 64),
        now=now,
    )
    moving = of_ask(asked.ask, made)
    return message(
        text,
        header(tr("Uninstall the HubSpot–Salesforce integration")),
        _facts(run, tr),
        *held(run, tr),
        *packed(_now(run, asked, now, tr)),
        *(progress_blocks(run, tr, moving) if moving else ()),
        *packed([words.step_line(step, tr, run.passed) for step in checklist(run)]),
        *packed(backup.brief(run, tr)),
        *_end(run, tr),
        _buttons(run, tr),
        context(
            tr(
                "Run {run} · started {when} · ✅ verified: an API reading supports it · "
                "☑️ attested: a person said so",
                run=outside(run.id, 64),
                when=tr.moment(run.started_at),
            )
        ),
    )


def _facts(run: Run, tr: Translator) -> Block:
    account = outside(run.account.portal_id, 40)
    if run.account.account_type:
        account = f"{account} ({outside(run.account.account_type, 40)})"
    return fields(
        tr("*HubSpot account*\n{account}", account=account),
        tr("*Requested by*\n{who}", who=mention(run.requester)),
        tr("*Responsible*\n{who}", who=mention(run.responsible)),
        tr("*Reason*\n{reason}", reason=words.reason(run.reason, tr)),
    )


def _now(run: Run, asked: Prompt, title: str, tr: Translator) -> list[str]:
    if run.state.final:
        return [f"*{title}.*", *waiting(run, asked, tr)]
    return [
        tr("*Now:* {title}", title=title),
        *waiting(run, asked, tr),
        *waiting_lines(run, tr),
        f"➡️ {asks.then(run, asked.ask, tr)}",
    ]


def _end(run: Run, tr: Translator) -> list[Block]:
    if not run.state.final:
        return []
    return [section(tr("*Data copy:* {outcome}", outcome=outcome(run, tr)))]


def _buttons(run: Run, tr: Translator) -> ActionsBlock | None:
    if run.state.final:
        return None
    acts: list[Act] = []
    if run.frozen:
        acts.append(Act.UNFREEZE)
    elif run.blocked is not None:
        acts.append(Act.RETRY)
    if run.plan is not None:
        acts.append(Act.OPEN_PLAN)
    acts += [Act.OPEN_HAND_OVER, Act.OPEN_CANCEL]
    return actions(*(make(act, run, tr) for act in acts))
