"""How the bot proves to Salesforce who it is (facts/salesforce.md, "simple-salesforce")."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import jwt
import requests
from simple_salesforce import SalesforceLogin
from simple_salesforce.exceptions import SalesforceAuthenticationFailed

from bot.errors import VendorError
from bot.masking import SECRETS
from bot.vendors import salesforce_errors as errors
from workflows.text import N_, Text

_PASSING = re.compile("rate exceeded|server_error|temporarily_unavailable|unknown_error")
"""OAuth errors that say nothing against the login itself."""


@dataclass(frozen=True)
class Access:
    """An accepted login: the instance's host (with a port, if it has one) and the token."""

    host: str
    token: str = field(repr=False)


class Login(Protocol):
    """A way to get in. ``remedy`` says which settings to look at when Salesforce refuses it."""

    @property
    def remedy(self) -> Text:
        """What to do when Salesforce does not accept this login."""
        ...

    @property
    def renewable(self) -> bool:
        """Whether logging in anew can help when a session has ended."""
        ...

    def access(self, session: requests.Session) -> Access:
        """Log in; raises :class:`VendorError` or a ``requests`` exception."""
        ...


@dataclass(frozen=True)
class TokenLogin:
    """An access token that somebody else got, for one instance."""

    instance_url: str
    access_token: str = field(repr=False)
    renewable: bool = field(default=False, init=False)

    @property
    def remedy(self) -> Text:
        """Name the two settings of this login."""
        return N_(
            "Put a valid access token of SALESFORCE_INSTANCE_URL into SALESFORCE_ACCESS_TOKEN."
        )

    def access(self, session: requests.Session) -> Access:  # noqa: ARG002 - the protocol's
        """Return the token as it is; only a call can show whether it is still good."""
        url = self.instance_url if "://" in self.instance_url else f"https://{self.instance_url}"
        parts = urlsplit(url)
        host = parts.hostname or ""
        return Access(f"{host}:{parts.port}" if parts.port else host, self.access_token)


@dataclass(frozen=True)
class JwtLogin:
    """The JWT bearer flow: a user's name, signed with the app's private key.

    ``domain`` is ``login``, ``test`` or a My Domain such as ``example.my``.
    """

    username: str
    consumer_key: str = field(repr=False)
    private_key_file: Path
    domain: str = "login"
    renewable: bool = field(default=True, init=False)

    @property
    def remedy(self) -> Text:
        """Name the four settings of this login."""
        return N_(
            "Look at SALESFORCE_USERNAME, SALESFORCE_CONSUMER_KEY, SALESFORCE_PRIVATE_KEY_FILE and "
            "SALESFORCE_DOMAIN, and whether the user is admitted to the External Client App."
        )

    def access(self, session: requests.Session) -> Access:
        """Ask Salesforce for a token."""
        try:
            key = self.private_key_file.read_text("utf-8")
            # What the library signs with is tried here, so that a bad key is told from a bad answer
            jwt.encode({}, key, algorithm="RS256")
        except (OSError, ValueError, TypeError, jwt.PyJWTError) as bad:
            raise VendorError(
                "salesforce",
                "salesforce_private_key",
                N_(
                    "The Salesforce private key cannot be used ({reason}).",
                    reason=type(bad).__name__,
                ),
                N_("SALESFORCE_PRIVATE_KEY_FILE must name a readable RSA private key in PEM form."),
            ) from None
        return _asked(
            self.remedy,
            lambda: SalesforceLogin(
                session=session,
                username=self.username,
                consumer_key=self.consumer_key,
                privatekey=key,
                domain=self.domain,
            ),
        )


@dataclass(frozen=True)
class ClientLogin:
    """The client credentials flow: the app's key and secret, for the user it runs as.

    ``domain`` is the org's My Domain such as ``example.my``: `login` and `test` refuse this flow.
    """

    consumer_key: str = field(repr=False)
    consumer_secret: str = field(repr=False)
    domain: str
    renewable: bool = field(default=True, init=False)

    @property
    def remedy(self) -> Text:
        """Name the three settings of this login."""
        return N_(
            "Look at SALESFORCE_CONSUMER_KEY, SALESFORCE_CONSUMER_SECRET and SALESFORCE_DOMAIN "
            "(your My Domain), and whether the External Client App has the client credentials flow "
            "switched on and a user to run as."
        )

    def access(self, session: requests.Session) -> Access:
        """Ask Salesforce for a token."""
        return _asked(
            self.remedy,
            lambda: SalesforceLogin(
                session=session,
                consumer_key=self.consumer_key,
                consumer_secret=self.consumer_secret,
                domain=self.domain,
            ),
        )


def _asked(remedy: Text, login: Callable[[], tuple[str, str]]) -> Access:
    """Call the library's login; it takes the shape of every answer for granted."""
    try:
        with warnings.catch_warnings():  # the library's advice is part of `remedy`
            warnings.simplefilter("ignore")
            token, host = login()
    except SalesforceAuthenticationFailed as refused:
        said = SECRETS(" ".join(str(part) for part in (refused.code, refused.auth_message) if part))
        if isinstance(refused.code, int):  # no JSON came: its body is a page, and no reason
            raise errors.unavailable(refused.code) from None
        if _PASSING.search(said):
            raise errors.unavailable(said[: errors.LONGEST_MESSAGE]) from None
        raise errors.unauthorized(remedy, said[: errors.LONGEST_MESSAGE]) from None
    except (TypeError, AttributeError, LookupError):
        strange = errors.unreadable("the login")
        strange.retryable = True
        raise strange from None
    SECRETS.learn(token)
    return Access(host.split("/")[0], token)
