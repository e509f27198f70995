"""Rasters: the catalogue, which everybody of the county reads, and the elevation at each address.

A raster is county-wide: its grid code is the county's, so only who sees the whole county may add or remove one. Its row
holds no personal data, and ``catalogue`` lets every scope of the county read it; what of its pixels a scope may see is
decided where they are read (see docs/rasters.md).

Revision ID: 0020
"""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

from database.row_security import APP_ROLE, protect_table

revision = "0020"
down_revision = "0011"

FILE_GRAMMAR = "'^[0-9]{6}/[a-z0-9][a-z0-9_-]*-[0-9a-f]{16}([.]tiles)?[.]tif$'"
#: the county of whatever scope was entered; none, none
OF_THE_COUNTY = "grid_code = ANY (ARRAY(SELECT left(p, 6) FROM unnest(platform.scope_prefixes()) AS p))"
CHECKS = {
    "name": "name ~ '^[a-z0-9][a-z0-9_-]{0,62}$'",
    "kind": "kind IN ('imagery','dem','land_cover','population')",
    "sensitivity": "sensitivity IN ('public','scoped')",
    "crs": "crs IN ('EPSG:4490','EPSG:3857')",
    "file": f"file ~ {FILE_GRAMMAR} AND tile_file ~ {FILE_GRAMMAR}",
    "sha256": "sha256 ~ '^[0-9a-f]{64}$' AND tile_sha256 ~ '^[0-9a-f]{64}$'",
    "pixels": "bands BETWEEN 1 AND 16 AND resolution_m > 0",
    "zooms": "minzoom BETWEEN 0 AND 24 AND maxzoom BETWEEN minzoom AND 24",
    "removed": "(removed_at IS NULL) = (removed_by IS NULL)",
    "county_wide": "length(grid_code) = 6",
}


def _column(name: str, kind: object, comment: str, **kwargs: object) -> sa.Column[object]:
    return sa.Column(name, kind, nullable=kwargs.pop("nullable", False), comment=comment, **kwargs)  # type: ignore


def _now(name: str, comment: str) -> sa.Column[object]:
    return _column(name, sa.DateTime(timezone=True), comment, server_default=sa.func.now())


def _geometry(kind: str, comment: str) -> sa.Column[object]:
    return _column("geom", Geometry(kind, srid=4490, spatial_index=False), f"{comment}; EPSG:4490, lon lat")


def _grid_code() -> sa.Column[object]:
    comment = "grid code (网格编码): the permission of the row; row-level security compares its prefix"
    return _column("grid_code", sa.Text(collation="C"), comment)


def _grid_code_check(table: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(
        "grid_code ~ '^[0-9]{6}([0-9]{3}([0-9]{3}([0-9]{3}([0-9]{2})?)?)?)?$'",
        name=op.f(f"ck_{table}_grid_code_grammar"),
    )


def upgrade() -> None:
    _raster()
    _address_elevation()
    for table in ("raster", "address_elevation"):
        op.create_index(op.f(f"ix_{table}_grid_code"), table, ["grid_code"])
        for statement in protect_table(table):
            op.execute(statement)
    op.execute("REVOKE DELETE ON raster FROM onemap_app")
    op.execute(f"CREATE POLICY catalogue ON raster FOR SELECT TO {APP_ROLE} USING ({OF_THE_COUNTY})")


def _raster() -> None:
    op.create_table(
        "raster",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False, comment="surrogate key"),
        _column("name", sa.Text(), "name in addresses; once among those not removed"),
        _column("title", sa.Text(), "name as shown"),
        _column("kind", sa.Text(), "imagery, dem, land_cover, population"),
        _column("sensitivity", sa.Text(), "public: for everybody of the county; scoped: only pixels inside the scope"),
        _column("file", sa.Text(), "COG for values, below the folder of rasters"),
        _column("tile_file", sa.Text(), "COG for tiles, EPSG:3857; of imagery the same as file"),
        _column("crs", sa.Text(), "of file: EPSG:4490, of imagery EPSG:3857"),
        _geometry("POLYGON", "outer bounds"),
        _column("bands", sa.Integer(), "bands, an alpha band included"),
        _column("dtype", sa.Text(), "of a pixel, as numpy names it"),
        _column("nodata", sa.Float(53), "value of pixels without data", nullable=True),
        _column("resolution_m", sa.Float(53), "width of a pixel of the source, metres"),
        _column("unit", sa.Text(), "of a value: m, persons …", nullable=True),
        _column("stretch", postgresql.JSONB(), "2nd and 98th percentile of each band: drawn from black to white"),
        _column("minzoom", sa.Integer(), "zoom of the smallest overview"),
        _column("maxzoom", sa.Integer(), "zoom of the full resolution"),
        _column("sha256", sa.Text(), "of file"),
        _column("tile_sha256", sa.Text(), "of tile_file"),
        _column("source_name", sa.Text(), "name of the file it was made from"),
        _column("source_sha256", sa.Text(), "of that file"),
        _column("source_crs", sa.Text(), "of that file, as read or as declared"),
        _column("attribution", sa.Text(), "whom to name when it is shown", nullable=True),
        _column("added_by", sa.Text(), "who added it"),
        _now("added_at", "when it was added"),
        _column("removed_by", sa.Text(), "who removed or replaced it", nullable=True),
        _column("removed_at", sa.DateTime(timezone=True), "when", nullable=True),
        _grid_code(),
        *(sa.CheckConstraint(rule, name=op.f(f"ck_raster_{name}")) for name, rule in CHECKS.items()),
        _grid_code_check("raster"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_raster")),
        comment="rasters (栅格): imagery, elevation, land cover, population",
    )
    op.create_index("uq_raster_name", "raster", ["name"], unique=True, postgresql_where=sa.text("removed_at IS NULL"))


def _address_elevation() -> None:
    op.create_table(
        "address_elevation",
        _column("address_id", sa.BigInteger(), "the address", autoincrement=False),
        _column(
            "elevation_m",
            sa.Float(53),
            "metres above the zero of the model, to the centimetre; none: the model has no value here",
            nullable=True,
        ),
        _column("raster_id", sa.BigInteger(), "the model"),
        _geometry("POINT", "where it was read; differs once the address has moved"),
        _now("read_at", "when it was read"),
        _grid_code(),
        _grid_code_check("address_elevation"),
        sa.ForeignKeyConstraint(
            ["address_id"],
            ["standard_address.id"],
            name=op.f("fk_address_elevation_address_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["raster_id"], ["raster.id"], name=op.f("fk_address_elevation_raster_id")),
        sa.PrimaryKeyConstraint("address_id", name=op.f("pk_address_elevation")),
        comment="elevation at addresses (地址高程)",
    )
    op.create_index("ix_address_elevation_elevation_m", "address_elevation", ["elevation_m"])
    op.create_index(op.f("ix_address_elevation_raster_id"), "address_elevation", ["raster_id"])
