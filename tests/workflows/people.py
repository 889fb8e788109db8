"""Who speaks in these tests, and what the settings let them do."""

from __future__ import annotations

from workflows.run import Run
from workflows.values import Role

ANNA, BELA, CARL, DORA, EMIL, ZOE = "UA", "UB", "UC", "UD", "UE", "UZ"
ADMINISTRATOR, APPROVER = Role.ADMINISTRATOR, Role.APPROVER
ROLES: dict[str, frozenset[Role]] = {
    ANNA: frozenset({ADMINISTRATOR, APPROVER}),
    BELA: frozenset({ADMINISTRATOR}),
    CARL: frozenset({APPROVER}),
    DORA: frozenset({APPROVER}),
    EMIL: frozenset({ADMINISTRATOR, APPROVER}),
    ZOE: frozenset(),
}
"""Anna starts runs; Bela is the other administrator; Emil is both; Zoe is a bystander."""
APPROVERS = tuple(person for person, roles in ROLES.items() if APPROVER in roles)


def own_word(run: Run) -> set[str]:
    """Return those whose own request this is: they decide nothing."""
    return {run.requester, run.responsible, *run.were_responsible}
