"""Who somebody is: roles from the settings, confirmed by Slack, held in memory for a short time.

Being named in the settings is not enough: Slack has to have said in the last :data:`STALE` seconds
that this is an active full member of the bot's workspace. When Slack cannot be asked, nobody has a
role, and is told so. A listener must not wait for Slack: everybody who is named is looked up before
the bot listens and at intervals from then on; who is not known at a click is waited for for
:data:`PATIENCE` seconds at most.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotInTime

import structlog

from bot.errors import VendorError
from bot.settings import Settings
from bot.vendors.slack import Profile, Slack
from workflows.errors import Refused, SunsetError
from workflows.text import N_
from workflows.values import Role

log = structlog.get_logger(__name__)
FRESH = 60.0
"""Seconds for which an answer of Slack's is not asked for again."""
STALE = 600.0
"""Seconds for which an answer counts, where Slack does not answer any more."""
PROFILE_FRESH = 3_600.0
PATIENCE = 1.0
TOGETHER = 40
"""Profiles that are read at one refresh: `users.info` takes a hundred a minute (tier 4)."""


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
        self._asked: dict[str, Future[None]] = {}
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="people")

    def refresh(self) -> None:
        """Read user groups and the profiles of everyone who is named. Called at intervals."""
        for group in self._user_groups():
            self._read_group(group)
        due = [person for person in self._everybody() if self._age(person) >= FRESH]
        for person in sorted(due, key=self._age, reverse=True)[:TOGETHER]:
            self._read_profile(person)

    def roles(self, user_id: str) -> frozenset[Role]:
        """Return what this Slack user may do; an empty set for strangers.

        Raises:
            Refused: `identity_unknown`; Slack could not be asked who somebody is that is named.
        """
        roles = frozenset(
            role
            for role, ids in (
                (Role.ADMINISTRATOR, self._settings.sunset_admins),
                (Role.APPROVER, self._settings.sunset_approvers),
            )
            if user_id in self._members(ids)
        )
        if not roles:
            if self._unread_groups():
                raise _identity_unknown()
            return roles
        self._look(user_id)
        if self._age(user_id) > STALE:
            raise _identity_unknown()
        return roles if self._profiles[user_id][1].member else frozenset()

    def administrators(self) -> list[str]:
        """Return the Slack user ids of all administrators that Slack has confirmed."""
        return self._confirmed(self._settings.sunset_admins)

    def approvers(self) -> list[str]:
        """Return the Slack user ids of everyone who may approve and whom Slack has confirmed."""
        return self._confirmed(self._settings.sunset_approvers)

    def groups(self, user_id: str) -> frozenset[str]:
        """Return the groups of approvers that this person can stand for."""
        members = self.group_members()
        return frozenset(name for name, people in members.items() if user_id in people)

    def group_members(self) -> dict[str, tuple[str, ...]]:
        """Return each group of approvers with those of them who may approve."""
        approvers = set(self.approvers())
        return {
            name: tuple(one for one in self._confirmed(ids) if one in approvers)
            for name, ids in self._settings.sunset_approval_groups.items()
        }

    def locale(self, user_id: str) -> str:
        """Return the person's Slack locale; the channels' one until it is known."""
        known = self._profiles.get(user_id)
        if self._age(user_id) > PROFILE_FRESH:
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

    # --- who is named ----------------------------------------------------------------------------

    def _every_id(self) -> tuple[str, ...]:
        settings = self._settings
        groups = settings.sunset_approval_groups.values()
        return (
            *settings.sunset_admins,
            *settings.sunset_approvers,
            *(one for ids in groups for one in ids),
        )

    def _user_groups(self) -> list[str]:
        return list(dict.fromkeys(one for one in self._every_id() if one.startswith("S")))

    def _unread_groups(self) -> bool:
        """Say whether it is not known who is in one of the user groups."""
        now = self._monotonic()
        return any(
            now - self._groups.get(group, (float("-inf"), ()))[0] > STALE
            for group in self._user_groups()
        )

    def _members(self, ids: Iterable[str]) -> list[str]:
        members: list[str] = []
        for member in ids:
            if not member.startswith("S"):
                members.append(member)
                continue
            at, people = self._groups.get(member, (float("-inf"), ()))
            if self._monotonic() - at <= STALE:
                members += people
        return list(dict.fromkeys(members))

    def _everybody(self) -> list[str]:
        return self._members(self._every_id())

    def _confirmed(self, ids: Iterable[str]) -> list[str]:
        return [
            one
            for one in self._members(ids)
            if self._age(one) <= STALE and self._profiles[one][1].member
        ]

    # --- what Slack says -------------------------------------------------------------------------

    def _age(self, user_id: str) -> float:
        known = self._profiles.get(user_id)
        return float("inf") if known is None else self._monotonic() - known[0]

    def _look(self, user_id: str) -> None:
        """Have somebody's profile looked up where it is old; wait a moment where it is too old."""
        if self._age(user_id) < FRESH:
            return
        looking = self._want_profile(user_id)
        if looking is not None and self._age(user_id) > STALE:
            try:
                looking.result(PATIENCE)
            except NotInTime:
                log.warning("profile_not_in_time", user=user_id)

    def _read_group(self, group: str) -> None:
        known = self._groups.get(group)
        if known and self._monotonic() - known[0] < FRESH:
            return
        try:
            self._groups[group] = (self._monotonic(), self._slack.group_members(group))
        except VendorError as error:
            log.warning("user_group_unreadable", group=group, code=error.code)
            if not error.retryable and not error.missing:
                # There is no such group any more, or it was disabled: nobody is in it.
                self._groups[group] = (self._monotonic(), ())

    def _want_profile(self, user_id: str) -> Future[None] | None:
        with self._lock:
            asked = self._asked.get(user_id)
            if asked is not None:
                return asked
            try:
                asked = self._pool.submit(self._read_profile, user_id)
            except RuntimeError:  # the program is ending
                log.debug("profile_not_fetched", user=user_id)
                return None
            self._asked[user_id] = asked
        asked.add_done_callback(lambda _: self._answered(user_id))
        return asked

    def _answered(self, user_id: str) -> None:
        with self._lock:
            self._asked.pop(user_id, None)

    def _read_profile(self, user_id: str) -> None:
        try:
            self._profiles[user_id] = (self._monotonic(), self._slack.profile(user_id))
        except SunsetError as error:
            log.warning("profile_unreadable", user=user_id, code=error.code)


def _identity_unknown() -> Refused:
    return Refused(
        "identity_unknown",
        N_("Slack could not be asked who you are, and without that nobody has any rights."),
        N_("Nothing was changed. Try again in a minute."),
    )
