"""The app manifest asks for what the code uses, and for nothing else."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
import yaml

from handlers.actions import COMMAND
from sandbox.slack.scopes import BOT_SCOPES

ROOT = Path(__file__).parents[1]

SCOPES = {
    "apps_connections_open": set(),  # an app-level token's scope: connections:write
    "auth_test": set(),
    "chat_deleteScheduledMessage": {"chat:write"},
    "chat_postEphemeral": {"chat:write"},
    "chat_postMessage": {"chat:write"},
    "chat_scheduleMessage": {"chat:write"},
    "chat_scheduledMessages_list": set(),
    "chat_update": {"chat:write"},
    "conversations_history": {"channels:history", "groups:history", "im:history"},
    "conversations_open": {"im:write"},
    "conversations_replies": {"channels:history", "groups:history", "im:history"},
    "files_info": {"files:read"},
    "files_upload_v2": {"files:write"},
    "usergroups_users_list": {"usergroups:read"},
    "users_info": {"users:read", "users:read.email"},
    "views_open": set(),
    "views_publish": set(),
    "views_push": set(),
    "views_update": set(),
}
"""Web API method -> the scopes it needs here (Slack's documentation of each method)."""


def manifest() -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load((ROOT / "manifest.yml").read_text("utf-8"))
    return data


def methods_called() -> set[str]:
    """Names of Web API methods that the bot's code mentions as an attribute of a client."""
    from slack_sdk import WebClient

    known = {name for name in vars(WebClient) if "_" in name and not name.startswith("_")}
    called: set[str] = set()
    for package in ("bot", "handlers"):
        for path in (ROOT / package).rglob("*.py"):
            tree = ast.parse(path.read_text("utf-8"))
            called |= {
                node.attr
                for node in ast.walk(tree)
                if isinstance(node, ast.Attribute) and node.attr in known
            }
    return called - {"api_call"}


def test_every_method_called_is_accounted_for() -> None:
    assert methods_called() - SCOPES.keys() == set()


def test_scopes_are_exactly_those_that_the_code_uses() -> None:
    needed = {"commands"}
    for method in methods_called():
        needed |= SCOPES[method]
    assert set(manifest()["oauth_config"]["scopes"]["bot"]) == needed


def test_the_sandbox_grants_what_the_manifest_asks_for() -> None:
    assert set(BOT_SCOPES) == set(manifest()["oauth_config"]["scopes"]["bot"])


def test_features_that_the_code_relies_on() -> None:
    data = manifest()
    settings = data["settings"]
    assert settings["socket_mode_enabled"] is True
    assert settings["interactivity"]["is_enabled"] is True
    assert settings["event_subscriptions"]["bot_events"] == ["app_home_opened"]
    assert data["features"]["app_home"]["home_tab_enabled"] is True
    commands = [command["command"] for command in data["features"]["slash_commands"]]
    assert commands == [COMMAND]
    assert data["features"]["slash_commands"][0]["usage_hint"]
    assert data["features"]["slash_commands"][0]["should_escape"] is True


@pytest.mark.parametrize("scope", manifest()["oauth_config"]["scopes"]["bot"])
def test_every_scope_is_justified_in_the_documentation(scope: str) -> None:
    assert f"`{scope}`" in (ROOT / "docs" / "connect.md").read_text("utf-8")
