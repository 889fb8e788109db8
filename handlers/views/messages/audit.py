"""One line for each event in the audit channel."""

from __future__ import annotations

from handlers.i18n import Translator
from handlers.ports import AuditEntry
from handlers.views import words
from handlers.views.describe import describe
from handlers.views.parts import Message, actor, clip, message, outside, section

_MOST = 600
"""Characters of what happened; the whole of it is in the record."""


def audit_line(entry: AuditEntry, run_id: str, tr: Translator) -> Message:
    """Write number, time, actor, what happened, and the beginning of the hash."""
    recorded = entry.recorded
    line = tr(
        "`{run}` *#{number}* {when} · {who} · {what} · {hash}",
        run=outside(run_id, 64),
        number=recorded.seq,
        when=tr.moment(recorded.at),
        who=actor(recorded.actor, tr),
        what=clip(describe(recorded.event, tr).replace("\n", " "), _MOST),
        hash=words.short(entry.hash),
    )
    return message(line, section(line))
