"""The manifest for HTTP mode: as the other, with one address wherever Slack wants one."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import yaml

from bot.http_mode import EVENTS

ROOT = Path(__file__).parents[2]
ADDRESS = "https://sunset.example.com"


def manifest(name: str) -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load((ROOT / name).read_text("utf-8"))
    return data


def test_it_is_the_other_with_an_address_and_without_socket_mode() -> None:
    wanted = copy.deepcopy(manifest("manifest.yml"))
    for command in wanted["features"]["slash_commands"]:
        command["url"] = ADDRESS + EVENTS
    settings = wanted["settings"]
    settings["event_subscriptions"]["request_url"] = ADDRESS + EVENTS
    settings["interactivity"]["request_url"] = ADDRESS + EVENTS
    settings["interactivity"]["message_menu_options_url"] = ADDRESS + EVENTS
    settings["socket_mode_enabled"] = False
    assert manifest("manifest.http.yml") == wanted


def test_the_documentation_names_it_and_every_setting() -> None:
    text = (ROOT / "docs" / "connect.md").read_text("utf-8")
    for word in (
        "manifest.http.yml", "SLACK_SIGNING_SECRET", "SUNSET_HTTP", "SUNSET_HTTP_HOST",
        "SUNSET_HTTP_PORT", "sunset run --http", EVENTS, "/health", "/ready",
    ):  # fmt: skip
        assert f"`{word}" in text, word
