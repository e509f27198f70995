"""Checking, publishing, publishing again, rejected rows back and forth, a server killed in the middle."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from sqlalchemy import Engine, text

from database.connection.engine import Database
from database.rights.scope import Role, Scope
from database.secrets.seal import Sealer, row_binding
from gazetteer.lifecycle.second_person import SecondPersonNeeded
from importing.batches import get_batch, list_batches, list_rejects
from importing.errors import BatchNotFound
from importing.loading.rejects import write_rejects
from importing.mappings.mapping import parse_mapping
from importing.pipeline import import_file
from importing.targets import address as address_target
from layers.changes.feed import list_changes
from tests.importing.conftest import ADDRESSES, CELLS, WEST, Load, address_row, box, write_csv, write_geojson

Query = Callable[..., list[tuple[Any, ...]]]

pytestmark = pytest.mark.usefixtures("grounds")


def plates(n: int = 5) -> list[dict[str, Any]]:
    return [address_row(i, 119.91 + i * 0.01, 30.45) for i in range(1, n + 1)]


def state(query: Query) -> list[tuple[Any, ...]]:
    return query(
        "SELECT source_key, code, full_text, grid_code, st_astext(geom), updated_at FROM standard_address ORDER BY 1"
    )


def test_without_publish_nothing_changes_and_the_report_says_what_would(tmp_path: Path, load: Load, query: Query):
    path = write_csv(tmp_path / "a.csv", [*plates(), address_row(9, 150, 30)])
    before = query("SELECT count(*) FROM change")
    report = load(path, ADDRESSES, publish=False)
    assert report.state == "checked"
    assert (report.counts["added"], report.counts["rejected"]) == (5, 1)
    assert query("SELECT count(*) FROM standard_address") == [(0,)]
    assert query("SELECT count(*) FROM change") == before
    assert query("SELECT count(*) FROM address_review") == [(0,)]
    assert query("SELECT reason_code FROM import_reject") == [("outside_county",)], "the rejected rows can be fetched"
    published = load(path, ADDRESSES)
    assert published.counts == report.counts, "what was said is what happens"


def test_an_address_gets_code_levels_keys_cell_and_change(tmp_path: Path, load: Load, query: Query):
    report = load(write_csv(tmp_path / "a.csv", plates(1)), ADDRESSES)
    row = query(
        "SELECT code, county, town, village, road, number_plate, depth, division_code, grid_code, status FROM standard_address"
    )[0]
    assert row == (WEST + "00000001", "德清县", "莫干镇", "桥西村", "前街", "1号", 8, WEST, WEST + "001", "published")
    assert query("SELECT cell_code, reason, valid_to FROM address_cell") == [(WEST + "001", "inside", None)]
    (change,) = query(
        "SELECT operation, batch_id, after ->> 'full_text', actor FROM change WHERE entity = 'standard_address'"
    )
    assert change == ("added", report.batch_id, "湖州市德清县莫干镇桥西村前街1号", "system")


def test_the_same_file_again_is_all_unchanged(tmp_path: Path, load: Load, query: Query):
    path = write_csv(tmp_path / "a.csv", plates())
    load(path, ADDRESSES)
    before = state(query)
    changes = query("SELECT count(*) FROM change")
    counts = load(path, ADDRESSES).counts
    assert (counts["unchanged"], counts["added"], counts["changed"]) == (5, 0, 0)
    assert state(query) == before
    assert query("SELECT count(*) FROM change") == changes


def test_a_changed_row_keeps_its_code_and_the_change_shows_only_what_differs(tmp_path: Path, load: Load, query: Query):
    rows = plates()
    load(write_csv(tmp_path / "a.csv", rows), ADDRESSES)
    codes = query("SELECT source_key, code, uid FROM standard_address ORDER BY 1")
    rows[0]["地址"] = "湖州市德清县莫干镇桥西村前街1号之一"
    rows[1]["经度"] += 0.001
    counts = load(write_csv(tmp_path / "b.csv", [*rows, address_row(6, 119.97, 30.46)]), ADDRESSES).counts
    assert (counts["changed"], counts["added"], counts["unchanged"]) == (2, 1, 3)
    assert query("SELECT source_key, code, uid FROM standard_address ORDER BY 1")[:5] == codes
    assert query("SELECT code FROM standard_address WHERE source_key = 'A6'") == [(WEST + "00000006",)]
    first, second = query("SELECT fields, before, after FROM change WHERE operation = 'changed' ORDER BY id")
    assert first == (
        ["full_text"],
        {"full_text": "湖州市德清县莫干镇桥西村前街1号"},
        {"full_text": "湖州市德清县莫干镇桥西村前街1号之一"},
    )
    assert second[0] == ["lon"]


def test_an_address_that_moves_to_another_cell_gets_a_dated_link(tmp_path: Path, load: Load, query: Query):
    rows = plates(1)
    load(write_csv(tmp_path / "a.csv", rows), ADDRESSES)
    rows[0]["纬度"] = 30.55
    load(write_csv(tmp_path / "a.csv", rows), ADDRESSES)
    links = query("SELECT cell_code, valid_to IS NULL FROM address_cell ORDER BY id")
    assert links == [(WEST + "001", False), (WEST + "002", True)]


def test_redrawn_cells_move_the_links_of_their_addresses(tmp_path: Path, load: Load, query: Query):
    load(write_csv(tmp_path / "a.csv", plates(1)), ADDRESSES)
    features = [
        ({"code": WEST + "001", "name": "南"}, box(119.90, 30.40, 120.00, 30.44)),
        ({"code": WEST + "002", "name": "北"}, box(119.90, 30.44, 120.00, 30.60)),
    ]
    assert load(write_geojson(tmp_path / "c.geojson", features), CELLS).counts["changed"] == 2
    assert query("SELECT grid_code FROM standard_address") == [(WEST + "002",)]
    assert query("SELECT count(*) FROM address_cell WHERE valid_to IS NULL") == [(1,)]


def test_rejected_rows_come_back_as_a_workbook_that_can_be_corrected_and_sent_again(
    tmp_path: Path, load: Load, query: Query
):
    rows = plates(4)
    rows[1]["地址"] = ""
    rows[2]["经度"] = "=1+1"
    workbook = tmp_path / "rejects.xlsx"
    report = load(write_csv(tmp_path / "a.csv", rows), ADDRESSES, rejects=workbook)
    assert report.rejects_path == workbook
    book = openpyxl.load_workbook(workbook)
    sheet = book.active
    assert [cell.value for cell in sheet[1]] == ["行号", "退回原因", "如何修改", *rows[0]]
    assert [sheet.cell(2, 1).value, sheet.cell(3, 1).value] == [3, 4], "the lines of the file"
    assert sheet.cell(2, 2).value == "“地址”是空的"
    assert sheet.cell(2, 3).value == "请填写"
    assert sheet.cell(3, 7).data_type == "s", "a text that looks like a formula never runs"
    sheet.cell(2, 5).value = "湖州市德清县莫干镇桥西村前街2号"
    sheet.cell(3, 7).value = "119.94"
    book.save(workbook)
    counts = load(workbook, ADDRESSES).counts
    assert (counts["added"], counts["rejected"]) == (2, 0)
    assert load(workbook, ADDRESSES).counts["unchanged"] == 2
    assert query("SELECT count(*) FROM standard_address") == [(4,)]


def test_a_rejected_outline_comes_back_as_text_and_can_be_sent_again(tmp_path: Path, load: Load, query: Query):
    features = [({"code": WEST + "009", "name": "重叠"}, box(119.92, 30.42, 119.94, 30.44))]
    workbook = tmp_path / "rejects.xlsx"
    load(write_geojson(tmp_path / "c.geojson", features), CELLS, rejects=workbook)
    book = openpyxl.load_workbook(workbook)
    header = [cell.value for cell in book.active[1]]
    cell = book.active.cell(2, header.index("_wkt") + 1)
    assert cell.value.startswith("POLYGON ((119.92 30.42")
    cell.value = "POLYGON ((119.90 30.60, 120.00 30.60, 120.00 30.601, 119.90 30.601, 119.90 30.60))"
    book.save(workbook)
    assert load(workbook, CELLS).counts["added"] == 1
    assert query("SELECT st_ymax(geom) FROM grid_cell WHERE code = :code", code=WEST + "009") == [(30.601,)]


def test_rejected_rows_are_kept_encrypted(
    tmp_path: Path, load: Load, query: Query, sealer: Sealer, database: Database, system: Scope
):
    report = load(write_csv(tmp_path / "a.csv", [*plates(2), address_row(7, 150, 30)]), ADDRESSES)
    ((cipher, row_no),) = query("SELECT row_cipher, row_no FROM import_reject")
    assert "前街7号".encode() not in bytes(cipher)
    bound_to = row_binding("import_reject", "row_cipher", report.batch_id, row_no)
    assert "前街7号" in sealer.unseal(bytes(cipher), bound_to=bound_to)
    with database.transaction(system) as connection:
        assert list_rejects(connection, report.batch_id)[0].rows_n == 1
        with pytest.raises(BatchNotFound):
            write_rejects(connection, 10**6, tmp_path / "x.xlsx", sealer)


def test_the_record_of_an_import_tells_its_stages(tmp_path: Path, load: Load, database: Database, system: Scope):
    report = load(write_csv(tmp_path / "a.csv", plates()), ADDRESSES)
    with database.transaction(system) as connection:
        batch = get_batch(connection, report.batch_id)
        assert list_batches(connection)[0].id == report.batch_id
    assert batch.state == "published"
    assert batch.counts["added"] == 5
    assert sorted(batch.stages) == sorted(["stage", "compare", "resolve", "publish"])
    assert batch.published_at is not None


def test_changes_are_listed_newest_first_by_entity_and_import(
    tmp_path: Path, load: Load, database: Database, system: Scope
):
    report = load(write_csv(tmp_path / "a.csv", plates()), ADDRESSES)
    with database.transaction(system) as connection:
        page = list_changes(connection, entity="standard_address", batch=report.batch_id, limit=3)
        rest = list_changes(connection, entity="standard_address", batch=report.batch_id, after=page.next, limit=3)
        assert [len(page.items), len(rest.items), rest.next] == [3, 2, None]
        assert page.items[0].id > rest.items[0].id
        assert list_changes(connection, entity="person").items == []


def test_killed_in_the_middle_of_a_publish_nothing_is_there_and_again_completes_it(
    tmp_path: Path,
    database: Database,
    system: Scope,
    sealer: Sealer,
    owner: Engine,
    query: Query,
    monkeypatch: pytest.MonkeyPatch,
):
    path = write_csv(tmp_path / "a.csv", plates())
    mapping = parse_mapping(ADDRESSES)
    original = address_target.publish_rows
    changes = query("SELECT count(*) FROM change")

    def killed(stage: Any, table: Any) -> None:
        original(stage, table)
        written = stage.value("SELECT count(*) FROM standard_address")
        assert written == 5, "rows are written, not committed"
        pid = stage.value("SELECT pg_backend_pid()")
        with owner.connect() as connection:
            connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})

    monkeypatch.setattr(address_target, "publish_rows", killed)
    with pytest.raises(Exception, match=r"terminat|closed|connection"):
        import_file(database, system, path, mapping, sealer=sealer, publish=True)
    monkeypatch.undo()
    assert query("SELECT count(*) FROM standard_address") == [(0,)]
    assert query("SELECT count(*) FROM change") == changes
    ((status, error),) = query("SELECT state, error FROM import_batch WHERE mapping = 'test_addresses'")
    assert status == "failed" and error.startswith("中断")
    assert import_file(database, system, path, mapping, sealer=sealer, publish=True).counts["added"] == 5


def test_a_record_left_by_a_killed_process_is_settled_by_the_import_that_completes_it(
    tmp_path: Path, load: Load, query: Query, database: Database, system: Scope
):
    path = write_csv(tmp_path / "a.csv", plates())
    first = load(path, ADDRESSES, publish=False)
    with database.transaction(system) as connection:  # as kill -9 leaves it
        connection.execute(text("UPDATE import_batch SET state = 'staged' WHERE id = :id"), {"id": first.batch_id})
    load(path, ADDRESSES)
    assert query("SELECT state FROM import_batch WHERE id = :id", id=first.batch_id) == [("failed",)]


def test_two_imports_at_once_take_turns(
    tmp_path: Path, database: Database, system: Scope, sealer: Sealer, query: Query
):
    path = write_csv(tmp_path / "a.csv", plates())
    reports: list[Any] = []

    def run() -> None:
        reports.append(import_file(database, system, path, parse_mapping(ADDRESSES), sealer=sealer, publish=True))

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(report.counts["added"] for report in reports) == [0, 0, 5]
    assert query("SELECT count(*) FROM standard_address") == [(5,)]


def test_a_complete_file_retires_what_it_lacks_and_deletes_nothing(tmp_path: Path, load: Load, query: Query):
    mapping = ADDRESSES.replace("[columns]", "snapshot = true\n[columns]")
    load(write_csv(tmp_path / "a.csv", plates()), mapping)
    counts = load(write_csv(tmp_path / "b.csv", plates(4)), mapping).counts
    assert (counts["unchanged"], counts["removed"]) == (4, 1)
    assert query("SELECT source_key, valid_to = CURRENT_DATE FROM standard_address WHERE status = 'retired'") == [
        ("A5", True)
    ]
    assert query("SELECT operation, before ->> 'full_text' FROM change WHERE operation = 'removed'") == [
        ("removed", "湖州市德清县莫干镇桥西村前街5号")
    ]


def test_a_complete_file_that_would_empty_a_village_waits_for_a_second_person(
    tmp_path: Path, load: Load, query: Query, database: Database, sealer: Sealer
):
    mapping = parse_mapping(ADDRESSES.replace("[columns]", "snapshot = true\n[columns]"))
    load(write_csv(tmp_path / "a.csv", plates(9)), ADDRESSES)

    def send(path: Path, actor: str) -> dict[str, Any]:
        scope = Scope("330521", actor, Role.GIS_STAFF, ("330521",))
        return import_file(database, scope, path, mapping, sealer=sealer, publish=True).counts

    short, shorter = write_csv(tmp_path / "b.csv", plates(3)), write_csv(tmp_path / "c.csv", plates(2))
    for path, actor in ((short, "a"), (short, "a"), (shorter, "b")):  # again, and another file by another person
        with pytest.raises(SecondPersonNeeded, match=r"停用 [67]/9"):
            send(path, actor)
    assert query("SELECT count(*) FROM standard_address WHERE status = 'published'") == [(9,)]
    assert query("SELECT DISTINCT state, counts FROM import_batch WHERE file_name IN ('b.csv', 'c.csv')") == [
        ("failed", {"second_person": True})
    ]
    assert send(short, "b")["removed"] == 6


def test_the_neighbouring_county_sees_nothing_of_it(tmp_path: Path, load: Load, database: Database, neighbour: str):
    load(write_csv(tmp_path / "a.csv", plates()), ADDRESSES)
    with database.transaction(Scope.of_system(neighbour)) as connection:
        for table in ("standard_address", "change", "import_batch"):
            assert connection.scalar(text(f"SELECT count(*) FROM {table}")) == 0
