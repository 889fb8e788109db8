"""The program put together: what refuses to start, one bot for a database, a clean end."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot import program
from bot.errors import StoreError
from bot.program import Program, Startup, handlers
from tests.bot.fakes import FakeHubSpot, FakeSalesforce, FakeSlack
from tests.bot.faults import Death, FakeClock
from tests.bot.package_data import FakePackageData
from tests.bot.rig import Rig, chained, settings
from tests.workflows import journeys, samples
from workflows.effects import effects
from workflows.evolve import fold


class Office:
    """A program with simulated vendors; its listener is not connected."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        clock, death = FakeClock(samples.START), Death()
        self.clock = clock
        self.directory = directory
        self.slack = FakeSlack(clock, death)
        self.hubspot = FakeHubSpot(death)
        self.salesforce = FakeSalesforce(clock, death)
        self.listening = 0
        monkeypatch.setattr(program, "Slack", lambda _: self.slack)
        monkeypatch.setattr(program, "connect_hubspot", lambda _: self.hubspot)
        monkeypatch.setattr(program, "connect_salesforce", lambda _: self.salesforce)
        data = FakePackageData(clock, death)
        monkeypatch.setattr(program, "bulk_of", lambda _: data)
        monkeypatch.setattr(Program, "_listen", lambda *_: self._listen())

    def _listen(self) -> None:
        self.listening += 1

    def program(self) -> Program:
        return Program(settings(self.directory / "sunset.db"), self.clock)


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    return Office(tmp_path, monkeypatch)


def test_it_starts_and_ends(office: Office) -> None:
    with office.program() as made:
        assert office.listening == 1
        assert made.engine.active_run() is None
    with office.program():
        assert office.listening == 2


def test_every_reason_not_to_start_is_named_at_once(office: Office) -> None:
    office.slack.fail("who_am_i", retryable=False, code="slack_invalid_auth")
    office.hubspot.fail("account", retryable=False)
    office.salesforce.fail("installed_package", retryable=False)
    made = office.program()
    with pytest.raises(Startup) as caught:
        made.start()
    made.stop()
    assert str(caught.value.problem).count("It does not answer.") == 3
    assert str(caught.value.problem).count("ask the operator") == 3
    assert office.listening == 0


def test_a_service_that_is_away_for_a_while_does_not_prevent_it(office: Office) -> None:
    office.slack.fail("who_am_i")
    office.salesforce.fail("installed_package")
    with office.program():
        assert office.listening == 1


def test_without_hubspot_the_account_of_the_last_run_counts(office: Office) -> None:
    made = office.program()
    talk = journeys.to_approval()
    links = chained("R1", talk.history)
    made.store.write(lambda transaction: transaction.append(talk.run, links))
    made.stop()
    office.hubspot.fail("account", times=3)
    with office.program() as again:
        run = again.engine.active_run()
        assert run is not None
        assert run.id == "R1"


def test_what_is_not_granted_does_not_prevent_it(office: Office) -> None:
    office.slack.fail("check_channel", times=2, missing="groups:history")
    with office.program():
        assert office.listening == 1


def test_a_second_bot_is_refused(office: Office) -> None:
    with office.program():
        with pytest.raises(StoreError) as caught:
            office.program()
        assert caught.value.code == "store_in_use"
        assert "sunset.db" in str(caught.value.problem)
    with office.program():
        pass


def test_a_directory_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(StoreError) as caught:
        Program(settings(tmp_path / "nowhere" / "sunset.db"), FakeClock(samples.START))
    assert caught.value.code == "store_unusable"


def test_every_effect_that_the_rules_ask_for_has_a_handler(rig: Rig) -> None:
    known = set(handlers(rig.context))
    asked = set()
    for journey in journeys.MOMENTS.values():
        talk = journey()
        for number in range(1, len(talk.history) + 1):
            before = fold(talk.history[: number - 1]) if number > 1 else None
            recorded = talk.history[number - 1]
            asked |= {one.kind for one in effects(before, recorded, fold(talk.history[:number]))}
    assert asked <= known
    assert {"card", "audit_line", "reassign", "lay_reminder", "watch_package"} <= asked
