"""接替地址不在用 | Successor is not published

问题：停用地址指明的接替地址是草稿、待发布，或自己也停用了却没有再指明接替。
影响：老地址指向的地方查不到。
处理：发布接替地址，或改指现在在用的地址。
English: The successor of a retired address is a draft, or retired itself without a further successor.
"""

from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="tree",
    severity="medium",
    says="接替它的「{successor}」是{successor_status}，不在用",
    query="""
        SELECT a.id, jsonb_build_object('successor', s.full_text, 'successor_id', s.id, 'successor_status',
               CASE s.status WHEN 'draft' THEN '草稿' WHEN 'reviewed' THEN '待发布' ELSE '已停用' END)
        FROM pg_temp.quality_address a CROSS JOIN unnest(a.successors) AS u(uid) JOIN pg_temp.quality_address s ON s.uid = u.uid
        WHERE a.status = 'retired' AND (s.status IN ('draft', 'reviewed') OR s.status = 'retired' AND s.successors = '{}')
    """,
)
