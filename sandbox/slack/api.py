"""The Web API: `POST /api/METHOD`, refused as Slack refuses."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from sandbox.connection import Dropped
from sandbox.scenario import Fault
from sandbox.slack import methods_chat as chat
from sandbox.slack import methods_conversations as conversations
from sandbox.slack import methods_other as other
from sandbox.slack.arguments import Arguments, read
from sandbox.slack.errors import SlackError
from sandbox.slack.scopes import APP_SCOPES, METHOD_SCOPES
from sandbox.slack.service import Slack

Method = Callable[[Slack, Arguments], dict[str, Any]]

METHODS: dict[str, Method] = {
    "apps.connections.open": other.open_connection,
    "auth.test": other.auth_test,
    "chat.delete": chat.delete,
    "chat.deleteScheduledMessage": chat.unschedule,
    "chat.getPermalink": chat.permalink,
    "chat.postEphemeral": chat.post_ephemeral,
    "chat.postMessage": chat.post_message,
    "chat.scheduleMessage": chat.schedule,
    "chat.scheduledMessages.list": chat.list_scheduled,
    "chat.update": chat.update,
    "conversations.history": conversations.history,
    "conversations.info": conversations.info,
    "conversations.list": conversations.list_channels,
    "conversations.members": conversations.members,
    "conversations.open": conversations.open_direct,
    "conversations.replies": conversations.replies,
    "files.completeUploadExternal": other.complete_upload,
    "files.getUploadURLExternal": other.upload_url,
    "files.info": other.file_info,
    "usergroups.users.list": other.user_group_members,
    "users.info": other.users_info,
    "users.list": other.users_list,
    "views.open": other.views_open,
    "views.publish": other.views_publish,
    "views.push": other.views_push,
    "views.update": other.views_update,
}
APP_TOKEN_METHODS = {"apps.connections.open"}


class WebApi:
    """Answers the Web API of one workspace."""

    def __init__(self, slack: Slack) -> None:
        self._slack = slack

    async def __call__(self, request: Request) -> Response:
        """Answer one call and write it into the log."""
        started = time.perf_counter()
        method = request.path_params["method"]
        fault = self._slack.world.strike("slack", method)
        error: str | None = None
        try:
            response = await self._answer(request, method, fault)
        except SlackError as refusal:
            error = refusal.code
            response = self._refusal(refusal)
        milliseconds = (time.perf_counter() - started) * 1000
        struck = fault.kind if fault else None
        self._slack.world.record(
            "slack", method, response.status_code, milliseconds, struck, error=error
        )
        return response

    def _refusal(self, refusal: SlackError) -> Response:
        wait = refusal.extra.get("retry_after")
        if refusal.code != "ratelimited":
            return JSONResponse(refusal.body())
        return JSONResponse(
            {"ok": False, "error": "ratelimited"}, 429, {"Retry-After": str(wait or 1)}
        )

    async def _answer(self, request: Request, method: str, fault: Fault | None) -> Response:
        if fault is not None and fault.kind not in {"lost_reply", "part_failure"}:
            return await _struck(fault)
        if method not in METHODS:
            raise SlackError("unknown_method", req_method=method)
        given = await read(request)
        self._authorize(method, given.get("token"))
        arguments = Arguments(given)
        wait = self._slack.limits.take(method, str(given.get("channel")))
        if wait is not None:
            raise SlackError("ratelimited", retry_after=wait)
        body = {"ok": True, **METHODS[method](self._slack, arguments)}
        if fault is not None and fault.kind == "lost_reply":
            return Dropped()
        granted = self._app_scopes() if method in APP_TOKEN_METHODS else self._slack.scopes
        return JSONResponse(
            body,
            headers={
                "X-OAuth-Scopes": ",".join(sorted(granted)),
                "X-Accepted-OAuth-Scopes": ",".join(METHOD_SCOPES[method]),
            },
        )

    def _app_scopes(self) -> frozenset[str]:
        missing = self._slack.world.scenario.workspace.scopes_missing
        return frozenset(APP_SCOPES) - frozenset(missing)

    def _authorize(self, method: str, token: Any) -> None:
        settings = self._slack.world.scenario.workspace
        if not token:
            raise SlackError("not_authed")
        wanted, unwanted = settings.bot_token, settings.app_token
        if method in APP_TOKEN_METHODS:
            wanted, unwanted = unwanted, wanted
        if token == unwanted:
            raise SlackError("not_allowed_token_type")
        if token != wanted:
            raise SlackError("invalid_auth")
        scopes = self._slack.scopes | self._app_scopes()
        needed = METHOD_SCOPES[method]
        if needed and not scopes.intersection(needed):
            provided = ",".join(sorted(self._slack.scopes))
            raise SlackError("missing_scope", needed=",".join(needed), provided=provided)


async def _struck(fault: Fault) -> Response:
    if fault.kind == "429":
        raise SlackError("ratelimited", retry_after=max(1, round(fault.delay)))
    if fault.kind == "unauthorized":
        raise SlackError("invalid_auth")
    if fault.kind == "500":
        return JSONResponse({"ok": False, "error": "internal_error"}, 500)
    if fault.kind == "502":
        return PlainTextResponse("<html><body>502 Bad Gateway</body></html>", 502)
    await asyncio.sleep(fault.delay)
    return Dropped()
