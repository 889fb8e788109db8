"""What the doctor says of the machine that the bot runs on."""

from __future__ import annotations

import os
import shutil
import stat
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bot import doctor
from bot.checkup import machine
from bot.checkup.finding import Finding, Level
from tests.bot.faults import FakeClock
from tests.doctor.clinic import (
    NOW,
    WARNING,
    WRONG,
    Clinic,
    amiss,
    named,
    said,
)


def of_machine(office: Clinic, seconds: float = 0, **changes: Any) -> dict[str, Finding]:
    ahead = {"Slack": timedelta(seconds=seconds), "HubSpot": None}
    return named(machine.visit(office.settings(**changes), ahead))


def test_places_that_cannot_be_written(office: Clinic, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    findings = of_machine(
        office,
        sunset_database=tmp_path / "nowhere" / "sunset.db",
        sunset_backups=tmp_path / "file" / "backups",
    )
    assert amiss(findings) == {"machine.database": WRONG, "machine.backups": WRONG}
    findings = of_machine(office, sunset_database=tmp_path)
    assert amiss(findings) == {"machine.database": WRONG}, "a directory is no database"


def test_a_place_without_the_right_to_write(
    office: Clinic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: not mode & os.W_OK)
    assert amiss(of_machine(office)) == {"machine.database": WRONG, "machine.backups": WRONG}


@pytest.mark.parametrize(("mode", "level"), [(0o700, None), (0o755, WARNING), (0o770, WRONG)])
def test_backups_that_others_can_get_at(
    office: Clinic, tmp_path: Path, mode: int, level: Level | None
) -> None:
    tmp_path.chmod(mode)
    findings = of_machine(office, sunset_backups=tmp_path)
    assert amiss(findings) == ({"machine.backups": level} if level else {})
    assert level is None or f"chmod 700 {tmp_path}" in said(findings["machine.backups"])
    assert stat.S_IMODE(tmp_path.stat().st_mode) == mode, "looking changes nothing"


def test_little_space(office: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=500_000_000))
    findings = of_machine(office)
    assert amiss(findings) == {"machine.space": WARNING}
    assert "0.5 GB" in said(findings["machine.space"])


def test_secrets_that_others_can_open(
    office: Clinic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    dotenv, key = tmp_path / ".env", tmp_path / "key.pem"
    for file in (dotenv, key):
        file.touch(mode=0o600)
    assert amiss(of_machine(office, salesforce_private_key_file=key)) == {}
    for file in (dotenv, key):
        file.chmod(0o644)
    findings = of_machine(office, salesforce_private_key_file=key)
    assert amiss(findings) == dict.fromkeys(
        ("machine.secret..env", "machine.secret.key.pem"), WARNING
    )


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(59, ""), (-59, ""), (300, "300 seconds behind"), (-90, "90 seconds ahead")],
)
def test_the_clock(office: Clinic, seconds: int, words: str) -> None:
    findings = of_machine(office, seconds)
    assert amiss(findings) == ({"machine.clock": WRONG} if words else {})
    assert words in said(findings["machine.clock"])


def test_the_services_tell_the_time(office: Clinic) -> None:
    clock = FakeClock(NOW() - timedelta(minutes=10))
    findings = named(doctor.examine(office.settings(), clock))
    assert amiss(findings) == {"machine.clock": WRONG}
    assert "Slack" in said(findings["machine.clock"]) or "HubSpot" in said(
        findings["machine.clock"]
    )
