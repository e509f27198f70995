"""A GeoPackage looked at before GDAL opens it: only plain tables are layers; what runs by being read is refused."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from importing.errors import FileTruncated, FileUnreadable

MOST_OBJECTS = 5_000
OWN_TABLES = ("gpkg_contents", "gpkg_geometry_columns", "gpkg_spatial_ref_sys")


def plain_layers(path: Path, name: str) -> list[str]:
    """The layers that are tables, in order. Views, triggers and virtual tables are passed over, never run.

    Raises FileUnreadable for a file whose own tables are views, or where columns are computed on reading (generated columns
    call functions); FileTruncated when it is damaged.
    """
    try:
        database = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
        try:
            return _plain_layers(database, name)
        finally:
            database.close()
    except (sqlite3.Error, UnicodeDecodeError, OverflowError) as error:
        raise FileTruncated(
            f"{name} 打不开，文件可能不完整 / it does not open; perhaps cut off ({type(error).__name__})"
        ) from None


def lacks_system(path: Path, layer: str) -> bool:
    """Whether the layer says that its reference system is not known (srs_id -1 and 0)."""
    database = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
    try:
        found = database.execute(
            "SELECT srs_id FROM gpkg_geometry_columns WHERE lower(table_name) = lower(?)", (layer,)
        ).fetchone()
    except sqlite3.Error:
        return True
    finally:
        database.close()
    return found is None or found[0] in (-1, 0)


def with_geometry(path: Path, layer: str, fids: list[int]) -> set[int]:
    """Which of the features have something in their geometry column, be it none that can be read."""
    database = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
    try:
        (column,) = database.execute(
            "SELECT column_name FROM gpkg_geometry_columns WHERE lower(table_name) = lower(?)", (layer,)
        ).fetchone()
        table, column = (name.replace('"', '""') for name in (layer, column))
        query = f'SELECT 1 FROM "{table}" WHERE rowid = ? AND "{column}" IS NOT NULL'  # noqa: S608
        return {fid for fid in fids if database.execute(query, (fid,)).fetchone()}
    except (sqlite3.Error, TypeError):
        return set()
    finally:
        database.close()


def _plain_layers(database: sqlite3.Connection, name: str) -> list[str]:
    database.execute("PRAGMA trusted_schema = OFF")
    database.execute("PRAGMA query_only = ON")
    found = database.execute(
        "SELECT type, name, coalesce(sql, '') FROM sqlite_master WHERE type IN ('table', 'view') LIMIT ?",
        (MOST_OBJECTS + 1,),
    ).fetchall()
    if len(found) > MOST_OBJECTS:
        raise FileUnreadable(f"{name} 里的表太多（超过 {MOST_OBJECTS}）/ too many tables")
    tables = {
        table.lower(): table
        for kind, table, sql in found
        if kind == "table" and not sql.lstrip().upper().startswith("CREATE VIRTUAL")
    }
    absent = [own for own in OWN_TABLES if own not in tables]
    if absent:
        raise FileUnreadable(
            f"{name} 不是普通的 GeoPackage：{'、'.join(absent)} 不是表。请用 QGIS 另存为 GeoPackage。 / not an ordinary GeoPackage: "
            f"{', '.join(absent)} is no table. Save it as a GeoPackage with QGIS.",
            found=absent,
        )
    for own in OWN_TABLES:
        _check_columns(database, own, name)
    contents = database.execute("SELECT table_name, data_type FROM gpkg_contents").fetchall()
    layers = []
    for layer, kind in contents:
        if kind not in ("features", "attributes") or str(layer).lower() not in tables:
            continue
        _check_columns(database, tables[str(layer).lower()], name)
        layers.append(str(layer))
    return layers


def _check_columns(database: sqlite3.Connection, table: str, name: str) -> None:
    columns = database.execute("SELECT name, hidden FROM pragma_table_xinfo(?)", (table,)).fetchall()
    computed = [column for column, hidden in columns if hidden]
    if computed:
        raise FileUnreadable(
            f"{name} 的表 {table} 有计算列：{'、'.join(computed)}。请用 QGIS 另存为 GeoPackage。 / a table has computed columns. Save it as "
            "a GeoPackage with QGIS.",
            found=computed,
        )
