"""Reading: one key for all ways of writing a number, and never another number."""

import re
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gazetteer.reading.compare import compare_many
from gazetteer.reading.divisions import DivisionIndex, DivisionName
from gazetteer.reading.normalise import chinese_number, normalise
from gazetteer.reading.numerals import CHARACTERS, digits_of
from gazetteer.reading.parse import parse
from gazetteer.reading.readings import dashed_range, readings

INDEX = DivisionIndex.of(
    [
        DivisionName("330521", "county", "德清县"),
        DivisionName("330521001", "town", "武康街道"),
        DivisionName("330521002", "town", "新丰市"),
        DivisionName("330521001001", "village", "千秋社区"),
        DivisionName("330521001002", "village", "百户村"),
    ]
)
SEPARATORS = [
    "、",
    "，",
    ",",
    ".",
    "．",
    "/",
    "·",
    ";",
    "；",
    "&",
    " ",
    "　",
    " 、",
    "～",
    "~",
    "—",
    "-",
    "至",
    "到",
    "和",
    "及",
    "与",
    "_",
    "(",
    "|",
]
PIECES = st.one_of(
    st.sampled_from(
        [
            *SEPARATORS,
            *CHARACTERS,
            "号",
            "号楼",
            "幢",
            "楼",
            "层",
            "单元",
            "室",
            "之",
            "组",
            "路",
            "永安街",
            "座",
            "#",
            "①",
            "²",
            "½",
            "Ⅻ",
        ]
    ),
    st.integers(0, 130).map(str),
    st.text(max_size=2),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(PIECES, max_size=12).map("".join))
@example("40号之1二楼")
@example("3之2之1")
@example("1、3之2号")
def test_a_key_of_a_key_is_itself(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


@settings(max_examples=200, deadline=None)
@given(
    st.integers(1, 999),
    st.sampled_from(SEPARATORS),
    st.integers(1, 999),
    st.sampled_from(["号", "楼", "幢", "室", "号楼", ""]),
)
def test_two_numbers_are_never_run_together(first: int, separator: str, second: int, counter: str) -> None:
    found = re.findall(r"\d+", normalise(f"永安街{first}{separator}{second}{counter}"))
    assert found == [str(first), str(second)]


@pytest.mark.parametrize(
    ("numeral", "digits"),
    [
        ("廿一", "21"), ("卅", "30"), ("廿", "20"), ("卌五", "45"), ("壹佰零一", "101"), ("贰拾三", "23"), ("贰十三", "23"), ("柒", "7"),
        ("〇", "0"), ("1百零1", "101"), ("2十3", "23"), ("1〇2", "102"), ("1○2", "102"), ("两百", "200"), ("二〇五", "205"),
        ("一千零二十", "1020"), ("一百一十二", "112"), ("十", "10"), ("二十", "20"),
        # 一百二 is 120 to one and 102 to another
        ("一百二", None), ("廿十一", None), ("百", None), ("十百", None), ("1二", None), ("12十三", None), ("二十零三", None), ("一千二", None),
    ],
)  # fmt: skip
def test_a_numeral_is_read_by_grammar_or_not_at_all(numeral: str, digits: str | None) -> None:
    assert digits_of(numeral) == digits
    if digits is not None:
        assert chinese_number(numeral) == int(digits)
        assert normalise(f"永安街{numeral}号") == f"永安街{int(digits)}号"
    else:
        with pytest.raises(ValueError, match=numeral):
            chinese_number(numeral)


@pytest.mark.parametrize(
    "name", ["四座里5号", "百户村", "三楼村8号", "陆巷村", "三里店", "五里亭路", "八户湾3组", "四座桥", "三和平路"]
)
def test_a_numeral_inside_a_name_stays(name: str) -> None:
    assert normalise(name) == name


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("永安街40号之1二楼", "永安街40-1号2层"),
        ("永安街40之1二楼", "永安街40-1号2层"),
        ("永安街7号3幢-5层", "永安街7号3幢5层"),
        ("永安街1楼至3楼", "永安街1层~3层"),
        ("永安街1楼-3楼", "永安街1层~3层"),
        ("永安街地下一层", "永安街B1层"),
        ("永安街12號四樓之三", "永安街12号4层之3"),
        ("永安街7-1号", "永安街7-1号"),
        ("永安街7号-1", "永安街7号-1"),
        ("武康街道-千秋社区-永安街-7号-2幢", "武康街道千秋社区永安街7号2幢"),
        ("三和一组12号", "三和1组12号"),
        ("二十四鄰林森路三十二巷六號", "24邻林森路32巷6号"),
        ("⻘⼭路⼀⼆号", "青山路一二号"),
        ("永\u200b安\u00ad街\u202a7\u202c号\ufe0f", "永安街7号"),
        ("永安街٣号", "永安街3号"),
        ("永安街7²号", "永安街7^2号"),
        ("和平路12号与善里", "和平路12号与善里"),
    ],
)
def test_numbers_end_where_they_end(text: str, key: str) -> None:
    assert normalise(text) == key


def test_every_radical_is_read_as_its_character() -> None:
    radicals = [chr(code) for code in range(0x2E80, 0x2FD6) if unicodedata.name(chr(code), "")]
    left = [c for c in radicals if normalise(c) == c]
    assert set(left) <= set("⺀⺇⺑⺪⺮⺵⺷⺸⺽⻇⻊⻕⻞⻡⺋")  # forms of characters outside the basic plane, or of none


