"""Values as an enemy would have them: every free text hostile, and as long as texts can be.

What is no free text stays: ids that the rules compare, states, choices, times and numbers.
"""

from __future__ import annotations

import re
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel

from workflows.text import Text
from workflows.values import CORE_OBJECTS, OTHER_OBJECTS

PINGS = ("<!channel>", "<!here", "<@U0EVIL>", "<#C0EVIL", "<https://evil", "<!date^", "<!subteam")
EVIL = (
    "<!channel> <!here|x> <@U0EVIL> <#C0EVIL> <https://evil.example|click> <!subteam^S0> "
    "<!date^0^{date}|now> &lt;!channel&gt; *bold* _it_ ~no~ `code` ```\n"
    "`run-1` *#99* · <@U0ANNA> · approved \x1b[31m\x07\x9b2J\u202e\u2066 {name} {0.__class__} %s "
    "=1+1 ' OR '1'='1 "
)
LONG = EVIL + "Ł" * 700
KEPT = frozenset({"type", "code", "run_id", "id", "job", "key", "action", "version", "digest"})
"""Fields of ids and codes that the bot made itself, or that a vendor's adapter has checked."""
_KNOWN = frozenset({*CORE_OBJECTS, *OTHER_OBJECTS, "P0a", "P0b", "P0c"})
_DIGEST = re.compile(r"[0-9a-f]{12,64}(\.[0-9a-f]+)?")
"""What the bot computed itself."""
_PEOPLE = frozenset({"requester", "responsible", "approvers", "eligible_approvers", "votes", "by"})


def poisoned(value: Any, *, people: bool = False, text: str = LONG) -> Any:
    """Return *value* with every free text replaced; *people*: Slack user ids too."""
    if isinstance(value, Text):
        args = {name: text if isinstance(one, str) else one for name, one in value.args.items()}
        return value.model_copy(update={"args": args})
    if isinstance(value, BaseModel):
        return value.model_copy(
            update={
                name: poisoned(getattr(value, name), people=people, text=text)
                for name, field in type(value).model_fields.items()
                if not _kept(name, field.annotation, people)
            }
        )
    if type(value) is str:
        own = not value or value in _KNOWN or _DIGEST.fullmatch(value)
        return value if own else text
    if isinstance(value, tuple):
        return tuple(poisoned(one, people=people, text=text) for one in value)
    if isinstance(value, dict):
        return {key: poisoned(one, people=people, text=text) for key, one in value.items()}
    return value


def _kept(name: str, annotation: Any, people: bool) -> bool:
    own = name in KEPT or name.endswith(("_id", "_digest", "sha256"))
    return own or (name in _PEOPLE and not people) or _choices(annotation)


def _choices(annotation: Any) -> bool:
    """Say whether an annotation allows for certain texts only."""
    if get_origin(annotation) is Literal:
        return True
    if isinstance(annotation, type):
        return issubclass(annotation, str) and annotation is not str
    return any(map(_choices, get_args(annotation)))
