"""``sunset backup run|verify``: a backup of the package's data by hand, and checking one."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from bot.terminal import Terminal
from handlers.i18n import Translator, translator

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.backup.values import BackupResult, Problem, Progress

backup_app = typer.Typer(
    help="Back up the package's data, and check a backup.", no_args_is_help=True
)

out = Terminal()
err = Terminal(stderr=True)
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Directory = Annotated[Path, typer.Argument(metavar="DIR", help="The directory of the backup.")]


@backup_app.command("run")
def make(directory: Directory, as_json: AsJson = False) -> None:
    """Make a backup in DIR, or go on with one that was not finished; it is verified at the end."""
    from bot.backup.run import Backup
    from bot.clocks import SystemClock
    from bot.logs import configure_logs
    from bot.masking import secrets_of
    from bot.settings import load_settings
    from bot.vendors.connect import connect_salesforce
    from bot.vendors.salesforce_bulk import bulk_of

    settings = load_settings()
    configure_logs(settings.sunset_log_level, secrets_of(settings))
    tr = translator(settings.sunset_locale)
    salesforce = connect_salesforce(settings)
    with ExitStack() as stack:
        stack.callback(salesforce.close)
        go = stack.enter_context(_until_told())
        tell = stack.enter_context(_screen(tr, silent=as_json))
        backup = Backup(bulk_of(salesforce), directory, SystemClock())
        result = backup.run(tell, go)
    if as_json:
        out.print_json(data=summary(result))
    else:
        _print_result(result, tr)


@backup_app.command()
def verify(
    directory: Directory,
    as_json: AsJson = False,
    digest: Annotated[
        str, typer.Option(help="The manifest's SHA-256 that was recorded when it was made.")
    ] = "",
) -> None:
    """Compute everything anew; exit status 1 if anything is missing, added or changed."""
    from bot.backup.verify import verify as problems_of

    problems = problems_of(directory, digest)
    tr = translator("en")
    if as_json:
        found = [one.model_dump(exclude={"text"}) | {"text": str(one.text)} for one in problems]
        out.print_json(data={"directory": str(directory), "problems": found})
    else:
        print_problems(str(directory), problems, tr)
    if problems:
        raise typer.Exit(1)


def print_problems(directory: str, problems: Sequence[Problem], tr: Translator) -> None:
    """Say whether a backup is sound, and what is wrong with it."""
    if not problems:
        out.print(tr("{directory}: sound", directory=directory), markup=False, highlight=False)
        return
    out.print(tr("{directory}: NOT SOUND", directory=directory), style="bold red", markup=False)
    for one in problems:
        sentence = tr.text(one.text, escape=False)
        out.print(f"  {one.file or directory}: {sentence}", markup=False, highlight=False)


def summary(result: BackupResult) -> dict[str, Any]:
    """Return what a program may want to know of a finished backup."""
    return {
        "directory": str(result.directory),
        "manifest_sha256": result.manifest_sha256,
        "already_finished": result.already,
        "rows": result.rows,
        "bytes": result.bytes,
        "files": [
            one.model_dump(mode="json", include={"object", "file", "rows", "bytes", "sha256"})
            for one in result.manifest.files
        ],
        "left_out": [gap.model_dump(mode="json") | {"text": str(gap.text)} for gap in result.gaps],
    }


@contextmanager
def _until_told() -> Iterator[Callable[[], bool]]:
    """Give a function that says whether to go on: until SIGTERM or Ctrl-C."""
    told = threading.Event()
    before = {
        number: signal.signal(number, lambda *_: told.set())
        for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield lambda: not told.is_set()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _screen(tr: Translator, *, silent: bool) -> Iterator[Callable[[Progress], None]]:
    """Give a function that shows how far it is, on standard error."""
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[phase]}", markup=False),
        TimeElapsedColumn(),
    )
    phases = {
        "planning": tr("looking what there is"),
        "checking": tr("checking what was taken before"),
        "waiting": tr("waiting for Salesforce"),
        "reading": tr("reading"),
        "verifying": tr("verifying"),
        "done": tr("verified"),
    }
    with Bars(*columns, console=err, disable=silent) as bars:
        tasks: dict[str, Any] = {}

        def tell(now: Progress) -> None:
            phase = phases[now.phase]
            if now.table not in tasks:
                name = now.table or tr("the package")
                tasks[now.table] = bars.add_task(name, total=None, phase=phase)
            bars.update(tasks[now.table], completed=now.rows, total=now.expected, phase=phase)

        yield tell


def _print_result(result: BackupResult, tr: Translator) -> None:
    table = Table(tr("object"), tr("file"))
    table.add_column(tr("records"), justify="right")
    table.add_column("SHA-256")
    for one in result.manifest.files:
        table.add_row(one.object, one.file, tr.number(one.rows), one.sha256[:16])
    if result.manifest.files:
        out.print(table)
    for gap in result.gaps:
        out.print(tr("Not included: {what}", what=tr.text(gap.text, escape=False)), markup=False)
    sentence = (
        tr(
            "The backup in {directory} was finished before; it is sound.",
            directory=result.directory,
        )
        if result.already
        else tr("The backup in {directory} is finished and verified.", directory=result.directory)
    )
    out.print(sentence, markup=False, highlight=False)
    out.print(
        tr("SHA-256 of its manifest, to be kept elsewhere: {sha}", sha=result.manifest_sha256),
        markup=False,
        highlight=False,
    )
