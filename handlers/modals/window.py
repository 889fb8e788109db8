"""The modal in which somebody says where the downloaded copy was put (P4)."""

from __future__ import annotations

from slack_sdk.models.views import View

from handlers.actions import Modal
from handlers.i18n import Translator
from handlers.modals import parts
from handlers.payload import Metadata
from handlers.views.messages.window import limits
from handlers.views.parts import section
from workflows.run import Run

WHERE = "P4"
WHERE_MOST = 500


def downloaded(run: Run, metadata: Metadata, tr: Translator, notice: str = "") -> View:
    """Ask where the copy was put; this completes the run."""
    blocks = [
        section(
            " ".join(
                (
                    *limits(run, tr),
                    tr("Confirm only when the file is downloaded and can be opened."),
                )
            )
        ),
        parts.text_input(
            WHERE,
            tr("Where was the copy put? (P4)"),
            WHERE_MOST,
            hint=tr("A place that a colleague finds a year from now."),
        ),
    ]
    return parts.form(
        tr,
        Modal.DOWNLOADED,
        tr("Copy downloaded"),
        blocks,
        submit=tr("It is downloaded"),
        metadata=metadata,
        notice=notice,
    )
