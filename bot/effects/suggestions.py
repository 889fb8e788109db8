"""Who might take an owner's records over, and why. Nothing is taken without a click (P2b)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING

from bot.effects.context import Context
from bot.ports import SalesforcePerson
from workflows.text import N_
from workflows.values import OwnedRecords, Owner, Suggestion

if TYPE_CHECKING:
    from bot.effects.plan import Optional

LONGEST_CHAIN = 20
"""Managers above managers, at most; a cycle in the org chart must not hold us for ever."""
COMPANY_SAMPLES = 100
"""Owners whose companies are looked at: each costs a search, and searches are scarce."""
SAMPLE = 100
"""Records of an owner whose companies are looked at."""


def with_suggestions(
    context: Context,
    owners: Sequence[OwnedRecords],
    targets: Iterable[Owner],
    settled: Collection[str],
    optional: Optional,
) -> list[OwnedRecords]:
    """Return *owners*, each with a suggestion where there is one."""
    directory = Directory(targets)
    open_ones = [owned for owned in owners if owned.owner.id not in settled]
    people = optional.ask(
        "salesforce_users",
        N_("Salesforce users cannot be read, so managers cannot be suggested."),
        lambda: with_managers(context, [owned.owner.email for owned in open_ones]),
    )
    found: dict[str, Suggestion] = {}
    samples = COMPANY_SAMPLES
    for owned in open_ones:
        suggestion = directory.suggest(owned.owner, people or {})
        if suggestion is None and samples and owned.counts.get("contacts"):
            samples -= 1
            suggestion = _by_companies(context, owned.owner, directory, optional)
        if suggestion is not None:
            found[owned.owner.id] = suggestion
    return [owned.model_copy(update={"suggestion": found.get(owned.owner.id)}) for owned in owners]


def with_managers(context: Context, emails: Sequence[str]) -> dict[str, SalesforcePerson]:
    """Read the Salesforce users of these e-mails, and their managers upwards."""
    known: dict[str, SalesforcePerson] = {}
    wanted = {email.casefold() for email in emails if email}
    for _ in range(LONGEST_CHAIN):
        wanted -= known.keys()
        if not wanted:
            break
        found = context.salesforce.people(sorted(wanted))
        known |= found
        wanted = {
            person.manager_email.casefold() for person in found.values() if person.manager_email
        }
    return known


class Directory:
    """The owners that records can be given to, by what they have in common with others."""

    def __init__(self, targets: Iterable[Owner]) -> None:
        self._by_id: dict[str, Owner] = {}
        self._by_email: dict[str, Owner] = {}
        self._by_name: dict[str, list[Owner]] = {}
        self._by_team: dict[str, list[Owner]] = {}
        for owner in sorted(targets, key=lambda one: (one.label.casefold(), one.id)):
            self._by_id[owner.id] = owner
            if owner.email:
                self._by_email[owner.email.casefold()] = owner
            if owner.name:
                self._by_name.setdefault(owner.name.casefold(), []).append(owner)
            for team in owner.teams:
                self._by_team.setdefault(team, []).append(owner)

    def get(self, owner_id: str) -> Owner | None:
        """Return one of them."""
        return self._by_id.get(owner_id)

    def suggest(self, old: Owner, people: dict[str, SalesforcePerson]) -> Suggestion | None:
        """Suggest the manager, else the namesake, else somebody of the same team."""
        return self._manager(old, people) or self._namesake(old) or self._team_mate(old)

    def _manager(self, old: Owner, people: dict[str, SalesforcePerson]) -> Suggestion | None:
        """Climb to the nearest manager who is a HubSpot owner, past those who are not."""
        seen: set[str] = set()
        person = people.get(old.email.casefold()) if old.email else None
        while person is not None and person.manager_email:
            manager = person.manager_email.casefold()
            if manager in seen:
                return None
            seen.add(manager)
            if manager in self._by_email:
                return Suggestion(target=self._by_email[manager], why="manager", via=manager)
            person = people.get(manager)
        return None

    def _namesake(self, old: Owner) -> Suggestion | None:
        """Find the one owner of the same name; of several, the one at the same domain."""
        same = self._by_name.get(old.name.casefold(), []) if old.name else []
        if len(same) > 1:
            same = [one for one in same if old.email and _domain(one) == _domain(old)]
        return Suggestion(target=same[0], why="same_name") if len(same) == 1 else None

    def _team_mate(self, old: Owner) -> Suggestion | None:
        for team in old.teams:
            mates = self._by_team.get(team, [])
            if mates:
                return Suggestion(target=mates[0], why="same_team", via=team)
        return None


def _domain(owner: Owner) -> str:
    return owner.email.casefold().rpartition("@")[2]


def _by_companies(
    context: Context, old: Owner, directory: Directory, optional: Optional
) -> Suggestion | None:
    """Suggest who owns more than half of the companies that the owner's contacts belong to."""
    counts = optional.ask(
        "hubspot_companies_of_contacts",
        N_("Companies of contacts cannot be read, so their owners cannot be suggested."),
        lambda: context.hubspot.owners_of_companies(old.id, SAMPLE),
    )
    every = sum((counts or {}).values())
    if not counts or not every:
        return None
    most, companies = max(counts.items(), key=lambda item: (item[1], item[0]))
    target = directory.get(most)
    if target is None or 2 * companies <= every:
        return None
    return Suggestion(target=target, why="companies", via=f"{companies}/{every}")
