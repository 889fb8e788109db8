"""The real listeners behind Bolt and the Socket Mode handler, over the real engine and database.

Nothing leaves the process: what would go to Slack is kept, and everything runs in the calling
thread. A site begins with a run in one state and can be set back to it.
"""

from __future__ import annotations

import contextlib
import logging
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from dataclasses import replace
from pathlib import Path
from typing import Any, cast
from unittest import mock

from slack_bolt import App
from slack_bolt.authorization import AuthorizeResult
from slack_sdk import WebClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.webhook import WebhookClient

from bot.engine import Engine
from bot.socket_mode import PromptClient, PromptHandler
from handlers.register import register
from tests.bot.rig import QuickStore, chained
from tests.handlers.desk import plain
from tests.handlers.engine import FakeClock, FakeOwners, FakePeople, services
from tests.handlers.payloads import Payload
from tests.handlers.runs import ADMIN, APPROVERS, Story
from workflows.run import Run
from workflows.values import Owner

SECRET = "xoxb-the-secret-of-this-site"
FILE = "F0LIST"


class AtOnce(Executor):
    """Runs what is submitted, in the thread that submits it."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


class People(FakePeople):
    """The requester is an approver too: only the rules keep the one from being the other."""

    def approvers(self) -> list[str]:
        return [*APPROVERS, ADMIN]


class Uploads:
    """The file that somebody uploaded."""

    content = b""

    def read_file(self, file_id: str, most: int) -> bytes:
        return self.content[: most + 1]


class Answers:
    """What one delivery was answered with: acknowledgements, calls, and what is only told."""

    def __init__(self) -> None:
        self.acks: list[Payload | None] = []
        self.calls: list[tuple[str, Payload]] = []
        self.said: list[Payload] = []

    @property
    def views(self) -> list[Payload]:
        """Every view that was shown, also in place of a modal."""
        shown = [what["view"] for _, what in self.calls if "view" in what]
        return shown + [ack["view"] for ack in self.acks if ack and "view" in ack]

    @property
    def everything(self) -> list[Any]:
        return [*self.acks, *(what for _, what in self.calls), *self.said]


class Site:
    """One bot. ``story`` is where its run stands at the beginning."""

    def __init__(self, directory: Path, story: Story) -> None:
        self._directory = directory
        self._begun = directory / "begun.db"
        self._number = 0
        self.story = story
        store = QuickStore(self._begun)
        links = chained(story.run.id, story.history)
        store.write(lambda transaction: transaction.append(story.run, links))
        store.close()
        self.clock = FakeClock(story.now)
        self.owners = FakeOwners()
        self.owners.owners += [Owner(id="901", name="Otto Other", email="otto@example.com")]
        self.uploads = Uploads()
        self.people = People()
        self.open()
        self._door = self._made()

    def open(self) -> None:
        """Open the database as it was at the beginning."""
        self._number += 1
        path = self._directory / f"now-{self._number}.db"
        shutil.copy(self._begun, path)
        self.store = QuickStore(path)
        self.engine = Engine(self.store, self.clock, self.story.run.account.portal_id)
        self._look = sqlite3.connect(path, isolation_level=None)
        self._path = path

    def again(self) -> None:
        """Set everything back to the beginning."""
        self.close()
        self.open()

    def close(self) -> None:
        self._look.close()
        self.store.close()
        for path in self._directory.glob(f"{self._path.name}*"):
            path.unlink()

    def _made(self) -> PromptHandler:
        def authorize() -> AuthorizeResult:
            return AuthorizeResult(
                enterprise_id=None, team_id="T111", bot_user_id="U0BOT", bot_token=SECRET
            )

        app = App(
            name="fuzz",
            client=WebClient(base_url="http://127.0.0.1:9/api/"),
            authorize=authorize,
            listener_executor=AtOnce(),
        )
        given = services(cast(Any, _Present(self)), self.clock, self.owners)
        register(app, replace(given, people=self.people, files=self.uploads))
        return PromptHandler(app, cast(PromptClient, _Listening()))

    # --- what is looked at -----------------------------------------------------------------------

    @property
    def run(self) -> Run:
        run = self.engine.run(self.story.run.id)
        assert run is not None
        return run

    @property
    def commits(self) -> int:
        """A number that is another one after each commit."""
        return int(self._look.execute("PRAGMA data_version").fetchone()[0])

    @property
    def rows(self) -> dict[str, int]:
        """How many rows each table has."""
        names = self._look.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        return {
            name: int(self._look.execute(f"SELECT count(*) FROM {name}").fetchone()[0])  # noqa: S608 - ours
            for (name,) in names
        }

    def intact(self) -> bool:
        """Whether every run's history fits its hashes and its derived rows."""
        return not any(self.store.problems(run_id) for run_id in self.store.run_ids())

    # --- deliveries ------------------------------------------------------------------------------

    def deliver(self, body: Any, kind: str = "interactive") -> Answers:
        """Deliver a payload as Socket Mode does; return everything that it was answered with."""
        answers = Answers()
        with _caught(answers):
            request = SocketModeRequest(type=kind, envelope_id="E1", payload=body)
            self._door.receive(_Socket(answers), request)
        return answers


class _Present:
    """The engine that a site has now."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def __getattr__(self, name: str) -> Any:
        return getattr(self._site.engine, name)


class _Listening:
    """Stands for the SDK's client, which would open a connection."""

    app_token = "xapp-unused"

    def __init__(self) -> None:
        self.socket_mode_request_listeners: list[Any] = []


class _Socket:
    """Takes acknowledgements."""

    logger = logging.getLogger("tests.fuzz")

    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    def send_socket_mode_response(self, response: SocketModeResponse) -> None:
        assert response.envelope_id == "E1"
        self._answers.acks.append(response.payload)


@contextlib.contextmanager
def _caught(answers: Answers) -> Iterator[None]:
    """Keep what would go to Slack."""

    def call(_client: WebClient, method: str, **arguments: Any) -> dict[str, Any]:
        given = arguments.get("json") or arguments.get("params") or {}
        answers.calls.append((method, plain(given)))
        return {"ok": True}

    def send(_client: WebhookClient, message: Payload) -> Any:
        answers.said.append(plain(message))
        return mock.Mock(status_code=200)

    with (
        mock.patch.object(WebClient, "api_call", call),
        mock.patch.object(WebhookClient, "send_dict", send),
    ):
        yield
