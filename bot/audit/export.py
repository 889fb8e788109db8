"""The record for outsiders: JSON Lines and CSV, signed with Ed25519.

The signature is over the file's bytes, in a file of its own beside it; docs/audit.md has the ten
lines that check it with nothing but the public key.
"""

from __future__ import annotations

import csv
import io
import json
import os
import stat
from collections.abc import Iterable
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from bot.store.base import Link
from handlers.tables import guarded
from workflows.digest import canonical
from workflows.errors import SunsetError
from workflows.text import N_, Text

COLUMNS = ("run", "seq", "at", "actor_kind", "actor", "type", "event", "prev", "hash")


class ExportError(SunsetError):
    """The record could not be exported; nothing is left behind."""


def json_lines(history: Iterable[tuple[str, Link]]) -> str:
    """Return one JSON object a line for each event: as stored, with its place in the chain."""
    lines = []
    for run_id, item in history:
        line = {"run": run_id, **item.recorded.model_dump(mode="json")}
        lines.append(json.dumps({**line, "prev": item.prev, "hash": item.hash}, ensure_ascii=False))
    return "".join(f"{line}\n" for line in lines)


def table(history: Iterable[tuple[str, Link]]) -> str:
    """Return the same as CSV; the event itself is JSON in one cell, and no cell is a formula."""
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    for run_id, item in history:
        recorded = item.recorded
        event = canonical(recorded.event.model_dump(mode="json"))
        cells = (
            run_id,
            str(recorded.seq),
            recorded.at.isoformat(),
            recorded.actor.kind,
            recorded.actor.id,
            recorded.event.type,
            event,
            item.prev,
            item.hash,
        )
        writer.writerow([guarded(cell) for cell in cells])
    return file.getvalue()


def write_signed(path: Path, content: bytes, key: Ed25519PrivateKey) -> tuple[Path, Path]:
    """Write *content*, its signature and the public key; return the paths of the last two.

    Raises:
        ExportError: one of the files is there already, or cannot be written.
    """
    signature, public = path.with_name(f"{path.name}.sig"), path.with_name(f"{path.name}.pub")
    whole = ((path, content), (signature, key.sign(content)), (public, public_pem(key)))
    made: list[Path] = []
    try:
        for target, data in whole:
            _write_new(target, data)
            made.append(target)
    except BaseException:
        for target in made:
            target.unlink(missing_ok=True)
        raise
    return signature, public


def make_key(path: Path) -> Ed25519PrivateKey:
    """Write a new private key, for its owner alone; return it.

    Raises:
        ExportError: the file is there already, or cannot be written.
    """
    key = Ed25519PrivateKey.generate()
    _write_new(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return key


def load_key(path: Path) -> Ed25519PrivateKey:
    """Read the private key.

    Raises:
        ExportError: it cannot be read, is no Ed25519 key, or others may read it too.
    """
    try:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise _refused(
                "key_exposed",
                N_("Others may read the signing key {path}.", path=str(path)),
                N_("Keep it for yourself: chmod 600."),
            )
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _no_key(path) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise _no_key(path)
    return key


def public_pem(key: Ed25519PrivateKey) -> bytes:
    """Return the public key as PEM."""
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _write_new(path: Path, data: bytes) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise _refused(
            "export_exists",
            N_("{path} is there already; nothing is overwritten.", path=str(path)),
            N_("Name a file that does not exist yet."),
        ) from error
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        path.unlink(missing_ok=True)
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> ExportError:
    return _refused(
        "export_unwritable",
        N_("{path} cannot be written: {reason}.", path=str(path), reason=str(error.strerror)),
        N_("Choose a directory that you may write to, on a disk with room."),
    )


def _no_key(path: Path) -> ExportError:
    return _refused(
        "no_signing_key",
        N_("{path} holds no Ed25519 private key that can be read.", path=str(path)),
        N_("`sunset audit keygen FILE` makes one; SUNSET_AUDIT_SIGNING_KEY_FILE names it."),
    )


def _refused(code: str, problem: Text, remedy: Text) -> ExportError:
    return ExportError(code, problem, remedy)
