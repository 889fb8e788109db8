"""The commands ``sunset audit …``: verify the record, export it, make a key for that."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from bot.terminal import Terminal
from handlers.i18n import Translator, translator
from workflows.errors import SunsetError

if TYPE_CHECKING:
    from bot.audit.channel import Compared
    from bot.settings import Settings
    from bot.store.base import Link
    from bot.store.sqlite import SqliteStore

audit_app = typer.Typer(help="Check and export the record.", no_args_is_help=True)
out = Terminal()
err = Terminal(stderr=True)
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
OnlyRun = Annotated[str | None, typer.Option("--run", help="Only this run.")]
PAGES = 1_000_000
"""All there are: a channel that is read in part would look as if lines had been deleted."""


@audit_app.command("verify")
def verify(
    run_id: OnlyRun = None,
    slack: Annotated[
        bool, typer.Option("--slack/--no-slack", help="Compare with the audit channel too.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Recompute every run's chain, and compare it with what the audit channel shows.

    Exit status 1 if anything was changed, or cannot be checked for want of a key. Where Slack
    cannot be asked, that is said, and nothing counts as anchored.
    """
    settings, store = open_store()
    tr = translator(settings.sunset_locale)
    results = verify_all(store, run_id)
    if slack:
        add_channel(results, store, settings, alone=run_id is not None)
    if as_json:
        out.print_json(data=results)
    else:
        for result in results:
            print_verdict(result, tr)
        print_limits(tr, keyed=store.chain.keyed)
    if not all(map(holds, results)):
        raise typer.Exit(1)


@audit_app.command("export")
def export(
    run_id: OnlyRun = None,
    kind: Annotated[
        str, typer.Option("--format", help="jsonl (JSON Lines) or csv.", metavar="jsonl|csv")
    ] = "jsonl",
    to: Annotated[
        Path | None, typer.Option("--out", help="Write a signed file into this directory.")
    ] = None,
) -> None:
    """Print the stored history, or write it with a signature that outsiders can check.

    ``--out`` needs SUNSET_AUDIT_SIGNING_KEY_FILE (`sunset audit keygen` makes one).
    """
    from bot.audit import export as exporting

    if kind not in {"jsonl", "csv"}:
        raise typer.BadParameter("must be jsonl or csv", param_hint="--format")
    settings, store = open_store()
    history: list[tuple[str, Link]] = [
        (one, item) for one in chosen(store, run_id) for item in store.history(one)
    ]
    text = exporting.table(history) if kind == "csv" else exporting.json_lines(history)
    if to is None:
        sys.stdout.write(text)
        return
    if settings.sunset_audit_signing_key_file is None:
        fail("SUNSET_AUDIT_SIGNING_KEY_FILE is not set; `sunset audit keygen FILE` makes a key.")
    key = exporting.load_key(settings.sunset_audit_signing_key_file)
    if any(store.problems(one) for one in chosen(store, run_id)):
        tr = translator(settings.sunset_locale)
        sentence = tr("The record does not hold (`sunset audit verify`); it is written as it is.")
        err.print(sentence, style="yellow", markup=False, highlight=False)
    last = max((item.recorded.at for _, item in history), default=None)
    when = f"-{last:%Y%m%dT%H%M%SZ}" if last else ""
    path = to / f"sunset-audit-{run_id or 'all'}{when}.{kind}"
    signature, public = exporting.write_signed(path, text.encode(), key)
    for written in (path, signature, public):
        out.print(str(written), markup=False, highlight=False, soft_wrap=True)


@audit_app.command("keygen")
def keygen(file: Annotated[Path, typer.Argument(metavar="FILE")]) -> None:
    """Make a private key for signed exports; print the public one, to be given to auditors."""
    from bot.audit import export as exporting

    sys.stdout.write(exporting.public_pem(exporting.make_key(file)).decode())


def verify_all(store: SqliteStore, run_id: str | None = None) -> list[dict[str, Any]]:
    """Recompute the chain of every run, or of one; return what was found, run by run."""
    from bot.audit.verify import problems, verdict

    runs = store.mentioned() if run_id is None else chosen(store, run_id)
    results = []
    for one in runs:
        stored = store.stored(one)
        found = problems(stored, store.chain)
        sound = [] if found else stored.events
        results.append(
            {
                "run": one,
                "verdict": verdict(found),
                "events": len(sound),
                "head": sound[-1].hash if sound else "",
                "problems": found,
            }
        )
    return results


def holds(result: dict[str, Any]) -> bool:
    """Say whether nothing is wrong with a run, as far as was looked."""
    return not result["problems"] and not (result.get("channel") or {}).get("problems")


