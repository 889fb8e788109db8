"""How the bot proves to Salesforce who it is (facts/salesforce.md, "simple-salesforce")."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import jwt
import requests
from simple_salesforce import SalesforceLogin
from simple_salesforce.exceptions import SalesforceAuthenticationFailed

from bot.errors import VendorError
from workflows.text import N_, Text


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
            with warnings.catch_warnings():  # the library's advice is part of `remedy`
                warnings.simplefilter("ignore")
                token, host = SalesforceLogin(
                    session=session,
                    username=self.username,
                    consumer_key=self.consumer_key,
                    privatekey=key,
                    domain=self.domain,
                )
        except SalesforceAuthenticationFailed as refused:
            said = " ".join(str(part) for part in (refused.code, refused.auth_message) if part)
            raise unauthorized(self.remedy, said) from None
        except requests.RequestException:
            raise
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
        return Access(host.split("/")[0], token)


def unauthorized(remedy: Text, said: str) -> VendorError:
    """Build the error for a login or a token that Salesforce does not accept."""
    return VendorError(
        "salesforce",
        "salesforce_unauthorized",
        N_("Salesforce does not accept the login: {message}", message=said or "-"),
        remedy,
    )
