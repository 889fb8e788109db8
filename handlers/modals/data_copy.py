"""The modal of the data-copy choice (P3d)."""

from __future__ import annotations

from slack_sdk.models.views import View

from handlers.actions import Modal
from handlers.i18n import Translator
from handlers.modals import parts
from handlers.payload import Metadata

COPY, BACKUP = "P3d", "backup"
KEEP, DISCARD, YES, NO = "keep", "discard", "yes", "no"


def data_copy(metadata: Metadata, tr: Translator, notice: str = "") -> View:
    """Ask what Salesforce asks at the uninstall, and whether an own backup exists."""
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
        parts.radio(
            BACKUP,
            tr("Is there an own backup of the package's data?"),
            [(YES, tr("Yes, and somebody has checked it")), (NO, tr("No"))],
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
