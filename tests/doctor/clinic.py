"""A whole sandbox with the doctor's settings for it, for the tests of ``sunset doctor``."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

import requests

from bot import doctor
from bot.checkup import hubspot as about_hubspot
from bot.checkup.finding import Finding, Level
from bot.clocks import SystemClock
from bot.settings import Settings, load_settings
from bot.vendors.hubspot import HubSpot
from bot.vendors.hubspot_limits import Budget
from bot.vendors.patience import Patience
from handlers.i18n import translator
from sandbox.scenario import Scenario, load
from sandbox.servers import Ports, Sandbox
from sandbox.slack.scopes import granted
from sandbox.slack.workspace import AUDIT_CHANNEL, BOT_USER, MAIN_CHANNEL
from sandbox.world import World

ADA, FAY, BEN, CYD = "U0ADA00001", "U0FAY00001", "U0BEN00001", "U0CYD00001"
WRONG, WARNING, UNKNOWN = Level.WRONG, Level.WARNING, Level.UNKNOWN
SESSION = "salesforce.session"
"""A warning that is always there: the sandbox's login is a session that ends by itself."""
NO_PATIENCE = Patience(sleep=lambda _: None, tries=1)
NOW = SystemClock().now


def scenario() -> Scenario:
    data = load("tidy").model_dump()
    data["account"] |= {"per_ten_seconds": 1_000_000, "searches_per_second": 1_000_000}
    data["package"]["objects"] = {"HubSpot_Intelligence": 40, "HubSpot_Favorites": 5}
    return Scenario.model_validate(data)


@dataclass
class Clinic:
    """The sandbox, and what the doctor says of it."""

    sandbox: Sandbox
    directory: Path
    hubspot: HubSpot

    @property
    def secrets(self) -> list[str]:
        given = self.sandbox.world.scenario
        tokens = (given.workspace.bot_token, given.workspace.app_token, given.account.token)
        return [*tokens, given.salesforce.access_token]

    def settings(self, **changes: Any) -> Settings:
        told = {name.lower(): value for name, value in self.sandbox.environment().items()}
        places = {
            "sunset_database": self.directory / "sunset.db",
            "sunset_backups": self.directory / "backups",
        }
        return load_settings(env_file=None, **{**told, **places, **changes})

    def examine(self, **changes: Any) -> dict[str, Finding]:
        return named(doctor.examine(self.settings(**changes)))

    def slack(self, **changes: Any) -> dict[str, Finding]:
        return named(doctor.ask_slack(self.settings(**changes), NOW).findings)

    def of_hubspot(self) -> dict[str, Finding]:
        """What is said of HubSpot, and of the administrators there."""
        people = doctor.ask_slack(self.settings(), NOW)
        found = about_hubspot.visit(self.hubspot, NOW)
        return named([*found.findings, *doctor.ask_about_people(self.hubspot, people, found)])

    def salesforce(self, **changes: Any) -> dict[str, Finding]:
        return named(doctor.ask_salesforce(self.settings(**changes)))

    # --- what somebody takes away

    def post(self, path: str, **body: Any) -> dict[str, Any]:
        url = f"{self.sandbox.slack_url}/sandbox/{path}"
        answer: dict[str, Any] = requests.post(url, json=body, timeout=5).json()
        assert answer["ok"], answer
        return answer

    def salesforce_is(self, **changes: Any) -> None:
        """Change what the scenario says of the org, and what it tells of its user's rights."""
        given = self.sandbox.world.scenario
        org = given.salesforce.model_copy(update=changes)
        self.sandbox.world.scenario = given.model_copy(update={"salesforce": org})
        rights = {
            "PermissionsApiEnabled": org.may_use_api,
            "PermissionsViewSetup": org.may_view_setup,
            "PermissionsInstallMultiforce": org.may_uninstall,
            "PermissionsModifyMetadata": org.may_use_metadata,
            "PermissionsModifyAllData": org.may_use_metadata,
            "PermissionsViewAllData": org.may_view_all,
        }
        objects = self.sandbox.salesforce.data._static
        access = objects["UserPermissionAccess"]
        objects["UserPermissionAccess"] = replace(access, rows=[{"Id": None, **rights}])

    def reset(self, given: Scenario) -> None:
        """Give back whatever was taken away."""
        world, slack, hubspot = self.sandbox.world, self.sandbox.slack, self.sandbox.hubspot
        world.scenario = given
        world.clear_faults()
        self.salesforce_is()
        slack.scopes = granted(given.workspace)
        slack.limits = type(slack.limits)()
        slack.workspace.people.update({person.id: person for person in given.people})
        for channel in (MAIN_CHANNEL, AUDIT_CHANNEL):
            members = slack.workspace.channels[channel].members
            members[:] = [BOT_USER, *(one for one in members if one != BOT_USER)]
        hubspot.scopes_missing, hubspot.tells_scopes = frozenset(), True
        for person in given.people:
            if user := hubspot.users.get(person.email.lower()):
                user.super_admin = person.super_admin


def named(findings: Any) -> dict[str, Finding]:
    """Return the findings by what was checked: each is there once."""
    found = {one.check: one for one in findings}
    assert len(found) == len(findings)
    return found


def amiss(findings: dict[str, Finding]) -> dict[str, Level]:
    """Return what is wrong or a warning; each says what to do."""
    bad: dict[str, Level] = {
        check: one.level
        for check, one in findings.items()
        if one.level in {Level.WRONG, Level.WARNING} and check != SESSION
    }
    assert all(findings[check].remedy for check in bad)
    return bad


def said(finding: Finding) -> str:
    tr = translator("en")
    texts = (finding.what, finding.result, finding.remedy)
    return " ".join(tr.text(text, escape=False) for text in texts if text)


def unlimited() -> Budget:
    """A budget that never waits."""
    ticks = count(0, 1000.0)
    return Budget(clock=lambda: next(ticks))


@contextmanager
def clinic(directory: Path) -> Iterator[Clinic]:
    given = scenario()
    sandbox = Sandbox(World(given), "127.0.0.1", Ports(), directory)
    ready = threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(sandbox.serve(ready.set)), daemon=True)
    thread.start()
    assert ready.wait(10)
    hubspot = HubSpot(
        given.account.token,
        sandbox.hubspot_url,
        timeout=5,
        budget=unlimited(),
        patience=NO_PATIENCE,
    )
    yield Clinic(sandbox, directory, hubspot)
    sandbox.stop()
    thread.join(10)
