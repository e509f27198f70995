"""Single values: dates, personal numbers, codes, lists, free text."""

from datetime import date

import pytest

from database.installation.keys import KeyRing
from database.secrets.masks import mask_id_number, mask_phone
from database.secrets.seal import Sealer
from importing.mappings.mapping import parse_mapping
from importing.values.dates import RowProblem, read_date, read_time
from importing.values.fields import Field, Kind
from importing.values.standardise import field_readers, id_number, phone, read_row
from layers.people.masking import mask_numbers, mask_values
from tests.importing.conftest import id_number as make_id

TODAY = date(2026, 3, 1)
SEALER = Sealer(KeyRing.of_first(b"k" * 32, b"i" * 32))


@pytest.mark.parametrize(
    "text",
    ["2024-03-01", "20240301", "2024/3/1", "2024.03.01", "2024年3月1日", "2024-03-01 00:00:00", "2024-03-01T08:00"],
)
def test_dates_as_departments_write_them(text: str):
    assert read_date(text, (), past=False, today=TODAY) == date(2024, 3, 1)


def test_roc_years_by_format():
    assert read_date("1130301", ["%R%m%d"], past=False, today=TODAY) == date(2024, 3, 1)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("2023-02-30", "impossible_date"),
        ("20231301", "impossible_date"),
        ("1066-10-14", "impossible_date"),
        ("2026-03-02", "impossible_date"),
        ("三月一日", "bad_date"),
        ("2024-03", "bad_date"),
        ("2024-03-01x", "bad_date"),
        ("45352", "bad_date"),
    ],
)
def test_dates_that_cannot_be(text: str, code: str):
    with pytest.raises(RowProblem) as caught:
        read_date(text, (), past=True, today=TODAY)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-03-01 08:30:05", "2024-03-01 08:30:05"),
        ("2024年3月1日 8时30分", "2024-03-01 08:30:00"),
        ("20240301", "2024-03-01"),
        ("2024-03-01T08:30:00+08:00", "2024-03-01 08:30:00+08:00"),
    ],
)
def test_times(text: str, expected: str):
    assert read_time(text, (), past=True, today=TODAY) == expected


def test_a_time_of_day_that_does_not_exist():
    with pytest.raises(RowProblem) as caught:
        read_time("2024-03-01 25:00", (), past=True, today=TODAY)
    assert caught.value.code == "impossible_date"


def test_the_standards_own_id_number_passes_and_a_wrong_check_digit_does_not():
    assert id_number("11010519491231002x") == "11010519491231002X"
    assert id_number(" 110105194912310 02Ｘ") == "11010519491231002X"
    with pytest.raises(RowProblem) as caught:
        id_number("110105194912310021")
    assert caught.value.facts == {"why": "校验码不符"}


def test_phones():
    assert phone("138 1234 5678") == "13812345678"
    assert phone("+86138-1234-5678") == "13812345678"
    assert phone("0572-8012345") == "0572-8012345"
    with pytest.raises(RowProblem):
        phone("1381234567")


def test_numbers_of_persons_in_free_text_are_masked_and_other_numbers_stay():
    number = make_id(7)
    text = f"来电人{number}，电话13812345678，编号20240301123456789，单号913305211234567890"
    masked = mask_numbers(text)
    assert number not in masked and "13812345678" not in masked
    assert "*******5678" in masked
    assert "20240301123456789" in masked and "913305211234567890" in masked


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("身份证：３３０５２１１９８００１０１１２３Ｘ", "身份证：330*************3X"),  # full-width digits
        ("330521 19800101 1234，138-1234-5678/139 8765 4321", "330*************34，*******5678/*******4321"),
        ("旧证330521800101123", "旧证330**********23"),  # 15 digits, before 1999
        ("13812345678-330521198001011234", "*******5678-330*************34"),  # two, one after the other
        ("13812345678 13987654321", "*******5678 *******4321"),
        ("+8613812345678、138.1234.5678", "*********5678、*******5678"),
        ("0572-8012345，(010)62345678", "*******2345，*******5678"),
        ("sfz11010519491231002Xab", "sfz110*************2Xab"),  # letters beside it: the check digit decides
    ],
)
def test_numbers_of_persons_are_masked_in_whatever_form_they_are_written(text: str, masked: str):
    assert mask_numbers(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "编号3305210010010000001201，2024-03-01 12:30:45", "30.5123456,120.1234567", "135.12345678", "400-820-8820",
        "91330521MA28C12345", "330521001001 00000012", "202403011234567", "33052119800101123410",
        "与 330521100201001 重叠",
    ],
)  # fmt: skip
def test_codes_coordinates_and_dates_are_no_numbers_of_persons(text: str):
    assert mask_numbers(text) == text


