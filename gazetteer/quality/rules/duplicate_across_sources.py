"""不同来源重复 | Same text from two sources

问题：两个部门的表各建了一条写法相同的在用地址。
影响：同一处有两个编码，各部门各用各的，对不上。
处理：以标准地址来源为准保留一条，另一条停用并指明接替，其文字可留作别名。
English: Two sources each brought a live address with the same text in the same village.
"""

from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="duplicates",
    severity="medium",
    says="来源 {sources} 各有一条相同的地址",
    query="""
        WITH twin AS MATERIALIZED (
            SELECT text_id FROM pg_temp.quality_address WHERE live GROUP BY text_id HAVING count(*) > 1
        ), member AS MATERIALIZED (
            SELECT a.id, a.text_id, a.source FROM pg_temp.quality_address a JOIN twin t ON t.text_id = a.text_id WHERE a.live
        ), shown AS (
            SELECT text_id, count(*) AS n, string_agg(DISTINCT source, '、') AS sources FROM member
            GROUP BY text_id HAVING min(source) <> max(source)
        )
        SELECT m.id, jsonb_build_object('sources', s.sources, 'n', s.n) FROM member m JOIN shown s ON s.text_id = m.text_id
    """,
)
