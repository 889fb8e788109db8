"""Whether the bot can work, and how it listens where that is over HTTP."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from bot.people import People
from bot.settings import Settings
from bot.store.base import Store
from bot.timers import Alarm
from bot.worker import Worker
from workflows.errors import SunsetError

if TYPE_CHECKING:
    from bot.http_mode import HttpMode

LEAST_FREE = 1 << 20
"""Bytes without which the database cannot grow by much more."""


def missing(
    store: Store, database: Path, worker: Worker | None, alarm: Alarm, people: People
) -> list[str]:
    """Say what is missing before the bot can work, in words for `/ready`; it may take seconds."""
    found = []
    try:
        store.write(lambda _: None)
    except SunsetError:
        found.append("database")
    # A transaction that changes nothing succeeds on a full disk, too.
    if shutil.disk_usage(database.absolute().parent).free < LEAST_FREE:
        found.append("disk")
    if worker is None or not worker.alive:
        found.append("worker")
    if not alarm.running:
        found.append("timers")
    if not people.administrators():
        # Nobody has a role until Slack has said who they are.
        found.append("slack")
    return found


def http_mode(settings: Settings, reasons: Callable[[], list[str]]) -> HttpMode | None:
    """Return what listens for Slack's requests in HTTP mode; None in Socket Mode.

    Raises:
        SunsetError: it cannot listen at the address of the settings.
    """
    secret = settings.slack_signing_secret
    if not settings.sunset_http or secret is None:
        return None
    # A server takes a while to import, and Socket Mode needs none.
    from bot.http_intake import Signatures  # noqa: PLC0415 - said above
    from bot.http_mode import HttpMode  # noqa: PLC0415 - said above

    signatures = Signatures(secret.get_secret_value())
    return HttpMode(settings.sunset_http_host, settings.sunset_http_port, signatures, reasons)
