"""``sunset demo``: start local stand-ins of the three services, then the bot as it always runs.

The bot gets nothing but other settings and another clock. The stand-ins are a process of their own.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bot.backup.verify import verify
from bot.cli import serve
from bot.cli_audit import add_channel, holds, print_verdict, verify_all
from bot.cli_backup import print_problems
from bot.clocks import RemoteClock
from bot.errors import SettingsError
from bot.settings import Settings, load_settings
from bot.store.chain import Chain
from bot.store.sqlite import SqliteStore
from bot.terminal import Terminal
from handlers.i18n import Translator, translator
from workflows.text import N_
from workflows.values import Backup

out = Terminal()
STOP_SECONDS = 10
SETTING_PREFIXES = ("SLACK_", "HUBSPOT_", "SALESFORCE_", "SUNSET_")


def rehearse(*, auto: bool, locale: str, scenario: str | None, port: int) -> int:
    """Run the rehearsal until it is stopped, or once through; return the exit status."""
    with (
        tempfile.TemporaryDirectory(prefix="sunset-") as directory,
        _stand_ins(scenario, port) as told,
    ):
        database = Path(directory) / "sunset.db"
        given: dict[str, Any] = {
            name.lower(): value for name, value in told.items() if name.startswith(SETTING_PREFIXES)
        }
        settings = load_settings(
            env_file=None,
            **given,
            sunset_locale=locale,
            sunset_database=database,
            sunset_backups=Path(directory) / "backups",
            sunset_log_level="WARNING",
        )
        clock = RemoteClock(told["SANDBOX_CLOCK_URL"])
        page = told["SANDBOX_PAGE"]
        finished = threading.Event()
        walked: list[int] = []
        tr = translator(locale)

        def ready() -> None:
            if auto:
                threading.Thread(
                    target=lambda: walked.append(_walk(page, locale, finished)), daemon=True
                ).start()
                return
            out.print(tr("Open {page} and type /uninstall-salesforce in #crm-sunset.", page=page))
            out.print(tr("Ctrl-C ends the rehearsal."))

        try:
            serve(settings, clock, until=finished, ready=ready)
        finally:
            clock.close()
        if not auto:
            return 0
        return _verdict(settings, walked[0] if walked else 1)


def _walk(page: str, locale: str, finished: threading.Event) -> int:
    try:
        command = [sys.executable, "-m", "sandbox.walk", "--page", page, "--locale", locale]
        return subprocess.run(command, check=False).returncode
    finally:
        finished.set()


def _verdict(settings: Settings, status: int) -> int:
    """Check the record of what was just done; it must be intact, and anchored."""
    tr = translator(settings.sunset_locale)
    store = SqliteStore(settings.sunset_database, Chain(settings.audit_keys))
    results = verify_all(store)
    add_channel(results, store, settings)
    runs = [run for run_id in store.run_ids() if (run := store.run(run_id)) is not None]
    store.close()
    for result in results:
        print_verdict(result, tr)
    intact = bool(results) and all(result["channel"] and holds(result) for result in results)
    unsound = [run.id for run in runs if run.backup and not _sound(run.backup, tr)]
    return status or (1 if unsound or not intact else 0)


def _sound(backup: Backup, tr: Translator) -> bool:
    """Verify a backup that a run recorded, against what it recorded of it."""
    problems = verify(Path(backup.directory), backup.manifest_sha256)
    print_problems(backup.directory, problems, tr)
    return not problems


@contextmanager
def _stand_ins(scenario: str | None, port: int) -> Iterator[dict[str, str]]:
    """Start the local services as a process; yield what they print as NAME=value."""
    command = [sys.executable, "-m", "sandbox", "--until-stdin-closes"]
    if port:
        command += ["--slack-port", str(port)]
    if scenario is not None:
        command += ["--scenario", scenario]
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        # Ctrl-C is for the bot, which ends the stand-ins after itself.
        start_new_session=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    try:
        yield _told(process)
    finally:
        if process.stdin is not None:
            process.stdin.close()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _told(process: subprocess.Popen[str]) -> dict[str, str]:
    told: dict[str, str] = {}
    for line in process.stdout or ():
        name, _, value = line.strip().partition("=")
        if name == "SANDBOX_READY":
            # Whatever else it prints must not fill the pipe and stop it.
            threading.Thread(target=lambda: [*(process.stdout or ())], daemon=True).start()
            return told
        told[name] = value
    raise SettingsError(
        "stand_ins_failed",
        N_("The local services did not start."),
        N_("What they said stands above; mend it and try again."),
    )
