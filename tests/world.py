"""A small synthetic county for tests: two towns, three villages, four cells, addresses, households, persons.

330521001 武康街道   330521001001 千秋社区   …001 (west) …002 (east)
                   330521001002 春晖社区   …001
330521103 莫干山镇   330521103205 燎原村     …001
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Connection, text

from alerts.records import ListedAlert
from database.secrets.masks import mask_id_number, mask_phone
from database.secrets.seal import Sealer, row_binding
from gazetteer.reading.divisions import division_index
from gazetteer.reading.keys import DEPTHS, address_keys
from gazetteer.reading.parse import parse

WUKANG, MOGAN = "330521001", "330521103"
QIANQIU, CHUNHUI, LIAOYUAN = "330521001001", "330521001002", "330521103205"
CELLS = (QIANQIU + "001", QIANQIU + "002", CHUNHUI + "001", LIAOYUAN + "001")
NAMES = {
    "330521": "德清县", WUKANG: "武康街道", MOGAN: "莫干山镇", QIANQIU: "千秋社区居民委员会",
    CHUNHUI: "春晖社区居民委员会", LIAOYUAN: "燎原村村民委员会",
}  # fmt: skip
SIZE = 0.01  # degrees; a cell is about 960 m wide
SOUTH = 30.5


def west_of(cell: str) -> float:
    """The western edge of a cell, or of the first cell of a larger unit; the four stand in a row."""
    return 120.0 + next(n for n, c in enumerate(CELLS) if c.startswith(cell[:15])) * SIZE


def square(west: float, width: float = SIZE) -> str:
    east, north = west + width, SOUTH + SIZE
    return f"SRID=4490;MULTIPOLYGON((({west} {SOUTH},{east} {SOUTH},{east} {north},{west} {north},{west} {SOUTH})))"


def build_county(connection: Connection) -> None:
    """Divisions and cells."""
    extents = {"330521": (0, 4), WUKANG: (0, 3), MOGAN: (3, 1), QIANQIU: (0, 2), CHUNHUI: (2, 1), LIAOYUAN: (3, 1)}
    for code, name in NAMES.items():
        first, n = extents[code]
        insert(
            connection,
            "division",
            code=code,
            level={6: "county", 9: "town", 12: "village"}[len(code)],
            parent_code=code[:-3] if len(code) > 6 else None,
            name=name,
            geom=square(120.0 + first * SIZE, n * SIZE),
            returning=None,
        )
    for cell in CELLS:
        insert(
            connection,
            "grid_cell",
            code=cell,
            level="cell",
            parent_code=cell[:12],
            name=f"{NAMES[cell[:12]][:4]}第{int(cell[12:])}网格",
            geom=square(west_of(cell)),
            returning=None,
        )


def insert(connection: Connection, table: str, *, returning: str | None = "id", **values: Any) -> int:
    """Insert a row as the production role; dictionaries and lists become jsonb."""
    import json

    columns, slots, bound = [], [], {}
    for name, value in values.items():
        columns.append(name)
        if name == "geom":
            slots.append("CAST(:geom AS geometry)")
            bound[name] = value
        elif isinstance(value, dict | list):
            slots.append(f"CAST(:{name} AS jsonb)")
            bound[name] = json.dumps(value, ensure_ascii=False)
        else:
            slots.append(f":{name}")
            bound[name] = value
    sql = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join(slots)})"
    if returning is None:
        connection.execute(text(sql), bound)
        return 0
    return int(connection.execute(text(f"{sql} RETURNING {returning}"), bound).scalar_one())


def point(cell: str, n: int = 0) -> str:
    """The n-th point inside a cell, 1/100 of the cell apart."""
    return f"SRID=4490;POINT({west_of(cell) + SIZE / 4 + n * SIZE / 100} {SOUTH + SIZE / 2})"


def add_parcel(
    connection: Connection, key: str, cell: str, west: float, width: float = SIZE / 10, **values: Any
) -> int:
    """A land parcel in a cell, as wide as said."""
    given = {"source": "t", "source_key": key, "grid_code": cell, "geom": square(west, width)}
    return insert(connection, "parcel", code=f"{cell[:12]:0<12}0000001", name="地块", **given | values)


def add_address(connection: Connection, full_text: str, cell: str, n: int = 0, **values: Any) -> int:
    """A published standard address in a cell, with the levels its text has."""
    parsed = parse(full_text, division_index(connection))
    keys = address_keys(parsed)
    levels = {name: getattr(parsed, name) for name in DEPTHS}
    code = f"{cell[:12]}{n:08d}"
    return insert(
        connection,
        "standard_address",
        code=code,
        full_text=full_text,
        depth=keys.depth,
        match_key=keys.match_key,
        local_key=keys.local_key,
        road_key=keys.road_key,
        number_key=keys.number_key,
        division_code=cell[:12],
        source="test",
        source_key=code,
        geom=point(cell, n),
        **{"grid_code": cell} | levels | values,
    )


def add_household(connection: Connection, no: str, cell: str, address_id: int | None = None, n: int = 0) -> int:
    """A household at a point of a cell."""
    return insert(
        connection,
        "household",
        household_no=no,
        address_id=address_id,
        address_text="永安街",
        source="test",
        grid_code=cell,
        geom=point(cell, n),
    )


def add_person(connection: Connection, name: str, cell: str, household_id: int | None = None, **values: Any) -> int:
    """A person, and a membership when a household is given. id_number and phone need a sealer."""
    sealer: Sealer | None = values.pop("sealer", None)
    id_number, phone = values.pop("id_number", None), values.pop("phone", None)
    relation = values.pop("relation", "户主")
    if sealer is not None and id_number is not None:
        values |= {
            "id_number_cipher": sealer.seal(
                id_number, bound_to=row_binding("person", "id_number_cipher", "test", name)
            ),
            "id_number_hash": sealer.index(id_number),
            "id_number_masked": mask_id_number(id_number),
        }
    if sealer is not None and phone is not None:
        values |= {
            "phone_cipher": sealer.seal(phone, bound_to=row_binding("person", "phone_cipher", "test", name)),
            "phone_hash": sealer.index(phone),
            "phone_masked": mask_phone(phone),
        }
    values.setdefault("birth_date", date(1980, 1, 1))
    person_id = insert(connection, "person", name=name, source="test", source_key=name, grid_code=cell, **values)
    if household_id is not None:
        add_member(connection, household_id, person_id, cell, relation)
    return person_id


def add_member(connection: Connection, household_id: int, person_id: int, cell: str, relation: str = "户主") -> None:
    """A current membership."""
    insert(
        connection,
        "household_member",
        household_id=household_id,
        person_id=person_id,
        relation=relation,
        grid_code=cell,
    )


def add_event(connection: Connection, key: str, cell: str, at: datetime, kind: str = "邻里纠纷", n: int = 0) -> int:
    """An event in a cell."""
    return insert(
        connection,
        "event",
        kind=kind,
        title=f"{kind}{key}",
        occurred_at=at,
        source="test",
        source_key=key,
        grid_code=cell,
        geom=point(cell, n),
    )


def alert_of(title: str, rule: str, **fields: Any) -> ListedAlert:
    """An alert as a list holds it, without a database: open, of a household, raised on 23 November 2026."""
    raised = datetime(2026, 11, 23, tzinfo=UTC)
    usual: dict[str, Any] = {
        "id": 1, "severity": "medium", "status": "open", "version": 1, "grid_code": CELLS[0], "grid_name": None,
        "subject_kind": "household", "subject_id": "1", "household_id": 1, "lon": None, "lat": None, "assignee": None,
        "first_raised_at": raised, "last_raised_at": raised, "ceased_at": None, "severity_rank": 2,
    }  # fmt: skip
    return ListedAlert(title=title, rule=rule, **(usual | fields))
