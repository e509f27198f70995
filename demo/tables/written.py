"""Addresses as people write them: levels left out, 栋 for 幢, spaces, full-width digits, a wrong character."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from demo.land.addresses import Addresses
from demo.land.divisions import Divisions
from demo.words import CITY, COUNTY, PROVINCE

Ints = npt.NDArray[np.int64]

#: style → share of all texts
STYLES = {
    "official": 0.40,
    "no_province": 0.25,
    "from_town": 0.12,
    "no_town": 0.05,
    "other_building_word": 0.06,
    "no_room_word": 0.04,
    "spaced": 0.04,
    "full_width": 0.02,
    "no_village": 0.008,
    "typo": 0.002,
}
_FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")
#: characters that sound or look alike
_SLIPS = str.maketrans("塘坞墩浜渡岭湾坑漾畈垄台晴锦霞银泉舟源", "糖屋敦滨度领弯坎样板垅抬睛绵暇很全州原")


@dataclass(slots=True)
class Writer:
    """Writes addresses in the styles above and counts them. duplicated: names that two villages share."""

    divisions: Divisions
    addresses: Addresses
    counts: Counter[str] = field(default_factory=Counter)
    typos: set[int] = field(default_factory=set)
    duplicated: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        names = Counter(self.divisions.village_name)
        self.duplicated = {name for name, times in names.items() if times > 1}

    def write_all(self, rng: np.random.Generator, positions: Ints) -> list[str]:
        """One text per address position; −1 gives an empty text. ``typos`` collects the places with a wrong character."""
        names = list(STYLES)
        shares = np.array(list(STYLES.values()))
        styles = rng.choice(len(names), len(positions), p=shares / shares.sum()).tolist()
        texts = []
        for place, (position, style) in enumerate(zip(positions.tolist(), styles, strict=True)):
            if position < 0:
                texts.append("")
                continue
            text, used = self.write(position, names[style])
            self.counts[used] += 1
            if used == "typo":
                self.typos.add(place)
            texts.append(text)
        return texts

    def write(self, position: int, style: str) -> tuple[str, str]:
        """The address in a style, and the style used: official when the wanted one would change nothing."""
        village = int(self.addresses.village[position])
        town_name = self.divisions.town_name[int(self.divisions.boundaries.town_of_village[village])]
        village_name = self.divisions.village_name[village]
        local = self.addresses.local[position]
        road = self.addresses.levels[position][1]
        official = self.addresses.text(position)
        text = official
        if style == "no_province":
            text = COUNTY + town_name + village_name + local
        elif style == "from_town":
            text = town_name + village_name + local
        elif style == "no_town" and village_name not in self.duplicated:
            text = COUNTY + village_name + local
        elif style == "no_village" and road:
            text = COUNTY + town_name + local
        elif style == "other_building_word":
            text = COUNTY + town_name + village_name + local.replace("幢", "栋" if position % 2 else "号楼")
        elif style == "no_room_word":
            text = COUNTY + town_name + village_name + local.removesuffix("室")
        elif style == "spaced":
            text = " ".join((PROVINCE + CITY + COUNTY, town_name, village_name, local))
        elif style == "full_width":
            text = official.translate(_FULL_WIDTH)
        elif style == "typo":
            text = COUNTY + town_name + _slip(village_name, road, local)
        plain = text in (official, COUNTY + town_name + village_name + local)
        return text, ("official" if text == official else "no_province") if plain else style


def _slip(village_name: str, road: str, local: str) -> str:
    """One wrong character: in the road's name, or else in the village's."""
    for i, character in enumerate(road):
        wrong = character.translate(_SLIPS)
        if wrong != character:
            return village_name + road[:i] + wrong + road[i + 1 :] + local.removeprefix(road)
    for i, character in enumerate(village_name):
        wrong = character.translate(_SLIPS)
        if wrong != character:
            return village_name[:i] + wrong + village_name[i + 1 :] + local
    return village_name + local
