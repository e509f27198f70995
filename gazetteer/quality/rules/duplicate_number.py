"""同路同号两处 | Number used twice on a road

问题：同村同一条路上，同一个门牌号用在了两处（写法不同，例如所在的组不同），位置相距 50 米以上。
影响：送货、急救、走访都会找错门。
处理：到现场核对门牌，错的一处改号；确是重号的，报地名办重新编号。
English: The same number stands on two different doors of one road in a village, more than 50 m apart.
"""

from gazetteer.quality.rule import QualityRule

RULE = QualityRule.of(
    __name__,
    __doc__,
    family="duplicates",
    severity="medium",
    says="{road}{number} 有 {n} 处，相距最远 {metres} 米",
    query="""
        SELECT a.id, jsonb_build_object('road', a.road, 'number', a.number_plate, 'n', d.n, 'metres', round(d.metres::numeric))
        FROM (SELECT division_code, road_id, number_key, count(*) AS n,
                     sqrt(((max(lon) - min(lon)) * cos(radians(max(lat))) * 111320) ^ 2 + ((max(lat) - min(lat)) * 110850) ^ 2) AS metres
              FROM pg_temp.quality_address WHERE live AND depth = 8 AND road IS NOT NULL AND number_key IS NOT NULL
              GROUP BY 1, 2, 3 HAVING count(DISTINCT match_key) > 1) d
        JOIN pg_temp.quality_address a ON a.road_id = d.road_id AND a.number_key = d.number_key AND a.division_code = d.division_code
        WHERE a.live AND a.depth = 8 AND d.metres > 50
    """,
)
