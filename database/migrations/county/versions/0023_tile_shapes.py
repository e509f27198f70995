"""Outlines generalised for low zooms, made outside the database (GEOS 3.12 has what PostGIS 3.3 does not), edges shared.

An outline that changes loses its generalised form in the same transaction: the tile shows the outline itself, a little larger and
as fresh as ever, until ``layers/tiles/shapes.py`` has made the coverage again.

Revision ID: 0023
"""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry

from database.row_security import TILE_ROLE, protect_table

revision = "0023"
down_revision = "0022"

AREAS = {"divisions": "division", "cells": "grid_cell"}


def upgrade() -> None:
    schema: str = op.get_context().opts["version_table_schema"]
    code = sa.Text(collation="C")
    op.create_table(
        "tile_shape",
        sa.Column("layer", code, nullable=False, comment="divisions or cells"),
        sa.Column("code", code, nullable=False, comment="division or cell"),
        sa.Column("band", sa.SmallInteger(), nullable=False, comment="highest zoom it serves"),
        sa.Column(
            "grid_code",
            code,
            nullable=False,
            comment="grid code (网格编码): the permission of the row; row-level security compares its prefix",
        ),
        sa.Column(
            "geom_3857",
            Geometry("GEOMETRY", srid=3857, spatial_index=False),
            nullable=False,
            comment="generalised outline; EPSG:3857, metres",
        ),
        sa.CheckConstraint(
            "grid_code ~ '^[0-9]{6}([0-9]{3}([0-9]{3}([0-9]{3}([0-9]{2})?)?)?)?$'",
            name=op.f("ck_tile_shape_grid_code_grammar"),
        ),
        sa.CheckConstraint("layer IN ('divisions', 'cells')", name=op.f("ck_tile_shape_layer")),
        sa.PrimaryKeyConstraint("layer", "code", "band", name=op.f("pk_tile_shape")),
        comment="outlines generalised for low zooms (简化边界)",
    )
    op.create_index("ix_tile_shape_grid_code", "tile_shape", ["grid_code"])
    for statement in protect_table("tile_shape"):
        op.execute(statement)
    op.execute(f"CREATE POLICY upkeep ON tile_shape FOR DELETE TO {TILE_ROLE} USING (true)")
    op.execute(f"GRANT SELECT, DELETE ON tile_shape TO {TILE_ROLE}")
    for layer, table in AREAS.items():
        _forget(schema, layer, table)
    for verb in ("insert", "update"):
        _tell(schema, verb)


def _forget(schema: str, layer: str, table: str) -> None:
    """Triggers that drop the generalised outlines of what changed."""
    gone = {
        "update": "SELECT o.code FROM old_rows o LEFT JOIN new_rows n ON n.code = o.code "
        "WHERE (n.geom_3857, n.grid_code, n.valid_to) IS DISTINCT FROM (o.geom_3857, o.grid_code, o.valid_to)",
        "delete": "SELECT o.code FROM old_rows o",
        "truncate": None,
    }
    tables = {"update": "OLD TABLE AS old_rows NEW TABLE AS new_rows", "delete": "OLD TABLE AS old_rows"}
    for verb, codes in gone.items():
        name = f"{schema}.tile_shape_{table}_{verb}"
        condition = f"AND code IN ({codes})" if codes else ""
        op.execute(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER "
            f"SET search_path = {schema}, public, pg_temp AS $$ BEGIN "
            f"DELETE FROM tile_shape WHERE layer = '{layer}' {condition}; RETURN NULL; END $$"
        )
        op.execute(f"COMMENT ON FUNCTION {name}() IS 'drops the generalised outlines of what changed'")
        _own(schema, name)
        referencing = f"REFERENCING {tables[verb]} " if verb in tables else ""
        op.execute(
            f"CREATE TRIGGER tile_shape_{verb} AFTER {verb.upper()} ON {table} {referencing}"
            f"FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
        )


def _tile(value: str) -> str:
    """Column (or row, of the negated ordinate) at zoom 18 of a Web-Mercator coordinate in metres."""
    exact = f"floor(({value} + 20037508.342789244) / 40075016.685578488 * 262144)::int"
    return f"least(262143, greatest(0, {exact}))"


def _tell(schema: str, verb: str) -> None:
    """Triggers that say where generalised outlines came; that they went is told by the outline's own change."""
    name = f"{schema}.tile_shape_{verb}"
    op.execute(
        f"""
        CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = {schema}, public, pg_temp
        AS $$
        BEGIN
            INSERT INTO tile_change (layer, col_from, row_from, col_to, row_to, grid_code)
            SELECT r.layer, {_tile("min(st_xmin(r.geom_3857))")}, {_tile("-max(st_ymax(r.geom_3857))")},
                   {_tile("max(st_xmax(r.geom_3857))")}, {_tile("-min(st_ymin(r.geom_3857))")}, r.grid_code
            FROM new_rows r GROUP BY r.layer, r.grid_code;
            IF FOUND THEN PERFORM pg_notify('onemap_tile', '{schema.removeprefix("c")}'); END IF;
            RETURN NULL;
        END $$
        """
    )
    op.execute(f"COMMENT ON FUNCTION {name}() IS 'notes where generalised outlines came'")
    _own(schema, name)
    op.execute(
        f"CREATE TRIGGER tile_{verb} AFTER {verb.upper()} ON tile_shape REFERENCING NEW TABLE AS new_rows "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
    )


def _own(schema: str, name: str) -> None:
    """Give a trigger function to onemap_tiles and close it to everybody else."""
    op.execute(f"GRANT CREATE ON SCHEMA {schema} TO {TILE_ROLE}")
    op.execute(f"ALTER FUNCTION {name}() OWNER TO {TILE_ROLE}")
    op.execute(f"REVOKE CREATE ON SCHEMA {schema} FROM {TILE_ROLE}")
    op.execute(f"REVOKE ALL ON FUNCTION {name}() FROM PUBLIC")
