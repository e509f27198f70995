"""The colours of the three themes of the map; those of pages follow from them (``tokens``). Text keeps 4.5:1 to every ground it may stand on, in high contrast 7:1 (WCAG 2.2, 1.4.3 and 1.4.6).

Colours are ``#rrggbb``; a wash lies over the ground with an opacity. A test computes the contrasts.
"""

from __future__ import annotations

from dataclasses import dataclass

from database.errors import Missing
from layers.catalogue.kind import Colours
from layers.style.colour import over


class UnknownTheme(Missing):
    """没有这种地图样式 | No such map theme"""


@dataclass(frozen=True, slots=True)
class Wash:
    """The band inside the outline of a cell, from so many waiting alerts on."""

    alerts: int
    colour: str
    opacity: float


@dataclass(frozen=True, slots=True)
class Palette:
    """One theme. halo: what parts names, dots and icons from the ground and from each other. focus: a ring around what is looked at.

    glow: what shines through around it, and fills a cell with alerts on a page.
    """

    name: str
    title: str
    outside: str
    ground: str
    washes: tuple[Wash, ...]
    cell_line: str
    village_line: str
    town_line: str
    county_line: str
    town_text: str
    village_text: str
    cell_text: str
    place_text: str
    halo: str
    addresses: str
    places: str
    persons: str
    persons_status: str
    events: str
    objects: str
    alert_high: str
    alert_medium: str
    alert_low: str
    flood: str
    focus: str
    glow: str
    line_scale: float = 1.0

    @property
    def ring(self) -> str:
        """The rim of dots and icons."""
        return self.halo

    @property
    def symbol(self) -> str:
        """The figure inside an icon."""
        return self.halo

    def washed(self) -> tuple[str, ...]:
        """What text may stand on: outside, the ground, and the ground under the band of a cell."""
        return (self.outside, self.ground, *(over(wash.colour, wash.opacity, self.ground) for wash in self.washes))


#: Waiting alerts from which a cell has each band.
WASHED_FROM = (1, 3, 8)


def _washes(*shades: tuple[str, float]) -> tuple[Wash, ...]:
    return tuple(Wash(alerts, colour, opacity) for alerts, (colour, opacity) in zip(WASHED_FROM, shades, strict=True))


LIGHT = Palette(
    name="light",
    title="浅色",
    outside="#e6ebee",
    ground="#fbfcfa",
    washes=_washes(("#ea8fa0", 0.5), ("#dd5f78", 0.48), ("#b8285a", 0.42)),
    cell_line="#4c7a63",
    village_line="#8796a5",
    town_line="#5b6b7a",
    county_line="#2b3c4d",
    town_text="#16222f",
    village_text="#33414f",
    cell_text="#254a37",
    place_text="#553408",
    halo="#ffffff",
    addresses="#66788a",
    places="#8a5a12",
    persons="#17406d",
    persons_status="#2f6fb3",
    events="#7a3e9d",
    objects="#0f7273",
    alert_high="#b3261e",
    alert_medium="#b86a00",
    alert_low="#3f78ad",
    flood="#1f6fb5",
    focus="#0f2f52",
    glow="#f0a23a",
)

DARK = Palette(
    name="dark",
    title="深色",
    outside="#10161c",
    ground="#1a222b",
    washes=_washes(("#c9667c", 0.4), ("#d95c78", 0.52), ("#e0446e", 0.66)),
    cell_line="#5f9179",
    village_line="#7b8b9a",
    town_line="#9aa9b7",
    county_line="#c9d4de",
    town_text="#f1f5f8",
    village_text="#d5dee6",
    cell_text="#c4e4d3",
    place_text="#f0d6a8",
    halo="#10161c",
    addresses="#93a4b4",
    places="#d8a657",
    persons="#6fa8e0",
    persons_status="#a9d0f5",
    events="#c58ae0",
    objects="#4db6ac",
    alert_high="#ff7b6e",
    alert_medium="#f5b041",
    alert_low="#7fb5e6",
    flood="#5aa9e6",
    focus="#ffd89a",
    glow="#e0953a",
)

CONTRAST = Palette(
    name="contrast",
    title="高对比度",
    outside="#ffffff",
    ground="#ffffff",
    washes=_washes(("#ffb3c4", 0.8), ("#ff8fac", 0.7), ("#ff6f95", 0.68)),
    cell_line="#00552e",
    village_line="#4a4a4a",
    town_line="#1f1f1f",
    county_line="#000000",
    town_text="#000000",
    village_text="#000000",
    cell_text="#00331b",
    place_text="#3a2200",
    halo="#ffffff",
    addresses="#333333",
    places="#5c3500",
    persons="#003c8f",
    persons_status="#0057d9",
    events="#5b0f80",
    objects="#004d4d",
    alert_high="#a80000",
    alert_medium="#8a4500",
    alert_low="#004a8f",
    flood="#004a9f",
    focus="#0f2f52",
    glow="#ffd24d",
    line_scale=1.5,
)

THEMES: dict[str, Palette] = {palette.name: palette for palette in (LIGHT, DARK, CONTRAST)}


def get_theme(name: str) -> Palette:
    """The colours of a theme. Raises UnknownTheme."""
    if name not in THEMES:
        raise UnknownTheme(f"{name[:40]}；可用样式 / themes: {', '.join(THEMES)}", themes=list(THEMES))
    return THEMES[name]


def colour_in(palette: Palette, colour: str | Colours) -> str:
    """The colour in a theme: of a token (a field of the palette), or one of a kind's own."""
    return str(getattr(palette, colour) if isinstance(colour, str) else getattr(colour, palette.name))


def colours_of(colour: str | Colours) -> dict[str, str]:
    """Theme → the colour in it."""
    return {name: colour_in(palette, colour) for name, palette in THEMES.items()}
