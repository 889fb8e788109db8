"""The commands ``sunset runs …``: look at runs, and the emergency brake."""

from __future__ import annotations

import getpass
import platform
import secrets
import time
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from bot.cli_audit import fail, open_store
from bot.terminal import Terminal
from handlers.i18n import Translator, translator

if TYPE_CHECKING:
    from bot.store.sqlite import SqliteStore
    from workflows.run import Run

runs_app = typer.Typer(help="Look at runs; freeze one.", no_args_is_help=True)
out = Terminal()
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
RunId = Annotated[str, typer.Argument(metavar="ID")]
REASON_MOST = 2_000


@runs_app.command("list")
def list_runs(as_json: AsJson = False) -> None:
    """List all runs, newest first."""
    from bot.report import run_row

    settings, store = open_store()
    found = [run for run_id in store.run_ids() if (run := store.run(run_id))]
    if as_json:
        out.print_json(data=[run_row(run) for run in found])
        return
    table = Table("run", "account", "state", "started", "events")
    for run in found:
        row = run_row(run)
        table.add_row(
            *(str(row[key]) for key in ("id", "account", "state", "started_at", "events"))
        )
    tr = translator(settings.sunset_locale)
    out.print(table if found else tr("There are no runs yet."))


@runs_app.command("show")
def show_run(
    run_id: RunId,
    as_json: AsJson = False,
    follow: Annotated[
        bool,
        typer.Option("--follow", help="Show how its reassignment goes, until that is over."),
    ] = False,
) -> None:
    """Show one run: its checklist with the evidence, the reassignment, and its history."""
    from bot.report import history_table, run_detail, step_two, steps_table, waiting_lines

    settings, store = open_store()
    run = store.run(run_id)
    if run is None:
        fail(f"There is no run {run_id}. `sunset runs list` shows all.")
    tr = translator(settings.sunset_locale)
    if follow:
        run = _followed(store, run, tr, as_json)
    elif as_json:
        out.print_json(data=run_detail(run, store.history(run_id), store.waiting(run_id)))
    if as_json:
        return
    out.print(steps_table(run, tr))
    for table in step_two(run, tr):
        out.print(table)
    for line in waiting_lines(store.waiting(run_id), tr):
        out.print(line, markup=False, highlight=False)
    if not follow:
        out.print(history_table(store.history(run_id), tr))


def _followed(store: SqliteStore, run: Run, tr: Translator, as_json: bool) -> Run:
    """Show a run's job as it goes; return the run as it was seen last."""
    from bot.follow import JsonLines, follow, screen_for

    screen = JsonLines() if as_json else screen_for(out, tr, time.monotonic)
    return follow(store, run, screen, wait=time.sleep, clock=time.monotonic)


@runs_app.command("freeze")
def freeze(
    run_id: RunId,
    reason: Annotated[str, typer.Option(help="Why; everybody reads it.")],
    as_json: AsJson = False,
) -> None:
    """Let nothing leave the bot any more: the emergency brake, for when Slack is out of reach.

    It is written into the database beside the running bot, which notices before its next step. The
    command line acts as USER@HOST, can do nothing else to a run, and cannot lift the freeze: an
    administrator or an approver does that in Slack.
    """
    from bot.clocks import SystemClock
    from bot.engine import Engine
    from workflows.commands import Command, Freeze
    from workflows.values import Actor, Role

    if len(reason) > REASON_MOST:
        raise typer.BadParameter(f"at most {REASON_MOST} characters", param_hint="--reason")
    settings, store = open_store()
    run = store.run(run_id)
    if run is None:
        fail(f"There is no run {run_id}. `sunset runs list` shows all.")
    actor = Actor(kind="console", id=f"{getpass.getuser()}@{platform.node() or 'host'}")
    command = Command(
        actor=actor, roles=frozenset({Role.ADMINISTRATOR}), action=Freeze(reason=reason.strip())
    )
    engine = Engine(store, SystemClock(), run.account.portal_id)
    after = engine.execute(run_id, command, f"console:{secrets.token_hex(8)}").run
    if as_json:
        out.print_json(data={"run": run_id, "frozen": after.frozen, "by": after.frozen_by})
        return
    tr = translator(settings.sunset_locale)
    told = tr(
        "{run} is frozen. An administrator or an approver can unfreeze it in Slack.", run=run_id
    )
    out.print(told, markup=False, highlight=False)
