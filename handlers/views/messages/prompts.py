"""The message of the prompt in force, by what it asks; and what is left of it once answered."""

from __future__ import annotations

from slack_sdk.models.blocks import Block, ButtonElement

from handlers.actions import Act
from handlers.i18n import Translator
from handlers.ports import Progress
from handlers.views import buttons, links, reassignment_events
from handlers.views.describe import describe
from handlers.views.messages import (
    approval,
    backup,
    disconnect,
    mapping,
    owners,
    package,
    report,
    window,
)
from handlers.views.messages.frame import frame
from handlers.views.messages.notices import signature
from handlers.views.messages.progress import of_ask
from handlers.views.parts import Message, context, link, message, outside, section
from workflows import events as e
from workflows.prompts import Ask, prompt
from workflows.run import Run

_ALSO: dict[Ask, tuple[Act, ...]] = {
    Ask.ACKNOWLEDGE_ADVICE: (Act.OPEN_PLAN,),
    Ask.APPROVE_PLAN: (Act.OPEN_PLAN,),
    Ask.REASSIGNMENT_LEFT: (Act.OPEN_FAILURES,),
    Ask.CHOOSE_DATA_COPY: (Act.OPEN_INVENTORY,),
    Ask.CONFIRM_NO_COPY: (Act.OPEN_INVENTORY,),
    Ask.APPROVE_REMOVAL: (Act.OPEN_INVENTORY,),
    Ask.REMOVE_PACKAGE: (Act.OPEN_INVENTORY,),
}
"""Buttons that only show something, besides the prompt's choices."""
_IN_HUBSPOT = frozenset({Ask.DISCONNECT})
_IN_SALESFORCE = frozenset({Ask.REMOVE_PACKAGE, Ask.DOWNLOAD_COPY})


def prompt_message(run: Run, tr: Translator, made: Progress | None) -> Message:
    """Show what is asked now, with a button for each choice."""
    asked = prompt(run)
    also = _ALSO.get(asked.ask, ())
    if not run.failure_count:
        also = tuple(act for act in also if act is not Act.OPEN_FAILURES)
    shown: list[ButtonElement] = buttons.of_prompt(run, asked, tr, *also)
    elsewhere = _elsewhere(run, asked.ask, tr)
    if elsewhere is not None:
        shown.append(elsewhere)
    return frame(run, tr, asked, _body(run, asked.ask, tr, made), shown)


def _elsewhere(run: Run, ask: Ask, tr: Translator) -> ButtonElement | None:
    if ask in _IN_HUBSPOT:
        return link(tr("Open in HubSpot"), links.hubspot_integration(run))
    if ask in _IN_SALESFORCE:
        return link(tr("Open in Salesforce"), links.salesforce_packages(run.inventory))
    return None


def _body(run: Run, ask: Ask, tr: Translator, made: Progress | None) -> list[Block]:
    match ask:
        case Ask.WAIT_PLAN:
            return approval.waiting_for_plan(run, tr)
        case Ask.ACKNOWLEDGE_ADVICE:
            return approval.advice(run, tr)
        case Ask.APPROVE_PLAN:
            return approval.plan(run, tr)
        case Ask.DISCONNECT:
            return disconnect.disconnect(run, tr)
        case Ask.WAIT_SYNC:
            return disconnect.waiting_for_sync(run, tr)
        case Ask.DOWNLOAD_COPY:
            return window.download(run, tr)
        case Ask.OVER:
            return report.report(run, tr)
        case _:
            shown = of_ask(ask, made)
            return _owners(run, ask, tr, shown) or _package(run, ask, tr, shown)


def _owners(run: Run, ask: Ask, tr: Translator, made: Progress | None) -> list[Block]:
    match ask:
        case Ask.WAIT_OWNERS:
            return mapping.waiting_for_owners(tr)
        case Ask.MAP_OWNERS:
            return mapping.mapping(run, tr)
        case Ask.WAIT_REASSIGNMENT | Ask.REASSIGNMENT_PAUSED:
            return owners.reassigning(run, tr, made)
        case Ask.WAIT_UNDO:
            return owners.undoing(run, tr, made)
        case Ask.WAIT_STOP:
            return owners.stopping(run, tr, made)
        case Ask.WAIT_COUNT:
            return owners.counting(run, tr)
        case Ask.REASSIGNMENT_LEFT:
            return owners.left(run, tr)
        case Ask.DELETE_OWNERS:
            return owners.cleanup(run, tr)
        case Ask.WAIT_OWNERS_GONE:
            return owners.waiting_for_deletion(run, tr)
        case _:
            return []


def _package(run: Run, ask: Ask, tr: Translator, made: Progress | None) -> list[Block]:
    match ask:
        case Ask.WAIT_INVENTORY:
            return package.waiting_for_inventory(tr)
        case Ask.CHOOSE_DATA_COPY:
            return package.choose_copy(run, tr)
        case Ask.CONFIRM_NO_COPY:
            return backup.confirm_no_copy(run, tr)
        case Ask.WAIT_BACKUP:
            return backup.waiting_for_backup(run, tr, made)
        case Ask.APPROVE_REMOVAL:
            return package.approve_removal(run, tr)
        case Ask.COMPARE_AGAIN:
            return package.compare_again(run, tr)
        case Ask.WAIT_RECONFIRMATION:
            return package.waiting_for_reconfirmation(run, tr)
        case Ask.REMOVE_PACKAGE:
            return package.remove(run, tr)
        case Ask.WAIT_REMOVAL:
            return package.waiting_for_removal(run, tr, made)
        case _:
            return []


def closed_prompt(run: Run, recorded: e.Recorded, tr: Translator) -> Message:
    """Say what became of a question that *recorded* has closed; without buttons."""
    said = _became(run, recorded.event, tr)
    text = tr("{text} (run {run})", text=said, run=outside(run.id, 64))
    return message(text, section(f"✔️ {said}"), context(signature(recorded, tr)))


def _became(run: Run, event: e.Event, tr: Translator) -> str:
    match event:
        case e.RunCompleted():
            return f"{describe(event, tr)} {window.outcome(run, tr)}"
        case e.OwnersCounted():
            return reassignment_events.counted(event, run, tr)
        # A notice of its own, right below, tells the result.
        case e.ReassignmentFinished():
            return tr("Reassignment {job} ended; the result is below.", job=event.job)
        case e.ReassignmentUndone():
            return tr("Giving back ended; the result is below.")
        case _:
            return describe(event, tr)
