"""The command ``sunset report``: a run's report as a file, at any time."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from bot.cli_audit import fail, open_store
from bot.terminal import Terminal
from handlers.i18n import LANGUAGES, translator

out = Terminal()
STDOUT = Path("-")


def report(
    run_id: Annotated[str, typer.Argument(metavar="RUN", help="Its id (`sunset runs list`).")],
    kind: Annotated[
        str, typer.Option("--format", help="html, markdown or json.", metavar="html|markdown|json")
    ] = "html",
    to: Annotated[
        Path | None,
        typer.Option(
            "--out", help="The file to write; - prints it.", show_default="in this folder"
        ),
    ] = None,
    locale: Annotated[
        str, typer.Option(help="Language: en or pl.", show_default="SUNSET_LOCALE")
    ] = "",
    slack: Annotated[
        bool, typer.Option("--slack/--no-slack", help="Ask Slack for people's names.")
    ] = True,
) -> None:
    """Tell a run as a report: who did what and when, the evidence, the records, the approvals.

    One file that needs nothing else. It may be made while the run is under way.
    """
    from bot.reporting.build import build, people_of
    from bot.reporting.collect import collect
    from bot.reporting.names import names_of
    from bot.reporting.render import ENDINGS, FORMATS, rendered
    from bot.vendors.slack import Slack, web_client

    wanted = next((one for one in FORMATS if one == kind), None)
    if wanted is None:
        raise typer.BadParameter("must be html, markdown or json", param_hint="--format")
    if locale and locale not in LANGUAGES:
        raise typer.BadParameter("must be en or pl", param_hint="--locale")
    settings, store = open_store()
    material = collect(store, run_id)
    if material is None:
        fail(f"There is no run {run_id}. `sunset runs list` shows all.")
    names: dict[str, str] = {}
    if slack:
        client = web_client(settings.slack_bot_token.get_secret_value(), settings.slack_api_url)
        names = names_of(Slack(client), people_of(material))
    made = build(material, names, translator(locale or settings.sunset_locale))
    content = rendered(made, wanted)
    if to == STDOUT:
        typer.echo(content.decode(), nl=False)
        return
    path = to or Path(f"sunset-report-{run_id}.{ENDINGS[wanted]}")
    try:
        _write(path, content)
    except OSError as error:
        fail(f"{path} cannot be written: {error.strerror}. Name another file with --out.")
    out.print(str(path), markup=False, highlight=False)


def _write(path: Path, content: bytes) -> None:
    """Write a file at once, or not at all; it names people, so it is for its owner alone."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    new = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        new.replace(path)
    except OSError:
        new.unlink(missing_ok=True)
        raise
