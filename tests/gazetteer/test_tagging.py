"""Any text is read into elements that are exactly the text; the usual ways of writing each label are understood."""

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gazetteer.reading.tagging import LABELS, LEVELS, tag, tag_many
from gazetteer.reading.tagging.tokens import fold, tokenise
from mapserver.cli.address_parse import parse_lines

PIECES = st.sampled_from(
    ["浙江省", "德清縣", "武康街道", "１２号", "一百二十三号", "3幢", "2单元", "-", " ", "\n", "\u3000", "😀", "\u2028", "é",
     "𠮷野家", "null", "A座", "(东门)", "之2", "鄰", "\x00", "\ufeff", "e\u0301"]
)  # fmt: skip
TEXTS = st.lists(st.one_of(PIECES, st.text(max_size=5)), max_size=30).map("".join)


def read_labelled(path: Path) -> Iterator[tuple[str, set[tuple[str, int, int]]]]:
    """Texts and their spans (label, start, end) from lines of token and tag."""
    for block in path.read_text("utf-8").split("\n\n"):
        text, spans = "", list[tuple[str, int, int]]()
        for token, tag_ in (line.rsplit(" ", 1) for line in block.splitlines() if line):
            place, kind, label = len(text), *tag_.lower().split("-", 1)
            text += token
            spans.append((label, place if kind == "b" else spans.pop()[1], len(text)))
        if text:
            yield text, set(spans)


def labels_of(text: str) -> dict[str, str]:
    return {element.label: element.text for element in tag(text)}


@settings(max_examples=150, deadline=None)
@given(st.lists(TEXTS, max_size=8))
def test_the_elements_put_together_are_the_text(texts: list[str]) -> None:
    for text, elements in zip(texts, tag_many(texts), strict=True):
        assert "".join(element.text for element in elements) == text
        place = 0
        for element in elements:
            assert element.label in LABELS
            assert element.start == place < element.end
            assert text[element.start : element.end] == element.text
            place = element.end


@given(st.text())
def test_folding_keeps_every_place(text: str) -> None:
    assert len(fold(text)) == len(text)
    assert "".join(tokenise(text)) == fold(text)


def test_an_empty_text_has_no_elements_and_no_texts_have_no_answers() -> None:
    assert tag("") == ()
    assert tag_many([]) == []


def test_very_long_texts_are_read_too() -> None:
    text = "浙江省湖州市德清县武康街道永安街12号，" * 100
    for whole in (text[:2000], text * 5):
        assert "".join(element.text for element in tag(whole)) == whole


def test_a_text_is_read_the_same_alone_and_among_others() -> None:
    texts = ["德清县武康街道永安街12号", "乾元镇", "阜溪街道回山路8号3幢2单元1201室万达广场对面", ""]
    assert tag_many(texts) == [tag(text) for text in texts]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("中国浙江省湖州市德清县乾元镇", "country=中国 prov=浙江省 city=湖州市 district=德清县 town=乾元镇"),
        ("浙江省杭州市余杭区五常街道文一西路969号", "prov=浙江省 city=杭州市 district=余杭区 town=五常街道 road=文一西路 roadno=969号"),
        ("杭州滨江区浦沿街道冠一社区南环路100号", "city=杭州 district=滨江区 town=浦沿街道 community=冠一社区 road=南环路 roadno=100号"),
        ("德清县莫干山经济开发区长虹东街88号", "district=德清县 devzone=莫干山经济开发区 road=长虹东街 roadno=88号"),
        ("竹海花园12幢3单元1001室", "poi=竹海花园 houseno=12幢 cellno=3单元 roomno=1001室"),
        ("竹海花园12栋3单元1001", "poi=竹海花园 houseno=12栋 cellno=3单元 roomno=1001"),
        ("竹海花园12号楼5层501室", "poi=竹海花园 houseno=12号楼 floorno=5层 roomno=501室"),
        ("东环广场B座5楼", "poi=东环广场 houseno=B座 floorno=5楼"),
        ("上海市静安区柳营路669弄14号1102室", "city=上海市 district=静安区 road=柳营路 roadno=669弄 houseno=14号 roomno=1102室"),
        ("西湖区文三路一百二十三号", "district=西湖区 road=文三路 roadno=一百二十三号"),
        ("西湖区文三路１２３号", "district=西湖区 road=文三路 roadno=１２３号"),
        ("浙江省杭州市西湖區文三路123號", "prov=浙江省 city=杭州市 district=西湖區 road=文三路 roadno=123號"),
        ("臺灣省花蓮縣吉安鄉中山路三段25號", "district=花蓮縣 town=吉安鄉 roadno=25號"),
        ("勿忘我网吧对面", "poi=勿忘我网吧 assist=对面"),
    ],
)  # fmt: skip
def test_what_people_write(text: str, expected: str) -> None:
    found = labels_of(text)
    for item in expected.split():
        label, value = item.split("=")
        assert found.get(label) == value, (found, item)


def test_labels_name_the_levels_of_the_library() -> None:
    levels = {element.text: element.level for element in tag("德清县武康街道永安街12号(对面)")}
    assert levels["12号"] == "number_plate"
    assert levels["德清县"] == "county"
    assert set(LEVELS) < set(LABELS)


def test_the_command_writes_one_object_for_each_line() -> None:
    source = io.BytesIO(
        "德清县武康街道永安街12号\r\n\n乾元镇\u2028东街\n".encode() + b"\xff\xfe\n" + "莫干山镇".encode()
    )
    target = io.BytesIO()
    parse_lines(source, target)
    answers = [json.loads(line) for line in target.getvalue().split(b"\n")[:-1]]
    assert [answer["text"] for answer in answers[:3]] == ["德清县武康街道永安街12号", "", "乾元镇\u2028东街"]
    assert len(answers) == 5
    assert answers[1]["elements"] == []
    for answer in answers:
        assert set(answer) == {"text", "elements"}
        for element in answer["elements"]:
            assert set(element) == {"label", "text", "start", "end"}
            assert answer["text"][element["start"] : element["end"]] == element["text"]


@pytest.mark.real_data
def test_the_figures_of_the_model_card_hold_on_labelled_addresses(shared_data: Path) -> None:
    addresses = list(read_labelled(shared_data / "addresses" / "parsing" / "dev.txt"))
    found = [{(e.label, e.start, e.end) for e in elements} for elements in tag_many([text for text, _ in addresses])]
    right = sum(len(gold & ours) for (_, gold), ours in zip(addresses, found, strict=True))
    total = sum(len(gold) + len(ours) for (_, gold), ours in zip(addresses, found, strict=True))
    assert 2 * right / total > 0.895
    assert sum(gold == ours for (_, gold), ours in zip(addresses, found, strict=True)) > 0.67 * len(addresses)


@pytest.mark.parametrize(
    ("text", "piece", "label"),
    [
        ("内蒙古自治区通辽市科尔沁左翼后旗", "科尔沁左翼后旗", "district"),
        ("四川省成都市武侯区晋阳路17号2-1-14-1401号", "14", "floorno"),
        ("青海西宁城中区南关街12号", "青海", "prov"),
    ],
)
def test_slips_of_the_network_are_mended(text: str, piece: str, label: str) -> None:
    assert (label, piece) in [(element.label, element.text) for element in tag(text)]
