"""One walk from its beginning to its end, with a bot of whatever fate."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.client import Page
from sandbox.servers import Sandbox
from tests.death.mortal import Fate, Mortal
from tests.death.stage import Stage, serving
from tests.death.traces import Trace, trace
from tests.death.walks import Walk

SETTINGS = {
    "sunset_poll_interval": "PT1S",
    "sunset_sync_quiet": "PT1S",
    "sunset_reminders": "PT24H,PT4H,PT1H",
}


@dataclass(frozen=True)
class Walked:
    """What a walk left behind, the failpoints that were written down, and how often it died."""

    trace: Trace
    told: list[str]
    deaths: int


def walked(walk: Walk, directory: Path, fate: Fate) -> Walked:
    """Go a walk to its end.

    Raises:
        Stuck: it does not go on.
    """
    directory.mkdir()
    with serving(walk.scenario(), directory / "tls") as sandbox:
        # Restarts come faster than Slack's limits would let them.
        sandbox.slack.limits.take = lambda *_: None  # type: ignore[method-assign]  # said above
        settings = _settings(sandbox, directory) | dict(walk.settings)
        with _living(settings, directory / "failpoints", fate) as bot:
            stage = Stage(sandbox, bot, directory / "sunset.db", Page(f"{sandbox.slack_url}/"))
            try:
                stage.wait(lambda: sandbox.slack.sockets.connected, "the bot's connection")
                walk.go(stage)
                stage.rests()
                return Walked(trace(stage), bot.told(), bot.deaths)
            finally:
                stage.close()


def _settings(sandbox: Sandbox, directory: Path) -> dict[str, Any]:
    told = sandbox.environment().items()
    own = {name.lower(): value for name, value in told if not name.startswith("SANDBOX_")}
    places = {
        "sunset_database": directory / "sunset.db",
        "sunset_backups": directory / "backups",
    }
    return own | SETTINGS | places


@contextmanager
def _living(settings: dict[str, Any], told: Path, fate: Fate) -> Iterator[Mortal]:
    bot = Mortal(settings, told, fate)
    bot.start()
    try:
        yield bot
    finally:
        bot.stop()
    assert not bot.wrong, bot.wrong
