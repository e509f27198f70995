"""Files sent to the web: a stranger sends none; hostile names, codecs and contents are refused in words, never with a 500."""

import io
import re
import tempfile
import zipfile
from pathlib import Path

import openpyxl
import pytest
from fastapi.testclient import TestClient

from database.installation.settings import get_settings
from database.installation.workspace import FOLDER
from database.rights.scope import Role
from mapserver.server.uploads import STEM_BYTES, harmless_name
from tests.mapserver.conftest import SignIn
from tests.mapserver.imports import IMPORTS, report_of

EVENTS = "demo_events"
JOBS = "/api/330521/addresses/match-jobs"
NAMES = [
    "..", ".", "...", "../../etc/passwd", "..\\..\\a.csv", "C:\\a\\b.csv", "/", "\\", "", " ", ".csv", "a\0.csv", "\0", "长" * 300 + ".csv",
    "a" * 300, "a." + "b" * 300, "con.csv", "a\nb.csv", "a\r\nX: y.csv", 'a"b.csv', "a;b.csv", "\u202egnp.csv", "~root.csv", "-rf.csv",
    "%00.csv", "a%2fb.csv", "$(id).csv", "`id`.csv",
]  # fmt: skip
CODECS = [
    "rot13",
    "zip",
    "base64",
    "hex",
    "idna",
    "punycode",
    "unicode_escape",
    "no-such",
    "编码",
    "a" * 4000,
    "utf-8\0",
    "..",
    "mbcs",
]


def body(name: bytes, content: bytes, fields: dict[str, str]) -> tuple[bytes, dict[str, str]]:
    """A multipart body by hand, so that the name is exactly these bytes."""
    parts = [
        f'--b\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'.encode("utf-8", "surrogatepass")
        for field, value in fields.items()
    ]
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="' + name.replace(b'"', b"%22") + b'"\r\n\r\n'
    return b"".join([*parts, head, content, b"\r\n--b--\r\n"]), {"Content-Type": "multipart/form-data; boundary=b"}


@pytest.fixture
def staff(sign_in: SignIn) -> TestClient:
    return sign_in(Role.GIS_STAFF)


def left_behind() -> list[str]:
    return [folder.name for folder in (get_settings().home / FOLDER).glob("*") if not folder.name.startswith("tmp-")]


def test_a_stranger_sends_no_file(stranger: TestClient):
    content, headers = body(b"a.csv", b"a,b\n", {"mapping": EVENTS})
    assert stranger.post(IMPORTS, content=content, headers=headers).status_code in (401, 403)
    content, headers = body(b"a.csv", b"a,b\n", {"column": "a"})
    assert stranger.post(JOBS, content=content, headers=headers).status_code in (401, 403)


def test_no_name_of_a_file_is_a_server_error(staff: TestClient):
    names = [name.encode("utf-8") for name in NAMES] + [b"\xff\xfe.csv", b"\xed\xa0\x80.csv", b"\x80" * 40]
    for name in names:
        for path, fields in ((IMPORTS, {"mapping": EVENTS}), (JOBS, {"column": "a"})):
            content, headers = body(name, b"a,b\n1,2\n", fields)
            answer = staff.post(path, content=content, headers=headers)
            assert answer.status_code < 500, (name, answer.text)
            if answer.status_code == 202 and path == IMPORTS:
                assert report_of(staff, answer)["state"] == "failed"
    assert left_behind() == []


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_was_sent_becomes_a_name_every_system_takes(tmp_path: Path, name: str):
    harmless = harmless_name(name)
    assert harmless not in ("", ".", "..")
    assert not set(harmless) & set('/\\\0\r\n"\u202e')
    assert len(harmless.encode()) < STEM_BYTES + 30
    (tmp_path / harmless).write_text("x", encoding="utf-8")
    assert harmless_name("网格\ud800员.tsv.gz") == "网格员.tsv.gz"


@pytest.mark.parametrize("codec", CODECS)
def test_no_codec_is_a_server_error(staff: TestClient, codec: str):
    content, headers = body(b"a.csv", b"a,b\n1,2\n", {"column": "a", "encoding": codec})
    answer = staff.post(JOBS, content=content, headers=headers)
    assert answer.status_code == 422, answer.text
    assert answer.json()["type"].endswith("encoding-unknown")


