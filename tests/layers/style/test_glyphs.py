"""Glyph files: what MapLibre reads in them, the measures of 中, and which characters are there."""

import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from layers.style import glyphs as glyph_files
from layers.style.fonts import REGULAR, SEMIBOLD, SYSTEM_FOLDERS, FontLibrary
from layers.style.glyphs import FontFilesMissing, GlyphRangeInvalid, GlyphStore, UnknownFont
from mapserver.app.create import WEB_APP

STACK = REGULAR.stack


@dataclass
class Read:
    """A glyph as a reader finds it: fields of `glyphs.proto` by number."""

    fields: dict[int, int | bytes] = field(default_factory=dict)

    def signed(self, number: int) -> int:
        value = self.fields[number]
        assert isinstance(value, int)
        return value >> 1 ^ -(value & 1)

    def pixels(self) -> np.ndarray:
        width, height = int(self.fields[3]) + 6, int(self.fields[4]) + 6
        bitmap = self.fields[2]
        assert isinstance(bitmap, bytes)
        return np.frombuffer(bitmap, np.uint8).reshape(height, width)


def varint(body: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        value |= (body[at] & 127) << shift
        shift, at = shift + 7, at + 1
        if body[at - 1] < 128:
            return value, at


def fields(body: bytes) -> list[tuple[int, int | bytes]]:
    """The fields of a protocol buffer message: numbers and strings of bytes."""
    found: list[tuple[int, int | bytes]] = []
    at = 0
    while at < len(body):
        key, at = varint(body, at)
        value, at = varint(body, at)
        assert key & 7 in (0, 2)
        if key & 7 == 2:
            found.append((key >> 3, body[at : at + value]))
            at += value
        else:
            found.append((key >> 3, value))
    return found


def read(body: bytes) -> tuple[str, str, dict[int, Read]]:
    """Name and range of the stack, and its glyphs by character."""
    [(number, stack)] = fields(body)
    assert number == 1
    assert isinstance(stack, bytes)
    parts = fields(stack)
    name, glyph_range = (next(value for number, value in parts if number == wanted) for wanted in (1, 2))
    assert isinstance(name, bytes)
    assert isinstance(glyph_range, bytes)
    glyphs = [Read(dict(fields(value))) for number, value in parts if number == 3 and isinstance(value, bytes)]
    return name.decode(), glyph_range.decode(), {int(glyph.fields[1]): glyph for glyph in glyphs}


@pytest.fixture(scope="module")
def store() -> GlyphStore:
    assert WEB_APP.is_dir(), "the web app is not built: scripts/setup builds it"
    return GlyphStore(WEB_APP / "assets")


def test_the_character_for_middle_is_in_the_middle(store: GlyphStore) -> None:
    name, glyph_range, glyphs = read(store.get(STACK, "19968-20223").unpacked())
    assert (name, glyph_range) == (STACK, "19968-20223")
    middle = glyphs[ord("中")]
    assert middle.fields[7] == 24  # a Chinese character is as wide as the font is large
    width, height = int(middle.fields[3]), int(middle.fields[4])
    assert 19 <= width <= 22
    assert 21 <= height <= 24
    assert abs(middle.signed(5) + width / 2 - 12) <= 1  # as much room left as right
    # a renderer puts the line's middle 17 px below the line that `top` is counted from
    assert abs(-middle.signed(6) + height / 2 - 17) <= 1


def test_the_field_is_a_distance(store: GlyphStore) -> None:
    pixels = read(store.get(STACK, "19968-20223").unpacked())[2][ord("中")].pixels().astype(int)
    column = pixels[:, pixels.shape[1] // 2]  # down the upright stroke of 中
    assert column[15] >= 192  # inside: above 0.75 of 255
    assert pixels[0, 0] < 128  # outside, in the corner
    rising = np.diff(column[:4])  # from above down to the end of the upright
    assert all(abs(step - 255 / 8) <= 3 for step in rising)  # one pixel is an eighth of the scale


def test_glyphs_stand_on_one_line(store: GlyphStore) -> None:
    glyphs = read(store.get(STACK, "0-255").unpacked())[2]
    feet = {letter: -glyphs[ord(letter)].signed(6) + int(glyphs[ord(letter)].fields[4]) for letter in "HxE1"}
    assert set(feet.values()) == {glyph_files.LINE_TOP}
    assert glyphs[ord("g")].signed(6) - int(glyphs[ord("g")].fields[4]) < -glyph_files.LINE_TOP
    space = glyphs[32]
    assert (space.fields[3], space.fields[4], 2 in space.fields) == (0, 0, False)
    assert 4 <= int(space.fields[7]) <= 7


def test_the_heavier_weight_has_more_ink(store: GlyphStore) -> None:
    light, heavy = (
        read(store.get(weight.stack, "19968-20223").unpacked())[2][ord("中")].pixels() for weight in (REGULAR, SEMIBOLD)
    )
    assert (heavy > 191).sum() > 1.1 * (light > 191).sum()


@pytest.mark.alone
def test_a_file_is_quickly_made_and_kept(store: GlyphStore) -> None:
    started = time.perf_counter()
    first = store.get(STACK, "26368-26623")
    assert time.perf_counter() - started < 3  # half a second on an idle machine; see docs/style.md
    started = time.perf_counter()
    assert store.get(STACK, "26368-26623") is first
    assert time.perf_counter() - started < 0.01


def test_a_restart_finds_what_was_made_and_a_full_disk_costs_no_answer(
    store: GlyphStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = GlyphStore(WEB_APP / "assets", tmp_path / "glyphs").get(STACK, "0-255")
    assert made == store.get(STACK, "0-255")
    assert [path.stat().st_mode & 0o077 for path in (tmp_path / "glyphs").glob("*/*")] == [0]
    with monkeypatch.context() as patch:
        patch.setattr("layers.style.glyphs.make_glyphs", lambda *_: pytest.fail("it is there already"))
        assert GlyphStore(WEB_APP / "assets", tmp_path / "glyphs").get(STACK, "0-255") == made
    (tmp_path / "file").touch()
    assert GlyphStore(WEB_APP / "assets", tmp_path / "file").get(STACK, "0-255") == made


def test_what_is_kept_has_a_limit(store: GlyphStore, monkeypatch: pytest.MonkeyPatch) -> None:
    small = GlyphStore(WEB_APP / "assets")
    monkeypatch.setattr(glyph_files, "MOST_BYTES", 20_000)
    files = [small.get(STACK, f"{start}-{start + 255}") for start in (256, 512, 1024)]
    assert small.bytes <= max(20_000, len(files[-1].packed))
    again = small.get(STACK, "256-511")
    assert again is not files[0]
    assert again == files[0]


def gb2312() -> list[int]:
    """The 6,763 Chinese characters of GB 2312, by their rows 16 to 87."""
    places = ((row, cell) for row in range(0xB0, 0xF8) for cell in range(0xA1, 0xFF))
    # the last five places of row 55 are empty
    return [ord(bytes(place).decode("gb2312")) for place in places if not (place[0] == 0xD7 and place[1] > 0xF9)]


def test_every_common_character_is_there(store: GlyphStore) -> None:
    assert len(gb2312()) == 6763
    there = set(store.library.codes(0x4E00, 0x9FFF))
    absent = [chr(code) for code in gb2312() if code not in there]
    system = any((folder / REGULAR.system).is_file() for folder in SYSTEM_FOLDERS)
    assert system, "fonts-noto-cjk is not installed: scripts/setup --test installs it"
    assert absent == []


def test_the_web_apps_own_font_lacks_33_common_characters() -> None:
    alone = set(FontLibrary(WEB_APP / "assets", system=()).codes(0x4E00, 0x9FFF))
    assert sum(code not in alone for code in gb2312()) == 33  # told in docs/style.md


def test_a_character_that_no_font_has_is_absent() -> None:
    alone = GlyphStore(WEB_APP / "assets")
    alone.library = FontLibrary(WEB_APP / "assets", system=())
    glyphs = read(alone.get(STACK, f"{ord('塥') // 256 * 256}-{ord('塥') // 256 * 256 + 255}").unpacked())[2]
    assert ord("塥") not in glyphs
    assert len(glyphs) > 100
    assert read(alone.get(STACK, "57344-57599").unpacked())[2] == {}  # private use


def test_a_character_of_the_system_font_looks_like_its_neighbours(store: GlyphStore) -> None:
    glyphs = read(store.get(STACK, f"{ord('塥') // 256 * 256}-{ord('塥') // 256 * 256 + 255}").unpacked())[2]
    rare, common = glyphs[ord("塥")], glyphs[ord("塘")]
    assert rare.fields[7] == common.fields[7] == 24
    assert abs(rare.signed(6) - common.signed(6)) <= 1
    assert 0.6 < (rare.pixels() > 191).sum() / (common.pixels() > 191).sum() < 1.6


@pytest.mark.parametrize(
    "wanted", ["1-256", "0-511", "256-255", "00-255", "-256--1", "1114112-1114367", "a-b", "0", ""]
)
def test_a_range_that_is_none_is_refused(store: GlyphStore, wanted: str) -> None:
    with pytest.raises(GlyphRangeInvalid):
        store.get(STACK, wanted)


def test_an_unknown_font_is_refused_and_no_path_is_opened(store: GlyphStore) -> None:
    for stack in ("Comic Sans", "../../etc/passwd", f"{STACK},Arial", ""):
        with pytest.raises(UnknownFont):
            store.get(stack, "0-255")


def test_without_the_built_web_app_the_reason_is_told(tmp_path: Path) -> None:
    with pytest.raises(FontFilesMissing):
        GlyphStore(tmp_path).get(STACK, "0-255")
