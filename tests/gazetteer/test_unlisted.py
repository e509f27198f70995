"""Villages that a text names and the library lacks."""

import pytest

from gazetteer.reading.divisions import DivisionIndex, DivisionName
from gazetteer.reading.parse import parse
from gazetteer.reading.unlisted import unlisted_village

COUNTY = [DivisionName("330521", "county", "德清县"), DivisionName("330521100", "town", "莫干镇")]
VILLAGES = DivisionIndex.of([*COUNTY, DivisionName("330521100201", "village", "桥西村")])
WARDS = DivisionIndex.of([*COUNTY, DivisionName("330521100201", "village", "桥西里")])


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("湖州市德清县莫干镇新华村前街1号", "新华村"),
        ("莫干镇新华村村民委员会3组5号", "新华村"),
        ("德清县新风社区12号", "新风社区"),
        ("莫干镇桥西村前街1号", None),
        ("莫干镇前村路12号", None),
        ("莫干镇永安新村3幢", None),
        ("莫干镇前街1号", None),
        ("长兴县和平镇长城村1号", None),
        ("新华村1号", None),
        ("莫干镇国福里12号", None),
    ],
)
def test_a_village_named_after_the_town_is_found(text: str, name: str | None):
    assert unlisted_village(parse(text, VILLAGES), VILLAGES) == name


def test_li_is_a_village_where_villages_are_called_so():
    assert unlisted_village(parse("莫干镇国福里12號", WARDS), WARDS) == "国福里"
    assert unlisted_village(parse("莫干镇桥西里12號", WARDS), WARDS) is None
