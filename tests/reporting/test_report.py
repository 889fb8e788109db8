"""What a report says: everything that is recorded, in both languages, and nothing else."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from html.parser import HTMLParser

import pytest

from bot.reporting.build import build
from bot.reporting.collect import Failed
from bot.reporting.document import Table
from bot.reporting.model import Report
from bot.reporting.plain import labelled, lasting, plain
from bot.reporting.render import FORMATS, escaped, rendered
from bot.reporting.wording import document
from bot.store.base import LedgerFlow, LedgerRow
from handlers.i18n import translator
from tests.fuzz.poison import EVIL
from tests.reporting.made import JOURNEYS, NAMES, journey, material, report
from tests.workflows import journeys, samples
from tests.workflows.samples import HELEN, HUGO, SAM, SUE
from workflows.checklist import STEPS
from workflows.evolve import fold

EN = translator("en")


class Page(HTMLParser):
    """What a browser would make of a page: its elements, its words, what it would fetch."""

    VOID = frozenset({"meta", "path", "line", "rect", "circle", "br"})

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.fetched: list[str] = []
        self.headings: list[str] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(content.decode())
        assert self._open == [], "something is not closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        if tag not in self.VOID:
            self._open.append(tag)
        for name, value in attrs:
            assert not name.startswith("on"), name
            if name in {"src", "href", "srcset", "data", "action"}:
                self.fetched.append(value or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" in self._open:
            assert "url(" not in data
            assert "@import" not in data
            return
        self.words.append(data)
        if self._open and self._open[-1] == "h2":
            self.headings.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def words_of(made: Report) -> str:
    return Page(rendered(made, "html")).text


# --- in every state ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", JOURNEYS)
@pytest.mark.parametrize("locale", ["en", "pl"])
def test_a_run_in_any_state_has_a_report_in_every_form(name: str, locale: str) -> None:
    talk = journey(name)
    made = report(talk, locale)
    page = Page(rendered(made, "html"))
    assert page.fetched == []
    assert {"script", "img", "iframe", "link", "object"}.isdisjoint(page.elements)
    assert f'lang="{locale}"'.encode() in rendered(made, "html")
    assert len(page.headings) >= 8
    markdown = rendered(made, "markdown").decode()
    for heading in page.headings:
        assert escaped(heading) in markdown
    assert Report.model_validate_json(rendered(made, "json")) == made
    # Every table is as wide as its headings, in Markdown too.
    told = document(made)
    for table in (one for part in told.sections for one in part.parts if isinstance(one, Table)):
        assert {len(row) for row in table.rows} <= {len(table.headings)}, table.caption


@pytest.mark.parametrize("name", JOURNEYS)
def test_no_words_of_the_other_language_are_left(name: str) -> None:
    english = words_of(report(journey(name)))
    polish = words_of(report(journey(name), "pl"))
    for sentence in ("How it stands", "Everything that happened", "In short", "Times are in UTC"):
        assert sentence in english
        assert sentence not in polish


@pytest.mark.parametrize("name", JOURNEYS)
def test_every_step_and_every_event_is_in_it(name: str) -> None:
    talk = journey(name)
    made = report(talk)
    known = [step.name for step in made.steps]
    assert [step for step in known if step not in {"backup", "consent"}] == [
        step for step, _, _ in STEPS
    ]
    assert {one for step in made.steps for one in step.ids} >= {"P0a", "P1e", "P2e", "P3f", "P4"}
    assert made.history[-1].last == len(talk.history)
    covered = [n for one in made.history for n in range(one.first, one.last + 1)]
    assert covered == list(range(1, len(talk.history) + 1))


def test_equal_records_make_equal_reports() -> None:
    for kind in FORMATS:
        first, second = (rendered(report(journeys.to_completed()), kind) for _ in range(2))
        assert first == second


# --- what it says --------------------------------------------------------------------------------


def test_a_completed_run() -> None:
    made = report(journeys.to_completed())
    text = words_of(made)
    assert made.run.final
    for said in (
        "Completed",
        "Anna Berg (UA)",
        "Carl Czerny (UC) and Dora Diaz (UD)",
        "the vault, shelf 3",
        "HubSpot Integration 1.148",
        "between 2 Mar 2026, 13:17:00 UTC",
        "Sam Salesforce",
        "12 → 0",
        "deleted in HubSpot",
        made.chain.hash,
        "sunset audit verify --run R1",
        "Nothing went wrong that was recorded.",
    ):
        assert said in text, said
    verified = [step.name for step in made.steps if step.mark == "verified"]
    assert verified == ["disconnect", "reassign", "cleanup", "inventory", "removal"]


def test_verified_has_a_reading_and_attested_has_people() -> None:
    for step in report(journeys.to_completed()).steps:
        if step.mark == "verified":
            assert step.source
            assert step.read_at
            assert step.people == ()
        else:
            assert step.mark == "attested"
            assert step.people
            assert step.read_at is None


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("to_declined", "Ended early: declined"),
        ("to_cancelled", "Ended early: cancelled"),
        ("to_expired", "Ended early: expired"),
        ("to_window", "Still under way: data copy can be downloaded"),
    ],
)
def test_how_it_ended(name: str, said: str) -> None:
    assert said in words_of(report(journey(name)))


def test_approvals_say_what_was_approved() -> None:
    made = report(journeys.to_completed())
    plan, removal = made.approvals
    assert (plan.gate, plan.outcome, plan.approvers) == ("plan", "passed", ("UC", "UD"))
    assert plan.plan is not None
    assert plan.plan.counts == {"contacts": 12, "companies": 0, "deals": 3}
    assert removal.removal is not None
    assert removal.removal.keep_copy is True
    assert removal.removal.components == {"ApexClass": 2}
    assert [vote.did for vote in removal.votes] == ["consented", "approved", "approved"]
    assert {vote.digest for vote in removal.votes} == {removal.digest}


def test_an_approval_that_was_asked_anew() -> None:
    talk = journeys.to_approval()
    talk.carl.approves()
    talk.anna.asks_for_a_new_plan()
    first = report(talk).approvals[0]
    assert first.outcome == "reopened"
    assert [vote.person for vote in first.votes] == ["UC"]
    assert "asked anew" in words_of(report(talk))


def test_troubles_tell_how_they_ended() -> None:
    talk = journeys.to_cleanup()
    talk.anna.freezes()
    frozen = report(talk).troubles[-1]
    assert (frozen.type, frozen.ended_seq) == ("frozen", None)
    talk.bela.unfreezes()
    thawed = report(talk).troubles[-1]
    assert thawed.ended_seq == talk.run.version
    assert "unfrozen" in thawed.ended_text


def flow(job: int, new: str, state: str, rows: int, undo: int = 0) -> LedgerFlow:
    return LedgerFlow(job, "contacts", SAM.id, new, state, undo, rows)


def test_the_ledger_in_figures() -> None:
    flows = [
        flow(1, HELEN.id, "changed", 4),
        flow(1, HELEN.id, "overwritten", 1),
        flow(1, HUGO.id, "undone", 3, undo=2),
        flow(1, HUGO.id, "failed", 2),
        flow(1, HUGO.id, "gone", 5),
    ]
    failed = LedgerRow(
        1, "contacts", "77", SAM.id, HUGO.id, "failed", error="No <b>way</b>", reference="c-1"
    )
    made = report(journeys.to_completed(), flows=flows, failed=[Failed(failed, "")])
    (job,) = made.records.jobs
    assert (job.changed, job.overwritten, job.given_back, job.failed, job.gone) == (4, 1, 3, 2, 5)
    assert [(one.owner.name, one.counts) for one in made.records.received] == [
        (HELEN.name, {"contacts": 5})
    ]
    assert made.records.failed_count == 2
    text = words_of(made)
    assert "No <b>way</b>" in text
    assert "1 more is in the result file in the thread." in text


def test_a_changed_record_is_said_to_be_changed() -> None:
    talk = journeys.to_completed()
    found = material(talk, check="changed", problems=("event 3: its hash does not fit",))
    text = words_of(build(found, NAMES, EN))
    assert "CHANGED: it is not what was recorded" in text
    assert "event 3: its hash does not fit" in text


def test_many_events_alike_are_one_line() -> None:
    talk = journeys.to_mapping()
    for _ in range(30):
        talk.anna.excludes(SUE)
        talk.anna.includes(SUE)
    made = report(talk)
    assert made.history[-1].last == talk.run.version
    assert len(rendered(made, "html")) < 150_000


# --- what comes from outside ---------------------------------------------------------------------


def test_hostile_names_are_text_in_every_form() -> None:
    names = {"UA": f"{EVIL}<script>alert(1)</script>", "UC": "a|b\n# c", "UD": "</style>\u202e"}
    for name in ("to_completed", "to_cancelled"):
        made = report(journey(name), names=names)
        page = Page(rendered(made, "html"))
        assert "script" not in page.elements
        assert page.fetched == []
        assert "\u202e" not in page.text
        markdown = rendered(made, "markdown").decode()
        assert "<script>" not in re.sub(r"\\.", "", markdown)
        assert not any(line.startswith("# c") for line in markdown.splitlines())
        for line in markdown.splitlines():
            if line.startswith("| "):
                assert line.endswith(" |")
        assert json.loads(rendered(made, "json"))["format"] == "sunset-report"


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("a*b_c", r"a\*b\_c"),
        ("# no heading", r"\# no heading"),
        ("1. no list", r"1\. no list"),
        ("- no list", r"\- no list"),
        ("12:30, 3.5 %", "12:30, 3.5 %"),
        ("<b>|x|</b>", r"\<b\>\|x\|\</b\>"),
        ("https://evil.example", r"https\://evil.example"),
        ("two\nlines", "two lines"),
    ],
)
def test_markdown_shows_text_as_it_is(text: str, safe: str) -> None:
    assert escaped(text) == safe


def test_slack_notation_is_made_plain() -> None:
    said = "*bold* <@UA>, <!date^1^{date}|1 Jan 1970 00:00 UTC> &lt;b&gt; `code` <https://x|there>"
    expected = "bold Anna Berg, 1 Jan 1970 00:00 UTC <b> code there"
    assert plain(said, NAMES) == expected


def test_two_people_of_one_name_are_told_apart() -> None:
    names = {"UA": "Kim", "UB": "kim", "UC": "Lee"}
    assert [labelled(one, names) for one in ("UA", "UC", "UX")] == ["Kim (UA)", "Lee", "UX"]


def test_lengths_of_time() -> None:
    assert lasting(timedelta(days=2, hours=3, minutes=5), EN) == "2 days 3 hr"
    assert lasting(timedelta(seconds=-5), EN) == "0 sec"


def test_a_clock_that_was_set_back_makes_no_negative_times() -> None:
    talk = journeys.to_cleanup()
    talk.now -= timedelta(days=3)
    talk.anna.freezes()
    talk.bela.unfreezes()
    for locale in ("en", "pl"):
        Page(rendered(report(talk, locale), "html"))
    for phase in report(talk).phases:
        for span in phase.spans:
            assert span.ended is None or span.ended >= span.began


def test_the_history_alone_is_enough() -> None:
    """A report needs nothing that the fold of the history does not have."""
    talk = journeys.to_window()
    assert fold(talk.history) == talk.run
    assert samples.ACCOUNT.portal_id in words_of(report(talk, names={}))
