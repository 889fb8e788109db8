"""Reports of histories, and of the bot at work with simulated vendors."""

from __future__ import annotations

from tests.bot.conftest import _quiet_deaths, _quiet_logs, in_order, rig

__all__ = ["_quiet_deaths", "_quiet_logs", "in_order", "rig"]
