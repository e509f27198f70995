"""What a change is of and what of it differs, in words, for readers who never saw the name of a table or a column.

The words of a kind of record are those of the layer catalogue. Here stands what it does not know: tables without a layer, columns
that no field of a kind shows, keys of facts and of evidence.
"""

from __future__ import annotations

from collections.abc import Mapping

from layers.catalogue.kind import Kind, Label
from layers.catalogue.registry import KINDS, View

#: Tables whose rows change and that are no layer.
_OTHER_RECORDS: dict[str, Label] = {
    "person": Label("人员", "person"),
    "household_member": Label("家庭成员", "member of a household"),
    "person_place": Label("人房关联", "person and place"),
    "visit": Label("走访", "visit"),
    "place_name": Label("地名", "place name"),
    "posting": Label("网格责任", "posting"),
    "worker": Label("网格员", "grid worker"),
    "address_cell": Label("地址归格", "cell of an address"),
}
#: Where the table is not known, a name is read as a person's, and a code or a day as any record's.
_OTHER_FIELDS: dict[str, Label] = {
    "name": Label("姓名", "name"),
    "code": Label("编码", "code"),
    "valid_from": Label("起", "from"),
    "valid_to": Label("止", "to"),
    "id_number": Label("身份证号", "ID number"),
    "phone": Label("电话", "phone"),
    "sex": Label("性别", "sex"),
    "age": Label("年龄", "age"),
    "birth_date": Label("出生日期", "date of birth"),
    "death_date": Label("死亡日期", "date of death"),
    "relation": Label("与户主关系", "relation to the head"),
    "head_name": Label("户主", "head of the household"),
    "head_person_id": Label("户主编号", "head, number"),
    "status_codes": Label("状态码", "status codes"),
    "registered_address": Label("户籍地址", "registered address"),
    "registered_address_text": Label("户籍地址", "registered address"),
    "registered_address_id": Label("户籍地址编号", "registered address, number"),
    "actual_address": Label("实际居住地址", "address lived at"),
    "actual_address_text": Label("实际居住地址", "address lived at"),
    "actual_address_id": Label("居住地址编号", "address lived at, number"),
    "address": Label("地址", "address"),
    "address_id": Label("地址编号", "address, number"),
    "address_text": Label("地址", "address"),
    "person_id": Label("人员编号", "person, number"),
    "person_name": Label("姓名", "name"),
    "household_id": Label("住户编号", "household, number"),
    "households": Label("住户", "households"),
    "household_nos": Label("户号", "household numbers"),
    "members_n": Label("人口数", "members"),
    "residents": Label("居住人数", "residents"),
    "residents_n": Label("居住人数", "residents"),
    "dwelling": Label("房屋", "dwelling"),
    "dwelling_id": Label("房屋编号", "dwelling, number"),
    "place_id": Label("场所编号", "place, number"),
    "place_name": Label("场所", "place"),
    "detail": Label("详情", "detail"),
    "attributes": Label("其他栏目", "other columns"),
    "geom": Label("位置", "position"),
    "lon": Label("经度", "longitude"),
    "lat": Label("纬度", "latitude"),
    "distance_m": Label("距离（米）", "distance (m)"),
    "source": Label("来源", "source"),
    "source_key": Label("来源编号", "key in the source"),
    "last_visit_at": Label("上次走访", "last visit"),
    "days": Label("天数", "days"),
    "days_without_visit": Label("未走访天数", "days without a visit"),
    "duty": Label("职责", "duty"),
    "worker_name": Label("网格员", "grid worker"),
    "cell": Label("网格", "cell"),
    "cell_name": Label("网格", "cell"),
    "province": Label("省", "province"),
    "city": Label("市", "city"),
    "county": Label("县", "county"),
    "village_group": Label("村民小组", "village group"),
    "building": Label("楼栋", "building"),
    "entrance": Label("单元", "entrance"),
    "floor": Label("楼层", "floor"),
    "room": Label("户室", "room"),
    "parent_id": Label("上级编号", "parent, number"),
    "village_text": Label("文本所写村社", "village in the text"),
    "text_village": Label("文本所写村社", "village in the text"),
    "village_position": Label("坐标所在村社", "village of the position"),
    "point_village": Label("坐标所在村社", "village of the position"),
    "count": Label("次数", "count"),
    "observed": Label("本期次数", "count of this period"),
    "expected": Label("往期均值", "mean of earlier periods"),
    "mean": Label("往期均值", "mean of earlier periods"),
    "baseline": Label("往期", "earlier periods"),
    "threshold": Label("阈值", "threshold"),
    "first_seen": Label("首次发现", "first seen"),
    "last_seen_at": Label("最近记录", "last seen"),
    "period": Label("时段", "period"),
    "from": Label("起", "from"),
    "to": Label("止", "to"),
}


def _own_fields(kind: Kind) -> dict[str, Label]:
    return {field.column or field.name: field.label for field in kind.fields}


_OF_KINDS: Mapping[str, dict[str, Label]] = View(_own_fields)


def record_labels() -> dict[str, Label]:
    """Record (``entity`` of a change) → what it is called: kinds of the catalogue of which a change is told, lowest of the map first."""
    nouns = {kind.record: kind.noun for kind in KINDS.values() if any(field.change for field in kind.fields)}
    return _OTHER_RECORDS | nouns


def field_labels() -> dict[str, Label]:
    """Column, or key of a fact → what it is called, where the record it is of is not known. The lowest kind of the map decides."""
    found: dict[str, Label] = {}
    for fields in reversed(list(_OF_KINDS.values())):
        found |= fields
    return found | {record: label for record, label in record_labels().items() if record not in found} | _OTHER_FIELDS


def labels_by_record() -> dict[str, dict[str, Label]]:
    """Record → its columns that are called otherwise there than ``field_labels`` says."""
    usual = field_labels()
    own = {KINDS[name].record: fields for name, fields in _OF_KINDS.items()}
    return {
        record: others
        for record, fields in own.items()
        if (others := {name: label for name, label in fields.items() if usual[name] != label})
    }


def field_label(name: str, record: str | None = None) -> Label | None:
    """What a column of a record is called. record: its table; None, any. None for a column that nobody named."""
    return labels_by_record().get(record or "", {}).get(name) or field_labels().get(name)
