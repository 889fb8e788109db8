"""The whole procedure, by the real bot process over Socket Mode, walked by the people.

The walk itself compares the vendors' final state, the audit channel and the reminders with what
must be, and ends with status 1 if anything is wrong; so these tests look at its verdict.
"""

from __future__ import annotations

import json
import re
import signal
from itertools import cycle

import pytest

from sandbox import walk_checks, walk_job, walk_truth
from sandbox.client import Page
from sandbox.walk_stage import Stage, owners_of
from sandbox.walk_truth import Goal, Meanwhile
from sandbox.walk_words import LANGUAGES, WORDS, Words
from tests.e2e.conftest import Ended, Programs, python

pytestmark = pytest.mark.timeout(400)
KINDS = ("contacts", "companies", "deals", "tickets", "tasks", "store")


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
    start = ("bystander", "frozen", "stale", "handed_over")
    owners = ("objects", "excluded", "picked", "split", "undone", "even", "untouched")
    for key in (*start, *owners, "gone", "reminder"):
        assert done(walked, key), walked.said


def test_tidy_company_in_polish_in_a_demo_by_hand(programs: Programs) -> None:
    demo = programs.start(
        python("bot.cli", "demo", "--locale", "pl"),
        lambda _, line: "http://127.0.0.1" in line,
    )
    page = next(found for name in demo.told if (found := re.search(r"http://[\d.:]+/", name)))
    walked = programs.walk(page[0], "--locale", "pl", "--no-undo", "--let-window-end")
    all_right(walked, "pl")
    assert done(walked, "window_ended", "pl"), walked.said
    assert "zweryfikowan" in walked.said, "the card's own words are not Polish"
    assert demo.stop(signal.SIGINT).status == 0


def test_trouble(programs: Programs) -> None:
    walked = programs.rehearse("--scenario", "trouble")
    all_right(walked)
    assert intact(walked, "intact")
    records = ("others", "failures", "mended", "left", "told")
    for key in (*records, "refused_uninstall", "stalled", "resolved", "faults"):
        assert done(walked, key), walked.said


def test_no_package_with_the_bot_as_it_runs_in_earnest(programs: Programs) -> None:
    sandbox = programs.sandbox("no-package")
    bot, settings = programs.bot(sandbox)
    walked = programs.walk(sandbox.told["SANDBOX_PAGE"], "--file", "--no-undo")
    all_right(walked)
    for key in ("listed", "file_refused", "file_taken", "even", "no_package"):
        assert done(walked, key), walked.said

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
    quickly = ("--no-undo", "--no-copy")
    walked = programs.walk(sandbox.told["SANDBOX_PAGE"], *quickly, "--reason", "sync_problem")
    all_right(walked)
    for key in ("insists", "discard", "bot_removes", "resolved", "gone"):
        assert done(walked, key), walked.said


# --- the comparison finds what is wrong: here nobody has done anything --------------------------


def untouched(page: Page) -> Stage:
    stage = Stage(page, Words("en"), lambda _: None)
    state = page.hubspot.state()
    stage.notes.before = walk_truth.read(page, KINDS)
    only = [owner["id"] for owner in owners_of(state) if owner["salesforce_only"]]
    stage.notes.salesforce_only = frozenset(only)
    mine = next(owner["id"] for owner in state["owners"] if not owner["salesforce_only"])
    stage.notes.mapping = dict.fromkeys(only, Goal((mine,)))
    return stage


def move(page: Page, owner: str, *targets: str, kind: str = "contacts") -> list[str]:
    """Give an owner's records of one type to these in turn, as somebody at HubSpot."""
    records = [record["id"] for record in page.hubspot.records(kind, owner)]
    for record, target in zip(records, cycle(targets), strict=False):
        page.hubspot.change(kind, record, {"hubspot_owner_id": target})
    return records


def test_a_walk_that_left_something_undone_is_told_so(page: Page) -> None:
    stage = untouched(page)
    stage.notes.keep_copy = True
    stage.notes.reminders = {(stage.channel, "24 hours left"): 0}
    walk_checks.records(stage)
    walk_checks.vendors(stage)
    walk_checks.reminders(stage)
    wrong = "\n".join(stage.wrong)
    for sentence in (
        "(companies, contacts, deals) belongs to a Salesforce-only owner: Eve Lindgren: 68",
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


def test_what_was_given_in_turn_must_be_split_evenly(page: Page) -> None:
    stage = untouched(page)
    eve = next(one["id"] for one in page.hubspot.state()["owners"] if one["name"] == "Eve Lindgren")
    one, two, *_ = [
        owner["id"] for owner in page.hubspot.state()["owners"] if not owner["salesforce_only"]
    ]
    stage.notes.mapping = {eve: Goal((one, two))}
    stage.notes.kinds = frozenset({"contacts"})
    moved = move(page, eve, one, two)
    walk_checks.records(stage)
    assert "split evenly" not in "\n".join(stage.wrong)
    page.hubspot.change("contacts", moved[1], {"hubspot_owner_id": one})
    walk_checks.records(stage)
    wrong = "\n".join(stage.wrong)
    assert f"split evenly, by owner and object type: {eve}, contacts" in wrong
    assert "every record is with the owner" not in wrong


def test_a_record_that_nobody_chose_is_found_when_it_moves(page: Page) -> None:
    stage = untouched(page)
    stage.notes.mapping = {}
    mine, other, *_ = [
        owner["id"] for owner in page.hubspot.state()["owners"] if not owner["salesforce_only"]
    ]
    walk_checks.records(stage)
    assert "no other record has changed hands" not in "\n".join(stage.wrong)
    record = page.hubspot.records("tickets", limit=1)[0]
    owner = other if record["properties"]["hubspot_owner_id"] == mine else mine
    page.hubspot.change("tickets", record["id"], {"hubspot_owner_id": owner})
    walk_checks.records(stage)
    found = next(one for one in stage.wrong if "no other record has changed hands" in one)
    assert f"tickets {record['id']}" in found


def test_what_others_did_and_no_file_tells_is_found(page: Page) -> None:
    stage = untouched(page)
    eve, mine = next(iter(stage.notes.mapping.items()))
    record = page.hubspot.records("contacts", eve, limit=1)[0]["id"]
    others = Meanwhile({("contacts", record): mine.targets[0]}, frozenset())
    after = walk_truth.read(page, KINDS)
    assert walk_job.untold(stage, others, after) == [f"contacts {record}"]
