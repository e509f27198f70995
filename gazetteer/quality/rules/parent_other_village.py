"""上级地址在别的村 | Parent lies in another village

问题：地址与它的上级不在同一个村（社区）。
影响：同一栋楼的住户会分到两个村，责任网格、统计都会错。
处理：核对楼栋在哪个村：门牌错的改地址所属村，挂错的改上级。
English: The address and its parent belong to different villages.
"""

from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="tree",
    severity="high",
    says="上级「{parent}」属于 {parent_village}，本地址属于 {village}",
    query="""
        SELECT c.id, jsonb_build_object('parent', p.full_text, 'parent_id', p.id) || jsonb_build_object('parent_village', p.division_code, 'village', c.division_code)
        FROM pg_temp.quality_child c JOIN pg_temp.quality_address p ON p.id = c.parent_id
        WHERE c.live AND NOT starts_with(c.division_code, c.parent_division)
    """,
)
