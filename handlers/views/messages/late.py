"""What the thread says when Slack had not answered for a while."""

from __future__ import annotations

from datetime import datetime

from handlers.i18n import Translator
from handlers.views.parts import Message, message, section


def late(since: datetime, tr: Translator) -> Message:
    """Say that what the thread tells since *since* came late."""
    text = tr(
        "🐌 Slack did not answer for a while: what Sunset had to say here since {when} came late. "
        "Nothing was skipped.",
        when=tr.moment(since),
    )
    return message(text, section(text))
