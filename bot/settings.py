"""Settings, from the environment or ``.env``. Missing and malformed ones are all named at once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot.errors import SettingsError
from bot.masking import SECRETS, secrets_of
from workflows.text import N_

ApprovalGroups = Annotated[dict[str, tuple[str, ...]], NoDecode]
MemberIds = Annotated[tuple[str, ...], NoDecode]
GROUP_NAME_MOST = 40
SECRET_LEAST = 8
"""Characters; a shorter one could not be hidden without hiding words (:mod:`bot.masking`)."""
SIGNING_SECRET_LEAST = 16
"""Characters; Slack's have 32. Whoever guesses it is Slack, for the bot."""
_AUDIT_KEY = re.compile(r"(?:[0-9a-fA-F]{2}){32,64}")
Durations = Annotated[tuple[timedelta, ...], NoDecode]


class _Source(BaseSettings):
    model_config = SettingsConfigDict(
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
    )

    @field_validator("*")
    @classmethod
    def _no_word(cls, value: Any) -> Any:
        if isinstance(value, SecretStr) and len(value.get_secret_value()) < SECRET_LEAST:
            raise ValueError(f"has fewer than {SECRET_LEAST} characters: that is no secret")
        return value


class SlackListening(_Source):
    """How Slack's requests arrive: over Socket Mode, or over HTTP. Each has a secret of its own."""

    sunset_http: bool = False
    sunset_http_host: str = Field("127.0.0.1", min_length=1)
    sunset_http_port: int = Field(3000, ge=0, le=65_535)
    slack_app_token: SecretStr | None = None
    slack_signing_secret: SecretStr | None = None

    @field_validator("slack_signing_secret")
    @classmethod
    def _long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value().strip()) < SIGNING_SECRET_LEAST:
            raise ValueError("is too short to be the signing secret that Slack made")
        return value

    def lacking(self, *, listening: bool) -> dict[str, str]:
        """Return which secret is missing, with a sentence; *listening*: the bot is to be started.

        Whoever only looks (`sunset runs`, `sunset doctor`) has enough with either of them.
        """
        app, signing = bool(self.slack_app_token), bool(self.slack_signing_secret)
        if self.sunset_http and not signing:
            return {"SLACK_SIGNING_SECRET": "is missing (HTTP mode needs it)"}
        if not app and not self.sunset_http and (listening or not signing):
            return {"SLACK_APP_TOKEN": "is missing (`sunset run --http` needs none)"}
        return {}


class SalesforceSettings(_Source):
    """How to get into Salesforce: one of three logins."""

    salesforce_domain: str = "login"
    salesforce_username: str = ""
    salesforce_consumer_key: SecretStr | None = None
    salesforce_consumer_secret: SecretStr | None = None
    salesforce_private_key_file: Path | None = None
    salesforce_instance_url: str = ""
    salesforce_access_token: SecretStr | None = None
    salesforce_ca_file: Path | None = None
    salesforce_api_version: str = Field("62.0", pattern=r"^\d{2,3}\.0$")
    salesforce_namespace: str = Field("HubSpot_Inc", pattern=r"^[A-Za-z][A-Za-z0-9_]{0,14}$")

    @model_validator(mode="after")
    def _salesforce_login(self) -> Self:
        session = bool(self.salesforce_instance_url), bool(self.salesforce_access_token)
        jwt = (
            bool(self.salesforce_username),
            bool(self.salesforce_consumer_key),
            bool(self.salesforce_private_key_file),
        )
        client = bool(self.salesforce_consumer_key), bool(self.salesforce_consumer_secret)
        if all(session) or all(jwt):
            return self
        if all(client):
            if self.salesforce_domain in ("login", "test"):
                raise ValueError(
                    "SALESFORCE_CONSUMER_SECRET (client credentials) needs SALESFORCE_DOMAIN to be "
                    "your My Domain, such as example.my"
                )
            return self
        raise ValueError(
            "set SALESFORCE_USERNAME, SALESFORCE_CONSUMER_KEY and "
            "SALESFORCE_PRIVATE_KEY_FILE, or SALESFORCE_DOMAIN, SALESFORCE_CONSUMER_KEY and "
            "SALESFORCE_CONSUMER_SECRET, or SALESFORCE_INSTANCE_URL with SALESFORCE_ACCESS_TOKEN"
        )


