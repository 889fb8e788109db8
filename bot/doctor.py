"""``sunset doctor`` and ``sunset plan``: look at everything from outside, change nothing."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import structlog
from pydantic import SecretStr

from bot.checkup import hubspot as about_hubspot
from bot.checkup import machine as about_machine
from bot.checkup import salesforce as about_salesforce
from bot.checkup import slack as about_slack
from bot.checkup.finding import Finding, Level, wrong
from bot.checkup.hubspot import HubSpotVisit
from bot.checkup.masking import Mask
from bot.checkup.slack import SlackVisit
from bot.clocks import SystemClock
from bot.effects.context import Context
from bot.effects.plan import Planning
from bot.engine import Engine
from bot.owners import OwnerList
from bot.people import People
from bot.ports import Clock
from bot.settings import Settings
from bot.store.sqlite import SqliteStore
from bot.vendors.connect import connect_hubspot, connect_salesforce, salesforce_login
from bot.vendors.hubspot import HubSpot
from bot.vendors.patience import Patience
from bot.vendors.salesforce import Salesforce
from bot.vendors.salesforce_bulk import bulk_of
from bot.vendors.slack import Slack, web_client
from handlers.i18n import Translator, translator
from workflows.commands import RecordCapabilityMissing
from workflows.text import N_
from workflows.values import Plan

log = structlog.get_logger(__name__)
T = TypeVar("T")

TIMEOUT_SECONDS = 10.0
PATIENCE = Patience(total=5.0, tries=2, tries_unreadable=1)
"""Somebody is waiting: a service that is away is said to be away."""
SERVICES = {"slack": "Slack", "hubspot": "HubSpot", "salesforce": "Salesforce"}


def examine(settings: Settings, clock: Clock | None = None) -> list[Finding]:
    """Check each credential, what it may do, and this machine, without changing anything.

    The services are asked at the same time; none of them can hide what another answers. *clock* is
    the machine's, unless another is given.
    """
    now = (clock or SystemClock()).now
    hubspot = HubSpot(
        settings.hubspot_access_token.get_secret_value(),
        settings.hubspot_api_url,
        timeout=TIMEOUT_SECONDS,
        patience=PATIENCE,
    )
    with ThreadPoolExecutor(3) as pool:
        slack_asked = pool.submit(_guarded, "slack", lambda: ask_slack(settings, now))
        hubspot_asked = pool.submit(_guarded, "hubspot", lambda: about_hubspot.visit(hubspot, now))
        salesforce_asked = pool.submit(_guarded, "salesforce", lambda: ask_salesforce(settings))
        slack, slack_failed = slack_asked.result()
        found, hubspot_failed = hubspot_asked.result()
        salesforce, salesforce_failed = salesforce_asked.result()
    slack, found = slack or SlackVisit(()), found or HubSpotVisit(())
    admins, admins_failed = _guarded("hubspot", lambda: ask_about_people(hubspot, slack, found))
    ahead = {SERVICES["slack"]: slack.ahead, SERVICES["hubspot"]: found.ahead}
    machine, machine_failed = _guarded("machine", lambda: about_machine.visit(settings, ahead))
    return [
        *slack.findings,
        *slack_failed,
        *found.findings,
        *hubspot_failed,
        *(admins or ()),
        *admins_failed,
        *(salesforce or ()),
        *salesforce_failed,
        *(machine or ()),
        *machine_failed,
    ]


def _guarded(service: str, look: Callable[[], T]) -> tuple[T | None, list[Finding]]:
    """Return what *look* returns; what nobody foresaw becomes a finding of its own."""
    try:
        return look(), []
    except Exception as error:
        log.exception("check_failed", service=service)
        sentence = N_("The check itself failed ({reason}).", reason=type(error).__name__)
        remedy = N_("The bot's log says where. Check this part by hand: docs/connect.md.")
        return None, [wrong(f"{service}.failed", N_("check"), sentence, remedy)]


def ask_slack(settings: Settings, now: Callable[[], datetime]) -> SlackVisit:
    """Look at Slack with the settings' tokens; HTTP mode has none of the app's."""

    def reached(token: SecretStr) -> Slack:
        return Slack(web_client(token.get_secret_value(), settings.slack_api_url))

    app = None if settings.sunset_http else settings.slack_app_token
    of_app = reached(app) if app is not None else None
    return about_slack.visit(settings, reached(settings.slack_bot_token), of_app, now)


def ask_salesforce(settings: Settings) -> list[Finding]:
    """Look at Salesforce with the settings' login."""
    login = salesforce_login(settings)
    salesforce = Salesforce(
        login,
        ca_file=settings.salesforce_ca_file,
        api_version=settings.salesforce_api_version,
        namespace=settings.salesforce_namespace,
        timeout=TIMEOUT_SECONDS,
        patience=PATIENCE,
    )
    with closing(salesforce):
        return about_salesforce.visit(login, salesforce, settings.salesforce_api_version)


def ask_about_people(hubspot: HubSpot, slack: SlackVisit, found: HubSpotVisit) -> list[Finding]:
    """Look whether the administrators that Slack showed are super admins in HubSpot."""
    if not found.answers:
        return []
    return about_hubspot.administrators(hubspot, slack.administrators, slack.people)


def shown(
    findings: Sequence[Finding], tr: Translator, secrets: Sequence[str]
) -> list[dict[str, Any]]:
    """Return the findings as they may be shown: in one language, and no secret in them."""
    mask = Mask(secrets)
    return [
        {
            "check": mask(one.check),
            "what": mask(f"{_service(one, tr)}: {tr.text(one.what, escape=False)}"),
            "level": one.level.value,
            "ok": one.level is not Level.WRONG,
            "result": mask(tr.text(one.result, escape=False)),
            "remedy": mask(tr.text(one.remedy, escape=False)) if one.remedy else "",
        }
        for one in findings
    ]


def _service(finding: Finding, tr: Translator) -> str:
    service = finding.check.partition(".")[0]
    return SERVICES.get(service) or tr("This machine")


def plan_now(settings: Settings) -> tuple[Plan, list[RecordCapabilityMissing]]:
    """Make a plan outside any run; nothing is stored."""
    slack = Slack(web_client(settings.slack_bot_token.get_secret_value(), settings.slack_api_url))
    hubspot, salesforce = connect_hubspot(settings), connect_salesforce(settings)
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
            salesforce=salesforce,
            package_data=bulk_of(salesforce),
            translator=translator(settings.sunset_locale),
            people=People(settings, slack),
            owners=OwnerList(hubspot.active_owners),
            stopping=lambda: False,
        )
        try:
            return Planning(context).make("")
        finally:
            store.close()
