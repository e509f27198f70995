"""The sheets of icons: every icon lies inside its sheet, alone, and is really drawn."""

import io
import itertools
import json

import pytest
from PIL import Image

from layers.style.icons import ICONS
from layers.style.palette import THEMES
from layers.style.sprites import find_sheet

SHEETS = pytest.mark.parametrize("name", [theme + more for theme in THEMES for more in ("", "@2x")])


@SHEETS
def test_every_icon_lies_inside_its_sheet_and_over_no_other(name: str) -> None:
    sheet = find_sheet(name)
    picture = Image.open(io.BytesIO(sheet.png))
    index = json.loads(sheet.index)
    assert set(index) == set(ICONS)
    ratio = 2 if name.endswith("@2x") else 1
    for icon in index.values():
        assert icon["pixelRatio"] == ratio
        assert icon["x"] >= 0
        assert icon["y"] >= 0
        assert icon["x"] + icon["width"] <= picture.width
        assert icon["y"] + icon["height"] <= picture.height
    for one, other in itertools.combinations(index.values(), 2):
        assert one["x"] + one["width"] < other["x"] or other["x"] + other["width"] < one["x"]


@SHEETS
def test_icons_are_drawn_smoothly_and_to_their_edges_only(name: str) -> None:
    sheet = find_sheet(name)
    picture = Image.open(io.BytesIO(sheet.png))
    assert picture.mode == "RGBA"
    for key, icon in json.loads(sheet.index).items():
        box = (icon["x"], icon["y"], icon["x"] + icon["width"], icon["y"] + icon["height"])
        alpha = picture.crop(box).getchannel("A")
        histogram = alpha.histogram()
        pattern = key.endswith("-pattern")  # waves that let the map shine through
        drawn = sum(histogram[100 if pattern else 250 :])
        assert drawn > 0.05 * icon["width"] * icon["height"], key
        assert sum(histogram[20:236]) > 8, f"{key}: its edge is not soft"
        if not pattern:
            assert all(alpha.getpixel(corner) == 0 for corner in [(0, 0), (icon["width"] - 1, 0)]), key


def test_twice_the_pixels_are_the_same_picture() -> None:
    small, large = (json.loads(find_sheet(name).index) for name in ("light", "light@2x"))
    for name in ICONS:
        assert large[name]["width"] == 2 * small[name]["width"]


def test_the_flood_pattern_goes_on_at_its_edges() -> None:
    sheet = find_sheet("light@2x")
    icon = json.loads(sheet.index)["flood-water-pattern"]
    tile = Image.open(io.BytesIO(sheet.png)).crop((icon["x"], 0, icon["x"] + icon["width"], icon["height"]))
    alpha = tile.getchannel("A")
    last = icon["width"] - 1
    sides = [[alpha.getpixel((x, y)) for y in range(icon["height"])] for x in (0, last, 1)]
    across = max(abs(int(a) - int(b)) for a, b in zip(sides[0], sides[1], strict=True))  # type: ignore[arg-type]
    beside = max(abs(int(a) - int(b)) for a, b in zip(sides[0], sides[2], strict=True))  # type: ignore[arg-type]
    assert across <= beside + 60


def test_the_themes_have_sheets_of_their_own() -> None:
    assert len({find_sheet(theme).png for theme in THEMES}) == len(THEMES)
