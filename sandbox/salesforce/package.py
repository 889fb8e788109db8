"""The package's life: installed, refusing while something refers to it, uninstalled."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sandbox.hubspot.steps import Refused
from sandbox.salesforce.contents import NAME, Contents
from sandbox.scenario import Blocker
from sandbox.world import World

WINDOW = timedelta(hours=48)
REVEALED_AT_ONCE = 2
_LABELS = {
    "Layout": "Page Layout",
    "FlexiPage": "Lightning Page",
    "PermissionSetAssignment": "Permission Set Assignment",
    "CronTrigger": "Scheduled Job",
    "WorkflowRule": "Workflow Rule",
    "ValidationRule": "Validation Rule",
    "ApexClass": "Apex Class",
    "ApexTrigger": "Apex Trigger",
    "PermissionSetGroupComponent": "Permission Set Group",
}


@dataclass
class Obstacle:
    """A blocker of the scenario, and whether somebody removed it."""

    id: str
    blocker: Blocker
    resolved: bool = False

    @property
    def line(self) -> str:
        """The line about it in Salesforce's mail."""
        kind = _LABELS.get(self.blocker.type, self.blocker.type)
        return f"{kind} {self.blocker.name}: {self.blocker.problem}."


@dataclass
class Mail:
    """A mail that Salesforce sent."""

    at: datetime
    subject: str
    lines: list[str] = field(default_factory=list)

    def shown(self) -> dict[str, Any]:
        """Return it for the control API."""
        return {"at": self.at.isoformat(), "subject": self.subject, "lines": self.lines}


class InstalledPackage:
    """The HubSpot package in one org. Uninstalling takes `uninstall_seconds` of real time."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._spec = world.scenario.package
        self.contents = Contents(self._spec)
        self.local: dict[str, int] = dict(world.scenario.salesforce.local.items())
        """How many components of each kind the org has that do not refer to the package."""
        self.obstacles = [
            Obstacle(f"B{number}", blocker)
            for number, blocker in enumerate(self._spec.blockers, start=1)
        ]
        self._installed = self._spec.installed
        self._gone_at: float | None = None  # monotonic
        self._keep = False
        self.copy_until: datetime | None = None
        self.uninstalled_at: datetime | None = None
        self.mail: list[Mail] = []

    @property
    def installed(self) -> bool:
        """Whether the package is there now; it stays until its uninstall has run through."""
        if self._gone_at is not None and time.monotonic() >= self._gone_at:
            self._vanish()
        return self._installed

    @property
    def uninstalling(self) -> bool:
        """Whether an uninstall runs now."""
        return self.installed and self._gone_at is not None

    def visible(self, obstacle: Obstacle) -> bool:
        """Say whether *obstacle* can be found now; hidden ones show when the others are gone."""
        return not obstacle.blocker.hidden or all(
            other.resolved for other in self.obstacles if not other.blocker.hidden
        )

    def open_obstacles(self) -> list[Obstacle]:
        """The unresolved obstacles that can be found now."""
        return [item for item in self.obstacles if not item.resolved and self.visible(item)]

    def reported(self) -> list[Obstacle]:
        """The obstacles that a failing uninstall names: a few at a time."""
        return self.open_obstacles()[:REVEALED_AT_ONCE]

    def resolve(self, key: str) -> None:
        """Remove the obstacle *key*, as a person does in Setup."""
        for obstacle in self.open_obstacles():
            if obstacle.id == key:
                obstacle.resolved = True
                self._world.changed()
                return
        raise Refused("not_found", f"There is no open blocker {key} to be seen.")

    def check_removable(self) -> None:
        """Raise :class:`Refused` when there is nothing to uninstall, or it runs already."""
        if not self.installed:
            raise Refused("not_installed", "The package is not installed.")
        if self._gone_at is not None:
            raise Refused("already_uninstalling", "The package is being uninstalled already.")

    def start(self, keep_copy: bool) -> None:
        """Begin the uninstall from Setup; with obstacles it fails, by mail and here."""
        self.check_removable()
        found = self.reported()
        if found:
            lines = [obstacle.line for obstacle in found]
            self._send(f"Your request to uninstall package {NAME} was unsuccessful", lines)
            self._world.changed()
            raise Refused("uninstall_failed", "The uninstall failed. " + " ".join(lines))
        self._keep = keep_copy
        self._gone_at = time.monotonic() + self._spec.uninstall_seconds
        self._world.changed()
        asyncio.get_running_loop().call_later(
            self._spec.uninstall_seconds + 0.01, lambda: self.installed
        )

    def remove_now(self) -> None:
        """Take the package away at once, without a copy: the end of a metadata deployment."""
        self._keep = False
        self._vanish()

    def _vanish(self) -> None:
        self._installed = False
        self._gone_at = None
        self.uninstalled_at = self._world.clock.now()
        if self._keep:
            self.copy_until = self.uninstalled_at + WINDOW
            lines = ["Your package data is ready for export on the Installed Packages page."]
        else:
            lines = ["No copy of the package's data was saved."]
        self._send(f"Package {NAME} was uninstalled", lines)
        self._world.changed()

    def _send(self, subject: str, lines: list[str]) -> None:
        self.mail.append(Mail(self._world.clock.now(), subject, lines))

    def copy_kept(self) -> bool:
        """Whether the saved copy can be had now."""
        return self.copy_until is not None and self._world.clock.now() < self.copy_until

    def state(self) -> dict[str, Any]:
        """What the control API and the page show."""
        installed = self.installed
        contents = self.contents
        return {
            "installed": installed,
            "uninstalling": self.uninstalling,
            "name": NAME,
            "namespace": contents.namespace,
            "version": self._spec.version,
            "components": [
                {"type": part.type, "name": part.full_name}
                for part in (contents.components if installed else ())
            ],
            "objects": contents.objects if installed else {},
            "blockers": [self._obstacle(item) for item in self.obstacles],
            "copy": {
                "kept": self.copy_kept(),
                "until": self.copy_until.isoformat() if self.copy_until else None,
            },
            "uninstalled_at": self.uninstalled_at.isoformat() if self.uninstalled_at else None,
            "mail": [mail.shown() for mail in self.mail],
        }

    def _obstacle(self, item: Obstacle) -> dict[str, Any]:
        return {
            "id": item.id,
            "type": item.blocker.type,
            "name": item.blocker.name,
            "refers_to": item.blocker.refers_to,
            "problem": item.blocker.problem,
            "resolved": item.resolved,
            "visible": self.visible(item),
        }
