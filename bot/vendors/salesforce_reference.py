"""One reference from outside into the package: where it was found, and as the blocker it is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bot.vendors import salesforce_setup as setup
from workflows.text import Text
from workflows.values import Blocker

REFERENCED = "This installed component is referenced by a locally created component"
"""Salesforce's own words for a reference (facts/salesforce.md, "Uninstalling")."""


@dataclass(frozen=True)
class Reference:
    """Something outside the package that refers to *refers_to* in it.

    ``id`` is the Salesforce id of what refers, ``page`` another one where that is not what people
    open; ``table`` is the object that it belongs to. ``advice`` replaces the usual one of its
    kind. ``sure`` is false for what may go with the package unasked.
    """

    type: str
    name: str
    refers_to: str
    id: str = ""
    page: str = ""
    table: str = ""
    problem: str = REFERENCED
    advice: Text | None = None
    sure: bool = True

    def blocker(self) -> Blocker:
        """Return it as the procedure's people see it."""
        return Blocker(
            type=self.type,
            name=self.name,
            refers_to=self.refers_to,
            problem=self.problem if self.sure else "",
            link=setup.link(self.type, self.page or self.id, self.table),
            advice=self.advice or setup.advice(self.type),
            sure=self.sure,
        )


def blockers(found: Iterable[Reference], namespace: str) -> list[Blocker]:
    """Return each reference once, what surely blocks first; the order does not depend on chance.

    Of two searches that found the same, the first one's words stay.
    """
    once: dict[tuple[str, str, str], Reference] = {}
    for reference in found:
        who = reference.id[:15] or reference.name.lower()
        key = reference.type, who, bare(reference.refers_to, namespace)
        once.setdefault(key, reference)
    ordered = sorted(
        once.values(), key=lambda one: (not one.sure, one.type, one.name, one.refers_to)
    )
    return [reference.blocker() for reference in ordered]


def bare(name: str, namespace: str) -> str:
    """Return a component's name without its object and the namespace, in lower case."""
    last = name.rpartition(".")[2].lower()
    return last.removeprefix(f"{namespace.lower()}__")
