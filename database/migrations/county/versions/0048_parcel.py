"""Land parcels of villages (承包地块).

Revision ID: 0048
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects.postgresql import JSONB

from database.rights.row_security import protect_table

revision = "0048"
down_revision = "0047"

GRAMMAR = "grid_code ~ '^[0-9]{6}([0-9]{3}([0-9]{3}([0-9]{3}([0-9]{2})?)?)?)?$'"


def _column(name: str, kind: Any, comment: str, *, nullable: bool = True, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=nullable, comment=comment, **options)


def upgrade() -> None:
    op.create_table(
        "parcel",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False, comment="surrogate key"),
        _column("code", sa.Text(), "parcel code (地块编码), 19 digits", nullable=False),
        _column("name", sa.Text(), "name as shown", nullable=False),
        _column("household_id", sa.BigInteger(), "household that holds it (承包方)"),
        _column("area_mu", sa.Double(), "contracted area in mu (亩, 666.67 m2)"),
        _column("crop", sa.Text(), "what grows on it"),
        _column("contract_from", sa.Date(), "first day of the contract"),
        _column("contract_to", sa.Date(), "first day after the contract"),
        _column("attributes", JSONB(), "other columns of the source", nullable=False, server_default=sa.text("'{}'")),
        _column("source", sa.Text(), "department table it came from (mapping name)", nullable=False),
        _column("source_key", sa.Text(), "key in that table", nullable=False),
        _column("row_hash", sa.LargeBinary(), "hash of the imported row; equal means unchanged"),
        _column("updated_at", sa.DateTime(timezone=True), "last change", nullable=False, server_default=sa.func.now()),
        _column(
            "grid_code", sa.Text(collation="C"), nullable=False,
            comment="grid code (网格编码): the permission of the row; row-level security compares its prefix",
        ),
        _column("geom", Geometry("MULTIPOLYGON", srid=4490, spatial_index=False), "outline; EPSG:4490, lon lat", nullable=False),
        sa.Column(
            "geom_3857",
            Geometry("MULTIPOLYGON", srid=3857, spatial_index=False),
            sa.Computed("st_transform(st_setsrid(geom, 4326), 3857)", persisted=True),
            comment="generated Web-Mercator copy for tiles; EPSG:3857, metres",
        ),
        sa.CheckConstraint("area_mu > 0", name=op.f("ck_parcel_area_mu")),
        sa.CheckConstraint(GRAMMAR, name=op.f("ck_parcel_grid_code_grammar")),
        sa.ForeignKeyConstraint(
            ["household_id"], ["household.id"], ondelete="SET NULL", name=op.f("fk_parcel_household_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parcel")),
        sa.UniqueConstraint("source", "source_key", name=op.f("uq_parcel_source_source_key")),
        comment="land parcels of villages (承包地块)",
    )  # fmt: skip
    op.create_index(op.f("ix_parcel_grid_code"), "parcel", ["grid_code"])
    op.create_index(op.f("ix_parcel_household_id"), "parcel", ["household_id"])
    op.create_index("ix_parcel_tile", "parcel", ["geom_3857"], postgresql_using="gist")
    for statement in protect_table("parcel"):
        op.execute(statement)
