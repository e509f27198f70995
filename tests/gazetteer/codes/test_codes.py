"""Division, address, grid, ID and credit codes: grammar and checks."""

import pytest

from gazetteer.codes import (
    credit_code_valid,
    credit_code_warning,
    division_kind,
    division_level,
    resident_id_problem,
)
from gazetteer.codes.address_code import AddressCodeInvalid, make_address_code, parse_address_code
from gazetteer.codes.grid_code import GridCodeInvalid, grid_level, grid_parents
from gazetteer.codes.statistical import (
    ClassUnknown,
    UrbanRuralClass,
    full_statistical_code,
    is_administrative,
    urban_rural_class,
)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("330521", "县"), ("330521001", "街道"), ("330521099", "街道"), ("330521100", "镇"), ("330521199", "镇"),
        ("330521200", "乡"), ("330521399", "乡"), ("330521400", "类似乡级"), ("330521599", "类似乡级"),
        ("330521001001", "社区"), ("330521001199", "社区"), ("330521001200", "村"), ("330521001399", "村"),
        ("330521001400", "类似村级"), ("330521001498", "类似村级"),
    ],
)  # fmt: skip
def test_the_digits_say_what_a_division_is(code: str, kind: str) -> None:
    assert division_kind(code) == kind


def test_the_level_is_the_length() -> None:
    assert [division_level(c) for c in ("330521", "330521001", "330521001001")] == ["county", "town", "village"]
    for bad in ("", "33052", "3305210010", "33052１", "abcdef"):
        with pytest.raises(ValueError, match="6, 9 or 12"):
            division_level(bad)


def test_statistical_units_are_no_divisions() -> None:
    assert is_administrative("330521001")
    assert not is_administrative("330521400")
    assert not is_administrative("330521001498")
    assert not is_administrative("330521001000")
    assert full_statistical_code("330521001") == "330521001000"


def test_the_seven_urban_rural_classes() -> None:
    assert set(UrbanRuralClass) == {"111", "112", "121", "122", "123", "210", "220"}
    assert urban_rural_class("121").zh == "镇中心区"
    assert urban_rural_class("122").urban
    assert not urban_rural_class("220").urban
    with pytest.raises(ClassUnknown):
        urban_rural_class("113")


def test_an_address_code_is_a_village_and_a_sequence() -> None:
    assert str(make_address_code("330521001001", 12)) == "33052100100100000012"
    assert make_address_code("330521001", 1).village == "330521001000"
    assert parse_address_code("33052100100100000012").sequence == "00000012"
    assert parse_address_code("330521001001A1B2C3").sequence == "A1B2C3"
    for bad in ("", "330521001001", "33052100100112345", "33052100100x00000012", "330521001001a1b2c3"):
        with pytest.raises(AddressCodeInvalid):
            parse_address_code(bad)
    for village, number in (("3305210", 1), ("330521001001", 0), ("330521001001", 10**8)):
        with pytest.raises(AddressCodeInvalid):
            make_address_code(village, number)


def test_a_grid_code_nests() -> None:
    assert grid_level("33052100100100101") == "micro_cell"
    assert grid_parents("330521001001001") == {
        "county": "330521", "town": "330521001", "village": "330521001001", "cell": "330521001001001",
    }  # fmt: skip
    for bad in ("", "3305", "33052100100100", "33052x"):
        with pytest.raises(GridCodeInvalid):
            grid_level(bad)


@pytest.mark.parametrize(
    ("number", "problem"),
    [
        ("11010519491231002X", None), ("11010519491231002x", None), ("110105194912310021", "checksum"),
        ("1101051949123100", "length"), ("01010519491231002X", "division"), ("11010519491331002X", "birth_date"),
        ("11010520991231002X", "birth_date"), ("１1010519491231002X", "length"),
    ],
)  # fmt: skip
def test_a_resident_id_number_says_what_is_wrong(number: str, problem: str | None) -> None:
    assert resident_id_problem(number) == problem


def test_a_credit_code_that_fails_is_a_warning_only() -> None:
    stem, alphabet = "91330521MA2B00000", "0123456789ABCDEFGHJKLMNPQRTUWXY"
    valid = [stem + c for c in alphabet if credit_code_valid(stem + c)]
    assert len(valid) == 1
    assert credit_code_warning(valid[0]) is None
    wrong = stem + next(c for c in alphabet if stem + c != valid[0])
    assert "可保留" in (credit_code_warning(wrong) or "")
    assert "18 位" in (credit_code_warning("913305") or "")
    assert "18 位" in (credit_code_warning(stem + "I") or "")
