"""The command line: exit statuses, clear sentences, what programs may read."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from bot import cli, doctor
from bot.store.sqlite import SqliteStore
from tests.bot.fakes import FakeHubSpot, FakeSalesforce, FakeSlack
from tests.bot.faults import Death, FakeClock, vendor_error
from tests.bot.rig import GIVEN
from tests.bot.store_contract import append
from tests.workflows import journeys, samples

ROOT = Path(__file__).parents[2]


@dataclass
class Said:
    """What a command printed, and how it ended."""

    status: int
    out: str
    err: str

    @property
    def flat(self) -> str:
        """What was printed, without the line breaks of the terminal."""
        return " ".join((self.out + self.err).split())

    @property
    def data(self) -> Any:
        return json.loads(self.out)


Sunset = Callable[..., Said]


@pytest.fixture
def sunset(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Sunset:
    """Return the command, as a person calls it, in a directory of its own."""
    monkeypatch.chdir(tmp_path)
    for name, value in GIVEN.items():
        monkeypatch.setenv(name.upper(), value)
    monkeypatch.setenv("SUNSET_DATABASE", str(tmp_path / "sunset.db"))
    monkeypatch.setenv("SUNSET_LOCALE", "en")

    def call(*words: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["sunset", *words])
        status: Any = 0
        try:
            cli.main()
        except SystemExit as end:
            status = end.code or 0
        told = capsys.readouterr()
        return Said(int(status), told.out, told.err)

    return call


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Two runs: one over, one in the middle."""
    path = tmp_path / "sunset.db"
    store = SqliteStore(path)
    append(store, journeys.to_reassigning())
    store.close()
    return path


