"""A file is held against a fresh count: what came meanwhile is told, what lacks is a failure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.backup.errors import BackupError
from bot.backup.values import BackedUp, Progress
from bot.backup.verify import verify
from bot.errors import VendorError
from sandbox.salesforce.bulk import Job, Jobs, Page
from tests.backup.stock import FAVORITE, LABEL, Yard, row, rows, soon


def meanwhile(org: Yard, change: Callable[[], None]) -> BackedUp:
    """Let *change* happen between the query of the favourites and their count."""

    def tell(now: Progress) -> None:
        if now.phase == "reading" and now.table == FAVORITE:
            change()

    result = org.backup().run(tell)
    assert verify(org.directory) == []
    return next(one for one in result.manifest.files if one.object == FAVORITE)


def test_records_that_came_meanwhile_are_told(org: Yard) -> None:
    late = [row(number, soon()) for number in (998, 999)]
    one = meanwhile(org, lambda: org.stock.change(FAVORITE, {}, [*late, *rows(250)]))
    assert (one.rows, one.counted.records) == (250, 252)
    assert (one.counted.created, one.counted.changed, one.counted.deleted) == (2, 2, 0)
    assert "| 250 | 2, 2, 0 |" in (org.directory / "README.md").read_text()


def test_records_that_went_meanwhile_are_told(org: Yard) -> None:
    one = meanwhile(org, lambda: org.stock.change(FAVORITE, {}, rows(245)))
    assert (one.rows, one.counted.records, one.counted.deleted) == (250, 245, 5)


def test_records_that_changed_meanwhile_are_told(org: Yard) -> None:
    stamp = row(1, soon())["SystemModstamp"]
    changed = [one | {"SystemModstamp": stamp} for one in rows(250)[:7]]
    one = meanwhile(org, lambda: org.stock.change(FAVORITE, {}, [*changed, *rows(250)[7:]]))
    assert (one.counted.created, one.counted.changed, one.counted.deleted) == (0, 7, 0)


class Forgetful(Jobs):
    """Jobs whose results lack the last records of the favourites, so many times."""

    times = 0

    def create(self, body: Any) -> Job:
        job = super().create(body)
        if job.result.entity.name == FAVORITE and self.times:
            self.times -= 1
            job.result.__dict__["rows"] = job.result.rows[:-3]
        return job


def forgetful(org: Yard, times: int) -> None:
    jobs = Forgetful(org.stock, "005000000000000AAA")
    jobs.times = times
    org.org.jobs = jobs


def test_records_that_are_missing_are_a_failure(org: Yard) -> None:
    forgetful(org, 99)
    with pytest.raises(BackupError) as caught:
        org.run()
    assert caught.value.code == "backup_rows_missing"
    assert caught.value.problem.args["missing"] == 3
    assert not (org.directory / "manifest.json").exists()
    forgetful(org, 0)
    org.run()
    assert len(org.read()) == 250


def test_missing_records_are_not_explained_by_as_many_new_ones(org: Yard) -> None:
    forgetful(org, 99)
    late = [row(number, soon()) for number in (997, 998, 999)]
    with pytest.raises(BackupError) as caught:
        meanwhile(org, lambda: org.stock.change(FAVORITE, {}, [*late, *rows(250)]))
    assert caught.value.code == "backup_rows_missing"


def test_missing_records_are_found_by_a_second_query(org: Yard) -> None:
    forgetful(org, 1)
    org.run()
    assert len(org.read()) == 250


def test_an_object_that_tells_no_dates_is_counted_as_a_whole(org: Yard) -> None:
    org.stock.hidden_fields.add("CreatedDate")
    result = org.run()
    assert {one.counted.created for one in result.manifest.files} == {None}
    org.directory = org.directory.with_name("another")
    forgetful(org, 99)
    with pytest.raises(BackupError) as caught:
        org.run()
    assert caught.value.code == "backup_rows_missing"


class Short(Jobs):
    """Pages that lack a record without saying so; or the heading; or that end too early."""

    how = ""

    def page(self, job: Job, locator: str, most: int) -> Page:
        page = super().page(job, locator, most)
        text = "".join(page.text)
        if job.result.entity.name == FAVORITE:
            text = {
                "row": lambda: text[: text.rindex('"a01')],
                "heading": lambda: text[text.index("\n") + 1 :],
                "middle": lambda: text[:-2],
                "twice": lambda: text + text[text.rindex('"a01') :],
                "column": lambda: text.replace('"Name",', "", 1),
            }[self.how]()
        return Page(iter([text]), page.count, page.locator)


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ("row", "backup_rows_differ"),
        ("twice", "backup_rows_differ"),
        ("heading", "backup_csv_unreadable"),
        ("middle", "backup_csv_unreadable"),
        ("column", "backup_csv_unreadable"),
    ],
)
def test_pages_that_are_not_what_they_say_are_refused(org: Yard, how: str, code: str) -> None:
    jobs = Short(org.stock, "005000000000000AAA")
    jobs.how = how
    org.org.jobs = jobs
    with pytest.raises(BackupError) as caught:
        org.run(page=100)
    assert caught.value.code == code


def test_a_last_page_that_never_came_is_missed(org: Yard) -> None:
    class Early(Jobs):
        def page(self, job: Job, locator: str, most: int) -> Page:
            page = super().page(job, locator, most)
            return page if not locator else Page(page.text, page.count, None)

    org.org.jobs = Early(org.stock, "005000000000000AAA")
    with pytest.raises(BackupError) as caught:
        org.run(page=60)
    assert caught.value.code == "backup_rows_differ"
    assert caught.value.problem.args == {"name": FAVORITE, "got": 120, "told": 250}


def test_pages_that_differ_are_not_explained_by_each_other(org: Yard) -> None:
    class Shifted(Jobs):
        def page(self, job: Job, locator: str, most: int) -> Page:
            page = super().page(job, locator, most)
            if job.result.entity.name != FAVORITE:
                return page
            lines = "".join(page.text).splitlines(keepends=True)
            lines = [*lines, lines[-1]] if not locator else lines[:-1]
            return Page(iter(lines), page.count, page.locator)

    org.org.jobs = Shifted(org.stock, "005000000000000AAA")
    with pytest.raises(BackupError) as caught:
        org.run(page=200)  # two pages: one with a row too many, one with a row too few
    assert caught.value.code == "backup_rows_differ"


def test_later_pages_may_come_without_a_heading(org: Yard) -> None:
    class Bare(Jobs):
        def page(self, job: Job, locator: str, most: int) -> Page:
            page = super().page(job, locator, most)
            text = "".join(page.text)
            if locator:
                text = text[text.index("\n") + 1 :]
            return Page(iter([text]), page.count, page.locator)

    org.org.jobs = Bare(org.stock, "005000000000000AAA")
    org.stock.change(FAVORITE, {}, rows(250, **{LABEL: "a\nb"}))
    org.run(page=60)
    assert len(org.read()) == 250


class Lying:
    """Answers that are not Salesforce's."""

    def __init__(self, app: ASGIApp, header: bytes, value: bytes) -> None:
        self._app, self._header, self._value = app, header, value

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def lie(message: Message) -> None:
            if message["type"] == "http.response.start" and scope["path"].endswith("/results"):
                kept = [pair for pair in message["headers"] if pair[0].lower() != self._header]
                message = {**message, "headers": [*kept, (self._header, self._value)]}
            await send(message)

        await self._app(scope, receive, lie)


@pytest.mark.parametrize(
    ("header", "value"),
    [
        (b"sforce-numberofrecords", b"many"),
        (b"content-type", b"text/html"),
        (b"sforce-numberofrecords", b""),
    ],
)
def test_answers_that_are_not_salesforces_are_refused(
    org: Yard, header: bytes, value: bytes
) -> None:
    org.line.app = Lying(org.line.app, header, value)
    with pytest.raises(VendorError) as caught:
        org.run()
    assert caught.value.code == "salesforce_unreadable"
