"""The modal of the records that could not be reassigned, with HubSpot's reasons."""

from __future__ import annotations

from slack_sdk.models.views import View

from handlers.actions import Modal
from handlers.i18n import Translator
from handlers.modals import parts
from handlers.payload import Metadata
from handlers.views import words
from handlers.views.parts import outside
from workflows.run import Run
from workflows.values import Failure

PER_PAGE = 20


def failures(run: Run, metadata: Metadata, tr: Translator) -> View:
    """Show the failed records in pages."""
    lines = [tr("No record failed.")]
    if run.failure_count or run.failures:
        lines = [
            tr.plural("*{count} record failed*", "*{count} records failed*", run.failure_count),
            *(_line(failure, tr) for failure in run.failures),
        ]
        left = run.failure_count - len(run.failures)
        if left > 0:
            lines.append(tr.plural("… and {count} more", "… and {count} more", left))
    title = tr("Records that failed")
    return parts.paged_lines(tr, Modal.FAILURES, title, lines, metadata=metadata, size=PER_PAGE)


def _line(failure: Failure, tr: Translator) -> str:
    line = tr(
        "• {kind} `{id}`: {reason}",
        kind=words.object_type(failure.object_type, tr),
        id=outside(failure.record_id, 60),
        reason=outside(failure.reason, 300),
    )
    if failure.reference:
        line += " " + tr("(Reference: {reference})", reference=outside(failure.reference, 80))
    return line
