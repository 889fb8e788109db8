"""A whole run over HTTP with secrets that nobody has seen before, and everything it left behind."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest
import requests
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot import cli
from bot.settings import Settings
from sandbox import servers, walk_start
from sandbox.client import Page
from sandbox.hubspot import api as hubspot_api
from sandbox.salesforce import api as salesforce_api
from sandbox.scenario import load
from sandbox.servers import Ports, Sandbox
from sandbox.slack import request_url
from sandbox.walk import walk
from sandbox.walk_stage import Stage
from sandbox.walk_words import Words
from sandbox.world import World
from tests.e2e.conftest import environment

W = TypeVar("W")
READY_SECONDS, STOP_SECONDS = 60.0, 30.0
HEXADECIMAL = {"sunset_audit_key": 1, "sunset_audit_former_keys": 2}
"""Settings whose secrets are keys in hexadecimal: how many, separated by commas."""


class Echo:
    """A service that, when it is told to, refuses everybody and repeats what it was told."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.status = 0
        self.answered = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self.status or str(scope.get("path", "")).startswith("/sandbox"):
            await self._app(scope, receive, send)
            return
        self.answered += 1
        heard = " ".join(
            value.decode() for name, value in scope["headers"] if name == b"authorization"
        )
        said = f"the token {heard} or {json.dumps(heard)} is bad; 1: {heard[:30]}"
        body = {"message": said, "errorCode": "INVALID_SESSION_ID", "correlationId": heard}
        shown: Any = [body] if scope["path"].startswith("/services") else body
        await JSONResponse(shown, self.status)(scope, receive, send)


class Overhearing:
    """Slack, and all that the bot ever sent there, also what is gone since."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.heard: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = str(scope.get("path", ""))
        if not path.startswith(("/api/", "/response/", "/upload/")):
            await self._app(scope, receive, send)
            return
        body = bytearray()

        async def hearing() -> Message:
            message = await receive()
            body.extend(message.get("body", b""))
            return message

        await self._app(scope, hearing, send)
        text = body.decode("utf-8", "replace")
        # A trigger is to be given back to Slack; whether it is used is looked at by the sandbox.
        self.heard.append(re.sub(r'trigger_id(=|": ?")[^&"]*', "trigger_id", text))


@dataclass
class Traces:
    """What a whole run left: files, the log, what was printed, what Slack shows."""

    directory: Path
    secrets: dict[str, str]
    """By name: those of the settings, and those that came up on the way."""
    log: str = ""
    printed: dict[str, str] = field(default_factory=dict)
    shown: dict[str, str] = field(default_factory=dict)
    """What Slack holds of the bot's: messages, views, files."""
    largest: int = 0
    """Bytes of the largest payload that Slack sent."""
    wrong: list[str] = field(default_factory=list)
    """What the walk found wrong."""
    echoed: int = 0
    ready: Any = None
    """What `/ready` said while it ran."""
    living: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    """The database's files while it ran: their rights and what was in them."""


def secret_settings() -> dict[str, str]:
    """Return a new value for every secret of the settings, whichever there are."""
    made = {}
    for name, kind in Settings.model_fields.items():
        if "SecretStr" not in str(kind.annotation):
            continue
        keys = HEXADECIMAL.get(name, 0)
        token = f"{name[:4]}-{secrets.token_urlsafe(12)}/+&%ł{secrets.token_urlsafe(12)}"
        # A token goes into a header: letters outside ASCII are for those that do not.
        token = token.replace("ł", "~") if name.endswith(("_token", "_secret")) else token
        made[name.upper()] = ",".join(secrets.token_hex(32) for _ in range(keys)) or token
    return made


@contextmanager
def running(world: World, directory: Path) -> Iterator[Sandbox]:
    """The three services, in a thread."""
    sandbox = Sandbox(world, "127.0.0.1", Ports(), directory)
    ready = threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(sandbox.serve(ready.set)), daemon=True)
    thread.start()
    assert ready.wait(READY_SECONDS)
    try:
        yield sandbox
    finally:
        sandbox.stop()
        thread.join(STOP_SECONDS)


