"""P2 with all that can happen: by file and by pickers, out of budget, failed, stopped, undone."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

from handlers.actions import Act, Modal
from handlers.modals.reassign import PICK_UNDO_OWNER
from sandbox.client import Values
from sandbox.client_messages import elements
from sandbox.slack.modals import View
from sandbox.walk_file import NEW, table
from sandbox.walk_ids import OBJECTS, PART, TARGET, TARGETS, VALUE, Block
from tests.death.stage import Stage
from tests.death.steps import ADA, HOUR, approve, disconnects, starts

LIMIT = 624_000
"""So many requests of the day are used up that the bot spends none."""
KIM = "kim.duarte"


def go(stage: Stage) -> None:
    """From the start to a run that is cancelled when the owners are gone."""
    starts(stage)
    approve(stage)
    disconnects(stage)
    _objects(stage)
    _excluded(stage)
    _by_file(stage)
    _split(stage)
    _out_of_budget(stage)
    _failed(stage)
    _stopped(stage)
    _undone(stage)
    _cleaned_up(stage)
    stage.calm("watch_package")
    values: Values = {"reason": {VALUE: "We stay after all."}}
    stage.fill(ADA, Act.OPEN_CANCEL, Modal.CANCEL, values, stage.next("cancelled"))


def _objects(stage: Stage) -> None:
    values: Values = {f"{OBJECTS}0": {VALUE: ["tickets"]}}
    stage.fill(ADA, Act.OPEN_OBJECTS, Modal.OBJECTS, values, stage.next("objects_chosen"))


def _excluded(stage: Stage) -> None:
    """Ada leaves an owner out, and takes that back."""
    for act, event in (
        (Act.EXCLUDE_OWNER, "owner_excluded"),
        (Act.INCLUDE_OWNER, "owner_included"),
    ):
        stage.use(ADA, Act.OPEN_MAPPING, Modal.MAPPING, _presses(stage, act), stage.next(event))


def _presses(stage: Stage, act: str) -> Callable[[View], object]:
    def press(view: View) -> bool:
        first = next((one for one in elements(view.blocks) if one.action_id == act), None)
        return first is not None and stage.act(view, act, None, first.block_id)

    return press


def _by_file(stage: Stage) -> None:
    """Ada downloads the list, fills it in, and uploads it."""
    stage.press(ADA, Act.REQUEST_MAPPING_FILE, stage.next("mapping_file_requested"))
    (found,) = stage.wait_for_files("sunset-mapping-", 1)
    rows = table(found.content)
    for row in rows:
        row[NEW] = "gil.tanaka@example.com; hana.petrova@example.com"
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), delimiter=";")
    writer.writeheader()
    writer.writerows(rows)
    file = stage.people[ADA].upload("owners.csv", text.getvalue().encode("utf-8-sig"))
    values: Values = {Block.FILE: {VALUE: [file]}}
    _closed_too_soon(stage, values)
    over = stage.next("owner_mapped")
    stage.fill(ADA, Act.OPEN_MAPPING_FILE, Modal.MAPPING_FILE, values, over)


def _closed_too_soon(stage: Stage, values: Values) -> None:
    """Slack does not hand the file over, and Ada has closed the modal: she is told in private."""

    def slowly(_: View) -> bool:
        stage.fault("slack", "files.info", "timeout", delay=0.3)
        return True

    told = stage.whispered(ADA)
    stage.fill(
        ADA, Act.OPEN_MAPPING_FILE, Modal.MAPPING_FILE, values, told, prepare=slowly, close=True
    )
    stage.clear_faults()


def _split(stage: Stage) -> None:
    """The records of one owner go to two people in turn."""
    old, targets = stage.owner(KIM), [stage.owner("gil.tanaka"), stage.owner("ada.marek")]
    block = f"{TARGETS}{old}"

    def split(view: View) -> None:
        button = next(
            one.block_id
            for one in elements(view.blocks)
            if one.action_id == Act.OPEN_SPLIT and one.definition["value"] == old
        )
        stage.act(view, Act.OPEN_SPLIT, None, button)
        stage.submit_over(ADA, Modal.SPLIT, {block: {Act.PICK_SPLIT: targets}}, block)

    stage.use(ADA, Act.OPEN_MAPPING, Modal.MAPPING, split, stage.next("owner_mapped"))


def _out_of_budget(stage: Stage) -> None:
    """The day's requests are used up: the job waits, is paused, resumed, and goes on next day."""
    stage.page.hubspot.use(LIMIT)
    waits = stage.next("reassignment_waits")
    stage.press(ADA, Act.CONFIRM_MAPPING, stage.next("mapping_confirmed"))
    stage.wait(waits, "the job to wait")
    stage.press(ADA, Act.PAUSE, stage.next("reassignment_paused"))
    waits = stage.next("reassignment_waits")
    stage.press(ADA, Act.RESUME, stage.next("reassignment_resumed"))
    stage.wait(waits, "the job to wait again")
    dirty = [one["id"] for one in stage.page.hubspot.records("contacts", stage.owner(KIM))]
    stage.page.hubspot.soil("contacts", dirty[:2])
    goes_on, counted = stage.next("reassignment_goes_on"), stage.next("owners_counted")
    stage.advance(25 * HOUR)
    stage.wait(goes_on, "the job to go on")
    stage.wait(counted, "the count after the job")
    stage.page.hubspot.use(0)


