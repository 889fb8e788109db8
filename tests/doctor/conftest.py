"""The sandbox that the doctor looks at, with everything granted."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import structlog

from bot import doctor
from sandbox.scenario import Scenario
from tests.doctor.clinic import NO_PATIENCE, Clinic, clinic


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Clinic, Scenario]]:
    with clinic(tmp_path_factory.mktemp("clinic")) as running:
        yield running, running.sandbox.world.scenario


@pytest.fixture
def office(house: tuple[Clinic, Scenario], monkeypatch: pytest.MonkeyPatch) -> Clinic:
    """The sandbox with everything granted, and a doctor without patience."""
    running, given = house
    running.reset(given)
    monkeypatch.setattr(doctor, "PATIENCE", NO_PATIENCE)
    return running


@pytest.fixture(autouse=True)
def _quiet_logs() -> Iterator[None]:
    """Drop what is logged: the failures of these tests are meant."""

    def drop(*_: object) -> str:
        raise structlog.DropEvent

    structlog.configure(processors=[drop])
    yield
    structlog.reset_defaults()
