"""What the command line shows of runs and plans."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from typing import Any

from rich.markup import escape
from rich.table import Table

from bot.store.base import Link
from handlers.i18n import Translator
from handlers.views import words
from handlers.views.describe import describe
from workflows.checklist import checklist
from workflows.prompts import prompt
from workflows.run import Run
from workflows.values import CORE_OBJECTS, Plan


def readable(mrkdwn: str) -> str:
    """Turn Slack's notation into what a terminal shows: mentions, dates, escapes."""
    text = re.sub(r"<!date\^[^|>]*\|([^>]*)>", r"\1", mrkdwn)
    text = re.sub(r"<([@#])([A-Z0-9]+)(?:\|[^>]*)?>", r"\1\2", text)
    return html.unescape(text)


def run_row(run: Run) -> dict[str, Any]:
    """Return one line about a run."""
    return {
        "id": run.id,
        "account": run.account.portal_id,
        "state": run.state.value,
        "started_at": run.started_at.isoformat(timespec="seconds"),
        "ended_at": run.ended_at.isoformat(timespec="seconds") if run.ended_at else None,
        "requester": run.requester,
        "responsible": run.responsible,
        "events": run.version,
    }


def run_detail(run: Run, history: Sequence[Link]) -> dict[str, Any]:
    """Return everything about a run, for programs."""
    asked = prompt(run)
    return {
        **run_row(run),
        "asked": asked.model_dump(mode="json"),
        "steps": [step.model_dump(mode="json") for step in checklist(run)],
        "deadline": run.deadline.isoformat() if run.deadline else None,
        "irreversible": list(run.irreversible),
        "blocked": run.blocked.model_dump(mode="json") if run.blocked else None,
        "frozen": run.frozen,
        "history": [
            {**item.recorded.model_dump(mode="json"), "hash": item.hash} for item in history
        ],
    }


def steps_table(run: Run, tr: Translator) -> Table:
    """Return the checklist with the evidence of each step."""
    table = Table(title=f"{run.id} · {run.state.value}")
    for heading in (tr("step"), tr("ids"), tr("mark"), tr("when"), tr("evidence")):
        table.add_column(heading)
    for step in checklist(run):
        proof = step.evidence
        when = proof.at.isoformat(timespec="seconds") if proof else ""
        reading = proof.reading if proof else None
        says = proof.by.id if proof else ""
        if reading is not None:
            says = f"{reading.source}: {readable(words.reading(reading, tr, 300))}"
        table.add_row(
            words.step(step.name, tr), " ".join(step.ids), step.mark.value, when, escape(says)
        )
    return table


def history_table(history: Sequence[Link], tr: Translator) -> Table:
    """Return a run's events, one a line."""
    table = Table("#", tr("when"), tr("who"), tr("what"), "hash")
    for item in history:
        recorded = item.recorded
        table.add_row(
            str(recorded.seq),
            recorded.at.isoformat(timespec="seconds"),
            recorded.actor.id,
            escape(readable(describe(recorded.event, tr))),
            item.hash[:12],
        )
    return table


def plan_table(plan: Plan, tr: Translator) -> Table:
    """Return the Salesforce-only owners with their records, and what the package holds."""
    inventory = plan.inventory
    package = (
        f"{inventory.package.name} {inventory.package.version}"
        if inventory
        else tr("The package is not installed.")
    )
    table = Table(title=escape(f"HubSpot {plan.account.portal_id} · {package}"))
    table.add_column(tr("Salesforce-only owner"))
    table.add_column(tr("why"))
    for kind in CORE_OBJECTS:
        table.add_column(kind, justify="right")
    for owned in plan.owners:
        counts = [tr.number(owned.counts.get(kind, 0)) for kind in CORE_OBJECTS]
        table.add_row(escape(owned.owner.label), owned.why, *counts)
    forecast = plan.forecast
    table.caption = tr(
        "{records} records; about {searches} searches and {updates} updates, {seconds} s",
        records=tr.number(plan.total),
        searches=tr.number(forecast.search_calls),
        updates=tr.number(forecast.update_calls),
        seconds=tr.number(forecast.seconds),
    )
    return table
