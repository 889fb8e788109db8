"""The bot scopes that the Slack app asks for, and what goes missing without each.

The same as in ``manifest.yml``; a test holds the two equal.
"""

from __future__ import annotations

from dataclasses import dataclass

from workflows.text import N_, Text

USERS = "users:read"
EMAILS = "users:read.email"
GROUPS = "usergroups:read"
PUBLIC_HISTORY = "channels:history"
PRIVATE_HISTORY = "groups:history"


@dataclass(frozen=True)
class SlackScope:
    """A bot scope; ``needed`` is false where the bot goes on and says what it does without."""

    name: str
    without: Text
    needed: bool = False


SLACK_SCOPES: tuple[SlackScope, ...] = (
    SlackScope(
        "commands",
        N_("Without it /uninstall-salesforce does not exist: no run can be started."),
        needed=True,
    ),
    SlackScope(
        "chat:write",
        N_("Without it the bot can post neither runs nor audit lines nor reminders."),
        needed=True,
    ),
    SlackScope(
        USERS,
        N_("Without it Slack cannot confirm who anybody is, and then nobody has any rights."),
        needed=True,
    ),
    SlackScope(
        "im:write",
        N_("Without it nobody gets a reminder as a direct message."),
        needed=True,
    ),
    SlackScope(
        EMAILS,
        N_("Without it the requester cannot be compared with HubSpot's super admins (P0b)."),
    ),
    SlackScope(
        GROUPS,
        N_("Without it user groups in SUNSET_ADMINS and SUNSET_APPROVERS count for nobody."),
    ),
    SlackScope(
        PUBLIC_HISTORY,
        N_(
            "Without it the bot cannot look whether a message is there before it posts it again, "
            "in public channels."
        ),
    ),
    SlackScope(
        PRIVATE_HISTORY,
        N_(
            "Without it the bot cannot look whether a message is there before it posts it again, "
            "in private channels."
        ),
    ),
    SlackScope(
        "im:history",
        N_(
            "Without it the bot cannot look whether a reminder is there before it sends it again, "
            "in direct messages."
        ),
    ),
    SlackScope(
        "files:write",
        N_("Without it the list of owners and the results of a job do not come as files."),
    ),
    SlackScope(
        "files:read",
        N_("Without it the bot cannot read the list of owners that somebody filled in."),
    ),
)
