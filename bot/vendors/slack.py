"""Slack, in the program's words: post so that it can be found again, update, schedule, look up."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPException
from typing import Any

from slack_bolt.authorization import AuthorizeResult
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler
from slack_sdk.models.views import View
from slack_sdk.web import SlackResponse

from bot.errors import VendorError
from bot.metrics import calling
from bot.vendors import slack_files
from bot.vendors.http_dates import http_date
from bot.vendors.slack_errors import app_token_refused, refusal, unreachable
from handlers.render import Message

__all__ = [
    "EVENT_TYPE",
    "Attachment",
    "Posted",
    "Profile",
    "Slack",
    "Token",
    "app_token_refused",
    "unreachable",
    "web_client",
]

EVENT_TYPE = "sunset_message"
TIMEOUT_SECONDS = 15
HISTORY_PAGES = 10
SLACKBOT = "USLACKBOT"
ARCHIVED = frozenset({"channel_archive", "group_archive"})


def web_client(token: str, base_url: str) -> WebClient:
    """Build a Web API client that waits when Slack says so, and never waits for ever."""
    return WebClient(
        token=token,
        base_url=base_url,
        timeout=TIMEOUT_SECONDS,
        # Rate limits only: after a lost reply the SDK would post a message twice, where the worker
        # looks first whether it is there.
        retry_handlers=[RateLimitErrorRetryHandler(max_retry_count=2)],
    )


@dataclass(frozen=True)
class Posted:
    """Where a message lies, and the key that it was posted with ('' for others' messages)."""

    channel: str
    ts: str
    text: str
    key: str = ""
    payload: dict[str, Any] | None = None
    own: bool = False
    files: tuple[str, ...] = ()
    """Names of the files that the bot uploaded with it."""
    user: str = ""
    edited: bool = False


@dataclass(frozen=True)
class Attachment:
    """A file that is put into a channel; ``alt`` says what a picture shows, in plain text."""

    name: str
    content: bytes
    alt: str = ""

    def as_upload(self) -> dict[str, Any]:
        """Return it as `files_upload_v2` of Slack's client wants it."""
        said = {"alt_txt": self.alt} if self.alt else {}
        return {"filename": self.name, "title": self.name, "content": self.content, **said}


@dataclass(frozen=True)
class Profile:
    """A Slack user as far as the bot needs it."""

    id: str
    locale: str
    email: str
    active: bool
    bot: bool = False
    name: str = ""
    outsider: bool = False
    """A guest, or somebody of another workspace (Slack Connect)."""

    @property
    def member(self) -> bool:
        """Whether this is an active full member of the bot's workspace, and a person."""
        return self.active and not self.bot and not self.outsider


@dataclass(frozen=True)
class Token:
    """What Slack says of a token: whose it is, what it may, and what time it is at Slack.

    ``scopes`` is None where Slack does not tell them (``x-oauth-scopes``, docs.slack.dev, "Web
    API"); ``date`` is None where the answer has no readable ``Date``.
    """

    workspace: str
    name: str
    scopes: frozenset[str] | None
    date: datetime | None


class Slack:
    """The Web API methods that the program uses, errors translated."""

    def __init__(self, client: WebClient) -> None:
        self._client = client
        self._bot_id = ""
        self._user_id = ""
        self._team_id = ""
        self._direct: dict[str, str] = {}
        self._authorization: AuthorizeResult | None = None

    def who_am_i(self) -> str:
        """Check the token, learn the bot's own id; return the workspace's address."""
        return self.token().workspace

    def token(self) -> Token:
        """Check the token, learn the bot's own id; return what Slack says of the token."""
        answer = self._call(self._client.auth_test)
        self._bot_id = str(answer.get("bot_id", ""))
        self._user_id = str(answer.get("user_id", ""))
        self._team_id = str(answer.get("team_id", ""))
        self._authorization = AuthorizeResult.from_auth_test_response(
            bot_token=self._client.token, auth_test_response=answer
        )
        headers = {name.lower(): str(value) for name, value in answer.headers.items()}
        told = headers.get("x-oauth-scopes")
        return Token(
            workspace=str(answer.get("url", "")),
            name=str(answer.get("user", "")),
            scopes=None if told is None else frozenset(re.findall(r"[^\s,]+", told)),
            date=http_date(headers.get("date")),
        )

    def authorization(self) -> AuthorizeResult:
        """Return what Bolt needs to know of the token, as Slack told at the start."""
        if self._authorization is None:
            self.who_am_i()
        if self._authorization is None:
            raise AssertionError("Slack's answer about the token was kept")
        return self._authorization

    def post(
        self,
        channel: str,
        message: Message,
        key: str,
        *,
        thread_ts: str | None = None,
        broadcast: bool = False,
        payload: dict[str, Any] | None = None,
    ) -> Posted:
        """Post *message*; its metadata carries *key*, so that it can be found again."""
        answer = self._call(
            self._client.chat_postMessage,
            channel=channel,
            text=message.text,
            blocks=message.blocks or None,
            thread_ts=thread_ts,
            reply_broadcast=broadcast or None,
            metadata={"event_type": EVENT_TYPE, "event_payload": {"key": key, **(payload or {})}},
            unfurl_links=False,
            unfurl_media=False,
        )
        return Posted(str(answer["channel"]), str(answer["ts"]), message.text, key)

    def update(self, channel: str, ts: str, message: Message) -> bool:
        """Replace a message of ours; False if somebody deleted it."""
        try:
            self._call(
                self._client.chat_update,
                channel=channel,
                ts=ts,
                text=message.text,
                blocks=message.blocks,
            )
        except VendorError as error:
            if error.code == "slack_message_not_found":
                return False
            raise
        return True

    def find(
        self, channel: str, key: str, *, thread_ts: str | None, oldest: float
    ) -> Posted | None:
        """Look for the message that was posted with *key* since *oldest* (epoch seconds)."""
        for posted in self.messages(channel, thread_ts=thread_ts, oldest=oldest):
            if posted.own and posted.key == key:
                return posted
        return None

    def messages(
        self,
        channel: str,
        *,
        thread_ts: str | None = None,
        oldest: float = 0.0,
        pages: int = HISTORY_PAGES,
    ) -> Iterator[Posted]:
        """Yield the messages of a channel or thread since *oldest*, with their keys."""
        cursor = ""
        for _ in range(pages):
            common: dict[str, Any] = {
                "channel": channel,
                "oldest": f"{max(oldest, 0.0):.6f}",
                "include_all_metadata": True,
                "limit": 200,
                "cursor": cursor or None,
            }
            if thread_ts is None:
                answer = self._call(self._client.conversations_history, **common)
            else:
                answer = self._call(self._client.conversations_replies, ts=thread_ts, **common)
            items: list[dict[str, Any]] = answer.get("messages", [])
            for item in items:
                yield self._posted(channel, item)
            cursor = (answer.get("response_metadata") or {}).get("next_cursor", "")
            if not cursor:
                return

    def _posted(self, channel: str, item: dict[str, Any]) -> Posted:
        metadata = item.get("metadata") or {}
        payload = metadata.get("event_payload") or {}
        ours = metadata.get("event_type") == EVENT_TYPE
        return Posted(
            channel,
            str(item["ts"]),
            str(item.get("text", "")),
            str(payload.get("key", "")) if ours else "",
            payload if ours else None,
            bool(self._bot_id) and item.get("bot_id") == self._bot_id,
            tuple(
                str(file.get("name", ""))
                for file in item.get("files") or []
                if self._user_id and file.get("user") == self._user_id
            ),
            str(item.get("user") or item.get("bot_id") or ""),
            bool(item.get("edited")),
        )

    def publish_home(self, user: str, view: View) -> None:
        """Show *view* as a person's App Home, in place of what it shows."""
        self._call(self._client.views_publish, user_id=user, view=view)

    # --- files -----------------------------------------------------------------------------------

    def upload(
        self,
        channel: str,
        thread_ts: str | None,
        name: str,
        content: bytes,
        text: str,
        *,
        alt: str = "",
        more: Sequence[Attachment] = (),
    ) -> None:
        """Put a file, and *more*, into a channel or thread in one message (scope `files:write`).

        *text* stands above them; *alt* says what the first one shows, if it is a picture.
        """
        self._call(
            self._client.files_upload_v2,
            file_uploads=[one.as_upload() for one in (Attachment(name, content, alt), *more)],
            channel=channel,
            thread_ts=thread_ts,
            initial_comment=text,
        )

    def uploaded(self, channel: str, thread_ts: str | None, name: str, oldest: float) -> bool:
        """Say whether the bot put a file of this name into a channel or thread since *oldest*."""
        shown = self.messages(channel, thread_ts=thread_ts, oldest=oldest)
        return any(name in posted.files for posted in shown)

    def read_file(self, file_id: str, most: int) -> bytes:
        """Return the content of a file that somebody uploaded (scope `files:read`)."""
        try:
            file = self._call(self._client.files_info, file=file_id)["file"]
        except VendorError as error:
            if error.code in {"slack_file_not_found", "slack_file_deleted"}:
                raise slack_files.gone() from error
            raise
        if int(file.get("size") or 0) > most:
            raise slack_files.too_large(most)
        address = str(file.get("url_private_download") or file.get("url_private") or "")
        token = str(self._client.token)
        return slack_files.fetch(address, token, self._client.base_url, most)

    # --- later, and to people --------------------------------------------------------------------

    def schedule(self, channel: str, text: str, post_at: int, thread_ts: str | None) -> str:
        """Lay a message in Slack for *post_at* and return its id; it can carry no metadata."""
        answer = self._call(
            self._client.chat_scheduleMessage,
            channel=channel,
            text=text,
            post_at=post_at,
            thread_ts=thread_ts,
            unfurl_links=False,
        )
        return str(answer["scheduled_message_id"])

    def scheduled_ids(self, channel: str) -> dict[str, tuple[int, str]]:
        """Return what lies scheduled in a channel: id -> (post_at, text)."""
        found: dict[str, tuple[int, str]] = {}
        page: dict[str, str] = {}
        while True:
            answer = self._call(
                self._client.chat_scheduledMessages_list, channel=channel, limit=100, **page
            )
            items: list[dict[str, Any]] = answer.get("scheduled_messages", [])
            found |= {
                str(item["id"]): (int(item["post_at"]), str(item.get("text", ""))) for item in items
            }
            metadata: dict[str, str] = answer.get("response_metadata") or {}
            page = {"cursor": metadata.get("next_cursor", "")}
            if not page["cursor"]:
                return found

    def unschedule(self, channel: str, scheduled_id: str) -> bool:
        """Take a scheduled message back; False if it is no longer there (Slack posted it)."""
        try:
            self._call(
                self._client.chat_deleteScheduledMessage,
                channel=channel,
                scheduled_message_id=scheduled_id,
            )
        except VendorError as error:
            if error.code == "slack_invalid_scheduled_message_id":
                return False
            raise
        return True

    def direct(self, user: str) -> str:
        """Return the id of the direct-message channel with *user*."""
        if user not in self._direct:
            answer = self._call(self._client.conversations_open, users=user)
            self._direct[user] = str(answer["channel"]["id"])
        return self._direct[user]

    def profile(self, user: str) -> Profile:
        """Return a user's locale, e-mail (empty where not granted) and whether they are active."""
        answer = self._call(self._client.users_info, user=user, include_locale=True)
        data = answer["user"]
        return Profile(
            user,
            str(data.get("locale", "")),
            str((data.get("profile") or {}).get("email", "")),
            not data.get("deleted", False),
            # Slackbot is a bot, and Slack does not say so.
            bool(data.get("is_bot")) or user == SLACKBOT,
            str(data.get("real_name") or data.get("name") or ""),
            self._is_outsider(data),
        )

    def _is_outsider(self, user: dict[str, Any]) -> bool:
        """Say whether somebody is no full member here.

        Slack marks guests (single- and multi-channel) and people whom only a shared channel
        brings in; in an Enterprise organisation it names every workspace somebody belongs to
        (docs.slack.dev, "User object").
        """
        marks = ("is_restricted", "is_ultra_restricted", "is_stranger", "is_invited_user")
        if any(user.get(mark) for mark in marks):
            return True
        organisation = user.get("enterprise_user") or {}
        teams = {str(user.get("team_id", "")), *organisation.get("teams", ())}
        return bool(self._team_id) and self._team_id not in teams

    def group_members(self, group: str) -> tuple[str, ...]:
        """Return the user ids of a user group."""
        answer = self._call(self._client.usergroups_users_list, usergroup=group)
        return tuple(answer["users"])

    def check_channel(self, channel: str) -> str:
        """Make sure that the bot is in *channel* and can read it back; return the channel's id.

        Reading one message shows both, and asks for no scope that is not needed anyway.
        """
        self.is_archived(channel)
        return channel

    def is_archived(self, channel: str) -> bool:
        """Say whether *channel* was archived; raises as :meth:`check_channel` does.

        Nobody can write after that, so its newest message says so (subtype ``channel_archive``;
        docs.slack.dev, "message"). To ask for the channel itself would take another scope.
        """
        answer = self._call(self._client.conversations_history, channel=channel, limit=1)
        newest: list[dict[str, Any]] = answer.get("messages", [])
        return any(item.get("subtype") in ARCHIVED for item in newest[:1])

    def socket_mode(self) -> str:
        """Check an app-level token. (The address that Slack offers holds a secret.)"""
        try:
            self._call(self._client.apps_connections_open, app_token=self._client.token)
        except VendorError as error:
            raise app_token_refused(error.code.removeprefix("slack_")) from error
        return "ok"

    @staticmethod
    def _call(method: Callable[..., SlackResponse], **arguments: Any) -> SlackResponse:
        with calling("slack"):
            try:
                return method(**arguments)
            except SlackApiError as error:
                raise refusal(error) from error
            except (SlackClientError, OSError, HTTPException) as error:
                raise unreachable(error) from error
