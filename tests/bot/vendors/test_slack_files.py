"""Files and Slack: what is uploaded and found again; what is fetched, and from where alone."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import pytest
import requests

from bot.errors import VendorError
from bot.vendors import slack_files
from bot.vendors.slack import Slack, web_client
from workflows.errors import SunsetError

TOKEN = "xoxb-secret"
MOST = 1_000
Reply = tuple[int, str, bytes]


class Workspace:
    """A Slack that answers calls as a test says; it keeps what was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, str], str]] = []
        self.answers: dict[str, Any] = {}
        self.file: Reply = (200, "text/csv", b"owner_id,new_owner\n")
        self.address = "/files-pri/T1-F1/download/list.csv"
        self.uploaded = b""
        workspace = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                workspace.take(self, b"")

            def do_POST(self) -> None:
                workspace.take(self, self.rfile.read(int(self.headers["Content-Length"] or 0)))

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.slack = Slack(web_client(TOKEN, f"{self.url}/api/"))

    def take(self, request: BaseHTTPRequestHandler, body: bytes) -> None:
        method = request.path.partition("?")[0].rpartition("/")[2]
        if request.path.startswith("/upload/"):
            self.uploaded = body
            status, kind, content = 200, "text/plain", b"OK"
        elif request.path.startswith("/api/"):
            given = {name: values[0] for name, values in parse_qs(body.decode()).items()}
            self.asked.append((method, given, request.headers.get("Authorization", "")))
            status, kind, content = (
                200,
                "application/json",
                json.dumps(self.answer(method)).encode(),
            )
        else:
            self.asked.append(("GET", {}, request.headers.get("Authorization", "")))
            status, kind, content = self.file
        request.send_response(status)
        request.send_header("Content-Type", kind)
        request.send_header("Content-Length", str(len(content)))
        if 300 <= status < 400:
            request.send_header("Location", f"{self.url}/signin")
        request.end_headers()
        request.wfile.write(content)

    def answer(self, method: str) -> dict[str, Any]:
        own: dict[str, Any] = {
            "auth.test": {"ok": True, "url": "x", "bot_id": "B1", "user_id": "U0BOT"},
            "files.getUploadURLExternal": {
                "ok": True,
                "upload_url": f"{self.url}/upload/v1/F1",
                "file_id": "F1",
            },
            "files.completeUploadExternal": {"ok": True, "files": [{"id": "F1"}]},
            "files.info": {
                "ok": True,
                "file": {"id": "F1", "size": 10, "url_private_download": self.url + self.address},
            },
        }
        found: dict[str, Any] = (own | self.answers)[method]
        return found


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    made = Workspace()
    yield made
    made.server.shutdown()
    made.server.server_close()


def refused(call: Callable[[], object]) -> SunsetError:
    with pytest.raises(SunsetError) as caught:
        call()
    assert TOKEN not in f"{caught.value}{caught.value.problem}{caught.value.remedy}"
    return caught.value


# --- uploaded ------------------------------------------------------------------------------------


def test_a_file_goes_into_the_thread(workspace: Workspace) -> None:
    workspace.slack.upload("C1", "1.5", "list.csv", "ą\r\n".encode(), "Fill it in")
    assert workspace.uploaded == "ą\r\n".encode()
    first, last = workspace.asked
    assert first[1]["filename"] == "list.csv"
    assert first[1]["length"] == "4"
    assert (last[1]["channel_id"], last[1]["thread_ts"]) == ("C1", "1.5")
    assert last[1]["initial_comment"] == "Fill it in"
    assert json.loads(last[1]["files"])[0]["id"] == "F1"


@pytest.mark.parametrize("method", ["files.getUploadURLExternal", "files.completeUploadExternal"])
def test_without_the_scope_nothing_is_uploaded(workspace: Workspace, method: str) -> None:
    workspace.answers[method] = {"ok": False, "error": "missing_scope", "needed": "files:write"}
    error = refused(lambda: workspace.slack.upload("C1", "1.5", "list.csv", b"x", ""))
    assert isinstance(error, VendorError)
    assert (error.missing, error.retryable) == ("files:write", False)


def test_what_was_uploaded_is_found_again(workspace: Workspace) -> None:
    def file(name: str, user: str) -> dict[str, Any]:
        return {"ts": "2.0", "text": "", "files": [{"name": name, "user": user}]}

    workspace.slack.who_am_i()
    workspace.answers["conversations.replies"] = {
        "ok": True,
        "messages": [
            {"ts": "1.5", "text": "root"},
            file("mine.csv", "U0BOT"),
            file("theirs.csv", "U0EVE"),
        ],
    }
    found = {
        name: workspace.slack.uploaded("C1", "1.5", name, 0.0)
        for name in ("mine.csv", "theirs.csv", "other.csv")
    }
    assert found == {"mine.csv": True, "theirs.csv": False, "other.csv": False}


