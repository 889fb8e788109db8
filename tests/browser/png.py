"""Smaller screenshots: the same picture with at most 256 colours, in a palette (PNG, RFC 2083).

A page has few colours; what gets lost are steps in the edges of letters that nobody sees.
"""

from __future__ import annotations

import struct
import zlib
from collections import Counter
from collections.abc import Iterator

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MOST_COLOURS = 256
_CHANNELS = {2: 3, 6: 4}
"""Bytes of a pixel by the picture's colour type: RGB, RGBA."""
_PALETTE = 3
Colour = tuple[int, ...]


def squeezed(png: bytes) -> bytes:
    """Return *png*, an 8-bit RGB or RGBA picture that is opaque, with a palette.

    Raises:
        ValueError: it is another kind of picture.
    """
    parts = dict.fromkeys((b"IHDR", b"IDAT"), b"")
    for name, data in _chunks(png):
        if name in parts:
            parts[name] += data
    width, height, depth, kind, _, _, interlaced = struct.unpack(">IIBBBBB", parts[b"IHDR"])
    if depth != 8 or kind not in _CHANNELS or interlaced:
        raise ValueError("only plain 8-bit RGB or RGBA pictures can be squeezed")
    size = _CHANNELS[kind]
    rows = [
        list(zip(*(row[channel::size] for channel in range(3)), strict=True))
        for row in _rows(zlib.decompress(parts[b"IDAT"]), width * size, size)
    ]
    palette, index = _colours(Counter(pixel for row in rows for pixel in row))
    body = b"".join(b"\0" + bytes([index[pixel] for pixel in row]) for row in rows)
    head = struct.pack(">IIBBBBB", width, height, 8, _PALETTE, 0, 0, 0)
    return SIGNATURE + b"".join(
        (
            _chunk(b"IHDR", head),
            _chunk(b"PLTE", b"".join(map(bytes, palette))),
            _chunk(b"IDAT", zlib.compress(body, 9)),
            _chunk(b"IEND", b""),
        )
    )


def _colours(counted: Counter[Colour]) -> tuple[list[Colour], dict[Colour, int]]:
    """Return a palette, and for every colour the number of its nearest in the palette.

    Half of it are the most frequent colours; the other half takes, one by one, the colour that
    would be drawn most wrongly: so a small sign in a rare hue keeps its hue.
    """
    palette = [colour for colour, _ in counted.most_common(MOST_COLOURS // 2)]
    rest = counted.keys() - set(palette)
    away = {
        colour: min((_apart(colour, one), at) for at, one in enumerate(palette)) for colour in rest
    }
    while len(palette) < MOST_COLOURS and away:
        worst = max(away, key=lambda colour: away[colour][0] * counted[colour])
        number = len(palette)
        palette.append(worst)
        for colour, (error, _) in away.items():
            closer = _apart(colour, worst)
            if closer < error:
                away[colour] = closer, number
        del away[worst]
    index = {colour: number for number, colour in enumerate(palette)}
    return palette, index | {colour: number for colour, (_, number) in away.items()}


def _apart(one: Colour, other: Colour) -> int:
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    if not png.startswith(SIGNATURE):
        raise ValueError("this is no PNG picture")
    at = len(SIGNATURE)
    while at < len(png):
        length, name = struct.unpack_from(">I4s", png, at)
        yield name, png[at + 8 : at + 8 + length]
        at += length + 12


def _chunk(name: bytes, data: bytes) -> bytes:
    checked = name + data
    return struct.pack(">I", len(data)) + checked + struct.pack(">I", zlib.crc32(checked))


def _rows(data: bytes, length: int, size: int) -> Iterator[bytearray]:
    """Undo the filters (RFC 2083, section 6); a row's first byte names its filter."""
    above = bytearray(length)
    for start in range(0, len(data), length + 1):
        row = bytearray(data[start + 1 : start + 1 + length])
        match data[start]:
            case 1:
                for at in range(size, length):
                    row[at] = (row[at] + row[at - size]) & 255
            case 2:
                row = bytearray((one + up) & 255 for one, up in zip(row, above, strict=True))
            case 3:
                for at in range(length):
                    left = row[at - size] if at >= size else 0
                    row[at] = (row[at] + (left + above[at]) // 2) & 255
            case 4:
                for at in range(length):
                    left, corner = (row[at - size], above[at - size]) if at >= size else (0, 0)
                    row[at] = (row[at] + _paeth(left, above[at], corner)) & 255
        yield row
        above = row


def _paeth(left: int, up: int, corner: int) -> int:
    guess = left + up - corner
    return min((left, up, corner), key=lambda one: abs(guess - one))
