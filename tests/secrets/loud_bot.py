"""`python -m tests.secrets.loud_bot`: the bot on the sandbox's clock, with all that libraries say.

In earnest they never speak below WARNING; here everything they could say goes through the log.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable

from bot import logs
from bot.cli import serve
from bot.clocks import RemoteClock
from bot.settings import load_settings

READY = "BOT_READY"
LIBRARIES = ("slack_sdk", "slack_bolt", "urllib3", "requests", "simple_salesforce", "hubspot")


def main() -> None:
    """Serve until a signal comes; tell when it listens."""
    configure = logs.configure_logs

    def loudly(level: str, secrets: Iterable[str]) -> None:
        configure(level, secrets)
        logging.getLogger().setLevel(logging.DEBUG)
        for name in LIBRARIES:
            logging.getLogger(name).setLevel(logging.DEBUG)

    logs.configure_logs = loudly
    clock = RemoteClock(os.environ["SANDBOX_CLOCK_URL"])
    settings = load_settings(env_file=None, listening=True)
    serve(settings, clock, ready=lambda: print(READY, flush=True))  # noqa: T201


if __name__ == "__main__":
    main()
