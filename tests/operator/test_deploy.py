"""What ships for operators is right by itself: images, units, alerts, boards name what there is."""

from __future__ import annotations

import configparser
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from bot import metrics
from bot.settings import Settings
from bot.standing import Standing
from tests.bot.rig import Rig

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
_NAME = re.compile(r"\bsunset_[a-z_]+")


@pytest.fixture
def known(rig: Rig) -> set[str]:
    """Every series that the bot tells."""
    text = generate_latest(metrics.REGISTRY).decode()
    families = [
        *text_string_to_metric_families(text),
        *Standing(rig.store, rig.engine, rig.hubspot, rig.clock.now).describe(),
    ]
    names = set()
    for family in families:
        ends = {"histogram": ("_bucket", "_sum", "_count"), "counter": ("_total",)}
        names |= {f"{family.name}{end}" for end in ends.get(family.type, ("",))}
    return names


def test_alerts_are_about_what_there_is(known: set[str]) -> None:
    (group,) = yaml.safe_load((DEPLOY / "alerts.yml").read_text())["groups"]
    named = [one["alert"] for one in group["rules"]]
    assert len(set(named)) == len(named) >= 5
    for rule in group["rules"]:
        assert set(_NAME.findall(rule["expr"])) <= known, rule["alert"]
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert rule["annotations"]["summary"]
        assert rule["annotations"]["description"]
        assert "for" in rule


def test_the_board_shows_what_there_is(known: set[str]) -> None:
    board = json.loads((DEPLOY / "grafana.json").read_text())
    used: set[str] = set()
    for panel in board["panels"]:
        for target in panel["targets"]:
            names = set(_NAME.findall(target["expr"]))
            assert names, panel["title"]
            used |= names
    assert used <= known
    # Nothing is counted that no board shows.
    assert {re.sub(r"_(bucket|sum|count|total)$", "", one) for one in known} == {
        re.sub(r"_(bucket|sum|count|total)$", "", one) for one in used
    }
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])


def _settings(text: str) -> set[str]:
    return set(re.findall(r"\b(?:SUNSET|SLACK|HUBSPOT|SALESFORCE)_[A-Z_]+", text))


@pytest.mark.parametrize("path", sorted(DEPLOY.iterdir()), ids=lambda path: path.name)
def test_settings_that_are_named_exist(path: Path) -> None:
    fields = {name.upper() for name in Settings.model_fields}
    assert _settings(path.read_text()) <= fields


def test_the_image() -> None:
    lines = (DEPLOY / "Dockerfile").read_text().splitlines()
    text = "\n".join(lines)
    copied = [line.split()[1:-1] for line in lines if line.startswith("COPY ") and "--" not in line]
    for name in (one for names in copied for one in names):
        assert (ROOT / name).exists(), name
    final = text[text.rindex("FROM ") :]
    assert "\nUSER sunset" in final
    assert final.index("USER sunset") < final.index("ENTRYPOINT")
    assert "HEALTHCHECK" in final
    assert "--require-hashes -r requirements.txt" in text
    assert "COPY . " not in text, "a secret file would come along"
    # What is installed needs nothing that is not copied.
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests"}
    assert packages <= {name for names in copied for name in names}


def test_the_compose_file() -> None:
    file = yaml.safe_load((DEPLOY / "compose.yml").read_text())
    (service,) = file["services"].values()
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert "ports" not in service
    assert [one.partition(":")[2] for one in service["volumes"]] == ["/data"]
    build = service["build"]
    assert (DEPLOY / build["context"] / build["dockerfile"]).resolve() == DEPLOY / "Dockerfile"


def test_the_unit() -> None:
    unit: Any = configparser.RawConfigParser(strict=False)
    unit.optionxform = str
    unit.read_string((DEPLOY / "sunset.service").read_text())
    service = unit["Service"]
    assert service["ExecStart"].endswith("/sunset run")
    assert service["DynamicUser"] == "yes"
    assert service["ProtectSystem"] == "strict"
    assert service["NoNewPrivileges"] == "yes"
    assert service["UMask"] == "0077"
    # Wrong settings end with 2 (bot/cli.py): starting again helps nobody.
    assert service["RestartPreventExitStatus"] == "2"
