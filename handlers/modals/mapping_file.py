"""The modal that takes the filled-in file, and what became of it (P2b)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from slack_sdk.models.blocks import InputBlock, InputInteractiveElement
from slack_sdk.models.views import View

from handlers.actions import Modal
from handlers.i18n import Translator
from handlers.mapping_file import MOST_ROWS, NEW, Fault
from handlers.modals import parts
from handlers.payload import VALUE, Body, Metadata, find, malformed, text_at
from handlers.views.parts import clip, outside, plain, section, sections

FILE = "file"
"""How the id of the file's block begins; Slack keeps the file while that id stays the same."""
MOST_FAULTS = 40
_FILE = re.compile(rf"{FILE}(:[0-9]+)?")


class FileInput(InputInteractiveElement):
    """Slack's `file_input`, which slack_sdk has no class for."""

    type = "file_input"
    attributes = {"type", "action_id", "filetypes", "max_files"}

    def __init__(self, *, action_id: str, filetypes: Sequence[str], max_files: int) -> None:
        super().__init__(type=self.type, action_id=action_id)
        self.filetypes = list(filetypes)
        self.max_files = max_files


def upload(
    metadata: Metadata, tr: Translator, notice: str = "", faults: Sequence[Fault] = ()
) -> View:
    """Ask for the file, and say how it is filled in; *faults* name what was wrong with the last.

    After a refusal the metadata must be emptied: else the wrong file stays attached.
    """
    blocks = [
        *sections(fault_lines(faults, tr)),
        section(
            tr(
                "1. Press *Download the list* in the thread and open the file in a spreadsheet.\n"
                "2. Fill in the column `{column}`; change nothing else.\n"
                "3. Save it as CSV and upload it here.",
                column=NEW,
            )
        ),
        section(
            tr(
                "What may stand in `{column}`:\n"
                "• an e-mail, or a HubSpot owner id: `ann@example.com`\n"
                "• several, who get the records in turn: `ann@example.com; ben@example.com`\n"
                "• another owner for one object type: `ann@example.com; contacts=ben@example.com`\n"
                "• nothing: this owner's choice stays as it is",
                column=NEW,
            )
        ),
        section(
            tr(
                "Owners are excluded by the button in *Choose owners…*, not in the file. If "
                "anything in the file is wrong, it is named by row, and nothing is taken in."
            )
        ),
        InputBlock(
            block_id=f"{FILE}:{metadata.turn}" if metadata.turn else FILE,
            label=plain(tr("The filled-in list"), parts.LABEL),
            hint=plain(
                tr("CSV, at most 1 MB and {rows} rows", rows=tr.number(MOST_ROWS)), parts.LABEL
            ),
            element=FileInput(action_id=VALUE, filetypes=["csv", "txt", "tsv"], max_files=1),
        ),
    ]
    return parts.form(
        tr,
        Modal.MAPPING_FILE,
        tr("The list as a file"),
        blocks,
        submit=tr("Take in"),
        metadata=metadata,
        notice=notice,
    )


def file_of(body: Body) -> str:
    """Return the Slack id of the uploaded file (:class:`Malformed` without one)."""
    values = find(body, "view", "state", "values")
    blocks = [name for name in values if _FILE.fullmatch(name)] if isinstance(values, dict) else []
    files = find(values, blocks[0], VALUE, "files") if len(blocks) == 1 else None
    if not isinstance(files, list) or len(files) != 1:
        raise malformed(f"view.state.values.{FILE}")
    return text_at(files[0], "id")


def reading(tr: Translator) -> View:
    """Say that the file is being read."""
    text = tr("Reading the file… You can close this; nothing gets lost.")
    return parts.message(tr, tr("The list as a file"), text)


def taken(text: str, tr: Translator) -> View:
    """Say what was taken in."""
    return parts.message(tr, tr("The list as a file"), text)


def fault_lines(faults: Sequence[Fault], tr: Translator) -> list[str]:
    """Write what is wrong in a file, one line each, and how much more there is."""
    lines = [f"• {_fault(fault, tr)}" for fault in faults[:MOST_FAULTS]]
    left = len(faults) - len(lines)
    if left:
        lines.append(tr.plural("… and {count} more mistake", "… and {count} more mistakes", left))
    return lines


def _fault(fault: Fault, tr: Translator) -> str:
    text = clip(tr.text(fault.text), 500)
    row = tr.number(fault.row)
    if fault.row and fault.column:
        column = outside(fault.column, 60)
        return tr("*Row {row}, {column}:* {text}", row=row, column=f"`{column}`", text=text)
    return tr("*Row {row}:* {text}", row=row, text=text) if fault.row else text
