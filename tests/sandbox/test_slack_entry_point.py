"""`python -m sandbox` as a process, and the three servers together."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

import pytest
import requests
from slack_sdk import WebClient

from sandbox.servers import Sandbox

RUN = [sys.executable, "-m", "sandbox"]
ROOT = Path(__file__).parents[2]


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*RUN, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


def environment(stdout: IO[str]) -> dict[str, str]:
    found = {}
    for line in stdout:
        name, _, value = line.strip().partition("=")
        found[name] = value
        if name == "SANDBOX_READY":
            return found
    raise AssertionError("it never became ready")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_starts_fast_and_ends_cleanly(number: signal.Signals) -> None:
    begun = time.monotonic()
    process = start()
    assert process.stdout is not None
    found = environment(process.stdout)
    assert time.monotonic() - begun < 5
    for url in (found["SANDBOX_CLOCK_URL"], found["SANDBOX_PAGE"] + "sandbox/hubspot"):
        assert requests.get(url, timeout=5).json()["ok"]
    client = WebClient(token=found["SLACK_BOT_TOKEN"], base_url=found["SLACK_API_URL"])
    assert client.auth_test()["ok"]
    owners = requests.get(
        found["HUBSPOT_API_URL"] + "/crm/v3/owners/",
        headers={"Authorization": f"Bearer {found['HUBSPOT_ACCESS_TOKEN']}"},
        timeout=5,
    )
    assert owners.status_code == 200
    limits = requests.get(
        found["SALESFORCE_INSTANCE_URL"] + "/services/data/",
        headers={"Authorization": f"Bearer {found['SALESFORCE_ACCESS_TOKEN']}"},
        verify=found["SALESFORCE_CA_FILE"],
        timeout=5,
    )
    assert limits.status_code < 500
    # A page that listens for changes must not hold up the end.
    page = requests.get(found["SANDBOX_PAGE"] + "sandbox/changes", stream=True, timeout=5)
    process.send_signal(number)
    _, errors = process.communicate(timeout=10)
    page.close()
    assert (process.returncode, errors) == (0, "")
    assert not Path(found["SALESFORCE_CA_FILE"]).exists()


def test_it_ends_with_its_standard_input() -> None:
    process = start("--until-stdin-closes")
    assert process.stdout is not None
    environment(process.stdout)
    _, errors = process.communicate(timeout=10)
    assert (process.returncode, errors) == (0, "")


def test_a_scenario_with_a_mistake(tmp_path: Path) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text('name = "bad"\ntitle = "Bad"\n[[people]]\nid = "ada"\n', encoding="utf-8")
    process = start("--scenario", str(bad))
    output, errors = process.communicate(timeout=10)
    assert process.returncode == 2
    assert output == ""
    assert errors.count("\n") == 1
    assert "people.0.id" in errors


def test_a_scenario_that_is_not_there() -> None:
    process = start("--scenario", "nowhere.toml")
    _, errors = process.communicate(timeout=10)
    assert process.returncode == 2
    assert "tidy" in errors


def test_a_port_that_is_taken() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        process = start("--slack-port", str(port))
        _, errors = process.communicate(timeout=10)
    assert process.returncode == 1
    assert errors.count("\n") == 1
    assert f"127.0.0.1:{port}" in errors
    assert "--slack-port" in errors


def test_the_three_servers_share_one_world(sandbox: Callable[..., Sandbox]) -> None:
    found = sandbox()
    state = requests.get(f"{found.slack_url}/sandbox/state", timeout=5).json()
    assert state["scenario"]["name"] == "tidy"
    assert {one["name"] for one in state["channels"]} == {
        "crm-sunset",
        "crm-sunset-audit",
        "general",
    }
    assert requests.get(f"{found.slack_url}/sandbox/salesforce", timeout=5).json()["installed"]
    environment = found.environment()
    assert environment["SUNSET_REQUIRED_APPROVALS"] == "2"
    assert environment["SUNSET_SYNC_QUIET"] == "PT3S"
