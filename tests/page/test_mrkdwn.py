"""Slack's notation as the page draws it; nothing from outside becomes markup."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page

from tests.page.conftest import Opener
from tests.sandbox.slack_harness import ADA, BEN, MAIN

DRAW = """async ([module, text]) => {
  const { mrkdwn } = await import(module);
  const node = document.createElement("div");
  node.append(mrkdwn(text));
  const show = (one) => {
    if (one.nodeType === 3) return one.data;
    const inner = [...one.childNodes].map(show).join("");
    const name = one.localName;
    if (name === "a") return `[${one.getAttribute("href")}|${inner}]`;
    return name === "span" || name === "time" ? `{${inner}}` : `(${name} ${inner})`;
  };
  return [...node.childNodes].map(show).join("");
}"""

CASES = {
    "*bold* _italic_ ~gone~ `code`": "(strong bold) (em italic) (s gone) (code code)",
    "*bold _and italic_*": "(strong bold (em and italic))",
    "2 * 3 * 4, snake_case_name, a*b*c": "2 * 3 * 4, snake_case_name, a*b*c",
    "*not closed": "*not closed",
    "`*kept*`": "(code *kept*)",
    "R&amp;D &lt;b&gt; &amp;lt;": "R&D <b> &lt;",
    "<https://example.com/a?b=1|the *link*>": "[https://example.com/a?b=1|the *link*]",
    "see https://example.com/x.": "see [https://example.com/x|https://example.com/x].",
    "<javascript:alert(1)|press>": "<javascript:alert(1)|press>",
    "<img src=x onerror=alert(1)>": "<img src=x onerror=alert(1)>",
    "a < b and b > c": "a < b and b > c",
    f"<@{BEN}> <@U404|gone>": "{@Ben Roth} {@gone}",
    f"<#{MAIN}> <!here> <!subteam^S1|@crm>": f"[#/c/{MAIN}|#crm-sunset] {{@here}} {{@crm}}",
    ":white_check_mark: :no_such_name: 10:30:45": "{✅} :no_such_name: 10:30:45",
    "&gt; one\n&gt; two\nthree": "(blockquote one\ntwo)three",
    "&gt;&gt;&gt; one\ntwo": "(blockquote one\ntwo)",
    "a\n```\nx = *1* &lt;t&gt;\n```\nb": "a(pre x = *1* <t>)b",
    "```never closed": "```never closed",
    "<!date^1795447800^{date_num} {time}|then>": "{11/23/2026 4:30 PM}",
    "<!date^nothing^{date}|then>": "{then}",
}


@pytest.fixture
def page(chat: Opener) -> Page:
    return chat()


def test_notation(page: Page) -> None:
    def drawn(text: str) -> Any:
        return page.evaluate(DRAW, ["/page/mrkdwn.js", text])

    assert {text: drawn(text) for text in CASES} == CASES


def test_person_sees_dates_in_their_own_language(chat: Opener) -> None:
    polish = chat("U0CYD00001")
    text = "<!date^1795447800^{date_long} {time}|then>"
    assert polish.evaluate(DRAW, ["/page/mrkdwn.js", text]) == (
        "{poniedziałek, 23 listopada 2026 16:30}"
    )


def test_typed_markup_stays_text(page: Page) -> None:
    field = page.get_by_test_id("composer")
    field.fill("<b>hi</b> & <!channel> @Ben Roth")
    field.press("Enter")
    message = page.get_by_test_id("message").last
    message.get_by_text("<b>hi</b> & <!channel>").wait_for()
    assert message.locator("[data-user]").inner_text() == "@Ben Roth"
    assert page.url.endswith(f"as={ADA}")
