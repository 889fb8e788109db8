"""The Polish catalogue: complete, true to the English sentences, and within Slack's limits."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po

from handlers.actions import Act
from handlers.i18n import LANGUAGES, LOCALES, translator
from handlers.ports import Phase, Progress
from handlers.render import card, notice, prompt_message
from handlers.views.parts import people
from tests.handlers import payloads, runs
from tests.handlers.desk import Desk
from tests.handlers.engine import STRANGER
from tests.handlers.runs import ADMIN, APPROVERS, OTHER_ADMIN, START, Story, counted, finished, tell
from tests.handlers.test_extraction import FILES, KEYWORDS, ROOT
from tests.handlers.test_modals import AT_ANY_TIME, FORMS, Form
from tests.handlers.views.looks import PL, fits
from workflows import commands as c
from workflows.prompts import Ask
from workflows.values import Backup


def _read() -> Catalog:
    with (LOCALES / "pl" / "sunset.po").open("rb") as file:
        return read_po(file, locale="pl")


CATALOGUE = _read()
MESSAGES = [message for message in CATALOGUE if message.id]


def _ids(message: Message) -> tuple[str, ...]:
    return (message.id,) if isinstance(message.id, str) else tuple(message.id)


def _forms(message: Message) -> tuple[str, ...]:
    string = message.string or ""
    return (string,) if isinstance(string, str) else tuple(string)


# --- the catalogue -------------------------------------------------------------------------------


def test_every_language_but_english_has_a_catalogue() -> None:
    assert {path.parent.name for path in LOCALES.glob("*/sunset.po")} == {*LANGUAGES} - {"en"}


def test_the_catalogue_holds_exactly_what_is_said() -> None:
    said = {
        entry[1] for path in FILES for entry in extract_from_file("python", path, keywords=KEYWORDS)
    }
    assert {message.id for message in MESSAGES} == said, (
        "run tools/update-messages, then translate what is new"
    )
    assert not CATALOGUE.obsolete


def test_the_plural_rule_is_polish() -> None:
    rule = "(n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2)"  # gettext's manual
    assert (CATALOGUE.num_plurals, CATALOGUE.plural_expr) == (3, rule)


def test_every_message_is_translated_in_all_its_forms() -> None:
    for message in MESSAGES:
        assert not message.fuzzy, message.id
        assert len(_forms(message)) == (3 if message.pluralizable else 1), message.id
        for form in _forms(message):
            assert form, f"not translated: {message.id}"
            assert form == form.strip()


def test_translations_keep_places_markup_and_names() -> None:
    for message in MESSAGES:
        for form in _forms(message):
            assert _kept(form) == _kept(_ids(message)[-1]), form
            assert _places((form,)) == _places(_ids(message)), form


def _places(texts: tuple[str, ...]) -> set[str]:
    return {name for text in texts for name in re.findall(r"\{(\w+)\}", text)}


def _kept(text: str) -> list[object]:
    """Return what a translation keeps as it is: markup, code, settings, and how it ends."""
    marks = [text.count(mark) for mark in ("*", "`", "\n", "•", "<", ">")]
    ends = [text.endswith(end) for end in (".", "…", ":", "?")]
    code = sorted(re.findall(r"`[^`]*`", text))
    settings = sorted(re.findall(r"\b(?:SUNSET|HUBSPOT|SALESFORCE|SLACK)_[A-Z_]+\b", text))
    return [marks, ends, code, settings]


def test_the_tool_brings_the_same_catalogue_whenever_it_is_run(tmp_path: Path) -> None:
    for name in ("bot", "handlers", "workflows", "tools"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "babel.cfg", tmp_path)
    catalogue = tmp_path / "handlers" / "locales" / "pl" / "sunset.po"
    written = []
    for _ in range(2):
        subprocess.run(
            [tmp_path / "tools" / "update-messages"],
            check=True,
            env={**os.environ, "VENV": sys.prefix},
        )
        written.append(catalogue.read_text("utf-8"))
    assert written[0] == written[1]
    assert str(tmp_path) not in written[0]
    assert not re.search(r"^#: .*:[0-9]", written[0], re.MULTILINE), "a line number"


# --- numbers -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0 rekordów"),
        (1, "1 rekord"),
        (2, "2 rekordy"),
        (5, "5 rekordów"),
        (12, "12 rekordów"),
        (22, "22 rekordy"),
        (112, "112 rekordów"),
        (12_345, "12 345 rekordów"),
    ],
)
def test_numbers_have_their_polish_form(count: int, said: str) -> None:
    text = PL.plural("{count} record", "{count} records", count)
    assert text.replace("\N{NO-BREAK SPACE}", " ") == said


def test_lists_and_times_are_polish() -> None:
    assert people(["U1", "U2", "U3"], PL) == "<@U1>, <@U2> i <@U3>"
    assert people([f"U{number}" for number in range(15)], PL).endswith(" i 5 innych osób")
    assert "lis 2026 09:00 UTC" in PL.moment(START)


@pytest.mark.parametrize("locale", ["pl", "pl-PL", "pl_PL", "PL"])
def test_polish_is_found_by_any_of_slacks_locales(locale: str) -> None:
    assert translator(locale)("Cancel") == "Anuluj"


# --- what is shown -------------------------------------------------------------------------------

ENGLISH = re.compile(r"\b(the|is|are|was|were|has|been)\b")
"""Words that only untranslated sentences have; no label on the vendors' screens has one."""


