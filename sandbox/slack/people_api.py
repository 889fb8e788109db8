"""The JSON API's Slack part: what people see and do (sandbox/README.md)."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.control import Body, answering, body_of, string_of
from sandbox.slack.errors import PersonError
from sandbox.slack.hooks import contents
from sandbox.slack.interactions import Interactions
from sandbox.slack.methods_other import KINDS, MOST_BYTES, become
from sandbox.slack.modal_interactions import ModalInteractions
from sandbox.slack.request_url import RequestUrl
from sandbox.slack.scopes import BOT_SCOPES, without
from sandbox.slack.service import Slack
from sandbox.slack.workspace import BOT_USER, Message

DISCONNECT_REASONS = {"warning", "refresh_requested", "link_disabled"}


class PeopleApi:
    """The calls of one workspace."""

    def __init__(self, slack: Slack) -> None:
        self._slack = slack
        self._people = Interactions(slack)
        self._modals = ModalInteractions(self._people)

    def routes(self) -> list[Route]:
        """The routes under `/sandbox`."""
        return [
            _get("/sandbox/channels/{channel}/messages", self.messages),
            _get("/sandbox/channels/{channel}/threads/{ts}", self.thread),
            _get("/sandbox/people/{user}/home", self.home),
            _get("/sandbox/people/{user}/views", self.views),
            _get("/sandbox/scheduled", self.scheduled),
            _post("/sandbox/command", self.command),
            _post("/sandbox/message", self.message),
            _post("/sandbox/act", self.act),
            _post("/sandbox/suggest", self.suggest),
            _post("/sandbox/views/{view}/submit", self.submit),
            _post("/sandbox/views/{view}/close", self.close),
            _post("/sandbox/slack/disconnect", self.disconnect),
            _post("/sandbox/slack/request-url", self.request_url),
            _post("/sandbox/slack/scopes", self.scopes),
            _post("/sandbox/channels/{channel}/membership", self.membership),
            _post("/sandbox/people/{user}/kind", self.kind),
            Route("/sandbox/files", answering(self.upload), methods=["POST"]),
            Route("/sandbox/files/{file}", self.download, methods=["GET"]),
        ]

    def _shown(self, messages: list[Message], viewer: str | None) -> dict[str, Any]:
        shown = [
            self._slack.messages.person_json(message, viewer)
            for message in messages
            if message.visible_to(viewer)
        ]
        return {"messages": shown}

    async def messages(self, request: Request) -> dict[str, Any]:
        """Top-level messages."""
        viewer = request.query_params.get("viewer")
        channel = self._people.channel(request.path_params["channel"], viewer)
        found = [one for one in channel.messages.values() if not one.is_reply or one.broadcast]
        return {"channel": channel.id, **self._shown(found, viewer)}

    async def thread(self, request: Request) -> dict[str, Any]:
        """A root and its replies, those that only the viewer sees among them."""
        viewer = request.query_params.get("viewer")
        channel = self._people.channel(request.path_params["channel"], viewer)
        root = self._people.message(channel, request.path_params["ts"], viewer or "")
        found = [one for one in channel.messages.values() if one.thread_ts == root.ts]
        return self._shown(found if root in found else [root, *found], viewer)

    async def home(self, request: Request) -> dict[str, Any]:
        """The App Home, opened; with `look`, as it is seen by who has it open already."""
        user = request.path_params["user"]
        told = not request.query_params.get("look")
        return {"view": self._modals.open_home(user, told=told)}

    async def views(self, request: Request) -> dict[str, Any]:
        """The open modals."""
        person = self._people.person(request.path_params["user"])
        return {"views": self._modals.stack_json(person.id)}

    async def scheduled(self, _request: Request) -> dict[str, Any]:
        """Messages that wait for their time."""
        found = [
            {
                "id": one.id,
                "channel": one.channel,
                "post_at": one.post_at,
                "text": one.content.text,
                "blocks": one.content.blocks,
                "thread_ts": one.content.thread_ts,
                "metadata": one.content.metadata,
            }
            for one in self._slack.messages.scheduled()
        ]
        return {"scheduled": found}

    async def command(self, _request: Request, body: Body) -> dict[str, Any]:
        """A slash command."""
        return await self._people.command(
            body.get("user"), body.get("channel"), string_of(body, "text")
        )

    async def message(self, _request: Request, body: Body) -> dict[str, Any]:
        """A person writes."""
        message = self._people.write(
            body.get("user"), body.get("channel"), body.get("text"), body.get("thread_ts")
        )
        return {"message": self._slack.messages.person_json(message, message.user)}

    async def act(self, _request: Request, body: Body) -> dict[str, Any]:
        """Use an element."""
        in_view = _container(body) == "view"
        act = self._modals.act if in_view else self._people.act_in_message
        return await act(body.get("user"), body)

    async def suggest(self, _request: Request, body: Body) -> dict[str, Any]:
        """Search in an external select."""
        _container(body)
        return await self._people.suggest(body.get("user"), body)

    async def submit(self, request: Request, body: Body) -> dict[str, Any]:
        """Submit a modal."""
        view_id = request.path_params["view"]
        return await self._modals.submit(body.get("user"), view_id, body.get("values"))

    async def close(self, request: Request, body: Body) -> dict[str, Any]:
        """Close a modal."""
        view_id = request.path_params["view"]
        return await self._modals.close(body.get("user"), view_id, bool(body.get("all")))

    async def disconnect(self, _request: Request, body: Body) -> dict[str, Any]:
        """Ask the app to reconnect, as Slack does from time to time."""
        reason = body.get("reason", "refresh_requested")
        after = body.get("close_after", 1.0)
        if reason not in DISCONNECT_REASONS:
            known = ", ".join(sorted(DISCONNECT_REASONS))
            raise PersonError("invalid_request", f"`reason` is one of {known}.")
        if isinstance(after, bool) or not isinstance(after, int | float) or after < 0:
            raise PersonError("invalid_request", "`close_after` is a number of seconds.")
        return {"sockets": await self._slack.sockets.disconnect(reason, float(after))}

    async def request_url(self, _request: Request, body: Body) -> dict[str, Any]:
        """Let everything be sent to an address, as HTTP mode wants it; none: over Socket Mode."""
        url = body.get("url")
        if url is None:
            self._slack.sockets.request_url = None
            return {"url": None}
        made = RequestUrl(
            string_of(body, "url"), self._slack.world.scenario.workspace.signing_secret
        )
        if not await made.verify():
            sentence = "Your URL didn't respond with the value of the `challenge` parameter."
            raise PersonError("url_not_verified", sentence)
        self._slack.sockets.request_url = made
        self._slack.world.changed()
        return {"url": made.url}

    async def scopes(self, _request: Request, body: Body) -> dict[str, Any]:
        """Take bot scopes away; those that are not named are granted."""
        missing = body.get("missing")
        if not isinstance(missing, list) or not set(map(str, missing)) <= set(BOT_SCOPES):
            raise PersonError("invalid_request", "`missing` is a list of the bot's scopes.")
        self._slack.scopes = without(missing)
        return {"scopes": sorted(self._slack.scopes)}

    async def membership(self, request: Request, body: Body) -> dict[str, Any]:
        """Invite the bot to a channel, or remove it."""
        channel = self._people.channel(request.path_params["channel"], None)
        member = body.get("member")
        if not isinstance(member, bool):
            raise PersonError("invalid_request", "`member` is true or false.")
        others = [one for one in channel.members if one != BOT_USER]
        channel.members[:] = [BOT_USER, *others] if member else others
        return {"channel": channel.id, "member": channel.has_bot}

    async def kind(self, request: Request, body: Body) -> dict[str, Any]:
        """Make somebody a guest, a stranger (Slack Connect), deactivated, or a full member."""
        person = self._people.person(request.path_params["user"])
        kind = string_of(body, "kind")
        if kind not in KINDS:
            raise PersonError("invalid_request", f"`kind` is one of {', '.join(KINDS)}.")
        become(self._slack, person, KINDS[kind])
        return {"user": person.id, "kind": kind}

    async def upload(self, request: Request) -> dict[str, Any]:
        """A person picks a file for a file input: the body is its bytes."""
        person = self._people.person(request.query_params.get("user"))
        name = request.query_params.get("name", "").strip()
        content = await request.body()
        if not name or not content:
            raise PersonError("invalid_request", "A file needs a `name` and bytes in the body.")
        if len(content) > MOST_BYTES:
            raise PersonError("too_large", f"A file has at most {MOST_BYTES} bytes.", 413)
        file = self._slack.workspace.new_file(name, person.id)
        file.content, file.complete = content, True
        return {"file": self._slack.messages.file_json(file)}

    async def download(self, request: Request) -> Response:
        """A person opens a file."""
        file = self._slack.workspace.files.get(request.path_params["file"])
        if file is None:
            return Response("There is no such file.", 404)
        return contents(file)


def _container(body: Body) -> str:
    container = body.get("container")
    kind = container.get("type") if isinstance(container, dict) else None
    if kind not in {"message", "view"}:
        raise PersonError("invalid_request", "`container` is a message or a view (README).")
    return str(kind)


def _get(path: str, handler: Any) -> Route:
    return Route(path, answering(handler), methods=["GET"])


def _post(path: str, handler: Any) -> Route:
    async def with_body(request: Request) -> dict[str, Any]:
        answer: dict[str, Any] = await handler(request, await body_of(request))
        return answer

    return Route(path, answering(with_body), methods=["POST"])
