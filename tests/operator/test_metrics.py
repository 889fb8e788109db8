"""Metrics and health: off unless asked for, true, and without a name of anybody."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import requests
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from bot import metrics, program
from bot.errors import StoreError
from bot.metrics_server import MetricsServer
from bot.program import Program
from bot.standing import Standing
from handlers.acknowledgement import WaitedAck
from tests.bot.faults import vendor_error
from tests.bot.rig import Rig, settings
from tests.bot.test_program import Office
from tests.workflows import journeys, samples
from workflows import commands as c
from workflows.errors import SunsetError
from workflows.states import State
from workflows.text import N_


def read(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(text: str, name: str, **labels: str) -> float:
    return read(text)[name, frozenset(labels.items())]


# --- how things stand ----------------------------------------------------------------------------


def standing(rig: Rig) -> str:
    registry = CollectorRegistry()
    registry.register(Standing(rig.store, rig.engine, rig.hubspot, rig.clock.now))
    return generate_latest(registry).decode()


def test_runs_by_state_and_what_holds_them(rig: Rig) -> None:
    rig.adopt(journeys.to_cleanup())
    text = standing(rig)
    assert value(text, "sunset_runs", state="cleaning_up_owners") == 1
    assert value(text, "sunset_runs", state="completed") == 0
    assert value(text, "sunset_runs_held", why="frozen") == 0
    rig.does("UA", c.Freeze(reason="wait"))
    assert value(standing(rig), "sunset_runs_held", why="frozen") == 1


def test_every_state_has_its_series(rig: Rig) -> None:
    known = {dict(labels)["state"] for name, labels in read(standing(rig)) if name == "sunset_runs"}
    assert known == {state.value for state in State}


def test_late_timers(rig: Rig) -> None:
    rig.adopt(journeys.to_window())
    assert value(standing(rig), "sunset_timers_late_seconds") == 0
    rig.move(timedelta(hours=30))
    late = value(standing(rig), "sunset_timers_late_seconds")
    assert 0 < late < timedelta(hours=30).total_seconds()
    rig.tick()
    assert value(standing(rig), "sunset_timers_late_seconds") == 0


def test_what_is_left_of_the_days_calls(rig: Rig) -> None:
    text = standing(rig)
    assert value(text, "sunset_hubspot_daily_calls_left") == 600
    assert value(text, "sunset_hubspot_daily_calls_limit") == 1_000
    rig.hubspot.usage = None
    assert ("sunset_hubspot_daily_calls_left", frozenset()) not in read(standing(rig))


def test_a_database_that_cannot_be_read_leaves_the_rest(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object) -> list[str]:
        raise StoreError("store_gone", N_("It is gone."), N_("Restore it."))

    monkeypatch.setattr(rig.store, "run_ids", gone)
    text = standing(rig)
    assert value(text, "sunset_hubspot_daily_calls_left") == 600
    assert "sunset_runs{" not in text


# --- what is counted -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "outcome"),
    [
        ({"retry_after": 3.0}, "limited"),
        ({}, "unavailable"),
        ({"retryable": False}, "refused"),
        ({"missing": "a.scope"}, "refused"),
    ],
)
def test_a_call_is_counted_by_how_it_ended(more: dict[str, object], outcome: str) -> None:
    before = metrics.VENDOR_CALLS.labels("hubspot", outcome)._value.get()
    with pytest.raises(SunsetError), metrics.calling("hubspot"):
        raise vendor_error("hubspot", **more)  # type: ignore[arg-type]  # as parametrised
    assert metrics.VENDOR_CALLS.labels("hubspot", outcome)._value.get() == before + 1


def test_effects_are_counted_when_they_are_recorded(rig: Rig) -> None:
    done = metrics.EFFECTS.labels("card", "done")
    again = metrics.EFFECTS.labels("card", "again")
    before = done._value.get(), again._value.get()
    rig.slack.fail("post")
    rig.adopt(journeys.to_cleanup())
    rig.until(lambda: not rig.effects("pending", "leased"))
    assert done._value.get() > before[0]
    assert again._value.get() > before[1]


def test_an_acknowledgement_is_measured_once() -> None:
    told: list[float] = []
    ack = WaitedAck(told.append)
    ack()
    ack()
    assert len(told) == 1
    assert 0 <= told[0] < 3


def test_every_metric_is_explained() -> None:
    for family in text_string_to_metric_families(generate_latest(metrics.REGISTRY).decode()):
        assert family.documentation.endswith("."), family.name
        assert re.fullmatch(r"sunset_[a-z_]+", family.name)


# --- the server ----------------------------------------------------------------------------------


@pytest.fixture
def server() -> Iterator[tuple[str, list[str]]]:
    missing: list[str] = []
    made = MetricsServer("127.0.0.1", 0, metrics.REGISTRY, lambda: missing)
    made.start()
    yield f"http://127.0.0.1:{made.port}", missing
    made.stop()


def test_it_answers(server: tuple[str, list[str]]) -> None:
    url, missing = server
    assert "sunset_acknowledgement_seconds_bucket" in requests.get(f"{url}/metrics", timeout=5).text
    assert requests.get(f"{url}/health", timeout=5).json() == {"alive": True}
    assert requests.get(f"{url}/ready", timeout=5).json() == {"ready": True, "missing": []}
    missing.append("worker")
    answer = requests.get(f"{url}/ready", timeout=5)
    assert (answer.status_code, answer.json()["missing"]) == (503, ["worker"])
    assert requests.get(f"{url}/", timeout=5).status_code == 404
    assert requests.get(f"{url}/metrics/../.env", timeout=5).status_code == 404
    assert requests.post(f"{url}/metrics", timeout=5).status_code == 405
    assert "sunset" in requests.get(f"{url}/health", timeout=5).headers["server"]
    assert "Python" not in requests.get(f"{url}/health", timeout=5).headers["server"]


def test_what_nobody_foresaw_is_not_ready() -> None:
    def fails() -> list[str]:
        raise RuntimeError("secret")

    made = MetricsServer("127.0.0.1", 0, metrics.REGISTRY, fails)
    made.start()
    try:
        answer = requests.get(f"http://127.0.0.1:{made.port}/ready", timeout=5)
    finally:
        made.stop()
    assert (answer.status_code, answer.json()["missing"]) == (503, ["unknown"])


def test_a_port_that_is_taken_is_named(server: tuple[str, list[str]]) -> None:
    port = int(server[0].rpartition(":")[2])
    with pytest.raises(SunsetError) as refusal:
        MetricsServer("127.0.0.1", port, metrics.REGISTRY, list)
    assert refusal.value.code == "metrics_address"


# --- the program ---------------------------------------------------------------------------------


def test_it_is_off_unless_asked_for(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[object] = []
    monkeypatch.setattr(program, "MetricsServer", made.append)
    with office.program():
        assert made == []


def test_the_program_serves_them_and_names_nobody(office: Office, tmp_path: Path) -> None:
    given = settings(tmp_path / "sunset.db", sunset_metrics_port=0)
    for _ in range(2):  # a second start in one process must not find the first one's collector
        with Program(given, office.clock) as running:
            assert running._metrics is not None
            url = f"http://127.0.0.1:{running._metrics.port}"
            text = requests.get(f"{url}/metrics", timeout=5).text
            ready = requests.get(f"{url}/ready", timeout=5).json()
        assert value(text, "sunset_runs", state="planning") == 0
        assert ready["missing"] == []
        for secret in ("UA", samples.ACCOUNT.portal_id, "xoxb", "anna@"):
            assert secret not in text
