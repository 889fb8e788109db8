"""`sunset audit verify`: the database and the audit channel together, while the bot goes on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot import cli_audit
from bot.cli_audit import add_channel, holds, print_verdict, verify_all
from handlers.i18n import translator
from tests.attacks import Cases
from tests.audit.test_chain import alter, starting
from tests.bot.fakes import FakeSlack
from tests.bot.rig import AUDIT, Rig
from workflows import commands as c

TABLES = ("events", "runs", "deliveries", "effects", "timers", "messages", "snapshots")


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    made = Rig(tmp_path)
    made.engine.execute("R1", starting(), "start")
    made.does("UA", c.Freeze(reason="a look"))
    made.does("UB", c.Unfreeze())
    made.settle()
    monkeypatch.setattr("bot.vendors.slack.Slack", lambda _: made.slack)
    monkeypatch.setattr(FakeSlack, "who_am_i", lambda _: "https://acme.slack.com/")
    yield made
    made.stop()


def verified(rig: Rig, run_id: str | None = None) -> list[dict[str, Any]]:
    results = verify_all(rig.store, run_id)
    add_channel(results, rig.store, rig.settings, alone=run_id is not None)
    return results


def test_what_is_whole_is_anchored(rig: Rig) -> None:
    (result,) = verified(rig)
    assert holds(result)
    assert result["verdict"] == "intact"
    assert result["head"] == rig.store.history("R1")[-1].hash
    assert result["channel"]["anchored"] == [(1, result["events"])]


def test_what_happens_while_the_channel_is_read_is_no_change(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading = rig.slack.messages

    def slowly(*about: Any, **more: Any) -> Iterator[Any]:
        seen = list(reading(*about, **more))
        rig.does("UA", c.Freeze(reason="in between"))
        rig.settle()
        yield from seen

    monkeypatch.setattr(rig.slack, "messages", slowly)
    (result,) = verified(rig)
    assert holds(result)
    assert result["channel"]["waiting"] != []


@pytest.mark.attack("6", "a whole run taken out of the database: found by the audit channel")
def test_a_run_that_the_channel_alone_tells_of(
    rig: Rig, cases: Cases, capsys: pytest.CaptureFixture[str]
) -> None:
    rig.stop()
    for table in TABLES:
        alter(rig.path, f"DELETE FROM {table}")  # noqa: S608 - fixed names
        rig.start()
        assert not all(map(holds, verified(rig))), table
        rig.stop()
        cases.add()
    rig.start()
    assert verify_all(rig.store) == []
    (result,) = verified(rig)
    assert (result["run"], result["verdict"]) == ("R1", "not_here")
    print_verdict(result, translator("en"))
    told = capsys.readouterr().out
    assert "NOT IN THE DATABASE" in told
    assert "which the database does not have" in told


def test_one_run_is_looked_at_alone(rig: Rig) -> None:
    line = next(one for one in rig.slack.shown if one.channel == AUDIT)
    rig.slack.shown.append(
        replace(line, text=line.text.replace("R1", "R-gone"), payload={"run": "R-gone"})
    )
    assert [one["run"] for one in verified(rig, "R1")] == ["R1"]
    assert [one["run"] for one in verified(rig)] == ["R1", "R-gone"]


def test_without_an_answer_nothing_is_anchored_and_nothing_is_wrong(
    rig: Rig, capsys: pytest.CaptureFixture[str]
) -> None:
    rig.slack.fail("history")
    (result,) = verified(rig)
    assert holds(result)
    assert result["channel"] is None
    print_verdict(result, translator("en"))
    assert "Nothing is anchored" in capsys.readouterr().out


def test_a_missing_key_accuses_nobody(capsys: pytest.CaptureFixture[str]) -> None:
    told = {"run": "R1", "verdict": "unchecked", "problems": ["cannot be checked: a key"]}
    print_verdict(told, translator("en"))
    said = capsys.readouterr().out
    assert "CANNOT BE CHECKED" in said
    assert "CHANGED" not in said
    assert not cli_audit.holds(told)
