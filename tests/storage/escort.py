"""Sees a run of the whole bot through to its end: people answer, time passes, vendors obey."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from tests.bot.rig import Rig
from tests.workflows.people import ANNA, APPROVERS
from tests.workflows.samples import HUGO
from workflows import commands as c
from workflows.prompts import Ask, prompt
from workflows.rules.approval import may_decide, shown
from workflows.rules.disconnect import PHRASE
from workflows.values import CORE_OBJECTS

MOST_STEPS = 400


def finish(rig: Rig) -> None:
    """Bring the run to its end; an ``AssertionError`` says where it stuck."""
    way: list[str] = []
    for _ in range(MOST_STEPS):
        rig.settle()
        run = rig.run
        if run.state.final:
            return
        assert run.blocked is None, run.blocked
        ask = prompt(run).ask
        if way[-1:] != [ask.value]:
            way.append(ask.value)
        answer = _ANSWERS.get(ask)
        if answer is not None and answer(rig):
            continue
        due = rig.store.next_due()
        assert due is not None, f"nothing is planned any more: {way}"
        rig.advance(timedelta(seconds=max(due - rig.wall(), 0.0) + 0.001))
    raise AssertionError(f"not seen through: {way}")


def _approve(rig: Rig) -> bool:
    run = rig.run
    if "GiveConsent" in prompt(run).choices:
        rig.does(run.responsible, c.GiveConsent())
    else:
        wanted = (one for one in APPROVERS if may_decide(run, one) and one not in run.votes)
        rig.does(next(wanted), c.Approve(shown=shown(run)))
    return True


def _map(rig: Rig) -> bool:
    if rig.run.unmapped:
        rig.does(ANNA, c.MapRemaining(target=HUGO))
    else:
        rig.does(ANNA, c.ConfirmMapping(shown=rig.run.mapping_version))
    return True


def _disconnect(rig: Rig) -> bool:
    saved = frozenset(CORE_OBJECTS)
    rig.does(ANNA, c.ReportDisconnected(reason="moving", phrase=PHRASE, saved_mappings=saved))
    return True


def _delete_owners(rig: Rig) -> bool:
    rig.hubspot.salesforce_owners = []
    rig.does(ANNA, c.ReportOwnersDeleted())
    return True


def _uninstall(rig: Rig) -> bool:
    if rig.salesforce.installed is None:
        return False
    rig.salesforce.installed = None
    rig.does(ANNA, c.ReportUninstalled())
    return True


def _does(action: c.Action) -> Callable[[Rig], bool]:
    def answer(rig: Rig) -> bool:
        rig.does(rig.run.responsible, action)
        return True

    return answer


_ANSWERS: dict[Ask, Callable[[Rig], bool]] = {
    Ask.APPROVE_PLAN: _approve,
    Ask.DISCONNECT: _disconnect,
    Ask.MAP_OWNERS: _map,
    Ask.DELETE_OWNERS: _delete_owners,
    Ask.CHOOSE_DATA_COPY: _does(c.ChooseDataCopy(keep=True)),
    Ask.APPROVE_REMOVAL: _approve,
    Ask.COMPARE_AGAIN: _does(c.CheckNow()),
    Ask.REMOVE_PACKAGE: _uninstall,
    Ask.DOWNLOAD_COPY: _does(c.ConfirmDownloaded(where="the vault")),
    Ask.REASSIGNMENT_PAUSED: _does(c.ResumeReassignment()),
}
