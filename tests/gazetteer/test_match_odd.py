"""Matching odd texts: never another door with certainty, several where several are meant, and reasons that are true."""

import re
from collections.abc import Iterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, text

from database.connection.engine import Database
from database.rights.scope import Scope
from gazetteer.matching.candidates import Match
from gazetteer.matching.match import match_many
from gazetteer.reading.divisions import division_index
from gazetteer.reading.keys import address_keys
from gazetteer.reading.parse import parse

HEAD = "浙江省湖州市德清县"
QIANQIU, CHUNHUI, BAIHU = "330521001001", "330521001002", "330521103205"
LOCAL = {
    QIANQIU: [
        *(f"永安街{n}号" for n in (1, 2, 3, 7, 9, 11, 12, 13, 21, 23, 101, 102)), "永安街7号1幢", "永安街7号1幢1单元101室",
        "永安街7号1幢1单元102室", "永安街7号1幢2单元102室", "永安街7号2幢1单元201室", "永安街29号1层", "永安街29号2层", "永安街31号3层", "永安街甲9号",
        "四座里5号", "舞阳街8号", "永安街13-1号", "永安街40-1号2层", "八弄3弄5号",
    ],
    CHUNHUI: ["永按街7号", "永按街14号", "舞阳街8号"],
    BAIHU: [*(f"1组{n}号" for n in (5, 7, 57)), "2组7号", "三和一组7号"],
}  # fmt: skip
TOWNS = {"330521001": "武康街道", "330521103": "新丰市"}
VILLAGES = {QIANQIU: "千秋社区", CHUNHUI: "春晖社区", BAIHU: "百户村"}


@pytest.fixture(scope="module")
def library(app_database: Database, owner: Engine) -> Iterator[Connection]:
    """A small library with a town that ends like a city, an alley in an alley, and numbers of which only floors are known."""
    with owner.begin() as connection:
        connection.execute(text("SET LOCAL lock_timeout = '30s'"))
        connection.execute(text("TRUNCATE c330521.standard_address, c330521.division RESTART IDENTITY CASCADE"))
    with app_database.transaction(Scope.of_system("330521", "t")) as connection:
        divisions = [("330521", "county", "德清县"), *((code, "town", name) for code, name in TOWNS.items())]
        for code, level, name in [*divisions, *((code, "village", name) for code, name in VILLAGES.items())]:
            connection.execute(
                text("INSERT INTO division (code, level, name) VALUES (:code, :level, :name)"),
                {"code": code, "level": level, "name": name},
            )
        index = division_index(connection)
        for village, locals_ in LOCAL.items():
            for n, local in enumerate(locals_):
                full = HEAD + TOWNS[village[:9]] + VILLAGES[village] + local
                parsed = parse(full, index)
                keys = address_keys(parsed)
                connection.execute(
                    text(
                        "INSERT INTO standard_address (code, full_text, city, village_group, depth, match_key, local_key, road_key, "
                        "number_key, division_code, source, source_key, grid_code, geom) VALUES (:code, :full, '湖州市', :group, "
                        ":depth, :match_key, :local_key, :road_key, :number_key, :village, 't', :code, :village, "
                        "st_setsrid(st_point(120.0, 30.5), 4490))"
                    ),
                    {
                        "code": f"{village}{n:08d}",
                        "full": full,
                        "group": parsed.village_group,
                        "depth": keys.depth,
                        "match_key": keys.match_key,
                        "local_key": keys.local_key,
                        "road_key": keys.road_key,
                        "number_key": keys.number_key,
                        "village": village,
                    },
                )
        yield connection
        connection.rollback()


def ask(connection: Connection, written: str) -> Match:
    return match_many(connection, [written])[0]


def outcome(match: Match) -> tuple[str, list[str]]:
    """A, B, C, several or none; the addresses below the village."""
    short = [re.sub(f"^{HEAD}(武康街道|新丰市)(千秋社区|春晖社区|百户村)", "", c.full_text) for c in match.candidates]
    if match.ambiguous:
        return "several", sorted(short)
    return ("none", []) if match.candidate is None else (match.candidate.confidence_class, short[:1])


@pytest.mark.parametrize(
    ("written", "class_", "addresses"),
    [
        ("永安街廿一号", "A", ["永安街21号"]),
        ("永安街壹佰零一号", "A", ["永安街101号"]),
        ("永安街贰十三号", "A", ["永安街23号"]),
        ("永安街1〇2号", "A", ["永安街102号"]),
        ("永安街廿十一号", "none", []),
        ("永安街一百二号", "none", []),
        ("永安街I1号", "B", ["永安街11号"]),
        ("永安街1、3号", "several", ["永安街1号", "永安街3号"]),
        ("永安街7号和9号", "several", ["永安街7号", "永安街9号"]),
        ("永安街7号9号", "several", ["永安街7号", "永安街9号"]),
        ("永安街1至3号", "several", ["永安街1号", "永安街2号", "永安街3号"]),
        ("永安街1-3号", "several", ["永安街1号", "永安街2号", "永安街3号"]),
        ("永安街3、5号", "B", ["永安街3号"]),
        ("永安街13-1号", "A", ["永安街13-1号"]),
        ("永安街13号之1", "A", ["永安街13-1号"]),
        ("永安街29号一、二楼", "several", ["永安街29号1层", "永安街29号2层"]),
        ("永安街1楼至3楼", "none", []),
        ("永安街40号之1二楼", "A", ["永安街40-1号2层"]),
        ("永安街7号1幢-2单元-102室", "A", ["永安街7号1幢2单元102室"]),
        ("永安街12号甲", "C", ["永安街12号"]),
        ("永安街9号甲", "B", ["永安街甲9号"]),
        ("永安街12号对面", "C", ["永安街12号"]),
        ("永安街12号前", "C", ["永安街12号"]),
        ("永安街1", "B", ["永安街1号"]),
        ("永安街7号102室", "several", ["永安街7号1幢1单元102室", "永安街7号1幢2单元102室"]),
        ("永安街7号1幢101室", "B", ["永安街7号1幢1单元101室"]),
        ("永安街7号1幢1单元1层102室", "B", ["永安街7号1幢1单元102室"]),
        ("永安街29号", "several", ["永安街29号1层", "永安街29号2层"]),
        ("永安街31号", "B", ["永安街31号3层"]),
        ("永安街31号5层", "B", ["永安街31号3层"]),
        ("永安街永安街7号", "A", ["永安街7号"]),
        ("四座里5号", "A", ["四座里5号"]),
        ("8弄3衖5号", "A", ["八弄3弄5号"]),
    ],
)
def test_odd_texts(library: Connection, written: str, class_: str, addresses: list[str]) -> None:
    assert outcome(ask(library, "武康街道千秋社区" + written)) == (class_, addresses)


