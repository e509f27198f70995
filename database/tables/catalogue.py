"""What a schema consists of, object by object: to compare two of them, whatever way each has come to be as it is.

An object is described by the database's own words (``pg_get_functiondef`` and its like) with owner and grants. The order of columns
and comments do not count; the schema's own name is left out, so that counties compare.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlalchemy import Connection, text

from database.tables.base import PLATFORM_SCHEMA

#: Owner and grants of an object, in order. {acl}: the stored grants or, where nothing was granted, those an owner has.
_GRANTS = (
    "pg_get_userbyid({owner}) || ' ' || coalesce((SELECT string_agg(concat_ws(' ', "
    "CASE a.grantee WHEN 0 THEN 'public' ELSE pg_get_userbyid(a.grantee) END, a.privilege_type, a.is_grantable), ', ' "
    "ORDER BY pg_get_userbyid(a.grantee), a.privilege_type) FROM aclexplode(coalesce({acl}, acldefault({kind}, {owner}))) a), '')"
)
_RELATION = _GRANTS.format(
    owner="c.relowner", acl="c.relacl", kind="CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::\"char\""
)
#: The same of the function ``p``.
ROUTINE_GRANTS = _GRANTS.format(owner="p.proowner", acl="p.proacl", kind="'f'::\"char\"")
_SCHEMA = _GRANTS.format(owner="n.nspowner", acl="n.nspacl", kind="'n'::\"char\"")

#: kind → SELECT of name and description, of the schema :schema.
_QUERIES = {
    "schema": "SELECT 'schema', <grants> FROM pg_namespace n WHERE n.nspname = :schema".replace("<grants>", _SCHEMA),
    "table": "SELECT c.relname, concat_ws(' ', c.relkind, c.relpersistence, "
    "CASE WHEN c.relrowsecurity THEN 'row security' END, CASE WHEN c.relforcerowsecurity THEN 'forced' END, "
    "c.reloptions, <grants>, CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END) "
    "FROM pg_class c WHERE c.relnamespace = CAST(:schema AS regnamespace) AND c.relkind IN ('r', 'v', 'm', 'p', 'S')".replace(
        "<grants>", _RELATION
    ),
    "column": "SELECT c.relname || '.' || a.attname, concat_ws(' ', format_type(a.atttypid, a.atttypmod), "
    "CASE WHEN a.attnotnull THEN 'not null' END, pg_get_expr(d.adbin, d.adrelid), a.attgenerated, a.attidentity, "
    "CASE WHEN a.attcollation <> t.typcollation THEN a.attcollation::regcollation::text END, "
    "(SELECT string_agg(concat_ws(' ', pg_get_userbyid(g.grantee), g.privilege_type), ', ' "
    "ORDER BY pg_get_userbyid(g.grantee), g.privilege_type) FROM aclexplode(a.attacl) g)) "
    "FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_type t ON t.oid = a.atttypid "
    "LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum "
    "WHERE c.relnamespace = CAST(:schema AS regnamespace) AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped",
    # without parentheses: a dump that was restored has fewer of them around a AND b AND c
    "constraint": "SELECT c.relname || '.' || k.conname, "
    "translate(pg_get_constraintdef(k.oid), '()', '') || CASE WHEN k.convalidated THEN '' "
    "ELSE ' not valid' END FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid "
    "WHERE c.relnamespace = CAST(:schema AS regnamespace) AND k.contype <> 'n'",
    "index": "SELECT c.relname, pg_get_indexdef(i.indexrelid) || CASE WHEN i.indisvalid THEN '' ELSE ' invalid' END "
    "FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relnamespace = CAST(:schema AS regnamespace)",
    "function": "SELECT p.oid::regprocedure::text, pg_get_functiondef(p.oid) || <grants> FROM pg_proc p "
    "WHERE p.pronamespace = CAST(:schema AS regnamespace) AND p.prokind IN ('f', 'p')".replace(
        "<grants>", ROUTINE_GRANTS
    ),
    "trigger": "SELECT c.relname || '.' || t.tgname, concat_ws(' ', pg_get_triggerdef(t.oid), t.tgenabled) FROM pg_trigger t "
    "JOIN pg_class c ON c.oid = t.tgrelid WHERE c.relnamespace = CAST(:schema AS regnamespace) AND NOT t.tgisinternal",
    "policy": "SELECT c.relname || '.' || p.polname, concat_ws(' ', p.polcmd, p.polpermissive, "
    "(SELECT string_agg(CASE r WHEN 0 THEN 'public' ELSE pg_get_userbyid(r) END, ',' ORDER BY pg_get_userbyid(r)) "
    "FROM unnest(p.polroles) r), pg_get_expr(p.polqual, p.polrelid), 'check', pg_get_expr(p.polwithcheck, p.polrelid)) "
    "FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid WHERE c.relnamespace = CAST(:schema AS regnamespace)",
    "type": "SELECT t.typname, concat_ws(' ', t.typtype, format_type(t.typbasetype, t.typtypmod), "
    "(SELECT string_agg(e.enumlabel, ',' ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid)) "
    "FROM pg_type t WHERE t.typnamespace = CAST(:schema AS regnamespace) AND t.typtype IN ('e', 'd', 'r')",
    "statistics": "SELECT s.stxname, pg_get_statisticsobjdef(s.oid) FROM pg_statistic_ext s "
    "WHERE s.stxnamespace = CAST(:schema AS regnamespace)",
    "sequence": "SELECT c.relname, concat_ws(' ', format_type(s.seqtypid, NULL), s.seqincrement, s.seqstart) FROM pg_sequence s "
    "JOIN pg_class c ON c.oid = s.seqrelid WHERE c.relnamespace = CAST(:schema AS regnamespace)",
}
_PLACE = "<schema>"

#: In Chinese, for messages.
KINDS_ZH = {
    "schema": "模式", "table": "表", "column": "列", "constraint": "约束", "index": "索引", "function": "函数", "trigger": "触发器",
    "policy": "行级策略", "type": "类型", "statistics": "统计对象", "sequence": "序列",
}  # fmt: skip

#: (kind, name) → description.
Catalogue = dict[tuple[str, str], str]


@dataclass(frozen=True, order=True)
class Difference:
    """An object that is not as it should be. how: missing, extra or changed."""

    kind: str
    name: str
    how: str

    def __str__(self) -> str:
        words = {"missing": "缺少 / missing", "extra": "多出 / extra", "changed": "不同 / differs"}
        return f"{words[self.how]}: {KINDS_ZH[self.kind]} / {self.kind} {self.name}"


def read_catalogue(connection: Connection, schema: str) -> Catalogue:
    """Every object of a schema. Only the catalogue of the database is read, no row of any table."""
    connection.execute(text("SELECT set_config('search_path', 'pg_catalog', true)"))  # every name is written in full
    found: Catalogue = {}
    for kind, query in _QUERIES.items():
        for name, description in connection.execute(text(query), {"schema": schema}):
            found[kind, _without(name, schema)] = _without(description or "", schema)
    return found


def compare(actual: Catalogue, wanted: Catalogue) -> list[Difference]:
    """What differs, by kind and name."""
    found = [Difference(kind, name, "missing") for kind, name in wanted.keys() - actual.keys()]
    found += [Difference(kind, name, "extra") for kind, name in actual.keys() - wanted.keys()]
    both = wanted.keys() & actual.keys()
    found += [Difference(kind, name, "changed") for kind, name in both if wanted[kind, name] != actual[kind, name]]
    return sorted(found)


def _without(words: str, schema: str) -> str:
    """A county's schema and code are left out; every server has one ``platform``."""
    if schema == PLATFORM_SCHEMA:
        return words
    return re.sub(rf"\b{schema}\b", _PLACE, words).replace(f"'{schema[1:]}'", _PLACE)
