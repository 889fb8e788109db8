"""The manifest of a finished backup, and its own hash beside it."""

from __future__ import annotations

import hashlib
import re

from pydantic import ValidationError

from bot.backup.files import Folder
from bot.backup.values import Manifest

NAME = "manifest.json"
SUM = "manifest.json.sha256"
README = "README.md"
_SUM_LINE = re.compile(rb"([0-9a-f]{64})  manifest\.json\n?\Z")


def write(folder: Folder, manifest: Manifest) -> str:
    """Write the manifest and its hash, in the form that ``sha256sum --check`` reads."""
    data = (manifest.model_dump_json(indent=2) + "\n").encode()
    digest = hashlib.sha256(data).hexdigest()
    folder.write(NAME, data)
    folder.write(SUM, f"{digest}  {NAME}\n".encode())
    return digest


def read(data: bytes) -> Manifest | None:
    """Return the manifest that *data* holds, or None if it is none."""
    try:
        return Manifest.model_validate_json(data)
    except ValidationError:
        return None


def told_digest(data: bytes) -> str:
    """Return the hash that lies beside the manifest; empty if that is not one."""
    match = _SUM_LINE.match(data)
    return match[1].decode() if match else ""
