"""Squeezing a screenshot keeps its picture."""

from __future__ import annotations

import struct
import zlib

import pytest

from tests.browser.png import MOST_COLOURS, SIGNATURE, squeezed

RED, BLUE = b"\xff\0\0", b"\0\0\xff"


def picture(rows: bytes, width: int, height: int, kind: int = 2) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    made = (
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )
    return SIGNATURE + b"".join(made)


def seen(png: bytes, width: int) -> list[bytes]:
    """The colours of a squeezed picture, pixel by pixel."""
    parts: dict[bytes, bytes] = {}
    at = len(SIGNATURE)
    while at < len(png):
        length, name = struct.unpack_from(">I4s", png, at)
        parts[name] = png[at + 8 : at + 8 + length]
        at += length + 12
    palette = parts[b"PLTE"]
    numbers = zlib.decompress(parts[b"IDAT"])
    rows = [numbers[start + 1 : start + 1 + width] for start in range(0, len(numbers), width + 1)]
    return [palette[3 * number : 3 * number + 3] for row in rows for number in row]


FILTERED = {
    "none": b"\0" + RED + BLUE + b"\0" + BLUE + RED,
    "left": b"\1" + RED + b"\x01\0\xff" + b"\1" + BLUE + b"\xff\0\x01",
    "above": b"\2" + RED + BLUE + b"\2" + b"\x01\0\xff" + b"\xff\0\x01",
    "mean": b"\3" + RED + b"\x81\0\xff" + b"\3" + b"\x81\0\xff" + b"\xff\0\x01",
    "paeth": b"\4" + RED + b"\x01\0\xff" + b"\4" + b"\x01\0\xff" + b"\xff\0\x01",
}


@pytest.mark.parametrize("name", FILTERED)
def test_every_filter_is_undone(name: str) -> None:
    assert seen(squeezed(picture(FILTERED[name], 2, 2)), 2) == [RED, BLUE, BLUE, RED]


def test_a_transparency_that_is_none_is_dropped() -> None:
    rows = b"\0" + RED + b"\xff" + BLUE + b"\xff"
    assert seen(squeezed(picture(rows, 2, 1, kind=6)), 2) == [RED, BLUE]


def test_many_colours_become_few_and_a_rare_hue_stays() -> None:
    greys = [bytes((shade, shade, (shade + more) % 256)) for shade in range(256) for more in (0, 1)]
    row = b"".join(greys) + RED
    shown = seen(squeezed(picture(b"\0" + row, 513, 1)), 513)
    assert len(set(shown)) <= MOST_COLOURS
    assert shown[-1] == RED
    assert all(abs(one[0] - other[0]) <= 8 for one, other in zip(shown, greys, strict=False))


@pytest.mark.parametrize("kind", [0, 3])
def test_other_kinds_are_refused(kind: int) -> None:
    with pytest.raises(ValueError, match="only plain"):
        squeezed(picture(b"\0\0", 1, 1, kind))


def test_what_is_no_picture_is_refused() -> None:
    with pytest.raises(ValueError, match="no PNG"):
        squeezed(b"GIF89a")
