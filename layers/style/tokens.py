"""The colours of every page: the web app, the map pages, the page behind a code, the pages of features.

What a page shows as the map does has the colour of the light map; soft grounds and readable texts are made from it. ``css`` writes
them as CSS variables: ``scripts/write_colours`` into the web app, the pages of the server into themselves. No other file of the web
app or of the map server says a colour of its own; a test looks.
"""

from __future__ import annotations

from collections.abc import Iterable

from layers.style.colour import as_text, over
from layers.style.palette import DARK, LIGHT

WHITE = "#ffffff"
_BRAND = LIGHT.persons
_GROUND, _HOVER = "#f3f5f7", "#eef3f8"


def _soft(colour: str, opacity: float = 0.1) -> str:
    """A tint of a colour: the ground of a chip or a note that says it in words."""
    return over(colour, opacity, WHITE)


def _on_soft(colour: str) -> str:
    return as_text(colour, _soft(colour), _GROUND, _HOVER, WHITE)


#: Name of the CSS variable → colour. ``high``, ``medium``, ``low`` are texts; the signs of the map are ``alert-…``.
TOKENS: dict[str, str] = {
    "ink": LIGHT.town_text,
    "ink-2": "#41505f",
    "ink-3": "#5a6876",
    "line": "#dfe5ea",
    "line-strong": "#8c99a6",
    "mark": "#b9c4cf",
    "ground": _GROUND,
    "surface": WHITE,
    "surface-2": "#f7f9fa",
    "hover": _HOVER,
    "brand": _BRAND,
    "brand-strong": LIGHT.focus,
    "brand-light": "#1d5a83",
    "brand-ink": WHITE,
    "brand-ink-2": "#dbe6f1",
    "brand-soft": _soft(_BRAND),
    "link": "#1a5596",
    "high": _on_soft(LIGHT.alert_high),
    "high-soft": _soft(LIGHT.alert_high),
    "medium": _on_soft(LIGHT.alert_medium),
    "medium-soft": _soft(LIGHT.alert_medium),
    "low": _on_soft(LIGHT.alert_low),
    "low-soft": _soft(LIGHT.alert_low),
    "alert-high": LIGHT.alert_high,
    "alert-medium": LIGHT.alert_medium,
    "alert-low": LIGHT.alert_low,
    "good": "#1d6b45",
    "good-soft": _soft("#1d6b45"),
    "warn": over(LIGHT.glow, 0.4, WHITE),
    "warn-line": over(LIGHT.alert_medium, 0.45, WHITE),
    "warn-ink": as_text(LIGHT.alert_medium, over(LIGHT.glow, 0.4, WHITE), LIGHT.glow, needed=5.5),
    "quiet-soft": "#edf0f3",
    "focus": LIGHT.glow,
    "focus-ink": LIGHT.focus,
    "map-outside": LIGHT.outside,
    "map-ground": LIGHT.ground,
    "town-line": LIGHT.town_line,
    "village-line": LIGHT.village_line,
} | {f"brand-{share}": over(_BRAND, share / 100, WHITE) for share in (20, 30, 50, 80)}

#: The same for a page that a phone shows in the dark.
DARK_TOKENS: dict[str, str] = {
    "ink": DARK.town_text,
    "ink-2": DARK.addresses,
    "ground": DARK.outside,
    "surface": DARK.ground,
    "link": DARK.persons,
}


def css(names: Iterable[str] = TOKENS, *, tokens: dict[str, str] = TOKENS, root: str = ":root") -> str:
    """A rule of CSS with the tokens as variables. names: of those that are used. Raises KeyError for a name that is no token."""
    return f"{root}{{{';'.join(f'--{name}:{tokens[name]}' for name in names)}}}"


def web_app_file() -> str:
    """``frontend/src/styles/colours.css``. The root is doubled, to win over the libraries' own whatever the order of loading."""
    lines = "\n".join(f"  --{name}: {colour};" for name, colour in TOKENS.items())
    return f"/* Written by scripts/write_colours from layers/style/tokens.py. */\n:root:root {{\n{lines}\n}}\n"
