"""Why a row is sent back (退回原因), and how to mend it. The code is for programs, the text for the person who mends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

#: JSON document: what a reason says of its row, by the names that stand in braces in its words
Facts = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reason:
    """What is wrong, and what to do, in both languages; {facts} in braces are filled in."""

    zh: str
    mend_zh: str
    en: str
    mend_en: str


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with one row. column: as the file names it. facts: values for the text."""

    code: str
    column: str | None = None
    facts: Facts | None = None

    def text(self) -> str:
        """Why and how to mend it; see :func:`explain`."""
        return explain(self.code, self.column, self.facts or {})


REASONS: dict[str, Reason] = {
    "missing_value": Reason("“{column}”是空的", "请填写", "{column} is empty", "fill it in"),
    "bad_row": Reason(
        "这一行有 {found} 个值，表头有 {expected} 列",
        "检查多余或缺少的分隔符、引号",
        "the row has {found} values, the header {expected} columns",
        "look for surplus or missing separators and quotes",
    ),
    "bad_date": Reason("“{column}”不是日期：{value}", "写成 2024-03-01", "not a date: {value}", "write 2024-03-01"),
    "impossible_date": Reason(
        "“{column}”的日期不可能：{value}（{why}）",
        "核对后改正",
        "impossible date: {value} ({why_en})",
        "check and correct it",
    ),
    "bad_id_checksum": Reason(
        "身份证号不合规（{why}）",
        "对照证件核对 18 位号码",
        "the ID number is wrong ({why})",
        "compare it with the card",
    ),
    "bad_phone": Reason(
        "“{column}”不是电话号码",
        "写 11 位手机号或带区号的座机",
        "not a phone number",
        "write 11 digits, or area code and number",
    ),
    "bad_code": Reason("“{column}”的代码不合规：{value}", "{expected}", "malformed code: {value}", "{expected_en}"),
    "bad_number": Reason("“{column}”不是数字：{value}", "只写数字", "not a number: {value}", "write digits only"),
    "bad_quotes": Reason(
        "这一行的引号有误",
        '单元格里的引号写成两个（""），并检查引号是否闭合',
        "the quotes of this line are wrong",
        'write a quote inside a cell twice (""), and close every quote',
    ),
    "error_cell": Reason(
        "“{column}”{cell}是错误值 {value}",
        "在表格里改正公式或填写值",
        "{value} stands in {column}{cell_en}",
        "mend the formula or enter the value",
    ),
    "formula_without_value": Reason(
        "“{column}”{cell}是公式，文件里没有它的结果",
        "用 Excel 或 WPS 打开，重新计算后保存",
        "{column}{cell_en} is a formula and its result was not saved",
        "open it with Excel or WPS, recalculate and save",
    ),
    "merged_cell": Reason(
        "“{column}”{cell}在合并单元格 {value} 内，没有自己的值",
        "取消合并，每行都填写",
        "{column}{cell_en} lies in the merged cells {value} and has no value of its own",
        "unmerge them and fill in every row",
    ),
    "zero_bytes": Reason(
        "“{column}”含有空字节，已损坏：{value}",
        "对照原件重新录入",
        "{column} holds zero bytes, it is damaged: {value}",
        "enter it again",
    ),
    "number_too_large": Reason(
        "“{column}”的数字太大：{value}（最多 {most}）",
        "核对后改正",
        "the number is too large: {value} (at most {most})",
        "check and correct it",
    ),
    "text_too_long": Reason(
        "“{column}”有 {found} 个字，太长（最多 {most} 个）",
        "核对是否填错了列，或缩短",
        "the text has {found} characters, at most {most} are possible",
        "see whether it stands in the wrong column, or shorten it",
    ),
    "digits_lost": Reason(
        "“{column}”{cell}被存成了浮点数或科学记数法，末尾几位已丢失",
        "把该列设为文本格式后重新录入",
        "{column}{cell_en} was stored as a floating point number or in scientific notation and lost its last digits",
        "format the column as text and enter it again",
    ),
    "value_not_allowed": Reason(
        "“{column}”的值不在允许范围：{value}",
        "可用：{allowed}",
        "value not allowed: {value}",
        "use one of: {allowed}",
    ),
    "encoding_lost": Reason(
        "“{column}”含有无法编码而丢失的字：{value}",
        "补上原字（生僻字请用 UTF-8 或 GB18030 导出）",
        "a character was lost in encoding: {value}",
        "put it back; export as UTF-8 or GB18030",
    ),
    "duplicate_key": Reason(
        "主键 {key} 在文件里出现多次且内容不同（第 {rows} 行）",
        "保留正确的一行，或改正主键",
        "key {key} occurs more than once with different content (rows {rows})",
        "keep the right row, or correct the key",
    ),
    "duplicate_code": Reason(
        "代码 {value} 已被另一条记录使用",
        "核对代码，或留空由系统编码",
        "code {value} belongs to another record",
        "correct it",
    ),
    "outside_county": Reason(
        "位置 {lon}, {lat} 不在本县范围内{cause}",
        "核对坐标和坐标系",
        "position {lon}, {lat} lies outside the county {cause_en}",
        "check the coordinates and their reference system",
    ),
    "swapped_axes": Reason(
        "经度和纬度写反了：{lon}, {lat}",
        "对调两列",
        "longitude and latitude are swapped: {lon}, {lat}",
        "exchange the two columns",
    ),
    "gcj02_offset": Reason(
        "坐标是 GCJ-02（火星坐标），不是 {crs}",
        '在映射里写 crs = "GCJ-02"',
        "the coordinates are GCJ-02, not {crs}",
        'set crs = "GCJ-02" in the mapping',
    ),
    "invalid_geometry": Reason(
        "图形无效：{why}（约 {lon}, {lat}）",
        "用“修复几何”工具改正自相交等错误",
        "invalid geometry: {why_en} (near {lon}, {lat})",
        "mend it with a repair-geometry tool",
    ),
    "no_geometry": Reason(
        "图形不能用：{why}",
        "在 GIS 软件里重画或删去这个图形",
        "the geometry cannot be used: {why_en}",
        "draw it again, or delete it",
    ),
    "wrong_geometry": Reason(
        "图形类型是 {found}，需要{expected}",
        "换成需要的类型",
        "the geometry is a {found_en}, needed is {expected_en}",
        "convert it",
    ),
    "overlapping_polygon": Reason(
        "与 {others} 重叠 {area_m2} 平方米",
        "修改边界，使网格互不重叠",
        "overlaps {others} by {area_m2} m2",
        "redraw the boundary; cells must not overlap",
    ),
    "unknown_parent": Reason(
        "“{column}”所指的上级或关联记录不存在：{value}",
        "先导入它，或改正代码",
        "the record it refers to does not exist: {value}",
        "import that first, or correct the code",
    ),
    "conflicting_lead": Reason(
        "网格 {value} 在同一天有两个负责人",
        "只保留一人，其余改为成员",
        "cell {value} has two leads from the same day",
        "keep one",
    ),
    "too_many_cells": Reason(
        "{parent} 下的编号已用完（最多 {limit} 个）",
        "先拆分上级网格",
        "no sequence number is left below {parent} (at most {limit})",
        "split the parent first",
    ),
}


#: characters of a value that a reason repeats
MOST_SHOWN = 200


def _short(text: str) -> str:
    return text if len(text) <= MOST_SHOWN else text[:MOST_SHOWN] + "…"


class _Facts(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return ""


def explain(code: str, column: str | None, facts: Facts) -> str:
    """Three lines: why in Chinese, how to mend it in Chinese, both in English."""
    return words(REASONS[code], column, facts)


def words(reason: Reason, column: str | None, facts: Facts) -> str:
    """The three lines of one reason, with its facts."""
    values = _Facts({name: _short(" ".join(str(value).split())) for name, value in facts.items()})
    values["column"] = column or ""
    return "\n".join(
        (
            reason.zh.format_map(values),
            reason.mend_zh.format_map(values),
            f"{reason.en.format_map(values)}; {reason.mend_en.format_map(values)}",
        )
    )
