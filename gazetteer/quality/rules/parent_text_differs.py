"""与上级写法不一致 | Levels differ from the parent

问题：地址的组、路、门牌、楼栋或单元与所挂上级的不一样。
影响：要么挂错了楼，要么写错了门牌，按楼汇总与按文字查询会得到两个答案。
处理：对照上级核实：挂错的改挂，写错的改地址文字。
English: A level that parent and child share is written differently.
"""

from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="tree",
    severity="medium",
    says="上级是「{parent}」，本地址的{level}却不同",
    query="""
        SELECT c.id, jsonb_build_object('parent', p.full_text, 'parent_id', p.id) || jsonb_build_object('level', c.differing_level)
        FROM pg_temp.quality_child c JOIN pg_temp.quality_address p ON p.id = c.parent_id
        WHERE c.live AND c.differing_level IS NOT NULL AND c.parent_depth < c.depth AND c.parent_division = c.division_code
    """,
)
