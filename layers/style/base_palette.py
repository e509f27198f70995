"""The colours of the base map in the three themes. Text on them keeps 4.5:1, in high contrast 7:1; a test computes it.

Areas are tints, so that records stand out; roads are drawn as on a printed county map: the larger the road, the warmer its colour.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Road:
    """A road's surface and its casing."""

    fill: str
    casing: str


@dataclass(frozen=True, slots=True)
class BasePalette:
    """One theme. land, roads, points: by class. area_text: names of land, waters have their own."""

    land: Mapping[str, str]
    water: str
    water_line: str
    water_text: str
    building: str
    building_line: str
    roads: Mapping[str, Road]
    path: str
    road_text: str
    rail: str
    rail_gap: str
    contour: str
    contour_text: str
    area_text: str
    locality_text: str
    number_text: str
    point_text: str
    points: Mapping[str, str]

    def grounds(self) -> tuple[str, ...]:
        """What a name may stand on, beside its halo."""
        return (*self.land.values(), self.building)


LIGHT = BasePalette(
    land={
        "built_up": "#f2ede4", "industrial": "#ebe8ee", "education": "#f5eedb", "health": "#f8e9e6", "farmland": "#f5f6e6",
        "orchard": "#e9f1d8", "forest": "#d9ead0", "grass": "#e5f1d8", "park": "#d3eac8", "cemetery": "#dfe6da",
        "wetland": "#deeeea", "bare": "#efebe1",
    },
    water="#b9daf0", water_line="#86bbdf", water_text="#174f7c",
    building="#e2dacd", building_line="#bfb3a0",
    roads={
        "expressway": Road("#f4b566", "#b9721a"),
        "main_road": Road("#fbe3a0", "#bf9434"),
        "street": Road("#ffffff", "#b3b5b8"),
        "village_road": Road("#ffffff", "#bdbcb4"),
        "lane": Road("#ffffff", "#cbc9c2"),
    },
    path="#a98f68", road_text="#453a2c", rail="#777d84", rail_gap="#ffffff",
    contour="#c8a67a", contour_text="#7a5527", area_text="#3f5536", locality_text="#33414f",
    number_text="#6a4423", point_text="#4b4038",
    points={
        "government": "#b3261e", "hospital": "#c0392b", "school": "#8a5a12", "station": "#2b5f9e", "police": "#23527c",
        "market": "#7a4f8f", "shop": "#7a4f8f", "bank": "#2f6d62", "culture": "#8a5a12", "temple": "#8a5a12",
        "park": "#3c7a3c", "toilet": "#2b5f9e", "other": "#6b6f75",
    },
)  # fmt: skip

DARK = BasePalette(
    land={
        "built_up": "#20272f", "industrial": "#232732", "education": "#272a2c", "health": "#2b272d", "farmland": "#1c2729",
        "orchard": "#1d2b29", "forest": "#1a2e28", "grass": "#1d2d29", "park": "#1c3229", "cemetery": "#202b2b",
        "wetland": "#1a2c33", "bare": "#24272a",
    },
    water="#15344e", water_line="#2b5f8a", water_text="#9fd0f5",
    building="#2c3641", building_line="#44515f",
    roads={
        "expressway": Road("#9a6a2a", "#0f151b"),
        "main_road": Road("#6f6136", "#0f151b"),
        "street": Road("#4a5561", "#11181f"),
        "village_road": Road("#424c57", "#11181f"),
        "lane": Road("#38424d", "#131a21"),
    },
    path="#6f6350", road_text="#e3dccb", rail="#8b97a3", rail_gap="#1a222b",
    contour="#5c4f3a", contour_text="#d3b98c", area_text="#b8d3ad", locality_text="#d5dee6",
    number_text="#e3c9a8", point_text="#dcd3c8",
    points={
        "government": "#ff8a7e", "hospital": "#ff8a7e", "school": "#e0b060", "station": "#7fb5e6", "police": "#7fb5e6",
        "market": "#c9a2dd", "shop": "#c9a2dd", "bank": "#6cc4b6", "culture": "#e0b060", "temple": "#e0b060",
        "park": "#7fc47f", "toilet": "#7fb5e6", "other": "#a4adb6",
    },
)  # fmt: skip

CONTRAST = BasePalette(
    land={
        "built_up": "#f4f4f4", "industrial": "#eeeeee", "education": "#fff8e0", "health": "#fff0f0", "farmland": "#ffffff",
        "orchard": "#f2fbe8", "forest": "#e4f6da", "grass": "#f0fae8", "park": "#dcf5d0", "cemetery": "#eaf2e6",
        "wetland": "#e6f7f5", "bare": "#f6f2ea",
    },
    water="#cfe9ff", water_line="#00509e", water_text="#00305f",
    building="#dcdcdc", building_line="#4a4a4a",
    roads={
        "expressway": Road("#ffb000", "#000000"),
        "main_road": Road("#ffe680", "#000000"),
        "street": Road("#ffffff", "#000000"),
        "village_road": Road("#ffffff", "#3a3a3a"),
        "lane": Road("#ffffff", "#5a5a5a"),
    },
    path="#5a3d10", road_text="#000000", rail="#000000", rail_gap="#ffffff",
    contour="#8a5a10", contour_text="#4a2c00", area_text="#0d3d0d", locality_text="#000000",
    number_text="#3a2200", point_text="#1a1a1a",
    points={
        "government": "#a80000", "hospital": "#a80000", "school": "#5c3500", "station": "#003c8f", "police": "#003c8f",
        "market": "#5b0f80", "shop": "#5b0f80", "bank": "#004d4d", "culture": "#5c3500", "temple": "#5c3500",
        "park": "#0d4d0d", "toilet": "#003c8f", "other": "#333333",
    },
)  # fmt: skip

BASE_THEMES: dict[str, BasePalette] = {"light": LIGHT, "dark": DARK, "contrast": CONTRAST}
