"""Wrong encodings are refused, not read as other words; small honest files are not."""

import io
import random
from pathlib import Path

import pytest

from importing.errors import EncodingWrong, FileTruncated
from importing.files.encoding import detect_encoding
from importing.files.plausible import likelier_encoding

SIMPLIFIED = (
    "编号,姓名,地址\n1,王建国,青山镇新桥村三组12号\n2,李秀英,青山镇新桥村前街7号2幢301室\n3,张伟,城关街道人民路18号\n"
)
TRADITIONAL = "編號,姓名,地址\n1,陳美惠,臺北市信義區松壽路12號\n2,林志豪,花蓮縣花蓮市國聯五路33巷7號\n3,黃淑芬,臺中市西屯區臺灣大道三段99號\n"
JAPANESE = "番号,氏名,住所\n1,佐藤 健太,東京都千代田区霞が関1-2-3\n2,鈴木さくら,大阪府大阪市北区中之島\n3,高橋ひろし,北海道札幌市\n"
KOREAN = "번호,이름,주소\n1,김민수,서울특별시 종로구 세종로 1\n2,이영희,부산광역시 해운대구 우동\n3,박지훈,제주특별자치도 서귀포시\n"
GERMAN = "Nr,Name,Strasse\n1,Müller,Königsallee 5 Düsseldorf\n2,Jäger,Schönhauser Straße 7\n3,Weiß,Böttcherstraße\n"


def found(data: bytes, wanted: str | None = None, known: tuple[str, ...] = ()) -> str:
    return detect_encoding(lambda: io.BytesIO(data), wanted, "a.csv", 1 << 24, known)


def refused(data: bytes, wanted: str | None = None, known: tuple[str, ...] = ()) -> EncodingWrong:
    with pytest.raises(EncodingWrong) as caught:
        found(data, wanted, known)
    return caught.value


@pytest.mark.parametrize(
    ("text", "encoding", "named"),
    [
        (TRADITIONAL, "big5", "big5"),
        (TRADITIONAL, "big5hkscs", "big5"),
        (JAPANESE, "cp932", "shift_jis"),
        (JAPANESE, "euc_jp", "euc-jp"),
        (KOREAN, "cp949", "euc-kr"),
        (GERMAN, "cp1252", "cp1252"),
        (SIMPLIFIED, "utf-16-le", "utf-16-le"),
        (SIMPLIFIED, "utf-16-be", "utf-16-be"),
    ],
)
def test_an_encoding_nobody_named_is_refused_and_the_likely_one_named(text: str, encoding: str, named: str):
    error = refused(text.encode(encoding))
    assert error.facts["guess"] == named
    assert named in str(error) and "映射里写 encoding" in str(error)
    assert found(text.encode(encoding), encoding) == encoding, "with the mapping's word it is read"


@pytest.mark.parametrize(
    ("text", "encoding", "wanted", "named"),
    [
        (SIMPLIFIED, "utf-8", "gb18030", "utf-8"),
        (SIMPLIFIED, "gb18030", "big5", "gb18030"),
        (SIMPLIFIED, "utf-8", "cp1252", "utf-8"),
        (SIMPLIFIED, "gb18030", "iso8859-1", "gb18030"),
        (TRADITIONAL, "big5", "gb18030", "big5"),
        (TRADITIONAL, "big5", "iso8859-1", "big5"),
    ],
)
def test_what_the_mapping_says_is_judged_too(text: str, encoding: str, wanted: str, named: str):
    assert refused(text.encode(encoding), wanted).facts["guess"] == named


def test_utf8_saved_twice_and_two_encodings_in_one_file_are_refused():
    twice = SIMPLIFIED.encode().decode("latin-1").encode()
    assert "乱码" in str(refused(twice))
    mixed = (SIMPLIFIED * 20).encode("gb18030") + "21,赵六,青山镇新桥村前街九号\n".encode()
    error = refused(mixed)
    assert error.facts["line"] == 81 and "两种编码" in str(error)


def test_small_honest_files_are_read_whatever_the_names():
    rng = random.Random(7)
    pools = [range(0x4E00, 0x9FA0), range(0x3400, 0x4DB0), range(0x20000, 0x20100)]
    for _ in range(400):
        pool = rng.choice(pools)
        names = ["".join(chr(rng.choice(pool)) for _ in range(rng.randint(2, 3))) for _ in range(rng.randint(1, 4))]
        text = rng.choice(["编号,姓名\n", "", "id,name\n"]) + "".join(f"{i},{name}\n" for i, name in enumerate(names))
        assert likelier_encoding(text.encode("gb18030"), "gb18030") is None, text
    assert found("编号,名\n1,联通\n".encode("gb18030")) == "gb18030"
    assert found(TRADITIONAL.encode("gb18030")) == "gb18030", "traditional characters in the national encoding"


def test_a_name_the_county_knows_decides_what_the_characters_leave_open():
    data = "名\n松壽\n陳美惠\n".encode("big5")
    assert refused(data, "gb18030", ("松壽",)).facts["guess"] == "big5"
    name = data.decode("gb18030", "ignore").split("\n")[2]
    assert likelier_encoding(data, "gb18030", (name,)) is None


def rows(n: int) -> list[str]:
    return ["编号,说明", *(f'{i},"第一行\r\n上海路{i}号"' for i in range(n))]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("row", [0, 3, 40_000])
def test_a_bad_byte_names_the_line_an_editor_shows(encoding: str, row: int):
    text = "\r\n".join(rows(row + 3))
    mark = f"上海路{row}号"
    data = text.encode(encoding)
    bad = mark.encode(encoding.removesuffix("-sig").replace("utf-16", "utf-16-le"))
    at = data.index(bad)
    hurt = b"\x00\xdc\x41\x00" if encoding == "utf-16" else b"\xff\xff"
    data = data[:at] + hurt + data[at + 2 :]
    error = refused(data)
    assert error.facts["line"] == 3 + 2 * row, str(error)


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
def test_a_file_that_ends_inside_a_character_is_cut_off(encoding: str):
    data = "编号,名称\n1,新桥村".encode(encoding)
    with pytest.raises(FileTruncated) as caught:
        found(data[:-1])
    assert caught.value.facts["line"] == 2


def test_long_cells_and_long_files_are_no_reason_to_doubt():
    names = "青山镇新桥村前街" * 60_000
    for encoding, named in (("utf-8", "utf-8-sig"), ("gb18030", "gb18030")):
        assert found(f"编号,名称\n1,{names}\n2,甲\n".encode(encoding)) == named
        assert found(("x" + SIMPLIFIED * 20_000).encode(encoding)) == named
        assert found((names * 3).encode(encoding)) == named
    assert refused((TRADITIONAL * 20_000).encode("big5")).facts["guess"] == "big5"


def test_a_long_line_costs_no_more_than_its_length(tmp_path: Path):
    assert found(b"a" * (8 << 20)) == "utf-8-sig"
