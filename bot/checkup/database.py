"""The bot's database, looked at from outside: is it there, whole, ours, and for us alone."""

from __future__ import annotations

import stat
from pathlib import Path

from bot.checkup.finding import Finding, ok, plain, warning, wrong
from bot.errors import StoreError
from bot.store import opening
from bot.store.lock import is_there, lost_of
from bot.store.trouble import ERRORS
from workflows.text import N_, Text

CHECK_SECONDS = 5.0
"""Somebody is waiting; a database of a gigabyte is looked through in that time."""


def whole(check: str, what: Text, path: Path) -> Finding:
    """Look at the database at *path*, which may be written; nothing is changed."""
    missing = lost_of(path.resolve())
    if missing is not None:
        return wrong(check, what, missing.problem, missing.remedy)
    shown = plain(str(path.absolute()))
    if not is_there(path):
        return ok(check, what, shown)
    try:
        opening.examine(path.resolve(), CHECK_SECONDS)
    except StoreError as error:
        return wrong(check, what, error.problem, error.remedy)
    except ERRORS as error:
        refused = opening.refusal(path, error)
        return wrong(check, what, refused.problem, refused.remedy)
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        return warning(
            check,
            what,
            N_("Others on this machine can open {path}.", path=str(path)),
            N_("On this machine: chmod 600 {path}", path=str(path)),
        )
    return ok(check, what, shown)
