"""Where a thing stands in Salesforce's Setup, what people call it, and how it stops blocking."""

from __future__ import annotations

import re
from dataclasses import dataclass

from workflows.text import N_, Text

_ID = re.compile(r"[A-Za-z0-9]{15,18}")
_TABLE = re.compile(r"[A-Za-z][A-Za-z0-9_]*")

DEPLOYMENTS = "/lightning/setup/DeployStatus/home"
"""Setup > Deployment Status."""
PACKAGES = "/lightning/setup/ImportedPackage/home"
"""Setup > Installed Packages."""

_TAKE_OFF = N_("Take the package's part out of it, or delete it, and save.")
_CODE = N_(
    "Take the package's part out of the code, or delete it. In production this needs a deployment "
    "from a sandbox."
)
_MOVE = N_("Move it into a folder of your own, or delete it.")


@dataclass(frozen=True)
class Place:
    """How one kind of thing is met in Setup.

    ``label`` is what Salesforce calls it in its mails; ``page`` lists its kind, ``own`` shows one
    (with ``{id}`` and ``{table}``), both below the org's address.
    """

    label: str
    advice: Text
    page: str = ""
    own: str = "/{id}"


def _node(name: str) -> tuple[str, str]:
    return f"/lightning/setup/{name}/home", f"/lightning/setup/{name}/page?address=%2F{{id}}"


PLACES: dict[str, Place] = {
    "Layout": Place(
        "Page Layout",
        N_("Open the page layout, take the package's part off it, and save."),
        "/lightning/setup/ObjectManager/home",
        "/lightning/setup/ObjectManager/{table}/PageLayouts/{id}/view",
    ),
    "FlexiPage": Place(
        "Lightning Page",
        N_("Open the page in the Lightning App Builder, take the package's part off it, and save."),
        *_node("FlexiPageList"),
    ),
    "Flow": Place(
        "Flow",
        N_(
            "Take the package's part out of the flow, or deactivate the flow; then delete the "
            "versions of it that still use the package."
        ),
        "/lightning/setup/Flows/home",
        "/builder_platform_interaction/flowBuilder.app?flowId={id}",
    ),
    "Profile": Place(
        "Profile",
        N_("Choose an app that is not the package's as the default app of the profile."),
        *_node("EnhancedProfiles"),
    ),
    "PermissionSet": Place(
        "Permission Set",
        N_("Take the access to the package's part out of the permission set."),
        *_node("PermSets"),
    ),
    "PermissionSetAssignment": Place(
        "Permission Set Assignment",
        N_("Open the permission set, choose Manage Assignments, and remove this person."),
        *_node("PermSets"),
    ),
    "PermissionSetGroupComponent": Place(
        "Permission Set Group",
        N_("Open the permission set group and take the package's permission set out of it."),
        *_node("PermSetGroups"),
    ),
    "ScheduledJob": Place(
        "Scheduled Job",
        N_("Delete the job on the page Scheduled Jobs."),
        "/lightning/setup/ScheduledJobs/home",
        "/lightning/setup/ScheduledJobs/home",
    ),
    "WorkflowRule": Place(
        "Workflow Rule",
        N_("Deactivate the rule and delete it: one that is inactive blocks too."),
        *_node("WorkflowRules"),
    ),
    "ValidationRule": Place(
        "Validation Rule",
        N_("Take the package's field out of the formula, or delete the rule."),
        "/lightning/setup/ObjectManager/home",
    ),
    "ApexClass": Place("Apex Class", _CODE, *_node("ApexClasses")),
    "ApexTrigger": Place("Apex Trigger", _CODE, *_node("ApexTriggers")),
    "ApexPage": Place("Visualforce Page", _CODE, *_node("ApexPages")),
    "ApexComponent": Place("Visualforce Component", _CODE, *_node("ApexComponents")),
    "CustomField": Place("Custom Field", _TAKE_OFF, "/lightning/setup/ObjectManager/home"),
    "Report": Place("Report", _MOVE, "/lightning/o/Report/home", "/lightning/r/Report/{id}/view"),
    "Dashboard": Place(
        "Dashboard", _MOVE, "/lightning/o/Dashboard/home", "/lightning/r/Dashboard/{id}/view"
    ),
    "Document": Place("Document", _MOVE),
    "EmailTemplate": Place("Email Template", _MOVE, *_node("CommunicationTemplatesEmail")),
}
_ANY = Place("", _TAKE_OFF)
_LABELS = sorted(
    ((place.label, kind) for kind, place in PLACES.items()),
    key=lambda found: -len(found[0]),
)


def advice(kind: str) -> Text:
    """Say what to do about something of this kind that refers to the package."""
    return PLACES.get(kind, _ANY).advice


def link(kind: str, key: str = "", table: str = "") -> str:
    """Return the path of its page in Setup, or of the page that lists its kind; '' if unknown."""
    place = PLACES.get(kind, _ANY)
    if not _ID.fullmatch(key):
        return place.page
    if "{table}" in place.own and not _TABLE.fullmatch(table):
        return f"/{key}"
    return place.own.format(id=key, table=table)


def named(place: str) -> tuple[str, str]:
    """Split what Salesforce names in a mail: "Page Layout X" → ("Layout", "X").

    The kind is '' where the label is not known; the name is then *place* as it is.
    """
    for label, kind in _LABELS:
        if place.lower().startswith(f"{label.lower()} "):
            return kind, place[len(label) :].strip()
    return "", place
