from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.i18n import escape_outside
from handlers.views import parts
from tests.handlers.views.looks import EN
from workflows.values import Actor

TEXT = st.text(st.sampled_from("ab &<>;!\n|"), max_size=60)


@given(TEXT, st.integers(2, 70))
def test_clipped_text_never_ends_inside_an_entity(text: str, most: int) -> None:
    short = parts.outside(text, most)
    assert len(short) <= most
    assert re.sub(r"&(amp|lt|gt);", "", short).count("&") == 0
    assert "<" not in short


@given(TEXT, st.integers(1, 9))
def test_clipped_mrkdwn_never_ends_inside_a_mention(text: str, number: int) -> None:
    whole = escape_outside(text) + "<@U0ANNA>" * number
    for most in range(2, len(whole)):
        short = parts.clip(whole, most)
        assert len(short) <= most
        assert short.count("<") == short.count(">")


def test_text_that_fits_is_left_alone() -> None:
    assert parts.clip("<@U1> & co", 10) == "<@U1> & co"
    assert parts.outside("a & b") == "a &amp; b"


def test_plain_text_is_one_line_and_never_empty() -> None:
    assert parts.plain("a\nb", 10) == "a b"
    assert parts.plain(" \n", 10) == "–"
    assert parts.plain("abcdef", 4) == "abc…"


def test_people_are_mentioned_and_the_rest_counted() -> None:
    assert parts.people(["U1"], EN) == "<@U1>"
    assert parts.people(["U1", "U2"], EN) == "<@U1> and <@U2>"
    many = parts.people([f"U{number}" for number in range(300)], EN, most=2)
    assert many == "<@U0>, <@U1>, and 298 other people"


def test_what_is_no_user_id_is_not_mentioned() -> None:
    assert parts.mention("U1> <!here") == "U1&gt; &lt;!here"
    assert parts.actor(Actor(kind="console", id="<root>"), EN) == "command line (&lt;root&gt;)"
    assert parts.actor(Actor(kind="bot", id="sunset"), EN) == "Sunset"


@pytest.mark.parametrize(
    ("done", "total", "filled", "percent"),
    [(0, 10, 0, 0), (5, 10, 10, 50), (10, 10, 20, 100), (0, 0, 20, 100), (999, 1000, 19, 99)],
)
def test_bar(done: int, total: int, filled: int, percent: int) -> None:
    drawn = parts.bar(done, total)
    assert drawn.count("▓") == filled
    assert len(drawn) == parts.BAR
    assert parts.percent(done, total) == percent


def test_long_lists_say_how_much_is_left() -> None:
    assert parts.listing(["a", "b", "c"], EN, most=2) == ["• a", "• b", "… and 1 more"]
    assert parts.listing(["a"], EN) == ["• a"]


def test_lines_are_packed_into_few_sections() -> None:
    blocks = parts.sections(["x" * 1_400] * 5 + ["y" * 9_000])
    assert [len(block.to_dict()["text"]["text"]) for block in blocks] == [
        2_801,
        2_801,
        1_400,
        3_000,
    ]


def test_confirm_dialogs_keep_to_their_limits() -> None:
    dialog = parts.sure("t" * 200, "x" * 900, "y" * 60, "n" * 60, danger=True).to_dict()
    lengths = {name: len(dialog[name]["text"]) for name in ("title", "text", "confirm", "deny")}
    assert lengths == {"title": 100, "text": 300, "confirm": 30, "deny": 30}
    assert dialog["style"] == "danger"


def test_too_many_blocks_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="51 blocks"):
        parts.message("text", *[parts.divider()] * 51)


def test_unknown_addresses_make_no_button() -> None:
    assert parts.link("Open", None) is None
    assert parts.actions(None) is None
