"""Every code of trouble with the database stands in docs/operations.md, and no other."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
CODE = re.compile(r"\b((?:store|copy|database)_[a-z_]+|history_damaged|audit_key_missing)\b")
EVENTS = {
    "store_failed",
    "store_recovered",
    "store_rights_tightened",
    "store_checked_in_part",
    "store_log_was_deleted",
}
"""Of the log."""


def test_every_code_is_explained() -> None:
    sources = [*(ROOT / "bot" / "store").glob("*.py"), ROOT / "bot" / "restore.py"]
    used = {
        code
        for path in sources
        for text in re.findall(r'"([a-z_]+)"', path.read_text(encoding="utf-8"))
        for code in CODE.findall(text)
    }
    told = set(CODE.findall((ROOT / "docs" / "operations.md").read_text(encoding="utf-8")))
    assert told - used == set()
    assert used - told <= {"store_upgraded"}
    assert told >= EVENTS
