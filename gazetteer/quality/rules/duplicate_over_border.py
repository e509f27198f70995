"""相邻两村各有一条 | Registered by two villages

问题：同一乡镇的两个村各登记了一条路名、门牌都相同的地址，位置相距不到 30 米。
影响：多半是村界上的同一户被两个村都登记了，两边都去走访或都不去。
处理：到现场确认归哪个村，另一条停用并指明接替。
English: Two villages of a town hold the same road and number within 30 m of each other.
"""

from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="duplicates",
    severity="medium",
    says="{other_village} 也有一条相同的路和门牌，相距 {metres} 米",
    query="""
        WITH twin AS MATERIALIZED (
            SELECT hashtextextended(local_key, road_id) AS local_id FROM pg_temp.quality_address
            WHERE live AND road IS NOT NULL AND number_key IS NOT NULL GROUP BY 1 HAVING count(*) > 1
        ), member AS MATERIALIZED (
            SELECT a.id, a.village, a.division_code, a.lon, a.lat, t.local_id
            FROM pg_temp.quality_address a JOIN twin t ON t.local_id = hashtextextended(a.local_key, a.road_id)
            WHERE a.live AND a.road IS NOT NULL AND a.number_key IS NOT NULL
        )
        SELECT DISTINCT ON (a.id) a.id, jsonb_build_object('other_village', b.village, 'other_id', b.id, 'metres', round(m.metres))
        FROM member a JOIN member b ON b.local_id = a.local_id AND b.division_code <> a.division_code
        CROSS JOIN LATERAL (SELECT (sqrt(((a.lon - b.lon) * cos(radians(a.lat)) * 111320) ^ 2 + ((a.lat - b.lat) * 110850) ^ 2))::numeric AS metres) m
        WHERE m.metres < 30
        ORDER BY a.id, m.metres
    """,
)
