"""Keeps the App Homes of everybody who has opened theirs up to date.

Who that is lies beside the database (a file a person, without content): it belongs to no run, and
a lost one comes back when its person looks again. What is shown is made anew from the runs.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import structlog
from slack_sdk.models.views import View

from bot.errors import VendorError
from bot.vendors.slack import Slack
from handlers import home
from handlers.ports import Services
from workflows.digest import canonical
from workflows.errors import SunsetError

log = structlog.get_logger(__name__)
DIRECTORY_MODE, FILE_MODE = 0o700, 0o600
SETTLE_SECONDS = 2.0
"""What happens in so short a time is shown together."""
APART_SECONDS = 0.7
"""Between two homes: Slack takes a hundred a minute (Tier 4, facts/slack.md)."""
LOOK_SECONDS = 60.0
"""Roles and progress change without a commit."""
STOP_SECONDS = 5.0
MOST = 200
_ID = re.compile(r"[UW][A-Z0-9]{1,63}")
_GONE = frozenset({"slack_user_not_found", "slack_user_disabled", "slack_invalid_arguments"})


class Homes:
    """Publishes homes again when they would look different (:class:`handlers.ports.Homes`)."""

    def __init__(
        self,
        database: Path,
        slack: Slack,
        *,
        settle: float = SETTLE_SECONDS,
        apart: float = APART_SECONDS,
    ) -> None:
        self._place = database.with_name(f"{database.name}.homes")
        self._slack = slack
        self._settle, self._apart = settle, apart
        self._services: Services | None = None
        self._shown: dict[str, str] = {}
        self._wake = threading.Event()
        self._ending = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="homes", daemon=True)

    def start(self, services: Services) -> None:
        """Begin; everybody's home is looked at once, since much may have happened."""
        self._services = services
        self._wake.set()
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._ending.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(STOP_SECONDS)

    def changed(self) -> None:
        """Note that something happened; this returns at once."""
        self._wake.set()

    def opened(self, user: str, view: View) -> None:
        """Keep *user*'s home up to date from now on; *view* is what was just published."""
        with self._lock:
            self._shown[user] = _digest(view)
        # What happened meanwhile may have been published first, and was painted over.
        self._wake.set()
        if not _ID.fullmatch(user):
            return
        try:
            self._place.mkdir(mode=DIRECTORY_MODE, exist_ok=True)
            (self._place / user).touch(mode=FILE_MODE)
        except OSError as error:
            # It was shown; it only is not kept up to date after a restart.
            log.warning("home_not_kept", user=user, reason=error.strerror)

    def people(self) -> list[str]:
        """Return who has opened their home, whoever did so last first."""
        try:
            found = [path for path in self._place.iterdir() if _ID.fullmatch(path.name)]
            found.sort(key=lambda path: path.stat().st_mtime, reverse=True)
        except FileNotFoundError:
            return []
        except OSError as error:
            log.warning("homes_unreadable", reason=error.strerror)
            return []
        return [path.name for path in found[:MOST]]

    # --- publishing ------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._ending.is_set():
            self._wake.wait(LOOK_SECONDS)
            if self._ending.wait(self._settle):
                return
            self._wake.clear()
            try:
                self.publish()
            except SunsetError as error:
                log.info("homes_wait", code=error.code)
            except Exception:
                log.exception("homes_failed")

    def publish(self) -> None:
        """Publish every home that would look different from what is shown."""
        services = self._services
        people = self.people()
        if services is None or not people:
            return
        seen = home.scene(services)
        for user in people:
            if self._ending.is_set():
                return
            self._guarded(user, partial(home.of, services, user, seen))

    def _guarded(self, user: str, make: Callable[[], View]) -> None:
        """Publish one home; whatever becomes of it, the others are looked at."""
        try:
            view = make()
            digest = _digest(view)
            if self._shown.get(user) == digest:
                return
            self._slack.publish_home(user, view)
            with self._lock:
                self._shown[user] = digest
            self._ending.wait(self._apart)
        except VendorError as error:
            self._refused(user, error)
        except SunsetError as error:
            log.info("home_not_shown", user=user, code=error.code)

    def _refused(self, user: str, error: VendorError) -> None:
        log.info("home_not_shown", user=user, code=error.code)
        if error.code in _GONE:
            (self._place / user).unlink(missing_ok=True)
        elif error.retryable:
            self._wake.set()
            self._ending.wait(error.retry_after or self._apart)


def _digest(view: View) -> str:
    told: dict[str, Any] = view.to_dict()
    return sha256(canonical(told).encode()).hexdigest()
