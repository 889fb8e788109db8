"""People's names, for a report: asked of Slack when it is made, and never recorded."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from bot.errors import VendorError
from bot.vendors.slack import Slack

log = structlog.get_logger(__name__)


def names_of(slack: Slack, ids: Sequence[str]) -> dict[str, str]:
    """Return the names of those whom Slack knows; a report names the others by their ids."""
    found: dict[str, str] = {}
    for one in ids:
        try:
            found[one] = slack.profile(one).name
        except VendorError as error:
            log.info("name_unknown", user=one, code=error.code)
            if error.retryable or error.missing:
                # Slack is away, or does not tell: nor will it of the others.
                break
    return {one: name for one, name in found.items() if name}