def test_numbers_in_json_are_masked_wherever_they_stand():
    values = {"电话": [13812345678, "138-1234-5678"], "330521198001011234": {"n": 3, "ok": True, "at": 1.5}, "x": None}
    assert mask_values(values) == {
        "电话": ["*******5678", "*******5678"],
        "330*************34": {"n": 3, "ok": True, "at": 1.5},
        "x": None,
    }


def test_a_mask_leaves_what_cannot_be_completed():
    assert mask_id_number("33052119800101123x") == "330*************3X"
    assert mask_id_number("330521800101123") == "330**********23"
    assert mask_phone("13812345678") == "*******5678"
    assert mask_phone("8012345") == "*****45"


def read(columns: str, kind: Kind, row: list[str | None], **field: object):
    mapping = parse_mapping(f'name = "t"\ntitle = "t"\ntarget = "person"\n[columns]\nx = {columns}\n')
    readers = field_readers(mapping, [Field("x", kind, **field)], ["a", "b"], TODAY)  # type: ignore[arg-type]
    return read_row(readers, row, SEALER, ("person", "test", "1"))


def test_columns_are_cut_prefixed_joined_translated_and_defaulted():
    assert read('{ column = "a", last = 6, prefix = "710015" }', Kind.CODE, ["10015010021", None]).values == [
        "710015010021"
    ]
    assert read('{ columns = ["a", "b"], join = "-" }', Kind.TEXT, ["1", None]).values == ["1"]
    assert read('{ template = "{a}路{b}号" }', Kind.TEXT, ["中山", "5"]).values == ["中山路5号"]
    assert read('{ template = "{a}路{b}号" }', Kind.TEXT, ["中山", None]).values == [None]
    assert read('{ column = "a", values = { "男" = "male" } }', Kind.TEXT, ["男", None]).values == ["male"]
    assert read('{ column = "a", empty = ["无"], default = "x" }', Kind.TEXT, ["无", None]).values == ["x"]
    assert read('{ column = "a", values = { "低保" = "low_income" } }', Kind.LIST, ["低保、低保", None]).values == [
        '["low_income"]'
    ]


@pytest.mark.parametrize(
    ("columns", "kind", "value", "code"),
    [
        ('{ column = "a", values = { "男" = "male" } }', Kind.TEXT, "未知", "value_not_allowed"),
        ('"a"', Kind.NAME, "张�", "encoding_lost"),
        ('"a"', Kind.NAME, "王■", "encoding_lost"),
        ('"a"', Kind.TEXT, "丢�字", "encoding_lost"),
        ('"a"', Kind.INTEGER, "三", "bad_number"),
        ('"a"', Kind.NUMBER, "nan", "bad_number"),
        ('{ column = "a", required = true }', Kind.TEXT, None, "missing_value"),
        ('"a"', Kind.ID_NUMBER, "\x00lost:330521198001011264", "digits_lost"),
    ],
)
def test_values_that_are_sent_back(columns: str, kind: Kind, value: str | None, code: str):
    clean = read(columns, kind, [value, None])
    assert [problem.code for problem in clean.problems] == [code]
    zh, mend, en = clean.problems[0].text().split("\n")
    assert zh and mend and en.isascii() is not None


def test_a_personal_number_leaves_sealed_and_hashes_alike_each_time():
    number = make_id(1)
    first, second = (read('"a"', Kind.ID_NUMBER, [number, None]) for _ in range(2))
    assert number not in str(first.values)
    assert first.values[0] != second.values[0], "ciphertexts never repeat"
    assert first.hashed == second.hashed
    assert first.values[3] == number[:3] + "*" * 13 + number[16:]
