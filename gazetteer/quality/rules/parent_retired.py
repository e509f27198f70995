"""上级地址已停用 | Parent is retired

问题：上级（楼栋、门牌）已停用，下级还在用。
影响：楼拆了户还在，走访名单里会出现找不到的门。
处理：楼确已拆除的，下级一并停用并指明接替；楼还在的，恢复上级或改挂接替它的地址。
English: The address is live although its parent was retired.
"""

from gazetteer.quality.rule import Rule

RULE = Rule.of(
    __name__,
    __doc__,
    family="tree",
    severity="high",
    says="上级「{parent}」已于 {since} 停用，本地址仍在用",
    query="""
        SELECT a.id, jsonb_build_object('parent', p.full_text, 'parent_id', p.id) || jsonb_build_object('since', coalesce(p.valid_to::text, '日期不详'))
        FROM pg_temp.quality_address a JOIN pg_temp.quality_address p ON p.id = a.parent_id
        WHERE a.live AND NOT p.live
    """,
)
