"""Every column of sealed values, for ``onemap keys``. A test compares it with the tables there are."""

from __future__ import annotations

from database.secrets.reseal import SealedColumn, SealedTable

COUNTY_TABLES = (
    SealedTable(
        "person",
        (SealedColumn("id_number_cipher", "id_number_hash"), SealedColumn("phone_cipher", "phone_hash")),
        identity=("source", "source_key"),
    ),
    SealedTable("grid_worker", (SealedColumn("phone_cipher"),), identity=("id",)),
    SealedTable("import_reject", (SealedColumn("row_cipher"),), identity=("batch_id", "row_no"), batch=200),
    SealedTable(
        "import_piece",
        (SealedColumn("sealed"),),
        identity=("batch_id", "number"),
        key=(("batch_id", "bigint"), ("number", "int")),
        batch=8,
    ),
    SealedTable(
        "match_job_piece",
        (SealedColumn("sealed"),),
        identity=("job_id", "kind", "number"),
        key=(("job_id", "bigint"), ("kind", "text"), ("number", "int")),
        batch=8,
    ),
)
#: accounts and what belongs to them
PLATFORM_TABLES: tuple[SealedTable, ...] = (
    SealedTable(
        "second_factor",
        (SealedColumn("secret_cipher"),),
        identity=("username",),
        key=(("username", "text"),),
        schema="platform",
    ),
)