@contextmanager
def bot(directory: Path, log: Path, settings: dict[str, str]) -> Iterator[None]:
    """The bot's process, which would let everybody read its files if it did not take care."""
    with log.open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.secrets.loud_bot"],
            cwd=directory,
            env=environment(**settings),
            stdout=subprocess.PIPE,
            stderr=said,
            umask=0,
        )
        assert process.stdout is not None
        try:
            assert process.stdout.readline().strip() == b"BOT_READY", log.read_text("utf-8")[-4000:]
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            process.stdout.close()


def command(*words: str) -> str:
    """Run `sunset` in this process; return all that it printed."""
    said = io.StringIO()
    root = logging.getLogger()
    handlers, level, before = root.handlers, root.level, sys.argv
    mask = os.umask(0)
    sys.argv = ["sunset", *words]
    try:
        with redirect_stdout(said), redirect_stderr(said):
            cli.main()
    except SystemExit:
        pass
    finally:
        sys.argv, root.handlers = before, handlers
        root.setLevel(level)
        os.umask(mask)
    return said.getvalue()


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def travelled(directory: Path) -> Traces:
    """Walk through a whole run, and a second one that is refused; return what they left."""
    given = secret_settings()
    home, log = directory / "home", directory / "bot.log"
    home.mkdir(mode=0o700)
    traces = Traces(home, dict(given))
    with pytest.MonkeyPatch.context() as patch:
        modules = (hubspot_api, salesforce_api)
        echoes = [_wrapping(patch, module, Echo) for module in modules]
        overhearing = _wrapping(patch, servers, Overhearing)
        _noting(patch, traces)
        with running(_world(given), directory) as sandbox:
            settings = _settings(patch, sandbox, given, home)
            with bot(home, log, settings):
                page = Page(f"{sandbox.slack_url}/")
                try:
                    _walk(page, traces, settings)
                    for echo in echoes:
                        echo[0].status = 401
                    _second_run(page, traces)
                finally:
                    page.close()
                traces.printed["doctor --json"] = command("doctor", "--json")
                traces.printed["plan"] = command("plan")
                _look(traces, home)
            traces.echoed = sum(echo[0].answered for echo in echoes)
            _remember(sandbox, traces)
            traces.shown["sent to Slack"] = "\n".join(overhearing[0].heard)
    traces.log = log.read_text("utf-8")
    return traces


def _world(given: dict[str, str]) -> World:
    """The services that know these secrets."""
    scenario = load("blockers")
    workspace = scenario.workspace.model_copy(
        update={
            "bot_token": given["SLACK_BOT_TOKEN"],
            "app_token": given["SLACK_APP_TOKEN"],
            "signing_secret": given["SLACK_SIGNING_SECRET"],
        }
    )
    account = scenario.account.model_copy(update={"token": given["HUBSPOT_ACCESS_TOKEN"]})
    org = scenario.salesforce.model_copy(update={"access_token": given["SALESFORCE_ACCESS_TOKEN"]})
    changes = {"workspace": workspace, "account": account, "salesforce": org}
    return World(scenario.model_copy(update=changes))


def _settings(
    patch: pytest.MonkeyPatch, sandbox: Sandbox, given: dict[str, str], home: Path
) -> dict[str, str]:
    """The bot's settings, which this process gets too."""
    key = home / "audit.pem"
    told = {
        **sandbox.environment(),
        **given,
        "SUNSET_HTTP": "true",
        "SUNSET_HTTP_PORT": str(free_port()),
        "SUNSET_DATABASE": str(home / "sunset.db"),
        "SUNSET_BACKUPS": str(home / "backups"),
        "SUNSET_LOG_LEVEL": "DEBUG",
        "SUNSET_AUDIT_SIGNING_KEY_FILE": str(key),
        "SALESFORCE_PRIVATE_KEY_FILE": str(key),
    }
    for name in [
        one for one in os.environ if one.startswith(("SLACK_", "HUBSPOT_", "SALESF", "SUNSET_"))
    ]:
        patch.delenv(name)
    for name, value in {**told, "COLUMNS": "300"}.items():
        patch.setenv(name, value)
    patch.chdir(home)
    command("audit", "keygen", str(key))
    return told


