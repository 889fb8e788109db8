"""Slack's other addresses: `response_url`, file upload and download, Socket Mode."""

from __future__ import annotations

import json
import time
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute

from sandbox.slack.blocks import check_reply
from sandbox.slack.errors import SlackError
from sandbox.slack.messages import Content
from sandbox.slack.methods_other import MOST_BYTES
from sandbox.slack.scopes import FILE_SCOPE
from sandbox.slack.service import Slack
from sandbox.slack.tokens import ResponseUrl
from sandbox.slack.workspace import Channel, File


class Hooks:
    """These addresses of one workspace."""

    def __init__(self, slack: Slack) -> None:
        self._slack = slack

    def routes(self) -> list[BaseRoute]:
        """The routes."""
        return [
            WebSocketRoute("/link/", self._slack.sockets.serve),
            Route("/response/{token}", self.respond, methods=["POST"]),
            Route("/upload/v1/{file_id}", self.upload, methods=["POST"]),
            Route("/files-pri/{reference}/{rest:path}", self.download, methods=["GET"]),
        ]

    async def respond(self, request: Request) -> Response:
        """Answer an interaction through its `response_url`."""
        started = time.perf_counter()
        error, status = None, 200
        response: Response = PlainTextResponse("ok")
        try:
            reply = await _reply(request)
            self._respond(self._slack.response_urls.use(request.path_params["token"]), reply)
        except SlackError as refusal:
            error = refusal.code
            status = 404 if error in {"used_url", "expired_url"} else 400
            response = JSONResponse(refusal.body(), status)
        milliseconds = (time.perf_counter() - started) * 1000
        self._slack.world.record("slack", "response_url", status, milliseconds, error=error)
        return response

    def _respond(self, url: ResponseUrl, reply: dict[str, Any]) -> None:
        faults = check_reply(reply)
        if faults:
            raise SlackError.because("invalid_blocks", faults)
        channel = self._slack.workspace.channels[url.channel]
        original = channel.messages.get(url.message_ts or "")
        if _true(reply.get("delete_original")):
            if original is not None:
                self._slack.workspace.remove(original)
            return
        content = self._content(channel, reply)
        if _true(reply.get("replace_original")) and original is not None:
            self._slack.messages.replace(original, content)
            return
        private = reply.get("response_type", "ephemeral") == "ephemeral"
        self._slack.messages.post(channel, content, only_for=url.user if private else None)

    def _content(self, channel: Channel, reply: dict[str, Any]) -> Content:
        text, blocks = reply.get("text") or "", reply.get("blocks") or None
        if not text and not blocks:
            raise SlackError("no_text")
        root = channel.messages.get(str(reply.get("thread_ts") or ""))
        thread_ts = None if root is None else root.thread_ts or root.ts
        return Content(text, blocks, reply.get("metadata"), thread_ts)

    async def upload(self, request: Request) -> Response:
        """Take the bytes of a file that was announced."""
        file = self._slack.workspace.files.get(request.path_params["file_id"])
        if file is None or file.content:
            return PlainTextResponse("unknown upload", 404)
        if int(request.headers.get("content-length") or 0) > MOST_BYTES:
            return PlainTextResponse("too large", 413)
        file.content = await _bytes(request)
        self._slack.world.record("slack", "upload", 200, 0.0, bytes=len(file.content))
        return PlainTextResponse(f"OK - {len(file.content)}")

    async def download(self, request: Request) -> Response:
        """Hand a file to the app, which needs its token and a scope for it."""
        token = request.headers.get("authorization", "").partition(" ")[2].strip()
        if token != self._slack.world.scenario.workspace.bot_token:
            return PlainTextResponse("sign in first", 403)
        if FILE_SCOPE not in self._slack.scopes:
            return PlainTextResponse(f"missing scope: {FILE_SCOPE}", 403)
        file_id = request.path_params["reference"].partition("-")[2]
        file = self._slack.workspace.files.get(file_id)
        return PlainTextResponse("no such file", 404) if file is None else contents(file)


def contents(file: File) -> Response:
    """The bytes of a file, to be saved under its name."""
    name = file.name.encode("ascii", "replace").decode().replace('"', "'")
    disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(file.content, media_type=file.mimetype, headers=disposition)


async def _reply(request: Request) -> dict[str, Any]:
    try:
        reply = json.loads(await request.body())
    except ValueError:
        raise SlackError("invalid_payload") from None
    if not isinstance(reply, dict):
        raise SlackError("invalid_payload")
    return reply


async def _bytes(request: Request) -> bytes:
    """The body, or the first file in it if it is a form."""
    if "multipart/form-data" not in request.headers.get("content-type", ""):
        return await request.body()
    for value in (await request.form()).values():
        if not isinstance(value, str):
            return await value.read()
    return b""


def _true(value: object) -> bool:
    return value is True or value == "true"
