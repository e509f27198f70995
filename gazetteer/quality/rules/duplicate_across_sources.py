"""不同来源重复 | Same text from two sources

问题：两个部门的表各建了一条写法相同的在用地址。
影响：同一处有两个编码，各部门各用各的，对不上。
处理：以标准地址来源为准保留一条，另一条停用并指明接替，其文字可留作别名。
English: Two sources each brought a live address with the same text in the same village.
"""

from gazetteer.quality.rule import Rule

RULE = Rule.of(
    __name__,
    __doc__,
    family="duplicates",
    severity="medium",
    says="来源 {sources} 各有一条相同的地址",
    query="""
        SELECT a.id, jsonb_build_object('sources', d.sources, 'n', d.n)
        FROM (SELECT division_code, match_key, count(*) AS n, string_agg(DISTINCT source, '、') AS sources
              FROM pg_temp.quality_address WHERE live GROUP BY 1, 2 HAVING count(*) > 1 AND min(source) <> max(source)) d
        JOIN pg_temp.quality_address a ON a.match_key = d.match_key AND a.division_code = d.division_code AND a.live
    """,
)
