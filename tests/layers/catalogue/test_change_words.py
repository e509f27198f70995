"""What a change is of and what of it differs has one name on every page: that of the catalogue."""

import re
from collections.abc import Mapping
from pathlib import Path

import orjson
import pytest

from layers.catalogue.kind import Kind, Label
from layers.catalogue.registry import KINDS
from layers.changes import wording
from mapserver.maps.words import field_label as page_label
from mapserver.server.vocabularies import vocabularies

ROOT = Path(__file__).parents[3]
WEB = orjson.loads((ROOT / "frontend/src/texts/vocabulary.json").read_bytes())
EACH = pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))


@EACH
def test_a_change_is_told_in_the_words_of_the_kind(kind: Kind) -> None:
    for field in kind.fields:
        column = field.column or field.name
        assert wording.field_label(column, kind.record) == field.label
        assert (WEB["record_field"].get(kind.record, {}).get(column) or WEB["field"][column]) == field.label.zh
    if any(field.change for field in kind.fields):
        assert wording.record_labels()[kind.record] == kind.noun
        assert WEB["record"][kind.record] == kind.noun.zh


def test_a_table_without_a_layer_has_a_word_too() -> None:
    assert wording.record_labels()["person"] == Label("人员", "person")
    assert wording.field_label("name", "person") == Label("姓名", "name")
    assert wording.field_label("name", "facility") == Label("名称", "Name")
    assert wording.field_label("nobody_named_this") is None


def test_what_the_catalogue_knows_is_not_written_a_second_time() -> None:
    own: Mapping[str, Label] = wording._OTHER_FIELDS
    for kind in KINDS.values():
        assert kind.record not in wording._OTHER_RECORDS
        for field in kind.fields:
            assert own.get(field.column or field.name) != field.label, field.name


@EACH
def test_the_codes_of_a_field_have_words_in_the_web_app(kind: Kind) -> None:
    for field in kind.fields:
        if field.codes is not None:
            name = field.codes.vocabulary_name()
            assert vocabularies()[name] is field.codes
            assert WEB[name] == field.codes.labels()
            assert field.explained == field.codes.comment()


def test_no_page_keeps_a_list_of_its_own() -> None:
    """The words of the catalogue's columns stand in no table of the map pages or of the web app."""
    tables = [
        ROOT / "mapserver/maps/words.py",
        *(ROOT / "frontend/src/texts").glob("*.ts"),
        *(ROOT / "frontend/src/map").glob("*.ts"),
    ]
    columns = {field.column or field.name for kind in KINDS.values() for field in kind.fields}
    for table in tables:
        found = re.findall(
            r"""^\s*["']?(\w+)["']?: ["'][\u4e00-\u9fff（）]+["'],""", table.read_text("utf-8"), re.MULTILINE
        )
        assert not columns & set(found), table.name
    assert page_label("area_mu") == "面积（亩）"
    assert page_label("household_no") == "户号"
