"""The digests of exactly what the approvers' messages show; approvals are bound to them."""

from __future__ import annotations

from workflows.base import Value
from workflows.digest import digest
from workflows.run import Run
from workflows.values import Backup, Inventory, Plan, Reason, Waiver


class _Request(Value):
    """What both messages say about who asked for it, why, and whose approval is needed."""

    requester: str
    reason: Reason
    note: str
    approvers: tuple[str, ...]
    quorum: int
    groups: tuple[str, ...]
    missing: tuple[str, ...]


class _PlanShown(Value):
    request: _Request
    plan: Plan
    before: str


class _RemovalShown(Value):
    request: _Request
    bound: str
    inventory: Inventory | None
    keep: bool | None
    backup: Backup | None
    backup_of: str
    waiver: Waiver | None
    waiver_of: str
    before: str


def plan_digest(run: Run, plan: Plan) -> str:
    """SHA-256 of everything that the plan's approvers are shown.

    The request, what Sunset does without, the plan, and the plan that it is compared with.
    """
    before = "" if run.plan_before is None else digest(run.plan_before)
    return digest(_PlanShown(request=_request(run, run.policy.quorum), plan=plan, before=before))


def removal_digest(run: Run) -> str:
    """SHA-256 of everything that the removal's approvers are shown.

    More than what decides whether their approvals stand (:attr:`workflows.run.Run.removal_digest`):
    also what refers to the package and may block its removal, and estimates.
    """
    before = "" if run.removal_before is None else digest(run.removal_before)
    return digest(
        _RemovalShown(
            request=_request(run, run.policy.removal_quorum or run.policy.quorum),
            bound=run.removal_digest,
            inventory=run.inventory,
            keep=run.keep_copy,
            backup=run.backup,
            backup_of=run.backup_of,
            waiver=run.waiver,
            waiver_of=run.waiver_of,
            before=before,
        )
    )


def _request(run: Run, quorum: int) -> _Request:
    return _Request(
        requester=run.requester,
        reason=run.reason,
        note=run.note,
        approvers=run.approvers,
        quorum=quorum,
        groups=run.policy.groups,
        missing=tuple(sorted(run.missing)),
    )
