"""Every page has the colours of the map: one file says them, and no page says another."""

import re
from pathlib import Path

import pytest

from alerts.kind import ALERTS
from layers.style import tokens
from layers.style.colour import as_text, contrast
from layers.style.palette import LIGHT
from layers.style.records import variant_colours
from layers.style.tokens import DARK_TOKENS, TOKENS, css

ROOT = Path(__file__).parents[3]
WRITTEN = ROOT / "frontend/src/styles/colours.css"
PLAIN = {"#fff", "#ffffff", "#000", "#000000"}
HEX = re.compile(r"""(?<![&\w])#(?:[0-9a-fA-F]{8}|[0-9a-fA-F]{6}|[0-9a-fA-F]{3,4})(?![\w-])""")
#: Which sources say a colour at all: what is generated from the palette or from the interface does not count.
SOURCES = [
    *(f for end in ("vue", "ts", "css") for f in (ROOT / "frontend/src").rglob(f"*.{end}")
      if f not in (WRITTEN, ROOT / "frontend/src/api/schema.d.ts")),
    *(f for end in ("py", "css", "sql", "html") for f in (ROOT / "mapserver").rglob(f"*.{end}") if "node_modules" not in f.parts),
]  # fmt: skip
#: Read before any style sheet is there: they repeat a token, and may say no other colour.
REPEATED = [
    ROOT / "frontend/index.html",
    ROOT / "frontend/public/icon.svg",
    ROOT / "frontend/public/manifest.webmanifest",
]


def test_no_page_says_a_colour_of_its_own() -> None:
    assert len(SOURCES) > 150
    stray = {
        str(file.relative_to(ROOT)): found
        for file in SOURCES
        if (found := {hit.lower() for hit in HEX.findall(file.read_text("utf-8"))} - PLAIN)
    }
    examples = {"mapserver/schemas/catalogue.py"}  # a colour of the catalogue, as an example in the description
    assert not {file: found for file, found in stray.items() if file not in examples}


def test_what_is_read_before_the_style_sheets_repeats_a_token() -> None:
    for file in REPEATED:
        assert {hit.lower() for hit in HEX.findall(file.read_text("utf-8"))} - PLAIN <= set(TOKENS.values()), file.name


def test_the_web_app_has_the_tokens_of_the_palette() -> None:
    assert WRITTEN.read_text("utf-8") == tokens.web_app_file(), "run scripts/write_colours"


def test_every_variable_that_a_page_uses_is_a_token() -> None:
    defined = {f"--{name}" for name in TOKENS}
    sheets = "".join(file.read_text("utf-8") for file in SOURCES)
    defined |= set(re.findall(r"(--[\w-]+)['\"]?\s*:", sheets))
    assert set(re.findall(r"var\((--[\w-]+)", sheets)) - defined == set()


def test_a_severity_is_the_same_colour_on_maps_and_in_lists() -> None:
    for severity, colour in variant_colours(ALERTS, LIGHT).items():
        assert TOKENS[f"alert-{severity}"] == colour
        assert TOKENS[severity] == as_text(colour, TOKENS[f"{severity}-soft"], TOKENS["ground"], TOKENS["hover"])


@pytest.mark.parametrize(
    ("text", "grounds"),
    [
        *((text, (f"{text}-soft", "surface", "ground")) for text in ("high", "medium", "low", "good")),
        *((text, ("surface", "surface-2", "ground", "hover", "quiet-soft")) for text in ("ink", "ink-2", "ink-3", "link", "brand")),
        ("warn-ink", ("warn", "focus")),
        ("brand-ink", ("brand", "brand-strong", "brand-light", "high", "medium", "low")),
        ("brand-ink-2", ("brand", "brand-strong", "brand-light")),
        ("brand", ("brand-soft",)),
    ],
)  # fmt: skip
def test_text_can_be_read_on_its_ground(text: str, grounds: tuple[str, ...]) -> None:
    for ground in grounds:
        assert contrast(TOKENS[text], TOKENS[ground]) >= 4.5, ground


def test_a_page_in_the_dark_can_be_read() -> None:
    assert set(DARK_TOKENS) <= set(TOKENS)
    for text in ("ink", "ink-2", "link"):
        for ground in ("ground", "surface"):
            assert contrast(DARK_TOKENS[text], DARK_TOKENS[ground]) >= 4.5


def test_a_token_that_is_none_is_no_colour() -> None:
    assert css(["ink"]) == ":root{--ink:" + LIGHT.town_text + "}"
    with pytest.raises(KeyError):
        css(["pink"])
