"""`python -m sandbox.walk --page URL`: take the integration down as people would, against a bot.

Every step is done through the sandbox's JSON API by the people of the scenario, and printed with
how it is known. At the end the vendors' state and the logs are compared with what must be. Exit
status 0 all is right, 1 something is wrong (each deviation is named), 2 wrong usage.
"""

from __future__ import annotations

import argparse
import sys

import requests

from sandbox import walk_checks, walk_owners, walk_package, walk_start, walk_window
from sandbox.client import NotSeen, Page, Refused
from sandbox.walk_stage import Stage
from sandbox.walk_words import LANGUAGES, Words

REASONS = ("leaving_salesforce", "leaving_hubspot", "other_integration", "sync_problem", "other")


def walk(
    stage: Stage, *, reason: str, file: bool, undo: bool, keep_copy: bool, let_window_end: bool
) -> None:
    """Go the whole way; what must be true and is not gathers in :attr:`Stage.wrong`.

    Raises:
        NotSeen: something did not come in time; the walk cannot go on.
        Refused: the sandbox did not let a person do something.
    """
    walk_start.connect(stage)
    walk_start.strangers(stage)
    walk_start.start(stage, reason)
    walk_start.approve_plan(stage)
    walk_start.hand_over(stage)
    walk_owners.disconnect(stage)
    walk_owners.reassign(stage, file=file, undo=undo)
    walk_owners.clean_up(stage)
    if walk_package.choose_copy(stage, keep=keep_copy):
        walk_package.approve_removal(stage)
        walk_package.uninstall(stage)
        if keep_copy:
            walk_window.wait_out(stage, let_end=let_window_end)
    if not stage.notes.reminders:
        stage.page.wait_for(stage.over, "the end of the run")
        stage.say("completed")
    walk_checks.after_the_end(stage)
    walk_checks.compare(stage)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox.walk", description=__doc__)
    parser.add_argument("--page", required=True, metavar="URL", help="SANDBOX_PAGE")
    parser.add_argument("--locale", choices=LANGUAGES, default="en", help="of the walk's own words")
    parser.add_argument(
        "--reason", choices=REASONS, default=REASONS[0], help="why it is taken down"
    )
    parser.add_argument(
        "--file", action="store_true", help="choose the HubSpot owners in a file, however few"
    )
    parser.add_argument(
        "--no-undo", action="store_true", help="give no records back after the reassignment"
    )
    parser.add_argument(
        "--no-copy", action="store_true", help="save no copy, and let the bot remove the package"
    )
    parser.add_argument(
        "--let-window-end", action="store_true", help="let the 48 hours pass without a download"
    )
    return parser.parse_args()


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    """Walk; return the exit status."""
    given = _arguments()
    words = Words(given.locale)
    page = Page(given.page)
    try:
        stage = Stage(page, words, _print)
        stage.heading("walk", title=stage.title, page=given.page)
        walk(
            stage,
            reason=given.reason,
            file=given.file,
            undo=not given.no_undo,
            keep_copy=not given.no_copy,
            let_window_end=given.let_window_end,
        )
    except (NotSeen, Refused, requests.RequestException) as error:
        _print(f"✘ {words('stuck', why=error)}")
        return 1
    finally:
        page.close()
    if not stage.wrong:
        _print(words("right"))
        return 0
    _print(words("wrong", count=len(stage.wrong)))
    for deviation in stage.wrong:
        _print(f"✘ {deviation}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