# --- fetched -------------------------------------------------------------------------------------


def test_a_file_is_fetched_with_the_token(workspace: Workspace) -> None:
    assert workspace.slack.read_file("F1", MOST) == b"owner_id,new_owner\n"
    (info, _), (_, token) = [(asked[1], asked[2]) for asked in workspace.asked]
    assert info == {"file": "F1"}
    assert token == f"Bearer {TOKEN}"


def test_a_netrc_file_does_not_take_the_tokens_place(
    workspace: Workspace, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    workspace.slack.read_file("F1", MOST)
    assert workspace.asked[-1][2] == f"Bearer {TOKEN}"


@pytest.mark.parametrize("size", [MOST + 1, 10])
def test_a_file_that_is_too_large_is_not_taken(workspace: Workspace, size: int) -> None:
    workspace.answers["files.info"] = {
        "ok": True,
        "file": {"size": size, "url_private": workspace.url + workspace.address},
    }
    workspace.file = (200, "text/csv", b"x" * (MOST + 1))
    assert refused(lambda: workspace.slack.read_file("F1", MOST)).code == "file_too_large"


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/list.csv",
        "https://slack.com.evil.example/x",
        "https://evilslack.com/x",
        "https://slack.com@evil.example/x",
        "https://someone:else@slack.com/x",
        "https://evil.example\\@slack.com/x",
        "http://files.slack.com/x",
        "https://slack.com:8443/x",
        "ftp://slack.com/x",
        "/relative",
        "http://[::1",
        "",
    ],
)
def test_the_token_goes_nowhere_but_to_slack(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "get", lambda *_, **__: pytest.fail("asked"))
    error = refused(lambda: slack_files.fetch(address, TOKEN, "https://slack.com/api/", MOST))
    assert error.code == "file_elsewhere"


@pytest.mark.parametrize(
    "address",
    [
        "https://files.slack.com/files-pri/T1-F1/download/list.csv",
        "https://acme.slack.com/files-pri/x",
        "https://slack.com:443/x",
    ],
)
def test_slacks_own_hosts_are_asked(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def get(url: str, **_: Any) -> None:
        asked.append(url)
        raise requests.ConnectionError

    monkeypatch.setattr(requests, "get", get)
    error = refused(lambda: slack_files.fetch(address, TOKEN, "https://slack.com/api/", MOST))
    assert (error.code, asked) == ("slack_file_lost", [address])


@pytest.mark.parametrize(
    "reply",
    [
        (302, "text/plain", b""),
        (200, "text/html; charset=utf-8", b"<html>Sign in</html>"),
        (403, "text/plain", b"no"),
    ],
)
def test_a_page_to_sign_in_is_no_file(workspace: Workspace, reply: Reply) -> None:
    workspace.file = reply
    error = refused(lambda: workspace.slack.read_file("F1", MOST))
    assert isinstance(error, VendorError)
    assert error.missing == "files:read"
    assert workspace.asked[-1][0] == "GET"


def test_without_the_scope_it_is_not_read(workspace: Workspace) -> None:
    workspace.answers["files.info"] = {
        "ok": False,
        "error": "missing_scope",
        "needed": "files:read",
    }
    error = refused(lambda: workspace.slack.read_file("F1", MOST))
    assert "files:read" in str(error.problem)


@pytest.mark.parametrize("reason", ["file_not_found", "file_deleted"])
def test_a_file_deleted_meanwhile(workspace: Workspace, reason: str) -> None:
    workspace.answers["files.info"] = {"ok": False, "error": reason}
    assert refused(lambda: workspace.slack.read_file("F1", MOST)).code == "slack_file_gone"


@pytest.mark.parametrize("status", [404, 410])
def test_a_file_deleted_before_it_was_fetched(workspace: Workspace, status: int) -> None:
    workspace.file = (status, "text/html", b"gone")
    assert refused(lambda: workspace.slack.read_file("F1", MOST)).code == "slack_file_gone"


@pytest.mark.parametrize("status", [429, 500, 503])
def test_slack_has_trouble(workspace: Workspace, status: int) -> None:
    workspace.file = (status, "text/html", b"later")
    error = refused(lambda: workspace.slack.read_file("F1", MOST))
    assert isinstance(error, VendorError)
    assert error.retryable


def test_a_file_that_drips_is_given_up(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slack_files, "PATIENCE_SECONDS", -1.0)
    error = refused(lambda: workspace.slack.read_file("F1", MOST))
    assert "too_slow" in str(error.problem)
