"""The package is not there: from the beginning, or since somebody took it away after the plan."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.stories.site import MINUTE, WRITES
from tests.stories.stage import Opening, Stage
from workflows import events as e
from workflows.prompts import Ask
from workflows.states import State


def test_absent_at_the_plan_it_is_looked_for_once_more_and_the_run_is_over(opens: Opening) -> None:
    stage = opens(package={"installed": False})
    stage.starts()
    assert stage.run.plan is not None
    assert stage.run.plan.inventory is None
    looks = stage.wire.count("InstalledSubscriberPackage")
    stage.disconnects()
    assert stage.wire.count("InstalledSubscriberPackage") == looks + 1
    (absent,) = stage.happened(e.PackageAbsent)
    assert stage.run.state is State.COMPLETED
    assert stage.proof("removal").kind == "verified"
    assert stage.proof("removal").reading == absent.reading
    for step in ("inventory", "data_copy", "removal_approval", "download"):
        assert stage.proof(step).kind == "skipped"
    assert "not installed in Salesforce; step 3 is not needed" in stage.told(of=e.PackageAbsent)
    assert "There was no package, so there is no data to copy." in stage.card
    assert stage.run.deadline is None
    assert stage.slack.lying == {}
    assert not stage.wire.count(WRITES)
    assert stage.setup.state["mail"] == []


def test_absent_at_the_plan_and_installed_since(opens: Opening) -> None:
    """What the plan did not see is not passed over: step 3 decides by what is there then."""
    stage = opens(package={"installed": False})
    stage.starts()
    stage.setup.install()
    stage.disconnects()
    assert stage.asks(Ask.CHOOSE_DATA_COPY)
    assert stage.run.inventory is not None
    assert stage.run.inventory.package.version == "3.0.1.1"


def test_taken_away_after_the_plan_the_copy_that_there_may_be_is_counted_down(
    stage: Stage,
) -> None:
    stage.starts()
    planned = stage.clock.now()
    stage.move(2 * MINUTE)
    assert stage.setup.uninstall(keep_copy=True)["ok"]
    stage.disconnects()
    stage.until(lambda: stage.run.state is State.DATA_COPY_WINDOW)
    (gone,) = stage.happened(e.PackageRemoved)
    assert not stage.happened(e.PackageAbsent)
    assert not stage.happened(e.InventoryRecorded)
    assert gone.last_seen_at == planned
    assert "absent" in gone.reading.says.msgid
    kept_until = datetime.fromisoformat(stage.setup.state["copy"]["until"])
    assert gone.deadline == planned + timedelta(hours=48)
    assert gone.deadline <= kept_until
    assert stage.proof("removal").kind == "verified"
    assert "data_copy" not in stage.run.evidence
    assert stage.asks(Ask.DOWNLOAD_COPY)
    assert "The data copy can be downloaded until" in stage.question
    assert not stage.wire.count(WRITES)
