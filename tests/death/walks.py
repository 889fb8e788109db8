"""All walks, and at which failpoints the bot dies in which: together they reach every one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from sandbox.scenario import Scenario
from tests.death import company, walk_owners, walk_package
from tests.death.names import again, every
from tests.death.stage import Stage


@dataclass(frozen=True)
class Walk:
    """One way through the procedure, in a company of its own.

    *settings* are the bot's. The bot dies at the failpoints that fit the patterns in *dies_at*;
    without patterns, at all that fit those of no other walk.
    """

    name: str
    scenario: Callable[[], Scenario]
    go: Callable[[Stage], None]
    settings: Mapping[str, str] = field(default_factory=dict)
    dies_at: tuple[str, ...] = ()

    def share(self) -> frozenset[str]:
        """Return the failpoints at which the bot has to die in this walk."""
        return frozenset(name for name in every() if self.takes(name))

    def spared(self) -> frozenset[str]:
        """Return those at which it lives."""
        return frozenset(name for name in every() | again() if not self.takes(name))

    def takes(self, name: str) -> bool:
        """Say whether the bot dies in this walk at a failpoint; one that is new: in the first."""
        return next((walk for walk in WALKS if _fits(name, walk.dies_at)), WALKS[0]) is self


def _fits(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, f"{pattern}:*") for pattern in patterns)


GROUPS = {"sunset_approvers": "S0APPROVE1", "sunset_admins": "S0ADMINS01"}
THREE = {"sunset_approvers": "U0BEN00001,U0CYD00001,U0FAY00001"}
OWNERS = (
    "answer.chat_postEphemeral",
    "answer.views_push",
    "answer.views_update",
    "commit:event.cancelled",
    "commit:event.mapping_*",
    "commit:event.objects_chosen",
    "commit:event.owner_*",
    "commit:event.owners_*",
    "commit:event.reassignment_*",
    "commit:event.undo_started",
    "commit:*_ledger",
    "commit:*.count_owners",
    "commit:*.mapping_file",
    "commit:*.reassign",
    "commit:*.result_file",
    "commit:*.undo",
    "commit:*.watch_owners_gone",
    "hubspot.count_by_owner",
    "hubspot.owner*",
    "hubspot.records_of",
    "hubspot.swap_owners",
    "salesforce.people",
    "slack.read_file",
)
DISCARD = (
    "commit:event.advice_acknowledged",
    "commit:event.backup_outdated",
    "commit:event.backup_waived",
    "commit:event.bot_removal_started",
    "commit:event.capability_missing",
    "commit:event.inventory_changed",
    "commit:event.inventory_reread",
    "commit:event.no_copy_proposed",
    "commit:event.removal_[dfhr]*",
    "commit:*.back_up",
    "commit:*.remove_package",
    "commit:*.take_inventory",
    "commit:save_progress",
    "package_data.*",
    "salesforce.*removal*",
    "slack.group_members",
    "slack.upload*",
)
ENDS = (
    "answer.acknowledge",
    "answer.respond",
    "commit:event.approval_voided",
    "commit:event.approvals_lapsed",
    "commit:event.declined",
    "commit:event.disconnect_[!r]*",
    "commit:event.package_absent",
    "commit:event.plan_recorded",
    "commit:event.reminders_missed",
    "commit:event.run_*",
    "commit:event.window_ended",
    "commit:*.lay_reminder",
    "commit:*.settle_missed",
    "commit:*.take_plan",
    "commit:*.watch_sync",
    "hubspot.account",
    "hubspot.active_owners",
    "hubspot.last_sync",
    "salesforce.installed_package",
    "slack.check_channel",
    "slack.messages",
    "slack.profile",
    "slack.schedule*",
    "slack.who_am_i",
)
WALKS = (
    Walk("keep", company.alone, walk_package.go_keep),
    Walk("owners", company.tidy, walk_owners.go, dies_at=OWNERS),
    Walk("discard", company.blocked, walk_package.go_discard, GROUPS, DISCARD),
    Walk("ends", company.alone, walk_package.go_ends, THREE, ENDS),
)