@pytest.mark.parametrize(
    ("text", "members"),
    [
        ("永安街1、3号", ["1号", "3号"]),
        ("永安街1,3,5号", ["1号", "3号", "5号"]),
        ("永安街7号和9号", ["7号", "9号"]),
        ("永安街7号9号", ["7号", "9号"]),
        ("永安街7号（9号）", ["7号", "9号"]),
        ("永安街1至3号", ["1号", "2号", "3号"]),
        ("永安街1～3号", ["1号", "2号", "3号"]),
        ("永安街三、五号", ["3号", "5号"]),
        ("永安街1-3、5号", ["1-3号", "5号"]),
        ("永安街29号一、二楼", ["29号1层", "29号2层"]),
        ("永安街29号1楼至3楼", ["29号1层", "29号2层", "29号3层"]),
        ("永安街29号一二楼", ["29号12层", "29号1层", "29号2层"]),
        ("永安街7号A、B座", ["7号A幢", "7号B幢"]),
        ("永安街7号3幢101、102室", ["7号3幢101室", "7号3幢102室"]),
        ("永安街I1号", ["11号"]),
        ("永安街7号1幢、9号2幢", ["7号1幢", "9号2幢"]),
        ("永安街7号临", ["临7号"]),
    ],
)
def test_a_text_of_several_addresses_is_taken_apart(text: str, members: list[str]) -> None:
    found = readings(parse(text, INDEX))
    assert found is not None
    assert [t.removeprefix("永安街") for t in found.texts] == members


def test_a_dash_is_a_range_only_upwards() -> None:
    found = dashed_range(parse("永安街1-3号", INDEX))
    assert found is not None
    assert list(found.texts) == ["永安街1号", "永安街2号", "永安街3号"]
    for text in ("永安街7-1号", "永安街7号-1", "永安新村3-2-201", "永安街1-900号"):
        assert dashed_range(parse(text, INDEX)) is None


@pytest.mark.parametrize(
    "text", ["永安街12号", "永安街12号3幢2单元501室", "永安街12号凯悦大厦1201室", "7-1号", "千秋社区三组8号", ""]
)
def test_ordinary_texts_have_one_reading(text: str) -> None:
    assert readings(parse(text, INDEX)) is None


@pytest.mark.parametrize("number", ["廿十一", "一百二", "I1", "1^3", "十百1", "1、3", "7②"])
def test_no_part_of_an_unread_number_is_a_number(number: str) -> None:
    parsed = parse(f"武康街道千秋社区永安街{number}号", INDEX)
    assert parsed.unread
    assert parsed.number_plate is None
    assert (parsed.village, parsed.road) == ("千秋社区", "永安街")


def test_a_head_or_a_road_written_twice_is_read_once() -> None:
    for text in ("德清县武康街道千秋社区" * 2 + "永安街7号", "武康街道千秋社区武康街道千秋社区永安街永安街7号"):
        parsed = parse(text, INDEX)
        assert (parsed.village, parsed.road, parsed.number_plate, parsed.rest) == ("千秋社区", "永安街", "7号", "")


def test_a_county_before_a_town_that_ends_like_a_city_is_another_county() -> None:
    parsed = parse("台东县新丰市永安街7号", INDEX)
    assert (parsed.county, parsed.town, parsed.foreign) == ("台东县", "新丰市", True)
    assert parse("长兴县德清县武康街道永安街7号", INDEX).upper_rest == "长兴县"


@pytest.mark.parametrize("word", ["前", "后", "旁", "对面", "隔壁", "附近", "斜对面", "门前", "左侧", "后面50米"])
def test_a_place_beside_a_number_is_not_the_number(word: str) -> None:
    assert parse(f"武康街道千秋社区永安街7号{word}", INDEX).beside


LEVELS = (
    ("浙江省", "江苏省"), ("杭州市", "宁波市"), ("德清县", "长兴县"), ("武康街道", "乾元镇"), ("千秋社区", "荀山村"), ("永安街", "中山路"),
    ("12号", "14号"), ("3幢", "5幢"), ("2单元", "1单元"), ("501室", "502室"),
)  # fmt: skip


@pytest.mark.parametrize("level", range(len(LEVELS)))
@pytest.mark.parametrize("head", [(0, 1, 2, 3, 4), (1, 2, 3), (3, 4), (1,)])
def test_a_level_named_otherwise_on_both_sides_makes_another_place(level: int, head: tuple[int, ...]) -> None:
    kept = sorted({*head, 5, 6, level} | ({7, 8, 9} if level > 6 else set()))
    a = "".join(LEVELS[n][0] for n in kept)
    b = "".join(LEVELS[n][int(n == level)] for n in kept)
    assert [c.relation for c in compare_many([(a, b), (b, a)])] == ["different", "different"]


def test_a_level_named_on_one_side_only_contradicts_nothing() -> None:
    pairs = [("杭州市西湖区文三路123号", "文三路123号"), ("武康街道永安街12号3幢", "永安街12号")]
    assert all(c.relation != "different" for c in compare_many(pairs))
