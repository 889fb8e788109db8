"""What the sandbox is filled with: a scenario file (TOML), parsed and checked.

A mistake in a file is a :class:`ScenarioError` that names the file, the place and the remedy.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Annotated, Literal, get_args
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
Counts = dict[str, Annotated[int, Field(ge=0)]]
"""Records for each object type; custom objects by their name."""
PersonRole = Literal["administrator", "approver", "bystander", "salesforce_only"]
LocalKind = Literal["Layout", "FlexiPage", "Flow", "WorkflowRule"]
FaultKind = Literal[
    "429",  # refused with the service's own rate-limit body
    "500",
    "502",
    "timeout",  # nothing is done, the connection stays silent for `delay` seconds, then closes
    "lost_reply",  # the request is applied, then the connection is closed without an answer
    "part_failure",  # HubSpot: 207, `count` records of the batch fail with VALIDATION_ERROR
    "unauthorized",  # 401 in the service's shape
    "locked",  # HubSpot: 423
    "migrating",  # HubSpot: 477, with a Retry-After of `delay` seconds
    "garbled",  # HubSpot: the request is applied, half of the JSON answer is missing
    "interfere",  # HubSpot: `count` records of a batch get another owner by hand just before it
    "archive",  # HubSpot: `count` records of a batch are archived just before it
    "duplicate_delivery",  # Slack: the envelope is sent twice
    "late_delivery",  # Slack: the envelope is sent after `delay` seconds
    "drop_socket",  # Slack: the socket that would get the envelope is closed first
]
_ONLY: dict[str, str] = {
    **dict.fromkeys(
        ("part_failure", "locked", "migrating", "garbled", "interfere", "archive"), "hubspot"
    ),
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
    per_day: int | None = Field(None, ge=1, description="requests a day; None: the plan's")
    per_ten_seconds: int | None = Field(None, ge=1, description="None: the plan's")
    searches_per_second: int | None = Field(None, ge=1, description="None: HubSpot's")
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


class Team(_Model):
    """A team of HubSpot that an owner belongs to."""

    id: str = Field(pattern=r"^\d{1,18}$")
    name: str
    primary: bool = False


class CustomObject(_Model):
    """A kind of records that the account made up for itself."""

    name: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,60}$")
    singular: str
    plural: str

    @field_validator("name")
    @classmethod
    def _not_taken(cls, value: str) -> str:
        if value.lower() in get_args(ObjectType):
            raise ValueError(f"'{value}' is the name of one of HubSpot's own objects")
        return value


class HubSpotOwner(_Model):
    """A person of HubSpot who can own records; `active=False` is a deactivated user."""

    name: str
    email: str
    active: bool = True
    in_salesforce: bool = Field(
        False, description="also a user in Salesforce; managers of Salesforce owners always are"
    )
    teams: tuple[Team, ...] = ()
    records: Counts = {}


class SalesforceOwner(_Model):
    """An owner who exists in Salesforce alone: a user or a queue."""

    name: str
    email: str = ""
    type: Literal["PERSON", "QUEUE"] = "PERSON"
    manager_email: str = ""
    salesforce_active: bool = True
    teams: tuple[Team, ...] = ()
    companies_of: str = Field(
        "",
        description="e-mail of the HubSpot owner whose companies three quarters of the contacts "
        "and deals are associated with",
    )
    records: Counts = {}
    dirty: Counts = Field({}, description="how many of these refuse a change of their owner")
    mended_after: int = Field(
        0, ge=0, description="refusals until somebody puts a dirty record right; 0: nobody does"
    )


class Generate(_Model):
    """Owners and records made up from the seed, besides those that are named."""

    hubspot_owners: int = Field(0, ge=0)
    salesforce_owners: int = Field(0, ge=0)
    queues: int = Field(0, ge=0)
    records_per_owner: Counts = Field({}, description="of each owner who is made up")
    records_in_all: Counts = Field(
        {}, description="spread evenly over the Salesforce owners and queues who are made up"
    )

    @model_validator(mode="after")
    def _somebody_has_them(self) -> Generate:
        if self.records_in_all and not self.salesforce_owners + self.queues:
            raise ValueError("records_in_all needs salesforce_owners or queues")
        return self


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
    may_uninstall: bool = Field(True, description="Download AppExchange Packages")
    may_use_metadata: bool = Field(True, description="Modify Metadata, and Modify All Data")
    may_use_api: bool = Field(True, description="API Enabled")
    may_view_setup: bool = Field(True, description="View Setup and Configuration")
    may_view_all: bool = Field(True, description="View All Data")
    unreadable: tuple[str, ...] = Field(
        (), description="objects of the package that the bot's user may not read, without namespace"
    )
    visible: dict[str, Annotated[int, Field(ge=0)]] = Field(
        {}, description="so many records of an object of the package can the bot's user see"
    )
    local: dict[LocalKind, Annotated[int, Field(ge=0)]] = Field(
        {}, description="components of the org's own that do not refer to the package"
    )
    session_requests: int = Field(
        0, ge=0, description="a session ends after so many requests; 0: never"
    )
    client_user: bool = Field(
        True, description="whether the app has a user to run as, for the client-credentials login"
    )
    check_only: Literal["allowed", "refused", "fails"] = Field(
        "allowed",
        description="what becomes of a check-only deployment that uninstalls: it is done, refused "
        "at once, or ends saying that this cannot be checked only",
    )
    deploy_queue_seconds: float = Field(0, ge=0, description="how long a deployment is Pending")
    deploy_list_lag: float = Field(
        0, ge=0, description="seconds until DeployRequest lists a deployment"
    )
    consumer_key: str = Field("", description="of the External Client App; empty: no OAuth login")
    consumer_secret: str = Field("", description="for the client-credentials login")
    public_key: str = Field("", description="PEM that checks JWT bearer logins")


class Workspace(_Model):
    """The Slack workspace."""

    bot_token: str = "xoxb-sandbox-bot-token"
    app_token: str = "xapp-sandbox-app-token"
    signing_secret: str = "5a9db0c85a9db0c85a9db0c85a9db0c8"
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
    share: float = Field(
        1.0, gt=0, le=1, description="how likely it strikes a request; the seed decides"
    )
    delay: float = Field(0.0, ge=0, description="seconds")
    count: int = Field(1, ge=1, description="records, for part_failure, interfere and archive")

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
    custom_objects: tuple[CustomObject, ...] = ()
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

    @model_validator(mode="after")
    def _known_objects(self) -> Scenario:
        custom = [found.name for found in self.custom_objects]
        if len({name.lower() for name in custom}) != len(custom):
            raise ValueError("custom_objects: two have the same name")
        known = {*get_args(ObjectType), *custom}
        counts = [self.generate.records_per_owner, self.generate.records_in_all]
        counts += [owner.records for owner in self.hubspot_owners]
        for foreign in self.salesforce_owners:
            counts += [foreign.records, foreign.dirty]
        unknown = sorted({name for one in counts for name in one} - known)
        if unknown:
            raise ValueError(f"records: there is no object '{unknown[0]}'; custom_objects adds one")
        return self

    @model_validator(mode="after")
    def _known_companies(self) -> Scenario:
        emails = {owner.email.lower() for owner in self.hubspot_owners}
        for foreign in self.salesforce_owners:
            if foreign.companies_of and foreign.companies_of.lower() not in emails:
                raise ValueError(f"companies_of: no HubSpot owner is '{foreign.companies_of}'")
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
