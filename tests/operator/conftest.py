"""The bot for whoever operates it."""

from __future__ import annotations

from tests.bot.conftest import _quiet_deaths, _quiet_logs, rig
from tests.bot.test_cli import sunset
from tests.bot.test_program import office

__all__ = ["_quiet_deaths", "_quiet_logs", "office", "rig", "sunset"]