def _polish(shown: Any) -> None:
    """Check that what is shown is Polish, and that nothing was cut to make it fit."""
    known = {form for message in MESSAGES for form in _forms(message)}
    for text, plain in _texts(shown):
        if plain and text.endswith("…"):
            assert text in known, f"cut: {text}"
        assert not ENGLISH.search(text), text


def _texts(value: Any) -> Iterator[tuple[str, bool]]:
    """Return every text, and whether it is plain text, which is cut where it is too long."""
    if isinstance(value, dict):
        if isinstance(value.get("text"), str):
            yield value["text"], value.get("type") == "plain_text"
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _texts(item)


def _desk(story: Story | None = None) -> Desk:
    desk = Desk(story)
    desk.people.locales = dict.fromkeys([ADMIN, OTHER_ADMIN, *APPROVERS, STRANGER], "pl-PL")
    return desk


@pytest.mark.parametrize("ask", Ask)
def test_prompts_and_cards_are_polish(ask: Ask) -> None:
    run = tell(ask).run
    _polish(fits(prompt_message(run, PL, None)).blocks)
    _polish(fits(card(run, PL, None)).blocks)


def _rehearsed(outcome: Literal["passed", "not_possible"]) -> Story:
    return runs.removing().bot(c.RecordRehearsal(attempt=1, outcome=outcome, why="nie"))


def _changed() -> Story:
    """A package that is another one than what was backed up, and for which it was waived."""
    story = runs.waived(runs.no_copy(runs.backed_up(tell(Ask.CHOOSE_DATA_COPY), _hiding())))
    return story.bot(c.RecordInventory(inventory=runs.inventory(9), reading=story.reading()))


def _hiding() -> Backup:
    return runs.backup(9, hidden=2)


@pytest.mark.parametrize(
    "told",
    [
        runs.unsecured,
        lambda: runs.waived(runs.unsecured()),
        lambda: runs.backed_up(tell(Ask.CHOOSE_DATA_COPY), _hiding()),
        _changed,
        runs.removing,
        lambda: _rehearsed("passed"),
        lambda: _rehearsed("not_possible"),
        lambda: runs.package_gone(runs.removing()),
        lambda: tell(Ask.WAIT_REMOVAL).person(c.Cancel()),
    ],
)
@pytest.mark.parametrize("phase", ["backing_up", "rehearsing", "removing"])
@pytest.mark.parametrize("total", [0, 100])
def test_what_keeps_the_data_and_what_removes_it_is_polish(
    told: Callable[[], Story], phase: Phase, total: int
) -> None:
    story = told()
    made = Progress(5, total, 2, phase=phase, per_second=3.0, job=1, label="X__c", step="waiting")
    for shown in (prompt_message(story.run, PL, made), card(story.run, PL, made)):
        _polish(fits(shown).blocks)
    _polish(fits(notice(story.run, story.last, PL)).blocks)


