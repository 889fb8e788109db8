"""``sunset doctor`` and ``sunset plan``: look at everything from outside, change nothing."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.clocks import SystemClock
from bot.effects.context import Context
from bot.effects.plan import Planning
from bot.engine import Engine
from bot.owners import OwnerList
from bot.people import People
from bot.settings import Settings
from bot.store.sqlite import SqliteStore
from bot.vendors.check import check_hubspot, check_salesforce, salesforce_rights
from bot.vendors.connect import connect_hubspot, connect_salesforce
from bot.vendors.salesforce_rights import Right
from bot.vendors.slack import Slack, web_client
from handlers.i18n import translator
from workflows.commands import RecordCapabilityMissing
from workflows.errors import SunsetError
from workflows.values import Package, Plan


@dataclass(frozen=True)
class Finding:
    """One thing that was checked, what came of it, and what to do if it is not right."""

    what: str
    ok: bool
    result: str
    remedy: str = ""


def examine(settings: Settings) -> list[Finding]:
    """Check each credential and what it may do, without changing anything."""
    slack = Slack(web_client(settings.slack_bot_token.get_secret_value(), settings.slack_api_url))
    app = web_client(settings.slack_app_token.get_secret_value(), settings.slack_api_url)
    hubspot, salesforce = connect_hubspot(settings), connect_salesforce(settings)
    checks: list[tuple[str, Callable[[], str]]] = [
        ("Slack: bot token", slack.who_am_i),
        ("Slack: app-level token", lambda: Slack(app).socket_mode()),
        ("Slack: SUNSET_CHANNEL", lambda: slack.check_channel(settings.sunset_channel)),
        (
            "Slack: SUNSET_AUDIT_CHANNEL",
            lambda: slack.check_channel(settings.sunset_audit_channel),
        ),
        ("HubSpot: account", lambda: hubspot.account().portal_id),
        ("Salesforce: package", lambda: _package(salesforce.installed_package())),
    ]
    return [
        *(_finding(settings, what, check) for what, check in checks),
        *_rights(settings, "HubSpot", check_hubspot(hubspot)),
        *_rights(settings, "Salesforce", check_salesforce(salesforce)),
        *_granted(settings, salesforce_rights(salesforce)),
    ]


def plan_now(settings: Settings) -> tuple[Plan, list[RecordCapabilityMissing]]:
    """Make a plan outside any run; nothing is stored."""
    slack = Slack(web_client(settings.slack_bot_token.get_secret_value(), settings.slack_api_url))
    hubspot = connect_hubspot(settings)
    clock = SystemClock()
    with tempfile.TemporaryDirectory(prefix="sunset-plan-") as directory:
        store = SqliteStore(Path(directory) / "plan.db")
        context = Context(
            settings=settings,
            store=store,
            engine=Engine(store, clock, ""),
            clock=clock,
            slack=slack,
            hubspot=hubspot,
            salesforce=connect_salesforce(settings),
            translator=translator(settings.sunset_locale),
            people=People(settings, slack),
            owners=OwnerList(hubspot.active_owners),
            stopping=lambda: False,
        )
        try:
            return Planning(context).make("")
        finally:
            store.close()


def _rights(settings: Settings, vendor: str, refusals: Sequence[SunsetError]) -> list[Finding]:
    """Say what a vendor would not let a run read (what only writing needs is not found out)."""
    if not refusals:
        return [Finding(f"{vendor}: rights", ok=True, result="all that a run reads can be read")]
    tr = translator(settings.sunset_locale)
    return [
        Finding(
            f"{vendor}: rights",
            ok=False,
            result=tr.text(one.problem, escape=False),
            remedy=tr.text(one.remedy, escape=False),
        )
        for one in refusals
    ]


def _granted(settings: Settings, rights: Sequence[Right]) -> list[Finding]:
    """Say of each thing that the bot's Salesforce user needs whether it has it."""
    tr = translator(settings.sunset_locale)
    return [
        Finding(
            f"Salesforce: {right.name}",
            ok=right.granted is not False,
            result=_held(right) or tr.text(right.problem, escape=False),
            remedy="" if right.granted else tr.text(right.remedy, escape=False),
        )
        for right in rights
    ]


def _held(right: Right) -> str:
    if right.granted is None:
        return "Salesforce does not tell whether it is granted"
    return "granted" if right.granted else ""


def _finding(settings: Settings, what: str, check: Callable[[], str]) -> Finding:
    tr = translator(settings.sunset_locale)
    try:
        return Finding(what, ok=True, result=check())
    except SunsetError as error:
        problem = tr.text(error.problem, escape=False)
        return Finding(what, ok=False, result=problem, remedy=tr.text(error.remedy, escape=False))


def _package(package: Package | None) -> str:
    return "not installed" if package is None else f"installed, version {package.version}"
