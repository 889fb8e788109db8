"""What the command line shows of runs and plans."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from rich.markup import escape
from rich.table import Table

from bot.store.base import Link, Waiting
from handlers.i18n import Translator, escape_outside
from handlers.views import forecast, words
from handlers.views.describe import describe
from workflows.checklist import checklist
from workflows.prompts import prompt
from workflows.run import Run
from workflows.values import CORE_OBJECTS, Owner, Plan

FAILURES_SHOWN = 20
_TURNS = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""Characters that turn the direction of what follows them: a name would reach beyond its cell."""


def readable(mrkdwn: str) -> str:
    """Turn Slack's notation into what a terminal shows: mentions, dates, escapes."""
    text = re.sub(r"<!date\^[^|>]*\|([^>]*)>", r"\1", mrkdwn)
    text = re.sub(r"<([@#])([A-Z0-9]+)(?:\|[^>]*)?>", r"\1\2", text)
    return html.unescape(text)


def unmarked(mrkdwn: str) -> str:
    """Turn Slack's notation into plain words, without its bold and code."""
    return re.sub(r"[*`]", "", readable(mrkdwn))


def cell(text: str) -> str:
    """Make text from outside fit for a table: no control characters, no markup of rich's."""
    return escape(html.unescape(escape_outside(_TURNS.sub("", text))))


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


def run_detail(
    run: Run, history: Sequence[Link], waiting: Sequence[Waiting] = ()
) -> dict[str, Any]:
    """Return everything about a run, for programs; *waiting* is what could not be done yet."""
    asked = prompt(run)
    return {
        **run_row(run),
        "asked": asked.model_dump(mode="json"),
        "steps": [step.model_dump(mode="json") for step in checklist(run)],
        "deadline": run.deadline.isoformat() if run.deadline else None,
        "irreversible": list(run.irreversible),
        "blocked": run.blocked.model_dump(mode="json") if run.blocked else None,
        "frozen": run.frozen,
        "waiting": [
            {
                "kind": one.kind,
                "error": one.error,
                "attempts": one.attempts,
                "next": datetime.fromtimestamp(one.due, UTC).isoformat(timespec="seconds"),
            }
            for one in waiting
        ],
        "reassignment": _reassignment(run),
        "history": [
            {**item.recorded.model_dump(mode="json"), "hash": item.hash} for item in history
        ],
    }


def _reassignment(run: Run) -> dict[str, Any]:
    """Return what step 2 is about: who, to whom, which types, and what became of it."""
    return {
        "objects": list(run.objects),
        "excluded": sorted(run.excluded),
        "mapping": {old: given.model_dump(mode="json") for old, given in run.mapping.items()},
        "job": run.job,
        "job_state": run.job_state,
        "waits_until": run.waits_until.isoformat() if run.waits_until else None,
        "undo": {"owner": run.undo_owner, "object": run.undo_object},
        "tallies": [tally.model_dump(mode="json") for tally in run.tallies],
        "failures": [failure.model_dump(mode="json") for failure in run.failures],
        "failure_count": run.failure_count,
        "records_changed": run.records_changed,
        "records_left": run.records_left,
        "left": {owned.owner.id: dict(owned.counts) for owned in run.owners},
    }


def waiting_lines(waiting: Sequence[Waiting], tr: Translator) -> Iterator[str]:
    """Yield a line for each thing that could not be done yet and is tried again."""
    for one in waiting:
        yield tr(
            "Waiting: {kind} met {error}, attempts: {attempts}; the next one is at {when}.",
            kind=one.kind,
            error=one.error,
            attempts=one.attempts,
            when=datetime.fromtimestamp(one.due, UTC).isoformat(timespec="seconds"),
        )


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


def step_two(run: Run, tr: Translator) -> Iterator[Table]:
    """Yield the tables of step 2, as far as it has come: owners, result, failures."""
    if run.owners:
        yield _owners_table(run, tr)
    if run.tallies:
        yield _result_table(run, tr)
    if run.failures:
        yield _failures_table(run, tr)