@pytest.mark.parametrize("step", ["", "planning", "checking", "waiting", "reading", "verifying"])
@pytest.mark.parametrize("part", [0, 3])
def test_the_steps_of_a_backup_are_polish(step: str, part: int) -> None:
    for label in ("", "X__c"):
        made = Progress(
            5, 100, 0, phase="backing_up", job=1, label=label, part=part, parts=7, step=step
        )
        _polish(fits(prompt_message(tell(Ask.WAIT_BACKUP).run, PL, made)).blocks)


@pytest.mark.parametrize("ask", [Ask.WAIT_BACKUP, Ask.REMOVE_PACKAGE, Ask.WAIT_REMOVAL])
def test_the_cancel_dialog_is_polish(ask: Ask) -> None:
    _polish(_desk(tell(ask)).click(ADMIN, Act.OPEN_CANCEL).view)
    _polish(_desk(runs.removing()).click(ADMIN, Act.OPEN_CANCEL).view)


@pytest.mark.parametrize("ask", [ask for ask in Ask if ask is not Ask.OVER])
def test_frozen_prompts_are_polish(ask: Ask) -> None:
    run = tell(ask).person(c.Freeze(reason="audyt")).run
    _polish(fits(prompt_message(run, PL, None)).blocks)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.modal.value)
def test_forms_are_polish_and_so_are_their_refusals(form: Form) -> None:
    story = form.told()
    desk = _desk(story)
    _polish(desk.click(form.who, form.act).view)
    view = desk.modal
    _polish(desk.submit(STRANGER, form.values).view)
    desk.modal = view
    if form.modal not in AT_ANY_TIME:
        desk.engine.adopt(story.person(c.Freeze()))
        _polish(desk.submit(form.who, form.values).view)


def test_the_start_modal_is_polish() -> None:
    desk = _desk()
    _polish(desk.slash(ADMIN).view)
    _polish(desk.submit(ADMIN, {}).ack.get("errors", {}))


@pytest.mark.parametrize("act", [Act.OPEN_PLAN, Act.OPEN_INVENTORY, Act.OPEN_FAILURES])
def test_lists_are_polish(act: Act) -> None:
    _polish(_desk(Story()).click(ADMIN, act).view)
    story = counted(finished(tell(Ask.WAIT_REASSIGNMENT), failures=0))
    _polish(_desk(story).click(ADMIN, act).view)


def test_the_pickers_are_polish() -> None:
    _polish(_desk(tell(Ask.MAP_OWNERS)).click(ADMIN, Act.OPEN_MAPPING).view)


@pytest.mark.parametrize("word", ["plan", "status", "audit", "help", "unfreeze", "nonsens"])
@pytest.mark.parametrize("who", [ADMIN, STRANGER])
def test_the_command_answers_in_polish(who: str, word: str) -> None:
    for desk in (_desk(), _desk(tell(Ask.DISCONNECT))):
        for said in desk.slash(who, word).all("say"):
            _polish([{"text": said["text"]}, said.get("blocks", [])])


@pytest.mark.parametrize("who", [ADMIN, APPROVERS[0], STRANGER])
def test_the_home_is_polish(who: str) -> None:
    for desk in (_desk(), _desk(tell(Ask.DISCONNECT))):
        desk.deliver("event", "app_home_opened", payloads.home_opened(who))
        _polish(desk.home["blocks"])
