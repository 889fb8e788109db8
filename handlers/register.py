"""Which listener serves which command, click, modal and event: the table of contents."""

from __future__ import annotations

from slack_bolt import App

from handlers import (
    acknowledgement,
    approval,
    cleanup,
    command,
    control,
    data_copy,
    disconnect,
    home,
    owners,
    paging,
    reassign,
    removal,
    start,
    window,
    wiring,
)
from handlers.ports import Services


def register(app: App, services: Services) -> None:
    """Let *app* listen to everything that Sunset understands."""
    acknowledgement.register(app, services.acknowledged)
    wiring.register_errors(app, services)
    for module in (
        command,
        home,
        start,
        approval,
        disconnect,
        owners,
        reassign,
        cleanup,
        data_copy,
        removal,
        window,
        control,
        paging,
    ):
        module.register(app, services)
    control.register_unknown(app, services)
