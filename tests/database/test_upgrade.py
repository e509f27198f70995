"""An old county with its records becomes what a new one is; where it does not, the upgrade says so and names it."""

import gzip
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine, text

from database.backup import take_backup
from database.checks.schema_check import SchemaDiffers, refuse_unlike, unlike_fresh
from database.connection.engine import Database
from database.embedded import EmbeddedCluster
from database.functions.place import put_functions
from database.functions.texts import function_texts
from database.installation.settings import Settings
from database.rights.scope import Scope
from database.upgrade.migrate import RevisionUnknown, migrate_county, upgrade_schema
from mapserver.server.metadata import COUNTY_METADATA

#: A county at revision 0040 as the release before the base left it: each table but the cache of outlines holds records, and the
#: functions bear no digest. Made by `pg_dump --column-inserts`; comments left out.
STATE = Path(__file__).parent / "states" / "county_0040.sql.gz"
COUNTY, REVISION = "330596", "0040"
CHANGED = f"c{COUNTY}"
CACHES = {"tile_shape"}


@pytest.fixture
def old(owner: Engine, cluster: EmbeddedCluster) -> Iterator[None]:
    """The county of then, beside those of now."""
    with psycopg.connect(cluster.dsn("superuser")) as connection:
        connection.execute(gzip.decompress(STATE.read_bytes()).decode())  # type: ignore[arg-type]
        connection.execute(f"INSERT INTO platform.county (code, name, synthetic) VALUES ('{COUNTY}', '老县', true)")
    try:
        yield
    finally:
        with owner.begin() as connection:
            connection.execute(text(f"DROP SCHEMA IF EXISTS c{COUNTY} CASCADE"))
            connection.execute(text("DELETE FROM platform.county WHERE code = :code"), {"code": COUNTY})


def counts(cluster: EmbeddedCluster) -> dict[str, int]:
    """Table → rows."""
    with psycopg.connect(cluster.dsn("superuser"), options=f"-c search_path={CHANGED}") as connection:
        tables = connection.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' "
            "AND relname <> 'alembic_version' ORDER BY 1"
        ).fetchall()
        each = " UNION ALL ".join(f"SELECT '{table}', count(*) FROM {table}" for (table,) in tables)
        return dict(connection.execute(each).fetchall())  # type: ignore[arg-type]


@pytest.mark.usefixtures("old")
def test_old_counties_keep_their_records_and_become_what_a_new_one_is(
    owner: Engine, app_database: Database, cluster: EmbeddedCluster, settings: Settings, tmp_path: Path
) -> None:
    # the new release is installed, the data is old: now a backup is taken
    _, manifest, _ = take_backup(settings, cluster.dsn("superuser"), tmp_path / "backups")
    assert manifest.state.revisions[f"c{COUNTY}"] == REVISION
    before = counts(cluster)
    assert {table for table, n in before.items() if n == 0} == CACHES

    migrate_county(owner, COUNTY)
    assert unlike_fresh(owner) == {}
    after = counts(cluster)
    assert {table: after[table] for table in before} == before
    assert after.keys() == COUNTY_METADATA.tables.keys()
    with app_database.transaction(Scope.of_system(COUNTY)) as connection:
        person = connection.execute(text("SELECT name, id_number_masked FROM person")).one()
        note = connection.scalar(text("SELECT attributes ->> '备注' FROM event"))
        assert list(connection.scalars(text("SELECT DISTINCT facts FROM alert"))) == [{"person_name": "甲"}]
        connection.execute(
            text("UPDATE standard_address SET full_text = full_text || '甲' WHERE depth = 5")
        )  # triggers work
        assert connection.scalar(text("SELECT max(number) FROM address_event")) == before["address_event"] + 2
    assert (tuple(person), note) == (("甲", "330" + "*" * 13 + "1X"), "老")

    # whatever was changed beside the migrations is named, and nothing of it is called upgraded
    with owner.begin() as connection:
        connection.execute(text(f"SET search_path = {CHANGED}, public"))
        for statement in (
            "DROP INDEX ix_person_living",
            "ALTER TABLE visit NO FORCE ROW LEVEL SECURITY",
            "DROP POLICY scope ON event",
            "REVOKE SELECT ON household FROM onemap_app",
            "ALTER TABLE facility ADD COLUMN extra text",
            "CREATE OR REPLACE FUNCTION refresh_statistics() RETURNS void LANGUAGE plpgsql AS $$ BEGIN END $$",
        ):
            connection.execute(text(statement))
    with pytest.raises(SchemaDiffers) as refused:
        refuse_unlike(owner)
    objects = refused.value.facts["objects"]
    assert isinstance(objects, dict)
    assert objects.keys() == {CHANGED}
    assert set(objects[CHANGED]) == {
        "缺少 / missing: 索引 / index ix_person_living",
        "不同 / differs: 表 / table visit",
        "缺少 / missing: 行级策略 / policy event.scope",
        "不同 / differs: 表 / table household",
        "多出 / extra: 列 / column facility.extra",
        "不同 / differs: 函数 / function <schema>.refresh_statistics()",
    }
    for word in ("ix_person_living", "event.scope", "onemap backup"):
        assert word in refused.value.detail

    # functions and triggers come back by themselves
    migrate_county(owner, COUNTY)
    assert {d.kind for d in unlike_fresh(owner)[CHANGED]} == {"index", "table", "policy", "column"}


def test_a_platform_of_before_gets_its_functions(owner: Engine) -> None:
    names = [function.name for function in function_texts("platform")]
    with owner.connect() as connection, connection.begin() as attempt:
        for signature in connection.scalars(
            text("SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace = 'platform'::regnamespace "
                 "AND proname NOT LIKE 'procrastinate%'")
        ).all():  # fmt: skip
            connection.execute(text(f"COMMENT ON FUNCTION {signature} IS 'of an earlier release'"))
        connection.execute(
            text("CREATE FUNCTION platform.of_an_earlier_release() RETURNS int LANGUAGE sql AS 'SELECT 1'")
        )
        assert put_functions(connection, "platform", "platform") == sorted([*names, "of_an_earlier_release"])
        attempt.rollback()


@pytest.mark.parametrize(("revision", "word"), [("0024", "before 0.4.0"), ("9999", "newer release")])
def test_a_revision_that_this_release_does_not_have_is_refused_and_says_what_to_do(
    owner: Engine, revision: str, word: str
) -> None:
    with owner.connect() as connection, connection.begin() as attempt:
        connection.execute(text(f"UPDATE c330521.alembic_version SET version_num = '{revision}'"))
        with pytest.raises(RevisionUnknown, match=f"c330521: {revision}") as refused:
            upgrade_schema(connection, "county", "c330521")
        assert word in refused.value.detail
        attempt.rollback()
