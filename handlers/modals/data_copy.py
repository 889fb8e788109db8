"""The modals of the data-copy choice and of the waiver of the backup (P3d)."""

from __future__ import annotations

from slack_sdk.models.views import View

from handlers.actions import Modal
from handlers.i18n import Translator
from handlers.modals import parts
from handlers.payload import Metadata
from handlers.views.backup import lost_lines
from handlers.views.parts import section, sections
from workflows.run import Run

COPY, REASON = "P3d", "reason"
KEEP, DISCARD = "keep", "discard"
REASON_MOST = 2_000


def data_copy(metadata: Metadata, tr: Translator, notice: str = "") -> View:
    """Ask what Salesforce asks at the uninstall."""
    blocks = [
        parts.alert(
            tr("Without the copy, the package's data can never be reached again."), "warning"
        ),
        parts.radio(
            COPY,
            tr("Salesforce will ask this (P3d)"),
            [
                (KEEP, tr("Save a copy of this package's data for 48 hours after uninstall")),
                (DISCARD, tr("Do not save a copy of this package's data after uninstall")),
            ],
            hint=tr("Not saving a copy is asked a second time. The approvers see what you choose."),
        ),
        section(
            tr(
                "*If no copy is saved*, a verified and complete backup by Sunset is needed, or an "
                "approver who waives it; only then the package can go. The backup can be made "
                "before or after this choice."
            )
        ),
    ]
    return parts.form(
        tr,
        Modal.DATA_COPY,
        tr("Copy of the data"),
        blocks,
        submit=tr("Choose"),
        metadata=metadata,
        notice=notice,
    )


def waiver(run: Run, metadata: Metadata, tr: Translator, notice: str = "") -> View:
    """Ask an approver why the data may go without a copy and without a complete backup."""
    blocks = [
        parts.alert(
            tr(
                "Without a copy and without a complete backup, the package's data is gone for good "
                "when the package is removed. Your name and your reason go on record."
            ),
            "warning",
        ),
        *sections(lost_lines(run, tr)),
        parts.text_input(
            REASON,
            tr("Why may the data go?"),
            REASON_MOST,
            multiline=True,
            hint=tr("Write one sentence that explains it a year from now."),
        ),
    ]
    return parts.form(
        tr,
        Modal.WAIVER,
        tr("Without a backup"),
        blocks,
        submit=tr("Waive the backup"),
        metadata=metadata,
        notice=notice,
    )
