"""Step 2, the mapping: who gets the records of each Salesforce-only owner (P2a–b)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime

from workflows import commands as c
from workflows import events as e
from workflows.digest import canonical
from workflows.errors import Refused
from workflows.run import Run
from workflows.text import N_
from workflows.values import CORE_OBJECTS, Assignment, OwnedRecords, Owner


def map_owner(run: Run, action: c.MapOwner, command: c.Command, now: datetime) -> list[e.Event]:
    """Choose who gets one Salesforce-only owner's records."""
    assignment = Assignment(targets=(action.target, *action.others), kinds=action.kinds)
    owned = _candidate(run, action.owner_id)
    _check(run, assignment)
    return _assign(run, owned, assignment)


def import_mapping(
    run: Run, action: c.ImportMapping, command: c.Command, now: datetime
) -> list[e.Event]:
    """Take a file of choices in; one that is wrong refuses them all."""
    rows = [(_candidate(run, old), chosen) for old, chosen in action.assignments.items()]
    _check(run, *action.assignments.values())
    return [event for owned, chosen in rows for event in _assign(run, owned, chosen)]


def map_remaining(
    run: Run, action: c.MapRemaining, command: c.Command, now: datetime
) -> list[e.Event]:
    """Give everything that has no target yet to one HubSpot owner."""
    assignment = Assignment(targets=(action.target,))
    _check(run, assignment)
    if not run.unmapped:
        raise _nothing_unmapped()
    return [_mapped(owned.owner, assignment) for owned in run.unmapped]


def take_suggestions(
    run: Run, action: c.TakeSuggestions, command: c.Command, now: datetime
) -> list[e.Event]:
    """Take every suggestion of one kind, or of all, for owners without a target."""
    taken = [
        _mapped(owned.owner, Assignment(targets=(owned.suggestion.target,)))
        for owned in run.suggested
        if owned.suggestion is not None and action.why in {"", owned.suggestion.why}
    ]
    if not taken:
        raise Refused(
            "no_suggestions",
            N_("There are no suggestions for the owners that are left."),
            N_("Choose their HubSpot owners with the pickers."),
        )
    return [*taken]


def exclude(run: Run, action: c.ExcludeOwner, command: c.Command, now: datetime) -> list[e.Event]:
    """Leave an owner's records as they are: it is no Salesforce-only owner after all."""
    owned = run.owner(action.owner_id)
    if owned is None:
        raise unknown_owner()
    if action.owner_id in run.excluded:
        return []
    return [e.OwnerExcluded(owner_id=owned.owner.id, owner_name=owned.owner.label)]


def include(run: Run, action: c.IncludeOwner, command: c.Command, now: datetime) -> list[e.Event]:
    """Take an exclusion back."""
    owned = run.owner(action.owner_id)
    if owned is None:
        raise unknown_owner()
    if action.owner_id not in run.excluded:
        return []
    return [e.OwnerIncluded(owner_id=owned.owner.id, owner_name=owned.owner.label)]


def choose_objects(
    run: Run, action: c.ChooseObjects, command: c.Command, now: datetime
) -> list[e.Event]:
    """Choose which further object types are reassigned; the procedure's own always are."""
    for kind in sorted(action.others - run.counted_types):
        raise unknown_object_type(kind)
    objects = (*CORE_OBJECTS, *sorted(action.others - set(CORE_OBJECTS)))
    return [] if objects == run.objects else [e.ObjectsChosen(objects=objects)]


def request_file(
    run: Run, action: c.RequestMappingFile, command: c.Command, now: datetime
) -> list[e.Event]:
    """Put the mapping as a file into the thread."""
    return [e.MappingFileRequested()]


def confirm_mapping(
    run: Run, action: c.ConfirmMapping, command: c.Command, now: datetime
) -> list[e.Event]:
    """Start the job with exactly the mapping that is shown."""
    if action.shown != run.mapping_version:
        raise Refused(
            "mapping_changed",
            N_("The mapping was changed after this message was shown to you."),
            N_("Read the refreshed message, then confirm it."),
        )
    if run.unmapped:
        raise Refused(
            "mapping_incomplete",
            N_("{count} owners have no HubSpot owner yet.", count=len(run.unmapped)),
            N_("Choose one for each, or give all that are left to one owner."),
        )
    if not run.to_map:
        raise Refused(
            "nothing_to_map",
            N_("No owner is left whose records are to be reassigned."),
            N_("Press “Check now”: a fresh count leads on."),
        )
    mapping = {owned.owner.id: run.mapping[owned.owner.id].code for owned in run.to_map}
    return [
        e.MappingConfirmed(
            digest=mapping_digest(mapping, run.objects),
            mapping=mapping,
            objects=run.objects,
            job=run.job + 1,
        ),
    ]


def mapping_digest(mapping: Mapping[str, str], objects: tuple[str, ...]) -> str:
    """SHA-256 of the canonical JSON of what is to run: assignments by owner, object types."""
    data = {"mapping": dict(mapping), "objects": list(objects)}
    return hashlib.sha256(canonical(data).encode()).hexdigest()


def unknown_owner() -> Refused:
    """Build the refusal of an owner that is not one of the run's."""
    return Refused(
        "unknown_owner",
        N_("This owner is not among the Salesforce-only owners of this run."),
        N_("Open the list again; it may have changed."),
    )


def unknown_object_type(kind: str) -> Refused:
    """Build the refusal of an object type of which the run knows nothing."""
    return Refused(
        "unknown_object_type",
        N_("No records of the type {kind} were counted.", kind=kind),
        N_("Open the list again; it may have changed."),
    )


def _candidate(run: Run, owner_id: str) -> OwnedRecords:
    owned = run.owner(owner_id)
    if owned is None:
        raise unknown_owner()
    if owner_id in run.excluded:
        raise Refused(
            "owner_excluded",
            N_("{name} was excluded: these records stay as they are.", name=owned.owner.label),
            N_("Take the exclusion back first."),
        )
    return owned


def _assign(run: Run, owned: OwnedRecords, assignment: Assignment) -> list[e.Event]:
    if run.mapping.get(owned.owner.id) == assignment:
        return []
    return [_mapped(owned.owner, assignment)]


def _check(run: Run, *assignments: Assignment) -> None:
    known = run.known_types
    candidates = {owned.owner.id for owned in run.candidates}
    for assignment in assignments:
        for kind in sorted(assignment.kinds.keys() - known):
            raise unknown_object_type(kind)
        for target in assignment.owners:
            if target.id in candidates:
                raise Refused(
                    "target_is_salesforce_only",
                    N_("{name} exists in Salesforce alone.", name=target.label),
                    N_("Choose an owner who is an active HubSpot user."),
                )


def _mapped(old: Owner, assignment: Assignment) -> e.OwnerMapped:
    return e.OwnerMapped(
        owner_id=old.id,
        owner_name=old.label,
        target=assignment.targets[0],
        others=assignment.targets[1:],
        kinds=assignment.kinds,
    )


def _nothing_unmapped() -> Refused:
    return Refused(
        "nothing_unmapped",
        N_("Every owner has a HubSpot owner already."),
        N_("Check the list, then confirm it."),
    )
