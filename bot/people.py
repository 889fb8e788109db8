"""Who somebody is: roles from the settings, user groups and locales from Slack, held in memory.

A listener must not wait for Slack. What it asks is answered from here; what is not known yet is
fetched in the background. User groups fail closed: a membership that could not be read for
:data:`STALE` counts for nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import structlog

from bot.settings import Settings
from bot.vendors.slack import Profile, Slack
from workflows.errors import SunsetError
from workflows.values import Role

log = structlog.get_logger(__name__)
FRESH = 60.0
STALE = 600.0
PROFILE_FRESH = 3_600.0


class People:
    """Roles, locales and e-mails of Slack users (:class:`handlers.ports.People`)."""

    def __init__(
        self, settings: Settings, slack: Slack, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._settings = settings
        self._slack = slack
        self._monotonic = monotonic
        self._groups: dict[str, tuple[float, tuple[str, ...]]] = {}
        self._profiles: dict[str, tuple[float, Profile]] = {}
        self._asked: set[str] = set()
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="people")

    def refresh(self) -> None:
        """Read user groups and the profiles of everyone who has a role. Called at intervals."""
        for group in {*self._settings.sunset_admins, *self._settings.sunset_approvers}:
            if group.startswith("S"):
                self._read_group(group)
        for person in {*self.administrators(), *self.approvers()}:
            known = self._profiles.get(person)
            if known is None or self._monotonic() - known[0] > PROFILE_FRESH:
                self._want_profile(person)

    def roles(self, user_id: str) -> frozenset[Role]:
        """Return what this Slack user may do; an empty set for strangers."""
        roles = set()
        if user_id in self.administrators():
            roles.add(Role.ADMINISTRATOR)
        if user_id in self.approvers():
            roles.add(Role.APPROVER)
        return frozenset(roles)

    def administrators(self) -> list[str]:
        """Return the Slack user ids of all administrators."""
        return self._members(self._settings.sunset_admins)

    def approvers(self) -> list[str]:
        """Return the Slack user ids of everyone who may approve."""
        return self._members(self._settings.sunset_approvers)

    def locale(self, user_id: str) -> str:
        """Return the person's Slack locale; the channels' one until it is known."""
        known = self._profiles.get(user_id)
        if known is None or self._monotonic() - known[0] > PROFILE_FRESH:
            self._want_profile(user_id)
        return known[1].locale if known and known[1].locale else self._settings.sunset_locale

    def own_locale(self, user_id: str) -> str:
        """Return the person's Slack locale, asking Slack where it is not known.

        For messages that are sent from the background; a listener must not wait (:meth:`locale`).
        """
        if user_id not in self._profiles:
            self._read_profile(user_id)
        return self.locale(user_id)

    def email(self, user_id: str) -> str:
        """Return the person's e-mail as Slack knows it, or '' (never used for authority)."""
        return self._slack.profile(user_id).email

    def close(self) -> None:
        """Stop fetching."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _members(self, ids: tuple[str, ...]) -> list[str]:
        members: list[str] = []
        for member in ids:
            if not member.startswith("S"):
                members.append(member)
                continue
            at, people = self._groups.get(member, (float("-inf"), ()))
            if self._monotonic() - at <= STALE:
                members += people
        return list(dict.fromkeys(members))

    def _read_group(self, group: str) -> None:
        known = self._groups.get(group)
        if known and self._monotonic() - known[0] < FRESH:
            return
        try:
            self._groups[group] = (self._monotonic(), self._slack.group_members(group))
        except SunsetError as error:
            log.warning("user_group_unreadable", group=group, code=error.code)

    def _want_profile(self, user_id: str) -> None:
        with self._lock:
            if user_id in self._asked:
                return
            self._asked.add(user_id)
        try:
            self._pool.submit(self._read_profile, user_id)
        except RuntimeError:  # the program is ending
            log.debug("profile_not_fetched", user=user_id)

    def _read_profile(self, user_id: str) -> None:
        try:
            self._profiles[user_id] = (self._monotonic(), self._slack.profile(user_id))
        except SunsetError as error:
            log.warning("profile_unreadable", user=user_id, code=error.code)
        finally:
            with self._lock:
                self._asked.discard(user_id)
