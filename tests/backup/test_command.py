"""`sunset backup run` and `sunset backup verify`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from bot import cli
from bot.backup.waiting import Waiting
from tests.backup.stock import EMPTY, FAVORITE, RICH, Address, Yard
from tests.bot.rig import GIVEN
from tests.bot.vendors.faults import fault

PACKAGE = RICH


@dataclass
class Said:
    status: int
    out: str
    err: str

    @property
    def flat(self) -> str:
        return " ".join(self.out.split())


Sunset = Callable[..., Said]


@pytest.fixture
def sunset(
    org: Yard,
    address: Address,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Sunset:
    """Return the command, as a person calls it, with settings for the org of the test."""
    settings = {
        **GIVEN,
        "salesforce_instance_url": org.url,
        "salesforce_access_token": org.org.world.scenario.salesforce.access_token,
        "salesforce_ca_file": str(address.files.ca_file),
    }
    for name, value in settings.items():
        monkeypatch.setenv(name.upper(), str(value))
    monkeypatch.chdir(org.directory.parent)
    monkeypatch.setattr("bot.backup.run.Waiting", partial(Waiting, first=0.001))

    def call(*words: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["sunset", "backup", *words])
        status: Any = 0
        try:
            cli.main()
        except SystemExit as end:
            status = end.code or 0
        told = capsys.readouterr()
        return Said(int(status), told.out, told.err)

    return call


def test_a_backup_by_hand(org: Yard, sunset: Sunset) -> None:
    said = sunset("run", "backup")
    assert said.status == 0
    for word in (FAVORITE[:20], "250", "finished and verified", "Not included: "):
        assert word in said.flat
    again = sunset("run", "backup")
    assert again.status == 0
    assert "finished before; it is sound" in again.flat
    verified = sunset("verify", "backup")
    assert (verified.status, verified.flat) == (0, "backup: sound")


def test_programs_read_json(org: Yard, sunset: Sunset) -> None:
    told = json.loads(sunset("run", "backup", "--json").out)
    assert told["rows"] >= 250
    assert {one["object"] for one in told["files"]} > {FAVORITE, EMPTY}
    assert {gap["kind"] for gap in told["left_out"]} == {"files"}
    assert not told["already_finished"]
    assert json.loads(sunset("verify", "backup", "--json").out)["problems"] == []
    assert sunset("verify", "backup", "--digest", told["manifest_sha256"]).status == 0
    assert sunset("verify", "backup", "--digest", "0" * 64).status == 1


def test_one_flipped_byte_is_found(org: Yard, sunset: Sunset) -> None:
    sunset("run", "backup", "--json")
    org.flip(f"{FAVORITE}.csv", at=700)
    said = sunset("verify", "backup")
    assert said.status == 1
    assert "NOT SOUND" in said.flat
    assert f"{FAVORITE}.csv" in said.flat
    said = sunset("verify", "backup", "--json")
    assert said.status == 1
    (problem,) = json.loads(said.out)["problems"]
    assert (problem["kind"], problem["file"]) == ("changed", f"{FAVORITE}.csv")
    assert "SHA-256" in problem["text"]


def test_a_refusal_is_a_sentence(org: Yard, sunset: Sunset) -> None:
    fault(org.org.world, "salesforce", "results", "unauthorized", times=99)
    said = sunset("run", "backup", "--json")
    assert (said.status, said.out) == (1, "")
    assert "SALESFORCE_ACCESS_TOKEN" in " ".join(said.err.split())
    assert "Traceback" not in said.err
    org.org.world.clear_faults()
    assert sunset("run", "backup", "--json").status == 0


def test_a_directory_that_is_not_there(sunset: Sunset) -> None:
    said = sunset("verify", "nothing")
    assert said.status == 1
    assert "There is no directory nothing" in said.flat


def test_the_token_is_nowhere(org: Yard, sunset: Sunset) -> None:
    said = sunset("run", "backup")
    token = org.org.world.scenario.salesforce.access_token
    assert token not in said.out + said.err
    for one in org.directory.iterdir():
        assert token.encode() not in one.read_bytes()
