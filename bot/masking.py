"""Secrets, and how they are kept out of everything that is written: hidden in each form they take.

A secret may come back as it is, in a URL, in JSON, in Basic authentication, in a traceback, cut
short, or broken over two lines. :data:`SECRETS` knows those of this process.
"""

from __future__ import annotations

import base64
import html
import json
import re
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

from pydantic import BaseModel, SecretStr

MASK = "[secret]"
SHORTEST = 6
"""A shorter one would mask words; the settings take none below eight characters."""
CUT = 12
CUT_SESSION = 24
"""So much of the beginning of a cut secret gives it away. A Salesforce session begins with the
org's id, which is none."""
MOST = 400
"""What is learned last is kept: sessions end, and are renewed."""

MOST_PASSING, LONGEST_PASSING = 64, 500

_LOOKS_SECRET = re.compile(
    r"xox[a-z]-[\w-]{8,}"  # Slack
    r"|xapp-[\w-]{8,}"
    r"|https://hooks\.slack\.com/[^\s\"'<>\\]+"  # a response_url
    r"|https://files\.slack\.com/[^\s\"'<>\\]+"
    r"|\b\d{3,16}\.\d{3,16}\.[0-9a-f]{16,32}\b"  # a trigger_id
    r"|\bv0=[0-9a-f]{64}"  # Slack's signature
    r"|pat-[a-z0-9]{2,4}-[\w-]{8,}"  # HubSpot
    r"|00D\w{12,15}(?:!|%21)[\w.%]{8,}"  # a Salesforce session
    r"|eyJ[\w-]{8,}\.[\w-]*(?:\.[\w-]*)?"  # a signed assertion
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
    re.DOTALL,
)
_GIVEN = re.compile(
    r"(?i)(\b(?:Bearer|Basic)\s+(?=\S*\d)|\b(?:access_token|refresh_token|client_secret|assertion|password)"
    r"(?:\\?[\"'])?\s*[:=]\s*(?:\\?[\"'])?)([^\s\"'&,;}\\\[]{6,})"
)
"""What stands after one of these words is a secret, whatever it looks like."""
_BREAK = re.compile(r"[\"']?[ \t]*(?:\r?\n|\\n)[ \t|│]*[\"']?")
"""How a long text is broken over two lines."""


class Mask:
    """Hides the secrets that it was told, and whatever looks like one."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, tuple[tuple[str, str], ...]] = {}
        self._forms: tuple[tuple[str, tuple[str, ...]], ...] = ()
        """Beginnings that give a secret away, longest first, each with the forms that begin so."""
        self._passing: deque[str] = deque(maxlen=MOST_PASSING)
        self.learn(*secrets)

    def learn(self, *secrets: str) -> None:
        """Hide these, too, from now on."""
        new = {one: tuple(_begun(one)) for one in secrets if len(one) >= SHORTEST}
        with self._lock:
            if new.keys() <= self._known.keys():
                return
            self._known |= new
            for old in list(self._known)[:-MOST]:
                del self._known[old]
            begun: dict[str, set[str]] = {}
            for known in self._known.values():
                for beginning, form in known:
                    begun.setdefault(beginning, set()).add(form)
            ordered = sorted(begun.items(), key=lambda one: -len(one[0]))
            self._forms = tuple((beginning, tuple(every)) for beginning, every in ordered)

    def learn_passing(self, payload: Any) -> None:
        """Hide for a while what a payload of Slack's lets whoever has it do as the bot."""
        if not isinstance(payload, Mapping):
            return
        for name in ("response_url", "trigger_id"):
            value = payload.get(name)
            if isinstance(value, str) and SHORTEST <= len(value) <= LONGEST_PASSING:
                self._passing.append(value)

    def __call__(self, text: str) -> str:
        """Return *text* without a secret."""
        for passing in tuple(self._passing):
            text = text.replace(passing, MASK)
        text = self._unbroken(self._without(text))
        return _GIVEN.sub(rf"\1{MASK}", _LOOKS_SECRET.sub(MASK, text))

    def _unbroken(self, text: str) -> str:
        """Look at a text of several lines as one: where that shows a secret, it stays one line."""
        joined = _BREAK.sub("", text)
        if joined == text:
            return text
        hidden = self._without(joined)
        return text if hidden == joined else hidden

    def _without(self, text: str) -> str:
        """Replace each form, and each beginning of one that gives it away."""
        for beginning, every in self._forms:
            place = text.find(beginning)
            while place >= 0:
                end = max(place + _alike(text[place:], form) for form in every)
                text = f"{text[:place]}{MASK}{text[end:]}"
                place = text.find(beginning, place + len(MASK))
        return text


SECRETS = Mask()
"""Those of this process: of its settings, and the sessions that it got by them."""


def secrets_of(settings: BaseModel) -> list[str]:
    """Return every secret of the settings, those in key files among them."""
    found: list[str] = []
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, SecretStr):
            secret = value.get_secret_value()
            found += [secret, *(part.strip() for part in secret.split(",") if "," in secret)]
        elif isinstance(value, Path) and name.endswith("_key_file"):
            found += _lines(value)
    return found


def _lines(path: Path) -> list[str]:
    """Return the lines of a private key: a traceback may show one of them alone."""
    try:
        lines = path.read_text("ascii").splitlines()
    except (OSError, ValueError):  # whoever needs it says so
        return []
    return [line.strip() for line in lines if not line.startswith("-----")]


def _begun(secret: str) -> Iterator[tuple[str, str]]:
    """Yield each form of a secret, after the beginning of it that gives it away."""
    organisation, _, session = secret.partition("!")
    if len(session) >= SHORTEST and len(organisation) in {15, 18}:
        yield from _begun(session)
    cut = CUT_SESSION if "!" in secret else CUT
    for form in forms(secret):
        yield form[:cut], form


def forms(secret: str) -> set[str]:
    """Return a secret as it is, and as it looks in URLs, JSON, reprs, pages, hex and base64."""
    raw = secret.encode()
    quoted = {quote(secret, safe=""), quote(secret), quote_plus(secret)}
    in_json = {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    found = {
        secret,
        *quoted,
        *(re.sub("%[0-9A-F]{2}", lambda one: one[0].lower(), text) for text in quoted),
        *in_json,
        *(json.dumps(text)[1:-1] for text in in_json),
        repr(secret)[1:-1],
        repr(raw)[2:-1],
        html.escape(secret),
        raw.hex(),
        raw.hex().upper(),
        *_base64(raw),
    }
    return {form for form in found if len(form) >= SHORTEST}


def _base64(raw: bytes) -> Iterator[str]:
    """Yield what a secret becomes inside something longer: it may begin at any of three places."""
    for before in range(3):
        padded = b"\0" * before + raw
        whole = len(padded) // 3 * 3
        first = -(-before * 8 // 6)
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield encode(padded[:whole]).decode()[first:]
            if not before:
                yield encode(raw).decode()


def _alike(text: str, form: str) -> int:
    """Return with how many characters both begin."""
    pairs = zip(text, form, strict=False)
    return next(
        (at for at, (one, other) in enumerate(pairs) if one != other), min(len(text), len(form))
    )
