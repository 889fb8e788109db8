"""What a service answers is shown to people: without control characters, and without a secret.

A hostile or careless service may send a token back, whole or cut short.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from urllib.parse import quote

from bot.logs import MASK

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]+")
_LOOKS_SECRET = re.compile(
    r"xox[a-z]-[\w-]{8,}"  # Slack
    r"|xapp-[\w-]{8,}"
    r"|pat-[a-z0-9]{2,4}-[\w-]{8,}"  # HubSpot
    r"|00D\w{12,15}![\w.]{8,}"  # a Salesforce session
    r"|eyJ[\w-]{8,}\.[\w-]*(?:\.[\w-]*)?"  # a signed assertion
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
    re.DOTALL,
)
_SHORTEST = 6
"""As for logs: a shorter one would mask words."""
_CUT = 12
_CUT_SESSION = 24
"""So much of the beginning of a cut secret gives it away. A Salesforce session begins with the
org's id, which is none."""


class Mask:
    """Hides the settings' secrets, and whatever looks like one."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._forms = [
            (form, _CUT_SESSION if "!" in secret else _CUT)
            for secret in secrets
            if len(secret) >= _SHORTEST
            for form in (secret, quote(secret, safe=""), json.dumps(secret)[1:-1])
        ]

    def __call__(self, text: str) -> str:
        """Return *text* as it may be shown."""
        for form, cut in self._forms:
            text = _without(text, form, min(cut, len(form)))
        return _CONTROL.sub(" ", _LOOKS_SECRET.sub(MASK, text)).strip()


def _without(text: str, secret: str, least: int) -> str:
    """Replace *secret*, and each beginning of it that has at least so many characters."""
    parts: list[str] = []
    while (place := text.find(secret[:least])) >= 0:
        end = place + least
        while end < len(text) and end - place < len(secret) and text[end] == secret[end - place]:
            end += 1
        parts += [text[:place], MASK]
        text = text[end:]
    return "".join([*parts, text])
