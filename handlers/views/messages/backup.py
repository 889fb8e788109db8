"""Step 3, the backup: while it is made, and before the data is given up without a copy (P3d)."""

from __future__ import annotations

from slack_sdk.models.blocks import Block

from handlers.i18n import Translator
from handlers.ports import Progress
from handlers.views import backup
from handlers.views.messages.progress import progress
from handlers.views.parts import section
from handlers.views.parts import sections as packed
from workflows.run import Run


def waiting_for_backup(run: Run, tr: Translator, made: Progress | None) -> list[Block]:
    """Say what is being done, and how far it is."""
    does = tr(
        "Sunset reads the package's data through Salesforce's Bulk API, writes it into CSV files, "
        "reads those back, and counts anew. No record in Salesforce is changed. After a restart it "
        "goes on where it was."
    )
    return [section(backup.what(tr)), section(does), *progress(run, tr, made)]


def offered(run: Run, tr: Translator) -> list[Block]:
    """Say what a backup is, and how it stands."""
    return list(packed([backup.what(tr), *backup.standing(run, tr)]))


def confirm_no_copy(run: Run, tr: Translator) -> list[Block]:
    """Ask a second time before the data is given up; before that, for what secures it (P3d)."""
    return [section(_warning(run, tr)), *(_last_look(run, tr) if run.secured else _ways(run, tr))]


def _warning(run: Run, tr: Translator) -> str:
    numbers = [item.records for item in run.inventory.objects] if run.inventory else []
    known = sum(number for number in numbers if number is not None)
    chosen = tr(
        "⚠️ `P3d` *Do not save a copy* was chosen. Without the copy the package's data can never "
        "be reached again."
    )
    deleted = tr.plural(
        "{count} record in the package's objects is known to be deleted.",
        "{count} records in the package's objects are known to be deleted.",
        known,
    )
    return f"{chosen} {deleted}"


def _ways(run: Run, tr: Translator) -> list[Block]:
    """Say that a backup is needed, or an approver's word that none is."""
    needed = tr(
        "*Without a copy, a verified and complete backup is needed*, or an approver who waives it "
        "and says why. Whoever asked for the run, or is or was responsible for it, cannot waive it."
    )
    return list(packed([needed, backup.what(tr), *backup.standing(run, tr)]))


def _last_look(run: Run, tr: Translator) -> list[Block]:
    """Say what keeps the data, and what nothing keeps."""
    lines = [tr("*What there is instead of the copy:*"), *backup.standing(run, tr)]
    if run.current_backup is None:
        lines.append(tr("⚠️ *There is no backup.* With the package its data is gone for good."))
    else:
        lines.append(
            tr(
                "⚠️ What is not in the backup is gone for good: attachments and files, what is "
                "named above, what sharing hides from the bot's Salesforce user, and whatever is "
                "written from now on."
            )
        )
    return list(packed(lines))
