"""Metrics and health on an address of their own, where they are asked for.

`/metrics` for Prometheus; `/health`: the process lives; `/ready`: it can work, or what is missing.
Nothing in them names a run, a person or an account.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Sequence
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import structlog
from prometheus_client import make_wsgi_app
from prometheus_client.registry import CollectorRegistry

from workflows.errors import SunsetError
from workflows.text import N_

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

log = structlog.get_logger(__name__)
STOP_SECONDS = 5.0
REQUEST_SECONDS = 10.0
"""Whoever asks has to finish asking by then."""


_SERVER = ("Server", "sunset")
"""Which Python answers is nobody's business."""


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Handler(WSGIRequestHandler):
    timeout = REQUEST_SECONDS

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Leave requests out of the log: there is one every few seconds."""


class MetricsServer:
    """A server in a thread of its own; ``port`` is where it listens (0 takes any free one)."""

    def __init__(
        self,
        host: str,
        port: int,
        registry: CollectorRegistry,
        missing: Callable[[], Sequence[str]],
    ) -> None:
        self._missing = missing
        self._metrics = make_wsgi_app(registry)
        try:
            self._server = make_server(host, port, self._answer, _Server, _Handler)
        except OSError as error:
            raise SunsetError(
                "metrics_address",
                N_(
                    "The bot cannot listen on {host}, port {port}: {reason}.",
                    host=host,
                    port=str(port),
                    reason=error.strerror or type(error).__name__,
                ),
                N_("Set SUNSET_METRICS_PORT to a free port, or to nothing for no metrics."),
            ) from error
        self.port = int(self._server.server_port)
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="metrics", daemon=True
        )

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()
        log.info("metrics_listening", port=self.port)

    def stop(self) -> None:
        """End."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join(STOP_SECONDS)
        self._server.server_close()

    def _answer(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        if environ.get("REQUEST_METHOD") not in {"GET", "HEAD"}:
            return _told(start, "405 Method Not Allowed", {"error": "method"})
        match environ.get("PATH_INFO"):
            case "/metrics":

                def begin(status: str, headers: list[tuple[str, str]]) -> Callable[..., object]:
                    return start(status, [*headers, _SERVER])

                answer: Iterable[bytes] = self._metrics(environ, begin)
                return answer
            case "/health":
                return _told(start, "200 OK", {"alive": True})
            case "/ready":
                missing = self._what_is_missing()
                status = "503 Service Unavailable" if missing else "200 OK"
                return _told(start, status, {"ready": not missing, "missing": missing})
        return _told(start, "404 Not Found", {"error": "path"})

    def _what_is_missing(self) -> list[str]:
        try:
            return list(self._missing())
        except Exception:
            log.exception("ready_failed")
            return ["unknown"]


def _told(start: StartResponse, status: str, data: dict[str, object]) -> list[bytes]:
    body = json.dumps(data).encode()
    size = str(len(body))
    start(status, [("Content-Type", "application/json"), ("Content-Length", size), _SERVER])
    return [body]