def tamper(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("DROP TRIGGER events_are_final")
        db.execute("DROP TRIGGER events_stay")
        db.execute(statement)
        db.commit()


# --- usage ---------------------------------------------------------------------------------------


def test_help_names_every_command(sunset: Sunset) -> None:
    said = sunset("--help")
    assert said.status == 0
    for command in ("run", "demo", "doctor", "plan", "runs", "audit"):
        assert re.search(rf"\b{command}\b", said.out)


@pytest.mark.parametrize("words", [("runs", "--help"), ("audit", "--help"), ("demo", "--help")])
def test_help_of_each(sunset: Sunset, words: tuple[str, ...]) -> None:
    assert sunset(*words).status == 0


@pytest.mark.parametrize(
    "words",
    [
        ("uninstall",),
        ("runs", "delete"),
        ("audit", "verify", "--rnu", "R1"),
        ("runs", "show"),
        ("demo", "--locale", "de"),
        ("demo", "--port", "many"),
        ("plan", "now"),
    ],
)
def test_wrong_usage(sunset: Sunset, words: tuple[str, ...]) -> None:
    said = sunset(*words)
    assert said.status == 2
    assert "Usage" in said.err
    assert "Traceback" not in said.err


COMMANDS = [("run",), ("doctor",), ("plan",), ("runs", "list"), ("audit", "verify")]


@pytest.mark.parametrize("words", COMMANDS)
def test_wrong_settings_are_wrong_usage(
    sunset: Sunset, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.delenv("SLACK_BOT_TOKEN")
    monkeypatch.setenv("SUNSET_CHANNEL", "#crm")
    said = sunset(*words)
    assert said.status == 2
    assert said.out == ""
    assert "SLACK_BOT_TOKEN: is missing" in said.flat
    assert "SUNSET_CHANNEL" in said.flat
    assert "Traceback" not in said.err
    assert "secret-" not in said.flat


def test_the_installed_command_ends_the_same_way(tmp_path: Path) -> None:
    """Once as a process of its own, with nothing set."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-m", "bot.cli", "run"],
        cwd=tmp_path,
        env={**kept, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "SLACK_BOT_TOKEN: is missing" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


# --- looking at runs -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words", [("runs", "list"), ("runs", "show", "R1"), ("audit", "verify"), ("audit", "export")]
)
def test_without_a_database(sunset: Sunset, tmp_path: Path, words: tuple[str, ...]) -> None:
    said = sunset(*words)
    assert said.status == 1
    assert "no database" in said.flat
    assert "SUNSET_DATABASE" in said.flat
    assert not (tmp_path / "sunset.db").exists(), "looking makes nothing"


def test_a_file_that_is_no_database(sunset: Sunset, tmp_path: Path) -> None:
    (tmp_path / "sunset.db").write_text("Dear diary " * 400)
    said = sunset("runs", "list")
    assert said.status == 1
    assert "not a database" in said.flat
    assert "Traceback" not in said.err


def test_no_runs_yet(sunset: Sunset, tmp_path: Path) -> None:
    SqliteStore(tmp_path / "sunset.db").close()
    assert "no runs yet" in sunset("runs", "list").flat
    assert sunset("runs", "list", "--json").data == []
    assert sunset("audit", "verify", "--no-slack").status == 0


def test_runs_are_listed(sunset: Sunset, database: Path) -> None:
    said = sunset("runs", "list")
    assert said.status == 0
    assert "R1" in said.out
    assert "reassigning" in said.out
    (row,) = sunset("runs", "list", "--json").data
    assert (row["id"], row["state"], row["account"]) == ("R1", "reassigning", "62515")
    assert row["ended_at"] is None


def test_a_run_is_shown(sunset: Sunset, database: Path) -> None:
    said = sunset("runs", "show", "R1")
    assert said.status == 0
    assert "verified" in said.out
    data = sunset("runs", "show", "R1", "--json").data
    assert data["asked"]["ask"] == "wait_reassignment"
    assert [one["seq"] for one in data["history"]] == list(range(1, data["events"] + 1))
    assert {step["name"]: step["mark"] for step in data["steps"]}["disconnect"] == "verified"


def test_a_run_is_followed_until_its_job_is_over(sunset: Sunset, tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "sunset.db")
    append(store, journeys.to_cleanup())
    store.close()
    said = sunset("runs", "show", "R1", "--follow")
    assert said.status == 0
    assert "deleting the Salesforce owners" in said.flat
    assert "Reassigned: contacts, companies, deals" in said.flat, "the tables come last"
    (line,) = sunset("runs", "show", "R1", "--follow", "--json").out.splitlines()
    assert json.loads(line)["state"] == "cleaning_up_owners"


def test_following_ends_well_with_ctrl_c(
    sunset: Sunset, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []

    def pressed(seconds: float) -> None:
        slept.append(seconds)
        raise KeyboardInterrupt

    monkeypatch.setattr("bot.cli_runs.time.sleep", pressed)
    said = sunset("runs", "show", "R1", "--follow")
    assert said.status == 0
    assert "Reassigning records" in said.flat
    assert "Salesforce-only owners" in said.flat, "the tables come last"
    assert "Abort" not in said.err
    assert sunset("runs", "show", "R1", "--follow", "--json").status == 0
    assert len(slept) == 2


@pytest.mark.parametrize(
    "words",
    [
        ("runs", "show", "R9"),
        ("runs", "show", "R9", "--follow"),
        ("audit", "verify", "--run", "R9"),
        ("audit", "export", "--run", "R9"),
    ],
)
def test_a_run_that_is_not_there(sunset: Sunset, database: Path, words: tuple[str, ...]) -> None:
    said = sunset(*words)
    assert said.status == 1
    assert "no run R9" in said.flat
    assert said.out == ""


# --- the audit -----------------------------------------------------------------------------------


def test_an_intact_record(sunset: Sunset, database: Path) -> None:
    store = SqliteStore(database)
    head = store.history("R1")[-1].hash
    number = len(store.history("R1"))
    store.close()
    said = sunset("audit", "verify", "--no-slack")
    assert said.status == 0
    assert "R1: intact" in said.flat
    assert head in said.flat
    (verdict,) = sunset("audit", "verify", "--no-slack", "--json", "--run", "R1").data
    told = {"run": "R1", "verdict": "intact", "events": number, "head": head, "problems": []}
    assert verdict == told


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE events SET body = replace(body, 'UC', 'UE') WHERE seq = 3",
        "UPDATE events SET body = 'x' WHERE seq = 3",
        "UPDATE events SET at = '2020-01-01T00:00:00.000000+00:00' WHERE seq = 3",
        "DELETE FROM events WHERE seq > 5",
        "DELETE FROM events",
        "DELETE FROM runs",
    ],
)
def test_a_changed_record(sunset: Sunset, database: Path, statement: str) -> None:
    tamper(database, statement)
    said = sunset("audit", "verify", "--no-slack")
    assert said.status == 1
    assert "R1: CHANGED" in said.flat
    assert "Traceback" not in said.err
    said = sunset("audit", "verify", "--no-slack", "--json")
    assert said.status == 1
    assert said.data[0]["problems"]


@pytest.mark.parametrize("words", [("runs", "list"), ("runs", "show", "R1"), ("audit", "export")])
def test_looking_at_a_damaged_record_ends_clearly(
    sunset: Sunset, database: Path, words: tuple[str, ...]
) -> None:
    tamper(database, "UPDATE events SET body = 'x' WHERE seq = 3")
    said = sunset(*words)
    assert said.status == 1
    assert "Traceback" not in said.err
    assert said.err


def test_the_export_is_one_line_for_each_event(sunset: Sunset, database: Path) -> None:
    said = sunset("audit", "export")
    assert said.status == 0
    lines = [json.loads(line) for line in said.out.splitlines()]
    assert [line["seq"] for line in lines] == list(range(1, len(lines) + 1))
    assert {line["run"] for line in lines} == {"R1"}
    for before, line in pairwise(lines):
        assert line["prev"] == before["hash"]
    assert lines == [
        json.loads(line) for line in sunset("audit", "export", "--run", "R1").out.splitlines()
    ]


# --- asking the vendors --------------------------------------------------------------------------


@pytest.fixture
def vendors(monkeypatch: pytest.MonkeyPatch) -> tuple[FakeSlack, FakeHubSpot, FakeSalesforce]:
    """Simulations in place of all three services."""
    clock, death = FakeClock(samples.START), Death()
    slack = FakeSlack(clock, death)
    hubspot, salesforce = FakeHubSpot(death), FakeSalesforce(clock, death)
    monkeypatch.setattr(doctor, "Slack", lambda _: slack)
    monkeypatch.setattr(doctor, "bulk_of", lambda _: None)  # a plan does not read the data
    monkeypatch.setattr(doctor, "connect_hubspot", lambda _: hubspot)
    monkeypatch.setattr(doctor, "connect_salesforce", lambda _: salesforce)
    return slack, hubspot, salesforce


def test_the_plan_is_printed_and_nothing_is_kept(
    sunset: Sunset, vendors: tuple[FakeSlack, FakeHubSpot, FakeSalesforce], tmp_path: Path
) -> None:
    _, hubspot, _ = vendors
    hubspot.fill("contacts", samples.SAM, 1_234)
    said = sunset("plan")
    assert said.status == 0
    assert "Sam" in said.out
    assert "1,234" in said.out
    plan = sunset("plan", "--json").data
    assert plan["owners"][0]["counts"]["contacts"] == 1_234
    assert list(tmp_path.iterdir()) == []


def test_a_plan_that_cannot_be_made(
    sunset: Sunset, vendors: tuple[FakeSlack, FakeHubSpot, FakeSalesforce]
) -> None:
    vendors[1].fail("account", code="hubspot_unauthorized", retryable=False)
    said = sunset("plan")
    assert said.status == 1
    assert str(vendor_error("hubspot").problem) in said.flat
    assert "Traceback" not in said.err


def test_a_copy_of_the_database(sunset: Sunset, database: Path, tmp_path: Path) -> None:
    target = tmp_path / "copies.db"
    said = sunset("db", "backup", str(target), "--json")
    assert said.status == 0
    with closing(sqlite3.connect(target)) as copy:
        (events,) = copy.execute("SELECT count(*) FROM events").fetchone()
    held = {"runs": 1, "events": events, "bytes": target.stat().st_size}
    assert said.data == {"file": str(target), **held}
    again = sunset("db", "backup", str(target))
    assert again.status == 1
    assert "is there already; nothing is overwritten" in again.flat
    assert f"events: {events}" in sunset("db", "backup", f"{target}2").flat
