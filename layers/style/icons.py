"""The icons, drawn by ourselves: shapes in a box of 24 units, rasterised large and averaged down.

Kinds differ in shape as well as in colour: severity is triangle, diamond or disc; what is at home is round, what is built or
placed is square, an address is a number plate.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from PIL import Image, ImageDraw

from layers.catalogue.kind import Colours
from layers.catalogue.registry import KINDS
from layers.style.base_palette import BASE_THEMES
from layers.style.palette import Palette, colour_in

BOX = 24
#: A pixel is the mean of so many by so many.
FINER = 8

Point = tuple[float, float]
Drawing = Callable[["Pen", Palette], None]


class Pen:
    """Draws in units of the box. side: of the box, in pixels."""

    def __init__(self, side: int) -> None:
        self._side = side
        self._scale = side * FINER / BOX
        self._image = Image.new("RGBA", (side * FINER, side * FINER))
        self._draw = ImageDraw.Draw(self._image)

    def polygon(self, points: Sequence[Point], colour: str, grown: float = 0) -> None:
        """A filled polygon, its edge moved out by `grown` with round corners."""
        scaled = [(x * self._scale, y * self._scale) for x, y in points]
        self._draw.polygon(scaled, fill=colour)
        if grown > 0:
            self.line([*points, points[0], points[1]], colour, 2 * grown)

    def line(self, points: Sequence[Point], colour: str, width: float) -> None:
        """A line with round corners and ends."""
        scaled = [(x * self._scale, y * self._scale) for x, y in points]
        self._draw.line(scaled, fill=colour, width=round(width * self._scale), joint="curve")
        for x, y in points:
            self.disc(x, y, width / 2, colour)

    def disc(self, x: float, y: float, radius: float, colour: str) -> None:
        """A filled circle."""
        box = [(x - radius) * self._scale, (y - radius) * self._scale]
        self._draw.ellipse([*box, (x + radius) * self._scale, (y + radius) * self._scale], fill=colour)

    def plate(self, west: float, north: float, east: float, south: float, radius: float, colour: str) -> None:
        """A rectangle with round corners."""
        box = [side * self._scale for side in (west, north, east, south)]
        self._draw.rounded_rectangle(box, radius=radius * self._scale, fill=colour)

    def image(self) -> Image.Image:
        """The drawing at its own size. Averaged with premultiplied alpha: no dark fringe."""
        premultiplied = self._image.convert("RGBa").resize((self._side, self._side), Image.Resampling.BOX)
        return premultiplied.convert("RGBA")


def _exclamation(pen: Pen, colour: str, top: float, foot: float) -> None:
    pen.line([(12, top), (12, foot - 4)], colour, 2.4)
    pen.disc(12, foot, 1.4, colour)


def alert_high(pen: Pen, palette: Palette) -> None:
    """A triangle."""
    corners = [(12, 4.2), (21, 19.6), (3, 19.6)]
    pen.polygon(corners, palette.ring, 3)
    pen.polygon(corners, palette.alert_high, 1.6)
    _exclamation(pen, palette.symbol, 9, 17.6)


def alert_medium(pen: Pen, palette: Palette) -> None:
    """A diamond."""
    corners = [(12, 3.4), (20.6, 12), (12, 20.6), (3.4, 12)]
    pen.polygon(corners, palette.ring, 2.8)
    pen.polygon(corners, palette.alert_medium, 1.4)
    _exclamation(pen, palette.symbol, 7.6, 16.4)


def alert_low(pen: Pen, palette: Palette) -> None:
    """A disc."""
    _badge(pen, palette, palette.alert_low)
    _exclamation(pen, palette.symbol, 7.4, 16.6)


def _badge(pen: Pen, palette: Palette, colour: str) -> None:
    pen.disc(12, 12, 11, palette.ring)
    pen.disc(12, 12, 9.6, colour)


def _square_badge(pen: Pen, palette: Palette, colour: str) -> None:
    pen.plate(1.4, 1.4, 22.6, 22.6, 4.6, palette.ring)
    pen.plate(2.8, 2.8, 21.2, 21.2, 3.4, colour)


def _house(pen: Pen, palette: Palette, colour: str) -> None:
    _badge(pen, palette, colour)
    pen.polygon([(12, 6.2), (18, 11.6), (6, 11.6)], palette.symbol, 0.5)
    pen.plate(7.6, 11, 16.4, 17.4, 0.6, palette.symbol)
    pen.plate(10.7, 13.2, 13.3, 17.4, 0.3, colour)


def household(pen: Pen, palette: Palette) -> None:
    """A house on a disc."""
    _house(pen, palette, palette.persons)


def household_status(pen: Pen, palette: Palette) -> None:
    """The house of a household with a status."""
    _house(pen, palette, palette.persons_status)


def event(pen: Pen, palette: Palette) -> None:
    """A flag on a disc."""
    _badge(pen, palette, palette.events)
    pen.line([(8.6, 6.6), (8.6, 18)], palette.symbol, 1.6)
    pen.polygon([(9.6, 6.8), (17.2, 9.6), (9.6, 12.6)], palette.symbol, 0.5)


def facility(pen: Pen, palette: Palette) -> None:
    """A nut on a square: a thing of the public realm."""
    _square_badge(pen, palette, palette.objects)
    corners = [(12 + 6 * math.cos(turn), 12 + 6 * math.sin(turn)) for turn in (k * math.pi / 3 for k in range(6))]
    pen.polygon(corners, palette.symbol, 0.6)
    pen.disc(12, 12, 2.7, palette.objects)


def place(pen: Pen, palette: Palette) -> None:
    """A building with windows on a square."""
    _square_badge(pen, palette, palette.places)
    pen.plate(7.4, 5.8, 16.6, 18.6, 0.6, palette.symbol)
    for x in (9.3, 12.9):
        for y in (7.9, 11):
            pen.plate(x, y, x + 1.8, y + 1.8, 0.2, palette.places)
    pen.plate(10.7, 14.6, 13.3, 18.6, 0.2, palette.places)


def address(pen: Pen, palette: Palette) -> None:
    """A number plate."""
    pen.plate(1.4, 5.6, 22.6, 18.4, 3.4, palette.ring)
    pen.plate(2.8, 7, 21.2, 17, 2.2, palette.addresses)
    pen.line([(6.4, 10.4), (17.6, 10.4)], palette.symbol, 1.4)
    pen.line([(9, 13.8), (15, 13.8)], palette.symbol, 1.4)


def flood_water(pen: Pen, palette: Palette) -> None:
    """Waves on a disc."""
    _badge(pen, palette, palette.flood)
    for y in (8.6, 12.2, 15.8):
        half = 6.2 if y == 12.2 else 5
        pen.line(_wave(12 - half, 12 + half, y, 1, 5), palette.symbol, 1.5)


def flood_pattern(pen: Pen, palette: Palette) -> None:
    """Waves that go on from tile to tile, for areas under water."""
    for y in (-6, 6, 18, 30):
        shift = 0 if y in (-6, 18) else 6
        pen.line(_wave(-6, 30, y, 1.6, 12, shift), palette.flood, 1.5)


def _wave(west: float, east: float, y: float, height: float, length: float, shift: float = 0) -> list[Point]:
    steps = [west + (east - west) * k / 60 for k in range(61)]
    return [(x, y + height * math.sin((x - west + shift) / length * 2 * math.pi)) for x in steps]


def _on_point(kind: str, figure: Callable[[Pen, str], None]) -> Drawing:
    """A small disc in the colour of a kind of point, with a figure in it."""

    def draw(pen: Pen, palette: Palette) -> None:
        colour = BASE_THEMES[palette.name].points[kind]
        pen.disc(12, 12, 11.4, palette.ring)
        pen.disc(12, 12, 10, colour)
        figure(pen, palette.symbol)

    return draw


def _star(pen: Pen, colour: str) -> None:
    turns = [(-90 + 36 * k, 6.8 if k % 2 == 0 else 2.8) for k in range(10)]
    pen.polygon(
        [(12 + r * math.cos(math.radians(a)), 12.4 + r * math.sin(math.radians(a))) for a, r in turns], colour, 0.3
    )


def _cross(pen: Pen, colour: str) -> None:
    pen.plate(10.2, 6, 13.8, 18, 0.5, colour)
    pen.plate(6, 10.2, 18, 13.8, 0.5, colour)


def _book(pen: Pen, colour: str) -> None:
    pen.polygon([(5.8, 8), (11.4, 9.6), (11.4, 17.4), (5.8, 15.8)], colour, 0.3)
    pen.polygon([(18.2, 8), (12.6, 9.6), (12.6, 17.4), (18.2, 15.8)], colour, 0.3)


def _bus(pen: Pen, colour: str) -> None:
    pen.plate(6.6, 6.4, 17.4, 16, 1.6, colour)
    pen.disc(9, 17.2, 1.5, colour)
    pen.disc(15, 17.2, 1.5, colour)


def _badge_figure(pen: Pen, colour: str) -> None:
    pen.polygon([(12, 5.8), (17.4, 7.8), (16.8, 13.4), (12, 18.4), (7.2, 13.4), (6.6, 7.8)], colour, 0.4)


def _bag(pen: Pen, colour: str) -> None:
    pen.plate(6.8, 10, 17.2, 18, 1, colour)
    pen.line([(9.4, 10), (9.6, 7.4), (12, 6.2), (14.4, 7.4), (14.6, 10)], colour, 1.3)


def _coin(pen: Pen, colour: str) -> None:
    pen.line([(8, 6.4), (12, 11.4), (16, 6.4)], colour, 1.7)
    pen.line([(12, 11.4), (12, 18)], colour, 1.7)
    pen.line([(8.6, 12.4), (15.4, 12.4)], colour, 1.4)
    pen.line([(8.6, 15.2), (15.4, 15.2)], colour, 1.4)


def _roof(pen: Pen, colour: str) -> None:
    pen.polygon([(12, 5.6), (19, 11), (5, 11)], colour, 0.3)
    pen.plate(7.4, 11.6, 16.6, 17.6, 0.4, colour)


def _tree(pen: Pen, colour: str) -> None:
    pen.polygon([(12, 5.4), (17, 14.6), (7, 14.6)], colour, 0.4)
    pen.plate(11, 14.6, 13, 18.4, 0.3, colour)


def _two_people(pen: Pen, colour: str) -> None:
    for x in (8.8, 15.2):
        pen.disc(x, 8, 1.8, colour)
        pen.plate(x - 2, 10.6, x + 2, 17.6, 1.4, colour)


def _dot_figure(pen: Pen, colour: str) -> None:
    pen.disc(12, 12, 3.6, colour)


def peak(pen: Pen, palette: Palette) -> None:
    """A triangle: the top of a hill."""
    corners = [(12, 5), (19.4, 18.4), (4.6, 18.4)]
    pen.polygon(corners, palette.halo, 2)
    pen.polygon(corners, BASE_THEMES[palette.name].contour_text, 0.4)


def shield_national(pen: Pen, _palette: Palette) -> None:
    """Behind the number of a national road."""
    pen.plate(0, 3, 24, 21, 3, "#ffffff")
    pen.plate(1.4, 4.4, 22.6, 19.6, 2.2, "#b3261e")


def shield_provincial(pen: Pen, _palette: Palette) -> None:
    """Behind the number of a provincial or county road."""
    pen.plate(0, 3, 24, 21, 3, "#6b5310")
    pen.plate(1.4, 4.4, 22.6, 19.6, 2.2, "#ffd75e")


_FIGURES: dict[str, Callable[[Pen, str], None]] = {
    "government": _star, "hospital": _cross, "school": _book, "station": _bus, "police": _badge_figure, "market": _bag,
    "shop": _bag, "bank": _coin, "culture": _book, "temple": _roof, "park": _tree, "toilet": _two_people, "other": _dot_figure,
}  # fmt: skip


def _of_kind(colour: str | Colours, figure: Sequence[Sequence[Point]]) -> Drawing:
    """The figure that a kind of record declares, on a square."""

    def draw(pen: Pen, palette: Palette) -> None:
        _square_badge(pen, palette, colour_in(palette, colour))
        for polygon in figure:
            pen.polygon(polygon, palette.symbol, 0.4)

    return draw


#: Name in the style → how it is drawn, and its side at 1x in pixels.
ICONS: dict[str, tuple[Drawing, int]] = {
    "alert-high": (alert_high, 24),
    "alert-medium": (alert_medium, 24),
    "alert-low": (alert_low, 22),
    "household": (household, 22),
    "household-status": (household_status, 22),
    "event": (event, 22),
    "object": (facility, 20),
    "place": (place, 20),
    "address": (address, 20),
    "flood-water": (flood_water, 22),
    "flood-water-pattern": (flood_pattern, 16),
    **{f"poi-{name}": (_on_point(name, figure), 18) for name, figure in _FIGURES.items()},
    "peak": (peak, 12),
    "shield-national": (shield_national, 20),
    "shield-provincial": (shield_provincial, 20),
    **{
        kind.look.icon: (_of_kind(kind.colour, kind.look.figure), 20)
        for kind in KINDS.values()
        if kind.look is not None and kind.look.figure is not None
    },
}
