"""The demo county: everything in order, from boundaries to department files and the truth about what was planted."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from database.clock import day_in_china
from demo.base_map import make_base_map
from demo.land.addresses import Addresses, make_addresses
from demo.land.boundaries import make_boundaries
from demo.land.divisions import Divisions, make_divisions
from demo.land.place_names import PlaceNames, make_place_names
from demo.people.happenings import make_events, make_visits
from demo.people.people import People, make_people
from demo.people.places import Dwellings, Units, make_dwellings, make_units
from demo.people.planted import Planted, plant
from demo.scales import SCALES, Scale
from demo.tables import land as land
from demo.tables import people as persons
from demo.tables import public as public
from demo.tables.parcels import write_parcels
from demo.tables.update import next_edition
from demo.tables.written import Writer
from demo.words import COUNTY_CODE, COUNTY_SHOWN, SYNTHETIC_NOTE

SEED = 339901
BAD_PERSONS = 4


@dataclass(frozen=True, slots=True)
class DemoFile:
    """One department file and the name of its mapping."""

    path: Path
    mapping: str
    rows: int


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """A sign-in of the demo; the password is made when the county is loaded. prefixes: grid codes it may see."""

    username: str
    display_name: str
    role: str
    prefixes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DemoCounty:
    """A generated county. files: in the order in which they must be loaded. truth: path of ``truth.json``."""

    code: str
    name: str
    files: tuple[DemoFile, ...]
    accounts: tuple[DemoAccount, ...]
    truth: Path


@dataclass(frozen=True, slots=True)
class _Model:
    """The county before it is written."""

    scale: Scale
    today: date
    divisions: Divisions
    addresses: Addresses
    people: People
    dwellings: Dwellings
    units: Units
    place_names: PlaceNames
    planted: Planted
    accounts: tuple[DemoAccount, ...]


class _Folder:
    """The files as they are written, with the bad rows in each."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.files: list[DemoFile] = []
        self.bad: dict[str, dict[str, int]] = {}

    def add(self, name: str, mapping: str, written: int | tuple[int, dict[str, int]]) -> None:
        rows, bad = written if isinstance(written, tuple) else (written, {})
        self.files.append(DemoFile(self.path / name, mapping, rows))
        if bad:
            self.bad[name] = bad


def generate_county(out_dir: Path, scale: str = "small", seed: int = SEED, today: date | None = None) -> DemoCounty:
    """Write the department files of a wholly synthetic county and say how to load them.

    scale: small, county or large. today: the day the events lead up to. Equal arguments give equal files. Positions
    are EPSG:4490 unless a file is meant to differ (README.txt). Raises KeyError for an unknown scale.
    """
    day = today or day_in_china()
    out_dir.mkdir(parents=True, exist_ok=True)
    for old in [*out_dir.rglob("*.gpkg"), *out_dir.rglob("*.shp")]:
        old.unlink()
    (out_dir / "update").mkdir(exist_ok=True)
    size = SCALES[scale]
    model = _make(size, seed, day)
    folder = _Folder(out_dir)
    _write_land(folder, model, _stream(seed, 20))
    writer = Writer(model.divisions, model.addresses)
    first = _first_edition(model, writer, _stream(seed, 21))
    typos = sorted(writer.typos)
    _write_people(folder, model, first, seed)
    _write_public(folder, model, writer, seed)
    _write_base(folder, model, seed)
    differences = _write_update(folder, model, first, seed)
    truth = _write_truth(folder, model, writer, typos, differences, seed)
    note = SYNTHETIC_NOTE.format(name=COUNTY_SHOWN, code=COUNTY_CODE, scale=scale, seed=seed, today=day)
    (out_dir / "README.txt").write_text(note, "utf-8")
    return DemoCounty(COUNTY_CODE, COUNTY_SHOWN, tuple(folder.files), model.accounts, truth)


def _stream(seed: int, number: int) -> np.random.Generator:
    """A generator of its own for each part, so that one part does not disturb the others."""
    return np.random.default_rng([seed, number])


def _make(scale: Scale, seed: int, today: date) -> _Model:
    divisions = make_divisions(_stream(seed, 2), scale, make_boundaries(_stream(seed, 1), scale))
    addresses = make_addresses(_stream(seed, 3), scale, divisions)
    people = make_people(_stream(seed, 4), scale, addresses, today)
    dwellings = make_dwellings(_stream(seed, 5), addresses, people)
    units = make_units(_stream(seed, 6), scale, addresses)
    names = make_place_names(_stream(seed, 8), divisions, addresses)
    planted = plant(_stream(seed, 7), scale.planted, divisions, addresses, people, dwellings)
    accounts = _accounts(divisions, planted)
    return _Model(scale, today, divisions, addresses, people, dwellings, units, names, planted, accounts)


