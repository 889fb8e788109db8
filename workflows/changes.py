"""What has changed between two things that people are asked to approve: plans, and removals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from workflows.base import Value
from workflows.values import Backup, Inventory, OwnedRecords, Plan, Waiver

What = Literal[
    "account",
    "rights",
    "owner",
    "records",
    "deactivated",
    "installed",
    "package",
    "version",
    "org",
    "component",
    "object",
    "blocker",
    "assigned",
    "in_folder",
    "copy",
    "backup",
    "waiver",
]


class Change(Value):
    """One difference: ``was`` before, ``now`` now; None where there was, or is, nothing.

    ``what`` is the kind of thing, ``name`` the one that changed, ``part`` a part of it (the object
    type of an owner's records).
    """

    what: What
    name: str = ""
    part: str = ""
    was: int | str | None = None
    now: int | str | None = None


class Removal(Value):
    """What one approval of the removal is about."""

    inventory: Inventory
    keep: bool
    backup: Backup | None = None
    waiver: Waiver | None = None


def plan_changes(was: Plan, now: Plan) -> tuple[Change, ...]:
    """Return what is different in a plan that was made anew."""
    rights = {True: "yes", False: "no", None: None}
    found = [
        _one("account", was.account.portal_id, now.account.portal_id),
        _one(
            "rights",
            rights[was.requester_is_super_admin],
            rights[now.requester_is_super_admin],
        ),
        *_owners(was.owners, now.owners),
        *_names(
            "deactivated",
            [owner.label for owner in was.deactivated],
            [owner.label for owner in now.deactivated],
        ),
        *package_changes(was.inventory, now.inventory),
    ]
    return tuple(change for change in found if change is not None)


def removal_changes(was: Removal, now: Removal) -> tuple[Change, ...]:
    """Return what is different in a removal that is to be approved anew."""
    found = [
        *package_changes(was.inventory, now.inventory),
        _one("copy", _yes(was.keep), _yes(now.keep)),
        _one("backup", _manifest(was.backup), _manifest(now.backup)),
        _one("waiver", _waived(was.waiver), _waived(now.waiver)),
    ]
    return tuple(change for change in found if change is not None)


def package_changes(was: Inventory | None, now: Inventory | None) -> list[Change]:
    """Return what is different in the package, its data, and what refers to it."""
    if was is None or now is None:
        one = _one("installed", _version(was), _version(now))
        return [one] if one is not None else []
    before, after = was.package, now.package
    found = [
        _one("package", before.name, after.name) or _one("package", before.id, after.id),
        _one("version", before.version, after.version),
        _one("org", was.org_id, now.org_id),
        *_names("component", _components(was), _components(now)),
        *_numbers("object", _records(was), _records(now)),
        *_names("blocker", _blockers(was), _blockers(now)),
        *_names("assigned", _pairs(was.permission_sets), _pairs(now.permission_sets)),
        *_names("in_folder", _pairs(was.folders), _pairs(now.folders)),
    ]
    return [change for change in found if change is not None]


def _one(what: What, was: str | None, now: str | None) -> Change | None:
    return None if was == now else Change(what=what, was=was, now=now)


def _names(what: What, was: Iterable[str], now: Iterable[str]) -> list[Change]:
    """Compare two lists of names; one that stands there twice counts once."""
    before, after = set(was), set(now)
    came = [Change(what=what, name=name, now=name) for name in sorted(after - before)]
    went = [Change(what=what, name=name, was=name) for name in sorted(before - after)]
    return [*came, *went]


def _numbers(
    what: What, was: Mapping[str, int | str], now: Mapping[str, int | str]
) -> list[Change]:
    """Compare numbers by name."""
    return [
        Change(what=what, name=name, was=was.get(name), now=now.get(name))
        for name in sorted({*was, *now})
        if was.get(name) != now.get(name)
    ]


def _owners(was: Iterable[OwnedRecords], now: Iterable[OwnedRecords]) -> list[Change]:
    """Compare the Salesforce-only owners, and their records of each object type."""
    before = {owned.owner.id: owned for owned in was}
    after = {owned.owner.id: owned for owned in now}
    found: list[Change] = []
    for owner_id in sorted({*before, *after}):
        old, new = before.get(owner_id), after.get(owner_id)
        label = (new or before[owner_id]).owner.label
        if old is None or new is None:
            totals = (None if old is None else _all(old), None if new is None else _all(new))
            found.append(Change(what="owner", name=label, was=totals[0], now=totals[1]))
            continue
        counts = [{**one.other_counts, **one.counts} for one in (old, new)]
        found += [
            Change(what="records", name=label, part=kind, was=one, now=other)
            for kind in sorted({*counts[0], *counts[1]})
            if (one := counts[0].get(kind, 0)) != (other := counts[1].get(kind, 0))
        ]
    return found


def _all(owned: OwnedRecords) -> int:
    return owned.total + sum(owned.other_counts.values())


def _components(inventory: Inventory) -> list[str]:
    return [f"{part.type} {part.name}" for part in inventory.components]


def _records(inventory: Inventory) -> dict[str, int | str]:
    """Return the records of each object; an estimate is another number every time."""
    return {
        item.name: "" if item.estimated or item.records is None else item.records
        for item in inventory.objects
    }


def _blockers(inventory: Inventory) -> list[str]:
    return [f"{item.type} {item.name} → {item.refers_to}" for item in inventory.blockers]


def _pairs(members: Mapping[str, tuple[str, ...]]) -> list[str]:
    return [f"{name}: {member}" for name, people in members.items() for member in people]


def _version(inventory: Inventory | None) -> str | None:
    return None if inventory is None else inventory.package.version


def _yes(flag: bool) -> str:
    return "yes" if flag else "no"


def _manifest(backup: Backup | None) -> str | None:
    return None if backup is None else backup.manifest_sha256


def _waived(waiver: Waiver | None) -> str | None:
    return None if waiver is None else f"{waiver.by} {waiver.reason}"
