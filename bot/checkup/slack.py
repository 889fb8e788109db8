"""Slack: both tokens, each bot scope, the channels, the people of the settings, the quorum."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.checkup.finding import (
    GRANTED,
    Finding,
    ok,
    plain,
    refused,
    unknown,
    untold,
    warning,
    wrong,
)
from bot.errors import VendorError
from bot.settings import Settings
from bot.vendors.slack import Profile, Slack, Token
from bot.vendors.slack_scopes import GROUPS, SLACK_SCOPES
from workflows.text import N_

AT_ONCE = 4
_ADD_SCOPE = N_(
    "api.slack.com/apps > the app > OAuth & Permissions > Scopes > Bot Token Scopes: add it, then "
    "install the app to the workspace again."
)
_NETWORK = N_("Check this machine's network, and SLACK_API_URL; then ask again.")
_MEMBER_ID = N_(
    "Put the id of an active person there: in Slack, their profile > More > Copy member ID."
)
_GROUP_ID = N_("Put the id of a user group of this workspace there, with people in it.")


@dataclass(frozen=True)
class SlackVisit:
    """What was found; ``people`` are the profiles that were seen, by their id.

    ``ahead`` is how far Slack's clock is ahead of this machine's; None if it is not known.
    """

    findings: tuple[Finding, ...]
    people: Mapping[str, Profile] = field(default_factory=dict)
    administrators: tuple[str, ...] = ()
    ahead: timedelta | None = None


def visit(
    settings: Settings, slack: Slack, app: Slack | None, now: Callable[[], datetime]
) -> SlackVisit:
    """Look at everything; *slack* has the bot token, *app* the app-level one, if any."""
    what = N_("bot token")
    try:
        token = slack.token()
    except VendorError as error:
        if error.retryable:
            return SlackVisit((refused("slack.token", what, error, _NETWORK),))
        return SlackVisit((refused("slack.token", what, error), *_app_token(app)))
    ahead = token.date - now() if token.date else None
    people = _People(settings, slack)
    findings = (
        ok("slack.token", what, plain(f"{token.name} @ {token.workspace}")),
        *_scopes(token, settings),
        *_app_token(app),
        _channel(slack, "SUNSET_CHANNEL", settings.sunset_channel, token.name),
        _channel(slack, "SUNSET_AUDIT_CHANNEL", settings.sunset_audit_channel, token.name),
        *people.findings(),
    )
    return SlackVisit(findings, people.seen(), people.administrators(), ahead)


def _scopes(token: Token, settings: Settings) -> Iterator[Finding]:
    if token.scopes is None:
        yield unknown(
            "slack.scopes",
            N_("bot scopes"),
            N_("Slack did not tell the token's scopes."),
            N_("Compare those at api.slack.com/apps > OAuth & Permissions with docs/connect.md."),
        )
        return
    groups = any(_is_group(member) for member in _members(settings))
    for scope in SLACK_SCOPES:
        check, what = f"slack.scope.{scope.name}", plain(scope.name)
        if scope.name in token.scopes:
            yield ok(check, what, GRANTED)
        else:
            needed = scope.needed or (scope.name == GROUPS and groups)
            yield (wrong if needed else warning)(check, what, scope.without, _ADD_SCOPE)


def _app_token(app: Slack | None) -> Iterator[Finding]:
    check, what = "slack.app_token", N_("app-level token (connections:write)")
    if app is None:
        return  # HTTP mode has none
    try:
        app.socket_mode()
    except VendorError as error:
        yield refused(
            check,
            what,
            error,
            N_(
                "api.slack.com/apps > the app > Basic Information > App-Level Tokens: make one "
                "with the scope connections:write, and put it (xapp-…) into SLACK_APP_TOKEN."
            ),
        )
        return
    yield ok(check, what, GRANTED)


def _channel(slack: Slack, setting: str, channel: str, bot: str) -> Finding:
    check, what = f"slack.channel.{setting}", plain(setting)
    invite = N_("Write in that channel: /invite @{bot}", bot=bot or "Sunset")
    try:
        archived = slack.is_archived(channel)
    except VendorError as error:
        if error.missing:
            return untold(check, what, error.missing)
        if error.code == "slack_channel_not_found":
            sentence = N_(
                "Slack shows the bot no channel {channel}: there is none, or it is private and the "
                "bot is not in it.",
                channel=channel,
            )
            return wrong(check, what, sentence, invite)
        if error.code == "slack_not_in_channel":
            sentence = N_("The bot is not in the channel {channel}.", channel=channel)
            return wrong(check, what, sentence, invite)
        if error.code != "slack_is_archived":
            return refused(check, what, error)
        archived = True
    if archived:
        return wrong(
            check,
            what,
            N_("The channel {channel} is archived: nobody can write there.", channel=channel),
            N_("Unarchive it in Slack, or name another channel in {setting}.", setting=setting),
        )
    return ok(check, what, N_("the bot is in {channel}", channel=channel))


def _members(settings: Settings) -> tuple[str, ...]:
    groups = settings.sunset_approval_groups.values()
    inside = (one for members in groups for one in members)
    return tuple(dict.fromkeys((*settings.sunset_admins, *settings.sunset_approvers, *inside)))


def _is_group(member: str) -> bool:
    return member.startswith("S")


class _People:
    """Everybody that the settings name, each looked up once."""

    def __init__(self, settings: Settings, slack: Slack) -> None:
        self._settings = settings
        self._slack = slack
        members = _members(settings)
        groups = [member for member in members if _is_group(member)]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            found = pool.map(self._group, groups)
            self._groups = dict(zip(groups, found, strict=True))
            inside = [one for group in self._groups.values() for one in _people(group)]
            users = list(dict.fromkeys([*(one for one in members if not _is_group(one)), *inside]))
            profiles = pool.map(self._profile, users)
            self._profiles = dict(zip(users, profiles, strict=True))

    def _group(self, group: str) -> tuple[str, ...] | VendorError:
        try:
            return self._slack.group_members(group)
        except VendorError as error:
            return error

    def _profile(self, user: str) -> Profile | VendorError:
        try:
            return self._slack.profile(user)
        except VendorError as error:
            return error

    def seen(self) -> dict[str, Profile]:
        """Return the profiles that could be read."""
        return {user: one for user, one in self._profiles.items() if isinstance(one, Profile)}

    def administrators(self) -> tuple[str, ...]:
        """Return the ids of those who may start runs, groups resolved."""
        return tuple(self._able(self._settings.sunset_admins))

    def findings(self) -> Iterator[Finding]:
        """Yield a finding for each id in the settings, and one for the quorum."""
        for setting, members in (
            ("SUNSET_ADMINS", self._settings.sunset_admins),
            ("SUNSET_APPROVERS", self._settings.sunset_approvers),
        ):
            for member in members:
                look = self._about_group if _is_group(member) else self._about_user
                yield look(setting, member)
        yield self._quorum()

    def _about_user(self, setting: str, user: str) -> Finding:
        check, what = f"slack.person.{setting}.{user}", plain(f"{setting} {user}")
        one = self._profiles[user]
        if isinstance(one, VendorError):
            if one.missing:
                return untold(check, what, one.missing)
            if one.code in {"slack_user_not_found", "slack_user_not_visible"}:
                return wrong(check, what, N_("Slack knows nobody with this id."), _MEMBER_ID)
            return refused(check, what, one)
        if one.bot:
            sentence = N_("{name} is a bot: it can neither ask nor approve.", name=one.name)
            return wrong(check, what, sentence, _MEMBER_ID)
        if not one.active:
            sentence = N_("{name} was deactivated in Slack.", name=one.name)
            return wrong(check, what, sentence, _MEMBER_ID)
        if one.outsider:
            sentence = N_(
                "{name} is a guest, or belongs to another workspace: they have no rights here.",
                name=one.name,
            )
            return wrong(check, what, sentence, _MEMBER_ID)
        return ok(check, what, plain(one.name))

    def _about_group(self, setting: str, group: str) -> Finding:
        check, what = f"slack.group.{setting}.{group}", plain(f"{setting} {group}")
        members = self._groups[group]
        if isinstance(members, VendorError):
            if members.missing:
                return untold(check, what, members.missing)
            if members.code == "slack_no_such_subteam":
                sentence = N_("Slack knows no user group with this id.")
                return wrong(check, what, sentence, _GROUP_ID)
            return refused(check, what, members)
        able = set(self._able([group]))
        if not able:
            return wrong(check, what, N_("Nobody active is in this user group."), _GROUP_ID)
        if useless := [user for user in members if user not in able]:
            return warning(
                check,
                what,
                N_(
                    "These count for nothing, as they are deactivated, guests or bots: {names}",
                    names=", ".join(map(self._name, useless)),
                ),
                N_("Take them out of the user group in Slack."),
            )
        return ok(check, what, N_("members: {count}", count=len(members)))

    def _quorum(self) -> Finding:
        check, what = "slack.quorum", N_("enough approvers")
        named = (*self._settings.sunset_admins, *self._settings.sunset_approvers)
        for group in (one for one in named if _is_group(one)):
            error = self._groups[group]
            if isinstance(error, VendorError):
                return untold(check, what, error.missing or group)
        approvers = set(self._able(self._settings.sunset_approvers))
        settings = self._settings
        groups = settings.sunset_approval_groups
        needed = max(
            settings.sunset_required_approvals,
            settings.sunset_required_approvals_removal or 0,
            len(groups),
        )
        short = [user for user in self.administrators() if len(approvers - {user}) < needed]
        if short:
            return wrong(
                check,
                what,
                N_(
                    "{needed} must approve, and whoever asks never counts. Of {count} approvers "
                    "too few are left when one of these asks: {names}",
                    needed=needed,
                    count=len(approvers),
                    names=", ".join(map(self._name, short)),
                ),
                N_("Name more people in SUNSET_APPROVERS, or lower SUNSET_REQUIRED_APPROVALS."),
            )
        for name, members in groups.items():
            if not approvers.intersection(self._able(members)):
                return wrong(
                    check,
                    what,
                    N_("Nobody who may approve is in the group {name}.", name=name),
                    N_("Name people in SUNSET_APPROVAL_GROUPS who are in SUNSET_APPROVERS too."),
                )
        return ok(
            check,
            what,
            N_("{count} may approve, {needed} must", count=len(approvers), needed=needed),
        )

    def _able(self, members: Iterable[str]) -> list[str]:
        """Return the people of *members* who are not known to be deactivated or bots."""
        people: list[str] = []
        for member in members:
            if not _is_group(member):
                people.append(member)
            else:
                people += _people(self._groups[member])
        return [user for user in dict.fromkeys(people) if self._counts(user)]

    def _counts(self, user: str) -> bool:
        one = self._profiles[user]
        if isinstance(one, VendorError):
            # Without the scope nobody can be looked up; that has a finding of its own.
            return bool(one.missing)
        return one.member

    def _name(self, user: str) -> str:
        one = self._profiles[user]
        return one.name if isinstance(one, Profile) and one.name else user


def _people(group: tuple[str, ...] | VendorError) -> tuple[str, ...]:
    return () if isinstance(group, VendorError) else group
