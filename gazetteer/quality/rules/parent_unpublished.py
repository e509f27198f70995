"""上级地址尚未发布 | Parent is not published

问题：下级已经发布，上级仍是草稿或待发布。
影响：对外查得到户、查不到楼，下级地址看起来没有来历。
处理：审核并发布上级；或把下级退回草稿。
English: The address is published while its parent is still a draft or only reviewed.
"""

from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="tree",
    severity="medium",
    says="本地址已发布，上级「{parent}」还是{parent_status}",
    query="""
        SELECT c.id, jsonb_build_object('parent', p.full_text, 'parent_id', p.id) || jsonb_build_object('parent_status', CASE p.status WHEN 'draft' THEN '草稿' ELSE '待发布' END)
        FROM pg_temp.quality_child c JOIN pg_temp.quality_address p ON p.id = c.parent_id
        WHERE c.status = 'published' AND c.parent_status IN ('draft', 'reviewed')
    """,
)
