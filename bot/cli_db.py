"""``sunset db``: a copy of the database while the bot runs, and putting one back."""

from __future__ import annotations

import getpass
import platform
from pathlib import Path
from typing import Annotated

import typer

from bot.terminal import Terminal
from handlers.i18n import translator

db_app = typer.Typer(help="Keep the bot's database safe.", no_args_is_help=True)
out = Terminal()
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


@db_app.command("backup")
def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The copy; a new file.")],
    as_json: AsJson = False,
) -> None:
    """Copy the database into FILE while the bot runs: whole, checked, for its owner alone."""
    from bot.settings import load_settings
    from bot.store.copying import copy_database

    settings = load_settings()
    copied = copy_database(settings.sunset_database, file)
    if as_json:
        told = {"file": str(copied.path), "runs": copied.runs, "events": copied.events}
        out.print_json(data={**told, "bytes": copied.size})
        return
    tr = translator(settings.sunset_locale)
    _say(
        tr(
            "{path}: copied and checked; runs: {runs}, events: {events}.",
            path=str(copied.path),
            runs=tr.number(copied.runs),
            events=tr.number(copied.events),
        )
    )


@db_app.command("restore")
def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A copy; it stays as it is.")],
    as_json: AsJson = False,
) -> None:
    """Put the copy FILE in the place of the database, which is kept. The bot must be stopped.

    What happened since the copy was made is not in it. Every run that is under way is therefore
    frozen; docs/operations.md says what to look at before somebody unfreezes it in Slack.
    """
    from bot.clocks import SystemClock
    from bot.restore import restore as put_back
    from bot.settings import load_settings
    from bot.store.chain import Chain

    settings = load_settings()
    who = f"{getpass.getuser()}@{platform.node() or 'host'}"
    chain = Chain(settings.audit_keys)
    done = put_back(file, settings.sunset_database, chain, SystemClock(), who)
    former = str(done.former) if done.former else None
    if as_json:
        told = {"runs": done.copied.runs, "events": done.copied.events}
        out.print_json(data={**told, "former": former, "frozen": list(done.frozen)})
        return
    tr = translator(settings.sunset_locale)
    _say(
        tr(
            "{path}: restored; runs: {runs}, events: {events}.",
            path=str(done.copied.path),
            runs=tr.number(done.copied.runs),
            events=tr.number(done.copied.events),
        )
    )
    if former:
        _say(tr("What was there before lies in {path}.", path=former))
    for run_id in done.frozen:
        _say(
            tr(
                "{run} is frozen. Start the bot, look at `sunset audit verify`, then unfreeze it "
                "in Slack.",
                run=run_id,
            )
        )


def _say(text: str) -> None:
    out.print(text, markup=False, highlight=False, soft_wrap=True)
