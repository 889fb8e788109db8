"""Step 3, the removal: by a person in Salesforce Setup, or by the bot (P3a–f)."""

from __future__ import annotations

from slack_bolt import App

from handlers.actions import Act
from handlers.ports import Services
from handlers.wiring import answering, on_click
from workflows import commands as c


def register(app: App, services: Services) -> None:
    """Say which listener serves what."""
    on_click(app, services, Act.REPORT_UNINSTALLED, answering(c.ReportUninstalled))
    on_click(app, services, Act.REMOVE_BY_BOT, answering(c.RemoveByBot))
