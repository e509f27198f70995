"""A county with outlines, a folder for rasters, and a way to add one."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from database.connection.engine import Database
from database.rights.scope import Scope
from layers.raster.catalogue import RasterRow
from layers.raster.ingest import NewRaster, add_raster
from tests import world
from tests.layers.raster import make

Add = Callable[..., RasterRow]


@pytest.fixture
def county_map(database: Database, system: Scope) -> Database:
    """Divisions and cells."""
    with database.transaction(system) as connection:
        world.build_county(connection)
    return database


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of rasters; it does not exist yet."""
    return tmp_path / "rasters"


@pytest.fixture
def add(county_map: Database, system: Scope, folder: Path) -> Add:
    """Add a file to the county: add(path, name, kind, **what the user says)."""

    def adding(path: Path, name: str = "dem", kind: Any = "dem", max_mb: int = 100, **options: Any) -> RasterRow:
        return add_raster(county_map, system, folder, path, NewRaster(name, kind, **options), max_mb=max_mb)

    return adding


@pytest.fixture
def dem(tmp_path: Path) -> Path:
    """A slope from west to east, 0 to 60 m."""
    return make.write(tmp_path / "dem.tif", make.slope(), nodata=-9999)
