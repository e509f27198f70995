"""上级地址已停用 | Parent is retired

问题：上级（楼栋、门牌）已停用，下级还在用。
影响：楼拆了户还在，走访名单里会出现找不到的门。
处理：楼确已拆除的，下级一并停用并指明接替；楼还在的，恢复上级或改挂接替它的地址。
English: The address is live although its parent was retired.
"""

from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="tree",
    severity="high",
    says="上级「{parent}」已于 {since} 停用，本地址仍在用",
    query="""
        SELECT c.id, jsonb_build_object('parent', p.full_text, 'parent_id', p.id) || jsonb_build_object('since', coalesce(p.valid_to::text, '日期不详'))
        FROM pg_temp.quality_child c JOIN pg_temp.quality_address p ON p.id = c.parent_id
        WHERE c.live AND NOT c.parent_live
    """,
)