def _accounts(divisions: Divisions, planted: Planted) -> tuple[DemoAccount, ...]:
    """One sign-in of each role; the worker's cells are where there is something to see."""
    village = planted.village
    code = divisions.village_code[village]
    name = divisions.village_name[village]
    town = divisions.town_name[int(divisions.boundaries.town_of_village[village])]
    cell_codes = tuple(sorted(divisions.cell_code[i] for i in planted.cells))
    return (
        DemoAccount("wangge", f"{name}网格员（演示）", "grid_worker", cell_codes),
        DemoAccount("cun", f"{name}村干部（演示）", "village_officer", (code,)),
        DemoAccount("xiangzhen", f"{town}干部（演示）", "town_official", (code[:9],)),
        DemoAccount("shuju", "数据专员（演示）", "gis_staff", (COUNTY_CODE,)),
        DemoAccount("admin", "县级管理员（演示）", "county_admin", (COUNTY_CODE,)),
        DemoAccount("xitong", "系统管理员（演示）", "system_admin", (COUNTY_CODE,)),
        DemoAccount("anquan", "安全管理员（演示）", "security_admin", (COUNTY_CODE,)),
        DemoAccount("shenji", "审计员（演示）", "auditor", (COUNTY_CODE,)),
    )


def _write_land(folder: _Folder, model: _Model, rng: np.random.Generator) -> None:
    out, divisions, addresses = folder.path, model.divisions, model.addresses
    counted = land.write_divisions(out / "民政_行政区划.gpkg", divisions)
    levels = {"demo_county": 1, "demo_towns": len(divisions.town_code), "demo_villages": len(divisions.village_code)}
    assert counted == sum(levels.values())
    for mapping, rows in levels.items():
        folder.add("民政_行政区划.gpkg", mapping, rows)
    cell = divisions.boundaries.cell_of_micro[addresses.micro[model.people.home]]
    households_n = np.bincount(cell, minlength=len(divisions.cell_code))
    people_n = np.bincount(cell[model.people.household], minlength=len(divisions.cell_code))
    folder.add(
        "综治_网格.gpkg", "demo_cells", land.write_cells(out / "综治_网格.gpkg", divisions, households_n, people_n)
    )
    folder.add(
        "综治_微网格.geojson", "demo_micro_cells", land.write_micro_cells(out / "综治_微网格.geojson", divisions)
    )
    folder.add(
        "公安_标准地址.csv", "demo_addresses", land.write_addresses(out / "公安_标准地址.csv", divisions, addresses)
    )
    folder.add(
        "民政_地名.geojson", "demo_place_names", land.write_place_names(out / "民政_地名.geojson", model.place_names)
    )
    folder.add("住建_楼栋.shp", "demo_buildings", land.write_buildings(out / "住建_楼栋.shp", rng, addresses))
    folder.add(
        "住建_房屋.gpkg",
        "demo_dwellings",
        land.write_dwellings(out / "住建_房屋.gpkg", rng, addresses, model.dwellings),
    )


def _first_edition(model: _Model, writer: Writer, rng: np.random.Generator) -> persons.Edition:
    """Registered addresses in official form, actual ones as people write them; equal ones stay equal in meaning."""
    people, addresses = model.people, model.addresses
    actual = writer.write_all(rng, people.actual)
    for person, text in model.planted.unknown_text.items():
        actual[person] = text
    registered = [addresses.text(i) for i in people.registered.tolist()]
    labels = persons.person_labels(rng, people)
    return persons.Edition(registered, actual, people.home.tolist(), labels, model.planted.second_household)


def _write_people(folder: _Folder, model: _Model, edition: persons.Edition, seed: int) -> None:
    out, people, today = folder.path, model.people, model.today
    of_cell = dict.fromkeys(model.accounts[0].prefixes, model.accounts[0].username)
    rows = persons.write_workers(out / "综治_网格员.xlsx", _stream(seed, 30), model.divisions, of_cell, today)
    folder.add("综治_网格员.xlsx", "demo_workers", rows)
    rows = persons.write_households(out / "综治_户.csv", _stream(seed, 31), model.addresses, people, edition)
    folder.add("综治_户.csv", "demo_households", rows)
    bad = BAD_PERSONS * model.scale.planted
    rows = persons.write_population(out / "公安_实有人口.csv", people, edition, bad_rows=bad)
    folder.add("公安_实有人口.csv", "demo_population", rows)
    count = persons.write_units(out / "市监_市场主体.xlsx", _stream(seed, 33), model.addresses, model.units, today)
    folder.add("市监_市场主体.xlsx", "demo_units", count)
    count = persons.write_links(
        out / "住建_人房关联.csv", _stream(seed, 34), people, model.dwellings, model.units, today
    )
    folder.add("住建_人房关联.csv", "demo_person_place", count)
    visits = make_visits(_stream(seed, 35), people, model.planted.unvisited)
    rows = persons.write_visits(
        out / "综治_走访.xlsx", model.divisions, model.addresses, people, visits, of_cell, today
    )
    folder.add("综治_走访.xlsx", "demo_visits", rows)


