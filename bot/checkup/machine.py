"""This machine: the database's directory, the backups' directory, secret files, the clock."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from bot.checkup import database
from bot.checkup.finding import Finding, ok, plain, unknown, warning, wrong
from bot.settings import Settings
from bot.store.chain import fingerprint
from workflows.text import N_

LITTLE = 1 << 30
"""Bytes; a backup of a large package may need more."""
MOST_APART = timedelta(minutes=1)
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_OTHERS_READ = stat.S_IRGRP | stat.S_IROTH
_DOTENV = Path(".env")


def visit(settings: Settings, ahead: Mapping[str, timedelta | None]) -> list[Finding]:
    """Look at everything; *ahead* is how far each service's clock is ahead of this machine's."""
    return [
        _database(settings.sunset_database),
        *_backups(settings.sunset_backups),
        *_secret_files(
            (
                _DOTENV,
                settings.salesforce_private_key_file,
                settings.sunset_audit_signing_key_file,
            )
        ),
        _record(settings.audit_keys),
        _clock(ahead),
    ]


def _database(path: Path) -> Finding:
    check, what = "machine.database", plain("SUNSET_DATABASE")
    try:
        # SQLite writes files beside the database, too.
        writable = _writable(path.parent) and path.parent.is_dir()
        if path.exists():
            writable = writable and path.is_file() and _writable(path)
    except OSError:
        writable = False
    if writable:
        return database.whole(check, what, path)
    return wrong(
        check,
        what,
        N_("The bot cannot write {path}.", path=str(path.absolute())),
        N_("SUNSET_DATABASE must name a file in a directory that the bot may write to."),
    )


def _backups(path: Path) -> Iterator[Finding]:
    check, what = "machine.backups", plain("SUNSET_BACKUPS")
    try:
        place = next(one for one in (path.absolute(), *path.absolute().parents) if one.exists())
        usable = place.is_dir() and _writable(place)
        mode = place.stat().st_mode if place == path.absolute() else 0
        free = shutil.disk_usage(place).free
    except OSError:
        usable, mode, free = False, 0, 0
    if not usable:
        yield wrong(
            check,
            what,
            N_("The bot cannot write backups to {path}.", path=str(path.absolute())),
            N_("SUNSET_BACKUPS must name a directory that the bot may write to or make."),
        )
        return
    remedy = N_("On this machine: chmod 700 {path}", path=str(path.absolute()))
    if mode & _OTHERS_WRITE:
        sentence = N_("Others on this machine can change what is in {path}.", path=str(path))
        yield wrong(check, what, sentence, remedy)
    elif mode & _OTHERS_READ:
        sentence = N_("Others on this machine can see which backups {path} holds.", path=str(path))
        yield warning(check, what, sentence, remedy)
    else:
        yield ok(check, what, plain(str(path.absolute())))
    yield _space(free)


def _space(free: int) -> Finding:
    check, what = "machine.space", N_("free space for backups")
    shown = N_("{size} GB", size=f"{free / 1e9:.1f}")
    if free >= LITTLE:
        return ok(check, what, shown)
    remedy = N_("Make room, or let SUNSET_BACKUPS name a directory on a larger disk.")
    return warning(check, what, shown, remedy)


def _secret_files(paths: Iterable[Path | None]) -> Iterator[Finding]:
    for path in paths:
        try:
            mode = path.stat().st_mode if path else 0
        except OSError:
            continue  # no such file, or its own check tells
        if path and mode & (_OTHERS_READ | _OTHERS_WRITE):
            yield warning(
                f"machine.secret.{path.name}",
                plain(path.name),
                N_("Others on this machine can open this file, which holds a secret."),
                N_("On this machine: chmod 600 {path}", path=str(path.absolute())),
            )


def _record(keys: Sequence[bytes]) -> Finding:
    check, what = "machine.audit_key", plain("SUNSET_AUDIT_KEY")
    if keys:
        return ok(check, what, N_("set; its fingerprint is {key}", key=fingerprint(keys[0])))
    return ok(check, what, N_("none: the record's chain has no key (docs/audit.md makes one)"))


def _clock(ahead: Mapping[str, timedelta | None]) -> Finding:
    check, what = "machine.clock", N_("clock")
    known = {service: by for service, by in ahead.items() if by is not None}
    if not known:
        return unknown(check, what, N_("cannot be told: no service told the time"))
    service, by = max(known.items(), key=lambda one: abs(one[1]))
    if abs(by) <= MOST_APART:
        return ok(check, what, N_("as that of {services}", services=", ".join(known)))
    seconds = int(abs(by).total_seconds())
    sentence = (
        N_("{count} seconds behind that of {service}", count=seconds, service=service)
        if by > timedelta(0)
        else N_("{count} seconds ahead of that of {service}", count=seconds, service=service)
    )
    return wrong(
        check,
        what,
        sentence,
        N_(
            "Set this machine's clock by a time server (NTP): the deadline of the data copy counts "
            "by it, and Salesforce refuses a login that is signed at another time."
        ),
    )


def _writable(path: Path) -> bool:
    return os.access(path, os.W_OK | (os.X_OK if path.is_dir() else 0))
