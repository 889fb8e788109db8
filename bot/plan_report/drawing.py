"""Draws the picture of a plan report: stacked bars that a phone's width and any eye can read.

Made at twice the size of a narrow phone (320 points). Colour alone carries nothing: each part has
a pattern and its number, and the legend names both. The colours keep apart for the colour-blind
(Okabe and Ito, "Color Universal Design", 2008).
"""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Callable
from functools import cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from handlers.views.plan.chart import Chart

WIDTH = 640
MARGIN = 16
NAME, SMALL, TITLE = 24, 20, 28
BAR_HEIGHT, ROW = 32, 82
FONT = Path(__file__).with_name("fonts") / "DejaVuSansCondensed.ttf"
INK, PAPER, FRAME = "#1d1c1d", "#ffffff", "#616061"
COLOURS = ("#56B4E9", "#E69F00", "#009E73", "#cccccc")
_NOWHERE = "\U0010ffff"
"""A character that no font has: what is drawn for it stands for every missing one."""

Number = Callable[[int], str]
Box = tuple[int, int, int, int]


def drawn(chart: Chart, number: Number) -> bytes:
    """Return the picture as a PNG; *number* writes a number in the reader's language."""
    legend = [(place, name, count) for place, (name, count) in enumerate(chart.legend) if count]
    top = MARGIN + TITLE + 20 + len(legend) * (SMALL + 12) + 12
    rows = max(1, len(chart.bars))
    image = Image.new("RGB", (WIDTH, top + rows * ROW + MARGIN), PAPER)
    draw = ImageDraw.Draw(image)
    draw.text((MARGIN, MARGIN), fitting(chart.title, TITLE, WIDTH - 2 * MARGIN), INK, font(TITLE))
    _legend(image, legend, number)
    if not chart.bars:
        draw.text((MARGIN, top), "0", INK, font(NAME))
    widest = max((bar.total for bar in chart.bars), default=0)
    for place, bar in enumerate(chart.bars):
        y = top + place * ROW
        total = number(bar.total)
        room = WIDTH - 2 * MARGIN - round(font(NAME).getlength(total)) - 24
        draw.text((MARGIN, y), shown_name(bar.names, NAME, room), INK, font(NAME))
        draw.text((WIDTH - MARGIN, y), total, INK, font(NAME), anchor="ra")
        _bar(image, bar.parts, widest, y + NAME + 10, number)
    file = io.BytesIO()
    image.quantize(32).save(file, "PNG", optimize=True)
    return file.getvalue()


def _legend(image: Image.Image, legend: list[tuple[int, str, int]], number: Number) -> None:
    draw = ImageDraw.Draw(image)
    for line, (place, name, count) in enumerate(legend):
        y = MARGIN + TITLE + 20 + line * (SMALL + 12)
        _fill(image, (MARGIN, y, MARGIN + 48, y + SMALL + 4), place)
        said = fitting(f"{name}: {number(count)}", SMALL, WIDTH - 2 * MARGIN - 60)
        draw.text((MARGIN + 60, y), said, INK, font(SMALL))


def _bar(image: Image.Image, parts: tuple[int, ...], widest: int, y: int, number: Number) -> None:
    """Draw one bar; its length is its share of the widest one."""
    room = WIDTH - 2 * MARGIN
    x, done, total = MARGIN, 0, sum(parts)
    end = MARGIN + max(4, round(room * total / widest))
    for place, count in enumerate(parts):
        if not count:
            continue
        done += count
        right = end if done == total else MARGIN + round(room * done / widest)
        right = max(right, x + 4)
        _fill(image, (x, y, right, y + BAR_HEIGHT), place)
        _label(image, (x, y, right, y + BAR_HEIGHT), number(count))
        x = right


def _label(image: Image.Image, box: Box, text: str) -> None:
    """Write a part's number on it, where it fits."""
    left, top, right, bottom = box
    length = font(SMALL).getlength(text)
    if length + 20 > right - left:
        return
    draw = ImageDraw.Draw(image)
    middle = (left + right) / 2
    plate = (middle - length / 2 - 5, top + 3, middle + length / 2 + 5, bottom - 3)
    draw.rounded_rectangle(plate, 5, PAPER)
    draw.text((middle, (top + bottom) / 2), text, INK, font(SMALL), anchor="mm")


def _fill(image: Image.Image, box: Box, place: int) -> None:
    """Fill a box with the colour and the pattern of the part at *place*."""
    left, top, right, bottom = box
    tile = Image.new("RGB", (right - left, bottom - top), COLOURS[place])
    draw = ImageDraw.Draw(tile)
    width, height = tile.size
    match place:
        case 1:  # slanting lines
            for x in range(-height, width, 12):
                draw.line((x, height, x + height, 0), INK, 2)
        case 2:  # dots
            for number, x in enumerate(range(5, width, 9)):
                for y in range(5 + 4 * (number % 2), height, 9):
                    draw.ellipse((x - 2, y - 2, x + 2, y + 2), INK)
        case 3:  # crossed lines
            for x in range(-height, width, 14):
                draw.line((x, height, x + height, 0), FRAME, 1)
                draw.line((x, 0, x + height, height), FRAME, 1)
    draw.rectangle((0, 0, width - 1, height - 1), outline=INK)
    image.paste(tile, (left, top))


# --- text ----------------------------------------------------------------------------------------


@cache
def font(size: int) -> ImageFont.FreeTypeFont:
    """Return the font, which comes with the program: a machine may have none."""
    return ImageFont.truetype(str(FONT), size)


def shown_name(names: tuple[str, ...], size: int, room: int) -> str:
    """Return the first of *names* that can be drawn for the most part, cut to *room* pixels."""
    for name in names:
        drawable = "".join(char for char in unicodedata.normalize("NFC", name) if has(char))
        letters = sum(char.isalnum() for char in drawable)
        if letters and 2 * letters >= sum(char.isalnum() for char in name):
            return fitting(drawable, size, room)
    return fitting(names[-1], size, room)


def fitting(text: str, size: int, room: int) -> str:
    """Cut *text* to *room* pixels; a letter is not parted from its marks."""
    flat = " ".join(text.split())
    if font(size).getlength(flat) <= room:
        return flat
    while flat:
        while flat and unicodedata.combining(flat[-1]):
            flat = flat[:-1]
        flat = flat[:-1]
        if font(size).getlength(f"{flat.rstrip()}…") <= room:
            break
    return f"{flat.rstrip()}…"


@cache
def has(char: str) -> bool:
    """Say whether the font has a sign for *char*."""
    if char.isspace() or unicodedata.combining(char):
        return True
    if unicodedata.category(char).startswith("C"):
        return False
    sign, missing = font(NAME).getmask(char), font(NAME).getmask(_NOWHERE)
    return (sign.size, bytes(sign)) != (missing.size, bytes(missing))
