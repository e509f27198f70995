"""Reviews follow their address: raised, refreshed when it changes, closed when it is mended, open again when it is not."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from database.clock import day_in_china
from database.connection.engine import Database
from database.rights.scope import Scope
from gazetteer.corrections.queue import count_waiting, take_next
from gazetteer.corrections.reviews import decide_review
from gazetteer.lifecycle.operation import Operation
from gazetteer.lifecycle.operations import rename
from tests.importing.conftest import (
    ADDRESSES,
    DIVISIONS,
    EAST,
    TOWN,
    WEST,
    Load,
    address_row,
    box,
    write_csv,
    write_geojson,
)

Query = Callable[..., list[tuple[Any, ...]]]
HEAD = "湖州市德清县莫干镇"
NEW = f"{HEAD}新华村前街1号"
STATE = "SELECT reason_code, status, reason, facts FROM address_review ORDER BY reason_code, address_id"

pytestmark = pytest.mark.usefixtures("grounds")


def test_a_village_that_the_library_lacks_waits_and_is_closed_when_the_text_is_mended(
    tmp_path: Path, load: Load, query: Query
):
    row = address_row(1, 119.92, 30.45, 村代码="", 地址=NEW)
    counts = load(write_csv(tmp_path / "a.csv", [row]), ADDRESSES).counts
    assert (counts["review"], counts["reviews"]) == (1, {"village_unlisted": 1})
    ((code, status, reason, facts),) = query(STATE)
    assert (code, status, facts) == ("village_unlisted", "open", {"name": "新华村", "located": WEST})
    assert reason == "地址写的是“新华村”，库中没有这个村，按坐标归到桥西村"
    row["地址"] = f"{HEAD}永和村前街1号"
    load(write_csv(tmp_path / "a.csv", [row]), ADDRESSES)
    assert query(STATE)[0][1:] == (
        "open", "地址写的是“永和村”，库中没有这个村，按坐标归到桥西村", {"name": "永和村", "located": WEST},
    )  # fmt: skip
    row["地址"] = f"{HEAD}桥西村前街1号"
    assert load(write_csv(tmp_path / "a.csv", [row]), ADDRESSES).counts["review"] == 0
    assert query(STATE)[0][1] == "closed"
    row["地址"] = NEW
    assert load(write_csv(tmp_path / "a.csv", [row]), ADDRESSES).counts["review"] == 1
    assert query(STATE)[0][1] == "open"


def test_a_coded_or_known_village_is_not_doubted(tmp_path: Path, load: Load, query: Query):
    load(write_csv(tmp_path / "a.csv", [address_row(1, 119.92, 30.45, 地址=NEW)]), ADDRESSES)
    assert query(STATE) == [], "the file says by code where it belongs"


def test_a_new_village_closes_what_waited_for_it(tmp_path: Path, load: Load, query: Query):
    load(write_csv(tmp_path / "a.csv", [address_row(1, 119.92, 30.45, 村代码=TOWN + "203", 地址=NEW)]), ADDRESSES)
    assert [row[0] for row in query(STATE)] == ["unknown_village", "village_unlisted"]
    village = [({"code": TOWN + "203", "name": "新华村村民委员会"}, box(119.91, 30.44, 119.93, 30.46))]
    load(write_geojson(tmp_path / "d.geojson", village), DIVISIONS)
    assert {row[1] for row in query(STATE)} == {"closed"}


def test_decided_reviews_wait_again_only_when_the_facts_change(
    tmp_path: Path, load: Load, query: Query, database: Database, system: Scope
):
    row = address_row(1, 120.05, 30.45)
    load(write_csv(tmp_path / "a.csv", [row]), ADDRESSES)
    with database.transaction(system) as connection:
        waiting = take_next(connection, "a")
        assert waiting is not None
        decide_review(connection, waiting.review_id, accept=True, note=None, actor="a")
    row["地址"] += "之一"
    load(write_csv(tmp_path / "a.csv", [row]), ADDRESSES)
    assert query(STATE)[0][:2] == ("village_mismatch", "accepted")
    row |= {"村代码": EAST, "经度": 119.92, "地址": row["地址"].replace("桥西", "桥东")}
    load(write_csv(tmp_path / "a.csv", [row]), ADDRESSES)
    assert query(STATE)[0][1] == "open"
    with database.transaction(system) as connection:
        again = take_next(connection, "a")
        assert again is not None and again.address_text == row["地址"]
        assert count_waiting(connection) == 1


def test_an_edit_closes_the_review_of_the_address_and_of_its_double(
    tmp_path: Path, load: Load, query: Query, database: Database, system: Scope
):
    first, second = address_row(1, 119.92, 30.45), address_row(2, 119.93, 30.45)
    second["地址"] = first["地址"]
    load(write_csv(tmp_path / "a.csv", [first, second]), ADDRESSES)
    assert [row[:2] for row in query(STATE)] == [("duplicate_text", "open")] * 2
    with database.transaction(system) as connection:
        uid = connection.scalar(text("SELECT uid FROM standard_address WHERE source_key = 'A2'"))
        rename(connection, Operation("renamed", "门牌写错", day_in_china()), uid, f"{HEAD}桥西村前街2号")
    assert [row[:2] for row in query(STATE)] == [("duplicate_text", "closed")] * 2
