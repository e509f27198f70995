"""Replacements, code templates, what an empty cell means: how a mapping says it, and what is said of a wrong one."""

import time

import pytest

from importing.errors import MappingInvalid
from importing.mappings.mapping import parse_mapping
from importing.mappings.patterns import PatternRefused, safe_pattern
from importing.mappings.rewriting import CodeTemplate, Replace
from importing.mappings.toml_lines import line_of
from importing.targets import make_target

HEAD = 'name = "t"\ntitle = "t"\ntarget = "address"\nkey = "编号"\n[columns]\nfull_text = "地址"\n'
KINMEN = {"pattern": r"\d{5}(?P<town>\d{2})-(?P<village>\d{3})", "form": "710004{town:3}{village}"}


def test_replacements_are_literal_or_patterns_in_their_order():
    spec = parse_mapping(
        HEAD + 'road = { column = "路", replace = [{ text = "I-", with = "号" }, '
        "{ pattern = '(\\d{1,4})号之(\\d{1,4})', with = '\\1-\\2号' }] }\n"
    ).columns["road"]
    value = "12I-之3"
    for one in spec.replace:
        value = one.rewriter()(value)
    assert value == "12-3号"
    assert Replace(text=".*").rewriter()("a.*b.c") == "ab.c", "a literal is no pattern"


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        (r"\d+号", "没有上限"),
        (r".*镇", "没有上限"),
        (r"(\d{1,9}){1,9}x", "可能的匹配方式太多"),
        (r"(a|a){1,30}x", "可能的匹配方式太多"),
        (r"(?:a{0,9}){0,4}x", "可能的匹配方式太多"),
        (r"(a{0,20}a{0,20}a{0,20}a{0,20})x", "可能的匹配方式太多"),
        (r"(\d)\1", "不能引用"),
        (r"(", "正则表达式有误"),
        ("a" * 301, "个字符"),
        ("", "个字符"),
    ],
)
def test_patterns_without_a_bound_are_refused(pattern: str, why: str):
    with pytest.raises(PatternRefused, match=why):
        safe_pattern(pattern)


@pytest.mark.alone
def test_the_slowest_pattern_that_is_taken_is_linear_in_the_text():
    rewrite = Replace(pattern=r"a{0,9}a{0,9}a{0,9}a{0,9}b", by="").rewriter()
    rewrite("a" * 200)
    times = []
    for size in (500, 2_000):
        start = time.perf_counter()
        rewrite("a" * size)
        times.append(time.perf_counter() - start)
    assert times[1] < 12 * times[0]


def test_a_code_template_writes_codes_and_refuses_what_is_written_otherwise():
    write = CodeTemplate.model_validate(KINMEN).writer()
    assert write("1000401-004") == "710004001004"
    assert write("１０００４０１－００４") == "710004001004"
    for other in ("1000401004", "1000401-0045", "x1000401-004", ""):
        assert write(other) is None


@pytest.mark.parametrize(
    ("line", "number", "why"),
    [
        (r"""village_code = { column = "v", code = { pattern = '\d{2}', form = "{town}" } }""", 7, "没有名为 town 的部分"),
        (r"""village_code = { column = "v", code = { pattern = '(?P<a>\d)(?P<b>\d)', form = "{a}" } }""", 7, "没有用到 b"),
        (r"""village_code = { column = "v", code = { pattern = '(?P<a>\d)', form = "{a}{" } }""", 7, "花括号"),
        (r"""village_code = { column = "v", code = { pattern = '(?P<a>\d+)', form = "{a}" } }""", 7, "没有上限"),
        ("""road = { column = "r", replace = [{ text = "a", pattern = "b" }] }""", 7, "二者选一"),
        ("""road = { column = "r", replace = [{ pattern = "(a)", with = "\\\\2" }] }""", 7, "替换文字"),
        ("""road = { column = "r", empty = "drop" }""", 7, "keep"),
        ("""road = { column = "r", colour = 1 }""", 7, "colour"),
        ("""road = { column = "r", replace = [\n  { text = "a" },\n  { with = "b" },\n ] }""", 9, "二者选一"),
        ("""[columns.road]\ncolumn = "r"\nempty = "drop"\n""", 9, "keep"),
        ("""[columns.road]\ncolumn = "r"\n[[columns.road.replace]]\ntext = "a"\n[[columns.road.replace]]\nwith = "b"\n""", 11, "二者选一"),
    ],
)  # fmt: skip
def test_a_wrong_column_is_named_with_its_line(line: str, number: int, why: str):
    with pytest.raises(MappingInvalid, match=why) as caught:
        parse_mapping(HEAD + line + "\n", "x.toml")
    assert f"x.toml 第 {number} 行 (line {number})" in str(caught.value)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (r"""village_code = { column = "v", code = { pattern = '(?P<a>\d{4})', form = "330{a}" } }""", "写出 7 位"),
        (r"""road = { column = "v", code = { pattern = '(?P<a>\d{4})', form = "330{a}" } }""", "不是代码"),
        ("""village_code = { column = "v", empty = "clear" }""", "不能清空"),
    ],
)
def test_what_does_not_fit_the_target_is_named_with_its_line(line: str, why: str):
    mapping = parse_mapping(HEAD + line + "\n")
    with pytest.raises(MappingInvalid, match=why) as caught:
        make_target(mapping)
    assert "第 7 行 (line 7)" in str(caught.value)


def test_what_fits_the_target_is_taken():
    code = r"""village_code = { column = "v", code = { pattern = '(?P<a>\d{4})', form = "33{a}" } }"""
    make_target(parse_mapping(f'{HEAD}{code}\nvalid_from = {{ column = "v", empty = "clear" }}\n'))


def test_a_required_field_cannot_be_cleared():
    with pytest.raises(MappingInvalid, match="full_text 不能清空"):
        make_target(parse_mapping(HEAD.replace('"地址"', '{ column = "地址", empty = "clear" }')))


def test_an_older_list_of_empty_texts_is_still_read():
    spec = parse_mapping(HEAD + 'road = { column = "r", empty = ["无"] }\n').columns["road"]
    assert (spec.blank, spec.empty) == (["无"], None)


def test_lines_of_keys_tables_and_lists():
    text = 'a = 1\n[b."c"]\nd = [\n  { x = 1 },\n  { x = "}" },\n]\n'
    assert [line_of(text, path) for path in (("a",), ("b", "c"), ("b", "c", "d", 1, "x"), ("b", "c", "z"))] == [
        1,
        2,
        5,
        2,
    ]
    assert line_of(text, ("q",)) is None
