"""`python -m tests.e2e.remote_bot`: the bot as it runs in earnest, on the sandbox's clock."""

from __future__ import annotations

import os

from bot.cli import serve
from bot.clocks import RemoteClock
from bot.settings import load_settings

READY = "BOT_READY"


def main() -> None:
    """Serve until a signal comes; tell when it listens."""
    clock = RemoteClock(os.environ["SANDBOX_CLOCK_URL"])
    serve(load_settings(env_file=None), clock, ready=lambda: print(READY, flush=True))  # noqa: T201


if __name__ == "__main__":
    main()
