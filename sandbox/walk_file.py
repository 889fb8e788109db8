"""Who gets whose records, as a file (P2b): downloaded, filled in, uploaded; wrong ones refused."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from itertools import cycle, pairwise

from sandbox.client import Json, Modal
from sandbox.walk_ids import VALUE, Act, Block, Form
from sandbox.walk_mapping import hubspot_owners, read_mapping
from sandbox.walk_stage import Stage
from sandbox.walk_truth import CORE, Goal

OWNER, EMAIL, CHOSEN, NEW = "owner_id", "e_mail", "chosen", "new_owner"
NOBODY = "nobody.at.all@example.com"
UNKNOWN = "1"
WRONG_EMAIL, WRONG_OWNER = 3, 5
"""The rows with a mistake, as a spreadsheet numbers them: the header is row 1."""
FILE_SECONDS = 60.0
_FAULT = re.compile(r"^• \*\D+?(\d+)", re.MULTILINE)

Table = list[dict[str, str]]


def by_file(stage: Stage) -> None:
    """Choose for everybody with a file; one with two mistakes is refused first."""
    rows = download(stage)
    _compare(stage, rows)
    targets = [owner for owner in hubspot_owners(stage) if owner["email"]]
    goals = _fill_in(rows, targets)
    _refused(stage, rows)
    modal = stage.open(stage.admin, Act.OPEN_MAPPING_FILE, Form.MAPPING_FILE)
    _upload(stage, modal, rows)
    stage.offered(stage.admin, Act.CONFIRM_MAPPING)
    stage.close_all(stage.admin)
    _see_taken(stage, rows, goals)
    stage.notes.mapping = goals


def download(stage: Stage) -> Table:
    """Ask for the list and read the file that comes into the thread."""
    known = {file["id"] for file in _lists(stage)}
    stage.press(stage.admin, Act.REQUEST_FILE)

    def come() -> Json | None:
        return next((one for one in _lists(stage) if one["id"] not in known), None)

    show = (stage.admin, stage.place)
    what = "the list in the thread"
    found = stage.page.wait_for(come, what, timeout=FILE_SECONDS, show=show)
    return table(stage.page.download(found["id"]))


def _lists(stage: Stage) -> list[Json]:
    messages = stage.admin.sees(stage.place)
    begins = f"sunset-mapping-{stage.run}"
    return [one for message in messages for one in message.files if one["name"].startswith(begins)]


def table(content: bytes) -> Table:
    """Read a CSV file of the bot, as a spreadsheet of either language would."""
    text = content.decode("utf-8-sig")
    first = text.partition("\n")[0]
    delimiter = max(",;", key=first.count)
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter))


def _compare(stage: Stage, rows: Table) -> None:
    """The list has every Salesforce-only owner once, with HubSpot's own numbers."""
    counts = stage.page.hubspot.state()["counts"]
    wrong = [
        f"{row[OWNER]}, {kind}: {row[kind]}"
        for row in rows
        for kind in CORE
        if int(row[kind]) != counts.get(row[OWNER], {}).get(kind, 0)
    ]
    listed = sorted(row[OWNER] for row in rows)
    wrong += [f"{one} twice" for one, next_one in pairwise(listed) if one == next_one]
    wrong += sorted(stage.notes.salesforce_only.symmetric_difference(listed))
    wrong += [f"{row[OWNER]} is chosen" for row in rows if row[CHOSEN]]
    stage.expect(not wrong, "listed", ", ".join(wrong[:5]), who=stage.admin.name, count=len(rows))


def _fill_in(rows: Table, targets: Sequence[Json]) -> dict[str, Goal]:
    """Fill every row in: one owner, two in turn, or another one for the deals; return the goals."""
    goals: dict[str, Goal] = {}
    turns = cycle(targets)
    for number, row in enumerate(rows):
        one, two = next(turns), next(turns)
        if number % 3 == 0:
            row[NEW], goals[row[OWNER]] = one["email"], Goal((one["id"],))
        elif number % 3 == 1:
            row[NEW] = f"{one['email']}; {two['email']}"
            goals[row[OWNER]] = Goal((one["id"], two["id"]))
        else:
            row[NEW] = f"{one['id']}; deals={two['email']}"
            goals[row[OWNER]] = Goal((one["id"],), {"deals": two["id"]})
    return goals


def _written(rows: Table) -> bytes:
    """Write the rows as a spreadsheet saves them."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), delimiter=";")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode("utf-8-sig")


def _upload(stage: Stage, modal: Modal, rows: Table) -> None:
    file = stage.admin.upload("owners.csv", _written(rows))
    stage.fill(stage.admin, modal, {Block.FILE: {VALUE: [file]}})


def _refused(stage: Stage, rows: Table) -> None:
    """A file with two mistakes names both by row, and nothing of it is taken in."""
    wrong = [dict(row) for row in rows]
    wrong[WRONG_EMAIL - 2][NEW] = NOBODY
    wrong[WRONG_OWNER - 2][OWNER] = UNKNOWN
    _upload(stage, stage.open(stage.admin, Act.OPEN_MAPPING_FILE, Form.MAPPING_FILE), wrong)
    refusal = stage.admin.wait_modal(Form.MAPPING_FILE)
    named = [int(row) for row in _FAULT.findall(refusal.said)]
    stage.close_all(stage.admin)
    taken = [row[OWNER] for row in download(stage) if row[CHOSEN]]
    faults = [line for line in refusal.said.splitlines() if _FAULT.match(line)]
    stage.expect(
        named == [WRONG_EMAIL, WRONG_OWNER] and not taken,
        "file_refused",
        f"{faults}, {taken[:5]}",
        who=stage.admin.name,
        rows=f"{WRONG_EMAIL}, {WRONG_OWNER}",
    )
    for line in faults:
        stage.aside("quoted", said=stage.plain(line))


def _see_taken(stage: Stage, rows: Table, goals: dict[str, Goal]) -> None:
    """The list that is downloaded now, and the pickers, show what was filled in."""
    shown = {row[OWNER]: row[CHOSEN] for row in download(stage)}
    ids = {owner["id"]: owner["email"] for owner in hubspot_owners(stage)}
    wrong = [
        f"{row[OWNER]}: {shown.get(row[OWNER])} ≠ {row[NEW]}"
        for row in rows
        if shown.get(row[OWNER]) != _with_emails(row[NEW], ids)
    ]
    pickers = read_mapping(stage)
    wrong += [
        f"{old}: {pickers[old].targets}"
        for old, goal in goals.items()
        if old in pickers and _simple(goal) and pickers[old] != goal
    ]
    stage.expect(
        not wrong, "file_taken", ", ".join(wrong[:5]), who=stage.admin.name, count=len(rows)
    )


def _simple(goal: Goal) -> bool:
    return len(goal.targets) == 1 and not goal.kinds


def _with_emails(said: str, ids: dict[str, str]) -> str:
    """Write `17; deals=ann@…` as the bot does: by e-mail."""
    parts = (part.strip() for part in said.split(";"))
    return "; ".join(ids.get(part, part) for part in parts)