def _wrapping(patch: pytest.MonkeyPatch, module: Any, wrapper: Callable[[ASGIApp], W]) -> list[W]:
    """Wrap the app that *module* creates; return where it will be."""
    made: list[W] = []
    create = module.create_app

    def create_app(*args: Any) -> W:
        made.append(wrapper(create(*args)))
        return made[-1]

    patch.setattr(module, "create_app", create_app)
    return made


def _noting(patch: pytest.MonkeyPatch, traces: Traces) -> None:
    encode = request_url.encoded

    def encoded(kind: str, payload: dict[str, Any]) -> tuple[bytes, str]:
        body, content_type = encode(kind, payload)
        traces.largest = max(traces.largest, len(body))
        return body, content_type

    patch.setattr(request_url, "encoded", encoded)


def _walk(page: Page, traces: Traces, settings: dict[str, str]) -> None:
    base = f"http://127.0.0.1:{settings['SUNSET_HTTP_PORT']}"
    page.post("/sandbox/slack/request-url", {"url": f"{base}/slack/events"})
    traces.ready = requests.get(f"{base}/ready", timeout=READY_SECONDS).json()
    said: list[str] = []
    stage = Stage(page, Words("en"), said.append)
    try:
        walk(
            stage,
            reason="leaving_salesforce",
            file=True,
            undo=False,
            keep_copy=False,
            let_window_end=False,
        )
    except Exception as error:
        raise AssertionError("\n".join(said)) from error
    traces.wrong = stage.wrong
    traces.printed["walk"] = "\n".join(said)


def _second_run(page: Page, traces: Traces) -> None:
    """Start one whose plan is refused by services that repeat the token."""
    stage = Stage(page, Words("en"), lambda _: None)
    walk_start.start(stage, "leaving_salesforce")
    page.wait_for(
        lambda: any("[secret]" in one.said for one in stage.admin.sees(stage.place)),
        "the refusal in the thread",
        show=(stage.admin, stage.place),
    )


def _look(traces: Traces, home: Path) -> None:
    beside = (*home.glob("sunset.db*"), *home.glob("sunset.db.*/*"))
    for path in (one for one in beside if one.is_file()):
        traces.living[path.name] = (path.stat().st_mode & 0o777, path.read_bytes())
    listed = command("runs", "list", "--json")
    traces.printed["runs list --json"] = listed
    for run in [one["id"] for one in json.loads(listed)]:
        traces.printed[f"runs show {run} --json"] = command("runs", "show", run, "--json")
        traces.printed[f"runs show {run}"] = command("runs", "show", run)
        for kind in ("html", "markdown", "json"):
            told = command("report", run, "--format", kind, "--out", "-")
            traces.printed[f"report {run} {kind}"] = told
    (home / "exports").mkdir(mode=0o700)
    for words in (
        ("audit", "verify", "--json"),
        ("audit", "verify"),
        ("audit", "export"),
        ("audit", "export", "--format", "csv", "--out", str(home / "exports")),
        ("audit", "export", "--out", str(home / "exports")),
        ("db", "backup", str(home / "copy.db")),
    ):
        traces.printed[" ".join(words[:4])] = command(*words)


def _remember(sandbox: Sandbox, traces: Traces) -> None:
    """Keep what Slack holds, and the secrets that it handed out."""
    slack = sandbox.slack
    for channel in slack.workspace.channels.values():
        traces.shown[channel.id] = "\n".join(map(repr, channel.messages.values()))
    for file in slack.workspace.files.values():
        traces.shown[f"file {file.name}"] = file.content.decode("utf-8", "replace")
    handed_out: dict[str, list[str]] = {
        "trigger": list(slack.triggers._triggers),
        "response_url": list(slack.response_urls._urls),
    }
    for name, known in handed_out.items():
        assert len(known) > 10, name
        traces.secrets |= {f"{name} {number}": one for number, one in enumerate(known)}
