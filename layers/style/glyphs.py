"""Glyph files: 256 characters each, as MapLibre asks for them (`glyphs.proto` of node-fontnik, written by hand).

A file is made when it is first asked for (about half a second for Chinese) and kept packed: in a folder, where every process finds it after
a restart too, and in memory, where what was made first goes first when there is no room.
"""

from __future__ import annotations

import gzip
import re
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile

import structlog

from database.errors import Missing, Unavailable
from layers.style.fonts import WEIGHTS, FontLibrary, Weight
from layers.style.sdf import FINER, SIZE, Glyph, draw_glyph

log = structlog.get_logger()

#: Renderers expect `top` from a line this far above the baseline. It puts Chinese characters and capitals in the middle of their line.
LINE_TOP = 26
LAST = 0x10FFFF
#: Changes with what is drawn here of the same fonts: files of before are not read again.
DRAWING = 1
#: What is kept in memory, packed. The names of a county need about a third of it.
MOST_BYTES = 32_000_000
_RANGE = re.compile(r"(0|[1-9]\d{0,6})-(\d{1,7})", re.ASCII)


class UnknownFont(Missing):
    """没有这种地图字体 | No such map font"""


class GlyphRangeInvalid(Missing):
    """没有这一段字符 | No such range of characters"""


class FontFilesMissing(Unavailable):
    """地图字体文件不存在，请先构建前端 | The font files are missing; build the web app first"""


@dataclass(frozen=True, slots=True)
class GlyphFile:
    """A finished file, packed with gzip."""

    packed: bytes

    def unpacked(self) -> bytes:
        """The protocol buffer itself."""
        return gzip.decompress(self.packed)


class GlyphStore:
    """The glyph files. Any thread may ask; a process makes one at a time, and none that stands in the folder.

    slices: the fonts. folder: where finished files stand, private to the installation; None keeps them in memory only.
    """

    def __init__(self, slices: Path, folder: Path | None = None) -> None:
        self.library = FontLibrary(slices)
        self._folder = folder
        self._files: dict[tuple[str, int], GlyphFile] = {}
        self.bytes = 0
        self._lock = threading.Lock()

    def get(self, stack: str, wanted: str) -> GlyphFile:
        """The file of a font stack and a range such as `19968-20223`. Raises UnknownFont, GlyphRangeInvalid, FontFilesMissing."""
        weight, start = check_font(stack), check_range(wanted)
        if not self.library:
            raise FontFilesMissing
        cached = self._files.get((stack, start))
        if cached is not None:
            return cached
        with self._lock:
            cached = self._files.get((stack, start))
            if cached is None:
                cached = self._found(stack, start) or self._made(stack, weight, start)
                self._keep((stack, start), cached)
            return cached

    def _made(self, stack: str, weight: Weight, start: int) -> GlyphFile:
        body = encode(stack, start, make_glyphs(self.library, weight, start))
        made = GlyphFile(gzip.compress(body, compresslevel=5, mtime=0))
        path = self._path(stack, start)
        if path is not None:
            try:
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                with NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as draft:
                    draft.write(made.packed)
                Path(draft.name).replace(path)
            except OSError as error:  # a full disk costs time, no answer
                log.warning("glyphs.not_kept", error=type(error).__name__)
        return made

    def _found(self, stack: str, start: int) -> GlyphFile | None:
        path = self._path(stack, start)
        try:
            return None if path is None else GlyphFile(path.read_bytes())
        except OSError:
            return None

    def _path(self, stack: str, start: int) -> Path | None:
        """Where a finished file of these fonts stands."""
        if self._folder is None:
            return None
        return self._folder / f"{self.library.version}-{DRAWING}" / f"{stack} {start}.pbf.gz"

    def _keep(self, key: tuple[str, int], file: GlyphFile) -> None:
        self._files[key] = file
        self.bytes += len(file.packed)
        while self.bytes > MOST_BYTES and len(self._files) > 1:
            self.bytes -= len(self._files.pop(next(iter(self._files))).packed)


def check_font(stack: str) -> Weight:
    """The weight behind a font stack. Raises UnknownFont."""
    if stack not in WEIGHTS:
        raise UnknownFont(f"{stack[:100]}；可用字体 / fonts: {', '.join(WEIGHTS)}", fonts=list(WEIGHTS))
    return WEIGHTS[stack]


def check_range(wanted: str) -> int:
    """The first character of a range of 256. Raises GlyphRangeInvalid."""
    found = _RANGE.fullmatch(wanted)
    start, end = (int(found[1]), int(found[2])) if found else (-1, -1)
    if start < 0 or start % 256 or end != start + 255 or end > LAST:
        raise GlyphRangeInvalid(f"{wanted[:40]}；例 / for example 19968-20223")
    return start


def make_glyphs(library: FontLibrary, weight: Weight, start: int) -> Iterator[tuple[int, Glyph]]:
    """Every character of a range that a font has, with its number."""
    for font, codes in library.open(library.codes(start, start + 255), weight, SIZE * FINER):
        for code in codes:
            yield code, draw_glyph(font, chr(code))


def encode(stack: str, start: int, glyphs: Iterable[tuple[int, Glyph]]) -> bytes:
    """The protocol buffer: one stack with its name, its range and its glyphs by number."""
    messages = b"".join(_message(3, _glyph(code, glyph)) for code, glyph in sorted(glyphs, key=lambda pair: pair[0]))
    return _message(1, _message(1, stack.encode()) + _message(2, f"{start}-{start + 255}".encode()) + messages)


def _glyph(code: int, glyph: Glyph) -> bytes:
    body = _number(1, code)
    if glyph.field:
        body += _message(2, glyph.field)
    body += _number(3, glyph.width) + _number(4, glyph.height)
    body += _number(5, _zigzag(glyph.left)) + _number(6, _zigzag(glyph.top - LINE_TOP))
    return body + _number(7, glyph.advance)


def _zigzag(value: int) -> int:
    return value * 2 if value >= 0 else -value * 2 - 1


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _message(field: int, body: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(body)) + body


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)