class Settings(SlackListening, SalesforceSettings):
    """Everything that the program is told from outside; docs/connect.md explains each.

    Durations are ISO 8601 (``PT48H``). Member ids are Slack user ids (``U…``/``W…``) or user group
    ids (``S…``), separated by commas. Groups of approvers are ``HubSpot=U1 S2; Salesforce=U3``.
    """

    slack_bot_token: SecretStr
    slack_api_url: str = "https://slack.com/api/"

    hubspot_access_token: SecretStr
    hubspot_api_url: str = "https://api.hubapi.com"

    sunset_database: Path = Path("sunset.db")
    sunset_backups: Path = Path("backups")
    sunset_channel: str = Field(pattern=r"^[CG][A-Z0-9]{2,}$")
    sunset_audit_channel: str = Field(pattern=r"^[CG][A-Z0-9]{2,}$")
    sunset_audit_key: SecretStr | None = None
    sunset_audit_former_keys: SecretStr | None = None
    sunset_audit_signing_key_file: Path | None = None
    sunset_admins: MemberIds
    sunset_approvers: MemberIds
    sunset_required_approvals: int = Field(2, ge=1)
    sunset_required_approvals_removal: int | None = Field(None, ge=1)
    sunset_approval_groups: ApprovalGroups = {}
    sunset_approval_ttl: timedelta = timedelta(hours=24)
    sunset_locale: Literal["en", "pl"] = "en"
    sunset_data_copy_window: timedelta = timedelta(hours=48)
    sunset_reminders: Durations = tuple(timedelta(minutes=m) for m in (1440, 720, 240, 60, 15))
    sunset_poll_interval: timedelta = timedelta(minutes=1)
    sunset_sync_quiet: timedelta = timedelta(minutes=5)
    sunset_hubspot_reserve: float = Field(0.2, ge=0, lt=1)
    sunset_hubspot_requests: int = Field(190, ge=1, le=10_000)
    sunset_metrics_host: str = Field("127.0.0.1", min_length=1)
    sunset_metrics_port: int | None = Field(None, ge=0, le=65_535)
    sunset_log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @field_validator("sunset_admins", "sunset_approvers", mode="before")
    @classmethod
    def _ids(cls, value: Any) -> Any:
        ids = tuple(part.strip() for part in value.split(",")) if isinstance(value, str) else value
        ids = tuple(part for part in ids if part)
        if not ids:
            raise ValueError("names nobody")
        wrong = [part for part in ids if not (part[:1] in "UWS" and part.isalnum())]
        if wrong:
            raise ValueError(f"not a Slack user or user group id: {', '.join(wrong)}")
        return ids

    @field_validator("sunset_approval_groups", mode="before")
    @classmethod
    def _named_groups(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        groups: dict[str, tuple[str, ...]] = {}
        for part in filter(None, (one.strip() for one in value.split(";"))):
            name, equals, members = (one.strip() for one in part.partition("="))
            if not equals or not name or len(name) > GROUP_NAME_MOST:
                raise ValueError(f"“{part}” is not NAME=ID ID …, with a name of up to 40 letters")
            if name in groups:
                raise ValueError(f"{name} is named twice")
            groups[name] = cls._ids(members.replace(" ", ","))
        return groups

    @field_validator("sunset_audit_key", "sunset_audit_former_keys")
    @classmethod
    def _hexadecimal(cls, value: SecretStr | None) -> SecretStr | None:
        keys = [] if value is None else value.get_secret_value().split(",")
        if any(not _AUDIT_KEY.fullmatch(key.strip()) for key in keys):
            raise ValueError("must be 64 hexadecimal digits or more (docs/audit.md makes one)")
        return value

    @property
    def audit_keys(self) -> tuple[bytes, ...]:
        """The key of the record's chain, then former ones; empty: it is not keyed."""
        told = [self.sunset_audit_key, self.sunset_audit_former_keys]
        if self.sunset_audit_key is None:
            return ()
        digits = ",".join(one.get_secret_value() for one in told if one is not None).split(",")
        return tuple(bytes.fromhex(one.strip()) for one in digits)

    @field_validator("sunset_reminders", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        return tuple(part.strip() for part in value.split(",") if part.strip())

    @field_validator(
        "sunset_approval_ttl",
        "sunset_data_copy_window",
        "sunset_poll_interval",
        "sunset_sync_quiet",
    )
    @classmethod
    def _positive(cls, value: timedelta) -> timedelta:
        if value < timedelta(seconds=1):
            raise ValueError("must be at least one second, PT1S")
        return value

    @field_validator("sunset_reminders")
    @classmethod
    def _leads(cls, value: tuple[timedelta, ...]) -> tuple[timedelta, ...]:
        if any(lead < timedelta(seconds=1) for lead in value):
            raise ValueError("each must be at least one second before the end, PT1S")
        return value

    @field_validator("slack_api_url", "hubspot_api_url")
    @classmethod
    def _url(cls, value: str) -> str:
        if not value.startswith(("https://", "http://127.0.0.1", "http://localhost")):
            raise ValueError("must start with https:// (or be on this machine)")
        return value


def load_settings(
    env_file: Path | None = Path(".env"), *, listening: bool = False, **given: Any
) -> Settings:
    """Read the settings; *listening*: the bot is to be started with them.

    Raises:
        SettingsError: naming every missing or malformed setting at once.
    """
    try:
        made = Settings(_env_file=env_file, **given)
        if lacking := made.lacking(listening=listening):
            raise _invalid(lacking, env_file)
        # From here on nothing that this process writes shows them.
        SECRETS.learn(*secrets_of(made))
    except UnicodeDecodeError as error:
        raise SettingsError(
            "settings_unreadable",
            N_("{path} is not a text file in UTF-8.", path=str(env_file)),
            N_("Write it anew as plain text, one NAME=value a line."),
        ) from error
    except ValidationError as error:
        found = {_name(item["loc"]): _sentence(dict(item)) for item in error.errors()}
        # A model's own check is skipped while fields are wrong; here everything is to be named.
        try:
            SalesforceSettings(_env_file=env_file, **given)
        except ValidationError as login:
            found |= {_name(item["loc"]): _sentence(dict(item)) for item in login.errors()}
        with suppress(ValidationError):
            found |= SlackListening(_env_file=env_file, **given).lacking(listening=listening)
        raise _invalid(found, env_file) from None
    return made


def _invalid(found: Mapping[str, str], env_file: Path | None) -> SettingsError:
    places = [f"{name}: {sentence}" for name, sentence in found.items()]
    return SettingsError(
        "settings_invalid",
        N_(
            "{count} settings are missing or wrong: {places}.",
            count=len(places),
            places="; ".join(places),
        ),
        N_(
            "Set them in the environment or in .env ({path}); docs/connect.md explains each.",
            path=str(env_file or Path.cwd()),
        ),
    )


def _name(place: tuple[int | str, ...]) -> str:
    return str(place[0]).upper() if place else "SALESFORCE"


def _sentence(item: dict[str, Any]) -> str:
    if item["type"] == "missing":
        return "is missing"
    if item["type"].startswith("time_delta"):
        return "is not an ISO 8601 duration such as PT48H"
    return str(item["msg"]).removeprefix("Value error, ")