def _owners_table(run: Run, tr: Translator) -> Table:
    """Return each old owner with the records that are left, and who gets them."""
    labels = words.labels(run)
    types = ", ".join(words.object_name(kind, tr, labels) for kind in run.objects)
    table = Table(
        tr("Salesforce-only owner"),
        tr("why"),
        tr("left as last counted"),
        tr("goes to"),
        title=tr("Salesforce-only owners"),
        caption=cell(tr("Reassigned: {types}", types=types)),
    )
    for owned in run.owners:
        given = run.mapping.get(owned.owner.id)
        if owned.owner.id in run.excluded:
            goal = tr("excluded: stays as it is")
        elif given is not None:
            goal = readable(words.assignment(given, tr, labels))
        else:
            goal = tr("open") if owned.total else "–"
        counts = readable(words.counts(owned.counts, tr, labels))
        table.add_row(*map(cell, (owned.owner.label, words.why(owned, tr), counts, goal)))
    return table


def _result_table(run: Run, tr: Translator) -> Table:
    """Return what the last job did, for each old owner and object type."""
    table = Table(title=tr("Result of the last job"))
    for heading in (tr("Salesforce-only owner"), tr("type")):
        table.add_column(heading)
    for heading in (
        tr("changed"),
        tr("failed"),
        tr("left alone"),
        tr("changed hands meanwhile"),
        tr("left"),
    ):
        table.add_column(heading, justify="right")
    for tally in run.tallies:
        owned = run.owner(tally.owner_id)
        left = owned.counts.get(tally.object_type, 0) if owned else 0
        table.add_row(
            cell(owned.owner.label if owned else f"#{tally.owner_id}"),
            cell(words.object_name(tally.object_type, tr, words.labels(run))),
            *map(
                tr.number,
                (tally.changed, tally.failed, tally.left_alone, tally.overwritten, left),
            ),
        )
    return table


def _failures_table(run: Run, tr: Translator) -> Table:
    """Return the first records that HubSpot would not change, with its reasons."""
    table = Table(
        tr("type"),
        tr("record"),
        tr("HubSpot's reason"),
        tr("correlation id"),
        title=tr("Records that failed"),
    )
    labels = words.labels(run)
    for one in run.failures[:FAILURES_SHOWN]:
        kind = words.object_name(one.object_type, tr, labels)
        table.add_row(*map(cell, (kind, one.record_id, one.reason, one.reference)))
    more = run.failure_count - min(len(run.failures), FAILURES_SHOWN)
    if more > 0:
        table.caption = tr.plural("… and {count} more", "… and {count} more", more)
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


def plan_tables(plan: Plan, tr: Translator) -> Iterator[Table]:
    """Yield the plan: who has what and what it costs, then who is left alone."""
    yield _plan_table(plan, tr)
    if plan.deactivated:
        yield _deactivated_table(plan.deactivated, tr)


def _plan_table(plan: Plan, tr: Translator) -> Table:
    """Return the Salesforce-only owners with the reason for each, their records, and the cost."""
    inventory = plan.inventory
    package = (
        f"{inventory.package.name} {inventory.package.version}"
        if inventory
        else tr("The package is not installed.")
    )
    table = Table(title=cell(f"HubSpot {plan.account.portal_id} · {package}"))
    table.add_column(tr("Salesforce-only owner"))
    table.add_column(tr("why"))
    for kind in CORE_OBJECTS:
        table.add_column(words.object_name(kind, tr), justify="right")
    table.add_column(tr("others, only if chosen"))
    for owned in plan.owners:
        counts = [tr.number(owned.counts.get(kind, 0)) for kind in CORE_OBJECTS]
        others = {kind: count for kind, count in owned.other_counts.items() if count}
        named = readable(words.counts(others, tr, plan.labels)) if others else ""
        table.add_row(cell(owned.owner.label), cell(words.why(owned, tr)), *counts, cell(named))
    records = tr.plural("{count} record", "{count} records", plan.total)
    cost = [unmarked(line) for line in forecast.lines(plan.forecast, None, tr)]
    short = forecast.warning(plan.forecast, tr)
    told = [records, *cost, *([unmarked(short)] if short else [])]
    table.caption = cell(" · ".join(told))
    return table


def _deactivated_table(owners: Sequence[Owner], tr: Translator) -> Table:
    table = Table(
        tr("deactivated HubSpot user"),
        tr("e-mail"),
        title=tr("Left alone: deactivated HubSpot users are no Salesforce-only owners"),
    )
    for owner in owners:
        table.add_row(cell(owner.label), cell(owner.email))
    return table
