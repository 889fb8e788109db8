"""Settings: complete or refused with every fault named at once; never a secret in a sentence."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.errors import SettingsError
from bot.program import policy
from bot.settings import load_settings
from tests.bot.rig import GIVEN, settings

NEEDED = (
    "SLACK_BOT_TOKEN",
    "SLACK_APP_TOKEN",
    "HUBSPOT_ACCESS_TOKEN",
    "SUNSET_CHANNEL",
    "SUNSET_AUDIT_CHANNEL",
    "SUNSET_ADMINS",
    "SUNSET_APPROVERS",
)
PREFIXES = ("SLACK_", "HUBSPOT_", "SALESFORCE_", "SUNSET_")


@pytest.fixture(autouse=True)
def _no_settings_around(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(PREFIXES):
            monkeypatch.delenv(name)


def refused(**changes: Any) -> str:
    """Return the sentence that refuses these settings."""
    with pytest.raises(SettingsError) as caught:
        load_settings(env_file=None, **{**GIVEN, **changes})
    assert caught.value.code == "settings_invalid"
    assert str(caught.value.remedy)
    return str(caught.value.problem)


def test_what_is_given_is_read(tmp_path: Path) -> None:
    made = settings(tmp_path / "x.db", sunset_locale="pl", sunset_reminders="PT2H, PT30M")
    assert made.sunset_admins == ("UA", "UB", "UE")
    assert made.sunset_reminders == (timedelta(hours=2), timedelta(minutes=30))
    assert made.sunset_locale == "pl"
    assert made.slack_bot_token.get_secret_value() == "xoxb-secret-1"


def test_the_defaults_are_the_procedures(tmp_path: Path) -> None:
    made = policy(settings(tmp_path / "x.db"))
    assert (made.quorum, made.window, made.approval_ttl) == (2, 48 * 3_600, 24 * 3_600)
    assert made.reminders == (86_400, 43_200, 14_400, 3_600, 900)


def test_the_environment_and_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / ".env"
    file.write_text(
        "".join(f"{name.upper()}={value}\n" for name, value in GIVEN.items())
        + "SUNSET_DATA_COPY_WINDOW=PT2H\nSUNSET_REQUIRED_APPROVALS=3\nPATH_OF_OTHERS=x\n"
    )
    monkeypatch.setenv("SUNSET_REQUIRED_APPROVALS", "1")
    made = load_settings(file)
    assert made.sunset_data_copy_window == timedelta(hours=2)
    assert made.sunset_required_approvals == 1, "the environment comes first"
    assert made.sunset_approvers == ("UA", "UC", "UD", "UE")


def test_everything_that_is_missing_is_named_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(env_file=None)
    sentence = str(caught.value.problem)
    for name in NEEDED:
        assert f"{name}: is missing" in sentence
    assert "SALESFORCE_" in sentence
    assert f"{len(NEEDED) + 1} settings" in sentence


WRONG: dict[str, Any] = {
    "slack_api_url": "http://slack.example.com/api/",
    "hubspot_api_url": "hubspot",
    "salesforce_api_version": "sixty",
    "salesforce_namespace": "Hub'Spot",
    "sunset_channel": "#crm",
    "sunset_audit_channel": "audit",
    "sunset_admins": "anna@example.com",
    "sunset_approvers": " , ",
    "sunset_required_approvals": "0",
    "sunset_approval_ttl": "PT0S",
    "sunset_locale": "de",
    "sunset_data_copy_window": "two days",
    "sunset_reminders": "PT4H,soon",
    "sunset_poll_interval": "-PT1M",
    "sunset_sync_quiet": "P",
    "sunset_log_level": "LOUD",
}


def test_everything_that_is_malformed_is_named_at_once() -> None:
    sentence = refused(**WRONG)
    for name in WRONG:
        assert f"{name.upper()}: " in sentence
    assert f"{len(WRONG)} settings" in sentence


@pytest.mark.parametrize("name", WRONG)
def test_each_malformed_setting_alone(name: str) -> None:
    sentence = refused(**{name: WRONG[name]})
    assert sentence.startswith("1 settings")
    assert name.upper() in sentence


def test_missing_and_malformed_are_named_together() -> None:
    sentence = refused(
        slack_bot_token=None,
        sunset_channel="#crm",
        salesforce_access_token=None,
        sunset_admins="U1,nobody",
    )
    for name in ("SLACK_BOT_TOKEN", "SUNSET_CHANNEL", "SALESFORCE_ACCESS_TOKEN", "SUNSET_ADMINS"):
        assert name in sentence
    assert "nobody" in sentence
    assert "U1" not in sentence


@pytest.mark.parametrize(
    "wrong", [{"sunset_reminders": "PT0S"}, {"sunset_reminders": "-PT1H,PT4H"}]
)
def test_a_reminder_comes_before_the_end(wrong: dict[str, Any]) -> None:
    assert "SUNSET_REMINDERS" in refused(**wrong)


@pytest.mark.parametrize("name", ["sunset_data_copy_window", "sunset_approval_ttl"])
def test_less_than_a_second_is_nothing(name: str) -> None:
    assert name.upper() in refused(**{name: "PT0.4S"})


# --- Salesforce ----------------------------------------------------------------------------------

JWT = {
    "salesforce_instance_url": "",
    "salesforce_access_token": None,
    "salesforce_username": "bot@example.com",
    "salesforce_consumer_key": "3MVG9-secret-5",
    "salesforce_private_key_file": "key.pem",
}


def test_salesforce_by_certificate(tmp_path: Path) -> None:
    assert settings(tmp_path / "x.db", **JWT).salesforce_username == "bot@example.com"


@pytest.mark.parametrize("name", [name for name, value in JWT.items() if value])
def test_half_a_login_is_none(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for each, value in {**GIVEN, **JWT, name: ""}.items():
        monkeypatch.setenv(each.upper(), value or "")
    with pytest.raises(SettingsError) as caught:
        load_settings(env_file=None)
    for needed in ("SALESFORCE_USERNAME", "SALESFORCE_INSTANCE_URL", "SALESFORCE_ACCESS_TOKEN"):
        assert needed in str(caught.value)


def test_what_is_set_to_nothing_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NEEDED:
        monkeypatch.setenv(name, "")
    with pytest.raises(SettingsError) as caught:
        load_settings(env_file=None)
    for name in NEEDED:
        assert f"{name}: is missing" in str(caught.value)


# --- who decides ----------------------------------------------------------------------------------


def test_groups_of_approvers_and_a_quorum_of_the_removal(tmp_path: Path) -> None:
    told = settings(
        tmp_path / "x.db",
        sunset_approval_groups=" HubSpot = U1 S2 ;Salesforce=U3; ",
        sunset_required_approvals_removal="3",
    )
    assert told.sunset_approval_groups == {"HubSpot": ("U1", "S2"), "Salesforce": ("U3",)}
    rules = policy(told)
    assert (rules.quorum, rules.removal_quorum) == (2, 3)
    assert rules.groups == ("HubSpot", "Salesforce")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("HubSpot", "is not NAME=ID"),
        ("=U1", "is not NAME=ID"),
        ("HubSpot=", "names nobody"),
        ("HubSpot=x1", "not a Slack user or user group id: x1"),
        ("A=U1;A=U2", "A is named twice"),
        ("x" * 41 + "=U1", "up to 40 letters"),
    ],
)
def test_groups_that_are_none_are_refused(value: str, said: str) -> None:
    sentence = refused(sunset_approval_groups=value)
    assert "SUNSET_APPROVAL_GROUPS" in sentence
    assert said in sentence


# --- no secrets, no tracebacks -------------------------------------------------------------------


def test_no_sentence_holds_a_secret(tmp_path: Path) -> None:
    assert "secret-" not in refused(**WRONG)
    assert "secret-" not in repr(settings(tmp_path / "x.db", **JWT))


def test_a_file_that_is_not_text_is_a_clear_refusal(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_bytes(b"SUNSET_CHANNEL=\xff\xfe\x00C1\n")
    with pytest.raises(SettingsError) as caught:
        load_settings(file)
    assert str(file) in str(caught.value)


def test_a_directory_in_place_of_the_file_is_like_no_file(tmp_path: Path) -> None:
    with pytest.raises(SettingsError):
        load_settings(tmp_path)
