"""Matching: what people write, and the standard address that is meant."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, text

from database.connection.engine import Database
from database.rights.scope import Role, Scope
from gazetteer.library.addresses import AddressNotFound, add_alias, get_address, reverse
from gazetteer.matching.match import match_address, match_many, suggest
from gazetteer.reading.divisions import division_index
from gazetteer.reading.keys import address_keys
from gazetteer.reading.parse import parse

HEAD = "浙江省湖州市德清县"
QIANQIU, CHUNHUI, LIAOYUAN = "330521001001", "330521001002", "330521103205"
ADDRESSES = {
    HEAD + "武康街道千秋社区永安街12号": QIANQIU,
    HEAD + "武康街道千秋社区永安街12号3幢2单元501室": QIANQIU,
    HEAD + "武康街道千秋社区永安街14号": QIANQIU,
    HEAD + "武康街道千秋社区舞阳街8号": QIANQIU,
    HEAD + "武康街道春晖社区舞阳街8号": CHUNHUI,
    HEAD + "武康街道春晖社区中兴北路201号": CHUNHUI,
    HEAD + "莫干山镇燎原村庙前组8号": LIAOYUAN,
}


@pytest.fixture
def connection(database: Database, system: Scope) -> Iterator[Connection]:
    """A small library."""
    with database.transaction(system) as connection:
        for code, level, name in [
            ("330521", "county", "德清县"),
            ("330521001", "town", "武康街道"),
            ("330521103", "town", "莫干山镇"),
            (QIANQIU, "village", "千秋社区居民委员会"),
            (CHUNHUI, "village", "春晖社区居民委员会"),
            (LIAOYUAN, "village", "燎原村村民委员会"),
        ]:
            connection.execute(
                text("INSERT INTO division (code, level, name) VALUES (:code, :level, :name)"),
                {"code": code, "level": level, "name": name},
            )
        index = division_index(connection)
        for n, (address, village) in enumerate(ADDRESSES.items()):
            keys = address_keys(parse(address, index))
            connection.execute(
                text(
                    "INSERT INTO standard_address (code, full_text, depth, match_key, local_key, road_key, number_key, "
                    "division_code, source, source_key, grid_code, geom) VALUES (:code, :full, :depth, :match_key, "
                    ":local_key, :road_key, :number_key, :village, 't', :code, :village, "
                    "st_setsrid(st_point(CAST(:lon AS float), 30.5), 4490))"
                ),
                {
                    "code": f"{village}{n:08d}",
                    "full": address,
                    "depth": keys.depth,
                    "match_key": keys.match_key,
                    "local_key": keys.local_key,
                    "road_key": keys.road_key,
                    "number_key": keys.number_key,
                    "village": village,
                    "lon": 120.0 + n / 1000,
                },
            )
        yield connection


def best(connection: Connection, address: str) -> tuple[str, str]:
    match = match_many(connection, [address])[0]
    assert match.candidate is not None, match
    return match.candidate.full_text.removeprefix(HEAD), match.candidate.confidence_class


@pytest.mark.parametrize(
    ("written", "meant", "confidence_class"),
    [
        (HEAD + "武康街道千秋社区永安街12号", "武康街道千秋社区永安街12号", "A"),
        ("浙江省 湖州市 德清縣 武康街道 千秋社區 永安街１２號", "武康街道千秋社区永安街12号", "A"),
        ("武康街道千秋社区永安街十二号", "武康街道千秋社区永安街12号", "A"),
        ("武康街道千秋社区永安街12号3栋2单元501", "武康街道千秋社区永安街12号3幢2单元501室", "A"),
        ("千秋社区永安街12号3号楼2单元501室", "武康街道千秋社区永安街12号3幢2单元501室", "A"),
        ("武康街道永安街14号", "武康街道千秋社区永安街14号", "B"),
        ("永安街14号", "武康街道千秋社区永安街14号", "B"),
        ("燎原村庙前组8号", "莫干山镇燎原村庙前组8号", "A"),
        ("千秋社区永安街12号3幢2单元502室", "武康街道千秋社区永安街12号", "B"),
        ("春晖社区中心北路201号", "武康街道春晖社区中兴北路201号", "B"),
    ],
)
def test_the_usual_ways_of_writing_find_the_address(
    connection: Connection, written: str, meant: str, confidence_class: str
) -> None:
    assert best(connection, written)[0] == meant
    if confidence_class == "A":
        assert best(connection, written)[1] == "A"
    else:
        assert best(connection, written)[1] != "A"


def test_two_equal_addresses_are_an_answer_and_not_a_guess(connection: Connection) -> None:
    match = match_many(connection, ["舞阳街8号"])[0]
    assert match.candidate is None
    assert match.ambiguous
    assert len(match.candidates) == 2


@pytest.mark.parametrize(
    ("written", "level"),
    [
        ("武康街道千秋社区永安街99号", "road"),
        ("武康街道千秋社区没有路1号", "village"),
        ("武康街道没有路1号", "town"),
        ("杭州市余杭区良渚街道小洋坝路1号", None),
        ("", None),
        ("8号", None),
    ],
)
def test_what_the_library_does_not_have_is_never_invented(
    connection: Connection, written: str, level: str | None
) -> None:
    match = match_many(connection, [written])[0]
    assert match.candidate is None
    assert not match.ambiguous
    assert match.matched_level == level


def test_a_wrong_number_is_never_certain(connection: Connection) -> None:
    for written in ("武康街道千秋社区永安街13号", "永安街1号", "千秋社区永安街"):
        assert all(c.confidence_class != "A" for c in match_address(connection, written, min_confidence=0))


def test_a_place_in_another_village_is_a_conflict_for_a_person(connection: Connection) -> None:
    found = match_address(connection, "春晖社区永安街14号")[0]
    assert found.confidence_class == "C"
    assert "conflicting" in [reason.kind for reason in found.reasons]


def test_reasons_say_in_chinese_what_was_compared(connection: Connection) -> None:
    found = match_address(connection, "武康街道永安街14号")[0]
    assert "门牌号一致：14号" in [reason.text_zh for reason in found.reasons]


def test_an_alias_finds_its_address(connection: Connection) -> None:
    address = match_address(connection, "永安街14号")[0]
    add_alias(connection, address.address_id, "老供销社", kind="nickname", actor="t")
    add_alias(connection, address.address_id, "老供销社", kind="nickname", actor="t")
    match = match_many(connection, ["老供销社"])[0]
    assert match.candidate is not None
    assert match.candidate.address_id == address.address_id


def test_a_retired_address_is_not_offered(connection: Connection) -> None:
    connection.execute(text("UPDATE standard_address SET status = 'retired' WHERE number_key = '14号'"))
    assert match_many(connection, ["永安街14号"])[0].candidate is None


def test_suggestions_complete_what_was_typed(connection: Connection) -> None:
    assert {c.full_text.removeprefix(HEAD) for c in suggest(connection, "永安街1")} == {
        "武康街道千秋社区永安街12号",
        "武康街道千秋社区永安街12号3幢2单元501室",
        "武康街道千秋社区永安街14号",
    }
    assert len(suggest(connection, "燎原村")) == 1
    assert suggest(connection, "永安街", limit=1)[0].full_text.endswith("永安街12号")


def test_the_nearest_address_with_its_distance_in_metres(connection: Connection) -> None:
    found = reverse(connection, 120.0001, 30.5, max_m=50)[0]
    assert found.full_text.endswith("永安街12号")
    assert found.distance_m == pytest.approx(9.6, abs=0.1)
    assert found.reason.startswith("距门牌点 9.6 米")
    assert reverse(connection, 120.0, 30.5, max_m=50)[0].reason.startswith("就在门牌点上")
    assert reverse(connection, 120.5, 30.5) == []


def test_a_stranger_finds_and_opens_nothing(connection: Connection, database: Database) -> None:
    connection.commit()
    elsewhere = Scope("330521", "x", Role.GRID_WORKER, (LIAOYUAN,))
    with database.transaction(elsewhere) as other:
        assert match_address(other, HEAD + "武康街道千秋社区永安街12号") == []
        assert suggest(other, "永安街1") == []
        assert reverse(other, 120.0, 30.5) == []
        with pytest.raises(AddressNotFound):
            get_address(other, 1)


def test_what_lies_beside_a_misspelt_address_is_for_a_person(connection: Connection) -> None:
    (found,) = match_address(connection, "武康街道千秋社区永按街12号对面")
    assert (found.full_text, found.confidence_class) == (HEAD + "武康街道千秋社区永安街12号", "C")
    assert [reason.kind for reason in found.reasons] == ["typo", "equal", "fallback"]
