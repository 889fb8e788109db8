"""All that a plan report is about: the plan, and what the program knows besides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from workflows.rules.approval import unrepresented
from workflows.text import Text
from workflows.values import Blocker, Plan, Policy


@dataclass(frozen=True)
class Findings:
    """What was found for the administrator *asker* (a Slack user id).

    ``approvers`` are those whom Slack has confirmed now, ``members`` the same by group. ``missing``
    says what is not granted to Sunset. ``requests`` are the calls to HubSpot in ten seconds that
    the forecast goes by, ``poll_seconds`` the pause between two looks at the package.
    """

    plan: Plan
    asker: str
    policy: Policy
    approvers: Sequence[str] = ()
    members: Mapping[str, Sequence[str]] | None = None
    missing: Sequence[Text] = ()
    requests: int = 190
    poll_seconds: int = 60

    @property
    def others(self) -> list[str]:
        """Whoever may approve when *asker* starts the run: nobody approves their own request."""
        return [person for person in self.approvers if person != self.asker]

    @property
    def unreachable_groups(self) -> tuple[str, ...]:
        """Return the groups for which nobody could approve now."""
        there = self.members or {}
        by_person = {
            person: tuple(name for name, people in there.items() if person in people)
            for person in self.others
        }
        return unrepresented(self.policy.groups, by_person)

    @property
    def approvable(self) -> bool:
        """Whether both approvals could be completed with the people who may approve now."""
        return len(self.others) >= self.policy.highest_quorum and not self.unreachable_groups

    @property
    def sure(self) -> tuple[Blocker, ...]:
        """Return what makes Salesforce refuse the package's uninstall."""
        found = self.plan.inventory
        return tuple(one for one in found.blockers if one.sure) if found else ()
