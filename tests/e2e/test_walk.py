"""The whole procedure, by the real bot process over Socket Mode, walked by the people.

The walk itself compares the vendors' final state, the audit channel and the reminders with what
must be, and ends with status 1 if anything is wrong; so these tests look at its verdict.
"""

from __future__ import annotations

import json
import re
import signal

import pytest

from sandbox import walk_checks
from sandbox.client import Page
from sandbox.walk_stage import Stage, owners_of
from sandbox.walk_words import LANGUAGES, WORDS, Words
from tests.e2e.conftest import Ended, Programs, python

pytestmark = pytest.mark.timeout(400)


def all_right(walked: Ended, language: str = "en") -> None:
    words = Words(language)
    assert walked.status == 0, walked.said
    assert words("right") in walked.said
    assert "✘" not in walked.said
    assert "Traceback" not in walked.said


def done(walked: Ended, key: str, language: str = "en") -> bool:
    """Whether the walk came through this step."""
    sentence = WORDS[key][LANGUAGES.index(language)]
    pattern = re.sub(r"\\\{\w+\\\}", ".+", re.escape(sentence))
    return re.search(f"^✔ {pattern}", walked.said, re.MULTILINE) is not None


def intact(walked: Ended, words: str) -> bool:
    """Whether `audit verify` says so of the run, after the walk."""
    run = re.search(r"run-[0-9a-f]{8}", walked.said)
    assert run is not None
    return re.search(rf"^{run[0]}: {words}", walked.said, re.MULTILINE) is not None


def test_tidy_company(programs: Programs) -> None:
    walked = programs.rehearse()
    all_right(walked)
    assert intact(walked, "intact")
    for key in ("bystander", "frozen", "stale", "handed_over", "picked", "gone", "reminder"):
        assert done(walked, key), walked.said


def test_tidy_company_in_polish_in_a_demo_by_hand(programs: Programs) -> None:
    demo = programs.start(
        python("bot.cli", "demo", "--locale", "pl"),
        lambda _, line: "http://127.0.0.1" in line,
    )
    page = next(found for name in demo.told if (found := re.search(r"http://[\d.:]+/", name)))
    walked = programs.walk(page[0], "--locale", "pl", "--let-window-end")
    all_right(walked, "pl")
    assert done(walked, "window_ended", "pl"), walked.said
    assert "zweryfikowan" in walked.said, "the card's own words are not Polish"
    assert demo.stop(signal.SIGINT).status == 0


def test_trouble(programs: Programs) -> None:
    walked = programs.rehearse("--scenario", "trouble")
    all_right(walked)
    assert intact(walked, "intact")
    for key in ("left", "refused_uninstall", "stalled", "resolved", "faults"):
        assert done(walked, key), walked.said


def test_no_package_with_the_bot_as_it_runs_in_earnest(programs: Programs) -> None:
    sandbox = programs.sandbox("no-package")
    bot, settings = programs.bot(sandbox)
    walked = programs.walk(sandbox.told["SANDBOX_PAGE"])
    all_right(walked)
    assert done(walked, "no_package"), walked.said

    bot.send_signal(signal.SIGTERM)
    assert bot.wait(30) == 0
    verified = programs.run(python("bot.cli", "audit", "verify", "--json"), **settings)
    assert verified.status == 0, verified.said
    assert [run["problems"] for run in json.loads(verified.said)] == [[]]
    listed = programs.run(python("bot.cli", "runs", "list", "--json"), **settings)
    assert [run["state"] for run in json.loads(listed.said)] == ["completed"]


def test_blockers_and_the_bot_removes_without_a_copy(programs: Programs) -> None:
    sandbox = programs.sandbox("blockers")
    programs.bot(sandbox)
    walked = programs.walk(sandbox.told["SANDBOX_PAGE"], "--no-copy", "--reason", "sync_problem")
    all_right(walked)
    for key in ("insists", "discard", "bot_removes", "resolved", "gone"):
        assert done(walked, key), walked.said


# --- the comparison finds what is wrong: here nobody has done anything --------------------------


def untouched(page: Page) -> Stage:
    stage = Stage(page, Words("en"), lambda _: None)
    state = page.hubspot.state()
    stage.notes.counts_before = state["counts"]
    only = [owner["id"] for owner in owners_of(state) if owner["salesforce_only"]]
    stage.notes.salesforce_only = frozenset(only)
    mine = next(owner["id"] for owner in state["owners"] if not owner["salesforce_only"])
    stage.notes.mapping = dict.fromkeys(only, mine)
    return stage


def test_a_walk_that_left_something_undone_is_told_so(page: Page) -> None:
    stage = untouched(page)
    stage.notes.keep_copy = True
    stage.notes.reminders = {(stage.channel, "24 hours left"): 0}
    walk_checks.records(stage)
    walk_checks.vendors(stage)
    walk_checks.reminders(stage)
    wrong = "\n".join(stage.wrong)
    for sentence in (
        "no contact, company or deal belongs to a Salesforce-only owner: Eve Lindgren",
        "every record is with the owner that was chosen for it",
        "HubSpot lists no Salesforce-only owner",
        "the package is gone from Salesforce",
        "Salesforce kept the data copy as it was chosen",
        "every reminder came exactly once (1): “24 hours left” in crm-sunset: 0",
    ):
        assert sentence in wrong
    assert "no record was left without an owner" not in wrong


def test_a_record_that_lost_its_owner_is_found(page: Page) -> None:
    stage = untouched(page)
    record = page.hubspot.records("contacts", limit=1)[0]
    page.hubspot.change("contacts", record["id"], {"hubspot_owner_id": ""})
    walk_checks.records(stage)
    assert "no record was left without an owner" in "\n".join(stage.wrong)