def _write_base(folder: _Folder, model: _Model, seed: int) -> None:
    """测绘: the base map, and 农业农村: the parcels on its fields. The buildings are those of 住建: the same stream, from its beginning."""
    made = make_base_map(_stream(seed, 60), _stream(seed, 20), model.divisions, model.addresses, model.place_names)
    path = folder.path / "测绘_底图.gpkg"
    for n, (layer, mapping, features) in enumerate(
        (
            ("线", "demo_base_lines", made.lines),
            ("面", "demo_base_areas", made.areas),
            ("点", "demo_base_points", made.points),
        )
    ):
        folder.add(path.name, mapping, land.write_base(path, layer, features, append=n > 0))
    path = folder.path / "农业农村_承包地块.gpkg"
    rows = write_parcels(path, _stream(seed, 61), model.divisions, model.addresses, model.people, made)
    folder.add(path.name, "demo_parcels", rows)


def _write_public(folder: _Folder, model: _Model, writer: Writer, seed: int) -> None:
    out, addresses = folder.path, model.addresses
    events = make_events(
        _stream(seed, 40), model.scale.events, model.divisions, addresses, model.planted.surge_cells, model.today
    )
    rows = public.write_events(out / "12345_工单.csv", _stream(seed, 41), addresses, events, writer)
    folder.add("12345_工单.csv", "demo_events", rows)
    count = public.write_facilities(out / "城管_部件.geojson", _stream(seed, 42), addresses, model.scale.facilities)
    folder.add("城管_部件.geojson", "demo_facilities", count)
    count = public.write_public_facilities(
        out / "城管_公共设施_GCJ02.geojson", _stream(seed, 43), addresses, max(30, model.scale.facilities // 20)
    )
    folder.add("城管_公共设施_GCJ02.geojson", "demo_public_facilities", count)


def _write_update(folder: _Folder, model: _Model, first: persons.Edition, seed: int) -> dict[str, Any]:
    """The second edition of households and population."""
    out, people = folder.path / "update", model.people
    edition, differences = next_edition(
        _stream(seed, 50),
        model.scale.planted,
        first,
        model.addresses,
        people,
        model.dwellings,
        model.planted,
        model.today,
    )
    rows = persons.write_households(out / "综治_户.csv", _stream(seed, 31), model.addresses, people, edition)
    folder.add("update/综治_户.csv", "demo_households", rows)
    written = persons.write_population(out / "公安_实有人口.csv", people, edition, bad_rows=0)
    folder.add("update/公安_实有人口.csv", "demo_population", written[0])
    return differences


def _write_truth(
    folder: _Folder, model: _Model, writer: Writer, typos: list[int], differences: dict[str, Any], seed: int
) -> Path:
    """``truth.json``: counts, what was planted by rule, bad rows by reason, differences of the second edition."""
    people = model.people
    truth = {
        "synthetic": True,
        "county": COUNTY_CODE,
        "scale": model.scale.name,
        "seed": seed,
        "today": model.today.isoformat(),
        "counts": {
            "towns": len(model.divisions.town_code),
            "villages": len(model.divisions.village_code),
            "cells": len(model.divisions.cell_code),
            "micro_cells": len(model.divisions.micro_code),
            "addresses": len(model.addresses),
            "households": len(people.home),
            "persons": len(people),
            "dwellings": len(model.dwellings.key),
            "units": len(model.units.name),
            "place_names": len(model.place_names.name),
        },
        "rows": {str(item.path.relative_to(folder.path)): item.rows for item in folder.files},
        "anomalies": model.planted.truth(people, model.dwellings, model.divisions),
        "bad_rows": folder.bad,
        "address_styles": dict(writer.counts),
        "persons_with_address_typo": [people.person_key(i) for i in typos if i not in model.planted.unknown_text],
        "second_edition": differences,
    }
    path = folder.path / "truth.json"
    path.write_text(json.dumps(truth, ensure_ascii=False, indent=1), "utf-8")
    return path
