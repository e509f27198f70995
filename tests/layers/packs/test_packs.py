"""Offline packs: only the scope, all of the scope, whole files, deltas that lead to the same pack, everything audited."""

import gzip
import json
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import mapbox_vector_tile
import pytest
from sqlalchemy import text

from database.connection.engine import Database
from database.errors import OnemapError
from database.rights.scope import InvalidScope, Role, Scope
from database.upgrade.counties import CountyNotFound
from layers.base.catalogue import TILES, described
from layers.packs.delta import PackMismatch, apply_delta, make_delta
from layers.packs.export import NothingInScope, PackOrder, PackPurposeMissing, make_pack
from layers.packs.files import UnknownPackFormat, read_pack, write_pack
from layers.packs.pack import NotAPack, Pack
from layers.style.fonts import FontLibrary
from layers.tiles.catalogue import LAYERS
from mapserver.app.create import WEB_APP
from tests import world
from tests.layers.style.test_glyphs import read as read_glyphs
from tests.layers.tiles.test_counts import crowded  # noqa: F401
from tests.world import CELLS, CHUNHUI, LIAOYUAN, MOGAN, QIANQIU, WUKANG

FORMATS = pytest.mark.parametrize("extension", ["pmtiles", "mbtiles"])
EVERYTHING = {"personal": True, "purpose": "汛期入户核查"}
LIBRARY = FontLibrary(WEB_APP / "assets")


def packed(database: Database, scope: str, **more: object) -> Pack:
    return make_pack(database, PackOrder(scope, **more), LIBRARY, actor="test")  # type: ignore[arg-type]


#: Source layers of the base map and of the names.
PUBLIC = {str(layer["id"]) for tile in TILES for layer in described(tile)}


def sums(pack: Pack) -> dict[tuple[int, str], int]:
    """Zoom and layer → the rows its features stand for; outlines by how many different ones."""
    found: Counter[tuple[int, str]] = Counter()
    outlines: set[tuple[int, str, object]] = set()
    for (z, _, _), body in pack.tiles.items():
        for name, layer in mapbox_vector_tile.decode(gzip.decompress(body)).items():
            if name in PUBLIC:
                continue
            if LAYERS[name].geometry == "polygon":
                outlines |= {(z, name, feature["properties"]["id"]) for feature in layer["features"]}
            else:
                found[z, name] += sum(feature["properties"]["n"] for feature in layer["features"])
    found.update((z, name) for z, name, _ in outlines)
    return dict(found)


@pytest.mark.parametrize("scope", ["330521", WUKANG, CHUNHUI, LIAOYUAN, CELLS[0]])
def test_a_pack_holds_exactly_what_the_scope_permits(crowded: Database, scope: str) -> None:  # noqa: F811
    totals = sums(packed(crowded, scope, **EVERYTHING))
    with crowded.transaction(Scope("330521", "test", Role.VILLAGE_OFFICER, (scope,))) as connection:
        for name, layer in LAYERS.items():
            rows = connection.scalar(
                text(f"SELECT count(*) FROM {layer.table} WHERE {layer.shows} AND geom IS NOT NULL")
            )
            for z in (9, 12, 13, 14, 16):
                assert totals.get((z, name), 0) == rows, (name, z)


def test_a_worker_of_one_town_finds_no_other_towns_rows(crowded: Database) -> None:  # noqa: F811
    pack = packed(crowded, MOGAN, **EVERYTHING)
    ids = {
        str(feature["properties"]["id"])
        for body in pack.tiles.values()
        for name, layer in mapbox_vector_tile.decode(gzip.decompress(body)).items()
        if name in ("divisions", "cells")
        for feature in layer["features"]
    }
    assert ids
    assert all(one.startswith(MOGAN) for one in ids)
    assert "千秋" not in "".join(body.decode("latin-1") for body in pack.files.values())


