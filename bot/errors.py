"""Errors of the running program; all are :class:`workflows.errors.SunsetError`."""

from __future__ import annotations

from typing import Literal

from bot.masking import SECRETS
from workflows.errors import SunsetError
from workflows.text import Text

Vendor = Literal["slack", "hubspot", "salesforce"]
_LASTING = frozenset({"history_damaged", "audit_key_missing"})


class SettingsError(SunsetError):
    """Settings are missing or malformed; all of them are named at once."""


class StoreError(SunsetError):
    """The database cannot be used.

    ``lasting``: it is about one run, and the same until somebody mends it and starts the bot anew.
    """

    @property
    def lasting(self) -> bool:
        """Whether trying again cannot help."""
        return self.code in _LASTING


class VendorError(SunsetError):
    """A vendor refused or did not answer. What it says is recorded and shown, without secrets.

    ``retryable``: the same call may succeed later, in ``retry_after`` seconds if that is known.
    ``unknown``: the call may have been applied although no answer came; look before trying again.
    ``missing`` names a capability (scope, permission, plan feature) that is not granted.
    ``mendable``: somebody can mend it outside (invite the bot again, renew a token); what must be
    told waits for that instead of being dropped.
    """

    def __init__(
        self,
        vendor: Vendor,
        code: str,
        problem: Text,
        remedy: Text,
        *,
        reference: str = "",
        retryable: bool = False,
        retry_after: float | None = None,
        unknown: bool = False,
        missing: str = "",
        mendable: bool = False,
    ) -> None:
        super().__init__(
            SECRETS(code), _clean(problem), _clean(remedy), reference=SECRETS(reference)
        )
        self.vendor = vendor
        self.retryable = retryable
        self.retry_after = retry_after
        self.unknown = unknown
        self.missing = SECRETS(missing)
        self.mendable = mendable


def _clean(text: Text) -> Text:
    """Hide secrets in what a service says: it may send a token back."""
    args = {
        name: SECRETS(value) if isinstance(value, str) else value
        for name, value in text.args.items()
    }
    return text if args == text.args else text.model_copy(update={"args": args})
