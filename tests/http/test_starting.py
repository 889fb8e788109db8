"""HTTP mode from the command line and the settings on, and what `/ready` asks of the program."""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bot import cli, http_mode, program, readiness
from bot.errors import SettingsError, VendorError
from bot.program import Program
from bot.settings import Settings, load_settings
from tests.bot.fakes import FakeHubSpot, FakeSalesforce, FakeSlack
from tests.bot.faults import Death, FakeClock
from tests.bot.package_data import FakePackageData
from tests.bot.rig import GIVEN, settings
from tests.http.door import SECRET, get
from tests.workflows import samples

HTTP = {"slack_app_token": None, "slack_signing_secret": SECRET, "sunset_http": True}


def named(**changes: Any) -> str:
    """Return the sentence that refuses these settings for a start."""
    given = {name: value for name, value in {**GIVEN, **changes}.items() if value is not None}
    with pytest.raises(SettingsError) as caught:
        load_settings(env_file=None, listening=True, **given)
    return str(caught.value.problem)


@pytest.fixture(autouse=True)
def _no_settings_around(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith(("SLACK_", "HUBSPOT_", "SALESFORCE_", "SUNSET_")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def test_each_mode_needs_its_own_secret(tmp_path: Path) -> None:
    assert "SLACK_SIGNING_SECRET: is missing" in named(sunset_http=True)
    sentence = named(slack_app_token=None)
    assert "SLACK_APP_TOKEN: is missing" in sentence
    assert "SIGNING" not in sentence
    assert "SLACK_APP_TOKEN" in named(slack_app_token=None, slack_signing_secret=SECRET)
    assert settings(tmp_path / "x.db", **HTTP).slack_app_token is None


def test_everything_that_is_missing_is_named_at_once() -> None:
    sentence = named(sunset_http=True, slack_app_token=None, hubspot_access_token=None)
    assert "2 settings" in sentence
    for name in ("SLACK_SIGNING_SECRET", "HUBSPOT_ACCESS_TOKEN"):
        assert f"{name}: is missing" in sentence
    sentence = named(slack_app_token=None, sunset_channel="#crm")
    for name in ("SLACK_APP_TOKEN", "SUNSET_CHANNEL"):
        assert name in sentence


def test_whoever_only_looks_needs_one_of_both() -> None:
    given = {name: value for name, value in GIVEN.items() if name != "slack_app_token"}
    assert load_settings(env_file=None, **given, slack_signing_secret=SECRET).slack_signing_secret
    with pytest.raises(SettingsError) as caught:
        load_settings(env_file=None, **given)
    assert "SLACK_APP_TOKEN" in str(caught.value.problem)


@pytest.mark.parametrize(
    "wrong",
    [
        {"slack_signing_secret": "too short"},
        {"sunset_http_port": "70000"},
        {"sunset_http_port": "http"},
        {"sunset_http": "perhaps"},
        {"sunset_http_host": ""},
    ],
    ids=str,
)
def test_malformed(wrong: dict[str, str]) -> None:
    sentence = named(**{**HTTP, **wrong})
    assert next(iter(wrong)).upper() in sentence


def test_the_command_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    served: list[Settings] = []
    monkeypatch.setattr(cli, "serve", lambda made, _clock: served.append(made))
    for name, value in GIVEN.items():
        monkeypatch.setenv(name.upper(), value)

    def run(*words: str) -> int:
        monkeypatch.setattr(sys, "argv", ["sunset", "run", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return int(ended.value.code or 0)

    assert run("--http") == 2
    assert "SLACK_SIGNING_SECRET: is missing" in capsys.readouterr().err
    monkeypatch.setenv("SLACK_SIGNING_SECRET", SECRET)
    monkeypatch.delenv("SLACK_APP_TOKEN")
    assert run() == 2
    assert "SLACK_APP_TOKEN: is missing" in capsys.readouterr().err
    assert run("--http", "--host", "::1", "--port", "8443") == 0
    assert run("--http") == 0
    first, second = served
    assert (first.sunset_http, first.sunset_http_host, first.sunset_http_port) == (
        True,
        "::1",
        8443,
    )
    assert (second.sunset_http_host, second.sunset_http_port) == ("127.0.0.1", 3000)


# --- the program ---------------------------------------------------------------------------------


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Program]:
    clock, death = FakeClock(samples.START), Death()
    slack, hubspot, salesforce = (
        FakeSlack(clock, death),
        FakeHubSpot(death),
        FakeSalesforce(clock, death),
    )
    monkeypatch.setattr(program, "Slack", lambda _: slack)
    monkeypatch.setattr(program, "connect_hubspot", lambda _: hubspot)
    monkeypatch.setattr(program, "connect_salesforce", lambda _: salesforce)
    monkeypatch.setattr(program, "bulk_of", lambda _: FakePackageData(clock, death))
    monkeypatch.setattr(http_mode, "READY_FRESH", 0.0)
    with Program(settings(tmp_path / "x.db", **HTTP, sunset_http_port=0), clock) as made:
        yield made


def missing(running: Program) -> list[str]:
    assert running._http is not None
    answer = get(running._http.port, "/ready")
    assert (answer.status == 200) == answer.json["ready"] == (not answer.json["missing"])
    return list(answer.json["missing"])


def test_ready_and_what_is_missing_when_it_is_not(
    running: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert missing(running) == []
    with closing(sqlite3.connect(tmp_path / "x.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert missing(running) == ["database"]
        other.execute("ROLLBACK")
    assert missing(running) == []
    with monkeypatch.context() as patch:
        patch.setattr(running.people, "administrators", list)
        assert missing(running) == ["slack"]
        patch.setattr(readiness, "LEAST_FREE", 1 << 62)
        assert missing(running) == ["disk", "slack"]
    running._alarm.stop()
    assert missing(running) == ["timers"]
    assert running._worker is not None
    running._worker.stop()
    assert missing(running) == ["worker", "timers"]


def test_socket_mode_without_its_token_is_a_clear_refusal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, running: Program
) -> None:
    given = settings(tmp_path / "y.db", **{**HTTP, "sunset_http": False})
    made = Program(given, FakeClock(samples.START))
    with pytest.raises(VendorError) as caught:
        made.start()
    made.stop()
    assert caught.value.code == "slack_app_token"
