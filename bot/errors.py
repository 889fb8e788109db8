"""Errors of the running program; all are :class:`workflows.errors.SunsetError`."""

from __future__ import annotations

from typing import Literal

from workflows.errors import SunsetError
from workflows.text import Text

Vendor = Literal["slack", "hubspot", "salesforce"]


class SettingsError(SunsetError):
    """Settings are missing or malformed; all of them are named at once."""


class StoreError(SunsetError):
    """The database cannot be used."""


class VendorError(SunsetError):
    """A vendor refused or did not answer.

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
        super().__init__(code, problem, remedy, reference=reference)
        self.vendor = vendor
        self.retryable = retryable
        self.retry_after = retry_after
        self.unknown = unknown
        self.missing = missing
        self.mendable = mendable