def test_a_document_that_points_to_the_secrets_gives_nothing_back(staff: TestClient):
    secrets = get_settings().home / "secrets.json"
    keys = re.findall(r'"([A-Za-z0-9+/=_-]{20,})"', secrets.read_text(encoding="ascii"))
    assert len(keys) >= 3
    vrt = f'<OGRVRTDataSource><OGRVRTLayer name="secrets"><SrcDataSource>CSV:{secrets}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>'
    for name in (b"a.json", b"a.geojson", b"a.gpkg", b"a.zip", b"a.csv", b"a.xlsx"):
        content, headers = body(name, vrt.encode(), {"mapping": EVENTS})
        report = report_of(staff, staff.post(IMPORTS, content=content, headers=headers))
        assert report["state"] == "failed", name
        assert not [key for key in keys if key in str(report)]
    for batch in staff.get(IMPORTS).json()["items"]:
        detail = staff.get(f"{IMPORTS}/{batch['id']}").text
        sheet = staff.get(f"{IMPORTS}/{batch['id']}/rejects.xlsx").content
        with zipfile.ZipFile(io.BytesIO(sheet)) as book:
            detail += "".join(book.read(name).decode("utf-8", "replace") for name in book.namelist())
        assert not [key for key in keys if key in detail]
    assert left_behind() == []


def test_a_file_that_ends_its_reader_leaves_the_server_standing(staff: TestClient):
    book = openpyxl.Workbook()
    book.active["A1"] = book.active["XFD1048576"] = "x"
    made = io.BytesIO()
    book.save(made)
    content, headers = body(b"a.xlsx", made.getvalue(), {"mapping": EVENTS})
    report = report_of(staff, staff.post(IMPORTS, content=content, headers=headers))
    assert report["state"] == "failed"
    assert "Ctrl+End" in report["error"]
    assert staff.get("/healthz").status_code == 200
    assert left_behind() == []


def test_rejected_rows_come_back_as_text_and_import_again_unchanged(staff: TestClient):
    fields = ["来源编号", "=SUM(A1)", "@标题"]
    rows = f"{','.join(fields)}\n=1+1,-2+3,@x\n"
    mapping = {"mapping": EVENTS}
    needed = next(m for m in staff.get("/api/330521/mappings").json()["items"] if m["name"] == EVENTS)["columns"]
    rows = ",".join([*needed, *fields]) + "\n" + ",".join(["=bad"] * len(needed) + ["=1+1", "-2+3", "@x"]) + "\n"
    content, headers = body(b"a.csv", rows.encode(), mapping)
    report = report_of(staff, staff.post(IMPORTS, content=content, headers=headers))
    assert report["counts"]["rejected"] == 1
    first = staff.get(f"{IMPORTS}/{report['id']}/rejects.xlsx").content
    cells = list(openpyxl.load_workbook(io.BytesIO(first)).active.iter_rows())
    assert {cell.data_type for row in cells for cell in row[1:] if cell.value is not None} == {"s"}
    content, headers = body(b"again.xlsx", first, mapping)
    report = report_of(staff, staff.post(IMPORTS, content=content, headers=headers))
    assert report["counts"]["rejected"] == 1
    second = staff.get(f"{IMPORTS}/{report['id']}/rejects.xlsx").content
    values = [[cell.value for cell in row[3:]] for row in openpyxl.load_workbook(io.BytesIO(second)).active.iter_rows()]
    assert values[0][-len(fields) :] == fields
    assert values[1][-len(fields) :] == ["=1+1", "-2+3", "@x"]
    assert left_behind() == []


@pytest.mark.parametrize(
    "row",
    ["张三,330521198001011234,13812345678", "张三,1980-01-01,女", "张三,德清县武康街道1号,3.5", "张三,330521100201"],
)
def test_no_error_holds_a_row_of_a_file_without_a_header(staff: TestClient, row: str):
    for path, fields in ((IMPORTS, {"mapping": EVENTS}), (JOBS, {"column": "地址"})):
        content, headers = body(b"a.csv", f"{row}\n{row}\n".encode(), fields)
        answer = staff.post(path, content=content, headers=headers)
        words = answer.text
        if path == IMPORTS:
            report = report_of(staff, answer)
            assert report["state"] == "failed"
            words += report["error"]
        else:
            assert answer.status_code == 422
        for value in row.split(","):
            assert value not in words
    assert "张三" not in staff.get(IMPORTS).text


def test_temporary_files_of_libraries_lie_in_the_private_folder(staff: TestClient):
    folder = Path(tempfile.gettempdir())
    assert folder.parent == get_settings().home / FOLDER
    assert folder.stat().st_mode & 0o077 == 0
    assert folder.parent.stat().st_mode & 0o077 == 0
