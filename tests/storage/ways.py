"""How the database is attacked, in the words of docs/reliability.md."""

from __future__ import annotations

FULL = "the disk is full for a while: at a click, an effect's end, the ledger, a timer, an upgrade"
HELD = (
    "the database is held by another program, read-only, moved, deleted or replaced while the bot "
    "runs; a second bot is started on it"
)
FORMER = "a database of every former schema with a run in the middle; the upgrade is killed"
RESTORED = "an older copy of the database is put back"
OPENED = (
    "the database is none, another program's, cut short, damaged, lost, open to others; whoever "
    "clicks meets each kind of trouble with it"
)
