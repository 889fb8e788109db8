"""``sunset doctor``: one failure hides no other, and the command says what is missing."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot import cli, doctor
from bot.checkup import slack as about_slack
from bot.checkup.finding import Level
from bot.vendors.hubspot_scopes import HUBSPOT_SCOPES, HubSpotScope
from bot.vendors.slack_scopes import GROUPS, SLACK_SCOPES, SlackScope
from handlers.i18n import translator
from tests.doctor.clinic import (
    SESSION,
    UNKNOWN,
    WRONG,
    Clinic,
    amiss,
    said,
)

ROOT = Path(__file__).parents[2]


# --- all is well ---------------------------------------------------------------------------------


def test_nothing_is_missing(office: Clinic) -> None:
    findings = office.examine()
    assert amiss(findings) == {}
    assert {check for check, one in findings.items() if one.level is not Level.OK} == {SESSION}
    assert {check.partition(".")[0] for check in findings} == {
        "slack",
        "hubspot",
        "salesforce",
        "machine",
    }
    text = {check: said(one) for check, one in findings.items()}
    assert "4711008" in text["hubspot.token"]
    assert "production" in text["salesforce.org"]
    assert "00D5g000004XyZAEA0" in text["salesforce.org"]
    assert "3.0.1.1" in text["salesforce.package"]
    assert "existing session" in text["salesforce.login"]
    assert "ada.marek@example.com" in text["salesforce.login"]
    assert "cannot renew" in text[SESSION]


def test_nothing_is_changed(office: Clinic) -> None:
    before = len(office.sandbox.world.log)
    office.examine()
    asked = [line.request for line in list(office.sandbox.world.log)[before:]]
    writing = (
        "chat.",
        "files.",
        "views.",
        "conversations.open",
        "batch/",
        "deployRequest",
        "PATCH",
    )
    assert not [request for request in asked if request.startswith(writing)]
    assert not [request for request in asked if any(word in request for word in writing[4:])]
    assert len(asked) < 60
    assert not (office.directory / "sunset.db").exists()
    assert not (office.directory / "backups").exists()


def test_all_of_it_is_in_one_language(office: Clinic) -> None:
    office.post("slack/scopes", missing=["im:write"])
    polish = doctor.shown(doctor.examine(office.settings()), translator("pl"), [])
    english = doctor.shown(doctor.examine(office.settings()), translator("en"), [])
    said_twice = {one["result"] for one in english} & {one["result"] for one in polish}
    assert not [result for result in said_twice if result.startswith(("granted", "the ", "every"))]
    remedies = [one["remedy"] for one in polish if one["check"] == "slack.scope.im:write"]
    assert remedies
    assert remedies != [one["remedy"] for one in english if one["check"] == "slack.scope.im:write"]


# --- one failure hides nothing -------------------------------------------------------------------


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def test_services_that_do_not_answer_are_one_line_each(office: Clinic) -> None:
    port = free_port()
    findings = office.examine(
        slack_api_url=f"http://127.0.0.1:{port}/api/",
        hubspot_api_url=f"http://127.0.0.1:{port}",
        salesforce_instance_url=f"https://127.0.0.1:{port}",
    )
    away = {f"{service}.{what}" for service, what in AWAY}
    assert amiss(findings) == dict.fromkeys(away, WRONG)
    assert {check for check in findings if not check.startswith("machine")} == away
    assert all("network" in said(findings[check]) for check in away)
    assert findings["machine.clock"].level is UNKNOWN


AWAY = (("slack", "token"), ("hubspot", "token"), ("salesforce", "login"))


@pytest.mark.parametrize(("service", "what"), AWAY)
@pytest.mark.parametrize("kind", ["timeout", "502", "unauthorized"])
def test_one_service_hides_no_other(office: Clinic, service: str, what: str, kind: str) -> None:
    office.post("faults", service=service, match=".", kind=kind, times=100)
    findings = office.examine()
    wrong = {check for check, level in amiss(findings).items() if level is WRONG}
    assert f"{service}.{what}" in wrong
    assert {check for check in wrong if not check.startswith(service)} == set()
    others = {other for other, _ in AWAY} - {service}
    assert others < {check.partition(".")[0] for check in findings}


def test_a_check_that_breaks_hides_no_other(
    office: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> Any:
        raise TypeError("nobody foresaw this")

    monkeypatch.setattr(about_slack, "visit", broken)
    findings = office.examine()
    assert amiss(findings) == {"slack.failed": WRONG}
    assert "hubspot.token" in findings
    assert "salesforce.login" in findings


# --- what is shown -------------------------------------------------------------------------------


@pytest.fixture
def sunset(
    office: Clinic,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Callable[..., tuple[int, str]]:
    """Return the command with the sandbox's settings: its exit status, and what it printed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("bot.logs.configure_logs", lambda *_: None)
    monkeypatch.setenv("COLUMNS", "200")
    for name, value in office.sandbox.environment().items():
        monkeypatch.setenv(name, value)

    def call(*words: str, **changes: str) -> tuple[int, str]:
        for name, value in changes.items():
            monkeypatch.setenv(name.upper(), value)
        monkeypatch.setattr(sys, "argv", ["sunset", "doctor", *words])
        status: Any = 0
        try:
            cli.main()
        except SystemExit as end:
            status = end.code or 0
        told = capsys.readouterr()
        return int(status), told.out + told.err

    return call


