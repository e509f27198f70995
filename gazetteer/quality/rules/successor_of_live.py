"""在用地址却写了接替 | A live address has a successor

问题：地址没有停用，却填了接替地址。
影响：查询时会被引到另一处，两处都像是对的。
处理：确已被接替的，停用本地址并写停用日期；没有的，清掉接替地址。
English: An address that is not retired names a successor.
"""

from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="tree",
    severity="medium",
    says="本地址仍是{status_zh}，却写明由「{successor}」接替",
    query="""
        SELECT a.id, jsonb_build_object('successor', s.full_text, 'successor_id', s.id, 'status_zh',
               CASE a.status WHEN 'draft' THEN '草稿' WHEN 'reviewed' THEN '待发布' ELSE '在用' END)
        FROM pg_temp.quality_address a CROSS JOIN unnest(a.successors) AS u(uid)
        JOIN pg_temp.quality_address s ON s.uid = u.uid WHERE a.live AND a.successors <> '{}'
    """,
)
