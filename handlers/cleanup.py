"""Step 2, the end: the person deletes the Salesforce owners and says so (P2c–e)."""

from __future__ import annotations

from slack_bolt import App

from handlers.actions import Act
from handlers.ports import Services
from handlers.wiring import answering, on_click
from workflows import commands as c


def register(app: App, services: Services) -> None:
    """Say which listener serves what."""
    on_click(app, services, Act.REPORT_OWNERS_DELETED, answering(c.ReportOwnersDeleted))
