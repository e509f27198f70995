"""Every theme can be read: contrast of text and of symbols to what they stand on, computed as WCAG 2.2 says."""

import pytest

from layers.style.colour import contrast, luminance, over
from layers.style.palette import THEMES, Palette, UnknownTheme, get_theme

NEEDED = {"light": 4.5, "dark": 4.5, "contrast": 7.0}
TEXTS = ("town_text", "village_text", "cell_text", "place_text")
SYMBOLS = (
    "addresses", "places", "persons", "persons_status", "events", "objects", "alert_high", "alert_medium", "alert_low", "flood",
)  # fmt: skip
THEME = pytest.mark.parametrize("palette", THEMES.values(), ids=THEMES)


def test_the_measure_is_that_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)  # the well-known grey that just fails
    assert over("#000000", 0.5, "#ffffff") == "#808080"


@THEME
def test_text_can_be_read_on_every_ground(palette: Palette) -> None:
    for text in TEXTS:
        for ground in (*palette.washed(), palette.halo):
            assert contrast(getattr(palette, text), ground) >= NEEDED[palette.name], (text, ground)


@THEME
def test_symbols_and_outlines_stand_out_from_the_ground(palette: Palette) -> None:
    needed = 4.5 if palette.name == "contrast" else 3.0
    for symbol in SYMBOLS:
        colour = getattr(palette, symbol)
        assert contrast(colour, palette.ground) >= needed, symbol
        assert contrast(colour, palette.symbol) >= 3.0, symbol  # the picture inside the icon
    for line in ("cell_line", "village_line", "town_line", "county_line"):
        assert contrast(getattr(palette, line), palette.ground) >= (needed if palette.name == "contrast" else 2.9), line


@THEME
def test_more_alerts_give_a_stronger_shade(palette: Palette) -> None:
    thresholds = [wash.alerts for wash in palette.washes]
    assert thresholds == sorted(thresholds)
    assert thresholds[0] == 1  # a cell without waiting alerts has no band
    distances = [abs(luminance(shade) - luminance(palette.ground)) for shade in palette.washed()[2:]]
    assert distances == sorted(distances)


def test_an_unknown_theme_is_refused() -> None:
    assert get_theme("dark").title == "深色"
    with pytest.raises(UnknownTheme):
        get_theme("sepia")
