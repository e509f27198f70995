"""Where the outlines of characters come from: the web app's own Noto Sans SC, and a CJK font of the system for what it lacks.

The built web app holds Noto Sans SC (SIL Open Font License 1.1) as about a hundred woff2 slices of one variable font. They
leave out some characters, among them 33 of GB 2312; where the system has Noto Sans CJK (Debian: fonts-noto-cjk) those
come from there. A character that is in neither is absent.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from fontTools.ttLib import TTFont
from PIL import ImageFont

SLICES = "noto-sans-sc-*-wght-normal*.woff2"
SYSTEM_FOLDERS = (
    Path("/usr/share/fonts/opentype/noto"),
    Path("/usr/share/fonts/noto-cjk"),
    Path("/usr/share/fonts/google-noto-sans-cjk-fonts"),
)
#: Place of the simplified Chinese forms in the NotoSansCJK collections.
SIMPLIFIED = 2


@dataclass(frozen=True, slots=True)
class Weight:
    """A font stack that a style may name. axis: the weight of the variable font. system: the nearest static file."""

    stack: str
    axis: int
    system: str


REGULAR = Weight("Noto Sans SC Regular", 400, "NotoSansCJK-Regular.ttc")
SEMIBOLD = Weight("Noto Sans SC SemiBold", 600, "NotoSansCJK-Bold.ttc")
WEIGHTS = {weight.stack: weight for weight in (REGULAR, SEMIBOLD)}


class FontLibrary:
    """The files, and which of them draws which character."""

    def __init__(self, slices: Path, system: Iterable[Path] = SYSTEM_FOLDERS) -> None:
        """slices: folder of the woff2 files; latin first, it has the punctuation that others repeat."""
        self._slices = sorted(slices.glob(SLICES), key=lambda path: ("-latin-wght" not in path.name, path.name))
        self._system = next((folder for folder in system if (folder / REGULAR.system).is_file()), None)

    def __bool__(self) -> bool:
        """Whether there is any font."""
        return bool(self._slices)

    @cached_property
    def version(self) -> str:
        """Changes with the files; the names of the built slices hold their hashes."""
        files = [*self._slices, *(self._system.glob("NotoSansCJK-*.ttc") if self._system else ())]
        listing = "\n".join(f"{path.name} {path.stat().st_size}" for path in files)
        return hashlib.sha256(listing.encode()).hexdigest()[:12]

    @cached_property
    def _of_slices(self) -> dict[int, Path]:
        drawn: dict[int, Path] = {}
        for path in self._slices:
            for code in _codes(path):
                drawn.setdefault(code, path)
        return drawn

    @cached_property
    def _of_system(self) -> frozenset[int]:
        if self._system is None:
            return frozenset()
        return _codes(self._system / REGULAR.system, SIMPLIFIED)

    def codes(self, start: int, end: int) -> list[int]:
        """The characters from start to end, both included, that can be drawn."""
        return [code for code in range(start, end + 1) if code in self._of_slices or code in self._of_system]

    def open(self, codes: Iterable[int], weight: Weight, size: int) -> list[tuple[ImageFont.FreeTypeFont, list[int]]]:
        """Fonts of a size in pixels with the characters each of them draws. Each file is opened once."""
        files: dict[Path | None, list[int]] = {}
        for code in codes:
            files.setdefault(self._of_slices.get(code), []).append(code)
        return [(self._open(path, weight, size), drawn) for path, drawn in files.items()]

    def _open(self, path: Path | None, weight: Weight, size: int) -> ImageFont.FreeTypeFont:
        basic = ImageFont.Layout.BASIC
        if path is not None:
            font = ImageFont.truetype(path, size, layout_engine=basic)
            font.set_variation_by_axes([weight.axis])
            return font
        assert self._system is not None
        file = self._system / weight.system
        if not file.is_file():
            file = self._system / REGULAR.system
        return ImageFont.truetype(file, size, index=SIMPLIFIED, layout_engine=basic)


def _codes(path: Path, number: int = -1) -> frozenset[int]:
    """The characters a font file has."""
    with TTFont(path, lazy=True, fontNumber=number) as font:
        return frozenset(font.getBestCmap())
