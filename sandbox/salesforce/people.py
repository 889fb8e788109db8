"""Salesforce's users, queues, profiles and permission sets, made from the scenario."""

from __future__ import annotations

from typing import Any

from sandbox.hubspot.people import generated_manager, made_up_person, managers, queue_name, split
from sandbox.salesforce.ids import record_id
from sandbox.scenario import Scenario

RIGHTS = (
    "PermissionsApiEnabled",
    "PermissionsViewSetup",
    "PermissionsCustomizeApplication",
    "PermissionsInstallMultiforce",  # shown as "Download AppExchange Packages"
    "PermissionsModifyMetadata",
    "PermissionsModifyAllData",
    "PermissionsViewAllData",
)
Record = dict[str, Any]


class People:
    """Rows of User, Group, Profile, PermissionSet; `api_user` is whose token the bot has."""

    def __init__(self, scenario: Scenario) -> None:
        self._by_email: dict[str, Record] = {}
        self.users: list[Record] = []
        self.queues: list[Record] = []
        org = scenario.salesforce
        rights = {
            "PermissionsApiEnabled": org.may_use_api,
            "PermissionsViewSetup": org.may_view_setup,
            "PermissionsCustomizeApplication": True,
            "PermissionsInstallMultiforce": org.may_uninstall,
            "PermissionsModifyMetadata": org.may_use_metadata,
            "PermissionsModifyAllData": org.may_use_metadata,
            "PermissionsViewAllData": org.may_view_all,
        }
        self.rights: dict[str, bool] = rights
        self.admin_profile = self._profile(1, "System Administrator", rights)
        self.user_profile = self._profile(2, "Standard User", dict.fromkeys(RIGHTS, False))
        self.profiles = [self.admin_profile, self.user_profile]
        administrator = next(p for p in scenario.people if p.role == "administrator")
        self.api_user = self._user(
            administrator.name, administrator.email, True, self.admin_profile, org.username
        )
        self._others(scenario)

    def _others(self, scenario: Scenario) -> None:
        known = managers(scenario)
        for owner in scenario.hubspot_owners:
            if owner.in_salesforce or owner.email.lower() in known:
                self._user(owner.name, owner.email, owner.active)
        for person in scenario.people:
            if person.hubspot_user and person.email.lower() in known:
                self._user(person.name, person.email, True)
        for number in range(1, scenario.generate.hubspot_owners + 1):
            name, email = made_up_person(number, "hubspot")
            if email in known:
                self._user(name, email, True)
        reports: list[tuple[Record, str]] = []
        for foreign in scenario.salesforce_owners:
            if foreign.type == "QUEUE":
                self._queue(foreign.name, foreign.email)
            else:
                user = self._user(foreign.name, foreign.email, foreign.salesforce_active)
                reports.append((user, foreign.manager_email))
        for number in range(1, scenario.generate.salesforce_owners + 1):
            user = self._user(*made_up_person(number, "salesforce"), True)
            reports.append((user, generated_manager(number, scenario)))
        for number in range(1, scenario.generate.queues + 1):
            self._queue(queue_name(number), "")
        for user, manager_email in reports:
            manager = self._by_email.get(manager_email.lower())
            if manager is not None:
                user["Manager"], user["ManagerId"] = manager, manager["Id"]

    @staticmethod
    def _profile(number: int, name: str, rights: dict[str, bool]) -> Record:
        return {
            "Id": record_id("00e", number),
            "Name": name,
            "UserType": "Standard",
            "FullName": name,
            **rights,
        }

    def _user(
        self,
        name: str,
        email: str,
        active: bool,
        profile: Record | None = None,
        username: str = "",
    ) -> Record:
        if email and email.lower() in self._by_email:
            return self._by_email[email.lower()]
        number = len(self.users) + 1
        first, last = split(name)
        profile = profile or self.user_profile
        user: Record = {
            "Id": record_id("005", number),
            "Name": name,
            "FirstName": first,
            "LastName": last or first,
            "Email": email or None,
            "Username": username or email or f"user{number}@example.com",
            "Alias": f"user{number}",
            "IsActive": active,
            "UserType": "Standard",
            "ManagerId": None,
            "Manager": None,
            "ProfileId": profile["Id"],
            "Profile": profile,
        }
        self.users.append(user)
        if email:
            self._by_email[email.lower()] = user
        return user

    def _queue(self, name: str, email: str) -> None:
        number = len(self.queues) + 1
        self.queues.append(
            {
                "Id": record_id("00G", number),
                "Name": name,
                "DeveloperName": f"Queue_{number}",
                "Type": "Queue",
                "Email": email or None,
            }
        )