def test_the_command(office: Clinic, sunset: Callable[..., tuple[int, str]]) -> None:
    status, out = sunset()
    assert status == 0
    assert "Wrong: 0. Warnings: 1. Cannot be told: 0." in out
    office.post("slack/scopes", missing=["files:read"])
    status, out = sunset()
    assert (status, "Warnings: 2." in out) == (0, True), "the bot can go on without it"
    office.post("hubspot/token", scopes_missing=["crm.objects.deals.write"])
    status, out = sunset()
    assert (status, "Wrong: 1." in out) == (1, True)


def test_the_command_for_programs(office: Clinic, sunset: Callable[..., tuple[int, str]]) -> None:
    office.post("hubspot/token", scopes_missing=["crm.objects.deals.write", "tickets"])
    status, out = sunset("--json")
    findings = {one["check"]: one for one in json.loads(out)}
    assert status == 1
    missing = findings["hubspot.scope.crm.objects.deals.write"]
    assert (missing["level"], missing["ok"]) == ("wrong", False)
    assert missing["what"] == "HubSpot: crm.objects.deals.write"
    assert "Service keys" in missing["remedy"]
    optional = findings["hubspot.scope.tickets"]
    assert (optional["level"], optional["ok"]) == ("warning", True)
    assert findings["slack.token"] == {
        "check": "slack.token",
        "what": "Slack: bot token",
        "level": "ok",
        "ok": True,
        "result": f"sunset @ {office.sandbox.slack_url}/",
        "remedy": "",
    }


def test_as_a_process_of_its_own(office: Clinic, tmp_path: Path) -> None:
    """As an operator runs it, against the sandbox as its own process."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    command = [sys.executable, "-m", "sandbox", "--until-stdin-closes"]
    pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": ROOT}
    with subprocess.Popen(command, **pipes) as sandbox:
        assert sandbox.stdout is not None
        told: dict[str, str] = {}
        for line in sandbox.stdout:
            name, _, value = line.strip().partition("=")
            if name == "SANDBOX_READY":
                break
            told[name] = value
        done = subprocess.run(
            [sys.executable, "-m", "bot.cli", "doctor", "--json"],
            cwd=tmp_path,
            env={**kept, **told, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        sandbox.communicate()
    assert (done.returncode, done.stderr) == (0, "")
    levels = {one["check"]: one["level"] for one in json.loads(done.stdout)}
    assert {check for check, level in levels.items() if level != "ok"} == {SESSION}
    assert len(levels) > 40


# --- the lists are kept in step ------------------------------------------------------------------


def test_the_scopes_are_those_of_the_manifest() -> None:
    manifest = yaml.safe_load((ROOT / "manifest.yml").read_text("utf-8"))
    scopes = [scope.name for scope in SLACK_SCOPES]
    assert sorted(scopes) == sorted(manifest["oauth_config"]["scopes"]["bot"])


def test_the_documentation_names_every_right(office: Clinic) -> None:
    text = (ROOT / "docs" / "connect.md").read_text("utf-8")
    rights = [
        one.check.partition(".right.")[2]
        for one in office.salesforce().values()
        if ".right." in one.check and "Read " not in one.check
    ]
    assert len(rights) == 5
    names = [*(one.name for one in SLACK_SCOPES), *(one.name for one in HUBSPOT_SCOPES)]
    assert [name for name in names if f"`{name}`" not in text] == []
    assert [name for name in rights if f"*{name}*" not in text] == []


@pytest.mark.parametrize("scope", [*SLACK_SCOPES, *HUBSPOT_SCOPES], ids=lambda scope: scope.name)
def test_the_documentation_says_what_is_needed(scope: SlackScope | HubSpotScope) -> None:
    text = (ROOT / "docs" / "connect.md").read_text("utf-8")
    rows = [line.split("|") for line in text.splitlines() if line.startswith("| ")]
    (row,) = [row for row in rows if f"`{scope.name}`" in row[1]]
    needed = row[3].strip().startswith("needed")
    assert needed is scope.needed or (scope.name == GROUPS and "else optional" in row[3])
