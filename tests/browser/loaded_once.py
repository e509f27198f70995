"""The demo county is loaded once in a run; each file of tests gets it as it was then, copied row by row within the server."""

from __future__ import annotations

from sqlalchemy import Connection, Engine, text

#: Beside the counties; nothing of the product looks there.
_KEPT = "kept_for_tests"


def keep(superuser: Engine, schema: str) -> None:
    """Remember every row of a county and where its sequences stand."""
    with superuser.begin() as connection:
        connection.execute(text(f"CREATE SCHEMA {_KEPT}"))
        for table in _tables(connection, schema):
            connection.execute(text(f'CREATE TABLE {_KEPT}."{table}" AS TABLE {schema}."{table}"'))
        connection.execute(
            text(
                f"CREATE TABLE {_KEPT}.sequences_of_county AS SELECT sequencename AS name, last_value AS value "
                "FROM pg_sequences WHERE schemaname = :schema AND last_value IS NOT NULL"
            ),
            {"schema": schema},
        )


def put_back(superuser: Engine, schema: str) -> None:
    """Fill a county just made with what was remembered: the same rows, whatever its triggers would make of them."""
    with superuser.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        tables = _tables(connection, schema)
        connection.execute(text("TRUNCATE " + ", ".join(f'{schema}."{table}"' for table in tables)))
        for table in tables:
            columns = ", ".join(f'"{name}"' for name in _columns(connection, schema, table))
            connection.execute(
                text(
                    f'INSERT INTO {schema}."{table}" ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM {_KEPT}."{table}"'
                )
            )
        connection.execute(
            text(
                f"SELECT setval(format('%I.%I', CAST(:schema AS text), name)::regclass, value) FROM {_KEPT}.sequences_of_county"
            ),
            {"schema": schema},
        )
    with superuser.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE " + ", ".join(f'{schema}."{table}"' for table in tables)))


def _tables(connection: Connection, schema: str) -> list[str]:
    return list(
        connection.scalars(
            text(
                "SELECT relname FROM pg_class WHERE relnamespace = to_regnamespace(:schema) AND relkind = 'r' "
                "AND relname <> 'alembic_version' ORDER BY relname"
            ),
            {"schema": schema},
        )
    )


def _columns(connection: Connection, schema: str, table: str) -> list[str]:
    """What is stored of a row and not computed."""
    return list(
        connection.scalars(
            text(
                "SELECT attname FROM pg_attribute WHERE attrelid = format('%I.%I', CAST(:schema AS text), CAST(:table AS text))::regclass "
                "AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum"
            ),
            {"schema": schema, "table": table},
        )
    )
