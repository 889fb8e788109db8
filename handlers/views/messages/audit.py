"""One line for each event in the audit channel, and the checkpoints of approvers."""

from __future__ import annotations

from handlers.i18n import Translator
from handlers.ports import AuditEntry
from handlers.views.describe import describe
from handlers.views.parts import Message, actor, clip, message, outside, section
from workflows.events import Recorded
from workflows.run import Run

HASH_CHARACTERS = 16
"""Of a hash in a line; the whole of it is in the message's metadata."""
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
        hash=f"`{entry.hash[:HASH_CHARACTERS]}`",
    )
    return message(line, section(line))


def checkpoint(run: Run, last: Recorded, last_hash: str, tr: Translator) -> Message:
    """Tell an approver where a run's history ends, so that nobody can shorten or rewrite it."""
    line = tr(
        "Checkpoint of `{run}`: event *#{number}*, {when}, hash `{hash}`. Keep this message: it "
        "proves later that nothing before it was changed (`sunset audit verify`).",
        run=outside(run.id, 64),
        number=last.seq,
        when=tr.moment(last.at),
        hash=last_hash,
    )
    return message(line, section(line))
