"""上级地址不在上一级 | Parent is not above

问题：地址所挂的上级，级别与它相同或更低，例如房间挂在另一个房间下。
影响：一户一档、统计和按楼查户都沿上级关系汇总，挂反了会漏户或死循环。
处理：找到真正的楼栋或门牌，改挂过去；确实没有的，先补上级地址。
English: The parent stands on the same level or below the address itself.
"""

from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="tree",
    severity="high",
    says="上级「{parent}」的级别（{parent_depth}）不高于本地址（{depth}）",
    query="""
        SELECT c.id, jsonb_build_object('parent', p.full_text, 'parent_id', p.id) || jsonb_build_object('parent_depth', p.depth, 'depth', c.depth)
        FROM pg_temp.quality_child c JOIN pg_temp.quality_address p ON p.id = c.parent_id
        WHERE c.live AND c.parent_depth >= c.depth
    """,
)
