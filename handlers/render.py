"""Everything the bot's worker posts, as pure functions from a run to a message.

The texts are in :mod:`handlers.views`; this is the one door to them.
"""

from __future__ import annotations

from handlers.i18n import Translator
from handlers.ports import Progress
from handlers.views.messages.audit import audit_line, checkpoint
from handlers.views.messages.card import card
from handlers.views.messages.late import late
from handlers.views.messages.notices import notice
from handlers.views.messages.prompts import closed_prompt, prompt_message
from handlers.views.messages.window import missed_reminders, reminder, scheduled_reminder
from handlers.views.parts import Message
from workflows.run import Run

__all__ = [
    "Message",
    "audit_line",
    "card",
    "checkpoint",
    "closed_prompt",
    "late",
    "missed_reminders",
    "notice",
    "progress_message",
    "prompt_message",
    "reminder",
    "scheduled_reminder",
]


def progress_message(run: Run, tr: Translator, progress: Progress) -> Message:
    """Show the prompt of a running, paused or undone job with its progress."""
    return prompt_message(run, tr, progress)
