"""Sees a run through to its end, from wherever it stands: nobody may be left without a way on.

People take what the prompt in force offers, the bot finds what it looks for, and each step must
bring the run nearer to its end. A run that cannot be seen through stands in a dead end.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.workflows import samples
from tests.workflows.driver import Conversation
from tests.workflows.people import APPROVERS, CARL
from tests.workflows.speakers import Person
from workflows import commands as c
from workflows.prompts import Ask
from workflows.rules.approval import may_decide
from workflows.values import Owner, Role

STEPS = 60


def see_through(talk: Conversation) -> None:
    """Bring *talk* to its end, without cancelling it; an ``AssertionError`` says where it stuck."""
    way: list[str] = []
    for _ in range(STEPS):
        if talk.state.final:
            return
        way.append(talk.asked.ask.value)
        talk.wait(seconds=20)
        _go_on(talk)
    raise AssertionError(f"not seen through: {way}")


def _go_on(talk: Conversation) -> None:
    boss = _responsible(talk)
    if talk.run.frozen:
        somebody_else(talk).unfreezes()
    if talk.run.blocked is not None:
        before = len(talk.effects)
        boss.retries()
        assert talk.asked.of != "bot" or talk.work_since(before), "nothing is tried again"
    if due := talk.bot.due():
        talk.bot.fires(*due)
        return
    _ANSWERS[talk.asked.ask](talk)


def somebody_else(talk: Conversation) -> Person:
    """Return an approver who did not freeze the run."""
    return talk.dora if talk.run.frozen_by == CARL else talk.carl


def _responsible(talk: Conversation) -> Person:
    """Whoever is responsible is an administrator by the settings, and may be an approver too."""
    return talk.person(talk.run.responsible, frozenset(Role))


def _approve(talk: Conversation) -> None:
    """Consent first, since the last approval alone does not pass the gate; then one approval."""
    if "GiveConsent" in talk.asked.choices:
        _responsible(talk).consents()
        return
    _independent(talk).approves()


def _independent(talk: Conversation) -> Person:
    """An approver who may decide, and has not yet."""
    who = next(one for one in APPROVERS if may_decide(talk.run, one) and one not in talk.run.votes)
    return talk.person(who)


def _map(talk: Conversation) -> None:
    """Give all that needs a target to somebody in HubSpot; where there is nothing, count anew."""
    boss, offered = _responsible(talk), talk.asked.choices
    if "MapRemaining" in offered:
        boss.maps_the_rest_to(_target(talk))
    elif "ConfirmMapping" in offered:
        boss.confirms_the_mapping()
    else:
        assert "CheckNow" in offered
        boss.asks_to_check()
        talk.bot.counts(samples.emptied())


def _target(talk: Conversation) -> Owner:
    alone = {owned.owner.id for owned in talk.run.candidates}
    return next(one for one in samples.HUBSPOT_OWNERS if one.id not in alone)


def _left(talk: Conversation) -> None:
    boss = _responsible(talk)
    if "RetryReassignment" in talk.asked.choices:
        boss.tries_the_rest_again()
    else:
        boss.changes_the_mapping()


def _secure(talk: Conversation) -> None:
    """Confirm; or back up first; or, where that was not complete, have it waived."""
    boss, offered = _responsible(talk), talk.asked.choices
    if "ConfirmNoCopy" in offered:
        boss.confirms_no_copy()
    elif talk.run.current_backup is None:
        assert "StartBackup" in offered
        boss.starts_a_backup()
    else:
        assert "WaiveBackup" in offered
        _independent(talk).waives_the_backup()


def _boss(action: c.Action) -> Callable[[Conversation], object]:
    return lambda talk: _responsible(talk).does(action)


_ANSWERS: dict[Ask, Callable[[Conversation], object]] = {
    Ask.WAIT_PLAN: lambda talk: talk.bot.plans(),
    Ask.ACKNOWLEDGE_ADVICE: _boss(c.AcknowledgeAdvice()),
    Ask.APPROVE_PLAN: _approve,
    Ask.DISCONNECT: lambda talk: _responsible(talk).reports_the_disconnect(),
    Ask.WAIT_SYNC: lambda talk: talk.bot.finds_the_sync_quiet(),
    Ask.WAIT_OWNERS: lambda talk: talk.bot.counts(),
    Ask.MAP_OWNERS: _map,
    Ask.WAIT_REASSIGNMENT: lambda talk: talk.bot.finishes_the_job(changed=4),
    Ask.REASSIGNMENT_PAUSED: _boss(c.ResumeReassignment()),
    Ask.WAIT_STOP: lambda talk: (
        talk.bot.finishes_the_undo()
        if talk.run.job_state == "ending_undo"
        else talk.bot.finishes_the_job(changed=2)
    ),
    Ask.WAIT_COUNT: lambda talk: talk.bot.counts(samples.emptied()),
    Ask.REASSIGNMENT_LEFT: _left,
    Ask.WAIT_UNDO: lambda talk: talk.bot.finishes_the_undo(),
    Ask.DELETE_OWNERS: _boss(c.ReportOwnersDeleted()),
    Ask.WAIT_OWNERS_GONE: lambda talk: talk.bot.finds_the_owners_gone(),
    Ask.WAIT_INVENTORY: lambda talk: talk.bot.reads_the_package(),
    Ask.CHOOSE_DATA_COPY: _boss(c.ChooseDataCopy(keep=True)),
    Ask.CONFIRM_NO_COPY: _secure,
    Ask.WAIT_BACKUP: lambda talk: talk.bot.backs_up(hidden=talk.run.backups % 2),
    Ask.APPROVE_REMOVAL: _approve,
    Ask.WAIT_RECONFIRMATION: lambda talk: talk.bot.reads_the_package(talk.run.inventory),
    Ask.COMPARE_AGAIN: lambda talk: talk.bot.reads_the_package(talk.run.inventory),
    Ask.REMOVE_PACKAGE: _boss(c.ReportUninstalled()),
    Ask.WAIT_REMOVAL: lambda talk: talk.bot.finds_the_package_gone(),
    Ask.DOWNLOAD_COPY: _boss(c.ConfirmDownloaded(where="the vault")),
}
