"""`sunset report`: the file, its place, and what is refused."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from bot.store.sqlite import SqliteStore
from tests.bot.fakes import FakeSlack
from tests.bot.faults import Death, FakeClock
from tests.bot.store_contract import append
from tests.bot.test_cli import Sunset, sunset
from tests.workflows import journeys, samples

__all__ = ["sunset"]


@pytest.fixture
def run_id(tmp_path: Path) -> str:
    store = SqliteStore(tmp_path / "sunset.db")
    talk = journeys.to_completed()
    append(store, talk)
    store.close()
    return talk.run.id


@pytest.fixture(autouse=True)
def slack(monkeypatch: pytest.MonkeyPatch) -> FakeSlack:
    fake = FakeSlack(FakeClock(samples.START), Death())
    fake.marks["UA"] = {"name": "Anna Berg"}
    monkeypatch.setattr("bot.vendors.slack.Slack", lambda client: fake)
    return fake


@pytest.mark.parametrize(
    ("kind", "ending"), [("html", "html"), ("markdown", "md"), ("json", "json")]
)
def test_a_file_in_this_folder(
    sunset: Sunset, run_id: str, tmp_path: Path, kind: str, ending: str
) -> None:
    begins = {"html": b"<!doctype html>", "md": b"# ", "json": b"{"}[ending]
    said = sunset("report", run_id, "--format", kind)
    assert said.status == 0
    path = tmp_path / said.out.strip()
    assert path.name == f"sunset-report-{run_id}.{ending}"
    assert path.read_bytes().startswith(begins)
    assert b"Anna Berg" in path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_printed(sunset: Sunset, run_id: str) -> None:
    assert sunset("report", run_id, "--format", "json", "--out", "-").data["run"]["id"] == run_id


def test_another_file_another_language_without_slack(
    sunset: Sunset, run_id: str, tmp_path: Path, slack: FakeSlack
) -> None:
    path = tmp_path / "raport ą.html"
    path.write_text("of before")
    words = ("report", run_id, "--out", str(path), "--locale", "pl", "--no-slack")
    assert sunset(*words).status == 0
    text = path.read_text()
    assert 'lang="pl"' in text
    assert "Anna Berg" not in text
    assert slack.calls == []
    assert [one.name for one in tmp_path.iterdir() if one.name.startswith(".")] == []


def test_slack_is_away(sunset: Sunset, run_id: str, slack: FakeSlack, tmp_path: Path) -> None:
    slack.fail("profile", times=9)
    assert sunset("report", run_id, "--format", "json", "--out", "r.json").status == 0
    assert json.loads((tmp_path / "r.json").read_text())["people"] == {}


@pytest.mark.parametrize(
    ("words", "status", "sentence"),
    [
        (("nobody",), 1, "There is no run nobody. `sunset runs list` shows all."),
        (("{run}", "--format", "pdf"), 2, "must be html, markdown or json"),
        (("{run}", "--locale", "de"), 2, "must be en or pl"),
        (("{run}", "--out", "no/such/folder/x.html"), 1, "cannot be written"),
        (("{run}", "--out", "."), 1, "cannot be written"),
    ],
)
def test_refused(
    sunset: Sunset, run_id: str, words: tuple[str, ...], status: int, sentence: str
) -> None:
    said = sunset("report", *(word.replace("{run}", run_id) for word in words))
    assert said.status == status
    assert sentence in said.flat
