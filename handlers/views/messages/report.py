"""The final report: what was done, how it is known, what cannot be undone, how to check it."""

from __future__ import annotations

from slack_sdk.models.blocks import Block

from handlers.i18n import Translator
from handlers.views import backup, words
from handlers.views.messages.approval import gap_lines, request
from handlers.views.messages.owners import tally_lines
from handlers.views.messages.window import outcome
from handlers.views.parts import context, divider, listing, outside, people
from handlers.views.parts import sections as packed
from workflows.checklist import checklist
from workflows.run import Run
from workflows.states import State


def report(run: Run, tr: Translator) -> list[Block]:
    """Report on a run that is over."""
    return [
        *request(run, tr),
        *packed(_facts(run, tr)),
        divider(),
        *packed(
            [
                tr(
                    "*The steps* (verified: an API reading supports it; attested: a person said so)"
                ),
                *_steps(run, tr),
            ]
        ),
        divider(),
        *packed(_stays(run, tr)),
        *packed(_details(run, tr)),
        context(
            tr(
                "The record: `/uninstall-salesforce audit` shows run {run} with its hash chain; "
                "`sunset audit verify` on the machine that Sunset runs on finds any change to it.",
                run=outside(run.id, 64),
            )
        ),
    ]


def _facts(run: Run, tr: Translator) -> list[str]:
    lines = [
        tr(
            "*HubSpot account:* {portal} · *Run:* {run} · {when}",
            portal=outside(run.account.portal_id, 40),
            run=outside(run.id, 64),
            when=words.since_when(run, tr),
        ),
        tr("*Responsible:* {who}", who=people([run.responsible], tr)),
    ]
    if run.state is State.EXPIRED:
        lines.append(tr("Nobody approved in time. Nothing was touched."))
    elif run.state is State.DECLINED:
        lines.append(tr("An approver declined; the reason is in the closed question above."))
    elif run.state is State.CANCELLED:
        lines.append(tr("The run was cancelled; the reason is in the closed question above."))
    return lines


def _steps(run: Run, tr: Translator) -> list[str]:
    lines: list[str] = []
    for step in checklist(run):
        lines.append(words.step_line(step, tr, run.passed))
        consent = run.evidence.get("consent")
        if step.name == "removal_approval" and consent is not None:
            known = words.evidence(consent, tr)
            lines.append(f"☑️ {words.step('consent', tr)} `P3e` – {known}")
        backed_up = run.evidence.get("backup")
        if step.name == "data_copy" and backed_up is not None and run.current_backup is not None:
            known = words.evidence(backed_up, tr)
            lines.append(f"✅ {words.step('backup', tr)} `P3d` – {known}")
    return lines


def _stays(run: Run, tr: Translator) -> list[str]:
    if not run.irreversible:
        return [tr("*What cannot be undone:* nothing irreversible was done.")]
    done = [words.irreversible(code, tr) for code in run.irreversible]
    return [tr("*What cannot be undone:*"), *listing(done, tr)]


def _details(run: Run, tr: Translator) -> list[str]:
    lines: list[str] = []
    if "plan" in run.passed:
        lines.append(tr("*Plan approved by:* {people}", people=people(run.passed["plan"], tr)))
    if "removal" in run.passed:
        by = people(run.passed["removal"], tr)
        lines.append(tr("*Removal approved by:* {people}", people=by))
    if not run.passed:
        lines.append(tr("*Approvals:* none were completed."))
    lines += tally_lines(run, tr)
    if run.failure_count and run.records_left:
        left = words.counts(words.summed(run.candidates), tr, words.labels(run))
        lines.append(tr("Still with Salesforce-only owners when last counted: {left}", left=left))
    lines.append(tr("*Data copy:* {outcome}", outcome=outcome(run, tr)))
    return [*lines, *backup.brief(run, tr), *gap_lines(run, tr)]
