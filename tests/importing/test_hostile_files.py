"""Files made to harm: they read nothing, reach nobody, take little, and end as a refused file with a reason."""

import gzip
import io
import os
import signal
import sqlite3
import stat
import struct
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import openpyxl
import pyogrio
import pytest
import shapely

from database.installation.settings import get_settings
from database.installation.workspace import FOLDER
from importing.errors import (
    EncodingUnknown,
    FileTooHeavy,
    FileUnreadable,
    ImportRefused,
    ReaderEnded,
)
from importing.files import CSV_SUFFIXES, VECTOR_SUFFIXES, WORKBOOK_SUFFIXES, open_table
from importing.files.source import Source

ALL = CSV_SUFFIXES | WORKBOOK_SUFFIXES | VECTOR_SUFFIXES
SECRET = "the-data-key-of-the-county"


def opened(path: Path, **options: str) -> Source:
    return open_table(path, ALL, **options)


def everything(path: Path, **options: str) -> str:
    """All that comes out of a file, or the refusal's own words."""
    try:
        source = opened(path, **options)
        return repr([source.columns, [(batch.values, batch.broken) for batch in source.batches()]])
    except ImportRefused as error:
        return str(error) + repr(error.facts)


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A file of the server, readable for everybody, in forms that GDAL would read."""
    folder = tmp_path / "server"
    folder.mkdir()
    (folder / "secrets.csv").write_text(f"key,x,y\n{SECRET},120,30\n", encoding="utf-8")
    (folder / "secrets.json").write_text(f'{{"data_key": "{SECRET}"}}', encoding="utf-8")
    shape = '{"type":"Point","coordinates":[120,30]}'
    (folder / "secrets.geojson").write_text(
        f'{{"type":"FeatureCollection","features":[{{"type":"Feature","properties":{{"key":"{SECRET}"}},"geometry":{shape}}}]}}',
        encoding="utf-8",
    )
    return folder


@pytest.fixture
def listener() -> Iterator[tuple[str, list[str]]]:
    """An address and the requests that reach it."""
    requests: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            requests.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(f"key\n{SECRET}\n".encode())

        do_HEAD = do_POST = do_GET  # noqa: N815

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", requests
    server.shutdown()
    server.server_close()
    thread.join()


def documents_that_point_elsewhere(place: str) -> dict[str, str]:
    """What GDAL opens by its content: each leads to another file or host."""
    vrt = f'<OGRVRTDataSource><OGRVRTLayer name="secrets"><SrcDataSource>{place}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>'
    sql = (
        f'<OGRVRTDataSource><OGRVRTLayer name="a"><SrcDataSource>{place}</SrcDataSource><SrcSQL>SELECT * FROM secrets</SrcSQL>'
        "</OGRVRTLayer></OGRVRTDataSource>"
    )
    return {
        "vrt": vrt,
        "vrt after blanks": "\n\n  " + vrt,
        "vrt after a mark": "\ufeff" + vrt,
        "vrt with sql": sql,
        "vrt of a vrt": f"<OGRVRTDataSource><OGRVRTUnionLayer name='u'><OGRVRTLayer name='secrets'><SrcDataSource>{place}</SrcDataSource></OGRVRTLayer></OGRVRTUnionLayer></OGRVRTDataSource>",
        "raster vrt": f'<VRTDataset rasterXSize="1" rasterYSize="1"><VRTRasterBand dataType="Byte" band="1"><SimpleSource><SourceFilename>{place}</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>',
        "gdalg": f'{{"type":"gdal_streamed_alg","command_line":"gdal vector pipeline ! read {place}"}}',
        "wfs": f"<OGRWFSDataSource><URL>{place}</URL></OGRWFSDataSource>",
        "wfs capabilities": f'<WFS_Capabilities version="1.1.0"><OperationsMetadata><Operation name="GetFeature"><DCP><HTTP><Get href="{place}"/></HTTP></DCP></Operation></OperationsMetadata><FeatureTypeList><FeatureType><Name>a</Name></FeatureType></FeatureTypeList></WFS_Capabilities>',
        "gml with a schema": f'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "{place}">]><gml:FeatureCollection xmlns:gml="http://www.opengis.net/gml" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="a {place}"><gml:featureMember><a>&x;</a></gml:featureMember></gml:FeatureCollection>',
        "georss": f'<rss version="2.0" xmlns:georss="http://www.georss.org/georss"><channel><link>{place}</link><item><title>&lt;</title></item></channel></rss>',
        "wms": f"<GDAL_WMS><Service name='WMS'><ServerUrl>{place}</ServerUrl></Service></GDAL_WMS>",
        "esri page": f'{{"objectIdFieldName":"a","exceededTransferLimit":true,"features":[],"url":"{place}","geometryType":"esriGeometryPoint","fields":[]}}',
        "oapif": f'{{"links":[{{"rel":"data","type":"application/json","href":"{place}"}}],"collections":[{{"id":"a","links":[{{"rel":"items","href":"{place}"}}]}}]}}',
        "stacta": f'{{"type":"Feature","stac_version":"1.0.0","id":"a","geometry":null,"properties":{{}},"asset_templates":{{"a":{{"href":"{place}"}}}}}}',
        "tilejson": f'{{"tilejson":"2.2.0","tiles":["{place}"],"vector_layers":[]}}',
        "plain name": place,
    }


KINDS = list(documents_that_point_elsewhere(""))


@pytest.mark.parametrize("suffix", [".json", ".geojson", ".gpkg", ".shp", ".zip"])
def test_a_document_that_points_to_a_file_of_the_server_reads_nothing(tmp_path: Path, secret: Path, suffix: str):
    for kind in ("vrt", "vrt with sql", "gdalg"):
        for place in (secret / "secrets.csv", secret / "secrets.geojson"):
            path = tmp_path / f"sent{suffix}"
            path.write_text(documents_that_point_elsewhere(str(place))[kind], encoding="utf-8")
            if suffix == ".shp":
                for side in (".dbf", ".shx"):
                    path.with_suffix(side).write_bytes(path.read_bytes())
            found = everything(path)
            assert SECRET not in found, kind
            assert "sent" in found, "the refusal names the file"


@pytest.mark.parametrize("kind", KINDS)
def test_no_document_reads_a_file_or_asks_a_host(
    tmp_path: Path, secret: Path, listener: tuple[str, list[str]], kind: str
):
    address, requests = listener
    for place in (str(secret / "secrets.csv"), f"/vsicurl/{address}/a.csv", f"{address}/a"):
        path = tmp_path / "sent.json"
        path.write_text(documents_that_point_elsewhere(place)[kind], encoding="utf-8")
        assert SECRET not in everything(path)
        packed = tmp_path / "packed.zip"
        with zipfile.ZipFile(packed, "w") as archive:
            for name in ("a.shp", "a.dbf", "a.shx", "a.vrt", "a.prj", "a.cpg"):
                archive.writestr(name, documents_that_point_elsewhere(place)[kind])
        assert SECRET not in everything(packed)
    assert requests == []


def geopackage(path: Path, *statements: str, layer: str = "places") -> Path:
    pyogrio.raw.write(
        str(path),
        np.array([shapely.to_wkb(shapely.Point(120, 30))], dtype=object),
        [np.array(["甲"], dtype=object)],
        ["name"],
        layer=layer,
        geometry_type="Point",
        crs="EPSG:4490",
    )
    with sqlite3.connect(path) as database:
        for statement in statements:
            database.execute(statement)
    database.close()
    return path


VIEW = (
    "CREATE VIEW spy AS SELECT 1 AS fid, hex(randomblob(8)) AS name, NULL AS geom",
    "INSERT INTO gpkg_contents (table_name, data_type, identifier, srs_id) VALUES ('spy', 'attributes', 'spy', 4490)",
)


def test_a_view_in_a_geopackage_is_never_read(tmp_path: Path):
    path = geopackage(tmp_path / "a.gpkg", *VIEW)
    source = opened(path)
    assert [row for batch in source.batches() for row in batch.values] == [["1", "甲"]], "the one table is the layer"
    with pytest.raises(FileUnreadable, match="视图"):
        opened(path, layer="spy")


def test_triggers_do_not_run_and_the_file_is_not_written(tmp_path: Path):
    target = tmp_path / "written.db"
    path = geopackage(
        tmp_path / "a.gpkg",
        "CREATE TRIGGER t AFTER UPDATE ON gpkg_contents BEGIN DELETE FROM places; END",
        "CREATE TRIGGER u AFTER INSERT ON places BEGIN SELECT load_extension('/tmp/x.so'); END",
        f"CREATE TABLE note (v TEXT DEFAULT 'VACUUM INTO ''{target}''')",
    )
    before = path.read_bytes()
    assert "甲" in everything(path)
    assert path.read_bytes() == before
    assert not target.exists()


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE places ADD COLUMN leak AS (hex(name))",
        "ALTER TABLE gpkg_contents ADD COLUMN leak AS (upper(identifier))",
    ],
)
def test_columns_computed_on_reading_are_refused(tmp_path: Path, statement: str):
    with pytest.raises(FileUnreadable, match="计算列"):
        opened(geopackage(tmp_path / "a.gpkg", statement))


def test_own_tables_that_are_views_are_refused(tmp_path: Path):
    path = geopackage(
        tmp_path / "a.gpkg",
        "ALTER TABLE gpkg_contents RENAME TO real_contents",
        "CREATE VIEW gpkg_contents AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT c.* FROM real_contents c, n",
    )
    with pytest.raises(FileUnreadable, match="gpkg_contents"):
        opened(path)


def test_a_sqlite_file_with_a_virtual_table_onto_other_files_is_refused(tmp_path: Path, secret: Path):
    path = tmp_path / "a.gpkg"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE t (a TEXT)")
        database.execute("PRAGMA writable_schema = ON")
        database.execute(
            "INSERT INTO sqlite_master (type, name, tbl_name, rootpage, sql) VALUES ('table', 'v', 'v', 0, "
            f"'CREATE VIRTUAL TABLE v USING VirtualOGR(''{secret / 'secrets.csv'}'')')"
        )
    database.close()
    assert SECRET not in everything(path)
    with pytest.raises(FileUnreadable):
        opened(path)


def test_a_csv_named_as_another_format_is_told_so(tmp_path: Path):
    book = openpyxl.Workbook()
    book.active.append(["a"])
    book.save(tmp_path / "real.xlsx")
    content = (tmp_path / "real.xlsx").read_bytes()
    for name in ("a.csv", "a.gpkg", "a.json", "a.xls", "a.shp"):
        (tmp_path / name).write_bytes(content)
        if name == "a.shp":
            (tmp_path / "a.dbf").write_bytes(b"\0" * 40)
            (tmp_path / "a.shx").write_bytes(b"\0" * 40)
        with pytest.raises(FileUnreadable, match="其实是 XLSX" if name == "a.xls" else "ZIP"):
            opened(tmp_path / name)


# --- archives ---------------------------------------------------------------------------------------------------


def shapefile_zip(path: Path, prefix: str = "", **more: bytes) -> Path:
    folder = path.parent / f"{path.stem}-parts"
    folder.mkdir()
    pyogrio.raw.write(
        str(folder / "a.shp"),
        np.array([shapely.to_wkb(shapely.Point(120, 30))], dtype=object),
        [np.array(["甲"], dtype=object)],
        ["name"],
        geometry_type="Point",
        crs="EPSG:4490",
        encoding="UTF-8",
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in folder.iterdir():
            archive.write(part, prefix + part.name)
        for name, content in more.items():
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize("prefix", ["", "folder/", "网格/普查/"])
def test_a_zipped_shapefile_is_read_also_in_a_folder(tmp_path: Path, prefix: str):
    source = opened(shapefile_zip(tmp_path / "a.zip", prefix))
    assert [row for batch in source.batches() for row in batch.values] == [["0", "甲"]]
    assert source.crs == "EPSG:4490"


@pytest.mark.parametrize("name", ["../../escape.dbf", "/etc/escape.dbf", "a/../../escape.dbf", "..\\..\\escape.dbf"])
def test_paths_that_lead_out_of_an_archive_are_refused(tmp_path: Path, name: str):
    path = shapefile_zip(tmp_path / "a.zip")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(name, b"x")
    with pytest.raises(FileUnreadable, match="指向别处"):
        opened(path)
    assert not list(tmp_path.rglob("escape.dbf"))


def test_links_in_an_archive_are_refused(tmp_path: Path, secret: Path):
    path = shapefile_zip(tmp_path / "a.zip")
    link = zipfile.ZipInfo("b.shp")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(link, str(secret / "secrets.csv"))
    with pytest.raises(FileUnreadable, match="链接"):
        opened(path)


def test_a_zipped_dbf_of_more_than_a_gigabyte_is_refused_before_it_is_unpacked(tmp_path: Path):
    path = tmp_path / "a.zip"
    block = b" " * (16 << 20)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name in ("a.shp", "a.shx"):
            archive.writestr(name, b"\0" * 100)
        with archive.open("a.dbf", "w") as file:
            for _ in range(82):
                file.write(block)
    assert path.stat().st_size < 10 << 20
    with pytest.raises(FileTooHeavy):
        opened(path)


def test_archives_of_many_members_or_with_a_password_are_refused(tmp_path: Path):
    path = tmp_path / "many.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for n in range(3_000):
            archive.writestr(f"{n}.txt", b"")
    with pytest.raises(FileTooHeavy):
        opened(path)
    locked = bytearray(shapefile_zip(tmp_path / "locked.zip").read_bytes())
    for start in (b"PK\x03\x04", b"PK\x01\x02"):
        place = -1
        while (place := locked.find(start, place + 1)) >= 0:
            locked[place + (6 if start[2] == 3 else 8)] |= 1
    (tmp_path / "locked.zip").write_bytes(locked)
    with pytest.raises(FileUnreadable, match="密码"):
        opened(tmp_path / "locked.zip")


def test_a_dbf_that_claims_two_billion_records_is_no_danger(tmp_path: Path):
    shapefile_zip(tmp_path / "a.zip")
    dbf = tmp_path / "a-parts" / "a.dbf"
    content = bytearray(dbf.read_bytes())
    content[4:8] = struct.pack("<I", 0x7FFFFFFF)
    dbf.write_bytes(content)
    found = everything(tmp_path / "a-parts" / "a.shp")
    assert len(found) < 2000


# --- workbooks --------------------------------------------------------------------------------------------------


def workbook(path: Path, sheet: str, **parts: str) -> Path:
    """A workbook whose one sheet holds this XML."""
    book = openpyxl.Workbook()
    book.active.append(["编号"])
    made = io.BytesIO()
    book.save(made)
    with zipfile.ZipFile(made) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name) if name != "xl/worksheets/sheet1.xml" else sheet.encode()
            new.writestr(name, content)
        for name, content in parts.items():
            new.writestr(name, content)
    return path


MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


def cells(*places: str, quote: str = '"', prefix: str = "") -> str:
    tag = f"{prefix}:" if prefix else ""
    name = f"xmlns:{prefix}={MAIN.split('=')[1]}" if prefix else MAIN
    rows = "".join(
        f"<{tag}row><{tag}c t={quote}n{quote} r={quote}{place}{quote}><{tag}v>1</{tag}v></{tag}c></{tag}row>"
        for place in places
    )
    return f"<{tag}worksheet {name}><{tag}sheetData>{rows}</{tag}sheetData></{tag}worksheet>"


@pytest.mark.parametrize(
    "sheet",
    [
        cells("A1", "XFD1048576"),
        cells("A1", "XFD1048576", quote="'"),
        cells("A1", "XFD1048576", prefix="x"),
        cells("A1", "xfd1048576"),
        cells("A1", "XFD1", "A1048576"),
        cells("A1", "CZ1048576"),
        cells("A1", "BZZ99999"),
        cells("A1", "ZZZZZ1"),
        cells("A1", "XFD4294967295"),
        cells("A1", *(f"XFD{n}" for n in (200_000, 400_000))),
    ],
)
def test_two_cells_far_apart_do_not_make_the_server_take_the_rectangle(tmp_path: Path, sheet: str):
    path = workbook(tmp_path / "a.xlsx", sheet)
    assert path.stat().st_size < 10_000
    with pytest.raises(FileTooHeavy, match="Ctrl"):
        opened(path)


def test_an_opendocument_that_repeats_a_cell_for_ever_is_refused(tmp_path: Path):
    content = (
        '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0">'
        '<office:body><office:spreadsheet><table:table table:name="a"><table:table-row table:number-rows-repeated="1000000">'
        '<table:table-cell table:number-columns-repeated="16000" office:value-type="string"><text:p>1</text:p></table:table-cell>'
        "</table:table-row></table:table></office:spreadsheet></office:body></office:document-content>"
    )
    path = tmp_path / "a.ods"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr(
            "META-INF/manifest.xml",
            "<manifest:manifest xmlns:manifest='urn:oasis:names:tc:opendocument:xmlns:manifest:1.0'/>",
        )
        archive.writestr("content.xml", content)
    with pytest.raises(FileTooHeavy):
        opened(path)


def test_bombs_of_shared_texts_and_of_entities_are_refused(tmp_path: Path):
    path = workbook(tmp_path / "a.xlsx", cells("A1"), **{"xl/bomb.xml": "<si><t>" + "a" * (300 << 20) + "</t></si>"})
    assert path.stat().st_size < 1 << 20
    with pytest.raises(FileTooHeavy):
        opened(path)
    entities = '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">' + "".join(
        f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(12)
    )
    sheet = f'<?xml version="1.0"?>{entities}]><worksheet {MAIN}><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>&m;</t></is></c></row></sheetData></worksheet>'
    assert len(everything(workbook(tmp_path / "b.xlsx", sheet))) < 10_000


def test_a_workbook_that_outgrows_its_memory_is_refused_with_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ONEMAP_READER_MEMORY_MB", "128")
    get_settings.cache_clear()
    path = workbook(tmp_path / "a.xlsx", cells("A1", "BXX9999"))
    try:
        with pytest.raises(ReaderEnded, match="128 MB"):
            opened(path)
    finally:
        monkeypatch.undo()
        get_settings.cache_clear()


def test_a_workbook_with_a_password_says_so(tmp_path: Path):
    path = tmp_path / "a.xlsx"
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 2000)
    with pytest.raises(FileUnreadable, match="密码"):
        opened(path)


# --- texts ------------------------------------------------------------------------------------------------------


def test_a_line_without_end_a_thousand_columns_and_a_gzip_bomb_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "line.csv"
    with path.open("wb") as file:
        file.write(b"a,b\n1,")
        for _ in range(80):
            file.write(b"x" * (1 << 20))
    with pytest.raises(FileTooHeavy, match="第 2 行"):
        list(opened(path).batches())
    quoted = tmp_path / "quoted.csv"
    quoted.write_bytes(b'a,b\n1,"' + b"x\n" * (20 << 20))
    with pytest.raises(ImportRefused):
        list(opened(quoted).batches())
    (tmp_path / "wide.csv").write_text(",".join(f"c{n}" for n in range(1_000_000)), encoding="utf-8")
    with pytest.raises(FileTooHeavy, match="1000000"):
        opened(tmp_path / "wide.csv")
    monkeypatch.setenv("ONEMAP_MAX_UNPACKED_MB", "64")
    get_settings.cache_clear()
    try:
        with gzip.open(tmp_path / "bomb.csv.gz", "wb", compresslevel=1) as packed:
            packed.write(b"a,b\n")
            for _ in range(8):
                packed.write(b"1,2\n" * (4 << 20))
        with pytest.raises(FileTooHeavy, match="64 MB"):
            opened(tmp_path / "bomb.csv.gz")
    finally:
        monkeypatch.undo()
        get_settings.cache_clear()


@pytest.mark.parametrize(
    "encoding",
    ["rot13", "zip", "base64", "idna", "punycode", "hex", "bz2", "unicode_escape", "utf-7", "mbcs", "undefined", "no such", "编码",
     "../../etc", "a" * 5000, "utf-8\0", "\ud800", "os", "__init__", "aliases"],
)  # fmt: skip
def test_an_encoding_that_is_none_is_refused_in_every_format(tmp_path: Path, encoding: str):
    (tmp_path / "a.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    geopackage(tmp_path / "a.gpkg")
    for name in ("a.csv", "a.gpkg"):
        with pytest.raises(EncodingUnknown):
            opened(tmp_path / name, encoding=encoding)


def test_geojson_nested_without_end_or_of_another_kind_is_refused(tmp_path: Path):
    start = '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"a":'
    deep = start + "[" * 200_000 + "]" * 200_000 + '},"geometry":null}]}'
    wide = '{"type":"FeatureCollection","features":[{"type":"Feature","properties":null,"geometry":' + (
        '{"type":"GeometryCollection","geometries":[' * 50_000
    )
    for name, content in (
        ("deep", deep),
        ("wide", wide),
        ("list", "[1, 2]"),
        ("other", '{"a": 1}'),
        ("text", '"text"'),
    ):
        path = tmp_path / f"{name}.geojson"
        path.write_text(content, encoding="utf-8")
        assert name in everything(path)


def test_outlines_nested_without_end_are_no_outlines(tmp_path: Path):
    book = openpyxl.Workbook()
    book.active.append(["编号", "_wkt", "_wkt2"])
    book.active.append(["1", "GEOMETRYCOLLECTION(" * 1600, "GEOMETRYCOLLECTION(" * 1600])
    book.active.append(["2", "POINT(120 30)", None])
    book.save(tmp_path / "a.xlsx")
    (batch,) = opened(tmp_path / "a.xlsx").batches()
    assert batch.geometries is not None
    assert [shape is None for shape in batch.geometries] == [True, False]


# --- the process ------------------------------------------------------------------------------------------------


def test_a_killed_reader_is_a_refused_file_and_leaves_nothing(tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_text("a,b\n" + "1,2\n" * 50_000, encoding="utf-8")
    others = set((get_settings().home / FOLDER).glob("reader-*"))
    source = opened(path)
    os.kill(source.pid, signal.SIGKILL)  # type: ignore[attr-defined]
    with pytest.raises(ReaderEnded):
        list(source.batches())
    source.close()
    assert set((get_settings().home / FOLDER).glob("reader-*")) <= others


def test_every_wall_stands_around_a_reader(tmp_path: Path):
    (tmp_path / "a.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    geopackage(tmp_path / "a.gpkg")
    for name in ("a.csv", "a.gpkg"):
        source = opened(tmp_path / name)
        assert {"limits", "privileges", "calls"} <= set(source.walls)  # type: ignore[attr-defined]
        source.close()


def test_names_of_files_are_never_paths(tmp_path: Path, secret: Path):
    for name in ("GPKG:a.json", "vsicurl.json", "a b;c&d.json", "-o.json", "{a}.json", "\\\\host\\a.json"):
        path = tmp_path / name
        path.write_text('{"type":"FeatureCollection","features":[]}', encoding="utf-8")
        with pytest.raises(ImportRefused):
            opened(path)