def test_what_is_about_persons_is_packed_only_with_a_purpose(crowded: Database) -> None:  # noqa: F811
    pack = packed(crowded, QIANQIU)
    about_land = {"divisions", "cells", "addresses", "parcels", "places", "objects"}
    assert {name for _, name in sums(pack)} == about_land
    assert {layer["id"] for layer in pack.layers} == about_land | PUBLIC
    style = json.loads(pack.files["style/light.json"])
    assert {layer["source-layer"] for layer in style["layers"] if "source-layer" in layer} == about_land | PUBLIC
    for purpose in (None, "", "  "):
        with pytest.raises(PackPurposeMissing):
            packed(crowded, QIANQIU, personal=True, purpose=purpose)
    assert {name for _, name in sums(packed(crowded, QIANQIU, **EVERYTHING))} == set(LAYERS)


def test_every_pack_is_in_the_audit_trail(crowded: Database, system: Scope) -> None:  # noqa: F811
    packed(crowded, CHUNHUI, **EVERYTHING)
    with crowded.transaction(system) as connection:
        row = connection.execute(text("SELECT * FROM audit_event WHERE action = 'export_tiles'")).one()
    assert (row.actor, row.purpose, row.grid_code) == ("test", "汛期入户核查", CHUNHUI)
    assert "persons" in row.target


@pytest.mark.parametrize(
    ("scope", "error"),
    [
        ("33052", InvalidScope),
        ("", InvalidScope),
        ("330521001'", InvalidScope),
        ("330599", CountyNotFound),
        ("330521777", NothingInScope),
    ],
)
def test_a_scope_that_is_none_is_refused(crowded: Database, scope: str, error: type[OnemapError]) -> None:  # noqa: F811
    with pytest.raises(error):
        packed(crowded, scope)


@FORMATS
def test_a_file_gives_back_the_pack(crowded: Database, tmp_path: Path, extension: str) -> None:  # noqa: F811
    pack = packed(crowded, WUKANG)
    path = tmp_path / f"town.{extension}"
    assert write_pack(pack, path) == path.stat().st_size
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_pack(path) == pack
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]
    zooms = {z for z, _x, _y in pack.tiles}
    if extension == "mbtiles":
        with closing(sqlite3.connect(path)) as database:
            metadata = dict(database.execute("SELECT name, value FROM metadata"))
        assert (int(metadata["minzoom"]), int(metadata["maxzoom"])) == (min(zooms), max(zooms))
    for layer in pack.layers:
        assert min(zooms) <= layer["minzoom"] <= layer["maxzoom"] <= max(zooms), layer["id"]
        assert set(layer["fields"].values()) <= {"Number", "Boolean", "String"}, layer["id"]
        assert layer["id"] in PUBLIC or layer["fields"]["n"] == "Number"


def test_gdal_reads_the_database_of_tiles(crowded: Database, tmp_path: Path) -> None:  # noqa: F811
    pyogrio = pytest.importorskip("pyogrio")
    path = tmp_path / "town.mbtiles"
    write_pack(packed(crowded, WUKANG), path)
    layers = {name for name, _ in pyogrio.list_layers(path)}
    assert {"cells", "divisions", "objects"} <= layers


@FORMATS
def test_a_delta_leads_to_the_same_pack(crowded: Database, system: Scope, tmp_path: Path, extension: str) -> None:  # noqa: F811
    base = packed(crowded, WUKANG)
    with crowded.transaction(system) as connection:
        connection.execute(text(f"DELETE FROM facility WHERE grid_code = '{CELLS[0]}01'"))
        connection.execute(text("UPDATE event SET title = '改' WHERE grid_code = :c"), {"c": CHUNHUI})
        connection.execute(
            text("UPDATE grid_cell SET name = '龘第一网格' WHERE code = :c"), {"c": CELLS[1]}
        )  # a character that was not needed before
        world.add_address(connection, "德清县武康街道新村路1号", CELLS[2], 44)
    new = packed(crowded, WUKANG)
    paths = [tmp_path / f"{name}.{extension}" for name in ("base", "delta")]
    for pack, path in zip((base, make_delta(base, new)), paths, strict=True):
        write_pack(pack, path)
    delta = read_pack(paths[1])
    assert 0 < len(delta.tiles) < len(new.tiles)
    assert any(name.startswith("fonts/") for name in delta.files)
    assert replace(apply_delta(read_pack(paths[0]), delta), made_at=new.made_at) == new


