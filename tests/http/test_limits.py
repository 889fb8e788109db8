"""What is too large, too slow, or lies about itself."""

from __future__ import annotations

import socket
import time

import pytest

from bot import http_intake, http_mode
from bot.http_intake import MOST_BYTES
from tests.attacks import Cases
from tests.handlers import payloads
from tests.handlers.runs import ADMIN
from tests.http.conftest import House, Server
from tests.http.door import EVENTS, Visitor, ask, chunked, request, sealed, signed

BROKEN = "bodies over HTTP that are broken, too large, too slow or lie about it"
SHORT = 0.25
PIECE = b"a=" + b"b" * 65_534


@pytest.mark.attack("7", BROKEN)
def test_the_largest_body_that_is_read(house: House) -> None:
    fits = b"payload=" + b"x" * (MOST_BYTES - 8)
    assert ask(house.port, request(sealed(fits), fits)).status == 400, "read, and no payload"
    assert ask(house.port, request(sealed(fits + b"x"), fits + b"x")).status == 413


@pytest.mark.attack("7", BROKEN)
def test_too_large_by_its_own_account(house: House, cases: Cases) -> None:
    for length in ("1048577", "9" * 30, "-1", "1e3", "+5", "0x10", "5, 6"):
        headers = "\r\n".join(f"{name}: {value}" for name, value in sealed(b""))
        with Visitor(house.port) as visitor:
            head = f"POST {EVENTS} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n{headers}"
            visitor.says(head.encode() + b"\r\n\r\n")
            assert visitor.hears().status in {400, 413}, length
            assert visitor.hung_up()
        cases.add()


@pytest.mark.attack("7", BROKEN)
def test_what_grows_while_it_is_read(house: House) -> None:
    with Visitor(house.port) as visitor:
        visitor.says(chunked(sealed(b""), PIECE))
        for _ in range(MOST_BYTES // len(PIECE)):
            visitor.says(b"%x\r\n%s\r\n" % (len(PIECE), PIECE))
        assert visitor.hears().status == 413
        for _ in range(64):
            visitor.says(b"%x\r\n%s\r\n" % (len(PIECE), PIECE))
        assert visitor.hung_up()


@pytest.mark.attack("7", BROKEN)
def test_chunks_are_put_together(house: House) -> None:
    headers, body = signed("slash_commands", payloads.command(ADMIN, "help", "1.1"))
    pieces = [body[at : at + 7] for at in range(0, len(body), 7)]
    assert ask(house.port, chunked(headers, *pieces, b"")).status == 200
    assert ask(house.port, chunked(headers, *pieces[:-1], b"")).status == 401
    assert len(house.arrived) == 1


@pytest.mark.attack("7", BROKEN)
def test_it_says_less_than_it_sends(house: House) -> None:
    """What is too much of it would be the next request; it is none."""
    headers, body = signed("slash_commands", payloads.command(ADMIN, "help", "1.1"))
    raw = request(headers, body + body, length=len(body))
    with Visitor(house.port) as visitor:
        visitor.says(raw)
        assert visitor.hears().status == 200
        visitor.says(b"\r\n\r\n")
        assert visitor.hears().status == 400
        assert visitor.hung_up()
    assert len(house.arrived) == 1


@pytest.mark.attack("7", BROKEN)
def test_it_says_both(house: House) -> None:
    """A length and chunks: one proxy believes the one, the next the other."""
    headers, body = signed("slash_commands", payloads.command(ADMIN, "help", "1.1"))
    raw = chunked([*headers, ("Content-Length", "4")], body, b"")
    with Visitor(house.port) as visitor:
        visitor.says(raw)
        answer = visitor.hears()
        assert answer.status in {200, 400}
        visitor.says(request([], method="GET", path="/health"))
        assert visitor.hung_up() or answer.status == 200
    assert len(house.arrived) <= 1


@pytest.mark.attack("7", BROKEN)
def test_packed_bodies_are_not_unpacked(house: House, cases: Cases) -> None:
    headers, body = signed("slash_commands", payloads.command(ADMIN, "help", "1.1"))
    for name, value in (
        ("Content-Encoding", "gzip"),
        ("Content-Encoding", "identity, gzip"),
        ("Content-Type", "text/plain"),
        ("Content-Type", "multipart/form-data; boundary=x"),
        ("Content-Type", ""),
    ):
        kept = [one for one in headers if one[0] != name]
        assert ask(house.port, request([*kept, (name, value)], body)).status == 415, value
        cases.add()
    assert house.untouched


@pytest.mark.attack("7", BROKEN)
@pytest.mark.parametrize("drip", [False, True], ids=["silent", "dripping"])
def test_a_slow_body(house: House, drip: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_intake, "BODY_SECONDS", SHORT)
    headers, body = signed("slash_commands", payloads.command(ADMIN, "help", "1.1"))
    began = time.monotonic()
    with Visitor(house.port) as visitor:
        visitor.says(request(headers, body)[: -len(body)])
        visitor.socket.settimeout(0.02)
        heard = b""
        for at in range(len(body)):
            if drip:
                visitor.says(body[at : at + 1])
            try:
                heard = visitor.socket.recv(12)
                break
            except TimeoutError:
                continue
        assert heard == b"HTTP/1.1 408"
    assert SHORT <= time.monotonic() - began < 3
    assert house.untouched


@pytest.mark.attack("7", BROKEN)
@pytest.mark.parametrize("before", [0, 1], ids=["first", "second"])
def test_slow_headers(server: Server, before: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_mode, "HEADERS_SECONDS", SHORT)
    began = time.monotonic()
    with Visitor(server.port) as visitor:
        for _ in range(before):
            visitor.says(request([], method="GET", path="/health"))
            assert visitor.hears("GET").status == 200
        visitor.socket.settimeout(0.02)
        for _ in range(100):
            visitor.says(b"G")
            try:
                assert visitor.hung_up()
                break
            except TimeoutError:
                continue
        else:
            pytest.fail("the connection stays open")
    assert SHORT <= time.monotonic() - began < 3


@pytest.mark.attack("7", BROKEN)
def test_a_silent_connection(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_mode, "HEADERS_SECONDS", SHORT)
    with Visitor(server.port) as visitor:
        assert visitor.hung_up()


@pytest.mark.attack("7", BROKEN)
def test_what_is_no_http(house: House, cases: Cases) -> None:
    head = f"POST {EVENTS} HTTP/1.1\r\nHost: x\r\n"
    for raw in (
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x00" * 100,
        head.encode() + b"X: " + b"a" * 20_000 + b"\r\n\r\n",
        head.encode() + b"Broken header\r\n\r\n",
        head.encode() + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        head.encode() + b"Transfer-Encoding: gzip\r\n\r\n",
    ):
        with Visitor(house.port) as visitor:
            visitor.says(raw)
            visitor.socket.shutdown(socket.SHUT_WR)
            heard = visitor.socket.recv(1_000)
            assert heard[:12] in {b"HTTP/1.1 400", b"HTTP/1.1 401", b"HTTP/1.1 404", b""}, raw[:60]
            assert b"uvicorn" not in heard.lower()
        cases.add()
    assert house.untouched
