"""The command line: ``sunset``. Exit status 0 done, 1 refused or failed, 2 wrong usage."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bot.cli_audit import audit_app, fail, open_store
from bot.cli_backup import backup_app
from bot.errors import SettingsError
from bot.settings import Settings, load_settings
from handlers.i18n import Translator, translator
from workflows.errors import SunsetError

if TYPE_CHECKING:
    from bot.ports import Clock
    from bot.store.sqlite import SqliteStore
    from workflows.run import Run

app = typer.Typer(
    name="sunset",
    help="Takes a HubSpot–Salesforce integration down: safely, together, with proof.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
runs_app = typer.Typer(help="Look at runs.", no_args_is_help=True)
db_app = typer.Typer(help="Keep the bot's database safe.", no_args_is_help=True)
app.add_typer(runs_app, name="runs")
app.add_typer(audit_app, name="audit")
app.add_typer(backup_app, name="backup")
app.add_typer(db_app, name="db")

out = Console()
err = Console(stderr=True)
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Locale = Annotated[str, typer.Option(help="Language of what is shown: en or pl.")]


@app.command()
def run() -> None:
    """Run the bot: connect to Slack and carry runs through until stopped (SIGTERM, Ctrl-C)."""
    from bot.clocks import SystemClock

    settings = _settings()
    serve(settings, SystemClock())


def serve(
    settings: Settings,
    clock: Clock,
    *,
    until: threading.Event | None = None,
    ready: Callable[[], None] = lambda: None,
) -> None:
    """Run the bot with *settings* and *clock* until a signal comes or *until* is set.

    *ready* is called once it listens.
    """
    from bot.logs import configure_logs
    from bot.program import Program

    configure_logs(settings.sunset_log_level, secrets_of(settings))
    stopped = until or threading.Event()
    program = Program(settings, clock)

    def stop(*_: object) -> None:
        program.request_stop()
        stopped.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    try:
        program.start()
        ready()
        # A wait without a limit would not let Python run the signal handler on every platform.
        while not stopped.wait(1.0):
            pass
    finally:
        program.stop()


@app.command()
def demo(
    auto: Annotated[
        bool, typer.Option("--auto", help="Walk through the whole procedure unattended.")
    ] = False,
    locale: Locale = "en",
    scenario: Annotated[
        str | None, typer.Option(help="A scenario file, or the name of one that ships.")
    ] = None,
    port: Annotated[int, typer.Option(help="Port of the page (0: any free one).")] = 0,
) -> None:
    """Rehearse without an account: a local Slack, HubSpot and Salesforce with a web page."""
    from bot.demo import rehearse

    if locale not in {"en", "pl"}:
        raise typer.BadParameter("must be en or pl", param_hint="--locale")
    raise typer.Exit(rehearse(auto=auto, locale=locale, scenario=scenario, port=port))


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Check every credential and right, the channels, the people and this machine.

    Says what is missing and where it is granted. Exit status 1 if anything needed is missing; what
    the bot can go on without is a warning.
    """
    from bot.doctor import examine, shown
    from bot.logs import configure_logs

    settings = _settings()
    secrets = secrets_of(settings)
    configure_logs(settings.sunset_log_level, secrets)
    tr = translator(settings.sunset_locale)
    findings = shown(examine(settings), tr, secrets)
    if as_json:
        out.print_json(data=findings)
    else:
        _print_findings(findings, tr)
    if not all(finding["ok"] for finding in findings):
        raise typer.Exit(1)


def _print_findings(findings: list[dict[str, Any]], tr: Translator) -> None:
    marks = {
        "ok": tr("ok"),
        "warning": tr("warning"),
        "wrong": tr("WRONG"),
        "unknown": tr("unknown"),
    }
    styles = {"wrong": "bold red", "warning": "yellow", "unknown": "dim"}
    table = Table("")
    for heading in (tr("what"), tr("result"), tr("what to do")):
        table.add_column(heading, overflow="fold")  # names are longer than a narrow column
    service = ""
    for one in findings:
        if service not in ("", one["check"].partition(".")[0]):
            table.add_section()
        service = one["check"].partition(".")[0]
        texts = (marks[one["level"]], one["what"], one["result"], one["remedy"])
        table.add_row(*map(escape, texts), style=styles.get(one["level"]))
    out.print(table)
    counted = {level: sum(one["level"] == level for one in findings) for level in marks}
    out.print(
        tr(
            "Wrong: {wrong}. Warnings: {warnings}. Cannot be told: {unknown}.",
            wrong=counted["wrong"],
            warnings=counted["warning"],
            unknown=counted["unknown"],
        )
    )


