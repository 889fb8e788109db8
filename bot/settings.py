"""Settings, from the environment or ``.env``. Missing and malformed ones are all named at once."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot.errors import SettingsError
from workflows.text import N_

MemberIds = Annotated[tuple[str, ...], NoDecode]
_AUDIT_KEY = re.compile(r"(?:[0-9a-fA-F]{2}){32,64}")
Durations = Annotated[tuple[timedelta, ...], NoDecode]


class SalesforceSettings(BaseSettings):
    """How to get into Salesforce: one of three logins."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
    )

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


class Settings(SalesforceSettings):
    """Everything that the program is told from outside; docs/connect.md explains each.

    Durations are ISO 8601 (``PT48H``). Member ids are Slack user ids (``U…``/``W…``) or user group
    ids (``S…``), separated by commas.
    """

    slack_bot_token: SecretStr
    slack_app_token: SecretStr
    slack_signing_secret: SecretStr | None = None
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
    sunset_approval_ttl: timedelta = timedelta(hours=24)
    sunset_locale: Literal["en", "pl"] = "en"
    sunset_data_copy_window: timedelta = timedelta(hours=48)
    sunset_reminders: Durations = tuple(timedelta(minutes=m) for m in (1440, 720, 240, 60, 15))
    sunset_poll_interval: timedelta = timedelta(minutes=1)
    sunset_sync_quiet: timedelta = timedelta(minutes=5)
    sunset_hubspot_reserve: float = Field(0.2, ge=0, lt=1)
    sunset_hubspot_requests: int = Field(190, ge=1, le=10_000)
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


def load_settings(env_file: Path | None = Path(".env"), **given: Any) -> Settings:
    """Read the settings.

    Raises:
        SettingsError: naming every missing or malformed setting at once.
    """
    try:
        return Settings(_env_file=env_file, **given)
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
        places = [f"{name}: {sentence}" for name, sentence in found.items()]
        raise SettingsError(
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
        ) from None


def _name(place: tuple[int | str, ...]) -> str:
    return str(place[0]).upper() if place else "SALESFORCE"


def _sentence(item: dict[str, Any]) -> str:
    if item["type"] == "missing":
        return "is missing"
    if item["type"].startswith("time_delta"):
        return "is not an ISO 8601 duration such as PT48H"
    return str(item["msg"]).removeprefix("Value error, ")
