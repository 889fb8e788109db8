"""The command line: ``sunset``. Exit status 0 done, 1 refused or failed, 2 wrong usage."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from bot.cli_audit import audit_app
from bot.cli_backup import backup_app
from bot.cli_db import db_app
from bot.cli_report import report
from bot.cli_runs import runs_app
from bot.errors import SettingsError
from bot.masking import secrets_of
from bot.settings import Settings, load_settings
from bot.terminal import Terminal
from handlers.i18n import Translator, translator
from workflows.errors import SunsetError

if TYPE_CHECKING:
    from bot.ports import Clock

app = typer.Typer(
    name="sunset",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.add_typer(runs_app, name="runs")
app.add_typer(audit_app, name="audit")
app.add_typer(backup_app, name="backup")
app.add_typer(db_app, name="db")

out = Terminal()
err = Terminal(stderr=True)
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Locale = Annotated[str, typer.Option(help="Language of what is shown: en or pl.")]


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import PackageNotFoundError, version

        try:
            out.print(f"sunset {version('sunset')}", highlight=False)
        except PackageNotFoundError:
            out.print("sunset, not installed: run from its source", highlight=False)
        raise typer.Exit


@app.callback()
def about(
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version.", callback=_version, is_eager=True),
    ] = False,
) -> None:
    """Takes a HubSpot–Salesforce integration down: safely, together, with proof."""


@app.command()
def run(
    http: Annotated[
        bool, typer.Option("--http", help="Let Slack call an address of yours (docs/connect.md).")
    ] = False,
    host: Annotated[
        str | None, typer.Option(help="With --http: where to listen.", show_default="127.0.0.1")
    ] = None,
    port: Annotated[
        int | None, typer.Option(help="With --http: the port.", show_default="3000")
    ] = None,
) -> None:
    """Run the bot: connect to Slack and carry runs through until stopped (SIGTERM, Ctrl-C)."""
    from bot.clocks import SystemClock

    told: dict[str, Any] = {
        "sunset_http": http or None,
        "sunset_http_host": host,
        "sunset_http_port": port,
    }
    given = {name: value for name, value in told.items() if value is not None}
    serve(load_settings(listening=True, **given), SystemClock())


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


app.command()(report)


def _settings() -> Settings:
    return load_settings()


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
