"""The one declaration of the base map: its source layers, their classes, from which zoom each is shown, what its features say.

A class that a file names and that is not here is sent back by the import; the tile, TileJSON, the style and the packs read this.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from layers.catalogue.tilejson import VectorLayer

#: Name of the tile that carries all source layers of the base map, and of the one with the names of what a scope holds.
BASE, NAMES = "base", "names"
MINZOOM, MAXZOOM = 5, 16
#: From this zoom on doors carry their number.
HOUSE_NUMBERS_FROM = 16
#: More features of one source layer than this are left out of a tile, the least important first; told in ``X-Generalised``.
BUDGET = 4000

Geometry = Literal["line", "polygon", "point"]


@dataclass(frozen=True, slots=True)
class BaseClass:
    """A class of features. minzoom: the lowest zoom that shows it; areas also wait until they are large enough to be seen."""

    name: str
    label: str
    minzoom: int


@dataclass(frozen=True, slots=True)
class BaseLayer:
    """One source layer. fields: attributes beside class and name, with their meaning."""

    name: str
    title: str
    title_en: str
    geometry: Geometry
    classes: tuple[BaseClass, ...]
    fields: tuple[tuple[str, str], ...] = ()


def _classes(**classes: tuple[str, int]) -> tuple[BaseClass, ...]:
    return tuple(BaseClass(name, label, minzoom) for name, (label, minzoom) in classes.items())


LAYERS: dict[str, BaseLayer] = {
    layer.name: layer
    for layer in (
        BaseLayer(
            "land_use", "用地", "land use", "polygon",
            _classes(
                built_up=("居民地", 8), industrial=("工业", 11), education=("学校", 13), health=("医院", 13),
                farmland=("耕地", 9), orchard=("园地", 10), forest=("林地", 7), grass=("草地", 12), park=("公园", 12),
                cemetery=("墓地", 13), wetland=("湿地", 10), bare=("裸地", 12),
            ),
        ),
        BaseLayer(
            "contours", "等高线", "contours", "line", _classes(index=("计曲线", 12), ordinary=("首曲线", 14)),
            (("height", "metres above sea level"),),
        ),
        BaseLayer(
            "water", "水面", "waters", "polygon",
            _classes(river=("河流", 6), lake=("湖泊", 6), reservoir=("水库", 8), pond=("坑塘", 12), basin=("水池", 14)),
        ),
        BaseLayer(
            "waterways", "水系", "waterways", "line",
            _classes(river=("河", 8), canal=("渠", 11), stream=("溪", 12), ditch=("沟", 14)),
        ),
        BaseLayer(
            "buildings", "建筑", "buildings", "polygon",
            _classes(house=("住宅", 14), public=("公共", 13), commercial=("商业", 13), industrial=("厂房", 13), other=("其他", 14)),
            (("height", "metres above the ground"),),
        ),
        BaseLayer(
            "railways", "铁路", "railways", "line",
            _classes(rail=("铁路", 7), metro=("轨道交通", 10), siding=("专用线", 13)),
        ),
        BaseLayer(
            "roads", "道路", "roads", "line",
            _classes(
                expressway=("高速公路", 5), main_road=("干线公路", 8), street=("城市道路", 11), village_road=("乡村道路", 11),
                lane=("街巷", 14), path=("小路", 15),
            ),
            (("number", "number of the road, G25"),),
        ),
        BaseLayer(
            "points", "兴趣点", "points of interest", "point",
            _classes(
                government=("政府机关", 13), hospital=("医院", 14), school=("学校", 14), station=("车站", 13), police=("派出所", 14),
                market=("市场", 15), shop=("商店", 16), bank=("银行", 16), culture=("文化", 15), temple=("寺庙", 15),
                park=("公园", 14), toilet=("公厕", 16), other=("其他", 16),
            ),
        ),
        BaseLayer(
            "localities", "地名", "place names", "point",
            _classes(
                town=("集镇", 8), village=("行政村", 11), hamlet=("自然村", 13), peak=("山峰", 12), water=("水域", 13), other=("其他", 14)
            ),
        ),
    )
}  # fmt: skip

#: Name points of named areas: class and name of the area, and which source layer it is of.
LABELS = BaseLayer(
    "labels", "面注记", "names of areas", "point", (), (("of", "source layer of the area"), ("rank", "larger first"))
)
#: Source layers of the tile ``names``: what a scope holds, each at one point.
NAME_LAYERS = (
    BaseLayer(
        "division_names",
        "政区名",
        "names of divisions",
        "point",
        (),
        (
            ("id", "division code"),
            ("level", "county, town, village"),
        ),
    ),
    BaseLayer("cell_names", "网格名", "names of cells", "point", (), (("id", "cell code"),)),
    BaseLayer("house_numbers", "门牌号", "house numbers", "point", (), (("number", "as on the plate"),)),
)
#: Tile → title, source layers, lowest and highest zoom that has tiles.
TILES: dict[str, tuple[str, tuple[BaseLayer, ...], int, int]] = {
    BASE: ("底图", (*LAYERS.values(), LABELS), MINZOOM, MAXZOOM),
    NAMES: ("注记", NAME_LAYERS, 0, 18),
}


def described(tile: str) -> list[VectorLayer]:
    """``vector_layers`` of TileJSON 3.0 of one of these tiles."""
    _, layers, lowest, highest = TILES[tile]
    named = tile == NAMES
    return [
        {
            "id": layer.name,
            "description": layer.title,
            "minzoom": max(lowest, min((one.minzoom for one in layer.classes), default=lowest)),
            "maxzoom": highest,
            "fields": ({} if named else {"class": "class"})
            | ({} if layer.name == "house_numbers" else {"name": "name"})
            | dict(layer.fields),
            "geometry": layer.geometry,
        }
        for layer in layers
    ]
