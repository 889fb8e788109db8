"""Smaller screenshots: the same picture with at most 256 colours, as a palette (PNG, RFC 2083).

A page has few colours; what gets lost are steps in the edges of letters that nobody sees.
"""

from __future__ import annotations

import struct
import zlib
from collections import Counter
from collections.abc import Iterator
from itertools import batched, starmap

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MOST_COLOURS = 256
Colour = tuple[int, ...]


def squeezed(png: bytes) -> bytes:
    """Return *png*, an 8-bit RGB or RGBA picture without transparency, with a palette.

    Raises:
        ValueError: it is another kind of picture.
    """
    width, height, pixels = _pixels(png)
    counted = Counter(pixels)
    palette = [colour for colour, _ in counted.most_common(MOST_COLOURS)]
    index = {colour: _nearest(palette, colour) for colour in counted}
    numbers = bytes(index[pixel] for pixel in pixels)
    rows = b"".join(
        b"\0" + numbers[start : start + width] for start in range(0, width * height, width)
    )
    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    plte = b"".join(map(bytes, palette))
    chunks = ((b"IHDR", head), (b"PLTE", plte), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return SIGNATURE + b"".join(starmap(_chunk, chunks))
