"""What the sandbox is filled with: a scenario file (TOML), parsed and checked.

A mistake in a file is a :class:`ScenarioError` that names the file, the place and the remedy.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

SCENARIOS = Path(__file__).with_name("scenarios")
ObjectType = Literal[
    "contacts", "companies", "deals", "tickets", "tasks", "calls", "meetings", "notes", "emails"
]
PersonRole = Literal["administrator", "approver", "bystander", "salesforce_only"]
FaultKind = Literal[
    "429",  # refused with the service's own rate-limit body
    "500",
    "502",
    "timeout",  # nothing is done, the connection stays silent for `delay` seconds, then closes
    "lost_reply",  # the request is applied, then the connection is closed without an answer
    "part_failure",  # HubSpot: 207, `count` records of the batch fail with VALIDATION_ERROR
    "unauthorized",  # 401 in the service's shape
    "duplicate_delivery",  # Slack: the envelope is sent twice
    "late_delivery",  # Slack: the envelope is sent after `delay` seconds
    "drop_socket",  # Slack: the socket that would get the envelope is closed first
]
_ONLY: dict[str, str] = {
    "part_failure": "hubspot",
    "duplicate_delivery": "slack",
    "late_delivery": "slack",
    "drop_socket": "slack",
}


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Account(_Model):
    """The HubSpot account."""

    portal_id: int = 4_711_008
    plan: Literal["starter", "professional", "enterprise"] = "professional"
    account_type: Literal["STANDARD", "SANDBOX", "DEVELOPER_TEST", "APP_DEVELOPER"] = "STANDARD"
    time_zone: str = "Europe/Warsaw"
    ui_domain: str = "app.hubspot.com"
    daily_used: int = Field(0, ge=0)
    token: str = "sandbox-hubspot-token"
    scopes_missing: tuple[str, ...] = ()
    audit_logs: bool = False
    index_lag: float = Field(0.2, ge=0, description="seconds until search sees a write")

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(f"'{value}' is not a time zone, such as Europe/Warsaw") from error
        return value


class Person(_Model):
    """A Slack user, who may be a HubSpot user too."""

    id: str = Field(pattern=r"^[UW][A-Z0-9]{2,20}$")
    name: str
    email: str
    role: PersonRole
    locale: str = "en-US"
    tz: str = "Europe/Warsaw"
    hubspot_user: bool = False
    super_admin: bool = False


class HubSpotOwner(_Model):
    """A person of HubSpot who can own records; `active=False` is a deactivated user."""

    name: str
    email: str
    active: bool = True
    in_salesforce: bool = Field(
        False, description="also a user in Salesforce; managers of Salesforce owners always are"
    )
    records: dict[ObjectType, int] = {}


class SalesforceOwner(_Model):
    """An owner who exists in Salesforce alone: a user or a queue."""

    name: str
    email: str = ""
    type: Literal["PERSON", "QUEUE"] = "PERSON"
    manager_email: str = ""
    salesforce_active: bool = True
    records: dict[ObjectType, int] = {}


class Generate(_Model):
    """Owners and records made up from the seed, besides those that are named."""

    hubspot_owners: int = Field(0, ge=0)
    salesforce_owners: int = Field(0, ge=0)
    queues: int = Field(0, ge=0)
    records_per_owner: dict[ObjectType, int] = {}


class Blocker(_Model):
    """Something outside the package that refers to it, and so refuses its uninstall."""

    type: str = Field(description="Layout, FlexiPage, Flow, Profile, PermissionSetAssignment, ...")
    name: str
    refers_to: str = Field(description="the package component, e.g. HubSpotContactIntelligence")
    problem: str = "This installed component is referenced by a locally created component"
    hidden: bool = Field(False, description="revealed only when the others are gone")


class Package(_Model):
    """The HubSpot package in Salesforce."""

    installed: bool = True
    version: str = Field("3.0.1.1", pattern=r"^\d+(\.\d+){1,3}$")
    namespace: str = "HubSpot_Inc"
    components: int = Field(0, ge=0, description="filler components besides the package's own")
    objects: dict[str, int] = Field(
        default={}, description="custom object name without namespace -> number of records"
    )
    blockers: tuple[Blocker, ...] = ()
    uninstall_seconds: float = Field(1.0, ge=0, description="how long an uninstall takes")


class Salesforce(_Model):
    """The Salesforce org."""

    org_id: str = "00D5g000004XyZAEA0"
    is_sandbox: bool = False
    username: str = "ada.admin@example.com"
    access_token: str = "00D5g000004XyZA!sandbox.salesforce.token"
    may_uninstall: bool = True
    may_use_metadata: bool = True
    consumer_key: str = Field("", description="of the External Client App; empty: no OAuth login")
    consumer_secret: str = Field("", description="for the client-credentials login")
    public_key: str = Field("", description="PEM that checks JWT bearer logins")


class Workspace(_Model):
    """The Slack workspace."""

    bot_token: str = "xoxb-sandbox-bot-token"
    app_token: str = "xapp-sandbox-app-token"
    scopes_missing: tuple[str, ...] = ()
    channel: str = "crm-sunset"
    audit_channel: str = "crm-sunset-audit"
    required_approvals: int = Field(2, ge=1)


class Fault(_Model):
    """A fault that strikes requests of one service.

    `match` is a regular expression searched in "METHOD /path" (for Slack: the Web API method's
    name, or "envelope:slash_commands|interactive|events_api" for deliveries).
    """

    service: Literal["slack", "hubspot", "salesforce"]
    match: str
    kind: FaultKind
    after: int = Field(0, ge=0, description="let so many matching requests pass first")
    times: int = Field(1, ge=1)
    delay: float = Field(0.0, ge=0, description="seconds")
    count: int = Field(1, ge=1, description="records that fail, for part_failure")

    @model_validator(mode="after")
    def _possible(self) -> Fault:
        try:
            re.compile(self.match)
        except re.error as error:
            raise ValueError(f"match is not a regular expression: {error}") from error
        if self.kind in _ONLY and self.service != _ONLY[self.kind]:
            raise ValueError(f"the kind '{self.kind}' is for the service '{_ONLY[self.kind]}' only")
        return self


class Scenario(_Model):
    """Everything that a scenario file says."""

    name: str
    title: str
    seed: int = 1
    poll_interval: str = Field("PT1S", description="SUNSET_POLL_INTERVAL that is printed")
    latency: float = Field(0.0, ge=0, description="seconds added to each HubSpot/Salesforce answer")
    account: Account = Account()
    workspace: Workspace = Workspace()
    salesforce: Salesforce = Salesforce()
    package: Package = Package()
    people: tuple[Person, ...]
    hubspot_owners: tuple[HubSpotOwner, ...] = ()
    salesforce_owners: tuple[SalesforceOwner, ...] = ()
    generate: Generate = Generate()
    faults: tuple[Fault, ...] = ()

    @model_validator(mode="after")
    def _roles(self) -> Scenario:
        roles = [person.role for person in self.people]
        if "administrator" not in roles:
            raise ValueError("people: at least one must have the role 'administrator'")
        ids = [person.id for person in self.people]
        if len(set(ids)) != len(ids):
            raise ValueError("people: two have the same id")
        return self


class ScenarioError(Exception):
    """A scenario file cannot be used; the text says where and why."""


def load(source: str | Path | None) -> Scenario:
    """Read the scenario *source*: a path, the bare name of one that ships, or None for `tidy`."""
    path = SCENARIOS / "tidy.toml" if source is None else Path(source)
    if not path.exists() and not path.suffix and (SCENARIOS / f"{path.name}.toml").exists():
        path = SCENARIOS / f"{path.name}.toml"
    shipped = ", ".join(sorted(file.stem for file in SCENARIOS.glob("*.toml")))
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ScenarioError(
            f"cannot read the scenario {path}: {error.strerror}. Those that ship: {shipped}."
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ScenarioError(f"{path} is not valid TOML: {error}.") from error
    try:
        return Scenario.model_validate(data)
    except ValidationError as error:
        places = "; ".join(
            f"{'.'.join(str(part) for part in item['loc']) or 'file'}: {item['msg']}"
            for item in error.errors()
        )
        raise ScenarioError(f"{path} has mistakes: {places}.") from error
