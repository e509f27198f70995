"""Colours as ``#rrggbb``: their parts, one over another, how well two can be told apart (WCAG 2.2, relative luminance)."""

from __future__ import annotations


def parts(colour: str) -> tuple[int, int, int]:
    """Red, green and blue, 0 to 255."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def over(colour: str, opacity: float, ground: str) -> str:
    """The colour seen where one lies over a ground."""
    top, below = parts(colour), parts(ground)
    mixed = (round(t * opacity + b * (1 - opacity)) for t, b in zip(top, below, strict=True))
    return "#" + "".join(f"{part:02x}" for part in mixed)


def luminance(colour: str) -> float:
    """Relative luminance, 0 of black to 1 of white."""
    shares = (part / 255 for part in parts(colour))
    red, green, blue = (s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """From 1, the same, to 21, black on white."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def as_text(colour: str, *grounds: str, needed: float = 4.5) -> str:
    """The colour itself, or the lightest darker shade of it that can be read on every ground."""
    for step in range(100):
        shade = over("#000000", step / 100, colour)
        if min(contrast(shade, ground) for ground in grounds) >= needed:
            return shade
    return "#000000"
