"""The objects that plain SOQL can ask about; the package's own vanish with the package."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, overload

from sandbox.salesforce import fields
from sandbox.salesforce.errors import invalid_type
from sandbox.salesforce.ids import record_id
from sandbox.salesforce.package import InstalledPackage
from sandbox.salesforce.people import RIGHTS, People
from sandbox.salesforce.references import open_of
from sandbox.salesforce.tables import Entity, Row
from sandbox.scenario import ObjectType
from sandbox.world import World

_STANDARD: dict[str, tuple[str, ObjectType]] = {
    "Account": ("001", "companies"),
    "Contact": ("003", "contacts"),
    "Lead": ("00Q", "contacts"),
    "Opportunity": ("006", "deals"),
}


_EMPTY = ("Dashboard", "Document", "EmailTemplate")


def _empty(name: str) -> Callable[[], Entity]:
    return lambda: Entity(name, fields.FOLDERED, [], {}, name)


class GeneratedRows(Sequence[Row]):
    """Rows made up when they are looked at, so that their number costs nothing."""

    def __init__(self, count: int, make: Callable[[int], Row]) -> None:
        self._numbers = range(1, count + 1)
        self._make = make

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Row]: ...
    def __getitem__(self, index: int | slice) -> Row | Sequence[Row]:
        if isinstance(index, slice):
            return [self._make(number) for number in self._numbers[index]]
        return self._make(self._numbers[index])


class DataCatalog:
    """What exists in the org now, by name."""

    def __init__(self, world: World, package: InstalledPackage, people: People) -> None:
        self._world = world
        self.drift = 0
        """How far the cached estimates are off; tests set it."""
        self._package = package
        self._people = people
        self._began = datetime.now(UTC).replace(microsecond=0)
        user_relations: dict[str, Entity] = {}
        profile = Entity("Profile", fields.PROFILE, people.profiles, {}, "Profile", "00e")
        self._user = Entity("User", fields.USER, people.users, user_relations, "User", "005")
        user_relations.update({"Manager": self._user, "Profile": profile})
        self._static = {
            "Profile": profile,
            "User": self._user,
            "Group": Entity("Group", fields.GROUP, people.queues, {}, "Group", "00G"),
            "Organization": Entity(
                "Organization", fields.ORGANIZATION, [self._organization()], {}, "Organization"
            ),
            "UserPermissionAccess": Entity(
                "UserPermissionAccess", fields.USER_ACCESS, [{"Id": None, **people.rights}]
            ),
        }
        self._made: dict[str, Callable[[], Entity]] = {
            "PermissionSet": self._permission_sets,
            "PermissionSetAssignment": self._assignments,
            "PermissionSetGroupComponent": self._group_components,
            "CronTrigger": self._cron_triggers,
            "AsyncApexJob": self._apex_jobs,
            "Folder": self._folders,
            "Report": self._reports,
            **{name: self._standard_maker(name) for name in _STANDARD},
            **{name: _empty(name) for name in _EMPTY},
        }

    def names(self) -> list[str]:
        """Every object that the token's user can read now."""
        hidden = self._world.scenario.salesforce.unreadable
        return [name for name in self.all_names() if self._short(name) not in hidden]

    def all_names(self) -> list[str]:
        """Every object that exists now, readable or not."""
        objects = self._package.contents.objects if self._package.installed else {}
        return sorted([*self._static, *self._made, *objects])

    def estimate(self, name: str) -> int:
        """Return how many records the object *name* has, as Salesforce's cache has it."""
        if name in self._static or name in self._made:
            return len(self.entity(name).rows)
        return max(0, self._package.contents.objects[name] + self.drift)

    def _short(self, name: str) -> str:
        return name.removeprefix(f"{self._package.contents.namespace}__")

    def entity(self, name: str) -> Entity:
        """Return the object *name* as it is now; raise INVALID_TYPE when it is not there."""
        for known in self.names():
            if known.lower() == name.lower():
                if known in self._static:
                    return self._static[known]
                return self._made[known]() if known in self._made else self._custom(known)
        raise invalid_type(name)

    def _organization(self) -> dict[str, Any]:
        org = self._world.scenario.salesforce
        return {
            "Id": org.org_id,
            "Name": self._world.scenario.title,
            "IsSandbox": org.is_sandbox,
            "InstanceName": "SBX1",
            "OrganizationType": "Enterprise Edition",
            "NamespacePrefix": None,
        }

    def _custom(self, name: str) -> Entity:
        contents = self._package.contents
        own = contents.fields_of(name)
        prefix = f"a{list(contents.objects).index(name):02d}"
        names = {**fields.CUSTOM, **dict.fromkeys(own, "string")}

        short = name.removesuffix("__c").rpartition("__")[2]
        count = contents.objects[name]
        count = min(count, self._world.scenario.salesforce.visible.get(self._short(name), count))

        def make(number: int) -> Row:
            return {
                **self._made_up(prefix, number, f"{short}-{number:05d}"),
                **{field: f"{field.split('__')[1]} {number}" for field in own},
            }

        rows = GeneratedRows(count, make)
        return Entity(name, names, rows, {"Owner": self._user}, name, prefix)

    def _standard_maker(self, name: str) -> Callable[[], Entity]:
        return lambda: self._standard(name)

    def _standard(self, name: str) -> Entity:
        prefix, kind = _STANDARD[name]
        scenario = self._world.scenario
        count = sum(owner.records.get(kind, 0) for owner in scenario.salesforce_owners)
        made = scenario.generate
        owners = made.salesforce_owners + made.queues
        count += owners * made.records_per_owner.get(kind, 0)
        installed = self._package.installed
        own = self._package.contents.fields_of(name) if installed else []

        def make(number: int) -> Row:
            values = dict.fromkeys(own, f"{number % 7}")
            return {**self._made_up(prefix, number, f"{name} {number}"), **values}

        names = {**fields.STANDARD, **dict.fromkeys(own, "string")}
        return Entity(name, names, GeneratedRows(count, make), {"Owner": self._user}, name, prefix)

    def _made_up(self, prefix: str, number: int, name: str) -> dict[str, Any]:
        moment = self._began - timedelta(days=90) + timedelta(minutes=number)
        when = f"{moment:%Y-%m-%dT%H:%M:%S}.000+0000"
        owner = self._people.api_user
        return {
            "Id": record_id(prefix, number),
            "Name": name,
            "OwnerId": owner["Id"],
            "Owner": owner,
            "CreatedById": owner["Id"],
            "CreatedDate": when,
            "LastModifiedDate": when,
            "SystemModstamp": when,
            "IsDeleted": False,
        }

    def _permission_set_rows(self) -> list[dict[str, Any]]:
        none = dict.fromkeys(RIGHTS, False)
        sets: list[dict[str, Any]] = [
            {
                "Id": record_id("0PS", 800 + number),
                "Name": f"X00e{number:010d}",
                "Label": profile["Name"],
                "NamespacePrefix": None,
                "IsOwnedByProfile": True,
                "ProfileId": profile["Id"],
                **{right: profile[right] for right in RIGHTS},
            }
            for number, profile in enumerate(self._people.profiles, start=1)
        ]
        if self._package.installed:
            for part in self._package.contents.components:
                if part.type == "PermissionSet":
                    sets.append(
                        {
                            "Id": part.id,
                            "Name": part.name,
                            "Label": part.name.replace("_", " "),
                            "NamespacePrefix": part.namespace,
                            "IsOwnedByProfile": False,
                            "ProfileId": None,
                            **none,
                        }
                    )
        return sets

    def _permission_sets(self) -> Entity:
        rows = self._permission_set_rows()
        return Entity("PermissionSet", fields.PERMISSION_SET, rows, {}, "Permission Set", "0PS")

    def _assignments(self) -> Entity:
        sets = self._permission_set_rows()
        by_profile = {row["ProfileId"]: row for row in sets}
        pairs = [(user, by_profile[user["ProfileId"]]) for user in self._people.users]
        for obstacle in open_of(self._package, "PermissionSetAssignment"):
            found = [row for row in sets if row["Name"] == obstacle.blocker.refers_to]
            holder = next(
                (user for user in self._people.users if user["Name"] == obstacle.blocker.name),
                self._people.api_user,
            )
            pairs += [(holder, row) for row in found]
        rows = [
            {
                "Id": record_id("0Pa", number),
                "AssigneeId": user["Id"],
                "Assignee": user,
                "PermissionSetId": row["Id"],
                "PermissionSet": row,
            }
            for number, (user, row) in enumerate(pairs, start=1)
        ]
        relations = {"Assignee": self._user, "PermissionSet": self._permission_sets()}
        return Entity("PermissionSetAssignment", fields.ASSIGNMENT, rows, relations, "", "0Pa")

    def _group_components(self) -> Entity:
        sets = {row["Name"]: row for row in self._permission_set_rows()}
        rows = []
        for obstacle in open_of(self._package, "PermissionSetGroupComponent"):
            number = int(obstacle.id[1:])
            name = obstacle.blocker.name
            group = {
                "Id": record_id("0PG", number),
                "DeveloperName": name.replace(" ", "_"),
                "MasterLabel": name,
            }
            member = sets.get(obstacle.blocker.refers_to)
            rows.append(
                {
                    "Id": record_id("0PL", number),
                    "PermissionSetGroupId": group["Id"],
                    "PermissionSetGroup": group,
                    "PermissionSetId": member["Id"] if member else None,
                    "PermissionSet": member,
                }
            )
        relations = {
            "PermissionSetGroup": Entity("PermissionSetGroup", fields.PERMISSION_SET_GROUP, []),
            "PermissionSet": self._permission_sets(),
        }
        name = "PermissionSetGroupComponent"
        return Entity(name, fields.GROUP_COMPONENT, rows, relations, "", "0PL")

    def _jobs(self) -> list[dict[str, Any]]:
        jobs: list[dict[str, Any]] = []
        for obstacle in open_of(self._package, "CronTrigger", "AsyncApexJob"):
            number = int(obstacle.id[1:])
            target = self._package.contents.find(obstacle.blocker.refers_to)
            detail = {"Id": record_id("08a", number), "Name": obstacle.blocker.name, "JobType": "7"}
            jobs.append(
                {
                    "Id": record_id("08e", number),
                    "State": "WAITING",
                    "Status": "Queued",
                    "JobType": "ScheduledApex",
                    "CronExpression": "0 0 3 * * ?",
                    "NextFireTime": None,
                    "OwnerId": self._people.api_user["Id"],
                    "CronJobDetailId": detail["Id"],
                    "CronJobDetail": detail,
                    "CronTriggerId": record_id("08e", number),
                    "CreatedDate": f"{self._began:%Y-%m-%dT%H:%M:%S}.000+0000",
                    "ApexClassId": target.id if target else None,
                    "ApexClass": {
                        "Id": target.id,
                        "Name": target.name,
                        "NamespacePrefix": target.namespace,
                    }
                    if target
                    else None,
                }
            )
        return jobs

    def _cron_triggers(self) -> Entity:
        detail = Entity("CronJobDetail", fields.CRON_DETAIL, [])
        relations: Mapping[str, Entity] = {"CronJobDetail": detail}
        return Entity("CronTrigger", fields.CRON_TRIGGER, self._jobs(), relations, "", "08e")

    def _apex_jobs(self) -> Entity:
        apex = Entity("ApexClass", fields.TOOLING["ApexClass"], [])
        rows = [
            {**job, "Id": record_id("707", number)} for number, job in enumerate(self._jobs(), 1)
        ]
        return Entity("AsyncApexJob", fields.APEX_JOB, rows, {"ApexClass": apex}, "", "707")

    def _folders(self) -> Entity:
        kinds = {"DocumentFolder": "Document", "ReportFolder": "Report"}
        parts = self._package.contents.components if self._package.installed else ()
        rows = [
            {
                "Id": part.id,
                "Name": part.name.replace("_", " "),
                "DeveloperName": part.name,
                "NamespacePrefix": part.namespace,
                "Type": kinds[part.type],
            }
            for part in parts
            if part.type in kinds
        ]
        return Entity("Folder", fields.FOLDER, rows, {}, "Folder", "00l")

    def _reports(self) -> Entity:
        rows = []
        for obstacle in open_of(self._package, "Report"):
            folder = self._package.contents.find(obstacle.blocker.refers_to)
            rows.append(
                {
                    "Id": record_id("00O", int(obstacle.id[1:])),
                    "Name": obstacle.blocker.name,
                    "DeveloperName": obstacle.blocker.name.replace(" ", "_"),
                    "NamespacePrefix": None,
                    "FolderName": obstacle.blocker.refers_to.replace("_", " "),
                    "OwnerId": folder.id if folder else self._people.api_user["Id"],
                }
            )
        return Entity("Report", fields.REPORT, rows, {}, "Report", "00O")