@pytest.mark.parametrize(
    ("written", "class_", "address"),
    [
        ("新丰市百户村1组57", "B", "1组57号"),
        ("新丰市百户村一组7号", "A", "1组7号"),
        ("新丰市百户村三和一组7号", "A", "三和一组7号"),
        # the conflict is named
        ("台东县新丰市百户村1组7号", "C", "1组7号"),
        ("台东市新丰市百户村1组7号", "C", "1组7号"),
        ("长兴县德清县新丰市百户村1组7号", "C", "1组7号"),
        ("江苏省德清县新丰市百户村1组7号", "C", "1组7号"),
        ("杭州市德清县新丰市百户村1组7号", "C", "1组7号"),
        # 永安街 stands in the other village of the town, 永按街 in this one
        ("武康街道春晖社区永安街14号", "C", "永按街14号"),
    ],
)
def test_levels_above(library: Connection, written: str, class_: str, address: str) -> None:
    match = ask(library, written)
    assert outcome(match) == (class_, [address])
    if class_ == "C":
        assert any(reason.kind in ("conflicting", "missing") for reason in match.candidates[0].reasons)


def test_a_mended_road_does_not_beat_the_road_as_written_in_the_same_town(library: Connection) -> None:
    assert outcome(ask(library, "武康街道春晖社区永安街7号")) == ("several", ["永安街7号", "永按街7号"])


def test_reasons_say_what_is_so(library: Connection) -> None:
    reasons = [r.text_zh for r in ask(library, "武康街道千秋社区永安街31号5层").candidates[0].reasons]
    assert "库中31号：没有5层，只有3层" in reasons
    assert not any("5层" in reason and "一致" in reason for reason in reasons)
    several = ask(library, "武康街道千秋社区永安街7号102室")
    assert not any("没有" in r.text_zh for c in several.candidates for r in c.reasons)


NUMBERS = st.one_of(
    st.integers(0, 130).map(str),
    st.sampled_from([*"一三七九十廿卅百〇零○贰I", "十二", "廿一", "一百零一", "二十", "①", "7²"]),
)
LINKS = st.sampled_from(
    [
        "",
        "、",
        "，",
        ".",
        "/",
        "～",
        "-",
        "—",
        "至",
        "和",
        "及",
        "与",
        "&",
        ";",
        " ",
        "之",
        "号",
        "号-",
        "号、",
        "(",
        "甲",
    ]
)
TAILS = st.sampled_from(
    ["号", "号", "号", "号楼", "幢", "楼", "层", "室", "", "号甲", "号前", "号1幢", "号1幢1单元102室", "号二楼"]
)
HEADS = st.sampled_from(
    [
        "武康街道千秋社区永安街",
        "千秋社区永安街",
        "新丰市百户村1组",
        "百户村",
        HEAD + "武康街道千秋社区永安街",
        "长兴县武康街道千秋社区永安街",
    ]
)


@settings(max_examples=250, deadline=None)
@given(HEADS, st.lists(st.tuples(NUMBERS, LINKS), min_size=1, max_size=3), TAILS)
@example("武康街道千秋社区永安街", [("1", "、"), ("3", "")], "号")
@example("武康街道千秋社区永安街", [("7", "号、"), ("9", "")], "号")
def test_certain_only_when_every_number_is_the_addresses(
    library: Connection, head: str, numbers: list[tuple[str, str]], tail: str
) -> None:
    written = head + "".join(number + link for number, link in numbers) + tail
    match = ask(library, written)
    if match.candidate is None or match.candidate.confidence_class != "A":
        return
    assert not head.startswith("长兴县")
    assert tail != "号前"
    there = re.findall(r"\d+", match.candidate.full_text)
    wanted = re.findall(r"\d+", written.replace("①", "1"))
    if not re.search("[一三七九十廿卅百〇零○贰二]", "".join(n for n, _ in numbers) + tail):
        # digits are the address's, one by one, leading zeros apart
        assert [w.lstrip("0") or "0" for w in wanted] == there
    assert not re.search(r"[、，./～—至和及与&;(]", "".join(link for _, link in numbers[:-1])), (
        written,
        match.candidate.full_text,
    )
