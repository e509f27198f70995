"""Chinese words for what a record holds, for readers who never saw a column name."""

from __future__ import annotations

import re
from typing import Any

from database.vocabulary import Vocabulary
from gazetteer.library.vocabulary import AddressStatus
from grid.vocabulary import Duty
from layers.events.vocabulary import EventState
from layers.facilities.vocabulary import FacilityState
from layers.people.vocabulary import HouseholdKind, PersonStatus, Sex
from layers.places.vocabulary import Occupancy

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
#: Codes that stand in records without the name of their column beside them; of two labels of one code the first holds.
_IN_RECORDS: tuple[type[Vocabulary], ...] = (
    Sex, Occupancy, HouseholdKind, AddressStatus, FacilityState, EventState, Duty, PersonStatus,
)  # fmt: skip
VALUES: dict[str, str] = {
    code: label for vocabulary in reversed(_IN_RECORDS) for code, label in vocabulary.labels().items()
}
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
    return VALUES.get(text) or _TIME.sub(r"\1 \2", text)
