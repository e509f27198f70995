"""OpenStreetMap's PBF becomes the base map: what it shows of the county, whole or not at all."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import osmium
import pytest
from osmium.osm.mutable import Node, Relation, Way

from importing.errors import FileEmpty, FileTruncated, FileUnreadable, ReaderEnded
from importing.files import PBF_SUFFIXES, open_table
from importing.files.osm_tags import AREAS, BUILDINGS, LINES, POINTS, WATERS, metres_of
from importing.mappings.mapping import FOLDER
from layers.base.catalogue import LAYERS
from tests.importing.conftest import MIDDLE_LAT, MIDDLE_LON, E, Load, S, W

Query = Callable[..., list[tuple[Any, ...]]]
MAPPING = (FOLDER / "osm_pbf.toml").read_text("utf-8")


class Drawing:
    """A PBF in the making."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._nodes: list[Node] = []
        self._ways: list[Way] = []
        self._relations: list[Relation] = []

    def node(self, lon: float, lat: float, **tags: str) -> int:
        self._nodes.append(Node(id=len(self._nodes) + 1, location=(lon, lat), tags=tags, version=1))
        return len(self._nodes)

    def way(self, points: list[tuple[float, float]], tags: dict[str, str]) -> int:
        refs = [self.node(*point) for point in points]
        self._ways.append(
            Way(id=len(self._ways) + 1, nodes=refs + refs[:1] if "highway" not in tags else refs, tags=tags, version=1)
        )
        return len(self._ways)

    def square(self, west: float, south: float, width: float, **tags: str) -> int:
        east, north = west + width, south + width
        return self.way([(west, south), (east, south), (east, north), (west, north)], tags)

    def relation(self, outer: int, inner: int, **tags: str) -> None:
        members = [("w", outer, "outer"), ("w", inner, "inner")]
        self._relations.append(Relation(id=1, members=members, tags={"type": "multipolygon", **tags}, version=1))

    def written(self) -> Path:
        with osmium.SimpleWriter(str(self.path), overwrite=True) as writer:
            for node in self._nodes:
                writer.add_node(node)
            for way in self._ways:
                writer.add_way(way)
            for relation in self._relations:
                writer.add_relation(relation)
        return self.path


@pytest.fixture
def county_pbf(tmp_path: Path) -> Path:
    made = Drawing(tmp_path / "county.osm.pbf")
    made.way(
        [(W - 1, MIDDLE_LAT), (E + 1, MIDDLE_LAT)], {"highway": "motorway", "name": "申嘉湖高速", "ref": "S12;G60"}
    )
    made.way([(W + 0.01, S + 0.01), (W + 0.02, S + 0.01)], {"highway": "proposed"})
    made.square(W + 0.01, S + 0.02, 0.0002, building="school", amenity="school", name="武康小学", height="12 m")
    made.square(W + 0.01, S + 0.03, 0.0002, building="yes", **{"building:levels": "5"})
    made.node(MIDDLE_LON, MIDDLE_LAT, place="village", name="Wukang", **{"name:zh": "武康"})
    made.node(W - 2, S, place="village", name="别县村")
    outer, inner = made.square(W + 0.02, S + 0.02, 0.01), made.square(W + 0.024, S + 0.024, 0.002)
    made.relation(outer, inner, natural="water", water="reservoir", name="对河口水库")
    return made.written()


def rows_of(path: Path, **more: Any) -> list[list[Any]]:
    source = open_table(path, PBF_SUFFIXES, **more)
    try:
        return [row for batch in source.batches() for row in batch.values]
    finally:
        source.close()


@pytest.mark.usefixtures("grounds")
def test_a_region_becomes_the_base_map_of_the_county(load: Load, query: Query, county_pbf: Path) -> None:
    report = load(county_pbf, MAPPING)
    assert (report.counts["added"], report.counts["rejected"]) == (6, 0)
    found = query("SELECT source_key, kind, class, name, number, height_m FROM base_feature ORDER BY kind, source_key")
    assert found == [
        ("w3.buildings", "buildings", "public", "武康小学", None, 12.0),
        ("w4.buildings", "buildings", "other", None, None, 15.0),
        ("n13.localities", "localities", "village", "武康", None, None),
        ("w3.points", "points", "school", "武康小学", None, None),
        ("w1.roads", "roads", "expressway", "申嘉湖高速", "S12", None),
        ("r1.water", "water", "reservoir", "对河口水库", None, None),
    ]
    assert query("SELECT st_numinteriorrings(st_geometryn(geom, 1)) FROM base_feature WHERE kind = 'water'") == [(1,)]
    assert "1 个要素" in " ".join(report.counts["notices"])  # the village of another county
    assert load(county_pbf, MAPPING).counts["unchanged"] == 6


def test_a_file_cut_off_and_one_that_is_none_are_refused(county_pbf: Path, tmp_path: Path) -> None:
    whole = county_pbf.read_bytes()
    for size in (len(whole) - 7, len(whole) // 2, 40):
        cut = tmp_path / "cut.osm.pbf"
        cut.write_bytes(whole[:size])
        with pytest.raises((FileTruncated, ReaderEnded)):
            rows_of(cut)
    (tmp_path / "no.pbf").write_bytes(b"id,name\n1,a\n")
    with pytest.raises((FileTruncated, FileUnreadable)):
        rows_of(tmp_path / "no.pbf")
    broken = bytearray(whole)
    for at in range(200, len(whole), 97):
        broken[at] ^= 0xFF
    (tmp_path / "broken.pbf").write_bytes(broken)
    with pytest.raises((FileTruncated, ReaderEnded)):
        rows_of(tmp_path / "broken.pbf")


def test_a_file_without_anything_for_the_map_is_empty(tmp_path: Path) -> None:
    made = Drawing(tmp_path / "bare.pbf")
    made.node(120, 30, natural="tree")
    with pytest.raises(FileEmpty):
        rows_of(made.written())


def test_every_meaning_is_a_class_of_the_base_map() -> None:
    known = {(layer.name, one.name) for layer in LAYERS.values() for one in layer.classes}
    geometry = {layer.name: layer.geometry for layer in LAYERS.values()}
    for meanings, shape in ((LINES, "line"), (AREAS, "polygon"), (POINTS, "point")):
        assert set(meanings.values()) <= known
        assert {geometry[kind] for kind, _ in meanings.values()} == {shape}
    assert {("water", name) for name in WATERS.values()} | {("buildings", name) for name in BUILDINGS.values()} <= known
    assert [metres_of(text) for text in ("12", "12.5 m", "40'", None, "1e9", "五")] == [
        "12",
        "12.5",
        None,
        None,
        None,
        None,
    ]
