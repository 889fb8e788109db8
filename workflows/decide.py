"""Decide what a command makes happen. The only way in: every rule is met here, by every caller."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from workflows import commands as c
from workflows import events as e
from workflows.errors import Refused, refuse_not_now
from workflows.evolve import evolve
from workflows.rules import approval
from workflows.run import Run
from workflows.states import State
from workflows.text import N_
from workflows.transitions import STAY, TABLE
from workflows.values import Role

Rule = Callable[[Run, Any, c.Command, datetime], list[e.Event]]
_ROLE = {"administrator": Role.ADMINISTRATOR, "approver": Role.APPROVER}
_THAWED = (c.Unfreeze, c.Cancel, c.HandOver)
"""What people may still do while a run is frozen."""


def _index() -> dict[tuple[State, type[c.Action]], tuple[Rule, frozenset[State]]]:
    index: dict[tuple[State, type[c.Action]], tuple[Rule, frozenset[State]]] = {}
    for states, action, rule, targets in TABLE:
        for state in states if isinstance(states, tuple) else (states,):
            to = frozenset(state if target == STAY else State(target) for target in targets)
            index[state, action] = (rule, to)
    return index


ALLOWED = _index()


def decide(run: Run | None, command: c.Command, now: datetime) -> list[e.Event]:
    """Return the events that *command* makes happen, possibly none.

    Raises:
        Refused: with a stable code, what is wrong, and what to do; nothing has happened then.
    """
    action = command.action
    _authorise(command)
    if isinstance(action, c.StartRun):
        if run is not None:
            raise refuse_not_now(command.name, run.state.value)
        return approval.start(action, command)
    if run is None:
        raise Refused(
            "no_run",
            N_("There is no such run."),
            N_("Start one with `/uninstall-salesforce`."),
        )
    if run.state.final:
        raise Refused(
            "run_over",
            N_("This run is over ({state}).", state=run.state.value),
            N_("Start a new one with `/uninstall-salesforce` if that is needed."),
        )
    _refuse_stale(run, command)
    _refuse_frozen(run, command)
    entry = ALLOWED.get((run.state, type(action)))
    if entry is None:
        if isinstance(action, c.BotAction):
            return []
        raise refuse_not_now(command.name, run.state.value)
    rule, targets = entry
    events = rule(run, action, command, now)
    _hold_to_table(run, command, events, targets, now)
    return events


def _authorise(command: c.Command) -> None:
    needed = command.action.by
    if needed == "bot":
        if command.actor.kind != "bot":
            raise Refused(
                "bot_only", N_("Only the bot itself reports this."), N_("Nothing needs to be done.")
            )
        return
    if needed == "approver" and command.actor.kind != "person":
        raise Refused(
            f"{command.actor.kind}_cannot_approve",
            N_("Only people can approve, and only in Slack."),
            N_("Ask an approver to answer in the thread."),
        )
    if command.actor.kind == "bot":
        raise Refused(
            "bot_only_reports",
            N_("The bot reports what it finds; only people decide."),
            N_("Use the thread in Slack."),
        )
    if command.actor.kind == "console" and not isinstance(command.action, c.Freeze):
        raise Refused(
            "console_only_freezes",
            N_("The command line can freeze a run, and nothing else."),
            N_("Use the thread in Slack."),
        )
    if needed == "either":
        if not command.roles:
            raise Refused(
                "not_for_you",
                N_("This is only for the administrators and approvers of Sunset."),
                N_("Ask one of them, or ask the operator to add you."),
            )
        return
    if _ROLE[needed] not in command.roles:
        if needed == "administrator":
            raise Refused(
                "administrators_only",
                N_("Only administrators of Sunset may do this."),
                N_("Ask one of them, or ask the operator to add you to SUNSET_ADMINS."),
            )
        raise Refused(
            "approvers_only",
            N_("Only approvers may do this."),
            N_("Ask one of them, or ask the operator to add you to SUNSET_APPROVERS."),
        )


def _refuse_stale(run: Run, command: c.Command) -> None:
    if command.action.answers and command.version != run.prompt_version:
        raise Refused(
            "stale_prompt",
            N_("This question is no longer open: the run has moved on."),
            N_("Answer the latest message in the thread."),
        )


def _refuse_frozen(run: Run, command: c.Command) -> None:
    if run.frozen and command.actor.kind != "bot" and not isinstance(command.action, _THAWED):
        raise Refused(
            "frozen",
            N_("The run is frozen; nothing goes on until it is unfrozen."),
            N_(
                "When it may go on, an administrator or an approver other than who froze it uses "
                "`/uninstall-salesforce unfreeze`."
            ),
        )


def _hold_to_table(
    run: Run,
    command: c.Command,
    events: list[e.Event],
    targets: frozenset[State],
    now: datetime,
) -> None:
    """Fail loudly, before anything is written, when a rule leads where the table does not."""
    after = run
    for event in events:
        recorded = e.Recorded(seq=after.version + 1, at=now, actor=command.actor, event=event)
        after = evolve(after, recorded)
    if after.state is not run.state and after.state not in targets:
        raise AssertionError(f"{run.state} –{command.name}→ {after.state} is not in the table")
