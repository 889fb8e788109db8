"""Sentences that can be translated later: a message id with its arguments.

The rules name *what* is said; which language it is said in is decided where it is shown
(:mod:`handlers.i18n`). ``N_`` is the keyword that Babel extracts message ids by.
"""

from __future__ import annotations

from workflows.base import Value


class Text(Value):
    """An English sentence with ``{named}`` places, and the values for them.

    Arguments are data from outside: they are escaped where the sentence is rendered, never here.
    """

    msgid: str
    args: dict[str, str | int] = {}

    def __str__(self) -> str:
        return self.msgid.format_map(self.args)


def N_(msgid: str, /, **args: str | int) -> Text:  # noqa: N802 - gettext's own name
    """Mark *msgid* for translation and bind its arguments."""
    return Text(msgid=msgid, args=args)