def test_what_is_gone_is_taken_away(crowded: Database, system: Scope) -> None:  # noqa: F811
    with crowded.transaction(system) as connection:
        far = world.add_address(connection, "德清县武康街道远处1号", CELLS[2], 3)
        connection.execute(
            text("UPDATE standard_address SET geom = st_setsrid(st_point(120.3, 30.9), 4490) WHERE id = :id"),
            {"id": far},
        )
    base = packed(crowded, CHUNHUI)
    with crowded.transaction(system) as connection:
        connection.execute(text("UPDATE standard_address SET status = 'retired' WHERE id = :id"), {"id": far})
    new = packed(crowded, CHUNHUI)
    assert (
        base.tiles.keys() - new.tiles.keys()
    )  # records follow codes: it was outside the outlines, and packed all the same
    assert apply_delta(base, make_delta(base, new)).tiles == new.tiles


def test_without_a_change_a_delta_is_one_tile(crowded: Database) -> None:  # noqa: F811
    base, again = packed(crowded, WUKANG), packed(crowded, WUKANG)
    assert base.identity == again.identity
    delta = make_delta(base, again)
    assert (list(delta.tiles), delta.files) == ([(0, 0, 0)], {})


def test_a_delta_fits_one_pack_only(crowded: Database, system: Scope) -> None:  # noqa: F811
    base, other = packed(crowded, WUKANG), packed(crowded, MOGAN)
    with pytest.raises(PackMismatch):
        make_delta(other, base)
    delta = make_delta(base, base)
    for wrong in (other, delta, replace(base, identity="0" * 32)):
        with pytest.raises(PackMismatch):
            apply_delta(wrong, delta)
    with pytest.raises(PackMismatch):
        apply_delta(base, replace(delta, identity="0" * 32))
    with pytest.raises(PackMismatch):
        apply_delta(base, base)  # not a delta


def test_only_the_lettering_of_the_names_is_packed(crowded: Database) -> None:  # noqa: F811
    pack = packed(crowded, CHUNHUI)
    drawn = {
        chr(code)
        for name, body in pack.files.items()
        if name.startswith("fonts/Noto Sans SC Regular/")
        for code in read_glyphs(body)[2]
    }
    assert drawn == set("春晖社区居民委员会第1网格地块") | set("0123456789")  # the digits of counts
    for theme in ("light", "dark", "contrast"):
        assert json.loads(pack.files[f"style/{theme}.json"])["glyphs"].startswith("pack://")
        assert f"sprites/{theme}@2x.png" in pack.files


@FORMATS
def test_a_file_that_is_no_pack_is_told(tmp_path: Path, extension: str) -> None:
    for content in (b"", b"not a pack", b"SQLite format 3\0" + b"\0" * 84, b"PMTiles\x03" + b"\0" * 119):
        path = tmp_path / f"broken.{extension}"
        path.write_bytes(content)
        with pytest.raises(NotAPack):
            read_pack(path)


def test_a_pack_of_another_maker_is_told(tmp_path: Path) -> None:
    with pytest.raises(UnknownPackFormat):
        read_pack(tmp_path / "town.zip")


@FORMATS
def test_an_older_file_stays_when_the_new_one_fails(crowded: Database, tmp_path: Path, extension: str) -> None:  # noqa: F811
    path = tmp_path / f"town.{extension}"
    path.write_bytes(b"the one of yesterday")
    with pytest.raises((ValueError, IndexError, KeyError)):
        write_pack(replace(packed(crowded, CHUNHUI), tiles={}), path)
    assert path.read_bytes() == b"the one of yesterday"
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]