@app.command()
def plan(as_json: AsJson = False) -> None:
    """Make the read-only plan now and print it; nothing is recorded and nobody is asked."""
    from bot.doctor import plan_now
    from bot.report import plan_tables

    settings = _settings()
    made, missing = plan_now(settings)
    if as_json:
        out.print_json(made.model_dump_json())
        return
    tr = translator(settings.sunset_locale)
    out.print(*plan_tables(made, tr), sep="\n")
    for note in missing:
        out.print(tr.text(note.problem, escape=False), markup=False)


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
    run_id: Annotated[str, typer.Argument(metavar="ID")],
    as_json: AsJson = False,
    follow: Annotated[
        bool,
        typer.Option("--follow", help="Show how its reassignment goes, until that is over."),
    ] = False,
) -> None:
    """Show one run: its checklist with the evidence, the reassignment, and its history."""
    from bot.report import history_table, run_detail, step_two, steps_table

    settings, store = open_store()
    run = store.run(run_id)
    if run is None:
        fail(f"There is no run {run_id}. `sunset runs list` shows all.")
    tr = translator(settings.sunset_locale)
    if follow:
        run = _followed(store, run, tr, as_json)
    elif as_json:
        out.print_json(data=run_detail(run, store.history(run_id)))
    if as_json:
        return
    out.print(steps_table(run, tr))
    for table in step_two(run, tr):
        out.print(table)
    if not follow:
        out.print(history_table(store.history(run_id), tr))


def _followed(store: SqliteStore, run: Run, tr: Translator, as_json: bool) -> Run:
    """Show a run's job as it goes; return the run as it was seen last."""
    from bot.follow import JsonLines, follow, screen_for

    screen = JsonLines() if as_json else screen_for(out, tr, time.monotonic)
    return follow(store, run, screen, wait=time.sleep, clock=time.monotonic)


@db_app.command("backup")
def backup_database(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The copy; a new file.")],
    as_json: AsJson = False,
) -> None:
    """Copy the database into FILE while the bot runs: whole, checked, for its owner alone."""
    from bot.store.copying import copy_database

    settings = _settings()
    copied = copy_database(settings.sunset_database, file)
    if as_json:
        told = {"file": str(copied.path), "runs": copied.runs, "events": copied.events}
        out.print_json(data={**told, "bytes": copied.size})
        return
    tr = translator(settings.sunset_locale)
    out.print(
        tr(
            "{path}: copied and checked; runs: {runs}, events: {events}.",
            path=str(copied.path),
            runs=tr.number(copied.runs),
            events=tr.number(copied.events),
        ),
        markup=False,
        highlight=False,
        soft_wrap=True,
    )


def _settings() -> Settings:
    return load_settings()


def secrets_of(settings: Settings) -> list[str]:
    """Return every secret of the settings, to be masked in logs."""
    from pydantic import SecretStr

    values = (getattr(settings, name) for name in type(settings).model_fields)
    return [value.get_secret_value() for value in values if isinstance(value, SecretStr)]


def main() -> None:
    """Run the command line; a person never sees a traceback of a foreseen error."""
    try:
        app()
    except SunsetError as error:
        tr = translator("en")
        sentence = tr.text(error.problem, escape=False)
        err.print(sentence, style="red", markup=False, highlight=False)
        err.print(tr.text(error.remedy, escape=False), markup=False, highlight=False)
        sys.exit(2 if isinstance(error, SettingsError) else 1)


if __name__ == "__main__":
    main()
