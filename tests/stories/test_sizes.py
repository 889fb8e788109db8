"""Packages of every size: one without data, one with 25,000 records, one of 3,000 components."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from bot.backup.verify import verify
from bot.effects import telling
from handlers.i18n import Translator
from handlers.render import prompt_message
from sandbox.slack.blocks import VIEW_BYTES, check_view
from tests.stories.stage import ANNA, Opening, Stage
from workflows import commands as c
from workflows import events as e
from workflows.prompts import Ask
from workflows.states import State

INTELLIGENCE = "HubSpot_Inc__HubSpot_Intelligence__c"
ROWS = 25_000
FILLERS = 3_000


def rows_of(path: Path) -> int:
    with path.open(encoding="utf-8", newline="") as file:
        return sum(1 for _ in csv.DictReader(file))


def removes(stage: Stage) -> None:
    stage.does(ANNA, c.RemoveByBot())
    stage.until(lambda: stage.run.state is State.COMPLETED)


def progress(stage: Stage) -> str:
    """Return how far the work is, as the thread shows it to whoever looks now."""
    made = stage.engine.progress(stage.run_id)
    return str(prompt_message(stage.run, Translator("en"), made).blocks)


def test_version_3_0_holds_no_data_and_goes_without_a_copy(opens: Opening) -> None:
    stage = opens(package={"version": "3.0.0.1", "objects": {}})
    stage.to_choice()
    assert stage.run.inventory is not None
    assert stage.run.inventory.objects == ()
    assert {one.name for one in stage.run.inventory.components} >= {
        "HubSpot_Sync",
        "HubSpotContactIntelligence",
    }
    stage.does(ANNA, c.ChooseDataCopy(keep=False))
    assert "0 records in the package's objects are known to be deleted" in stage.question
    stage.backs_up()
    (made,) = stage.happened(e.BackupVerified)
    assert (made.backup.files, made.backup.rows, made.backup.hidden) == (0, 0, 0)
    assert verify(Path(made.backup.directory), made.backup.manifest_sha256) == []
    assert stage.run.secured
    assert stage.proof("backup").reading == made.reading
    stage.does(ANNA, c.ConfirmNoCopy())
    stage.agrees()
    removes(stage)
    assert stage.proof("removal").kind == "verified"
    assert stage.proof("download").kind == "skipped"
    assert stage.run.deadline is None
    assert not stage.setup.installed()
    assert stage.setup.state["copy"] == {"kept": False, "until": None}
    assert not stage.wire.count("POST .*/jobs/query"), "there was nothing to ask for"
    assert "No copy was saved, as was approved." in stage.card


def test_a_package_of_fields_on_other_objects_is_not_said_to_be_empty(opens: Opening) -> None:
    stage = opens(package={"version": "3.0.0.1", "objects": {}, "components": 1}, contacts=30)
    stage.to_choice()
    assert "no data in it" not in stage.question


def test_fields_on_other_objects_are_backed_up(opens: Opening) -> None:
    stage = opens(package={"version": "3.0.0.1", "objects": {}, "components": 1}, contacts=30)
    stage.to_choice()
    assert stage.run.inventory is not None
    assert stage.run.inventory.objects == ()
    stage.backs_up()
    (made,) = stage.happened(e.BackupVerified)
    assert (made.backup.files, made.backup.rows) == (1, 30)
    assert rows_of(Path(made.backup.directory) / "Contact.csv") == 30


def test_version_2_60_with_25_000_records_is_counted_and_backed_up_to_the_row(
    opens: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telling, "SAVE_EVERY", 0.0)
    stage = opens(package={"version": "2.60", "objects": {"HubSpot_Intelligence__c": ROWS}})
    stage.to_choice()
    assert stage.run.inventory is not None
    (held,) = stage.run.inventory.objects
    assert (held.name, held.records, held.estimated) == (INTELLIGENCE, ROWS, False)
    assert "25,000 records" in stage.question
    shown: list[str] = []
    stage.wire.at("GET .*/results", lambda: shown.append(progress(stage)), skip=2)
    stage.chooses(keep=False)
    assert "20,000 of 25,000 records" in shown[0]
    (made,) = stage.happened(e.BackupVerified)
    directory = Path(made.backup.directory)
    assert (made.backup.files, made.backup.rows) == (1, ROWS)
    assert rows_of(directory / f"{INTELLIGENCE}.csv") == ROWS
    assert verify(directory, made.backup.manifest_sha256) == []
    assert stage.wire.count("GET .*/results") == ROWS // 10_000 + 1
    assert "25,000 records in 1 file" in stage.question
    stage.agrees()
    removes(stage)
    assert stage.proof("backup").kind == stage.proof("removal").kind == "verified"
    assert not stage.setup.installed()
    assert rows_of(directory / f"{INTELLIGENCE}.csv") == ROWS, "it outlives the package"


def test_3_000_components_fit_in_slack_and_are_complete_in_the_file(opens: Opening) -> None:
    stage = opens(package={"components": FILLERS})
    stage.to_choice()
    assert stage.run.inventory is not None
    true = {(one["type"], one["name"]) for one in stage.setup.state["components"]}
    assert len(true) >= FILLERS
    assert len(stage.run.inventory.components) == len(true)
    numbered = f"{len(true):,} components"
    assert numbered in stage.question
    (file,) = stage.slack.files
    table = list(csv.DictReader(io.StringIO(file.content.decode("utf-8-sig"))))
    listed = [row["name"] for row in table if row["kind"] == "component"]
    assert len(listed) == len(true)
    assert {name for _, name in true if not name.endswith("__c")} <= {
        f"HubSpot_Inc__{name}" for name in listed
    } | set(listed)
    shown = stage.inventory_pages()
    assert len(shown) > FILLERS // 100
    for view in shown:
        assert check_view(view, "modal") == []
        assert len(json.dumps(view)) < VIEW_BYTES
    everything = json.dumps(shown)
    assert all(name in everything for name in listed)
    assert stage.asks(Ask.CHOOSE_DATA_COPY)
