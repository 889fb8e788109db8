"""Everything that is shown, with hostile text in every place where text from outside can stand.

What shows something is found by looking through the modules, so that a new view is tried too: it
is a function whose arguments :data:`GIVEN` can make.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
from slack_sdk.models.blocks import Option
from slack_sdk.models.views import View

import handlers.modals
from handlers import inventory_file, mapping_file, render, replies
from handlers.actions import Ref
from handlers.i18n import Translator
from handlers.payload import Metadata
from handlers.ports import AuditEntry, Progress
from handlers.views import describe, home
from handlers.views.parts import Message, outside
from handlers.views.plan import messages as plan_report
from handlers.views.plan.findings import Findings
from handlers.views.plan.looks import Look
from sandbox.slack.blocks import check_blocks, check_view
from tests.attacks import Cases
from tests.fuzz.poison import EVIL, LONG, PINGS, poisoned
from tests.handlers.desk import plain
from tests.handlers.runs import ADMIN, APPROVERS, tell
from tests.handlers.views import test_telling
from tests.handlers.views.looks import EN, PL
from workflows import events as e
from workflows.errors import Refused
from workflows.prompts import Ask
from workflows.run import Run
from workflows.text import N_
from workflows.values import Role

HOW = "hostile and overlong text wherever it is shown: messages, modals, terminal, log"
HASH = "ab" * 32


@dataclass(frozen=True)
class Scene:
    """A poisoned run, with an event of it, and a language."""

    run: Run
    recorded: e.Recorded
    tr: Translator


GIVEN: dict[str, Callable[[Scene], Any]] = {
    "run": lambda scene: scene.run,
    "tr": lambda scene: scene.tr,
    "recorded": lambda scene: scene.recorded,
    "event": lambda scene: scene.recorded.event,
    "metadata": lambda scene: Metadata(Ref(scene.run.id, scene.run.prompt_version)),
    "notice": lambda scene: outside(LONG, 500),
    "text": lambda scene: outside(LONG, 500),
    "title": lambda scene: LONG,
    "entry": lambda scene: AuditEntry(scene.recorded, HASH),
    "run_id": lambda scene: scene.run.id,
    "last_hash": lambda scene: HASH,
    "made": lambda scene: None,
    "progress": lambda scene: Progress(1, 9, 1, label=LONG, step=LONG, job=scene.run.job),
    "before": lambda scene: 3_600,
    "since": lambda scene: scene.recorded.at,
    "befores": lambda scene: (3_600, 900),
    "owned": lambda scene: scene.run.owners[0] if scene.run.owners else None,
    "owner": lambda scene: scene.run.owners[0].owner if scene.run.owners else None,
    "found": lambda scene: scene.run.inventory,
    "labels": lambda scene: {"2-77": LONG},
    "faults": lambda scene: [
        mapping_file.Fault(row, LONG, N_("{a}", a=LONG)) for row in range(300)
    ],
    "administrators": lambda scene: [ADMIN, LONG],
    "approvers": lambda scene: [*APPROVERS, LONG],
    "requester": lambda scene: LONG,
    "policy": lambda scene: scene.run.policy,
    "channel": lambda scene: "C0RUN",
    "user": lambda scene: ADMIN,
    "roles": lambda scene: frozenset(Role),
    "url": lambda scene: None,
    "history": lambda scene: [AuditEntry(scene.recorded, HASH)],
    "problems": lambda scene: [LONG] * 40,
    "query": lambda scene: "",
    "may_start": lambda scene: True,
    "answer": lambda scene: "asked",
    "scene": lambda scene: home.Scene(
        scene.run if not scene.run.state.final else None,
        before=[scene.run] * 9,
        links={scene.run.id: "https://acme.slack.com/archives/C1/p1"},
        administrators=[ADMIN, LONG],
    ),
    "findings": lambda scene: _findings(scene.run),
    "look": lambda scene: Look("records", LONG, 1, 2),
    "error": lambda scene: Refused("x", N_("{a}", a=LONG), N_("{a}", a=LONG), reference=LONG),
}
"""The arguments of what is shown, by their names."""
READS = frozenset({"body", "delivery", "app"})
"""What takes one of these reads payloads; it shows by one of the others."""
NOT_SHOWN = frozenset(
    {"targets_block", "kinds_of", "offered", "kinds", "owner_of", "reminder_mark"}
)
"""Ids and lists of object types; nobody reads them."""


def _findings(run: Run) -> Findings | None:
    if run.plan is None:
        return None
    policy = run.policy.model_copy(update={"groups": (LONG, "Sales")})
    members = {LONG: APPROVERS}
    gaps = [N_("{a}", a=LONG)]
    return Findings(run.plan, ADMIN, policy, [*APPROVERS, LONG], members, gaps)


@cache
def shows() -> tuple[Callable[..., Any], ...]:
    """Return every function that shows something, from every module that does."""
    names = [one.name for one in pkgutil.iter_modules(handlers.modals.__path__)]
    modules = [
        importlib.import_module(f"handlers.modals.{name}") for name in names if name != "parts"
    ]
    made = [getattr(render, name) for name in render.__all__ if name != "Message"]
    for module in (*modules, replies, home, describe, plan_report):
        made += [
            one
            for _, one in inspect.getmembers(module, inspect.isfunction)
            if one.__module__ == module.__name__ and not one.__name__.startswith("_")
        ]
    return tuple(
        one
        for one in dict.fromkeys(made)
        if one.__name__ not in NOT_SHOWN and READS.isdisjoint(inspect.signature(one).parameters)
    )


def called(show: Callable[..., Any], scene: Scene) -> Any:
    """Call what shows something; None where this scene has nothing to show with it."""
    arguments: dict[str, Any] = {}
    for named, parameter in inspect.signature(show).parameters.items():
        name = "findings" if parameter.annotation == "Findings" else named
        if name == "last" and show is not render.checkpoint:
            arguments[named] = scene.run
        elif name == "last":
            arguments[named] = scene.recorded
        elif name in GIVEN:
            arguments[named] = GIVEN[name](scene)
            optional = parameter.default is None or "None" in str(parameter.annotation)
            if arguments[named] is None and not optional:
                return None
        elif parameter.default is parameter.empty:
            raise AssertionError(f"{show.__qualname__}: what is {name}?")
    return show(**arguments)


def test_what_is_shown_is_found() -> None:
    found = {show.__qualname__ for show in shows()}
    assert {"card", "prompt_message", "plan", "mapping", "status", "home", "describe"} <= found
    assert len(found) >= 40


@pytest.mark.attack("7", HOW)
@pytest.mark.parametrize("ask", list(Ask))
def test_hostile_text_is_only_text(ask: Ask, cases: Cases) -> None:
    story = tell(ask)
    run = poisoned(story.run)
    recorded = poisoned(story.last)
    for tr in (EN, PL):
        for show in shows():
            if show in {render.notice, render.closed_prompt, render.missed_reminders}:
                continue
            if _wants_window(show) and run.deadline is None:
                continue
            shown = called(show, Scene(run, recorded, tr))
            if shown is not None:
                harmless(show.__qualname__, shown)
                cases.add()


def _wants_window(show: Callable[..., Any]) -> bool:
    return show in {render.reminder, render.scheduled_reminder} or show.__name__ == "downloaded"


@pytest.mark.attack("7", HOW)
def test_hostile_text_in_every_event_is_only_text(cases: Cases) -> None:
    tried = set()
    for _, recorded, after in test_telling.MOMENTS.values():
        if type(recorded.event) in tried:
            continue
        tried.add(type(recorded.event))
        scene = Scene(poisoned(after), poisoned(recorded), PL if len(tried) % 2 else EN)
        line = render.audit_line(AuditEntry(scene.recorded, HASH), scene.run.id, scene.tr)
        harmless("audit_line", line)
        assert "\n" not in line.text
        assert line.text.startswith("`run-1` *#")
        assert line.text.count("· <@") <= 1, "it looks as if somebody else had done it"
        harmless("closed_prompt", render.closed_prompt(scene.run, scene.recorded, scene.tr))
        harmless("notice", render.notice(scene.run, scene.recorded, scene.tr))
        cases.add(3)
    assert tried == set(test_telling.KINDS)


@pytest.mark.attack("7", HOW)
def test_hostile_people_are_no_mentions(cases: Cases) -> None:
    for ask in (Ask.APPROVE_PLAN, Ask.APPROVE_REMOVAL, Ask.DOWNLOAD_COPY, Ask.OVER):
        story = tell(ask)
        scene = Scene(poisoned(story.run, people=True), poisoned(story.last, people=True), EN)
        harmless("card", render.card(scene.run, EN, None))
        harmless("prompt", render.prompt_message(scene.run, EN, None))
        cases.add(2)


def test_the_line_above_the_file_is_harmless() -> None:
    run = poisoned(tell(Ask.CHOOSE_DATA_COPY).run)
    assert run.inventory is not None
    harmless("above", inventory_file.above(run.inventory, EN))


# --- what is looked at ---------------------------------------------------------------------------


def harmless(name: str, shown: Any) -> None:
    """Hold what is shown to Slack's limits, and to what text from outside may do."""
    if isinstance(shown, Message):
        assert not check_blocks(shown.blocks, "message"), name
        assert len(str(shown.blocks)) < 100_000
        _text(name, shown.text)
    elif isinstance(shown, View):
        view = plain(shown)
        faults = check_view(view, view["type"])
        assert not faults, (name, faults)
    elif isinstance(shown, str):
        _text(name, shown)
    elif isinstance(shown, list | tuple):
        for one in shown:
            harmless(name, one)
        return
    elif isinstance(shown, Option):
        offered = shown.to_dict()
        assert len(offered["text"]["text"]) <= 75
        assert len(offered["value"]) <= 150
    for text in _marked(plain(shown.blocks) if isinstance(shown, Message) else plain(shown)):
        _text(name, text)
    for url in _urls(plain(shown.blocks) if isinstance(shown, Message) else plain(shown)):
        assert re.fullmatch(r"https://[a-z0-9.-]+(:\d+)?/[!-~]*", url), (name, url)
        assert "evil" not in url


def _text(name: str, text: str) -> None:
    for ping in PINGS:
        own = re.sub(r"<!date\^\d+\^\{date_short_pretty\} \{time\}\|[^>]*>", "", text)
        assert ping not in own, (name, ping, text[:300])
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text), name
    assert "&amp;amp;" not in text, f"{name}: escaped twice"
    assert "`run-1` *#99* · <@" not in text, f"{name}: a forged line"


def _marked(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if value.get("type") == "mrkdwn":
            yield value["text"]
        for one in value.values():
            yield from _marked(one)
    elif isinstance(value, list):
        for one in value:
            yield from _marked(one)


def _urls(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if "url" in value:
            yield value["url"]
        for one in value.values():
            yield from _urls(one)
    elif isinstance(value, list):
        for one in value:
            yield from _urls(one)


def test_the_attack_is_one() -> None:
    """Unescaped, the text would be found."""
    with pytest.raises(AssertionError):
        harmless("raw", EVIL)
    with pytest.raises(AssertionError):
        harmless("twice", outside(outside(EVIL, 900), 2_000))
