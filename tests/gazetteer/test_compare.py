"""Two address texts: the same place, partly so, or different places."""

import io
import json
import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gazetteer.reading.compare import RELATIONS, compare, compare_many
from gazetteer.reading.comparing.remainder import measure_remainder
from gazetteer.reading.comparing.sides import make_side
from gazetteer.reading.tagging import Element
from mapserver.cli.address_compare import PairLineInvalid, compare_lines

WORDS = {"不匹配": "different", "部分匹配": "partial", "完全匹配": "same"}
PIECES = st.lists(
    st.one_of(st.sampled_from(["武康街道", "永安街12号", "3幢", "万达广场", "_", "號", "A座", "½", "²"]), st.text(max_size=3)), max_size=6
).map("".join)  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(PIECES, PIECES), max_size=5))
def test_any_two_texts_have_a_relation(pairs: list[tuple[str, str]]) -> None:
    found = compare_many(pairs)
    assert len(found) == len(pairs)
    for comparison in found:
        assert comparison.relation in RELATIONS
        assert 0 <= comparison.score <= 1


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("杭州市西湖区文三路123号", "文三路123号"),
        ("杭州市西湖區文三路１２３號", "浙江省杭州市西湖区文三路一百二十三号"),
        ("德清县武康街道永安街12号凯悦大厦", "永安街12号凯悦大厦"),
    ],
)
def test_other_ways_of_writing_a_place_are_never_another_place(a: str, b: str) -> None:
    assert compare(a, b).relation in ("same", "partial")
    assert compare(b, a).relation in ("same", "partial")


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("杭州市西湖区文三路123号", "宁波市海曙区中山西路8号"),
        ("苏州市吴江区盛泽镇舜新北路3号", "开发区长安路2358号吴江科技创业园"),
        ("白云区长腰岭新龙三巷", "龙岗区布澜路联创科技园2栋"),
    ],
)
def test_other_places_are_different_from_either_side(a: str, b: str) -> None:
    assert compare(a, b).relation == "different"
    assert compare(b, a).relation == "different"


def test_one_pair_is_judged_as_among_many() -> None:
    pairs = [("武康街道永安街12号", "永安街12号"), ("", ""), ("乾元镇", "新市镇")]
    assert compare_many(pairs) == [compare(a, b) for a, b in pairs]
    assert compare_many([]) == []


def test_the_command_answers_line_by_line_and_names_a_line_it_cannot_read() -> None:
    target = io.BytesIO()
    pair = json.dumps({"a": "文三路123号", "b": "中山路8号"}).encode()
    compare_lines(io.BytesIO(pair + b"\n" + pair), target)
    answers = [json.loads(line) for line in target.getvalue().splitlines()]
    assert len(answers) == 2
    assert set(answers[0]) == {"relation", "score"}
    for wrong in (b"{", b"[1]", b'{"a": "x"}', b'{"a": "x", "b": 1}', b""):
        with pytest.raises(PairLineInvalid, match="2"):
            compare_lines(io.BytesIO(pair + b"\n" + wrong + b"\n"), io.BytesIO())


@pytest.mark.real_data
def test_the_figures_of_the_model_card_hold_on_judged_pairs(shared_data: Path) -> None:
    lines = (shared_data / "addresses" / "matching" / "dev.jsonl").read_text("utf-8").splitlines()
    items = [json.loads(line) for line in lines]
    pairs = [(item["query"], candidate["text"]) for item in items for candidate in item["candidate"]]
    truth = [WORDS[candidate["label"]] for item in items for candidate in item["candidate"]]
    found = [comparison.relation for comparison in compare_many(pairs)]
    scores = []
    for relation in RELATIONS:
        right = sum(t == f == relation for t, f in zip(truth, found, strict=True))
        scores.append(2 * right / (truth.count(relation) + found.count(relation)))
    assert sum(scores) / len(scores) > 0.65


def test_what_remains_is_weighed_at_its_level() -> None:
    """文三路123号 stands in both; the firm and its floor remain on one side only, nothing on the other."""
    elements = [
        [Element("road", "文三路", 0, 3), Element("roadno", "123号", 3, 7)],
        [Element("road", "文三路", 0, 3), Element("roadno", "123号", 3, 7), Element("floorno", "2层", 7, 9), Element("person", "利宝", 9, 11)],
    ]  # fmt: skip
    short, long = (make_side("".join(e.text for e in side), side) for side in elements)
    measures = measure_remainder(short, long, {"": 2.0})
    only_short, only_long = measures[4:16], measures[33:45]
    assert measures[0] == 7  # the longest run of characters that both have
    assert (only_short[3], only_short[4]) == (0, 0)
    assert (only_long[3], only_long[4], only_long[8], only_long[9]) == (0, 0, 4, 4)
    assert all(math.isnan(only_short[level]) for level in range(12) if level not in (3, 4))
    assert len(measure_remainder(make_side("", ()), long, {"": 2.0})) == len(measures)
