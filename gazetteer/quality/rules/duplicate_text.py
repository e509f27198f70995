"""同村地址重复 | Same text twice in a village

问题：同一个村里，同一来源有两条以上在用地址写法相同（全角半角、繁简、数字写法不同也算相同）。
影响：同一户会建两份档，匹配时无法确定是哪一条。
处理：核实后保留一条，其余停用并指明由保留的接替；确是两处的，补上能区分的楼栋或单元。
English: Several live addresses of one source read the same within a village.
"""

from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="duplicates",
    severity="high",
    says="同村有 {n} 条写法相同：{codes}",
    query="""
        WITH twin AS MATERIALIZED (
            SELECT text_id, source FROM pg_temp.quality_address WHERE live GROUP BY text_id, source HAVING count(*) > 1
        ), member AS MATERIALIZED (
            SELECT a.id, a.code, a.text_id, a.source FROM pg_temp.quality_address a JOIN twin t ON t.text_id = a.text_id AND t.source = a.source WHERE a.live
        ), shown AS (
            SELECT text_id, source, count(*) AS n, array_to_string((array_agg(code ORDER BY code))[1:5], '、') AS codes
            FROM member GROUP BY text_id, source
        )
        SELECT m.id, jsonb_build_object('n', s.n, 'codes', s.codes)
        FROM member m JOIN shown s ON s.text_id = m.text_id AND s.source = m.source
    """,
)
