"""The yardstick: a Bolt app with one empty listener, run as `python -m bench.bare`.

Its Bolt, its Socket Mode handler and the sizes of its thread pools are Sunset's; it does nothing
with a click but acknowledge it. `--imports FILE` names modules, one a line, that it imports first.
"""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from slack_bolt import Ack, App
from slack_bolt.adapter.socket_mode.websocket_client import SocketModeHandler
from slack_sdk import WebClient

LISTENERS = 32
SOCKET_THREADS = 32
"""Sunset's numbers (bot/program.py); tests/bench compares them."""
ACTION = "approve"


def build(executor: ThreadPoolExecutor) -> App:
    """Return the app."""
    client = WebClient(
        token=os.environ["SLACK_BOT_TOKEN"], base_url=os.environ["SLACK_API_URL"], timeout=15
    )
    app = App(client=client, token_verification_enabled=False, listener_executor=executor)

    @app.action(ACTION)
    def acknowledge(ack: Ack) -> None:
        ack()

    return app


def main() -> int:
    """Run until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m bench.bare")
    parser.add_argument("--imports", type=Path)
    chosen: Path | None = parser.parse_args().imports
    if chosen is not None:
        for name in chosen.read_text(encoding="utf-8").split():
            # Some names exist only inside the package that makes them up (six.moves).
            with suppress(ImportError):
                importlib.import_module(name)
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    executor = ThreadPoolExecutor(LISTENERS)
    handler = SocketModeHandler(
        build(executor),
        os.environ["SLACK_APP_TOKEN"],
        web_client=WebClient(base_url=os.environ["SLACK_API_URL"], timeout=15),
        concurrency=SOCKET_THREADS,
    )
    handler.client.connect()
    sys.stderr.write("ready\n")
    sys.stderr.flush()
    while not stopped.wait(1.0):
        pass
    # Its client takes up to ten seconds to close; nothing here is worth waiting for.
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
