"""What the tests of the backup share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.salesforce.tls import certificate
from tests.backup.stock import Address, Yard, yard


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    files = certificate(tmp_path_factory.mktemp("tls"), "127.0.0.1")
    with Address(files).served() as address:
        yield address


@pytest.fixture
def org(request: pytest.FixtureRequest, address: Address, tmp_path: Path) -> Iterator[Yard]:
    """An org; a module's PACKAGE or a test's parameter says what is in its package."""
    package = {**getattr(request.module, "PACKAGE", {}), **getattr(request, "param", {})}
    with yard(address, tmp_path / "backup", **package) as running:
        yield running
