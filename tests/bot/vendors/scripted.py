"""A tiny HTTP server that answers what a test says, for shapes that no sandbox would make."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Reply = tuple[int, Any] | tuple[int, Any, dict[str, str]] | None
"""Status, content and headers; None hangs up without an answer."""


@dataclass
class Asked:
    """One request that came in."""

    method: str
    path: str
    body: Any


@dataclass
class Script:
    """What the server answers (``answer``), and what it was asked."""

    answer: Callable[[Asked], Reply]
    asked: list[Asked] = field(default_factory=list)
    url: str = ""


@contextmanager
def scripted(answer: Callable[[Asked], Reply]) -> Iterator[Script]:
    script = Script(answer)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body leave together
        disable_nagle_algorithm = True  # long bodies do not wait for acknowledgements

        def _serve(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            asked = Asked(self.command, self.path, json.loads(raw) if raw else None)
            script.asked.append(asked)
            reply = script.answer(asked)
            if reply is None:
                self.close_connection = True
                return
            status, content, *more = reply
            body = content if isinstance(content, bytes) else json.dumps(content).encode()
            self.send_response(status)
            for name, value in (more[0] if more else {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            self._serve()

        def do_POST(self) -> None:
            self._serve()

        def log_message(self, *args: Any) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    script.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield script
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
