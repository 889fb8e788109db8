"""Plan reports: what is found, shown and kept through lost answers, kills and second wishes."""

from __future__ import annotations

import csv
import io
import json
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from PIL import Image

from bot.errors import StoreError
from bot.plan_report import drawing
from bot.plan_report.journal import Journal, asked
from bot.plan_report.reports import PlanReports
from bot.program import policy
from handlers.i18n import translator
from handlers.views.plan.chart import MOST_BARS, Bar, alternative, chart
from handlers.views.plan.looks import Look
from sandbox.slack.blocks import check_blocks
from tests.bot.fakes import Shown
from tests.bot.rig import Rig
from tests.workflows import journeys, samples
from tests.workflows.samples import SAM, SUE
from workflows import commands as c
from workflows.errors import Refused
from workflows.values import OwnedRecords, Owner

EN = translator("en")
DIRECT = "DUA"


class Desk:
    """Somebody who asks for reports, and the part of the bot that makes them."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.reports = self._made()
        self._keys = 0

    def _made(self) -> PlanReports:
        made = PlanReports(self.rig.context, policy(self.rig.settings), pause=0.001)
        made.start()
        return made

    def ask(self, user: str = "UA") -> str:
        self._keys += 1
        return self.reports.ask(user, f"delivery:{self._keys}")

    def settle(self) -> None:
        """Wait until the last report is made, or the process is dead."""
        end = time.monotonic() + 20
        while not self.reports.idle() and not self.rig.death.happened:
            assert time.monotonic() < end
            time.sleep(0.005)

    def report(self, user: str = "UA") -> None:
        assert self.ask(user) == "asked"
        self.settle()

    def restart(self) -> None:
        self.reports.stop()
        self.rig.restart()
        self.rig.people.refresh()
        self.reports = self._made()
        self.settle()

    # --- what the person sees

    @property
    def first(self) -> Shown:
        (shown,) = [
            one for one in self.rig.slack.shown if one.channel == DIRECT and not one.thread_ts
        ]
        return shown

    @property
    def details(self) -> Shown:
        (shown,) = self.rig.slack.keyed(":details")
        return shown

    def file(self, ending: str) -> bytes:
        (found,) = [one for one in self.rig.slack.files if one.name.endswith(ending)]
        return found.content


@pytest.fixture
def desk(rig: Rig) -> Iterator[Desk]:
    rig.hubspot.fill("contacts", SAM, 450)
    rig.hubspot.fill("deals", SAM, 2)
    rig.hubspot.fill("companies", SUE, 500)
    rig.hubspot.records["tickets"] = {"1": SAM.id}
    rig.hubspot.super_admins = {"anna@example.com": True}
    rig.slack.emails = {"UA": "anna@example.com"}
    rig.people.refresh()
    made = Desk(rig)
    yield made
    made.reports.stop()


def words(shown: Shown) -> str:
    return shown.text + json.dumps(shown.blocks, ensure_ascii=False)


# --- what it says --------------------------------------------------------------------------------


def test_the_essentials_the_details_and_the_files(desk: Desk) -> None:
    desk.report()
    shown = words(desk.first)
    for said in ("450 contacts", "500 companies", "HubSpot Integration", "What blocks", "Approval"):
        assert said in shown, said
    assert "Nothing was changed, and nothing begins" in shown
    assert desk.details.thread_ts == desk.first.ts
    assert "Who can approve" in words(desk.details)
    for message in (desk.first, desk.details):
        assert list(check_blocks(message.blocks, "message")) == []
    names = [
        one.name.removeprefix("sunset-plan-UA-").lstrip("0123456789")
        for one in desk.rig.slack.files
    ]
    assert names == [".png", "-owners.csv", "-package.csv", ".json"]
    assert desk.rig.slack.files[0].alt.startswith("Records of Salesforce-only owners. ")
    assert desk.rig.engine.active_run() is None
    assert desk.rig.hubspot.writes == []
    assert desk.rig.salesforce.deployments == []


def test_the_data_is_complete(desk: Desk) -> None:
    desk.report()
    rows = list(csv.DictReader(io.StringIO(desk.file("-owners.csv").decode("utf-8-sig"))))
    assert [(one["owner_id"], one["to_reassign"]) for one in rows][:2] == [
        (SUE.id, "500"),
        (SAM.id, "452"),
    ]
    assert rows[1]["tickets"] == "1"
    data = json.loads(desk.file(".json"))
    assert data["format"] == "sunset-plan-1"
    assert data["records_to_reassign"] == 952
    assert data["package"]["package"]["version"] == "1.148"
    assert sorted(data["approval"]["people"]) == ["UC", "UD", "UE"]
    assert data["approval"]["possible_today"] is True


def test_it_is_in_the_persons_language(desk: Desk) -> None:
    desk.rig.slack.locales["UA"] = "pl-PL"
    desk.rig.people._profiles.clear()
    desk.report()
    assert "Raport z planu dla konta HubSpot" in desk.first.text
    assert "Kto może zatwierdzić" in words(desk.details)
    assert "450 kontakt" in words(desk.first)


def test_progress_is_shown_in_the_same_message(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.plan_report.delivery.UPDATE_SECONDS", 0.0)
    seen: list[str] = []
    monkeypatch.setattr("bot.plan_report.reports.messages.making", _noting(desk, seen))
    desk.report()
    assert seen == sorted(seen, key=seen.index)
    assert seen[0] == "waits"
    assert {"account", "owners", "records", "package", "costs"} <= set(seen)
    # Each look was shown, and then the report, all in one message.
    assert desk.first.updates == len(seen)


def _noting(desk: Desk, seen: list[str]) -> Callable[..., object]:
    from handlers.views.plan import messages

    true = messages.making

    def making(look: Look | None, *given: object, **more: object) -> object:
        seen.append(look.what if look else "waits")
        return true(look, *given, **more)  # type: ignore[arg-type]  # handed on as it came

    return making


def test_nothing_to_reassign_and_no_package(desk: Desk) -> None:
    desk.rig.hubspot.salesforce_owners = []
    desk.rig.salesforce.installed = None
    desk.report()
    shown = words(desk.first)
    assert "not installed in Salesforce" in shown
    assert "nothing to reassign" in shown
    assert [one.name for one in desk.rig.slack.files if "package" in one.name] == []
    assert json.loads(desk.file(".json"))["package"] is None
    assert Image.open(io.BytesIO(desk.file(".png"))).width == drawing.WIDTH


def test_too_few_can_approve(rig: Rig, desk: Desk) -> None:
    for person in ("UC", "UD"):
        rig.slack.marks[person] = {"active": False}
    rig.people._profiles.clear()
    rig.people.refresh()
    desk.report()
    assert "not possible today" in words(desk.first)
    assert "Ask the operator of Sunset to add approvers" in words(desk.details)
    assert json.loads(desk.file(".json"))["approval"]["possible_today"] is False


def test_what_is_not_granted_is_said(desk: Desk) -> None:
    desk.rig.hubspot.fail("is_super_admin", missing="settings.users.read", times=9)
    desk.report()
    assert desk.first.text
    assert json.loads(desk.file(".json"))["not_granted"]


def test_hostile_names_stay_names(desk: Desk) -> None:
    evil = Owner(
        id="66", email="evil@example.com", name="=cmd|' /C calc'!A0 <!channel> *bold* 🦊\u202e"
    )
    owned = desk.rig.hubspot.salesforce_owners[0].model_copy(update={"owner": evil})
    desk.rig.hubspot.salesforce_owners.append(owned)
    desk.rig.hubspot.records["contacts"]["9999"] = evil.id
    desk.report()
    for message in (desk.first, desk.details):
        assert "<!channel>" not in words(message)
    (row,) = [
        one
        for one in csv.reader(io.StringIO(desk.file("-owners.csv").decode("utf-8-sig")))
        if one[0] == "66"
    ]
    assert row[1][0] not in "=+-@"
    assert "\u202e" not in desk.rig.slack.files[0].alt


# --- what goes wrong -----------------------------------------------------------------------------


@pytest.mark.parametrize("call", ["post", "upload", "update", "direct"])
@pytest.mark.parametrize("applied", [False, True])
def test_slack_fails_or_its_answer_is_lost(desk: Desk, call: str, applied: bool) -> None:
    desk.rig.slack.fail(call, times=2, applied=applied, retry_after=0.001)
    desk.report()
    assert "Plan report for HubSpot account" in desk.first.text
    assert desk.details.thread_ts == desk.first.ts
    assert len(desk.rig.slack.files) == 4


def test_a_vendor_that_stays_away_is_named_and_nothing_hangs(desk: Desk) -> None:
    desk.rig.hubspot.fail("owner_census", times=9)
    desk.report()
    assert "The plan report could not be made. Nothing was changed." in desk.first.text
    shown = words(desk.first)
    assert "It does not answer." in shown
    assert "Wait, or ask the operator." in shown
    assert "corr-1" in shown
    desk.rig.hubspot.faults.clear()
    desk.ask()
    desk.settle()
    assert any("Plan report for" in one.text for one in desk.rig.slack.shown)


def test_what_nobody_foresaw_gives_a_reference(desk: Desk) -> None:
    desk.rig.salesforce.raises("inventory", RuntimeError("secret-token-in-here"))
    desk.report()
    shown = words(desk.first)
    assert "Reference: " in shown
    assert "secret-token" not in shown


def test_files_may_not_be_uploaded(desk: Desk) -> None:
    desk.rig.slack.fail("upload", missing="files:write", times=9)
    desk.report()
    # What was found is told all the same, with what is missing.
    assert any("Plan report for" in one.text for one in desk.rig.slack.shown)
    assert any(
        "files:write" in words(one) or "could not" in one.text for one in desk.rig.slack.shown
    )


def test_asked_twice_by_two_people_and_by_a_delivery_that_comes_again(desk: Desk) -> None:
    desk.rig.hubspot.fail("owner_census", times=1)
    assert desk.reports.ask("UA", "same") == "asked"
    assert desk.reports.ask("UA", "same") == "asked"
    assert desk.ask("UB") == "asked"
    desk.settle()
    firsts = [one.channel for one in desk.rig.slack.shown if not one.thread_ts]
    assert sorted(firsts) == ["DUA", "DUB"]
    assert desk.ask("UA") == "asked"
    desk.settle()
    assert len([one for one in desk.rig.slack.shown if not one.thread_ts]) == 3


def test_a_second_wish_while_one_is_under_way(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    answers: list[str] = []
    true = desk.rig.hubspot.owner_census

    def slowly() -> object:
        answers.append(desk.reports.ask("UA", "second click"))
        return true()

    monkeypatch.setattr(desk.rig.hubspot, "owner_census", slowly)
    desk.report()
    assert answers == ["under_way"]
    assert len(desk.rig.slack.files) == 4


@pytest.mark.parametrize("call", ["post", "upload", "update"])
@pytest.mark.parametrize("applied", [False, True])
def test_killed_and_started_again(desk: Desk, call: str, applied: bool) -> None:
    desk.rig.slack.kill(call, applied=applied)
    desk.ask()
    desk.settle()
    assert desk.rig.death.happened
    desk.restart()
    assert "Plan report for HubSpot account" in desk.first.text
    assert desk.details.thread_ts == desk.first.ts
    assert len(desk.rig.slack.files) == 4
    desk.restart()
    assert len(desk.rig.slack.files) == 4


def test_one_that_was_interrupted_long_ago_is_not_made(desk: Desk) -> None:
    desk.rig.slack.kill("upload")
    desk.ask()
    desk.settle()
    desk.rig.move(timedelta(hours=2))
    desk.restart()
    assert "was interrupted" in desk.first.text
    assert desk.rig.slack.files == []


def test_the_right_is_taken_away_meanwhile(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    true = desk.rig.hubspot.owner_census

    def meanwhile() -> object:
        desk.rig.slack.marks["UA"] = {"active": False}
        desk.rig.people._profiles.clear()
        return true()

    monkeypatch.setattr(desk.rig.hubspot, "owner_census", meanwhile)
    desk.report()
    assert "Only administrators of Sunset may do this." in words(desk.first)
    assert desk.rig.slack.files == []


def test_a_frozen_run_keeps_everything_in(desk: Desk) -> None:
    desk.rig.adopt(journeys.to_planning(), work=False)
    assert desk.rig.does("UA", c.Freeze()).run.frozen
    with pytest.raises(Refused) as refusal:
        desk.ask()
    assert refusal.value.code == "frozen"
    assert [one for one in desk.rig.slack.shown if one.channel == DIRECT] == []


def test_a_wish_that_cannot_be_kept_is_refused(rig: Rig, desk: Desk) -> None:
    place = rig.path.with_name(f"{rig.path.name}.reports")
    place.write_text("in the way")
    with pytest.raises(StoreError) as refusal:
        desk.ask()
    assert "could not be written" in EN.text(refusal.value.problem)


# --- the journal ---------------------------------------------------------------------------------


def test_what_is_noted_is_for_the_bot_alone_and_rubbish_is_passed_over(tmp_path: Path) -> None:
    database = tmp_path / "sunset.db"
    journal = Journal(database)
    assert journal.unfinished() == []
    report = asked("UA", samples.START)
    journal.keep(report)
    (path,) = (tmp_path / "sunset.db.reports").iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    (path.parent / "UB.json").write_text("{")
    (path.parent / "notes.txt").write_text("not ours")
    assert [one.id for one in Journal(database).unfinished()] == [report.id]
    assert Journal(database).unfinished()[0].again
    journal.forget(report)
    journal.forget(report)
    assert Journal(database).unfinished() == []


# --- the picture ---------------------------------------------------------------------------------


def _many(count: int) -> tuple[OwnedRecords, ...]:
    return tuple(
        samples.OWNERS[0].model_copy(
            update={
                "owner": Owner(
                    id=str(number), email=f"o{number}@example.com", name=f"Owner {number}"
                ),
                "counts": {"contacts": number, "companies": 0, "deals": 1},
            }
        )
        for number in range(count)
    )


def test_of_many_owners_the_last_bar_adds_the_rest_up() -> None:
    plan = samples.plan(samples.START).model_copy(update={"owners": _many(500)})
    shown = chart(plan, EN)
    assert len(shown.bars) == MOST_BARS
    assert shown.bars[-1].names == ("486 other owners",)
    assert sum(bar.total for bar in shown.bars) == sum(range(500)) + 500
    assert len(alternative(shown, EN)) <= 1_000


@pytest.mark.parametrize("locale", ["en", "pl"])
@pytest.mark.parametrize("count", [0, 1, 15, 500])
def test_the_picture_is_as_wide_as_a_phone_and_no_heavier_than_it_must_be(
    locale: str, count: int
) -> None:
    tr = translator(locale)
    plan = samples.plan(samples.START).model_copy(update={"owners": _many(count)})
    content = drawing.drawn(chart(plan, tr), tr.number)
    picture = Image.open(io.BytesIO(content))
    assert picture.format == "PNG"
    assert picture.width == drawing.WIDTH
    assert picture.height < 1_600
    assert len(content) < 100_000


def test_a_bar_is_as_long_as_its_share() -> None:
    plan = samples.plan(samples.START).model_copy(
        update={"owners": _many(11)[5:6] + _many(11)[10:]}
    )
    picture = Image.open(io.BytesIO(drawing.drawn(chart(plan, EN), EN.number))).convert("RGB")
    lengths = [_dark(picture, y) for y in range(picture.height)]
    # The outline's upper edge of each bar is one unbroken line: 11 records, and 6.
    edges = sorted({length for length in lengths if length > 200}, reverse=True)
    assert edges[0] == pytest.approx(drawing.WIDTH - 2 * drawing.MARGIN, abs=2)
    assert edges[1] == pytest.approx(edges[0] * 6 / 11, abs=4)


def _dark(picture: Image.Image, y: int) -> int:
    ink = tuple(int(drawing.INK[place : place + 2], 16) for place in (1, 3, 5))
    row = [picture.getpixel((x, y)) == ink for x in range(picture.width)]
    longest = run = 0
    for dark in row:
        run = run + 1 if dark else 0
        longest = max(longest, run)
    return longest


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("Zażółć gęślą jaźń", "x@example.com"), "Zażółć gęślą jaźń"),
        (("王小明", "wang@example.com", "#7"), "wang@example.com"),
        (("🦊🦊", "#7"), "#7"),
        (("A" * 500, "#7"), "A"),
        (("Ада\u200f\u202e\nЛовелас", "#7"), "Ада"),
    ],
)
def test_a_name_is_drawn_or_the_next_one_is(names: tuple[str, ...], expected: str) -> None:
    shown = drawing.shown_name(names, drawing.NAME, 400)
    assert shown.startswith(expected)
    assert drawing.font(drawing.NAME).getlength(shown) <= 400
    assert drawing.drawn(chart(samples.plan(samples.START), EN), EN.number)
    assert Bar(names, (1, 2, 3, 4)).total == 10


def test_sizes_of_the_messages(desk: Desk) -> None:
    """A company with two thousand owners, and as many blockers, gets a report that Slack takes."""
    desk.rig.hubspot.salesforce_owners = list(_many(2_000))
    with suppress(KeyError):
        desk.rig.hubspot.records["contacts"] |= {str(n + 50_000): str(n) for n in range(2_000)}
    desk.report()
    for message in (desk.first, desk.details):
        assert list(check_blocks(message.blocks, "message")) == []
        assert len(message.text) <= 4_000
    assert len(desk.file("-owners.csv").splitlines()) == 2_001
