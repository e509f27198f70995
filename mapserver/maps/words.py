"""Chinese words for what a record holds, for readers who never saw a column name."""

from __future__ import annotations

import re
from typing import Any

from layers.people.households import STATUS_LABELS

FIELDS: dict[str, str] = {
    "name": "姓名", "sex": "性别", "birth_date": "出生日期", "death_date": "死亡日期", "age": "年龄",
    "id_number": "身份证号", "phone": "电话", "relation": "与户主关系", "head_name": "户主",
    "household_no": "户号", "kind": "类别", "status_codes": "状态码", "status": "状态", "state": "状态",
    "registered_address_text": "户籍地址", "actual_address_text": "现住址", "address_text": "地址", "full_text": "地址",
    "title": "标题", "detail": "详情", "occurred_at": "发生时间", "occupancy": "使用状况", "code": "编码",
    "attributes": "其他栏目", "source": "来源", "source_key": "来源编号", "grid_code": "网格编码", "depth": "层级",
    "valid_from": "起", "valid_to": "止", "last_visit_at": "上次走访", "duty": "职责",
    "province": "省", "city": "市", "county": "县", "town": "乡镇街道", "village": "村社", "village_group": "村民小组",
    "road": "路街巷", "number_plate": "门牌号", "building": "楼栋", "entrance": "单元", "floor": "楼层", "room": "户室",
    "division_code": "区划代码", "level": "层级", "parent_code": "上级编码",
}  # fmt: skip
VALUES: dict[str, str] = {
    "male": "男", "female": "女", "vacant": "空置", "occupied": "自住", "let": "出租", "unknown": "不详",
    "family": "家庭户", "collective": "集体户", "single": "单人户", "draft": "草稿", "reviewed": "已审核",
    "published": "已发布", "retired": "已停用", "normal": "完好", "damaged": "损坏", "missing": "缺失",
    "open": "待办", "in_progress": "办理中", "closed": "办结", "cancelled": "取消", "recorded": "已登记",
    "lead": "负责", "member": "协助",
}  # fmt: skip
_INTERNAL = re.compile(r"(^|_)(id|uid|hash|geom|key)$|^updated_at$|_match$")
_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)\S*")


def is_internal(field: str) -> bool:
    """True for fields that say nothing to a reader: surrogate keys, hashes, geometries."""
    return _INTERNAL.search(field) is not None


def field_label(field: str) -> str:
    """The Chinese name of a field, or its own name."""
    return FIELDS.get(field, field)


def words_of(value: Any) -> str:
    """A value as a reader expects it; lists and records are written out."""
    if value is None or value == "" or value == [] or value == {}:
        return "—"
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, list):
        return "、".join(words_of(item) for item in value)
    if isinstance(value, dict):
        return "；".join(f"{field_label(k)}：{words_of(v)}" for k, v in value.items() if not is_internal(k)) or "—"
    if isinstance(value, float):
        return f"{value:.6f}".rstrip("0").rstrip(".")
    text = str(value)
    return VALUES.get(text) or STATUS_LABELS.get(text) or _TIME.sub(r"\1 \2", text)
