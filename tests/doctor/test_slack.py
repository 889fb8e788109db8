"""What the doctor says of Slack."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from bot.checkup.finding import Level
from bot.vendors.slack import Slack
from bot.vendors.slack_scopes import SLACK_SCOPES
from tests.doctor.clinic import (
    ADA,
    BEN,
    CYD,
    FAY,
    UNKNOWN,
    WARNING,
    WRONG,
    Clinic,
    amiss,
    said,
)


def without(scope: str) -> Callable[[Clinic], Any]:
    return lambda at: at.post("slack/scopes", missing=[scope])


TAKEN_SLACK: dict[str, tuple[Callable[[Clinic], Any], Level]] = {
    **{
        f"slack.scope.{scope.name}": (without(scope.name), WRONG if scope.needed else WARNING)
        for scope in SLACK_SCOPES
    },
    "slack.channel.SUNSET_CHANNEL": (
        lambda at: at.post("channels/C0SUNSET01/membership", member=False),
        WRONG,
    ),
    "slack.channel.SUNSET_AUDIT_CHANNEL": (
        lambda at: at.post("channels/C0AUDIT001/membership", member=False),
        WRONG,
    ),
    f"slack.person.SUNSET_ADMINS.{FAY}": (
        lambda at: at.post(f"people/{FAY}/kind", kind="deactivated"),
        WRONG,
    ),
}


@pytest.mark.parametrize("check", TAKEN_SLACK)
def test_slack_misses_what_was_taken_away(office: Clinic, check: str) -> None:
    take, level = TAKEN_SLACK[check]
    take(office)
    assert amiss(office.slack()) == {check: level}


def test_a_wrong_bot_token_leaves_the_app_token_to_be_checked(office: Clinic) -> None:
    findings = office.slack(slack_bot_token="xoxb-another")
    assert amiss(findings) == {"slack.token": WRONG}
    assert findings["slack.app_token"].level is Level.OK
    assert "SLACK_BOT_TOKEN" in said(findings["slack.token"])


def test_a_wrong_app_token(office: Clinic) -> None:
    findings = office.slack(slack_app_token="xoxb-sandbox-bot-token")
    assert amiss(findings) == {"slack.app_token": WRONG}
    assert "connections:write" in said(findings["slack.app_token"])


def test_an_app_token_without_its_scope(office: Clinic) -> None:
    given = office.sandbox.world.scenario
    workspace = given.workspace.model_copy(update={"scopes_missing": ("connections:write",)})
    office.sandbox.world.scenario = given.model_copy(update={"workspace": workspace})
    assert amiss(office.slack()) == {"slack.app_token": WRONG}


def test_channels(office: Clinic) -> None:
    findings = office.slack(sunset_channel="C0GENERAL1", sunset_audit_channel="C0NOWHERE1")
    assert amiss(findings) == {
        "slack.channel.SUNSET_CHANNEL": WRONG,
        "slack.channel.SUNSET_AUDIT_CHANNEL": WRONG,
    }
    outside = said(findings["slack.channel.SUNSET_CHANNEL"])
    hidden = said(findings["slack.channel.SUNSET_AUDIT_CHANNEL"])
    assert "not in the channel" in outside
    assert "private" in hidden
    assert "/invite @sunset" in outside
    assert "/invite @sunset" in hidden


def test_a_channel_that_cannot_be_read_is_not_blamed(office: Clinic) -> None:
    office.post("slack/scopes", missing=["channels:history"])
    finding = office.slack()["slack.channel.SUNSET_CHANNEL"]
    assert finding.level is UNKNOWN
    assert "channels:history" in said(finding)


def test_an_archived_channel(office: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Slack, "is_archived", lambda _, channel: channel == "C0AUDIT001")
    findings = office.slack()
    assert amiss(findings) == {"slack.channel.SUNSET_AUDIT_CHANNEL": WRONG}
    assert "Unarchive" in said(findings["slack.channel.SUNSET_AUDIT_CHANNEL"])


def test_scopes_that_slack_does_not_tell(office: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    told = Slack.token
    monkeypatch.setattr(Slack, "token", lambda self: replace(told(self), scopes=None))
    findings = office.slack()
    assert amiss(findings) == {}
    assert findings["slack.scopes"].level is UNKNOWN


def test_people_who_cannot_count(office: Clinic) -> None:
    office.post(f"people/{CYD}/kind", kind="deactivated")
    findings = office.slack(sunset_admins=f"{ADA},U0NOBODY01,U0SUNSETBOT")
    assert amiss(findings) == {
        "slack.person.SUNSET_ADMINS.U0NOBODY01": WRONG,
        "slack.person.SUNSET_ADMINS.U0SUNSETBOT": WRONG,
        f"slack.person.SUNSET_APPROVERS.{CYD}": WRONG,
        "slack.quorum": WRONG,
    }
    assert "a bot" in said(findings["slack.person.SUNSET_ADMINS.U0SUNSETBOT"])
    assert "deactivated" in said(findings[f"slack.person.SUNSET_APPROVERS.{CYD}"])


def test_user_groups(office: Clinic) -> None:
    groups = {"sunset_admins": "S0ADMINS01", "sunset_approvers": f"S0APPROVE1,{ADA}"}
    findings = office.slack(**groups)
    assert amiss(findings) == {}
    assert "members: 2" in said(findings["slack.group.SUNSET_ADMINS.S0ADMINS01"])
    office.post("slack/scopes", missing=["usergroups:read"])
    findings = office.slack(**groups)
    assert amiss(findings) == {"slack.scope.usergroups:read": WRONG}
    assert findings["slack.quorum"].level is UNKNOWN
    office.post("slack/scopes", missing=[])
    findings = office.slack(sunset_approvers=f"S0NOWHERE1,{BEN},{CYD}")
    assert amiss(findings) == {"slack.group.SUNSET_APPROVERS.S0NOWHERE1": WRONG}
    for person in (BEN, CYD):
        office.post(f"people/{person}/kind", kind="deactivated")
    empty = office.slack(sunset_approvers=f"S0APPROVE1,{ADA}")
    assert empty["slack.group.SUNSET_APPROVERS.S0APPROVE1"].level is WRONG


@pytest.mark.parametrize(
    ("admins", "approvers", "needed", "enough"),
    [
        (ADA, f"{ADA},{BEN},{CYD}", 2, True),
        (ADA, f"{ADA},{BEN}", 2, False),
        (BEN, f"{ADA},{CYD}", 2, True),
        (f"{FAY},{BEN}", f"{BEN},{CYD}", 2, False),
        (ADA, ADA, 1, False),
    ],
)
def test_the_quorum_without_whoever_asks(
    office: Clinic, admins: str, approvers: str, needed: int, enough: bool
) -> None:
    given = {"sunset_admins": admins, "sunset_approvers": approvers}
    findings = office.slack(**given, sunset_required_approvals=needed)
    assert amiss(findings) == ({} if enough else {"slack.quorum": WRONG})
