"""Languages: gettext catalogues, dates, numbers and plurals (Babel).

English is the language of the message ids; every other language is a ``sunset.po`` beside it. A
person's own Slack locale decides for modals and ephemeral messages, a setting for channels.
"""

from __future__ import annotations

import gettext
import io
import re
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from babel import Locale
from babel.dates import format_datetime, format_timedelta
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

from workflows.text import Text

LOCALES = Path(__file__).with_name("locales")
LANGUAGES = ("en", "pl")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""Control characters, further line ends, and those that turn the direction of what follows."""


class Translator:
    """Says things in one language. Every text that a person reads goes through one of these."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._locale = Locale.parse(language)
        self._catalogue = _catalogue(language)

    def __call__(self, msgid: str, /, **args: object) -> str:
        """Translate *msgid* and fill in its ``{named}`` places as they are (escape before)."""
        return self._catalogue.gettext(msgid).format_map(args)

    def plural(self, one: str, many: str, count: int, /, **args: object) -> str:
        """Translate by number; ``{count}`` is filled in, written as the language writes it."""
        text = self._catalogue.ngettext(one, many, count)
        return text.format_map({**args, "count": self.number(count)})

    def text(self, text: Text, escape: bool = True) -> str:
        """Translate a :class:`Text`, its arguments escaped for mrkdwn unless told otherwise.

        They are flattened in any case: no argument begins a line or steers a terminal.
        """
        values = {
            name: self.number(value)
            if isinstance(value, int)
            else (escape_outside(value) if escape else flattened(value))
            for name, value in text.args.items()
        }
        return self(text.msgid, **values)

    def number(self, value: int) -> str:
        """Write a number with the language's separators."""
        return format_decimal(value, locale=self._locale)

    def duration(self, value: timedelta) -> str:
        """Write a length of time, rounded to its largest unit: `4 hours`."""
        return format_timedelta(value, locale=self._locale, threshold=1.0)

    def moment(self, value: datetime) -> str:
        """Write a time in Slack's own format: each reader sees it in their own time zone.

        It works in mrkdwn only, which is where every time stands (facts/slack.md). Where it cannot
        be shown so, the fallback stands: in UTC, which it names.
        """
        utc = value.astimezone(UTC)
        fallback = format_datetime(utc, "d MMM y HH:mm 'UTC'", locale=self._locale)
        return f"<!date^{int(value.timestamp())}^{{date_short_pretty}} {{time}}|{fallback}>"


def translator(locale: str) -> Translator:
    """Return the translator for a Slack locale such as `pl-PL`; unknown ones get English."""
    language = locale.replace("_", "-").split("-", 1)[0].lower()
    return _translator(language if language in LANGUAGES else "en")


@cache
def _translator(language: str) -> Translator:
    return Translator(language)


@cache
def _catalogue(language: str) -> gettext.NullTranslations:
    if language == "en":
        return gettext.NullTranslations()
    with (LOCALES / language / "sunset.po").open("rb") as file:
        catalogue = read_po(file, locale=language)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def flattened(text: str) -> str:
    """Make text from outside one line that reads one way: control characters become spaces."""
    return _CONTROL.sub(" ", text)


def escape_outside(text: str) -> str:
    """Escape text from outside for mrkdwn, so that ``<!channel>`` in a name pings nobody.

    These three characters are what Slack asks to escape; control characters become spaces.
    """
    return flattened(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
