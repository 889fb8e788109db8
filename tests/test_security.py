"""The page about security and the CI say what is there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from bot.settings import Settings

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "SECURITY.md").read_text("utf-8")
WORKFLOW = ROOT / ".github" / "workflows" / "ci.yml"


def test_every_credential_has_its_place_on_the_page() -> None:
    for name, field in Settings.model_fields.items():
        kind = str(field.annotation)
        if "SecretStr" in kind and not name.startswith("salesforce") and "former" not in name:
            assert f"`{name.upper()}`" in PAGE, name


def test_what_the_page_names_is_there() -> None:
    for path in re.findall(r"`((?:bot|tests|\.github)/[\w./-]+)`", PAGE):
        assert (ROOT / path).exists(), path
    for target in re.findall(r"\]\(([\w./-]+)", PAGE):
        assert (ROOT / target).exists(), target
    for setting in re.findall(r"`(S(?:UNSET|LACK|ALESFORCE)_[A-Z_]+|HUBSPOT_[A-Z_]+)`", PAGE):
        assert setting.lower() in Settings.model_fields, setting


def test_the_workflow_runs_the_tests_and_the_audit_and_nothing_of_others() -> None:
    workflow: dict[str, Any] = yaml.safe_load(WORKFLOW.read_text("utf-8"))
    assert workflow["permissions"] == {"contents": "read"}
    jobs = workflow["jobs"]
    steps = [step for job in jobs.values() for step in job["steps"]]
    ran = "\n".join(step.get("run", "") for step in steps)
    assert ".ci/run" in ran
    assert "make audit" in ran
    assert all("permissions" not in job for job in jobs.values())
    # Only the step that fetches gets the token, and what is run never holds an expression.
    for step in steps:
        assert "${{" not in step.get("run", "")
        used = step.get("uses", "")
        assert not used or re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", used), used
    assert sum("TOKEN" in step.get("env", {}) for step in steps) == len(jobs)
    # YAML reads a bare `on` as true.
    assert "schedule" in workflow[True]  # type: ignore[index]  # said above
