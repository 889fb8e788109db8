"""Files in the thread: each is there once, whatever happens in between, and says what it should."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from bot.effects import files
from bot.effects.context import CARD
from bot.store.base import LedgerRow
from handlers.i18n import translator
from tests.bot.fakes import Upload
from tests.bot.rig import CHANNEL, Rig
from tests.workflows import journeys
from tests.workflows.driver import Conversation
from tests.workflows.samples import HELEN, SAM
from workflows import commands as c
from workflows import events as e
from workflows.effects import Effect


def uploads(rig: Rig) -> list[Upload]:
    return rig.slack.files


def one(rig: Rig) -> Upload:
    (found,) = uploads(rig)
    return found


def rows(upload: Upload, delimiter: str = ",") -> list[dict[str, str]]:
    text = io.StringIO(upload.content.decode("utf-8-sig"), newline="")
    return list(csv.DictReader(text, delimiter=delimiter))


def adopt(rig: Rig, talk: Conversation) -> Rig:
    rig.adopt(talk, work=False)
    rig.settle()
    return rig


# --- the mapping ---------------------------------------------------------------------------------


def test_the_list_comes_into_the_thread(rig: Rig) -> None:
    adopt(rig, journeys.to_mapping())
    rig.does("UA", c.RequestMappingFile())
    rig.settle()
    root = rig.store.message("R1", CARD)
    assert root is not None
    found = one(rig)
    assert (found.channel, found.thread_ts) == (CHANNEL, root.ts)
    assert found.name == f"sunset-mapping-R1-{rig.run.version}.csv"
    assert "`new_owner`" in found.text
    assert [row["owner_id"] for row in rows(found)] == ["901", "902", "903"]
    assert rig.effects("pending", "leased", "failed") == []


def test_each_request_is_a_file_of_its_own_with_what_is_chosen_by_then(rig: Rig) -> None:
    adopt(rig, journeys.to_mapping())
    rig.does("UA", c.RequestMappingFile())
    rig.settle()
    rig.does("UA", c.MapOwner(owner_id=SAM.id, target=HELEN))
    rig.does("UB", c.RequestMappingFile())
    rig.settle()
    first, second = uploads(rig)
    assert first.name != second.name
    assert [row["chosen"] for row in rows(first)] == ["", "", ""]
    assert [row["chosen"] for row in rows(second)] == ["helen@example.com", "", ""]


@pytest.mark.parametrize("applied", [False, True], ids=["before", "after"])
def test_an_upload_whose_end_is_unknown_is_looked_for(rig: Rig, applied: bool) -> None:
    adopt(rig, journeys.to_mapping())
    rig.slack.fail("upload", applied=applied, unknown=True)
    rig.does("UA", c.RequestMappingFile())
    rig.until(lambda: not rig.effects("pending", "leased"))
    assert one(rig)
    assert rig.slack.count("upload") == (1 if applied else 2)
    assert rig.slack.count("uploaded") == 1


@pytest.mark.parametrize("applied", [False, True], ids=["before", "after"])
def test_a_killed_process_uploads_once(rig: Rig, applied: bool) -> None:
    adopt(rig, journeys.to_mapping())
    rig.slack.kill("upload", applied=applied)
    rig.does("UA", c.RequestMappingFile())
    rig.settle()
    rig.restart()
    rig.until(lambda: not rig.effects("pending", "leased"))
    assert one(rig)


def test_without_the_scope_to_look_the_file_may_come_twice_but_comes(rig: Rig) -> None:
    adopt(rig, journeys.to_mapping())
    rig.slack.fail("upload", applied=True, unknown=True)
    rig.slack.fail("uploaded", missing="channels:history")
    rig.does("UA", c.RequestMappingFile())
    rig.until(lambda: not rig.effects("pending", "leased"))
    assert len(uploads(rig)) == 2


def test_without_the_scope_to_write_the_thread_says_so(rig: Rig) -> None:
    adopt(rig, journeys.to_mapping())
    rig.slack.fail("upload", missing="files:write")
    rig.does("UA", c.RequestMappingFile())
    rig.settle()
    assert [event.capability for event in rig.happened(e.CapabilityMissing)] == [
        "slack:files:write"
    ]
    assert rig.run.blocked is None
    assert uploads(rig) == []


def test_a_run_that_moved_on_gets_no_list(rig: Rig) -> None:
    adopt(rig, journeys.to_reassigning())
    rig.ask(Effect(kind="mapping_file", key="mapping_file:3", lane="thread"))
    rig.settle()
    assert uploads(rig) == []


# --- what a job did not do -----------------------------------------------------------------------


def row(record: str, state: str, **more: object) -> LedgerRow:
    given = {"old_owner": SAM.id, "new_owner": HELEN.id, "object_type": "contacts", **more}
    return LedgerRow(job=1, record_id=record, state=state, **given)  # type: ignore[arg-type]


LEDGER = [
    row("1", "changed"),
    row("2", "failed", error="=cmd|'/c calc'!A0", reference="corr-9"),
    row("3", "left_alone"),
    row("4", "gone", object_type="2-77"),
    row("5", "overwritten", found=SAM.id, object_type="deals"),
    row("6", "overwritten", found="777", object_type="notes"),
]


def ask(rig: Rig, ledger: list[LedgerRow], job: int = 1) -> None:
    rig.store.write(lambda transaction: transaction.write_ledger("R1", ledger))
    key = f"result_file:{job}"
    rig.ask(Effect(kind="result_file", key=key, lane="thread", data={"job": job}))
    rig.settle()


def test_what_was_not_simply_changed_is_listed_with_its_reason(rig: Rig) -> None:
    adopt(rig, journeys.to_leftovers())
    rig.context.owners.refresh()
    ask(rig, LEDGER)
    found = one(rig)
    assert found.name == "sunset-result-R1-1.csv"
    assert found.text.startswith("5 records need a look")
    told = {item["record_id"]: item for item in rows(found)}
    assert set(told) == {"2", "3", "4", "5", "6"}
    assert told["2"] == {
        "object": "contacts",
        "record_id": "2",
        "link": "https://app.hubspot.com/contacts/62515/record/0-1/2",
        "old_owner": "Sam Salesforce (901)",
        "new_owner": "Helen Hub (501)",
        "outcome": "HubSpot refused the change",
        "reason": "'=cmd|'/c calc'!A0",
        "correlation_id": "corr-9",
    }
    assert "planned" in told["3"]["outcome"]
    assert "deleted" in told["4"]["outcome"]
    assert told["4"]["link"].endswith("/record/2-77/4")
    assert "given it to Sam Salesforce (901) right before" in told["5"]["outcome"]
    assert "given it to 777 right before" in told["6"]["outcome"]
    assert told["6"]["link"] == ""


def test_an_undo_lists_what_it_left_alone(rig: Rig) -> None:
    ledger = [
        row("1", "undone", undo=2),
        row("2", "kept", undo=2, found=SAM.id),
        row("3", "kept", undo=2),
        row("4", "changed", undo=2, error="VALIDATION_ERROR", reference="corr-4"),
        row("5", "changed"),
        row("6", "kept", undo=3),
        row("7", "failed"),
    ]
    ask(adopt(rig, journeys.to_leftovers()), ledger, job=2)
    found = one(rig)
    assert found.name == "sunset-undo-R1-2.csv"
    assert found.text.startswith("3 records were not given back")
    told = {item["record_id"]: item["outcome"] for item in rows(found)}
    assert told == {
        "2": "not given back: it belongs to Sam Salesforce (901)",
        "3": "not given back: it has no owner, or is deleted, archived or merged",
        "4": "not given back: HubSpot refused the change",
    }


def test_a_job_without_anything_to_tell_has_no_file(rig: Rig) -> None:
    ask(adopt(rig, journeys.to_leftovers()), [row("1", "changed")])
    assert uploads(rig) == []
    assert rig.effects("pending", "failed") == []


def test_a_long_list_is_cut_and_says_so(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MOST_ROWS", 100)
    ask(adopt(rig, journeys.to_leftovers()), [row(str(n), "failed") for n in range(2_500)])
    found = one(rig)
    assert "2,500 records" in found.text
    assert "It holds the first 100 of them." in found.text
    assert len(rows(found)) == 100


def test_where_the_comma_is_the_decimal_mark_cells_end_at_semicolons(
    tmp_path: Path,
) -> None:
    made = Rig(tmp_path, sunset_locale="pl")
    try:
        assert made.context.translator is translator("pl")
        ask(adopt(made, journeys.to_leftovers()), LEDGER)
        assert [item["record_id"] for item in rows(one(made), ";")] == ["4", "2", "3", "5", "6"]
    finally:
        made.stop()
