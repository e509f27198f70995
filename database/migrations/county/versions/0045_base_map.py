"""The map under the map: a table of public features. Its tiles are made by ``base_tile()``, the names over them by ``name_tile()``.

``base_feature`` holds roads, waters, land use, buildings … of the whole county. It says nothing about anybody: whoever has entered
the county reads all of it, whatever their cell; who has not entered sees nothing. Written only by who sees the whole county, for
the grid code of every row is the county's. ``base_tile()`` asks the same: a scope of this county, however small.

Revision ID: 0045
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry

from database.rights.row_security import APP_ROLE, TILE_ROLE, protect_table

revision = "0045"
down_revision = "0040"

KINDS = (
    "land_use", "contours", "water", "waterways", "buildings", "railways", "roads", "points", "localities",
)  # fmt: skip
OF_THE_COUNTY = "grid_code = ANY (ARRAY(SELECT left(p, 6) FROM unnest(platform.scope_prefixes()) AS p))"


def upgrade() -> None:
    _table()
    for statement in protect_table("base_feature"):
        op.execute(statement)
    op.execute(f"CREATE POLICY public_base ON base_feature FOR SELECT TO {APP_ROLE} USING ({OF_THE_COUNTY})")
    op.execute(
        f"GRANT SELECT (id, kind, class, name, number, height_m, min_zoom, grid_code, geom_3857) ON base_feature TO {TILE_ROLE}"
    )
    op.execute(f"GRANT SELECT (number_plate, building, entrance, floor, room) ON standard_address TO {TILE_ROLE}")


def _column(name: str, kind: Any, comment: str, *, nullable: bool = False, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=nullable, comment=comment, **options)


def _table() -> None:
    grammar = "grid_code ~ '^[0-9]{6}([0-9]{3}([0-9]{3}([0-9]{3}([0-9]{2})?)?)?)?$'"
    permission = "grid code (网格编码): the permission of the row; row-level security compares its prefix"
    kinds = ",".join(f"'{kind}'" for kind in KINDS)
    op.create_table(
        "base_feature",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False, comment="surrogate key"),
        _column("kind", sa.Text(), "source layer: roads, water, buildings …"),
        _column("class", sa.Text(), "class within the kind"),
        _column("name", sa.Text(), "name as shown", nullable=True),
        _column("number", sa.Text(), "number of a road: G25, S304", nullable=True),
        _column("height_m", sa.Float(53), "of a building above the ground, of a contour above the sea", nullable=True),
        _column("min_zoom", sa.SmallInteger(), "lowest zoom that shows it"),
        _column("source", sa.Text(), "department table it came from (mapping name)"),
        _column("source_key", sa.Text(), "key in that table"),
        _column("row_hash", sa.LargeBinary(), "hash of the imported row; equal means unchanged", nullable=True),
        _column("updated_at", sa.DateTime(timezone=True), "last change", server_default=sa.func.now()),
        _column("grid_code", sa.Text(collation="C"), permission),
        _column("geom", Geometry("GEOMETRY", srid=4490, spatial_index=False), "where; EPSG:4490, lon lat"),
        sa.Column(
            "geom_3857",
            Geometry("GEOMETRY", srid=3857, spatial_index=False),
            sa.Computed("st_transform(st_setsrid(geom, 4326), 3857)", persisted=True),
            comment="generated Web-Mercator copy for tiles; EPSG:3857, metres",
        ),
        sa.CheckConstraint(f"kind IN ({kinds})", name=op.f("ck_base_feature_kind")),
        sa.CheckConstraint("min_zoom BETWEEN 0 AND 18", name=op.f("ck_base_feature_min_zoom")),
        sa.CheckConstraint("length(grid_code) = 6", name=op.f("ck_base_feature_county_wide")),
        sa.CheckConstraint(grammar, name=op.f("ck_base_feature_grid_code_grammar")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_base_feature")),
        sa.UniqueConstraint("source", "source_key", name=op.f("uq_base_feature_source_source_key")),
        comment="features of the base map (底图要素)",
    )
    op.create_index("ix_base_feature_tile", "base_feature", ["geom_3857"], postgresql_using="gist")
    op.create_index(
        "ix_base_feature_far",
        "base_feature",
        ["geom_3857"],
        postgresql_using="gist",
        postgresql_where=sa.text("min_zoom <= 12"),
    )
