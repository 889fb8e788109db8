"""What a service answers is shown to people: without control characters, and without a secret.

A hostile or careless service may send a token back, whole or cut short.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from bot import masking

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]+")


class Mask:
    """Hides the settings' secrets, and whatever looks like one."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._mask = masking.Mask(secrets)

    def __call__(self, text: str) -> str:
        """Return *text* as it may be shown."""
        return _CONTROL.sub(" ", self._mask(text)).strip()