def _failed(stage: Stage) -> None:
    """Two records break a rule: they are tried again, in vain."""
    counted = stage.next("owners_counted")
    stage.press(ADA, Act.RETRY_REASSIGNMENT, stage.next("reassignment_retried"))
    stage.wait(counted, "the count after the retry")


def _stopped(stage: Stage) -> None:
    """The mapping is opened again; a job is stopped whose writes fail; then all is reassigned."""
    stage.press(ADA, Act.CHANGE_MAPPING, stage.next("mapping_reopened"))
    stage.fault("hubspot", "/contacts/batch/update", "500", times=1_000)
    blocked, counted = stage.next("blocked"), stage.next("owners_counted")
    stage.press(ADA, Act.CONFIRM_MAPPING, stage.next("mapping_confirmed"))
    stage.wait(blocked, "the job to say that HubSpot is away")
    stage.press(ADA, Act.STOP, stage.next("reassignment_stopped"))
    stage.wait(counted, "the count after the stop")
    stage.clear_faults()
    stage.page.hubspot.mend("contacts", stage.page.hubspot.dirty("contacts"))
    counted = stage.next("owners_counted")
    stage.press(ADA, Act.RETRY_REASSIGNMENT, stage.next("reassignment_retried"))
    stage.wait(counted, "the last count")


def _undone(stage: Stage) -> None:
    """Kim's records are given back, and go to somebody else."""
    old = stage.owner(KIM)
    values: Values = {
        Block.SCOPE: {VALUE: PART},
        Block.OWNER: {PICK_UNDO_OWNER: old},
    }

    def suggest(view: View) -> bool:
        return stage.suggest(view, PICK_UNDO_OWNER, Block.OWNER, KIM)

    counted = stage.next("owners_counted")
    undone = stage.next("undo_started")
    stage.fill(ADA, Act.OPEN_UNDO, Modal.UNDO, values, undone, prepare=suggest)
    stage.wait(counted, "the count after the undo")

    def pick(view: View) -> None:
        row = next(
            str(block["block_id"])
            for block in view.blocks
            if str(block.get("block_id")).startswith(f"{TARGET}{old}:")
        )
        target = stage.owner("hana.petrova")
        stage.suggest(view, Act.PICK_TARGET, row, "hana")
        stage.act(view, Act.PICK_TARGET, target, row)

    stage.use(ADA, Act.OPEN_MAPPING, Modal.MAPPING, pick, stage.next("owner_mapped"))
    counted = stage.next("owners_counted")
    stage.press(ADA, Act.CONFIRM_MAPPING, stage.next("mapping_confirmed"))
    stage.wait(counted, "the count after the second job")


def _cleaned_up(stage: Stage) -> None:
    """The owners are said to be deleted before they are."""
    remain = stage.next("owners_remain")
    stage.press(ADA, Act.REPORT_OWNERS_DELETED, stage.next("owners_deletion_reported"))
    stage.advance(10)
    stage.wait(remain, "the owners to be found")
    stage.page.hubspot.delete_salesforce_owners(ADA)
    listed = stage.next("inventory_recorded")
    stage.press(ADA, Act.REPORT_OWNERS_DELETED, stage.next("owners_deletion_reported"))
    stage.wait(listed, "the package's inventory")
