"""HubSpot: the token, its account, each scope, what can be read, and who is a super admin."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.checkup.finding import (
    GRANTED,
    Finding,
    Level,
    ok,
    plain,
    refused,
    unknown,
    untold,
    warning,
    wrong,
)
from bot.errors import VendorError
from bot.vendors.check import PROBED, check_hubspot
from bot.vendors.hubspot import HubSpot
from bot.vendors.hubspot_scopes import HUBSPOT_SCOPES, HubSpotScope, TokenInfo
from bot.vendors.slack import Profile
from workflows.text import N_
from workflows.values import Account

_NETWORK = N_("Check this machine's network, and HUBSPOT_API_URL; then ask again.")
_ADD_SCOPE = N_(
    "HubSpot > Development > Keys > Service keys > the key (or Legacy apps > the private app > "
    "Scopes): add it."
)
_COMPARE = N_(
    "Compare the key's scopes at HubSpot > Development > Keys > Service keys with docs/connect.md."
)
_MAKE_ADMIN = N_(
    "A super admin can make them one (HubSpot > Settings > Users & Teams > the user > Access), or "
    "leave the procedure to another administrator."
)


@dataclass(frozen=True)
class HubSpotVisit:
    """What was found; ``ahead`` is how far HubSpot's clock is ahead; None if it is not known.

    ``answers`` is false where it is no use to ask on.
    """

    findings: tuple[Finding, ...]
    answers: bool = False
    ahead: timedelta | None = None


def visit(hubspot: HubSpot, now: Callable[[], datetime]) -> HubSpotVisit:
    """Look at everything but the people."""
    check, what = "hubspot.token", N_("access token")
    try:
        account = hubspot.account()
    except VendorError as error:
        remedy = _NETWORK if error.retryable else None
        return HubSpotVisit((refused(check, what, error, remedy),))
    ahead = hubspot.date - now() if hubspot.date else None
    shown = plain(f"{account.portal_id} ({account.account_type}), {account.ui_domain}")
    refusals = check_hubspot(hubspot)
    scopes, missing = _rights(hubspot, account, refusals)
    findings = (ok(check, what, shown), *scopes, *_reading(refusals, missing))
    return HubSpotVisit(findings, True, ahead)


def _rights(
    hubspot: HubSpot, account: Account, refusals: Iterable[VendorError]
) -> tuple[list[Finding], frozenset[str]]:
    """Return the findings about the scopes, and the names of those that are missing."""
    reason = N_(
        "HubSpot does not tell the scopes of this kind of token. That it may write is found out "
        "only at the first write."
    )
    try:
        info = hubspot.token_info()
    except VendorError as error:
        info, reason = None, error.problem
    if info is not None:
        lacking = (scope for scope in HUBSPOT_SCOPES if not scope.among(info.scopes))
        missing = frozenset(name for scope in lacking for name in scope.names)
        findings = [*_account(info, account), *(_scope(one, missing) for one in HUBSPOT_SCOPES)]
        return findings, missing
    known = {name for scope in HUBSPOT_SCOPES for name in scope.names}
    missing = frozenset(name for error in refusals for name in _names(error)) & known
    found = [_scope(scope, missing) for scope in HUBSPOT_SCOPES if scope.name in PROBED]
    others = N_("other scopes, those for writing among them")
    return [*found, unknown("hubspot.scopes", others, reason, _COMPARE)], missing


def _account(info: TokenInfo, account: Account) -> Iterator[Finding]:
    if info.portal_id != account.portal_id:
        yield wrong(
            "hubspot.account",
            N_("account"),
            N_(
                "The token belongs to the account {other}, and the answers come from {account}.",
                other=info.portal_id,
                account=account.portal_id,
            ),
            N_("Look at HUBSPOT_ACCESS_TOKEN and HUBSPOT_API_URL: do both mean this account?"),
        )


def _scope(scope: HubSpotScope, missing: frozenset[str]) -> Finding:
    check, what = f"hubspot.scope.{scope.name}", plain(scope.name)
    if missing.isdisjoint(scope.names):
        return ok(check, what, GRANTED)
    return (wrong if scope.needed else warning)(check, what, scope.without, _ADD_SCOPE)


def _names(error: VendorError) -> list[str]:
    return [name.strip() for name in error.missing.split(",") if name.strip()]


def _reading(refusals: Iterable[VendorError], missing: frozenset[str]) -> list[Finding]:
    """Say whether everything could be read, apart from what is *missing*."""
    check, what = "hubspot.reading", N_("reading")
    left = [one for one in refusals if not _names(one) or not missing.issuperset(_names(one))]
    if left:
        return [refused(check, what, error) for error in left]
    return [ok(check, what, N_("everything that may be read can be read"))]


def administrators(
    hubspot: HubSpot, ids: Iterable[str], people: Mapping[str, Profile]
) -> list[Finding]:
    """Say of each administrator whether HubSpot knows them as a super admin (P0b)."""
    findings = [_administrator(hubspot, user, people.get(user)) for user in ids]
    if all(one.level is Level.WARNING for one in findings):  # nobody could disconnect
        return [replace(one, level=Level.WRONG) for one in findings]
    return findings


def _administrator(hubspot: HubSpot, user: str, person: Profile | None) -> Finding:
    name = person.name if person and person.name else user
    check, what = f"hubspot.super_admin.{user}", N_("super admin (P0b): {name}", name=name)
    if person is None or not person.email:
        return unknown(check, what, N_("cannot be told: Slack does not show the e-mail"))
    try:
        answer = hubspot.is_super_admin(person.email)
    except VendorError as error:
        return untold(check, what, error.missing) if error.missing else refused(check, what, error)
    if answer:
        return ok(check, what, N_("yes"))
    if answer is None:
        no = N_("HubSpot knows no user with the e-mail that Slack shows.")
    else:
        no = N_("No: this user cannot disconnect Salesforce in HubSpot.")
    return warning(check, what, no, _MAKE_ADMIN)