def add_channel(
    results: list[dict[str, Any]], store: SqliteStore, settings: Settings, *, alone: bool = False
) -> None:
    """Add to each result what the audit channel says; ``channel`` is None where it cannot be read.

    ``not_read`` then says why. Runs that the channel alone tells of are added to *results*, unless
    *alone* those in it are asked about.
    """
    from bot.audit.channel import compare, told_of
    from bot.vendors.slack import Slack, web_client

    slack = Slack(web_client(settings.slack_bot_token.get_secret_value(), settings.slack_api_url))
    # The bot goes on meanwhile. What is there before the channel is read has its line there or is
    # known to wait; what the channel shows is there afterwards.
    before = {one["run"]: _lines_due(store, one["run"]) for one in results}
    try:
        slack.who_am_i()
        posted = list(slack.messages(settings.sunset_audit_channel, pages=PAGES))
    except SunsetError as error:
        why = translator(settings.sunset_locale).text(error.problem, escape=False)
        for result in results:
            result |= {"channel": None, "not_read": why}
        return
    for result in results:
        run_id = result["run"]
        # What was changed is compared all the same: the channel says what it was.
        hashes = {row.seq: row.hash for row in store.stored(run_id).events}
        waiting = {seq for seq in hashes if seq not in before[run_id]}
        result["channel"] = _told(compare(run_id, hashes, waiting, posted))
    if alone:
        return
    for run_id in sorted(told_of(posted).difference(before, store.mentioned())):
        found = compare(run_id, {}, (), posted)
        told = {"verdict": "not_here", "events": 0, "head": "", "problems": []}
        results.append({"run": run_id, **told, "channel": _told(found)})


def _lines_due(store: SqliteStore, run_id: str) -> set[int]:
    """Return the numbers of the events whose lines the audit channel must show."""
    waiting = store.waiting_lines(run_id)
    return {row.seq for row in store.stored(run_id).events if row.seq not in waiting}


def _told(found: Compared) -> dict[str, Any]:
    from bot.audit.channel import ranges

    return {
        "anchored": ranges(found.anchored),
        "waiting": list(found.waiting),
        "problems": list(found.problems),
        "notes": list(found.notes),
    }


def print_verdict(result: dict[str, Any], tr: Translator) -> None:
    """Print what was found in one run's chain, and what the audit channel says."""
    run = result["run"]
    match result["verdict"]:
        case "changed":
            out.print(tr("{run}: CHANGED", run=run), style="bold red")
        case "unchecked":
            out.print(tr("{run}: CANNOT BE CHECKED", run=run), style="bold yellow")
        case "not_here":
            sentence = tr(
                "{run}: NOT IN THE DATABASE, though the audit channel tells of it", run=run
            )
            out.print(sentence, style="bold red")
        case _:
            count, head = result["events"], result["head"]
            out.print(
                tr("{run}: intact, {count} events, head {head}", run=run, count=count, head=head)
            )
    for problem in result["problems"]:
        out.print(f"  {problem}", markup=False)
    if "channel" in result:
        _print_channel(result, tr)


def _print_channel(result: dict[str, Any], tr: Translator) -> None:
    channel = result["channel"]
    if channel is None:
        why = result["not_read"]
        out.print("  " + tr("Nothing is anchored: {why}", why=why), style="yellow", markup=False)
        return
    anchored = ", ".join(str(a) if a == b else f"{a}–{b}" for a, b in channel["anchored"])
    told = anchored or "–"
    out.print("  " + tr("Anchored in the audit channel: {events}", events=told), markup=False)
    if channel["waiting"]:
        waiting = ", ".join(map(str, channel["waiting"]))
        out.print("  " + tr("Not posted yet: {events}", events=waiting), markup=False)
    for problem in channel["problems"]:
        out.print(f"  {problem}", style="bold red", markup=False)
    for note in channel["notes"]:
        out.print(f"  {note}", style="dim", markup=False)


def print_limits(tr: Translator, *, keyed: bool) -> None:
    """Say what the check proves, and what it cannot show."""
    out.print(
        tr(
            "An intact chain shows that no recorded event was changed, removed or added in "
            "between. An anchored event is, besides, what the audit channel shows: to change it "
            "unseen takes the database and the bot's Slack token. Events that are not anchored "
            "yet could have been cut off the end; checkpoints in the approvers' direct messages "
            "show that up to their day."
        ),
        style="dim",
    )
    if not keyed:
        out.print(
            tr(
                "The chain is not keyed: who may write the database could have rewritten all that "
                "is not anchored. SUNSET_AUDIT_KEY keys the chain of later runs."
            ),
            style="dim",
        )


def chosen(store: SqliteStore, run_id: str | None) -> list[str]:
    """Return the runs that are asked about; ends the program if there is no such run."""
    if run_id is None:
        return store.run_ids()
    if run_id not in store.run_ids():
        fail(f"There is no run {run_id}. `sunset runs list` shows all.")
    return [run_id]


def open_store() -> tuple[Settings, SqliteStore]:
    """Open the database for looking; it must exist already."""
    from bot.settings import load_settings
    from bot.store.chain import Chain
    from bot.store.lock import is_there
    from bot.store.sqlite import SqliteStore

    settings = load_settings()
    path = Path(settings.sunset_database)
    # An empty file is none: it would become a database here, without a run in it.
    if not is_there(path):
        fail(f"There is no database {settings.sunset_database} yet; SUNSET_DATABASE names it.")
    return settings, SqliteStore(settings.sunset_database, Chain(settings.audit_keys))


def fail(sentence: str, status: int = 1) -> NoReturn:
    """Say what is wrong, and end the program."""
    err.print(sentence, style="red", markup=False, highlight=False)
    raise typer.Exit(status)
