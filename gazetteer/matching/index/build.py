"""Reading a county's published addresses into a library: one COPY of the addresses, one of the aliases."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple, cast

from sqlalchemy import Connection, text

from database.connection.engine import raw
from gazetteer.matching.index.library import Changed, Library
from gazetteer.matching.index.segment import Record
from gazetteer.reading.divisions import DivisionIndex, division_index
from gazetteer.reading.keys import address_keys
from gazetteer.reading.parse import parse

_COLUMNS = (
    "a.id, a.division_code, a.local_key, coalesce(a.road_key, ''), coalesce(a.village_group, ''), coalesce(a.city, ''), "
    "a.depth, a.match_key"
)
_ALL = f"COPY (SELECT {_COLUMNS} FROM standard_address a WHERE a.status = 'published') TO STDOUT"  # noqa: S608 - constants
_ALIASES = "COPY (SELECT address_id, match_key FROM address_alias) TO STDOUT"
#: served by the primary key and ``ix_address_alias_address_id``
_SOME = (
    f"SELECT {_COLUMNS}, ARRAY(SELECT x.match_key FROM address_alias x WHERE x.address_id = a.id) "  # noqa: S608
    "FROM standard_address a WHERE a.id = ANY(:ids) AND a.status = 'published'"
)
_MOMENT = "SELECT pg_current_snapshot()::text, coalesce(pg_relation_filenode('standard_address'), 0)::bigint"


class Moment(NamedTuple):
    """What a library has seen: the snapshot of its reading, and the file of the table (another after TRUNCATE)."""

    snapshot: str
    filenode: int

    @property
    def oldest(self) -> int:
        """Every transaction before this number was visible."""
        return int(self.snapshot.split(":")[0])


def read_moment(connection: Connection) -> Moment:
    """The present moment of a transaction."""
    snapshot, filenode = connection.execute(text(_MOMENT)).one()
    return Moment(snapshot, filenode)


def build(connection: Connection) -> Library:
    """All published addresses that the connection sees. A million in about 15 seconds."""
    return Library.of(_records(connection), _alias_keys(_aliases(connection), division_index(connection)))


def read_records(connection: Connection, ids: Collection[int]) -> list[Changed]:
    """The published ones among these addresses, with their aliases, as the connection sees them."""
    divisions = division_index(connection)
    return [
        (Record(*row[:8]), tuple(key for _, key in _alias_keys(((row.id, key) for key in row[8]), divisions)))
        for row in connection.execute(text(_SOME), {"ids": list(ids)})
    ]


def _records(connection: Connection) -> Iterator[Record]:
    with raw(connection).cursor() as cursor, cursor.copy(_ALL) as copy:
        copy.set_types(["int8", "text", "text", "text", "text", "text", "int2", "text"])
        for row in copy.rows():
            yield Record(*row)


def _aliases(connection: Connection) -> Iterator[tuple[int, str]]:
    with raw(connection).cursor() as cursor, cursor.copy(_ALIASES) as copy:
        copy.set_types(["int8", "text"])
        yield from cast(Iterator[tuple[int, str]], copy.rows())


def _alias_keys(aliases: Iterable[tuple[int, str]], divisions: DivisionIndex) -> Iterator[tuple[int, str]]:
    """Each alias, and its part from the road down: 德清县武康街道老街12号 is also found as 老街12号 in that division."""
    for address_id, key in aliases:
        yield address_id, key
        parsed = parse(key, divisions)
        if parsed.divisions and parsed.number_plate:
            yield address_id, address_keys(parsed).local_key
