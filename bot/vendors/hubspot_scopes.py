"""The scopes that the HubSpot token needs, what goes missing without each, and which it has.

HubSpot tells a private-app token's scopes at ``/oauth/v2/private-apps/get/access-token-info``
(developers.hubspot.com, "Private apps", "Validate your access token"). That it tells those of a
service key too is not documented; others have seen it do so. So it is asked for any token, and
"it does not tell" is an answer.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from pydantic import Field

from bot.errors import VendorError
from bot.vendors.hubspot_errors import Said
from bot.vendors.hubspot_http import HubSpotClient
from bot.vendors.hubspot_owners import USERS_SCOPE
from workflows.text import N_, Text
from workflows.values import CORE_OBJECTS

TOKEN_INFO = "/oauth/v2/private-apps/get/access-token-info"  # noqa: S105 - an address
OWNERS_SCOPE = "crm.objects.owners.read"
CUSTOM_SCHEMAS = "crm.schemas.custom.read"
CUSTOM_READ, CUSTOM_WRITE = "crm.objects.custom.read", "crm.objects.custom.write"
TICKETS = "tickets"

_NOT_TOLD = frozenset(
    {
        "hubspot_unauthorized",
        "hubspot_missing_scope",
        "hubspot_not_found",
        "hubspot_refused",
        "hubspot_refused_altogether",
    }
)
"""What a token of a kind that HubSpot does not tell about can be answered with."""


@dataclass(frozen=True)
class HubSpotScope:
    """A scope; ``needed`` is false where the bot goes on and says what it does without.

    ``instead`` are scopes of which each is as good. ``writes``: only the first write can show
    whether it is granted, if HubSpot does not tell.
    """

    name: str
    without: Text
    needed: bool = False
    instead: tuple[str, ...] = ()
    writes: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The scope's name, and those of others that are as good."""
        return (self.name, *self.instead)

    def among(self, scopes: Collection[str]) -> bool:
        """Say whether one of *scopes* is it, or as good."""
        return any(name in scopes for name in self.names)


@dataclass(frozen=True)
class TokenInfo:
    """What HubSpot tells of a token: of which account it is, and its scopes."""

    portal_id: str
    scopes: frozenset[str]


class _Info(Said):
    portal_id: str = Field(alias="hubId")
    scopes: frozenset[str]


def _core() -> tuple[HubSpotScope, ...]:
    read = N_("Without it the bot can neither count nor reassign these records (P2b).")
    write = N_("Without it the bot cannot reassign these records (P2b).")
    return tuple(
        HubSpotScope(
            f"crm.objects.{kind}.{access}",
            read if access == "read" else write,
            needed=True,
            writes=access == "write",
        )
        for kind in CORE_OBJECTS
        for access in ("read", "write")
    )


HUBSPOT_SCOPES: tuple[HubSpotScope, ...] = (
    HubSpotScope(
        OWNERS_SCOPE,
        N_("Without it the bot cannot read owners: nothing works."),
        needed=True,
    ),
    *_core(),
    HubSpotScope(
        USERS_SCOPE,
        N_(
            "Without it Salesforce-only owners are harder to tell from users, and whether somebody "
            "is a super admin (P0b) is taken on trust."
        ),
    ),
    HubSpotScope(
        TICKETS,
        N_("Without it tickets are neither counted nor reassigned."),
        instead=("crm.objects.tickets.read",),
    ),
    HubSpotScope(
        CUSTOM_SCHEMAS,
        N_("Without it custom objects are not listed; their records are not counted."),
    ),
    HubSpotScope(
        CUSTOM_READ,
        N_("Without it the records of custom objects are not counted."),
    ),
    HubSpotScope(
        CUSTOM_WRITE,
        N_("Without it the records of custom objects cannot be reassigned."),
        writes=True,
    ),
)
WRITE_SCOPES = tuple(scope.name for scope in HUBSPOT_SCOPES if scope.needed and scope.writes)
"""What a reassignment cannot do without (P2b)."""


def token_info(client: HubSpotClient, token: str) -> TokenInfo | None:
    """Ask which account *token* is of and which scopes it has; None where HubSpot does not tell.

    The token is in the request's body. Raises :class:`VendorError` where HubSpot cannot be asked.
    """
    try:
        info = client.ask(
            TOKEN_INFO,
            {"tokenKey": token},
            lambda answer: _Info.model_validate(answer.data),
            what="the access token",
        )
    except VendorError as error:
        if error.code in _NOT_TOLD:
            return None
        raise
    return TokenInfo(info.portal_id, info.scopes)
