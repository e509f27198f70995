"""Mappings: what a wrong one says, and that those of the repository fit their targets."""

import pytest

from importing.errors import ColumnMissing, MappingInvalid, MappingNotFound
from importing.mappings.mapping import find_mapping, list_mappings, parse_mapping
from importing.plan import load_plan
from importing.targets import TARGETS, make_target
from tests.importing.conftest import ADDRESSES


def test_every_mapping_of_the_repository_fits_its_target():
    mappings = list_mappings()
    assert {m.name for m in mappings} >= {"hualien_addresses", "hualien_cells", "hualien_zoning"}
    for mapping in mappings:
        assert make_target(mapping).name == mapping.target


def test_every_step_of_the_plan_names_a_mapping_that_exists():
    for step in load_plan("hualien").step:
        assert find_mapping(step.mapping).name == step.mapping


def test_every_target_has_a_class_of_its_own():
    assert len(set(TARGETS.values())) == len(TARGETS)
    assert {target.name for target in TARGETS.values()} == set(TARGETS)


def test_a_missing_column_is_named_in_both_languages_with_those_that_were_found():
    with pytest.raises(ColumnMissing) as caught:
        parse_mapping(ADDRESSES).check_columns(["编号", "门牌地址", "经度", "纬度", "村代码"])
    message = str(caught.value)
    assert "缺少列：地址" in message
    assert "门牌地址" in message
    assert "missing: 地址" in message
    assert caught.value.facts["missing"] == ["地址"]


def test_a_field_the_target_does_not_have_is_refused():
    with pytest.raises(MappingInvalid, match="colour"):
        make_target(parse_mapping(ADDRESSES + 'colour = "颜色"\n'))


def test_a_target_that_needs_a_field_says_which():
    with pytest.raises(MappingInvalid, match="full_text"):
        make_target(parse_mapping('name = "x"\ntitle = "x"\ntarget = "address"\n[columns]\nroad = "路"\n'))


def test_toml_faults_are_located():
    with pytest.raises(MappingInvalid, match="line 2"):
        parse_mapping('name = "x"\ntitle = 5x\n')


def test_a_field_has_exactly_one_origin():
    with pytest.raises(MappingInvalid, match="四者选一"):
        parse_mapping('name = "x"\ntitle = "x"\ntarget = "event"\n[columns]\nkind = { column = "a", constant = "b" }\n')


@pytest.mark.parametrize("name", ["../secrets", "no_such", "/etc/passwd", ""])
def test_a_name_from_the_web_is_never_a_path(name: str):
    with pytest.raises(MappingNotFound):
        find_mapping(name)
